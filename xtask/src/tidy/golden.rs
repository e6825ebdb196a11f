//! Golden files: every version of a format that was ever written has a sample that must open.

use crate::tree::{Tree, is_in};

use super::Complaint;

/// A format, where its latest version is written down, and the folder of its samples.
struct Format {
    name: &'static str,
    version_file: &'static str,
    version_name: &'static str,
    golden: &'static str,
}

const FORMATS: [Format; 3] = [
    Format {
        name: "segment",
        version_file: "crates/format/src/segment.rs",
        version_name: "pub const VERSION: u32 = ",
        golden: "crates/format/tests/golden",
    },
    Format {
        name: "journal",
        version_file: "crates/format/src/journal.rs",
        version_name: "pub const JOURNAL_VERSION: u32 = ",
        golden: "crates/format/tests/golden",
    },
    Format {
        name: "manifest",
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
    let missing = (1..=latest).filter(|version| !has_sample(tree, format, &format!("v{version}")));
    missing
        .map(|version| format!("{golden}: no sample of version {version} of the {}", format.name))
        .collect()
}

fn latest_version(tree: &Tree, format: &Format) -> Option<u32> {
    let (_, rest) = tree.text(format.version_file)?.split_once(format.version_name)?;
    rest.split(';').next()?.parse().ok()
}

/// Whether a sample bears the version and the format in its name or in that of its folder.
fn has_sample(tree: &Tree, format: &Format, version: &str) -> bool {
    tree.paths.iter().filter(|path| is_in(path, format.golden)).any(|path| {
        let parts = || path[format.golden.len()..].split(|c: char| !c.is_alphanumeric());
        [version, format.name].iter().all(|wanted| parts().any(|part| part == *wanted))
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
        for other in ["crates/manifest/tests/v2/manifest.json", "crates/manifest/tests/golden/v2/x"]
        {
            check_golden(&[v1, other], &["no sample of version 2 of the manifest"]);
        }
        check_golden(&[], &["no sample of version 1", "no sample of version 2"]);
    }

    #[test]
    fn a_version_that_cannot_be_found_is_noticed() {
        assert_eq!(check(&Tree::of(&[])).len(), FORMATS.len());
    }
}
