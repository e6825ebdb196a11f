//! Vector spaces in JSON Lines: defined by a line, named by others, and back again.

use crate::common::{Place, json, sutra_with};

/// Spaces, concepts and an association in them, in the form in which they are exported.
const LINES: &str = concat!(
    r#"{"vector_space":"titles","model":"e5 \"small\"","dimension":2,"metric":"euclidean"}"#,
    "\n",
    r#"{"vector_space":"größe","dimension":3,"metric":"dot"}"#,
    "\n",
    r#"{"vector_space":"unused","dimension":65536,"metric":"cosine"}"#,
    "\n",
    r#"{"key":"a","vector":[3.0,4.0],"space":"titles"}"#,
    "\n",
    r#"{"key":"b","vector":[0.0,1.0],"space":"titles","attrs":{"x":1}}"#,
    "\n",
    r#"{"key":"c","content":"plain","vector":[3.0,4.0]}"#,
    "\n",
    r#"{"key":"d","vector":[1.0,2.0,3.0],"space":"größe"}"#,
    "\n",
    r#"{"source":"a","target":"b","type":"t","vector":[1.0,1.0],"space":"titles"}"#,
    "\n",
);

#[test]
fn spaces_come_back_byte_for_byte_and_again() {
    let place = Place::with(LINES);
    assert_eq!(place.export(), LINES);
    place.run("compact", &[]).done();
    assert_eq!(place.export(), LINES);
    assert_eq!(Place::with(&place.export()).export(), LINES);
    let again = sutra_with(["import", &place.store(), "--json"], LINES.as_bytes()).done();
    let report = json(&again);
    let unchanged = |what: &str| report[what]["unchanged"].as_u64();
    assert_eq!((unchanged("concepts"), unchanged("associations")), (Some(4), Some(1)));
}

#[test]
fn files_of_concepts_and_of_associations_may_both_use_a_space() {
    let place = Place::with(LINES);
    let (concepts, associations) = (place.path("c.jsonl"), place.path("a.jsonl"));
    let files = [concepts.to_str().unwrap(), associations.to_str().unwrap()];
    let arguments = ["--concepts", files[0], "--associations", files[1]];
    place.run("export", &arguments).done();
    let copy = Place::new();
    copy.import(&arguments).done();
    assert_eq!(copy.export(), LINES);
}

#[test]
fn a_vector_that_moves_to_another_space_is_an_update() {
    let place = Place::with(LINES);
    let moved = r#"{"key":"a","vector":[3.0,4.0]}"#;
    let report = sutra_with(["import", &place.store(), "--json"], moved.as_bytes()).done();
    assert_eq!(json(&report)["concepts"]["updated"], 1);
    assert!(place.export().contains("{\"key\":\"a\",\"vector\":[3.0,4.0]}\n"));
}

#[test]
fn a_search_looks_in_the_space_that_it_names() {
    let place = Place::with(LINES);
    let file = place.file("query.json", "[0, 0]");
    let ask = |more: &[&str]| {
        let all = [&["--vector", &file, "--json"], more].concat();
        let shown = place.run("search", &all).done();
        let hit = |line: &str| {
            let hit: serde_json::Value = serde_json::from_str(line).unwrap();
            (hit["score"].as_f64().unwrap(), hit["space"].as_str().map(str::to_owned))
        };
        shown.lines().map(hit).collect::<Vec<_>>()
    };
    let titles = || Some("titles".to_owned());
    let all = [(-1.0, titles()), (-2.0, titles()), (-25.0, titles())];
    assert_eq!(ask(&["--space", "titles"]), all);
    assert_eq!(ask(&["--space", "titles", "--min-score", "-2"]), all[..2]);
    assert_eq!(ask(&[]), [(0.0, None)]);
    assert_eq!(ask(&["plain", "--space", "titles"]).len(), 4, "fused with words");
    let fails = |space: &str, code, why: &str| {
        let error = place.run("search", &["--vector", &file, "--space", space]).failed(code);
        assert!(error.contains(why), "{error}");
    };
    fails("none", 2, "no vector space \"none\"; `sutra stats DIR` lists all");
    fails("größe", 3, "3 dimensions");
    place.run("search", &["plain", "--space", "titles"]).failed(2);
}

#[test]
fn stats_and_get_tell_of_spaces() {
    let place = Place::with(LINES);
    let stats = json(&place.run("stats", &["--json"]).done());
    let titles = serde_json::json!({
        "name": "titles", "model": "e5 \"small\"", "dimension": 2, "metric": "euclidean",
        "vectors": 2,
    });
    assert_eq!(stats["vector_spaces"][0], titles);
    assert_eq!(stats["vector_spaces"].as_array().unwrap().len(), 3);
    let shown = place.run("stats", &[]).done();
    assert!(shown.contains("größe: 1, 3 values, dot"), "{shown}");
    let shown = place.run("get", &["d"]).done();
    assert!(shown.contains("space         größe"), "{shown}");
    assert_eq!(json(&place.run("get", &["d", "--json"]).done())["space"], "größe");
}

#[test]
fn lines_about_spaces_that_cannot_be_are_told() {
    for (line, why) in [
        (r#"{"key":"x","vector":[1],"space":"none"}"#, "no vector space is named \"none\""),
        (r#"{"key":"x","vector":[1],"space":"titles"}"#, "has 1 values"),
        (r#"{"key":"x","space":"titles"}"#, "has no \"space\""),
        (r#"{"source":"a","target":"b","type":"t","space":"titles"}"#, "has no \"space\""),
        (r#"{"key":"x","dimension":3}"#, "a concept has no \"dimension\""),
        (r#"{"vector_space":"titles","dimension":3}"#, "is there already"),
        (r#"{"vector_space":"new"}"#, "\"dimension\" is missing"),
        (r#"{"vector_space":"new","dimension":0}"#, "0 dimensions"),
        (r#"{"vector_space":"new","dimension":3,"metric":"l2"}"#, "\"l2\""),
        (r#"{"vector_space":"","dimension":3}"#, "is empty"),
        (r#"{"vector_space":"new","dimension":3,"key":"x"}"#, "a vector space has no \"key\""),
        (r#"{"vector_space":"new","dimension":3,"vector":[1]}"#, "has no \"vector\""),
    ] {
        let place = Place::with(LINES);
        let lines = format!("{line}\n{{\"key\":\"after\"}}\n");
        let run = sutra_with(["import", &place.store(), "--on-error", "skip"], lines.as_bytes());
        let error = run.failed(1);
        assert!(error.contains("standard input:1:") && error.contains(why), "{line}: {error}");
        assert!(place.export().contains("after"));
    }
}
