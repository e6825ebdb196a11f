//! Commands that change what is stored: merge, invalidate, delete, erase.

use crate::common::{Place, json, sutra};
use sutra_storage::{AssociationRecord, Batch, ConceptId, NewConcept, Store};

const LINES: &str = concat!(
    r#"{"key":"animal"}"#,
    "\n",
    r#"{"key":"dog","content":"It barks."}"#,
    "\n",
    r#"{"key":"hound","content":"A dog.","attrs":{"legs":4}}"#,
    "\n",
    r#"{"source":"dog","target":"animal","type":"is_a","confidence":0.5}"#,
    "\n",
    r#"{"source":"hound","target":"animal","type":"is_a","content":"Said of hounds."}"#,
    "\n",
    r#"{"source":"animal","target":"hound","type":"has","weight":2.0}"#,
    "\n",
    r#"{"source":"hound","target":"dog","type":"is_a"}"#,
    "\n",
);

/// How an association of the store is.
fn association(place: &Place, source: &str, kind: &str, target: &str) -> Option<AssociationRecord> {
    let store = Store::open_read_only(place.store()).unwrap();
    let kind = store.kind_named(kind).unwrap();
    let [source, target] = [source, target].map(ConceptId::from_key);
    store.snapshot().association(&source, kind, &target).unwrap()
}

#[test]
fn merge_makes_one_concept_of_two() {
    let place = Place::with(LINES);
    let report = json(&place.run("merge", &["dog", "hound", "--json"]).done());
    let expected = serde_json::json!({
        "moved": 1, "kept": 1, "loops": 1, "facts": 1, "content": false, "attrs": true,
        "vector": false,
    });
    assert_eq!(report, expected);
    let expected = concat!(
        r#"{"key":"animal"}"#,
        "\n",
        r#"{"key":"dog","content":"It barks.","attrs":{"legs":4}}"#,
        "\n",
        r#"{"source":"animal","target":"dog","type":"has","weight":2.0}"#,
        "\n",
        r#"{"source":"dog","target":"animal","type":"is_a","content":"Said of hounds."}"#,
        "\n",
    );
    assert_eq!(place.export(), expected);
    let shown = Place::with(LINES).run("merge", &["dog", "hound"]).done();
    assert!(shown.contains("1 moved, 1 that both had, 1 between the two"), "{shown}");
    assert!(shown.contains("taken         attributes"), "{shown}");
}

#[test]
fn merge_needs_two_concepts() {
    let place = Place::with(LINES);
    for pair in [["dog", "cat"], ["cat", "dog"]] {
        assert!(place.run("merge", &pair).failed(1).contains("no concept \"cat\""));
    }
    assert!(place.run("merge", &["dog", "dog"]).failed(2).contains("name two"));
    assert!(place.run("merge", &["dog", "hound", "--id"]).failed(2).contains("32 hexadecimal"));
    assert_eq!(place.export(), Place::with(LINES).export());
}

