//! `sutra expiry`: rules are set and shown, and what is expired is not.

use std::time::{Duration, SystemTime};

use crate::common::Place;

fn place() -> Place {
    Place::with(concat!(
        r#"{"key":"old","content":"a rumour"}"#,
        "\n",
        r#"{"key":"new","content":"a rumour"}"#,
        "\n",
        r#"{"source":"new","target":"old","type":"follows"}"#,
        "\n",
        r#"{"source":"new","target":"new","type":"meets"}"#,
    ))
}

#[test]
fn rules_are_set_shown_and_taken_away() {
    let place = place();
    let run = |arguments: &[&str]| place.run("expiry", arguments).done();
    assert_eq!(run(&[]), "nothing is forgotten\n");
    assert_eq!(run(&["--json"]), "");
    assert_eq!(run(&["--concepts", "--after", "30d"]), "concepts: after 30d\n");
    run(&["--associations", "--half-life", "36h", "--least", "0.1", "--after-end", "45s"]);
    run(&["--type", "meets", "--never"]);
    let shown = "concepts: after 30d\n\
                 associations: half-life 36h down to 0.1, or 45s after the end of validity\n\
                 type \"meets\": never\n";
    assert_eq!(run(&[]), shown);
    let lines = run(&["--json"]);
    assert_eq!(lines.lines().next(), Some(r#"{"of":"concepts","time_to_live":2592000000}"#));
    assert_eq!(lines.lines().nth(2), Some(r#"{"of":"type","type":"meets"}"#));
    run(&["--associations", "--unset"]);
    run(&["--concepts", "--never"]);
    assert_eq!(run(&["--type", "meets", "--unset"]), "nothing is forgotten\n");
    for wrong in [
        &["--concepts"][..],
        &["--after", "30d"],
        &["--concepts", "--associations", "--never"],
        &["--concepts", "--after", "30"],
        &["--concepts", "--after", "0d"],
        &["--concepts", "--half-life", "1d"],
        &["--concepts", "--never", "--after", "1d"],
    ] {
        assert!(place.run("expiry", wrong).failed(2).contains("--help"), "{wrong:?}");
    }
}

#[test]
fn what_is_expired_is_not_shown_and_is_gone_once_merged() {
    let place = place();
    place.run("invalidate", &["new", "meets", "new", "--at", "1000"]).done();
    let begun = SystemTime::now();
    while begun.elapsed().is_ok_and(|since| since < Duration::from_millis(1_100)) {
        std::thread::yield_now();
    }
    assert_eq!(place.export().lines().count(), 4);
    place.run("expiry", &["--type", "meets", "--after-end", "1s"]).done();
    assert_eq!(place.export().lines().count(), 3);
    place.run("expiry", &["--concepts", "--after", "1s"]).done();
    place.run("get", &["old"]).failed(1);
    place.run("search", &["rumour"]).failed(1);
    assert_eq!(place.export(), "");
    place.run("compact", &[]).done();
    place.run("expiry", &["--concepts", "--unset"]).done();
    place.run("expiry", &["--type", "meets", "--unset"]).done();
    assert_eq!(place.export(), "", "it was deleted");
}
