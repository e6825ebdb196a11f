//! Files that documents and comments mention by name, between back ticks, are there.
//!
//! A name is looked for beside the file that mentions it, in the sources and in the root of its
//! crate, and from the root of the project; a name without a folder may be anywhere.

use crate::tree::{TextFile, Tree, is_in};

use super::Complaint;
use super::links::{folder, prose, resolve};

/// A name that ends in one of these is one of a file of the project.
const EXTENSIONS: [&str; 4] = [".rs", ".md", ".toml", ".sh"];

/// A name that begins with one of these is one of a file or folder of the project.
const FOLDERS: [&str; 4] = ["crates/", "xtask/", "fuzz/", ".ci/"];

pub(super) fn check(tree: &Tree) -> Vec<Complaint> {
    let documents = tree.with_extension("md").flat_map(|file| {
        let lines = prose(&file.text);
        lines.filter_map(move |(number, line)| complaint(tree, file, number, line))
    });
    let comments = tree.with_extension("rs").flat_map(|file| {
        let lines = (1..).zip(file.text.lines());
        let comments = lines.filter(|(_, line)| line.trim_start().starts_with("//"));
        comments.filter_map(move |(number, line)| complaint(tree, file, number, line))
    });
    documents.chain(comments).collect()
}

fn complaint(tree: &Tree, file: &TextFile, number: usize, line: &str) -> Option<Complaint> {
    let mut names = line.split('`').skip(1).step_by(2).filter(|name| is_file_name(name));
    let gone = names.find(|name| !is_there(tree, &file.path, name))?;
    Some(format!("{}:{number}: there is no `{gone}` any more, or not yet", file.path))
}

fn is_file_name(name: &str) -> bool {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c));
    let stem = |extension: &&str| name.strip_suffix(extension).is_some_and(|stem| !stem.is_empty());
    plain && (EXTENSIONS.iter().any(stem) || FOLDERS.iter().any(|first| name.starts_with(first)))
}

fn is_there(tree: &Tree, from: &str, name: &str) -> bool {
    if !name.contains('/') {
        return tree.paths.iter().any(|path| path == name || is_in_any_folder(path, name));
    }
    let package = package(tree, from);
    let sources = format!("{package}/src");
    [folder(from), package, &sources, ""]
        .iter()
        .filter_map(|folder| resolve(folder, name))
        .any(|path| tree.holds(&path))
}

fn is_in_any_folder(path: &str, name: &str) -> bool {
    path.strip_suffix(name).is_some_and(|folder| folder.ends_with('/'))
}

/// The folder of the crate that a file belongs to; the root if there is none.
fn package<'a>(tree: &Tree, path: &'a str) -> &'a str {
    let mut at = folder(path);
    while !at.is_empty() {
        if tree.paths.iter().any(|known| is_in(known, at) && known[at.len()..] == *"/Cargo.toml") {
            return at;
        }
        at = folder(at);
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_mention(path: &str, line: &str, expected: &[&str]) {
        let found = check(&Tree::of(&[
            ("crates/format/Cargo.toml", ""),
            ("crates/format/FORMAT.md", ""),
            ("crates/format/src/ids.rs", ""),
            ("crates/format/src/codec/page.rs", ""),
            ("crates/format/tests/spec.rs", ""),
            (path, line),
        ]));
        assert_eq!(found, expected);
    }

    #[test]
    fn a_mentioned_file_is_looked_for_in_all_sensible_places() {
        let file = "crates/format/src/codec/x.rs";
        for name in ["page.rs", "FORMAT.md", "tests/spec.rs", "codec/page.rs", "crates/format"] {
            check_mention(file, &format!("  /// See `{name}`."), &[]);
        }
        check_mention("README.md", "`crates/format/src/ids.rs`, `a/b.bin`, `.rs`, `x*.rs`", &[]);
    }

    #[test]
    fn a_file_that_is_gone_is_noticed() {
        let end = "any more, or not yet";
        check_mention(
            "x.md",
            "\n`tests/spec.rs`",
            &[&format!("x.md:2: there is no `tests/spec.rs` {end}")],
        );
        check_mention("x.md", "`gone.md`", &[&format!("x.md:1: there is no `gone.md` {end}")]);
        check_mention("x.md", "`crates/no`", &[&format!("x.md:1: there is no `crates/no` {end}")]);
        check_mention("x.rs", "// `gone.rs`", &[&format!("x.rs:1: there is no `gone.rs` {end}")]);
    }

    #[test]
    fn code_mentions_nothing() {
        check_mention("x.rs", "let name = \"`gone.rs`\";", &[]);
        check_mention("x.md", "```\n`gone.rs`\n```", &[]);
    }
}
