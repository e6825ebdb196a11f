//! Runs the simulator over many seeds: the ignored test of the engine that takes them from the
//! environment. A seed that finds something is shortened by it and left as a tape.

use std::path::Path;
use std::process::Command;

use crate::failure::{Failure, Result};

/// The test, by its name.
const TEST: &str = "sim::seeds_that_are_asked_for";

/// What is to be run: from which seed on, and how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seeds {
    first: u64,
    count: u64,
}

/// Runs the seeds that the options name.
pub(crate) fn run(root: &Path, options: &[&str]) -> Result<()> {
    let seeds = parse(options)?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["test", "--package", "sutra-lsm", "--test", "crash", "--"])
        .args(["--ignored", "--exact", TEST])
        .env("SUTRA_SIM_SEED", seeds.first.to_string())
        .env("SUTRA_SIM_COUNT", seeds.count.to_string())
        .current_dir(root)
        .status()
        .map_err(|error| Failure::new(format!("the simulator did not start: {error}")))?;
    if !status.success() {
        let reason = "a seed found something; its tape lies in crates/lsm/tests/crash/sim/tapes";
        return Err(Failure::new(reason));
    }
    println!("sim: {} seeds from {} on found nothing", seeds.count, seeds.first);
    Ok(())
}

fn parse(options: &[&str]) -> Result<Seeds> {
    let mut seeds = Seeds { first: 0, count: 1 };
    for pair in options.chunks(2) {
        let number = pair.get(1).and_then(|value| value.parse().ok());
        match (pair[0], number) {
            ("--seed", Some(number)) => seeds.first = number,
            ("--count", Some(number)) => seeds.count = number,
            _ => return Err(Failure::new("cargo xtask sim --seed N [--count M]")),
        }
    }
    Ok(seeds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_a_seed_and_a_count() {
        let seeds = |options: &[&str]| parse(options).ok();
        assert_eq!(seeds(&["--seed", "7"]), Some(Seeds { first: 7, count: 1 }));
        assert_eq!(seeds(&["--count", "9", "--seed", "2"]), Some(Seeds { first: 2, count: 9 }));
        for wrong in [&["--seed"][..], &["--seed", "x"], &["--seeds", "1"], &["--seed", "-1"]] {
            assert_eq!(seeds(wrong), None, "{wrong:?}");
        }
    }
}
