//! Texts that have no place in any file: paths of one machine, addresses of package registries.

use crate::tree::{TextFile, Tree};

use super::Complaint;

/// Paths that mean something on one machine only. Put together here, as are the hosts below, so
/// that this file has none of them.
const MACHINE_PATHS: [&str; 5] = [
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/Us", "ers/"),
    concat!("/wo", "rk/"),
    concat!("..", "/shared/"),
];

/// Registries are asked through their own clients, which may be set to a mirror.
const REGISTRIES: [&str; 5] = [
    concat!("crates", ".io"),
    concat!("npmjs", ".org"),
    concat!("npmjs", ".com"),
    concat!("pypi", ".org"),
    concat!("deb.debian", ".org"),
];

/// Cargo writes the name of its registry into this one.
const WRITTEN_BY_CARGO: &str = "Cargo.lock";

pub(super) fn check(tree: &Tree) -> Vec<Complaint> {
    let written_by_us = tree.files.iter().filter(|file| !file.path.ends_with(WRITTEN_BY_CARGO));
    written_by_us.flat_map(check_file).collect()
}

fn check_file(file: &TextFile) -> impl Iterator<Item = Complaint> {
    file.text.lines().enumerate().filter_map(|(number, line)| {
        let what = complaint(line)?;
        Some(format!("{}:{}: {what}", file.path, number + 1))
    })
}

fn complaint(line: &str) -> Option<String> {
    if let Some(path) = MACHINE_PATHS.iter().find(|path| names_path(line, path)) {
        return Some(format!("{path} is there on one machine only"));
    }
    let mut hosts = line.split("://").skip(1).map(|rest| {
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || ".-".contains(c)));
        &rest[..end.unwrap_or(rest.len())]
    });
    let host = hosts.find(|host| {
        REGISTRIES.iter().any(|registry| {
            host.strip_suffix(registry).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
    })?;
    Some(format!("{host} is a registry: name the package, not the host"))
}

/// Whether the line has `path` where a path begins.
fn names_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(place, _)| {
        let before = line[..place].chars().next_back();
        !before.is_some_and(|c| c.is_ascii_alphanumeric() || "._-/~}".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_line(line: &str, expected: Option<&str>) {
        let found = check(&Tree::of(&[("docs/x.md", line)]));
        match expected {
            None => assert!(found.is_empty(), "{found:?}"),
            Some(part) => assert!(found.len() == 1 && found[0].contains(part), "{found:?}"),
        }
    }

    #[test]
    fn a_path_of_one_machine_is_noticed() {
        for path in MACHINE_PATHS {
            check_line(&format!("see `{path}x`"), Some("docs/x.md:1: "));
        }
        check_line(&format!("crates{}rk/x, net{}me/x", "/wo", "/ho"), None);
    }

    #[test]
    fn the_address_of_a_registry_is_noticed() {
        for registry in REGISTRIES {
            check_line(&format!("<https://{registry}/x>"), Some("is a registry"));
            check_line(&format!("https://static.{registry}"), Some("is a registry"));
            check_line(&format!("published on {registry}"), None);
        }
        check_line(&format!("https://my{}", REGISTRIES[0]), None);
    }

    #[test]
    fn the_lock_file_is_left_to_cargo() {
        let line = format!("source = \"registry+https://{}\"", REGISTRIES[0]);
        assert!(check(&Tree::of(&[("fuzz/Cargo.lock", &line)])).is_empty());
    }
}
