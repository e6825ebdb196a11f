//! `sutra retention`, `history`, `changes`, and `--at`.

use std::time::{Duration, SystemTime};

use crate::common::{Place, sutra_with};

fn json(line: &str) -> serde_json::Value {
    serde_json::from_str(line).unwrap()
}

/// Returns once the clock shows another time than at the call.
fn until_later() {
    let begun = SystemTime::now();
    while begun.elapsed().is_ok_and(|since| since < Duration::from_millis(2)) {
        std::thread::yield_now();
    }
}

/// A store that keeps history, and three commits with time between them.
fn place() -> Place {
    let place = Place::with("");
    assert_eq!(place.run("retention", &[]).done(), "latest\n");
    assert_eq!(place.run("retention", &["forever"]).done(), "forever\n");
    let commits = [
        concat!(
            r#"{"key":"capital","content":"Bonn"}"#,
            "\n",
            r#"{"key":"germany"}"#,
            "\n",
            r#"{"source":"germany","target":"capital","type":"has"}"#,
        ),
        r#"{"key":"capital","content":"Berlin"}"#,
    ];
    for lines in commits {
        sutra_with(["import", &place.store()], lines.as_bytes()).done();
        until_later();
    }
    place.run("delete", &["germany"]).done();
    place
}

/// When each version was committed, newest first.
fn times(place: &Place, key: &str) -> Vec<String> {
    let shown = place.run("history", &[key, "--json"]).done();
    shown.lines().map(|line| json(line)["time"].to_string()).collect()
}

#[test]
fn what_a_concept_was_is_shown_and_read_as_of_then() {
    let place = place();
    let shown = place.run("history", &["capital"]).done();
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].contains("Berlin") && lines[1].contains("Bonn"), "{shown}");
    assert_eq!(place.run("history", &["capital", "--limit", "1"]).done().lines().count(), 1);
    let gone = place.run("history", &["germany", "--json"]).done();
    assert_eq!(json(gone.lines().next().unwrap())["deleted"], true);
    // An import may be several commits; before the next one all of it was there.
    let next: u64 = times(&place, "capital")[0].parse().unwrap();
    let then = &(next - 1).to_string();
    let content = |at: &[&str]| {
        let arguments = [&["capital", "--json"], at].concat();
        json(&place.run("get", &arguments).done())["content"].clone()
    };
    assert_eq!((content(&["--at", then]), content(&[])), ("Bonn".into(), "Berlin".into()));
    let near = place.run("neighbors", &["germany", "--at", then]).done();
    assert!(near.contains("has") && near.contains("capital"), "{near}");
    place.run("neighbors", &["germany"]).failed(1);
    let hops = place.run("neighbors", &["germany", "--hops", "2", "--at", then]).done();
    assert!(hops.contains("capital"), "{hops}");
    assert!(place.run("path", &["germany", "capital", "--at", then]).done().contains("has"));
    place.run("path", &["germany", "capital"]).failed(1);
    for from in [&["--from", "germany", "--at", then][..], &["--at", then]] {
        assert!(place.run("rank", from).done().contains("capital"));
    }
    let export = place.run("export", &["--at", then]).done();
    assert_eq!(export.lines().count(), 3);
    assert!(export.contains("Bonn") && !export.contains("Berlin"), "{export}");
    assert!(place.run("search", &["bonn", "--at", then]).done().contains("Bonn"));
    place.run("search", &["bonn"]).failed(1);
    place.run("search", &["berlin", "--at", then]).failed(1);
    let near = place.run("search", &["--near", "germany", "--at", then]).done();
    assert!(near.contains("capital"), "{near}");
    // Merging changes nothing of it.
    place.run("compact", &[]).done();
    assert_eq!(place.run("export", &["--at", then]).done(), export);
}

#[test]
fn changes_are_told_in_their_order_and_in_pieces() {
    let place = place();
    let next: u64 = times(&place, "capital")[0].parse().unwrap();
    let then = &(next - 1).to_string();
    let all = place.run("changes", &["--since", "0", "--json"]).done();
    let all: Vec<_> = all.lines().map(json).collect();
    let what = |change: &serde_json::Value| change["change"].as_str().unwrap().to_owned();
    let named: Vec<_> = all.iter().map(what).collect();
    assert_eq!(named.iter().filter(|name| *name == "associate").count(), 1, "{named:?}");
    assert_eq!(named.last().unwrap(), "delete");
    assert_eq!(all.last().unwrap()["key"], "germany");
    let late = place.run("changes", &["--since", then, "--json"]).done();
    let late: Vec<_> = late.lines().map(json).collect();
    assert_eq!(late[0]["content"], "Berlin");
    let (mut pieces, mut since) = (Vec::new(), "0".to_owned());
    loop {
        let piece = place.run("changes", &["--since-seq", &since, "--limit", "2", "--json"]);
        let piece: Vec<_> = piece.done().lines().map(json).collect();
        let Some(last) = piece.last() else { break };
        since = last["seq"].to_string();
        pieces.extend(piece);
    }
    assert_eq!(pieces, all);
    assert!(place.run("changes", &["--since", "0"]).done().contains("germany -has-> capital"));
}

#[test]
fn without_history_the_past_is_refused_with_what_to_do() {
    let place = Place::with(r#"{"key":"a","content":"text"}"#);
    let refused = place.run("get", &["a", "--at", "2026-01-01"]).failed(1);
    assert!(refused.contains("keeps no history; set a retention"), "{refused}");
    place.run("changes", &["--since", "0"]).failed(1);
    assert_eq!(times(&place, "a").len(), 1);
    place.run("history", &["b"]).failed(1);
    place.run("retention", &["30d"]).done();
    assert_eq!(place.run("retention", &[]).done(), "30d\n");
    let refused = place.run("get", &["a", "--at", "2020-01-01"]).failed(1);
    let (_, since) = refused.split_once("only from ").unwrap();
    let (since, _) = since.split_once(" on; ask for a later time").unwrap();
    assert!(since.len() == "2026-03-01 12:30:00.000Z".len() && since.ends_with('Z'), "{refused}");
    place.run("get", &["a", "--at", since]).done();
    let refused = place.run("get", &["a", "--at", "-5"]).failed(2);
    assert!(refused.contains("before 1970"), "{refused}");
    place.run("retention", &["sometimes"]).failed(2);
    place.run("retention", &["latest"]).done();
    place.run("get", &["a", "--at", "2100-01-01"]).failed(1);
}
