//! What continuous integration runs, step by step, and how long each step took.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use crate::failure::{Failure, Result};

/// One command, run in the root of the checkout.
struct Step {
    name: &'static str,
    /// What it is about; without it there is nothing to do.
    subject: &'static str,
    arguments: &'static [&'static str],
    environment: &'static [(&'static str, &'static str)],
}

const TESTS: &str = "tests";
/// Turns the locks of the engine into those of a scheduler, which only these tests can use.
const SHUTTLE: &str = "sutra-lsm/shuttle";
const FUZZ: &str = "fuzz/Cargo.toml";

/// Cheap ones first. Benchmarks run each case once, in the profile of the tests: this is about
/// whether they work, not about how fast they are.
const STEPS: [Step; 8] = [
    step("format", &["fmt", "--all", "--check"]),
    step(
        "lints",
        &["clippy", "--locked", "--workspace", "--all-targets", "--", "--deny", "warnings"],
    ),
    step(
        "format crate without std",
        &["check", "--locked", "--package", "sutra-format", "--no-default-features"],
    ),
    step(TESTS, &["test", "--workspace"]),
    step(
        "interleavings",
        &["test", "--locked", "--workspace", "--features", SHUTTLE, "--test", "interleavings"],
    ),
    step(
        "benchmarks",
        &["bench", "--locked", "--workspace", "--bench", "*", "--profile", "test", "--", "--test"],
    ),
    Step {
        name: "documents",
        subject: "Cargo.toml",
        arguments: &["doc", "--locked", "--workspace", "--no-deps"],
        environment: &[("RUSTDOCFLAGS", "--deny warnings")],
    },
    Step {
        name: "fuzz targets",
        subject: FUZZ,
        arguments: &["check", "--locked", "--manifest-path", FUZZ, "--target-dir", "target/fuzz"],
        environment: &[],
    },
];

const fn step(name: &'static str, arguments: &'static [&'static str]) -> Step {
    Step { name, subject: "Cargo.toml", arguments, environment: &[] }
}

/// Runs all steps, or all but the tests; stops at the first that fails.
pub(crate) fn run(root: &Path, with_tests: bool) -> Result<()> {
    let mut times = Vec::new();
    let mut result = no_std_features(root);
    for step in STEPS.iter().filter(|step| with_tests || step.name != TESTS) {
        if result.is_err() {
            break;
        }
        println!("\n== {}: cargo {}", step.name, step.arguments.join(" "));
        if !root.join(step.subject).exists() {
            println!("left out: there is no {}", step.subject);
            continue;
        }
        let begun = Instant::now();
        result = run_step(root, step);
        times.push((step.name, begun.elapsed()));
    }
    println!("\n{}", table(&times));
    result
}

fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

fn run_step(root: &Path, step: &Step) -> Result<()> {
    let status = Command::new(cargo())
        .args(step.arguments)
        .envs(step.environment.iter().copied())
        .current_dir(root)
        .status()
        .map_err(|error| Failure::new(format!("{}: cargo did not start: {error}", step.name)))?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::new(format!("{} failed: cargo {}", step.name, step.arguments.join(" "))))
    }
}

/// The format crate is usable without `std`. The compiler sees that of the crate itself on any
/// target; that no dependency has its feature `std` on, only the tree of features shows.
fn no_std_features(root: &Path) -> Result<()> {
    let output = Command::new(cargo())
        .args(["tree", "--locked", "--package", "sutra-format", "--no-default-features"])
        .args(["--edges", "normal,features", "--prefix", "none", "--format", "{p}"])
        .current_dir(root)
        .output()
        .map_err(|error| Failure::new(format!("`cargo tree` did not start: {error}")))?;
    let Output { status, stdout, stderr } = output;
    if !status.success() {
        return Err(Failure::new(format!(
            "`cargo tree` failed: {}",
            String::from_utf8_lossy(&stderr)
        )));
    }
    match feature_std(&String::from_utf8_lossy(&stdout)) {
        Some(line) => Err(Failure::new(format!("sutra-format without `std` still has {line}"))),
        None => Ok(()),
    }
}

/// The line of a feature tree that turns on `std`.
fn feature_std(tree: &str) -> Option<&str> {
    tree.lines().find(|line| line.contains("feature \"std\""))
}

fn table(times: &[(&str, Duration)]) -> String {
    let total = times.iter().map(|(_, time)| *time).sum();
    let rows = times.iter().copied().chain([("all of it", total)]);
    rows.map(|(name, time)| format!("{:8.1} s  {name}\n", time.as_secs_f64())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy;

    #[test]
    fn the_steps_test_as_the_readme_promises() {
        let mut lines = STEPS.iter().map(|step| format!("cargo {}", step.arguments.join(" ")));
        assert!(lines.any(|line| line == tidy::TEST_COMMAND));
    }

    #[test]
    fn a_dependency_that_needs_std_is_noticed() {
        let tree = "sutra-format v0.1.0\nsha2 feature \"default\"\nsha2 feature \"std\"\n";
        assert_eq!(feature_std(tree), Some("sha2 feature \"std\""));
        assert_eq!(feature_std("sutra-format v0.1.0\ncrc32fast v1.5.0\n"), None);
    }

    #[test]
    fn times_are_added_up() {
        let seconds = Duration::from_secs;
        let table = table(&[("lints", seconds(61)), ("tests", seconds(2))]);
        assert_eq!(table, "    61.0 s  lints\n     2.0 s  tests\n    63.0 s  all of it\n");
    }
}
