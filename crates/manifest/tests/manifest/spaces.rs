//! Vector spaces: registered by name, written in the order of their codes, and checked when they are
//! read as when they are registered.

use crate::common::{forged_spaces, refused, sample, sealed, spaces, with_spaces};
use proptest::prelude::*;
use sutra_manifest::{Manifest, Metric, Problem, SpaceError, VectorSpace};

const GOLDEN: &str = include_str!("../golden/manifest.v1.spaces.json");
const GOLDEN_WITHOUT: &str = include_str!("../golden/manifest.v1.json");

#[test]
fn spaces_are_written_as_they_always_were() {
    assert_eq!(String::from_utf8(with_spaces().to_bytes().unwrap()).unwrap(), GOLDEN);
}

#[test]
fn spaces_are_read_as_they_always_were() {
    assert_eq!(Manifest::from_bytes(GOLDEN.as_bytes()).unwrap(), with_spaces());
}

#[test]
fn a_manifest_from_before_there_were_spaces_has_none() {
    assert!(!GOLDEN_WITHOUT.contains("vector_spaces"));
    assert_eq!(Manifest::from_bytes(GOLDEN_WITHOUT.as_bytes()).unwrap().vector_spaces(), []);
    let empty =
        GOLDEN_WITHOUT.replace("  \"segments\"", "  \"vector_spaces\": [],\n  \"segments\"");
    assert_eq!(Manifest::from_bytes(&sealed(&empty)).unwrap(), sample());
}

#[test]
fn the_example_of_spaces_in_the_documentation_is_read() {
    let lines = include_str!("../../src/lib.rs").lines();
    let example: String = lines
        .skip_while(|line| *line != "//! \"vector_spaces\": [")
        .take_while(|line| *line != "//! ```")
        .map(|line| format!("{}\n", &line["//! ".len()..]))
        .collect();
    let text = GOLDEN_WITHOUT
        .replace("  \"segments\"", &format!("{},\n  \"segments\"", example.trim_end()));
    let manifest = Manifest::from_bytes(&sealed(&text)).unwrap();
    assert_eq!(manifest.vector_spaces(), &spaces()[..1]);
}

#[test]
fn codes_begin_with_one_and_a_name_keeps_its_code() {
    let mut manifest = with_spaces();
    assert_eq!(manifest.vector_spaces(), spaces());
    for (code, space) in (1..).zip(spaces()) {
        assert_eq!(manifest.register_space(&space), Ok(code));
        assert_eq!(manifest.space_code(&space.name), Some(code));
    }
    assert_eq!(manifest.register_space(&VectorSpace::new("Titles", 3)), Ok(4));
    assert_eq!(manifest.space_code("TITLES"), None);
}

#[test]
fn a_name_stands_for_one_space_and_both_are_told() {
    let mut manifest = with_spaces();
    let known = spaces()[0].clone();
    for asked in [
        VectorSpace { dimension: 385, ..known.clone() },
        VectorSpace { model: String::new(), ..known.clone() },
        VectorSpace { metric: Metric::Dot, ..known.clone() },
    ] {
        let error = manifest.register_space(&asked).unwrap_err();
        let text = error.to_string();
        for space in [&known, &asked] {
            assert!(text.contains(&space.to_string()), "{text}");
        }
        assert_eq!(error, SpaceError::Different { known: known.clone(), asked });
    }
    assert_eq!(manifest, with_spaces());
}

#[test]
fn spaces_that_cannot_be_are_refused() {
    let mut manifest = Manifest::new();
    let mut check = |space: VectorSpace, wanted: SpaceError| {
        assert_eq!(manifest.register_space(&space), Err(wanted));
    };
    check(VectorSpace::new("", 3), SpaceError::Nameless);
    let name = "ä".repeat(128);
    check(VectorSpace::new(&*name, 3), SpaceError::Length { part: "name", length: 256 });
    let length = SpaceError::Length { part: "model", length: 256 };
    check(VectorSpace::new("s", 3).model(&*name), length);
    for text in ["a\nb", "\u{1b}[1m", "a\u{7f}", "a\u{85}"] {
        let error = |part| SpaceError::ControlCharacter { part, text: text.into() };
        check(VectorSpace::new(text, 3), error("name"));
        check(VectorSpace::new("s", 3).model(text), error("model"));
    }
    for dimension in [0, 65_537, u32::MAX] {
        let error = SpaceError::Dimension { name: "s".into(), dimension };
        check(VectorSpace::new("s", dimension), error);
    }
    let most = VectorSpace::new("s".repeat(255), 65_536).model("m".repeat(255));
    assert_eq!(manifest.register_space(&most), Ok(1));
    assert_eq!(manifest.vector_spaces(), [most]);
}

