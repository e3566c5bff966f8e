//! `cargo xtask bench`
use crate::util::Outcome;

pub fn run(_args: &[String]) -> Outcome {
    Err("not built yet".into())
}
