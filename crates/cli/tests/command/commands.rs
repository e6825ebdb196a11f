//! What each command shows, to people and to programs.

use std::fs;

use crate::common::{Place, json, sutra};

const DOG: &str = "wn-02086723-n";

#[track_caller]
fn lines(text: &str) -> Vec<serde_json::Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn get_shows_a_concept() {
    let place = Place::with_excerpt();
    let shown = place.run("get", &[DOG]).done();
    for part in
        [DOG, "a member of the genus Canis", "\"dog\",\"domestic dog\"", "created_at", "strength"]
    {
        assert!(shown.contains(part), "{shown} lacks {part}");
    }
    let found = json(&place.run("get", &[DOG, "--json"]).done());
    assert_eq!(found["key"], DOG);
    assert_eq!(found["attrs"]["lemmas"][0], "dog");
    assert_eq!((&found["strength"], &found["access_count"]), (&1.0.into(), &0.into()));
    assert!(found["created_at"].as_u64() > Some(1_700_000_000_000));
    let id = found["id"].as_str().unwrap();
    let by_id = place.run("get", &["--id", id, "--json"]).done();
    assert_eq!(json(&by_id), found);
}

#[test]
fn get_says_no_for_a_key_that_is_not_there() {
    let place = Place::with_excerpt();
    let error = place.run("get", &["dog"]).failed(1);
    assert!(error.contains("no concept \"dog\""), "{error}");
    let error = place.run("get", &["--id", "00112233445566778899aabbccddeeff"]).failed(1);
    assert!(error.contains("no concept"), "{error}");
    let error = place.run("get", &["--id", "1234"]).failed(2);
    assert!(error.contains("32 hexadecimal digits"), "{error}");
}

#[test]
fn text_of_a_store_cannot_steer_the_terminal() {
    let place = Place::with(concat!(
        r#"{"key":"\u001b[31ma","content":"\u001b]0;title\u0007","attrs":{"x":"\u009b2J"}}"#,
        "\n",
        r#"{"source":"\u001b[31ma","target":"\u001b[31ma","type":"t","content":"\u001bc"}"#,
    ));
    let key = "\u{1b}[31ma";
    for run in [place.run("get", &[key]), place.run("neighbors", &[key])] {
        let shown = run.done();
        assert!(!shown.contains(['\u{1b}', '\u{7}', '\u{9b}']), "{shown:?}");
    }
    assert!(place.run("get", &["\u{1b}no"]).failed(1).contains("\\u{1b}no"));
    assert_eq!(json(&place.run("get", &[key, "--json"]).done())["key"], key);
}

#[test]
fn neighbors_are_shown_with_direction_type_and_text() {
    let place = Place::with(concat!(
        r#"{"key":"a"}"#,
        "\n",
        r#"{"key":"b","content":"The second\nletter."}"#,
        "\n",
        r#"{"source":"a","target":"b","type":"next","weight":0.5}"#,
        "\n",
        r#"{"source":"b","target":"a","type":"previous","content":"Said of the arrow."}"#,
        "\n",
        r#"{"source":"a","target":"a","type":"loop"}"#,
    ));
    let shown = place.run("neighbors", &["a"]).done();
    let mut rows: Vec<&str> = shown.lines().collect();
    rows.sort_unstable();
    let expected = [
        "-> loop      a",
        "-> next      b  weight 0.5  The second letter.",
        "<- previous  b  Said of the arrow.",
    ];
    assert_eq!(rows, expected);
    let found =
        lines(&place.run("neighbors", &["a", "--in", "--type", "previous", "--json"]).done());
    let expected = serde_json::json!({
        "direction": "in", "source": "b", "target": "a", "type": "previous",
        "content": "Said of the arrow.",
    });
    assert_eq!(found, [expected]);
}

#[test]
fn neighbors_can_be_narrowed_down() {
    let place = Place::with_excerpt();
    let found = |arguments: &[&str]| {
        lines(&place.run("neighbors", &[&[DOG, "--json"], arguments].concat()).done())
    };
    let count = |arguments: &[&str]| found(arguments).len();
    let both = count(&[]);
    assert_eq!(count(&["--both"]), both);
    assert_eq!(count(&["--in"]) + count(&["--out"]), both);
    assert!(found(&["--in"]).iter().all(|found| found["target"] == DOG));
    assert!(found(&["--out"]).iter().all(|found| found["source"] == DOG));
    let hypernyms = found(&["--out", "--type", "hypernym"]);
    let targets: Vec<_> = hypernyms.iter().map(|found| found["target"].as_str().unwrap()).collect();
    assert_eq!(targets.len(), 2);
    assert!(targets.contains(&"wn-02085998-n"), "{targets:?}");
    assert_eq!((count(&["--limit", "3"]), count(&["--limit", "0"])), (3, 0));
    assert_eq!(count(&["--type", "no_such_type"]), 0);
    place.run("neighbors", &["nobody"]).failed(1);
    place.run("neighbors", &[DOG, "--in", "--out"]).failed(2);
}

