//! The options that every command has.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;

use common::{Place, command, sutra};

fn events<const N: usize>(place: &Place, arguments: [&str; N], variable: Option<&str>) -> String {
    let mut command = command(arguments);
    command.arg(place.store());
    variable.map(|text| command.env("RUST_LOG", text));
    let run = common::Run::from(command.output().unwrap());
    assert_eq!(run.code, Some(0), "{}", run.err);
    run.err
}

#[test]
fn the_log_says_what_the_engine_does_on_standard_error() {
    let place = Place::with_excerpt();
    assert_eq!(events(&place, ["stats"], None), "");
    let info = events(&place, ["--log", "info", "compact"], None);
    assert!(info.contains("INFO") && info.contains("store opened"), "{info}");
    assert!(!info.contains("DEBUG"), "{info}");
    let debug = events(&place, ["compact", "--log", "debug"], None);
    assert!(debug.contains("INFO"), "behind the command as well: {debug}");
    let part = events(&place, ["stats", "--log", "sutra_lsm::open=debug"], None);
    assert!(part.contains("opened for reading"), "{part}");
    let other = events(&place, ["stats", "--log", "sutra_lsm::compaction=debug,warn"], None);
    assert_eq!(other, "");
    for level in ["loud", "sutra_lsm=loud", ""] {
        let error = sutra(["stats", &place.store(), "--log", level]).failed(2);
        assert!(error.contains("info") && error.contains("--log"), "{error}");
    }
}

#[test]
fn the_variable_counts_where_the_option_is_not_given() {
    let place = Place::with_excerpt();
    assert!(events(&place, ["compact"], Some("info")).contains("store opened"));
    assert_eq!(events(&place, ["--log", "error", "compact"], Some("trace")), "");
    assert_eq!(events(&place, ["compact"], Some("another_program=trace")), "");
    assert_eq!(events(&place, ["compact"], Some("=,=")), "", "it may be meant for another one");
}

#[test]
fn what_is_told_is_the_same_without_maps() {
    let place = Place::with_excerpt();
    let segment = place.store_file("seg_");
    let segment = segment.to_str().unwrap();
    let store = place.store();
    for arguments in [
        vec!["export", &store],
        vec!["stats", "--json", &store],
        vec!["segments", &store],
        vec!["verify", &store],
        vec!["health", "--scrub", &store],
        vec!["get", &store, "wn-02086723-n"],
        vec!["neighbors", &store, "wn-02086723-n"],
        vec!["inspect", segment],
    ] {
        let mapped = sutra(&arguments).done();
        let without = [&["--no-maps"], &arguments[..]].concat();
        assert_eq!(sutra(without).done(), mapped, "{arguments:?}");
        let behind = [&arguments[..], &["--no-maps"]].concat();
        assert_eq!(sutra(behind).done(), mapped, "{arguments:?}");
    }
    let [copy, back, saved] = ["copy", "back", "saved"].map(|name| place.path(name));
    let [copy, back, saved] = [&copy, &back, &saved].map(|path| path.to_str().unwrap());
    sutra(["backup", &store, copy, "--no-maps"]).done();
    sutra(["restore", copy, back, "--no-maps"]).done();
    sutra(["salvage", back, saved, "--no-maps"]).done();
    sutra(["compact", saved, "--no-maps"]).done();
    assert_eq!(sutra(["export", saved]).done(), place.export());
}

/// Addresses of maps are told by the system: a command that waits shows its own.
#[test]
fn without_maps_no_file_of_the_store_is_mapped() {
    let place = Place::with_excerpt();
    let mapped = |options: &[&str]| -> bool {
        let mut child = common::start([&["import", &place.store()], options].concat());
        let maps = format!("/proc/{}/maps", child.id());
        let mut seen = false;
        // It opens the store, and then waits for lines.
        let locked = || sutra(["compact", &place.store()]).code == Some(5);
        while !locked() {
            assert_eq!(child.try_wait().unwrap(), None);
        }
        let start = std::time::Instant::now();
        while !seen && start.elapsed().as_millis() < 300 {
            seen = fs::read_to_string(&maps).unwrap().contains("/seg_");
        }
        drop(child.stdin.take());
        assert!(child.wait().unwrap().success());
        seen
    };
    assert!(mapped(&[]));
    assert!(!mapped(&["--no-maps"]));
}
