//! Links in documents: a relative one leads to a file, and its anchor to a heading.

use std::collections::HashMap;

use crate::tree::{TextFile, Tree};

use super::Complaint;

pub(super) fn check(tree: &Tree) -> Vec<Complaint> {
    tree.with_extension("md").flat_map(|file| check_file(tree, file)).collect()
}

fn check_file(tree: &Tree, file: &TextFile) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (number, line) in prose(&file.text) {
        for target in targets(&without_code(line)) {
            if let Some(what) = complaint(tree, file, &target) {
                complaints.push(format!("{}:{number}: {what}", file.path));
            }
        }
    }
    complaints
}

fn complaint(tree: &Tree, file: &TextFile, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let (path, text) = if path.is_empty() {
        (file.path.clone(), Some(file.text.as_str()))
    } else {
        let Some(path) = resolve(folder(&file.path), path) else {
            return Some(format!("{target} leads out of the project"));
        };
        let text = tree.text(&path);
        (path, text)
    };
    if !tree.holds(&path) {
        return Some(format!("{target} leads nowhere: there is no {path}"));
    }
    let is_document = path.ends_with(".md");
    if !anchor.is_empty() && is_document && !text.is_some_and(|text| has_anchor(text, anchor)) {
        return Some(format!("{target} leads nowhere: {path} has no heading #{anchor}"));
    }
    None
}

/// The folder of a file.
pub(super) fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// What a relative path means in a folder; `None` if it leaves the project.
pub(super) fn resolve(folder: &str, path: &str) -> Option<String> {
    if path.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// The lines outside of code blocks, numbered from one.
pub(super) fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}

/// The line without what is between back ticks.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join("``")
}

/// What the links of a line lead to: `[text](target "title")` and `[name]: target`.
fn targets(line: &str) -> Vec<String> {
    let inline = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let named = line.trim_start().strip_prefix('[').and_then(|rest| rest.split_once("]: "));
    let named = named.map(|(_, target)| target);
    let first_word = |target: &str| target.split_whitespace().next().map(str::to_owned);
    let bare = |target: String| target.trim_matches(['<', '>']).to_owned();
    inline.chain(named).filter_map(first_word).map(bare).collect()
}

fn has_anchor(text: &str, anchor: &str) -> bool {
    let mut seen: HashMap<String, usize> = HashMap::new();
    prose(text).filter_map(|(_, line)| heading(line)).any(|heading| {
        let slug = slug(heading);
        let count = seen.entry(slug.clone()).or_default();
        *count += 1;
        anchor == if *count == 1 { slug } else { format!("{slug}-{}", *count - 1) }
    })
}

fn heading(line: &str) -> Option<&str> {
    let text = line.trim_start_matches('#');
    (text.len() < line.len()).then(|| text.strip_prefix(' ')).flatten()
}

/// The anchor that a forge makes of a heading.
fn slug(heading: &str) -> String {
    let mut text = heading.trim().to_lowercase();
    while let Some((before, rest)) = text.split_once("](") {
        let after = rest.split_once(')').map_or("", |(_, after)| after);
        text = format!("{before}{after}");
    }
    let kept = text.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_document(text: &str, expected: &[&str]) {
        let found = check(&Tree::of(&[
            (
                "README.md",
                "# Sutra\n## The `open` call, [twice](x)\n## Notes\n## Notes\n```\n# no\n```\n",
            ),
            ("crates/format/FORMAT.md", text),
            ("crates/format/src/lib.rs", "//! Bytes."),
        ]));
        let found: Vec<_> = found.iter().filter(|line| !line.starts_with("README.md")).collect();
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.contains(expected), "{found}");
        }
    }

    #[test]
    fn a_link_leads_to_a_file_or_a_folder() {
        check_document("[a](src/lib.rs) [b](../../README.md \"t\") [c](../../crates) [d](.)", &[]);
        check_document("[x]: src/lib.rs\n[y](https://example.org/x.md)", &[]);
        check_document("\n[a](src/gone.rs)", &["FORMAT.md:2: src/gone.rs leads nowhere"]);
        check_document("[x]: gone.md", &["gone.md leads nowhere"]);
        check_document("[a](../../../x.md) [b](/x.md)", &["leads out", "leads out"]);
    }

    #[test]
    fn an_anchor_leads_to_a_heading() {
        check_document("# Here\n[a](#here) [b](../../README.md#the-open-call-twice)", &[]);
        check_document("[a](../../README.md#notes) [b](../../README.md#notes-1)", &[]);
        check_document("[a](../../README.md#notes-2)", &["no heading #notes-2"]);
        check_document("[a](../../README.md#no) [b](#no)", &["no heading #no", "no heading #no"]);
    }

    #[test]
    fn code_has_no_links() {
        check_document("`[a](gone.md)`\n```\n[a](gone.md)\n```\n", &[]);
    }
}
