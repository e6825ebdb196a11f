//! Layers: which crate may know which. A crate that is not listed, or knows more, is a failure.
//!
//! The table is the figure in `ARCHITECTURE.md`, in words.

use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use crate::failure::{Failure, Result};

/// A crate and what it may know of the project.
struct Layer {
    name: &'static str,
    /// In any build.
    knows: &'static [&'static str],
    /// In its own tests, benchmarks and examples as well.
    tests_know: &'static [&'static str],
    /// Whether it goes to a registry.
    published: bool,
}

const TESTKIT: &[&str] = &["sutra-testkit"];

const LAYERS: [Layer; 11] = [
    published("sutra-format", &[]),
    published("sutra-fs", &[]),
    published("sutra-index", &["sutra-format"]),
    published("sutra-segment", &["sutra-format", "sutra-fs", "sutra-index"]),
    published("sutra-manifest", &["sutra-format", "sutra-fs"]),
    published(
        "sutra-lsm",
        &["sutra-format", "sutra-fs", "sutra-index", "sutra-segment", "sutra-manifest"],
    ),
    published(
        "sutra-storage",
        &[
            "sutra-format",
            "sutra-fs",
            "sutra-index",
            "sutra-segment",
            "sutra-manifest",
            "sutra-lsm",
        ],
    ),
    published("sutra-cli", &["sutra-storage"]),
    private("sutra-testkit", &["sutra-format", "sutra-fs"]),
    private(
        "sutra-bench",
        &[
            "sutra-format",
            "sutra-fs",
            "sutra-index",
            "sutra-segment",
            "sutra-manifest",
            "sutra-lsm",
            "sutra-storage",
            "sutra-testkit",
        ],
    ),
    private("xtask", &[]),
];

const fn published(name: &'static str, knows: &'static [&'static str]) -> Layer {
    Layer { name, knows, tests_know: TESTKIT, published: true }
}

const fn private(name: &'static str, knows: &'static [&'static str]) -> Layer {
    Layer { name, knows, tests_know: &[], published: false }
}

/// The crates, from the bottom up.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    LAYERS.iter().map(|layer| layer.name)
}

/// What `cargo metadata` says, as far as it matters here.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
    /// The registries it may go to; `None` means any.
    publish: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// `None` in any build, otherwise `dev` or `build`.
    kind: Option<String>,
    /// The folder of the dependency, if it is one of ours.
    path: Option<String>,
}

/// Fails with every edge that the table does not allow.
pub(crate) fn run(root: &Path) -> Result<()> {
    let complaints = complaints(root)?;
    if complaints.is_empty() {
        println!("layers: no crate knows more than it may");
        Ok(())
    } else {
        Err(Failure::new(complaints.join("\n")))
    }
}

fn complaints(root: &Path) -> Result<Vec<String>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root)
        .output()
        .map_err(|error| Failure::new(format!("`cargo metadata` did not start: {error}")))?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr);
        return Err(Failure::new(format!("`cargo metadata` failed: {reason}")));
    }
    parse(&output.stdout).map(|metadata| judge(&metadata))
}

fn parse(json: &[u8]) -> Result<Metadata> {
    serde_json::from_slice(json)
        .map_err(|error| Failure::new(format!("`cargo metadata` is not as expected: {error}")))
}

fn judge(metadata: &Metadata) -> Vec<String> {
    let mut complaints = Vec::new();
    for package in &metadata.packages {
        match LAYERS.iter().find(|layer| layer.name == package.name) {
            Some(layer) => complaints.extend(judge_package(layer, package)),
            None => complaints.push(format!(
                "{}: give it a place in xtask/src/layers.rs and ARCHITECTURE.md",
                package.name
            )),
        }
    }
    for name in names().filter(|name| !metadata.packages.iter().any(|found| found.name == *name)) {
        complaints.push(format!("{name}: it is gone, take it out of xtask/src/layers.rs"));
    }
    complaints
}

