//! An import that is killed leaves a sound store with whole batches, and is simply run again.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;

use crate::common::{Place, start};

const CONCEPTS: usize = 12_000;
const ASSOCIATIONS: usize = 24_000;
/// So many new lines are one commit.
const LINES_OF_A_COMMIT: usize = 4096;

/// Sorted as an export is, so that what is stored can be compared with what was sent.
fn input() -> (String, String) {
    let (mut concepts, mut associations) = (String::new(), String::new());
    for n in 0..CONCEPTS {
        writeln!(concepts, r#"{{"key":"{n:05}","content":"Concept {n}.","attrs":{{"n":{n}}}}}"#)
            .unwrap();
    }
    let per_source = ASSOCIATIONS / CONCEPTS;
    for n in 0..ASSOCIATIONS {
        let (source, target) = (n / per_source, n % per_source * 3000 + n % 1000);
        writeln!(
            associations,
            r#"{{"source":"{source:05}","target":"{target:05}","type":"t","content":"{n}"}}"#
        )
        .unwrap();
    }
    (concepts, associations)
}

/// The whole lines at the start of `all` that `part` is, in number.
#[track_caller]
fn prefix_of(all: &str, part: &str) -> usize {
    assert!(all.starts_with(part), "what is stored is not the start of what was sent");
    part.lines().count()
}

/// Imports in six attempts, the first five of which are killed.
#[track_caller]
fn check(concepts: &str, associations: &str) {
    let all = [concepts, associations].concat();
    let concept_lines = concepts.lines().count();
    let place = Place::new();
    let mut kept = 0;
    // Where the input stops when the process is killed. What is in the pipe may be read or not.
    for share in [2, 9, 7, 5, 11] {
        let mut child = start(["import", &place.store()]);
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(&all.as_bytes()[..all.len() * share / 12]).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        drop(stdin);

        place.run("verify", &[]).done();
        let (c, a) = (place.path("c"), place.path("a"));
        let files = ["--concepts", c.to_str().unwrap(), "--associations", a.to_str().unwrap()];
        place.run("export", &files).done();
        let stored_concepts = prefix_of(concepts, &fs::read_to_string(c).unwrap());
        let stored_associations = prefix_of(associations, &fs::read_to_string(a).unwrap());
        assert!(stored_associations == 0 || stored_concepts == concept_lines);
        let stored = stored_concepts + stored_associations;
        assert!(stored >= kept, "{stored} lines after {kept}");
        assert_eq!((stored - kept) % LINES_OF_A_COMMIT, 0, "half of a commit is visible");
        kept = stored;
    }
    assert!(kept > 0, "the kills came too early to show anything");
    let (c, a) = (place.file("in-c", concepts), place.file("in-a", associations));
    place.import(&["--concepts", &c, "--associations", &a]).done();
    assert!(place.export() == all);
    place.run("verify", &[]).done();
}

#[test]
fn five_kills_lose_nothing_that_was_kept_and_show_no_half_commit() {
    let (concepts, associations) = input();
    check(&concepts, &associations);
}

#[test]
#[ignore = "takes a minute, and needs the files of `cargo xtask data wordnet`"]
fn wordnet_comes_through_five_kills_byte_for_byte() {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/wordnet");
    let file = |name: &str| fs::read_to_string(format!("{dir}/{name}.jsonl")).unwrap();
    check(&file("concepts"), &file("associations"));
}
