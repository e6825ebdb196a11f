//! Calls that are not made as they are asked for.

use std::sync::Arc;

use sutra_fs::{Dir, ErrorKind, File, Name, Operation};
use sutra_testkit::{Fault, Op, SimDir, Times, Twist};

fn name() -> Name {
    Name::new("a").expect("a plain name")
}

/// A directory in which every call of this kind is twisted, and what it says about its log.
fn twisted(operation: Operation, twist: Twist) -> SimDir {
    let dir = SimDir::new();
    dir.twist(Arc::new(move |call| match call.operation == operation {
        true => twist,
        false => Twist::Straight,
    }));
    dir
}

fn log(dir: &SimDir) -> Vec<String> {
    dir.ops().iter().map(ToString::to_string).collect()
}

#[test]
fn a_call_that_is_skipped_is_said_to_have_worked_and_leaves_nothing() {
    let dir = twisted(Operation::Sync, Twist::Skipped);
    let file = dir.create(&name()).unwrap();
    file.write_at(0, b"lost").unwrap();
    file.sync().unwrap();
    dir.sync().unwrap();
    assert_eq!(log(&dir).len(), 3, "{:?}", log(&dir));
    assert_eq!(dir.durable_image().length(&name()), 0);
}

#[test]
fn a_call_that_is_believed_fails_in_the_log_only() {
    let dir = twisted(Operation::SyncDir, Twist::Believed);
    drop(dir.create(&name()).unwrap());
    dir.fail_at(1, Fault::Eio, Times::Once);
    dir.sync().unwrap();
    assert_eq!(log(&dir)[1], "sync the directory (failed)");
}

#[test]
fn a_call_that_is_retried_fails_only_if_it_fails_twice() {
    let dir = twisted(Operation::SyncDir, Twist::Retried);
    dir.fail_at(0, Fault::Eio, Times::Once);
    dir.sync().unwrap();
    assert_eq!(log(&dir), ["sync the directory (failed)", "sync the directory"]);
    dir.fail_at(2, Fault::Eio, Times::Forever);
    assert_eq!(dir.sync().unwrap_err().kind, ErrorKind::Other);
}

#[test]
fn a_call_that_is_late_is_made_after_so_many_others() {
    let dir = twisted(Operation::Write, Twist::Late(2));
    let file = dir.create(&name()).unwrap();
    file.write_at(0, b"late").unwrap();
    file.sync().unwrap();
    assert_eq!(file.length().unwrap(), 0);
    dir.sync().unwrap();
    let late = ["sync file 0", "sync the directory", "write 4 bytes at 0 of file 0"];
    assert_eq!(log(&dir)[1..], late);
    assert_eq!(dir.image().read(&name()).as_deref(), Some(&b"late"[..]));
}

#[test]
fn a_write_can_be_halved_or_go_beside_its_place() {
    for (twist, expected) in [(Twist::Halved, &b"by"[..]), (Twist::Beside(2), b"\0\0byte")] {
        let dir = twisted(Operation::Write, twist);
        dir.create(&name()).unwrap().write_at(0, b"byte").unwrap();
        assert_eq!(dir.image().read(&name()).as_deref(), Some(expected));
    }
}

#[test]
fn the_rule_sees_the_name_the_bytes_and_what_was_done_before() {
    let dir = SimDir::new();
    dir.twist(Arc::new(|call| {
        let is_first = matches!(call.before(), Some(Op::Link { .. }));
        assert_eq!(call.name, Some(&name()));
        assert_eq!(call.bytes, if is_first { b"one" } else { b"two" });
        if is_first { Twist::Straight } else { Twist::Skipped }
    }));
    let file = dir.create(&name()).unwrap();
    file.write_at(0, b"one").unwrap();
    file.write_at(0, b"two").unwrap();
    assert_eq!(dir.image().read(&name()).as_deref(), Some(&b"one"[..]));
}
