//! `sutra search`: by words, by a vector, by what is nearby, and by all of them.

use crate::common::{Place, sutra_with};

const LINES: &str = concat!(
    r#"{"key":"rain","content":"Water falls from clouds","vector":[1,0,0]}"#,
    "\n",
    r#"{"key":"flood","content":"Water covers the land","vector":[0.9,0.1,0]}"#,
    "\n",
    r#"{"key":"drought","content":"No water for long","vector":[0,1,0]}"#,
    "\n",
    r#"{"source":"rain","target":"flood","type":"causes","content":"Too much rain"}"#,
    "\n",
    r#"{"source":"flood","target":"drought","type":"opposes"}"#,
);

fn json(line: &str) -> serde_json::Value {
    serde_json::from_str(line).unwrap()
}

fn keys(out: &str) -> Vec<String> {
    out.lines().map(|line| json(line)["key"].as_str().unwrap_or("-").to_owned()).collect()
}

#[test]
fn words_find_concepts_and_associations() {
    let place = Place::with(LINES);
    let shown = place.run("search", &["water", "clouds"]).done();
    assert!(shown.lines().next().unwrap().contains("rain  Water falls from clouds"), "{shown}");
    let found = place.run("search", &["rain", "--json"]).done();
    let found = json(&found);
    assert_eq!((&found["source"], &found["type"]), (&"rain".into(), &"causes".into()));
    assert!(found["score"].as_f64() > Some(0.0));
    let only = |more: &[&str]| {
        let arguments = [&["water", "much", "--json"], more].concat();
        keys(&place.run("search", &arguments).done())
    };
    assert_eq!(only(&["--associations"]), ["-"]);
    assert_eq!(only(&["--type", "causes"]), ["-"]);
    assert_eq!(only(&["--concepts"]).len(), 3);
    assert_eq!(only(&["--limit", "2"]).len(), 2);
}

#[test]
fn signs_phrases_and_starts_are_understood() {
    let place = Place::with(LINES);
    let ask =
        |words: &[&str]| keys(&place.run("search", &[&["--json", "--"], words].concat()).done());
    assert_eq!(ask(&["+water", "-clouds", "-long"]), ["flood"]);
    assert_eq!(ask(&["\"falls from\""]), ["rain"]);
    assert_eq!(ask(&["cov*"]), ["flood"]);
}

#[test]
fn words_are_found_by_their_stems_if_the_store_was_made_so() {
    let place = Place::new();
    let import = |more: &[&str]| {
        let store = place.store();
        sutra_with([&["import", &store], more].concat(), LINES.as_bytes())
    };
    import(&["--language", "en"]).done();
    import(&["--language", "English"]).done();
    import(&[]).done();
    assert_eq!(keys(&place.run("search", &["cloud", "--json"]).done()), ["rain"]);
    let stats = json(&place.run("stats", &["--json"]).done());
    assert_eq!(stats["analyser"], "unicode-en");
    let shown = place.run("stats", &[]).done();
    assert!(shown.contains("words        by their stems, English"), "{shown}");
    let error = import(&["--language", "de"]).failed(3);
    assert!(error.contains("unicode-en") && error.contains("export it"), "{error}");
    let error = import(&["--language", "xx"]).failed(2);
    assert!(error.contains("no stemmer for \"xx\"") && error.contains("en (English)"), "{error}");
    let plain = Place::with(LINES);
    plain.run("search", &["cloud"]).failed(1);
    assert!(plain.run("stats", &[]).done().contains("words        as they are"));
}

#[test]
fn nothing_found_is_a_no() {
    let place = Place::with(LINES);
    for nothing in [&["fire"][..], &["water", "--type", "unknown"], &["water", "--min-score", "99"]]
    {
        let run = place.run("search", nothing);
        assert_eq!(
            (run.code, run.out.as_str(), run.err.as_str()),
            (Some(1), "", ""),
            "{nothing:?}"
        );
    }
}

#[test]
fn a_vector_comes_from_a_file_or_from_standard_input() {
    let place = Place::with(LINES);
    let file = place.file("query.json", "[1.0, 0.0, 0]\n");
    let found = place.run("search", &["--vector", &file, "--json"]).done();
    assert_eq!(keys(&found), ["rain", "flood", "drought"]);
    let dir = place.store();
    let arguments = ["search", &dir, "--vector", "-", "--json", "--limit", "1"];
    assert_eq!(keys(&sutra_with(arguments, b"0 1 0").done()), ["drought"]);
    for (bad, why) in
        [("1, x", "no finite number"), ("", "no numbers"), ("NaN", "no finite number")]
    {
        let file = place.file("bad.json", bad);
        let error = place.run("search", &["--vector", &file]).failed(2);
        assert!(error.contains(why), "{error}");
    }
    place.run("search", &["--vector", "not-there.json"]).failed(3);
    place.run("search", &[]).failed(2);
}

#[test]
fn several_ways_are_fused_and_explained() {
    let place = Place::with(LINES);
    let file = place.file("query.json", "1 0 0");
    let ways = ["water", "--vector", &file, "--near", "rain", "--concepts"];
    let all = [&ways[..], &["--explain", "--json"]].concat();
    let shown = place.run("search", &all).done();
    let first = json(shown.lines().next().unwrap());
    assert_eq!(first["key"], "flood");
    let reasons = first["reasons"].as_array().unwrap();
    let names: Vec<&str> = reasons.iter().map(|reason| reason["way"].as_str().unwrap()).collect();
    assert_eq!(names, ["text", "vector", "near"]);
    let shown = place.run("search", &[&ways[..], &["--explain"]].concat()).done();
    assert!(shown.contains("vector no. 2"), "{shown}");
    let error = place.run("search", &["--near", "fire"]).failed(2);
    assert!(error.contains("no concept \"fire\""), "{error}");
}

#[test]
fn what_does_not_hold_is_left_out() {
    let place = Place::with(LINES);
    assert_eq!(
        keys(&place.run("search", &["clouds", "--valid", "2025-10-15", "--json"]).done()),
        ["rain"]
    );
    place.run("search", &["clouds", "--valid", "someday"]).failed(2);
}
