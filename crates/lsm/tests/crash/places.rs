//! What stands in the place of a file, on a real file system: a directory, a pipe, a link to a copy,
//! a link to zeros without end, nothing.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use sutra_fs::OsDir;

use crate::damage::{Answer, Store, on_disk};

/// Opening must end: what opens a pipe can wait for ever.
const TIME_MAX: Duration = Duration::from_secs(60);

/// Puts something in the place of the file, which was moved away.
type Place = fn(path: &Path, moved: &Path);

const PLACES: [(&str, Place); 6] = [
    ("a directory", |path, _| std::fs::create_dir(path).unwrap()),
    ("a pipe", |path, _| {
        assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    }),
    ("a link to a copy", |path, moved| symlink(moved, path).unwrap()),
    ("a link to zeros", |path, _| symlink("/dev/zero", path).unwrap()),
    ("a link to nothing", |path, _| symlink("nowhere", path).unwrap()),
    ("an empty file", |path, _| std::fs::write(path, "").unwrap()),
];

/// What a reader and a writer say to a store in which this stands in the place of a file.
fn answers(store: &Store, name: &str, place: Place) -> [Answer; 2] {
    [true, false].map(|is_reader| {
        let (folder, elsewhere) = (on_disk(&store.image), tempfile::tempdir().unwrap());
        let (path, moved) = (folder.path().join(name), elsewhere.path().join("moved"));
        std::fs::copy(&path, &moved).unwrap();
        std::fs::remove_file(&path).unwrap();
        place(&path, &moved);
        let dir = OsDir::open(folder.path()).unwrap();
        if is_reader { store.reader(dir) } else { store.writer(dir) }
    })
}

#[test]
fn whatever_stands_in_the_place_of_a_file_is_refused_by_name_or_not_needed() {
    let (done, waits) = mpsc::channel();
    let work = std::thread::spawn(move || {
        let mut refused = 0;
        for store in [Store::closed(), Store::killed()] {
            for name in store.names() {
                for (what, place) in PLACES {
                    let [reader, writer] = answers(&store, name.as_str(), place);
                    refused += usize::from(matches!(reader, Answer::Refusal(_)));
                    refused += usize::from(matches!(writer, Answer::Refusal(_)));
                    for answer in [reader, writer] {
                        answer.names(name.as_str(), &format!("{what} in place of {name}"));
                    }
                }
            }
        }
        done.send(()).unwrap();
        refused
    });
    let ended = waits.recv_timeout(TIME_MAX);
    assert!(!matches!(ended, Err(mpsc::RecvTimeoutError::Timeout)), "opening does not end");
    // Every file but the lock and the manifest before is needed, whatever stands there.
    assert!(work.join().unwrap() >= 70);
}
