//! The analyser of a store: left out where it is the first there was, and checked like all else.

use crate::common::{forged_analyser, refused, sample, sealed, with_analyser};
use sutra_manifest::{AnalyserName, Manifest, Problem};

const WITHOUT: &str = include_str!("../golden/manifest.v1.json");

fn named(name: &str, version: u32) -> AnalyserName {
    AnalyserName { name: name.to_owned(), version }
}

#[test]
fn a_manifest_from_before_there_was_a_choice_names_the_first() {
    assert!(!WITHOUT.contains("analyser"));
    let manifest = Manifest::from_bytes(WITHOUT.as_bytes()).unwrap();
    assert_eq!(manifest.analyser, named("unicode", 1));
    let said = WITHOUT.replace("  \"segments\"", &format!("{},\n  \"segments\"", lines("unicode")));
    assert_eq!(Manifest::from_bytes(&sealed(&said)).unwrap(), sample());
}

/// The lines of the file that name an analyser in version 1.
fn lines(name: &str) -> String {
    format!("  \"analyser\": {{\n    \"name\": \"{name}\",\n    \"version\": 1\n  }}")
}

#[test]
fn another_one_is_written_behind_the_kinds() {
    let text = String::from_utf8(with_analyser().to_bytes().unwrap()).unwrap();
    let expected =
        WITHOUT.replace("  \"segments\"", &format!("{},\n  \"segments\"", lines("unicode-en")));
    assert_eq!(text.as_bytes(), sealed(&expected));
    assert_eq!(Manifest::from_bytes(text.as_bytes()).unwrap(), with_analyser());
    let documented: String = include_str!("../../src/lib.rs")
        .lines()
        .skip_while(|line| *line != "//! \"analyser\": {")
        .take_while(|line| *line != "//! ```")
        .map(|line| format!("  {}\n", &line["//! ".len()..]))
        .collect();
    assert_eq!(documented.trim_end(), lines("unicode-en"));
}

#[test]
fn a_version_of_its_own_is_kept() {
    let mut manifest = sample();
    manifest.analyser = named("unicode", 2);
    let bytes = manifest.to_bytes().unwrap();
    assert_eq!(Manifest::from_bytes(&bytes).unwrap().analyser, named("unicode", 2));
}

#[test]
fn names_that_cannot_be_are_refused() {
    for name in ["", "Unicode", "unicode_en", "unicode en", "ünicode", "seventeen-letters"] {
        let mut manifest = sample();
        manifest.analyser = named(name, 1);
        let told = |problem| match problem {
            Problem::Invalid { field, .. } => field,
            other => panic!("{other:?}"),
        };
        assert_eq!(told(manifest.to_bytes().unwrap_err()), "analyser.name", "{name:?}");
        assert_eq!(told(refused(&forged_analyser("unicode-en", name))), "analyser.name");
    }
    let mut longest = sample();
    longest.analyser = named("sixteen-letters1", 1);
    assert!(longest.to_bytes().is_ok());
}

#[test]
fn its_fields_must_be_known_and_there_once() {
    for (from, to, wanted) in [
        ("\"name\": \"unicode-en\",", "", "missing field `name`"),
        (
            "\"name\": \"unicode-en\",",
            "\"name\": \"a\", \"name\": \"b\",",
            "duplicate field `name`",
        ),
        ("\"name\": \"unicode-en\",", "\"name\": \"a\", \"x\": 1,", "unknown field `x`"),
        ("\"version\": 1\n  }", "\"version\": -1\n  }", "expected u32"),
    ] {
        match refused(&forged_analyser(from, to)) {
            Problem::Json { message, .. } => assert!(message.contains(wanted), "{message}"),
            other => panic!("{other:?}"),
        }
    }
}
