//! Evidence: a document that names a test, as a link of the form `` [`name`](file.rs) ``, names one
//! that is there and that runs. Tests that are run by hand are named with `by hand` behind the link.

use crate::tree::{TextFile, Tree};

use super::Complaint;
use super::links::{folder, resolve};

const BY_HAND: &str = " by hand";

pub(super) fn check(tree: &Tree) -> Vec<Complaint> {
    tree.with_extension("md").flat_map(|file| check_file(tree, file)).collect()
}

fn check_file(tree: &Tree, file: &TextFile) -> Vec<Complaint> {
    let lines = (1..).zip(file.text.lines());
    let named = lines.flat_map(|(number, line)| tests(line).map(move |test| (number, test)));
    named
        .filter_map(|(number, test)| {
            let path = resolve(folder(&file.path), test.path)?;
            let what = complaint(tree.text(&path)?, &test)?;
            Some(format!("{}:{number}: {path}: {what}", file.path))
        })
        .collect()
}

/// A test that a document names.
struct Named<'a> {
    name: &'a str,
    path: &'a str,
    by_hand: bool,
}

/// The tests that a line names.
fn tests(line: &str) -> impl Iterator<Item = Named<'_>> {
    line.split("[`").skip(1).filter_map(|part| {
        let (name, rest) = part.split_once("`](")?;
        let (path, behind) = rest.split_once(')')?;
        let is_name =
            name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        let by_hand = behind.starts_with(BY_HAND);
        (is_name && path.ends_with(".rs")).then_some(Named { name, path, by_hand })
    })
}

fn complaint(source: &str, test: &Named<'_>) -> Option<String> {
    let lines: Vec<_> = source.lines().map(str::trim).collect();
    let call = format!("fn {}(", test.name);
    let Some(at) = lines.iter().position(|line| line.starts_with(&call)) else {
        return Some(format!("there is no test {}", test.name));
    };
    let above = || lines[..at].iter().rev().take_while(|line| line.starts_with('#'));
    if !above().any(|line| *line == "#[test]") {
        return Some(format!("{} is no test", test.name));
    }
    let ignored = above().any(|line| line.starts_with("#[ignore"));
    match (ignored, test.by_hand) {
        (true, false) => Some(format!("{} does not run by itself: say{BY_HAND}", test.name)),
        (false, true) => Some(format!("{} runs by itself, not{BY_HAND}", test.name)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str =
        "#[test]\nfn runs() {}\n\n#[test]\n#[ignore = \"long\"]\nfn waits() {}\n\nfn helps() {}\n";

    fn complaints(line: &str) -> Vec<String> {
        tests(line).filter_map(|test| complaint(SOURCE, &test)).collect()
    }

    #[test]
    fn tests_that_are_there_are_no_complaint() {
        assert_eq!(complaints("| [`runs`](a.rs), [`waits`](a.rs) by hand |"), Vec::<String>::new());
        assert_eq!(complaints("[`Dir`](a.rs), [text](a.rs), [`runs`](a.md)"), Vec::<String>::new());
    }

    #[test]
    fn tests_that_are_gone_or_off_are_complaints() {
        let bad =
            ["[`walks`](a.rs)", "[`helps`](a.rs)", "[`waits`](a.rs)", "[`runs`](a.rs) by hand"];
        for line in bad {
            assert_eq!(complaints(line).len(), 1, "{line}");
        }
    }
}
