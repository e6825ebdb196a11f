//! What is near, what lies between, what matters.

use crate::common::{Place, sutra};
use serde_json::{Value, json};
use sutra_storage::{Batch, ConceptId, NewAssociation, NewConcept, Store};

const DOG: &str = "wn-02086723-n";

#[track_caller]
fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// a -> b -> c -> d by `next`, a -> d by `leap`, which weighs little, and e alone.
fn chain() -> Place {
    Place::with(concat!(
        r#"{"key":"a"}"#,
        "\n",
        r#"{"key":"b","content":"The second."}"#,
        "\n",
        r#"{"key":"c"}"#,
        "\n",
        r#"{"key":"d"}"#,
        "\n",
        r#"{"key":"e"}"#,
        "\n",
        r#"{"source":"a","target":"b","type":"next"}"#,
        "\n",
        r#"{"source":"b","target":"c","type":"next","content":"Said of the arrow."}"#,
        "\n",
        r#"{"source":"c","target":"d","type":"next"}"#,
        "\n",
        r#"{"source":"a","target":"d","type":"leap","weight":0.25}"#,
    ))
}

#[test]
fn a_path_is_shown_step_by_step() {
    let place = chain();
    assert_eq!(place.run("path", &["a", "d"]).done(), "a\n-> leap  d  weight 0.25\n");
    let shown = place.run("path", &["c", "a"]).done();
    assert!(shown == "c\n<- next  b  Said of the arrow.\n<- next  a\n" || shown.contains("leap"));
    let steps = lines(&place.run("path", &["a", "c", "--type", "next", "--json"]).done());
    let expected = [
        json!({"direction": "out", "source": "a", "target": "b", "type": "next"}),
        json!({"direction": "out", "source": "b", "target": "c", "type": "next",
               "content": "Said of the arrow."}),
    ];
    assert_eq!(steps, expected);
    assert_eq!(place.run("path", &["a", "a"]).done(), "a\n");
}

#[test]
fn the_cheapest_path_prefers_weight_to_few_steps() {
    let place = chain();
    let shown = place.run("path", &["a", "d", "--cheapest"]).done();
    assert_eq!(shown.lines().count(), 5, "{shown}");
    assert!(shown.ends_with("cost 3\n"), "{shown}");
    let shown = place.run("path", &["a", "d", "--cheapest", "--kind", "leap"]).done();
    assert_eq!(shown, "a\n-> leap  d  weight 0.25\ncost 4\n");
}

#[test]
fn the_best_ways_are_shown_one_after_the_other() {
    let place = chain();
    let leap = "a\n-> leap  d  weight 0.25\n";
    let chain = "a\n-> next  b  The second.\n-> next  c  Said of the arrow.\n-> next  d\n";
    let shown = |arguments: &[&str]| place.run("path", &[&["a", "d"], arguments].concat()).done();
    assert_eq!(shown(&["--count", "9"]), format!("{leap}\n{chain}"));
    assert_eq!(shown(&["--count", "1"]), leap);
    assert_eq!(shown(&["--count", "0"]), "");
    assert_eq!(shown(&["--count", "9", "--hops", "2"]), leap);
    let by_cost = format!("{chain}cost 3\n\n{leap}cost 4\n");
    assert_eq!(shown(&["--count", "9", "--cheapest"]), by_cost);
    let steps = lines(&shown(&["--count", "2", "--json"]));
    let ways: Vec<_> = steps.iter().map(|step| step["way"].as_u64().unwrap()).collect();
    assert_eq!(ways, [1, 2, 2, 2]);
    assert_eq!(place.run("path", &["a", "a", "--count", "3"]).done(), "a\n");
    let error = place.run("path", &["a", "e", "--count", "3"]).failed(1);
    assert!(error.contains("no way from"), "{error}");
}

#[test]
fn a_path_keeps_to_direction_types_and_length() {
    let place = chain();
    let length = |arguments: &[&str]| {
        lines(&place.run("path", &[arguments, &["--json"]].concat()).done()).len()
    };
    assert_eq!(length(&["d", "a", "--in", "--type", "next"]), 3);
    assert_eq!(length(&["a", "d", "--type", "next", "--type", "leap"]), 1);
    assert_eq!(length(&["a", "d", "--type", "next", "--hops", "3"]), 3);
    for wrong in [
        &["a", "d", "--type", "next", "--hops", "2"][..],
        &["d", "a", "--out"],
        &["a", "e"],
        &["a", "d", "--type", "no_such_type"],
    ] {
        let run = place.run("path", wrong);
        assert_eq!(run.out, "");
        let error = run.failed(1);
        assert!(error.contains("no way from"), "{wrong:?}: {error}");
    }
    assert!(place.run("path", &["a", "nobody"]).failed(1).contains("no concept \"nobody\""));
    place.run("path", &["a", "d", "--cheapest", "--hops", "2"]).failed(2);
    place.run("path", &["a"]).failed(2);
}