#[test]
fn the_last_code_is_never_given_to_a_space() {
    let mut manifest = Manifest::new();
    for code in 1..u16::MAX {
        let space = VectorSpace::new(format!("s{code}"), 1);
        assert_eq!(manifest.register_space(&space), Ok(code));
    }
    let one_more = VectorSpace::new("one more", 1);
    assert_eq!(manifest.register_space(&one_more), Err(SpaceError::Full));
    assert_eq!(manifest.register_space(&VectorSpace::new("s7", 1)), Ok(7));
    let read = Manifest::from_bytes(&manifest.to_bytes().unwrap()).unwrap();
    assert_eq!(read.vector_spaces().len(), 65_534);
}

#[track_caller]
fn check_text(field: &str, from: &str, to: &str) {
    match refused(&forged_spaces(from, to)) {
        Problem::Invalid { field: told, .. } => assert_eq!(told, field),
        other => panic!("{other:?}"),
    }
}

#[test]
fn spaces_in_the_file_are_checked_like_registered_ones() {
    for code in [0, 2, 3, 65_535] {
        check_text("vector_spaces[0].code", "\"code\": 1", &format!("\"code\": {code}"));
    }
    check_text("vector_spaces[1].code", "\"code\": 2", "\"code\": 1");
    check_text("vector_spaces[2].name", "\"name\": \"t\"", "\"name\": \"titles\"");
    check_text("vector_spaces[0]", "titles", "");
    check_text("vector_spaces[0]", "titles", "a\\u0085b");
    check_text("vector_spaces[0]", "titles", &"x".repeat(256));
    check_text("vector_spaces[0]", "all-MiniLM-L6-v2", &"x".repeat(256));
    check_text("vector_spaces[0]", "\"dimension\": 384", "\"dimension\": 0");
    check_text("vector_spaces[1]", "65536", "65537");
    for metric in ["Cosine", "l2", ""] {
        check_text("vector_spaces[0].metric", "cosine", metric);
    }
}

#[test]
fn fields_of_spaces_must_be_known_and_there_once() {
    for (from, to, wanted) in [
        ("\"code\": 1,", "\"code\": 1, \"code\": 1,", "duplicate field `code`"),
        ("\"code\": 1,", "\"code\": 1, \"x\": 1,", "unknown field `x`"),
        ("\"model\": \"\",\n", "", "missing field `model`"),
        ("\"dimension\": 384", "\"dimension\": 4294967296", "expected u32"),
        ("\"code\": 1,", "\"code\": -1,", "expected u16"),
    ] {
        match refused(&forged_spaces(from, to)) {
            Problem::Json { message, .. } => assert!(message.contains(wanted), "{message}"),
            other => panic!("{other:?}"),
        }
    }
}

proptest! {
    #[test]
    fn spaces_that_are_written_are_read_back(
        rows in proptest::collection::vec(
            ("\\PC{1,20}", "\\PC{0,20}", 1u32..=65_536, 0usize..3), 0..8,
        ),
    ) {
        let mut manifest = sample();
        for (name, model, dimension, metric) in rows {
            let space = VectorSpace { name, model, dimension, metric: Metric::ALL[metric] };
            let _ = manifest.register_space(&space); // One of two with the same name.
        }
        let bytes = manifest.to_bytes().unwrap();
        let read = Manifest::from_bytes(&bytes).unwrap();
        prop_assert_eq!(&read, &manifest);
        prop_assert_eq!(read.to_bytes().unwrap(), bytes);
    }
}
