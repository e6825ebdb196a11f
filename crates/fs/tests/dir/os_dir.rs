//! What only a real file system can show: what else may stand under a name, permissions, and
//! processes that die.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use sutra_fs::{Dir, ErrorKind, File, Name, Operation, OsDir, publish};
use tempfile::{TempDir, tempdir};

fn name(text: &str) -> Name {
    Name::new(text).expect("a plain name")
}

fn place() -> (TempDir, OsDir) {
    let place = tempdir().unwrap();
    let dir = OsDir::open(place.path()).unwrap();
    (place, dir)
}

/// A directory in which names stand for anything but a regular file.
fn odd_things() -> (TempDir, OsDir, Vec<Name>) {
    let (place, dir) = place();
    let path = |text: &str| place.path().join(text);
    fs::write(path("file"), b"abc").unwrap();
    symlink(path("file"), path("link")).unwrap();
    symlink(path("nothing"), path("dangling")).unwrap();
    fs::create_dir(path("directory")).unwrap();
    drop(UnixListener::bind(path("socket")).unwrap());
    assert!(Command::new("mkfifo").arg(path("fifo")).status().unwrap().success());
    (place, dir, ["link", "dangling", "directory", "socket", "fifo"].map(name).into())
}

/// The kernel syncs nothing of `/proc`, and says so.
#[test]
fn a_sync_asks_the_system_and_passes_on_what_it_says() {
    let dir = OsDir::open("/proc/self").unwrap();
    let error = dir.sync().expect_err("a directory of the kernel was synced");
    assert_eq!(error.operation, Operation::SyncDir, "{error}");
    let file = dir.open(&name("comm")).unwrap();
    let error = file.sync().expect_err("a file of the kernel was synced");
    assert_eq!(error.operation, Operation::Sync, "{error}");
}

/// Where the test below makes a directory, once it runs itself under strace.
const MADE: &str = "SUTRA_TEST_MADE";

#[test]
#[ignore = "needs strace"]
fn the_parents_of_a_directory_that_is_made_are_synced() {
    if let Some(path) = std::env::var_os(MADE) {
        OsDir::create(path).unwrap();
        return;
    }
    let (place, _) = place();
    let (top, trace) = (fs::canonicalize(place.path()).unwrap(), place.path().join("trace"));
    let status = Command::new("strace")
        .args(["-f", "-y", "-e", "trace=fsync", "-o"])
        .arg(&trace)
        .arg(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact"])
        .arg("os_dir::the_parents_of_a_directory_that_is_made_are_synced")
        .env(MADE, top.join("a/b"))
        .status()
        .unwrap();
    assert!(status.success());
    let trace = fs::read_to_string(trace).unwrap();
    for parent in [top.join("a"), top] {
        let call = format!("<{}>)", parent.display());
        let is_synced = |line: &str| line.contains(&call) && line.ends_with("= 0");
        assert!(trace.lines().any(is_synced), "{call}:\n{trace}");
    }
}

#[test]
fn only_regular_files_open() {
    let (_place, dir, odd) = odd_things();
    for name in odd {
        let error = dir.open(&name).expect_err(name.as_str());
        assert_eq!(error.kind, ErrorKind::NotAFile, "{error}");
        assert!(error.to_string().contains("a regular file must stand there"), "{error}");
    }
}

#[test]
fn only_regular_files_are_locked() {
    let (place, dir, odd) = odd_things();
    for name in odd {
        let error = dir.lock(&name).expect_err(name.as_str());
        assert_eq!(error.kind, ErrorKind::NotAFile, "{error}");
    }
    assert!(!place.path().join("nothing").exists(), "a link was followed");
}

#[test]
fn create_follows_no_link_and_replaces_nothing() {
    let (place, dir, odd) = odd_things();
    for name in odd {
        let error = dir.create(&name).expect_err(name.as_str());
        assert_eq!(error.kind, ErrorKind::AlreadyExists, "{error}");
    }
    assert!(!place.path().join("nothing").exists(), "a link was followed");
    assert_eq!(fs::read(place.path().join("file")).unwrap(), b"abc");
}

#[test]
fn publishing_replaces_a_link_and_not_what_it_leads_to() {
    let (place, dir, _) = odd_things();
    symlink(place.path().join("file"), place.path().join("link.tmp")).unwrap();
    publish(&dir, &name("link"), b"new").unwrap();
    assert_eq!(fs::read(place.path().join("file")).unwrap(), b"abc");
    assert_eq!(dir.open(&name("link")).unwrap().map().unwrap().as_ref(), b"new");
}

#[test]
fn names_that_the_store_would_not_make_are_left_out_of_the_list() {
    let (place, dir) = place();
    for text in ["Upper", ".hidden", "white space", "ok", "umlaut-\u{e4}"] {
        fs::write(place.path().join(text), b"").unwrap();
    }
    assert_eq!(dir.list().unwrap(), [name("ok")]);
}

#[test]
fn a_sealed_file_is_for_reading_only() {
    let (place, dir) = place();
    let file = dir.create(&name("a")).unwrap();
    let mode = || fs::metadata(place.path().join("a")).unwrap().permissions().mode() & 0o777;
    let before = mode();
    file.seal().unwrap();
    assert_eq!(mode(), before & 0o444);
    fs::set_permissions(place.path().join("a"), fs::Permissions::from_mode(0o600)).unwrap();
    file.seal().unwrap();
    assert_eq!(mode(), 0o400, "sealing shows a file to nobody who could not read it before");
}

#[test]
fn a_directory_is_made_with_its_parents_and_opened_when_it_is_there() {
    let place = tempdir().unwrap();
    let deep = place.path().join("a/b/c");
    let error = OsDir::open(&deep).unwrap_err();
    assert_eq!((error.kind, &error.path), (ErrorKind::NotFound, &deep));
    OsDir::create(&deep).unwrap().create(&name("file")).unwrap();
    assert_eq!(OsDir::create(&deep).unwrap().list().unwrap(), [name("file")]);
    let error = OsDir::open(deep.join("file")).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotAFile);
    assert!(error.to_string().ends_with("a directory must stand there"), "{error}");
    assert!(OsDir::create(deep.join("file")).is_err());
}

