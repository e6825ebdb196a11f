//! Golden files: every version of a format that was ever written has a sample that must open.

use crate::tree::{Tree, is_in};

use super::Complaint;

/// A format, where its latest version is written down, and the folder of its samples.
struct Format {
    version_file: &'static str,
    version_name: &'static str,
    golden: &'static str,
}

const FORMATS: [Format; 3] = [
    Format {
        version_file: "crates/format/src/segment.rs",
        version_name: "pub const VERSION: u32 = ",
        golden: "crates/format/tests/golden",
    },
    Format {
        version_file: "crates/format/src/journal.rs",
        version_name: "pub const JOURNAL_VERSION: u32 = ",
        golden: "crates/format/tests/golden",
    },
    Format {
        version_file: "crates/manifest/src/manifest.rs",
        version_name: "pub const VERSION: u32 = ",
        golden: "crates/manifest/tests/golden",
    },
];

pub(super) fn check(tree: &Tree) -> Vec<Complaint> {
    FORMATS.iter().flat_map(|format| check_format(tree, format)).collect()
}

fn check_format(tree: &Tree, format: &Format) -> Vec<Complaint> {
    let (file, name, golden) = (format.version_file, format.version_name, format.golden);
    let Some(latest) = latest_version(tree, format) else {
        return vec![format!("{file}: no line says `{name}`")];
    };
    let missing = (1..=latest).filter(|version| !has_sample(tree, golden, &format!("v{version}")));
    missing.map(|version| format!("{golden}: no sample of version {version} of {file}")).collect()
}

fn latest_version(tree: &Tree, format: &Format) -> Option<u32> {
    let (_, rest) = tree.text(format.version_file)?.split_once(format.version_name)?;
    rest.split(';').next()?.parse().ok()
}

/// Whether a file in `golden` bears the version in its name or in that of its folder.
fn has_sample(tree: &Tree, golden: &str, version: &str) -> bool {
    tree.paths.iter().filter(|path| is_in(path, golden)).any(|path| {
        let mut parts = path[golden.len()..].split(|c: char| !c.is_alphanumeric());
        parts.any(|part| part == version)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_golden(samples: &[&str], expected: &[&str]) {
        let format = &FORMATS[2];
        let version = format!("{}2;", format.version_name);
        let mut files = vec![(format.version_file, version.as_str())];
        files.extend(samples.iter().map(|path| (*path, "")));
        let found = check_format(&Tree::of(&files), format);
        assert_eq!(found.len(), expected.len(), "{found:?}");
        assert!(found.iter().zip(expected).all(|(found, part)| found.contains(part)), "{found:?}");
    }

    #[test]
    fn every_version_has_a_sample() {
        let v1 = "crates/manifest/tests/golden/manifest.v1.json";
        let v2 = "crates/manifest/tests/golden/v2/manifest.json";
        check_golden(&[v1, v2], &[]);
        check_golden(&[v1, "crates/manifest/tests/v2.json"], &["no sample of version 2"]);
        check_golden(&[], &["no sample of version 1", "no sample of version 2"]);
    }

    #[test]
    fn a_version_that_cannot_be_found_is_noticed() {
        assert_eq!(check(&Tree::of(&[])).len(), FORMATS.len());
    }
}
