//! Steps that count how often they run, and moments at which whoever runs them is killed.

use std::fmt::Debug;

/// Steps on three nodes. Half of their actions can be read back, half cannot.
const PLAN: &str = r#"
node a { via = local }
node b { via = local }
node c { via = local }

action work(n: string) on host: node "Work that can be read back" {
  needs  host is up
  run    "echo {{n}} >>count; sleep 0.05; touch {{n}}.done"
  verify "test -e {{n}}.done"
}
action pay(n: string) on host: node "Work that cannot be read back" {
  needs  host is up
  run    "echo {{n}} >>count; sleep 0.05; touch {{n}}.done"
}

plan move() "Something moves" {
  given  a is up, b is up, c is up
  STEPS
}
"#;

/// A plan with these steps.
pub fn plan_of(steps: &str) -> String {
    PLAN.replace("STEPS", steps.trim())
}

/// A plan of so many steps, in parallel on the three nodes.
pub fn plan(steps: usize) -> String {
    let steps = (0..steps).map(|i| {
        let (node, action) = [("a", "work"), ("b", "work"), ("c", "pay")][i % 3];
        format!("  step {node}{i} on {node} {{ do {action}(\"{node}{i}\") }}\n")
    });
    plan_of(&steps.collect::<String>())
}

/// That each of so many steps has run, and none of them twice; `told` is what to say if not.
#[track_caller]
pub fn each_ran_once(count: &str, steps: usize, told: &dyn Debug) {
    let mut names: Vec<&str> = count.lines().collect();
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!((all, names.len()), (steps, steps), "{names:?}\n{told:#?}");
}

/// Moments that differ from one run of the test to the next.
pub struct Moments(u64);

impl Moments {
    pub fn new() -> Moments {
        Moments(u64::from(std::process::id()))
    }

    /// Milliseconds from `least` on, and less than `spread` more.
    pub fn next(&mut self, least: u64, spread: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        least + (self.0 >> 33) % spread
    }
}
