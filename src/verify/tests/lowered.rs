//! What the compiler makes of random plans keeps every rule.

use crate::base::SourceMap;
use crate::lower::lower;
use crate::order::order;
use crate::order::property::{choices, grown};
use crate::verify::verify;
use proptest::prelude::proptest;

proptest! {
    #[test]
    fn programs_of_random_plans_are_accepted(choices in choices()) {
        let plan = grown(choices);
        let (dag, _) = order(&plan);
        let program = lower(&plan, &dag, &SourceMap::default());
        let names: Vec<String> = program.code.iter().map(|i| i.name.clone()).collect();
        if let Err(findings) = verify(program) {
            let found: Vec<String> = findings.iter().map(ToString::to_string).collect();
            panic!("{found:#?}\n{names:?}");
        }
    }
}
