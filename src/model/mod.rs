//! The resolved plan as plain data: sites, nodes, things and their states, actions, effects, steps, regions.

mod plan;
mod scenario;

pub use plan::{Act, After, Condition, Group, Guard, Item, Key, Order, Plan, Probe, Region, Rung, Step, StepParts};
pub use scenario::{Ending, Expectation, Expected, Fault, Given, Injection, Named, Premise, Scenario};
