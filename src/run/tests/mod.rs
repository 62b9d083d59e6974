//! The machine and the driver without processes: random plans, every interleaving, every moment of a crash.

mod confluence;
mod crash;
mod gates;
mod legal;
mod outside;
mod random;
#[cfg(feature = "compiler")]
mod skipped;
mod steps;
mod world;
