//! The options that every command has.

use std::fs;
use std::io::Read;

use crate::common::{Place, command, sutra};

fn events<const N: usize>(place: &Place, arguments: [&str; N], variable: Option<&str>) -> String {
    let mut command = command(arguments);
    command.arg(place.store());
    variable.map(|text| command.env("RUST_LOG", text));
    let run = crate::common::Run::from(command.output().unwrap());
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

#[test]
fn without_maps_no_file_of_the_store_is_mapped() {
    let lines: String = (0..5000)
        .map(|n| format!("{{\"key\":\"{n}\",\"content\":\"{}\"}}\n", "text ".repeat(20)))
        .collect();
    let place = Place::with(&lines);
    let maps_a_segment = |options: &[&str]| {
        let mut child = crate::common::start([&["export", &*place.store()], options].concat());
        // It tells its maps once it writes, and writes more than a pipe takes.
        child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        let maps = fs::read_to_string(format!("/proc/{}/maps", child.id())).unwrap();
        assert!(maps.contains("/sutra"), "of a process that runs: {maps}");
        child.kill().unwrap();
        child.wait().unwrap();
        maps.contains("/seg_")
    };
    assert!(maps_a_segment(&[]));
    assert!(!maps_a_segment(&["--no-maps"]));
}
