//! What the README promises: one command that runs, one that tests, and code that compiles.

use crate::layers;
use crate::tree::Tree;

use super::Complaint;

const README: &str = "README.md";
const ARCHITECTURE: &str = "ARCHITECTURE.md";
const CI: &str = ".ci/run";

/// What runs the main job from a fresh clone.
const DEMO_COMMAND: &str = "cargo run --release -- demo";

/// What passes all tests.
pub(crate) const TEST_COMMAND: &str = "cargo test --workspace";

pub(super) fn check(tree: &Tree) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let mut demand = |holds: bool, complaint: String| {
        if !holds {
            complaints.push(complaint);
        }
    };
    let readme = tree.text(README).unwrap_or_default();
    let commands = |first: &str| -> Vec<&str> {
        fenced(readme).filter(|line| line.starts_with(first)).map(command).collect()
    };
    for (name, command) in [("cargo test", TEST_COMMAND), ("cargo run", DEMO_COMMAND)] {
        let found = commands(name);
        let what = format!("{README}: `{command}` is the one `{name}` line, found {found:?}");
        demand(found == [command], what);
    }
    let ci = tree.text(CI).unwrap_or_default();
    let called = ci.lines().any(|line| line.trim() == TEST_COMMAND);
    demand(called, format!("{CI}: a line of its own calls `{TEST_COMMAND}`, as the README does"));
    let compiled = !readme.contains("```rust")
        || tree.with_extension("rs").any(|file| file.text.contains("/README.md\")]"));
    demand(compiled, format!("{README}: its Rust code is no doc test; no crate includes it"));
    let architecture = tree.text(ARCHITECTURE).unwrap_or_default();
    for name in layers::names() {
        let what = format!("{ARCHITECTURE}: the layers lack `{name}`");
        demand(architecture.contains(&format!("`{name}`")), what);
    }
    complaints
}

/// The lines inside code blocks.
fn fenced(text: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    text.lines().filter(move |line| {
        let fence = line.starts_with("```");
        inside ^= fence;
        inside && !fence
    })
}

/// A command line without what is said about it.
fn command(line: &str) -> &str {
    line.split('#').next().unwrap_or(line).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(readme: &str, ci: &str, lib: &str) -> Vec<Complaint> {
        let layers: Vec<_> = layers::names().map(|name| format!("`{name}`")).collect();
        check(&Tree::of(&[
            (README, readme),
            (CI, ci),
            ("crates/storage/src/lib.rs", lib),
            (ARCHITECTURE, &layers.join(" ")),
        ]))
    }

    const GOOD: &str =
        "```sh\ncargo run --release -- demo   # ten seconds\ncargo test --workspace\n```\n";
    const CALL: &str = "set -e\n  cargo test --workspace\n";

    #[test]
    fn the_commands_are_there_and_called() {
        assert_eq!(complaints(GOOD, CALL, ""), [""; 0]);
        assert_eq!(complaints(GOOD, "# cargo test --workspace\n", "").len(), 1);
        assert_eq!(complaints("cargo test --workspace", CALL, "").len(), 2);
        let twice = GOOD.replace("```\n", "cargo test -p x\n```\n");
        assert_eq!(complaints(&twice, CALL, "").len(), 1);
    }

    #[test]
    fn code_of_the_readme_is_compiled() {
        let readme = format!("{GOOD}```rust\nfn main() {{}}\n```\n");
        assert_eq!(complaints(&readme, CALL, "").len(), 1);
        let lib = "#![doc = include_str!(\"../../../README.md\")]";
        assert_eq!(complaints(&readme, CALL, lib), [""; 0]);
    }

    #[test]
    fn a_layer_that_is_not_described_is_noticed() {
        let tree = Tree::of(&[(README, GOOD), (CI, CALL), (ARCHITECTURE, "`sutra-fs`")]);
        let found = check(&tree);
        assert_eq!(found.len(), layers::names().count() - 1, "{found:?}");
    }
}