#[test]
fn what_does_not_hold_at_the_time_is_not_taken() {
    let place = Place::new();
    let store = Store::open(place.store()).unwrap();
    let kind = store.register_kind("works_for").unwrap();
    let mut batch = Batch::new();
    for key in ["ann", "acme", "apex"] {
        batch.put(NewConcept::with_key(key)).unwrap();
    }
    let [ann, acme, apex] = ["ann", "acme", "apex"].map(ConceptId::from_key);
    let from = 1_577_836_800_000; // 2020-01-01
    batch.associate(NewAssociation::new(ann, kind, acme).valid(None, Some(from))).unwrap();
    batch.associate(NewAssociation::new(ann, kind, apex).valid(Some(from), None)).unwrap();
    store.commit(&batch).unwrap();
    store.close().unwrap();
    let employers = |arguments: &[&str]| -> Vec<String> {
        let run = place.run("neighbors", &[&["ann", "--json"], arguments].concat());
        lines(&run.done()).iter().map(|row| row["target"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(employers(&["--valid", "2019-12-31T23:59:59.999Z"]), ["acme"]);
    assert_eq!(employers(&["--valid", "2020-01-01"]), ["apex"]);
    assert_eq!(employers(&["--valid", "1577836799999"]), ["acme"]);
    assert_eq!(employers(&["--valid", "-1"]), ["acme"]);
    assert_eq!(employers(&[]).len(), 2);
    let acme = ["ann", "acme", "--valid", "2021-06-01"];
    assert!(place.run("path", &acme).failed(1).contains("no way"));
    place.run("path", &["ann", "apex", "--valid", "2021-06-01"]).done();
    let ranked = place.run("rank", &["--from", "ann", "--valid", "2021-06-01", "--json"]).done();
    assert_eq!(lines(&ranked).len(), 2, "{ranked}");
    let error = place.run("neighbors", &["ann", "--valid", "soon"]).failed(2);
    assert!(error.contains("2026-03-01T12:30:00Z"), "{error}");
}

#[test]
fn neighbors_within_some_hops_are_concepts_by_distance() {
    let place = chain();
    let shown = place.run("neighbors", &["a", "--hops", "2", "--out", "--type", "next"]).done();
    assert_eq!(shown, "1  b  The second.\n2  c\n");
    let found = lines(&place.run("neighbors", &["c", "--hops", "9", "--json"]).done());
    let hops: Vec<_> = found.iter().map(|row| row["hops"].as_u64().unwrap()).collect();
    assert_eq!(hops, [1, 1, 2]);
    assert_eq!(found[2], json!({"hops": 2, "key": "a"}));
    let count = |arguments: &[&str]| place.run("neighbors", arguments).done().lines().count();
    assert_eq!(count(&["c", "--hops", "9", "--limit", "2"]), 2);
    assert_eq!(count(&["c", "--hops", "0"]), 0);
    assert_eq!(count(&["e", "--hops", "5"]), 0);
}

#[test]
fn rank_tells_what_matters_near_a_concept_or_in_all() {
    let place = chain();
    let ranked =
        |arguments: &[&str]| lines(&place.run("rank", &[arguments, &["--json"]].concat()).done());
    let keys = |rows: &[Value]| -> Vec<String> {
        rows.iter().map(|row| row["key"].as_str().unwrap().to_owned()).collect()
    };
    let near = ranked(&["--from", "b", "--type", "next"]);
    // The middle of the line is met more often than its ends.
    assert_eq!(keys(&near), ["b", "c", "a", "d"]);
    let all = ranked(&[]);
    assert_eq!((all.len(), &*keys(&all)[0]), (5, "d"), "{all:?}");
    let sum: f64 = all.iter().map(|row| row["score"].as_f64().unwrap()).sum();
    assert!((sum - 1.0).abs() < 1e-5, "{sum}");
    assert_eq!(ranked(&["--limit", "2"]), all[..2]);
    assert_eq!(keys(&ranked(&["--from", "e"])), ["e"]);
    assert_eq!(ranked(&["--from", "a", "--type", "no_such_type"]).len(), 0);
    assert!(place.run("rank", &["--from", "nobody"]).failed(1).contains("no concept"));
    let shown = place.run("rank", &["--from", "e"]).done();
    assert!(shown.starts_with(['0', '1']) && shown.ends_with("  e\n"), "{shown}");
}

#[test]
fn the_excerpt_has_ways_between_animals() {
    let place = Place::with_excerpt();
    let near = lines(&place.run("neighbors", &[DOG, "--hops", "2", "--json"]).done());
    let far = near.iter().find(|row| row["hops"] == 2).unwrap()["key"].as_str().unwrap();
    let steps = lines(&place.run("path", &[DOG, far, "--json"]).done());
    assert_eq!(steps.len(), 2);
    let ranked = lines(&place.run("rank", &["--from", DOG, "--json"]).done());
    assert_eq!((ranked.len(), &ranked[0]["key"]), (20, &DOG.into()));
    assert!(sutra(["path", "--help"]).done().contains("--cheapest"));
}
