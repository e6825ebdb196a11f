//! What a command does when nobody reads, and when nobody looks.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::common::{ASSOCIATIONS, CONCEPTS, Place};

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let place = Place::new();
    let concepts: String = (0..20_000).map(|n| format!("{{\"key\":\"{n:06}\"}}\n")).collect();
    let concepts = place.file("c.jsonl", concepts);
    place.import(&["--concepts", &concepts]).done();
    let mut child = crate::common::command(["export", &place.store()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    let mut reader = BufReader::with_capacity(16, child.stdout.take().unwrap());
    reader.read_line(&mut first).unwrap();
    drop(reader);
    assert_eq!(first, "{\"key\":\"000000\"}\n");
    crate::common::Run::from(child.wait_with_output().unwrap()).done();
}

#[test]
fn a_pipe_gets_neither_colours_nor_progress() {
    let place = Place::new();
    let import = ["--concepts", CONCEPTS, "--associations", ASSOCIATIONS];
    let runs = [
        place.import(&import),
        place.run("stats", &[]),
        place.run("segments", &[]),
        place.run("neighbors", &["wn-02086723-n"]),
        place.run("get", &["wn-02086723-n"]),
        place.run("compact", &[]),
        place.run("verify", &[]),
    ];
    for run in runs {
        let shown = run.done(); // Nothing on standard error either.
        assert!(!shown.is_empty() && !shown.contains('\u{1b}'), "{shown:?}");
    }
}

#[test]
fn the_exit_code_tells_the_answer_even_if_nobody_reads_it() {
    let place = Place::with(r#"{"key":"a"}"#);
    crate::common::flip(&place.store_file("seg_"), 4096);
    let unread = |arguments: [&str; 2]| {
        let (_, out) = std::io::pipe().unwrap();
        let (_, err) = std::io::pipe().unwrap(); // Their other ends are closed already.
        crate::common::command(arguments).stdout(out).stderr(err).status().unwrap().code()
    };
    assert_eq!(unread(["verify", &place.store()]), Some(1));
    assert_eq!(unread(["stats", &place.store()]), Some(4));
}