#[test]
fn invalidate_sets_the_end_and_keeps_the_rest() {
    let place = Place::with(LINES);
    let before = place.export();
    let arguments = ["hound", "is_a", "animal", "--at", "2025-10-15T12:00:00Z", "--json"];
    let report = json(&place.run("invalidate", &arguments).done());
    let expected = serde_json::json!({
        "source": "hound", "target": "animal", "type": "is_a", "valid_to": 1_760_529_600_000_u64,
    });
    assert_eq!(report, expected);
    let record = association(&place, "hound", "is_a", "animal").unwrap();
    assert_eq!(record.valid_to(), 1_760_529_600_000);
    let after = place.export();
    assert_eq!(after.replace(r#""valid_to":1760529600000,"#, ""), before, "and nothing else");
    let copy = Place::with(&after);
    let copied = association(&copy, "hound", "is_a", "animal").unwrap();
    assert_eq!(copied.valid_to(), 1_760_529_600_000, "it comes over with an export");
    let shown = place.run("invalidate", &["hound", "is_a", "animal", "--at", "-1"]).done();
    assert_eq!(shown, "held until 1969-12-31 23:59:59.999Z\n");
    let at = || std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis();
    let start = at();
    place.run("invalidate", &["dog", "is_a", "animal"]).done();
    let ended = association(&place, "dog", "is_a", "animal").unwrap().valid_to();
    assert!((start..=at()).contains(&u128::try_from(ended).unwrap()));
}

#[test]
fn invalidate_says_no_for_what_is_not_there() {
    let place = Place::with(LINES);
    for wrong in [["dog", "has", "animal"], ["dog", "no_type", "animal"], ["cat", "is_a", "dog"]] {
        let error = place.run("invalidate", &wrong).failed(1);
        assert!(error.contains("no association") && error.contains(wrong[1]), "{error}");
    }
    let error = place.run("invalidate", &["dog", "is_a", "animal", "--at", "soon"]).failed(2);
    assert!(error.contains("\"soon\" is no time; write 2026-03-01"), "{error}");
    let far = i64::MAX.to_string();
    place.run("invalidate", &["dog", "is_a", "animal", "--at", &far]).failed(3);
}

#[test]
fn delete_takes_concepts_and_what_touches_them() {
    let place = Place::with(LINES);
    assert_eq!(place.run("delete", &["hound"]).done(), "deleted  1\n");
    assert!(!place.export().contains("hound"));
    let run = place.run("delete", &["cat", "animal", "--json"]);
    assert_eq!(json(&run.out), serde_json::json!({ "deleted": 1, "missing": 1 }));
    assert!(run.failed(1).contains("no concept \"cat\""));
    assert_eq!(place.export(), "{\"key\":\"dog\",\"content\":\"It barks.\"}\n");
    let id = ConceptId::from_key("dog").to_string();
    place.run("delete", &["--id", &id]).done();
    assert_eq!(place.export(), "");
}

#[test]
fn erase_leaves_no_byte_of_what_was_said() {
    let place = Place::with(LINES);
    let stands = |text: &str| {
        let files = std::fs::read_dir(place.store()).unwrap();
        let mut files = files.map(|file| std::fs::read(file.unwrap().path()).unwrap());
        let is_in = |file: Vec<u8>| file.windows(text.len()).any(|bytes| bytes == text.as_bytes());
        files.any(is_in)
    };
    let said = ["Said of hounds.", "A dog.", "{\"legs\":4}", "hound"];
    assert!(said.iter().all(|text| stands(text)));
    let report = json(&place.run("erase", &["hound", "--json"]).done());
    assert_eq!((&report["erased"], &report["associations"]), (&1.into(), &3.into()));
    assert_eq!((&report["missing"], &report["pending_files"]), (&0.into(), &serde_json::json!([])));
    assert!(report["bytes_searched"].as_u64().unwrap() > 0);
    assert!(!said.iter().any(|text| stands(text)) && stands("It barks."));
    assert!(place.export().contains("It barks."));
    let run = place.run("erase", &["cat", "dog"]);
    assert!(run.out.starts_with("erased        1\n"), "{}", run.out);
    assert!(run.failed(1).contains("no concept \"cat\""));
    assert!(!stands("It barks."));
}

#[test]
fn delete_takes_all_of_a_source() {
    let place = Place::with(LINES);
    let store = Store::open(place.store()).unwrap();
    let mut batch = Batch::new();
    for n in 0..10 {
        batch.put(NewConcept::with_key(&format!("{n}")).source_hash(n % 2 + 6)).unwrap();
    }
    store.commit(&batch).unwrap();
    store.close().unwrap();
    let report = json(&place.run("delete", &["--source", "7", "--json"]).done());
    assert_eq!(report, serde_json::json!({ "deleted": 5, "missing": 0 }));
    assert!(place.run("get", &["8"]).done().contains("created_at"));
    place.run("get", &["9"]).failed(1);
    for wrong in [&["--source", "0"][..], &["--source", "7", "dog"], &[], &["--source", "x"]] {
        place.run("delete", wrong).failed(2);
    }
}

#[test]
fn a_store_that_is_not_there_is_not_made() {
    let place = Place::new();
    for command in [
        &["merge", "a", "b"][..],
        &["invalidate", "a", "t", "b"],
        &["delete", "a"],
        &["erase", "a"],
    ] {
        let run = place.run(command[0], &command[1..]);
        assert!(run.failed(3).contains(&place.store()));
    }
    assert!(!place.path("store").exists());
    for command in ["merge", "invalidate", "delete", "erase"] {
        assert!(sutra([command, "--help"]).done().contains("Usage: sutra"));
    }
}