/// Where a child works; without it, the tests that are children have nothing to do.
const CHILD_PLACE: &str = "SUTRA_FS_CHILD_PLACE";

/// Runs one test of this file as a process of its own, until it has said a line with `ready`.
fn start_child(test: &str, place: &Path) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([&format!("os_dir::{test}"), "--exact", "--ignored", "--nocapture"])
        .env(CHILD_PLACE, place)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let ready = output.lines().any(|line| line.unwrap().contains("ready"));
    assert!(ready, "the child ended early");
    child
}

/// Says that the child is ready, and waits until the parent lets it go on.
fn meet_parent() {
    println!("\nready"); // On a line of its own, whatever the harness has begun to write.
    std::io::stdin().read_line(&mut String::new()).unwrap();
}

#[test]
#[ignore = "the child of the tests of locks"]
fn child_holds_the_lock() {
    let Some(place) = std::env::var_os(CHILD_PLACE) else { return };
    let _lock = OsDir::open(&place).unwrap().lock(&name("lock")).unwrap();
    meet_parent();
}

#[test]
fn a_lock_of_another_process_is_respected_and_goes_with_it() {
    let (place, dir) = place();
    for kill in [true, false] {
        let mut child = start_child("child_holds_the_lock", place.path());
        assert_eq!(dir.lock(&name("lock")).unwrap_err().kind, ErrorKind::Locked);
        if kill {
            child.kill().unwrap();
        }
        drop(child.stdin.take()); // Lets it go on.
        child.wait().unwrap();
        drop(dir.lock(&name("lock")).expect("the lock went with the process"));
    }
}

#[test]
#[ignore = "the child of the test of cut files"]
fn child_reads_a_map() {
    let Some(place) = std::env::var_os(CHILD_PLACE) else { return };
    let map = OsDir::open(&place).unwrap().open(&name("a")).unwrap().map().unwrap();
    meet_parent();
    assert_eq!(map.as_ref()[100_000], 7);
}

#[test]
fn cutting_a_mapped_file_kills_its_reader_as_documented() {
    let (place, dir) = place();
    publish(&dir, &name("a"), &[7; 200_000]).unwrap();
    for (length, signal) in [(200_000, None), (50_000, Some(libc::SIGBUS))] {
        let mut child = start_child("child_reads_a_map", place.path());
        let file = fs::OpenOptions::new().write(true).open(place.path().join("a")).unwrap();
        file.set_len(length).unwrap();
        drop(child.stdin.take());
        assert_eq!(child.wait().unwrap().signal(), signal);
    }
}

#[test]
fn a_copy_in_place_of_a_map_is_not_changed_with_its_file() {
    let (place, dir) = place();
    for length in [0, 1, 200_000] {
        publish(&dir, &name("a"), &vec![7; length]).unwrap();
        let copying = OsDir::open(place.path()).unwrap().without_maps();
        let copy = copying.open(&name("a")).unwrap().map().unwrap();
        let file = place.path().join("a");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        fs::OpenOptions::new().write(true).open(&file).unwrap().set_len(0).unwrap();
        assert_eq!(copy.as_ref(), vec![7; length]);
    }
}
