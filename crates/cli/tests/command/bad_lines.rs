//! A bad line is reported with its number and reason, and does no harm.

use crate::common::{Place, json, sutra_with};

/// Imports `lines`, the second of which is bad, with `--on-error skip`.
#[track_caller]
fn check(bad: impl AsRef<[u8]>, reason: &str) {
    let place = Place::new();
    let lines = [b"{\"key\":\"a\"}\n", bad.as_ref(), b"\n{\"key\":\"z\"}\n"].concat();
    let run = sutra_with(["import", &place.store(), "--on-error", "skip"], &lines);
    let error = run.failed(1);
    let start = "sutra: standard input:2: ";
    assert!(error.starts_with(start) && error.contains(reason), "{error:?} lacks {reason:?}");
    assert_eq!(place.export(), "{\"key\":\"a\"}\n{\"key\":\"z\"}\n");
}

#[test]
fn each_way_to_be_bad_is_told_apart() {
    check("text", "not a JSON object");
    check(r#"{"key":"b""#, "EOF");
    check(b"{\"key\":\"\xff\"}", "not UTF-8 at byte 9");
    check(r#"{"key":"b","key":"c"}"#, "duplicate field");
    check(r#"{"key":"b","text":""}"#, "unknown field");
    check("{\"key\":\"b\",\"\\u001b[2J\":1}", "unknown field `\\u{1b}[2J`");
    check(r#"{"key":7}"#, "expected a string");
    check(r#"{"key":""}"#, "empty");
    check(format!(r#"{{"key":"{}"}}"#, "k".repeat(1025)), "1025 bytes; at most 1024");
    check(format!(r#"{{"key":"b","vector":[0{}]}}"#, ",0".repeat(65_536)), "65537 dimensions");
    check(format!(r#"{{"key":"b","attrs":{{"a":"{}"}}}}"#, "a".repeat(1 << 20)), "at most 1048576");
    check(
        format!(r#"{{"key":"b","content":"{}"}}"#, "c".repeat((16 << 20) + 1)),
        "at most 16777216",
    );
    check(r#"{"key":"b","vector":[1e39]}"#, "out of range");
    check(r#"{"key":"b","vector":[NaN]}"#, "column");
    check(r#"{"source":"a","target":"b","type":"t"}"#, r#"target "b" is no concept"#);
    check(r#"{"source":"b","target":"a","type":"t"}"#, r#"source "b" is no concept"#);
    check(r#"{"source":"a","target":"z","type":"t"}"#, r#"target "z" is no concept"#);
    check(
        format!(r#"{{"source":"a","target":"a","type":"{}"}}"#, "t".repeat(256)),
        "1 to 255 bytes",
    );
    check(r#"{"source":"a","target":"a","type":"\u0007"}"#, "control characters");
}

#[test]
fn a_line_beyond_the_limit_is_passed_over_in_bounded_memory() {
    let place = Place::new();
    let mut child = crate::common::start(["import", &place.store(), "--on-error", "skip"]);
    let mut stdin = child.stdin.take().unwrap();
    let mebibyte = vec![b' '; 1 << 20];
    std::io::Write::write_all(&mut stdin, b"{\"key\":\"a\"}\n{").unwrap();
    for _ in 0..150 {
        std::io::Write::write_all(&mut stdin, &mebibyte).unwrap();
    }
    std::io::Write::write_all(&mut stdin, b"}\n{\"key\":\"b\"}").unwrap();
    drop(stdin);
    let error = crate::common::Run::from(child.wait_with_output().unwrap()).failed(1);
    assert!(error.contains("standard input:2: longer than"), "{error}");
    assert_eq!(place.export(), "{\"key\":\"a\"}\n{\"key\":\"b\"}\n");
}

#[test]
fn stopping_keeps_what_came_before() {
    let place = Place::new();
    let lines = "{\"key\":\"a\"}\nbad\n{\"key\":\"b\"}\nworse\n";
    let run = sutra_with(["import", &place.store(), "--json"], lines.as_bytes());
    assert_eq!(json(&run.out)["bad_lines"], 1);
    assert_eq!(json(&run.out)["concepts"]["new"], 1);
    assert_eq!(run.failed(1), "sutra: standard input:2: not a JSON object\n");
    assert_eq!(place.export(), "{\"key\":\"a\"}\n");
}

#[test]
fn skipping_reports_every_bad_line_by_file_and_number() {
    let place = Place::new();
    let concepts = place.file("c.jsonl", "{\"key\":\"a\"}\n\nbad\n{\"key\":\"b\"}\nbad");
    let associations = place
        .file("a.jsonl", "{\"source\":\"a\",\"target\":\"b\",\"type\":\"t\"}\n{\"key\":\"c\"}\n");
    let skip = ["--on-error", "skip"];
    let files = ["--concepts", &concepts, "--associations", &associations];
    let error = place.import(&[&files[..], &skip].concat()).failed(1);
    let expected = format!(
        "sutra: {concepts}:3: not a JSON object\nsutra: {concepts}:5: not a JSON object\n\
         sutra: {associations}:2: a concept; give it with --concepts\n"
    );
    assert_eq!(error, expected);
    assert_eq!(place.export().lines().count(), 3);
    let error = place.import(&["--concepts", &associations]).failed(1);
    assert!(error.contains(":1: an association; give it with --associations"), "{error}");
}

#[test]
fn an_id_that_holds_another_key_makes_a_bad_line() {
    let place = Place::new();
    let store = sutra_storage::Store::open(place.store()).unwrap();
    let mut foreign = sutra_storage::WriteBatch::new();
    let id = sutra_storage::ConceptId::from_key("a");
    let put = sutra_storage::ConceptPut { key: b"other", ..sutra_storage::ConceptPut::new(id) };
    foreign.put_concept(&put).unwrap();
    store.engine().commit(foreign, sutra_storage::Durability::Sync).unwrap();
    store.close().unwrap();
    let run = sutra_with(["import", &place.store()], b"{\"key\":\"a\"}");
    let error = run.failed(1);
    assert!(error.contains("holds the key \"other\""), "{error}");
}

#[test]
fn a_file_that_is_not_there_stops_the_import() {
    let place = Place::new();
    let error = place.import(&["--concepts", "/nowhere/c.jsonl"]).failed(3);
    assert!(error.starts_with("sutra: /nowhere/c.jsonl: "), "{error}");
    assert!(place.export().is_empty(), "the store is there, and empty");
}
