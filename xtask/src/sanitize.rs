//! Runs tests under the address or the thread sanitizer, whose runtimes come with the toolchain. What is
//! left out of an instrumented run is named here, with the reason.

use std::path::Path;
use std::process::Command;

use crate::failure::{Failure, Result};

/// One sanitizer, and what runs under it.
struct Sanitizer {
    name: &'static str,
    flags: &'static str,
    /// The variable with its options.
    variable: &'static str,
    /// Where `{root}` stands for the folder of the workspace.
    options: &'static str,
    packages: &'static [&'static str],
    /// Tests that cannot pass under it.
    skipped: &'static [&'static str],
}

/// The sanitizer takes the signal that one of them waits for. A process of it takes as long to start as
/// others live. The lives on a simulated disk have one thread and would take hours.
const SKIPPED: &[&str] = &[
    "cutting_a_mapped_file_kills_its_reader",
    "a_thousand_kills",
    "states::",
    "faults::",
    "every::",
    "sim::",
    "zoo::",
];

const ADDRESS: Sanitizer = Sanitizer {
    name: "address",
    flags: "-Zsanitizer=address",
    variable: "ASAN_OPTIONS",
    options: "detect_leaks=1",
    packages: &[
        "sutra-fs",
        "sutra-format",
        "sutra-manifest",
        "sutra-segment",
        "sutra-index",
        "sutra-lsm",
        "sutra-storage",
    ],
    skipped: SKIPPED,
};

const THREAD: Sanitizer = Sanitizer {
    name: "thread",
    flags: "-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer",
    variable: "TSAN_OPTIONS",
    options: "suppressions={root}/xtask/sanitize-thread.txt",
    packages: &["sutra-fs", "sutra-lsm", "sutra-storage"],
    skipped: SKIPPED,
};

/// Runs the tests under the sanitizer of this name.
pub(crate) fn run(root: &Path, name: &str) -> Result<()> {
    let known = [ADDRESS, THREAD].into_iter().find(|sanitizer| sanitizer.name == name);
    let Some(sanitizer) = known else {
        return Err(Failure::new("cargo xtask sanitize address|thread"));
    };
    let options = sanitizer.options.replace("{root}", &root.display().to_string());
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let packages = sanitizer.packages.iter().flat_map(|package| ["--package", *package]);
    let skipped = sanitizer.skipped.iter().flat_map(|test| ["--skip", *test]);
    let status = Command::new(cargo)
        .args(["test", "--lib", "--tests", "--target", "x86_64-unknown-linux-gnu", "--target-dir"])
        .arg(root.join("target").join(sanitizer.name))
        .args(packages)
        .args(["--no-fail-fast", "--"])
        .args(skipped)
        .env("RUSTC_BOOTSTRAP", "1") // Sanitizers are not stable; the toolchain has them all the same.
        .env("RUSTFLAGS", sanitizer.flags)
        .env(sanitizer.variable, options)
        .current_dir(root)
        .status()
        .map_err(|error| Failure::new(format!("the tests did not start: {error}")))?;
    if !status.success() {
        return Err(Failure::new(format!(
            "the {name} sanitizer, or a test under it, found something"
        )));
    }
    println!("sanitize: nothing found by the {name} sanitizer");
    Ok(())
}
