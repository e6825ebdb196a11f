//! Every exit code, and that messages say what, where and what to do.

use std::fs;

use crate::common::{CONCEPTS, Place, flip, json, sutra};

const READING: [&str; 9] =
    ["get", "neighbors", "path", "rank", "export", "stats", "segments", "compact", "verify"];

/// The arguments of a command that reads a store.
fn arguments<'a>(command: &'a str, store: &'a str) -> Vec<&'a str> {
    let mut arguments = vec![command, store];
    match command {
        "get" | "neighbors" => arguments.push("a"),
        "path" => arguments.extend(["a", "a"]),
        _ => {}
    }
    arguments
}

#[test]
fn wrong_use_gives_2_and_a_word_about_the_right_one() {
    for wrong in [
        vec!["no-such-command"],
        vec!["get", "store"],
        vec!["import", "store", "--on-error", "whatever"],
        vec!["neighbors", "store", "a", "--limit", "many"],
        vec!["stats"],
    ] {
        let error = sutra(&wrong).failed(2);
        assert!(error.contains("--help"), "{wrong:?}: {error}");
    }
    let error = sutra(["import", "store", "--concepts", "-", "--associations", "-"]).failed(2);
    assert!(error.contains("only one of"), "{error}");
    assert!(sutra::<&str>([]).failed(2).contains("Usage: sutra"));
}

#[test]
fn help_explains_every_command_and_the_exit_codes() {
    let help = sutra(["--help"]).done();
    for command in READING.into_iter().chain(["import", "inspect", "demo", "Exit codes:"]) {
        assert!(help.contains(command), "{help} lacks {command}");
    }
    for command in READING.into_iter().chain(["import", "inspect", "demo"]) {
        assert!(sutra([command, "--help"]).done().contains("Usage: sutra"));
    }
    let help = sutra(["import", "--help"]).done();
    assert!(help.contains("simply run again"), "{help}");
    let example = help.lines().find(|line| line.trim_start().starts_with("{\"key\"")).unwrap();
    assert_eq!(Place::with(example).export(), format!("{}\n", example.trim()));
    assert!(sutra(["--version"]).done().starts_with("sutra "));
}

#[test]
fn a_store_that_is_not_there_gives_3_and_is_not_made() {
    let place = Place::new();
    for command in READING {
        let error = sutra(arguments(command, &place.store())).failed(3);
        assert!(error.starts_with("sutra: ") && error.contains(&place.store()), "{error}");
    }
    assert!(!place.path("store").exists());
    fs::create_dir(place.path("store")).unwrap();
    for command in READING {
        let error = sutra(arguments(command, &place.store())).failed(3);
        assert!(error.contains("no store here"), "{command}: {error}");
    }
    assert_eq!(fs::read_dir(place.path("store")).unwrap().count(), 0);
    let file = place.file("file", "");
    sutra(["stats", &file]).failed(3);
    sutra(["import", &file]).failed(3);
}

#[test]
fn a_second_writer_gives_5_and_readers_go_on() {
    let place = Place::with(r#"{"key":"a"}"#);
    let writer = sutra_storage::Store::open(place.store()).unwrap();
    for run in [place.import(&["--concepts", CONCEPTS]), place.run("compact", &[])] {
        let error = run.failed(5);
        assert!(error.contains("another writer has this store open"), "{error}");
        assert!(error.contains("open it for reading, or wait"), "{error}");
    }
    for command in READING.into_iter().filter(|command| *command != "compact") {
        sutra(arguments(command, &place.store())).done();
    }
    writer.close().unwrap();
    place.run("compact", &[]).done();
}

#[test]
fn a_damaged_store_gives_4_to_those_who_read_and_1_to_verify() {
    let place = Place::with("{\"key\":\"a\",\"content\":\"text\"}\n");
    let path = place.store_file("seg_");
    let file = path.to_str().unwrap();
    flip(&path, 4096);
    for command in ["get", "export", "stats"] {
        let error = sutra(arguments(command, &place.store())).failed(4);
        assert!(error.contains(file), "{command}: {error}");
    }
    let run = place.run("verify", &[]);
    let shown = run.out.clone();
    assert_eq!(run.failed(1), "");
    assert!(
        shown.contains("damaged") && shown.contains(file) && shown.contains("byte 4096"),
        "{shown}"
    );
    let report = json(&place.run("verify", &["--json"]).out);
    let damage = &report["damages"][0];
    assert_eq!(
        (&report["intact"], &damage["file"], &damage["offset"]),
        (&false.into(), &file.into(), &4096.into())
    );
    assert!(damage["reason"].as_str().unwrap().contains("checksum"), "{report}");
}

#[test]
fn a_store_too_damaged_to_open_gives_1_to_verify() {
    let place = Place::with("{\"key\":\"a\"}\n");
    for name in ["seg_", "manifest.json"] {
        let path = place.store_file(name);
        let whole = fs::read(&path).unwrap();
        flip(&path, 30);
        let run = place.run("verify", &["--json"]);
        assert_eq!(run.code, Some(1), "{name}: {}", run.err);
        let report = json(&run.out);
        assert_eq!(report["damages"][0]["file"], path.to_str().unwrap());
        place.run("stats", &[]).failed(4);
        place.import(&["--concepts", CONCEPTS]).failed(4);
        fs::remove_file(&path).unwrap();
        fs::write(&path, whole).unwrap();
    }
    assert!(place.run("verify", &[]).done().contains("intact"));
}

#[test]
fn verify_finds_a_byte_changed_anywhere() {
    let place = Place::with("{\"key\":\"a\",\"content\":\"text\",\"vector\":[1,2]}\n");
    let mut files: Vec<_> = place.store_files("");
    files.retain(|path| !path.ends_with("lock"));
    assert!(files.len() >= 3, "{files:?}");
    for path in files {
        let whole = fs::read(&path).unwrap();
        for offset in (0..whole.len()).step_by(whole.len() / 23 + 1) {
            flip(&path, offset);
            let run = place.run("verify", &["--json"]);
            assert_eq!(run.code, Some(1), "{} byte {offset}: {}", path.display(), run.out);
            let file = json(&run.out)["damages"][0]["file"].clone();
            assert_eq!(file, path.to_str().unwrap(), "byte {offset}");
            fs::remove_file(&path).unwrap();
            fs::write(&path, &whole).unwrap();
        }
    }
    place.run("verify", &[]).done();
}

#[test]
fn a_file_that_is_not_the_stores_is_no_damage() {
    let place = Place::with(r#"{"key":"a"}"#);
    place.file("store/notes.txt", "mine");
    let shown = place.run("verify", &[]).done();
    assert!(shown.contains("notes.txt, which is no file of the store"), "{shown}");
    let report = json(&place.run("verify", &["--json"]).done());
    assert_eq!(report["foreign"], serde_json::json!(["notes.txt"]));
}

#[test]
fn an_output_that_cannot_be_written_is_an_error() {
    let place = Place::with(r#"{"key":"a"}"#);
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let run = crate::common::command(["export", &place.store()]).stdout(full).output().unwrap();
    let error = crate::common::Run::from(run).failed(6);
    assert!(error.starts_with("sutra: standard output: "), "{error}");
    let error = place.run("export", &["--concepts", "/nowhere/out"]).failed(3);
    assert!(error.starts_with("sutra: /nowhere/out: "), "{error}");
    assert_eq!(place.run("export", &["--concepts", "/dev/full"]).code, Some(6));
    place.run("export", &["--concepts", "/dev/null"]).done();
    assert!(!fs::metadata("/dev/null").unwrap().is_file(), "a device is not replaced by a file");
}