fn judge_package(layer: &Layer, package: &Package) -> Vec<String> {
    let ours = package.dependencies.iter().filter(|dependency| dependency.path.is_some());
    let forbidden = ours.filter(|dependency| {
        let name = dependency.name.as_str();
        let is_test = dependency.kind.as_deref() == Some("dev");
        let known = layer.knows.contains(&name);
        let known_to_tests = is_test && layer.tests_know.contains(&name);
        let is_itself = is_test && name == layer.name; // With a feature that only its tests need.
        !known && !known_to_tests && !is_itself
    });
    let mut complaints: Vec<_> = forbidden
        .map(|dependency| {
            let (from, to) = (layer.name, &dependency.name);
            format!("{from} -> {to}: not allowed, see the layers in ARCHITECTURE.md")
        })
        .collect();
    let never_published = package.publish.as_ref().is_some_and(Vec::is_empty);
    if never_published == layer.published {
        complaints.push(format!("{}: `publish` is not as in xtask/src/layers.rs", layer.name));
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_crate_knows_more_than_its_layer_allows() {
        let complaints = complaints(&crate::root()).expect("cargo knows the workspace");
        assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
    }

    /// The complaints about one package, the missing others left out.
    #[track_caller]
    fn check(package: &str, expected: &[&str]) {
        let metadata = parse(format!("{{\"packages\":[{package}]}}").as_bytes()).unwrap();
        let found = judge(&metadata);
        let found: Vec<_> = found.iter().filter(|line| !line.contains("it is gone")).collect();
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.contains(expected), "{found}");
        }
    }

    fn package(name: &str, dependency: &str, kind: &str, publish: &str) -> String {
        format!(
            "{{\"name\":\"{name}\",\"publish\":{publish},\"dependencies\":[\
             {{\"name\":\"{dependency}\",\"kind\":{kind},\"path\":\"x\"}},\
             {{\"name\":\"libc\",\"kind\":null,\"path\":null}}]}}"
        )
    }

    #[test]
    fn siblings_and_upper_layers_are_unknown() {
        let edge = |from, to| package(from, to, "null", "null");
        check(&edge("sutra-segment", "sutra-format"), &[]);
        check(&edge("sutra-segment", "sutra-manifest"), &["sutra-segment -> sutra-manifest"]);
        check(&edge("sutra-manifest", "sutra-segment"), &["sutra-manifest -> sutra-segment"]);
        check(&edge("sutra-format", "sutra-fs"), &["sutra-format -> sutra-fs"]);
        check(&edge("sutra-lsm", "sutra-storage"), &["sutra-lsm -> sutra-storage"]);
        check(&edge("sutra-cli", "sutra-lsm"), &["sutra-cli -> sutra-lsm"]);
    }

    #[test]
    fn the_test_kit_is_for_tests() {
        check(&package("sutra-fs", "sutra-testkit", "\"dev\"", "null"), &[]);
        check(
            &package("sutra-fs", "sutra-testkit", "null", "null"),
            &["sutra-fs -> sutra-testkit"],
        );
        check(&package("sutra-fs", "sutra-testkit", "\"build\"", "null"), &["sutra-testkit"]);
        check(&package("sutra-fs", "sutra-lsm", "\"dev\"", "null"), &["sutra-fs -> sutra-lsm"]);
    }

    #[test]
    fn a_crate_may_be_built_differently_for_its_own_tests() {
        check(&package("sutra-lsm", "sutra-lsm", "\"dev\"", "null"), &[]);
        check(&package("sutra-lsm", "sutra-lsm", "null", "null"), &["sutra-lsm -> sutra-lsm"]);
    }

    #[test]
    fn crates_of_the_workshop_are_not_published() {
        check(&package("sutra-testkit", "sutra-fs", "null", "[]"), &[]);
        check(&package("sutra-testkit", "sutra-fs", "null", "null"), &["`publish` is not"]);
        check(&package("sutra-fs", "libc", "null", "[]"), &["sutra-fs -> libc", "`publish`"]);
    }

    #[test]
    fn unknown_and_missing_crates_are_noticed() {
        check(
            "{\"name\":\"sutra-new\",\"publish\":null,\"dependencies\":[]}",
            &["sutra-new: give"],
        );
        let nothing = judge(&Metadata { packages: Vec::new() });
        assert_eq!(nothing.len(), LAYERS.len());
    }
}