#[test]
fn stats_count_what_is_there_by_type() {
    let place = Place::with_excerpt();
    let stats = json(&place.run("stats", &["--json"]).done());
    assert_eq!((&stats["concepts"], &stats["associations"]), (&300.into(), &626.into()));
    assert_eq!(
        (&stats["with_content"], &stats["with_vector"], &stats["with_fact"]),
        (&300.into(), &0.into(), &8.into())
    );
    assert_eq!(stats["types"][0], serde_json::json!({"name": "hypernym", "associations": 303}));
    assert_eq!(stats["types"].as_array().unwrap().len(), 7);
    let shown = place.run("stats", &[]).done();
    assert!(shown.contains("associations   626\n") && shown.contains("antonym"), "{shown}");
}

#[test]
fn segments_are_a_picture_of_levels_and_files() {
    let place = Place::with_excerpt();
    let picture = place.run("segments", &[]).done();
    let file = place.store_file("seg_");
    let name = file.file_name().unwrap().to_str().unwrap();
    assert!(picture.contains("level 0") && picture.contains(name), "{picture}");
    assert!(picture.contains('█') && picture.contains("626 associations"), "{picture}");
    let found = json(&place.run("segments", &["--json"]).done());
    assert_eq!((&found["file"], &found["level"]), (&name.into(), &0.into()));
    assert_eq!(found["bytes"], fs::metadata(file).unwrap().len());
    let empty = Place::with("");
    assert!(!empty.run("segments", &[]).done().contains("level"));
    assert_eq!(empty.run("segments", &["--json"]).done(), "");
}

#[test]
fn compact_merges_all_files_into_one() {
    let place = Place::new();
    for round in 0..3 {
        let lines = format!("{{\"key\":\"a\",\"content\":\"{round}\"}}\n{{\"key\":\"k{round}\"}}");
        crate::common::sutra_with(["import", &place.store()], lines.as_bytes()).done();
    }
    assert_eq!(place.store_files("seg_").len(), 3);
    let before = place.export();
    let report = json(&place.run("compact", &["--json"]).done());
    assert_eq!(
        (&report["before"]["segments"], &report["after"]["segments"]),
        (&3.into(), &1.into())
    );
    assert_eq!(report["after"]["bytes"], fs::metadata(place.store_file("seg_")).unwrap().len());
    assert_eq!(place.export(), before);
    let again = place.run("compact", &[]).done();
    assert!(
        again.contains("before  1 segment,") && again.contains("after   1 segment,"),
        "{again}"
    );
}

#[test]
fn inspect_takes_a_segment_file_apart() {
    let place = Place::with_excerpt();
    let file = place.store_file("seg_");
    let file = file.to_str().unwrap();
    let shown = sutra(["inspect", file]).done();
    for part in ["sorted, with directories", "concept lines", "page sums", "section table", "626"] {
        assert!(shown.contains(part), "{shown} lacks {part}");
    }
    let found = json(&sutra(["inspect", file, "--json"]).done());
    let parts = found["parts"].as_array().unwrap();
    let named = |name: &str| parts.iter().find(|part| part["name"] == name).unwrap();
    assert_eq!((&found["version"], &found["sorted"]), (&1.into(), &true.into()));
    assert_eq!(named("associations")["bytes"], 626 * 64);
    assert_eq!(named("concepts")["offset"], 4096);
    let end = named("section table");
    let length = end["offset"].as_u64().unwrap() + end["bytes"].as_u64().unwrap();
    assert_eq!(length, fs::metadata(file).unwrap().len());
}

#[test]
fn inspect_reads_a_segment_of_no_store() {
    let place = Place::new();
    let path = place.path("alone.seg");
    let mut segment = sutra_storage::Segment::create(&path, 7).unwrap();
    segment.append_vector(&[1.0, 2.0]).unwrap();
    segment.sync().unwrap();
    drop(segment);
    let path = path.to_str().unwrap();
    assert!(sutra(["inspect", path]).done().contains("as appended"));
    let found = json(&sutra(["inspect", path, "--json"]).done());
    assert_eq!((&found["segment_id"], &found["sorted"]), (&7.into(), &false.into()));
    let error = sutra(["inspect", &place.file("other", "no segment at all")]).failed(4);
    assert!(error.contains("other: "), "{error}");
    sutra(["inspect", "/nowhere/at.all"]).failed(3);
}

#[test]
fn the_demo_shows_the_main_things_and_leaves_nothing() {
    let place = Place::new();
    fs::create_dir(place.path("tmp")).unwrap();
    let run = crate::common::command(["demo"]).env("TMPDIR", place.path("tmp")).output().unwrap();
    let shown = crate::common::Run::from(run).done();
    for part in ["300 new", "300 unchanged", "domestic dog", "wn-02085998-n", "level 0", "intact"] {
        assert!(shown.contains(part), "{shown} lacks {part}");
    }
    assert_eq!(shown.matches("equal to the original").count(), 2);
    assert!(!shown.contains("different from"));
    assert_eq!(fs::read_dir(place.path("tmp")).unwrap().count(), 0);
    assert!(sutra(["demo", "--licence"]).done().contains("Princeton University"));
}
