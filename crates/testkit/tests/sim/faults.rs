//! Faults on command, the full disk, and the power cut.

use sutra_fs::{Dir, ErrorKind, File};
use sutra_testkit::{CrashPlan, Fault, Note, Profile, SimDir, Times};

use crate::driver::name;

#[test]
fn a_fault_strikes_the_operation_it_was_planned_for_and_no_other() {
    for at in 0..5 {
        let dir = SimDir::new();
        dir.fail_at(at, Fault::Eio, Times::Once);
        let mut failed = Vec::new();
        let file = dir.create(&name("a"));
        failed.push(file.is_err());
        // A create that failed leaves no file: what comes next is done to another.
        let file = file.or_else(|_| dir.create(&name("b"))).unwrap();
        failed.extend([file.write_at(0, b"abc").is_err(), file.sync().is_err()]);
        failed.push(dir.sync().is_err());
        failed.push(file.seal().is_err());
        assert_eq!(failed.iter().position(|&failed| failed), Some(at));
        assert_eq!(failed.iter().filter(|&&failed| failed).count(), 1);
    }
}

#[test]
fn a_fault_that_lasts_strikes_everything_after_it_but_no_reading() {
    let dir = SimDir::new();
    let file = dir.create(&name("a")).unwrap();
    file.write_at(0, b"abc").unwrap();
    dir.fail_at(2, Fault::Enospc, Times::Forever);
    for _ in 0..3 {
        assert_eq!(file.write_at(3, b"def").unwrap_err().kind, ErrorKind::OutOfSpace);
        assert_eq!(dir.create(&name("b")).unwrap_err().kind, ErrorKind::OutOfSpace);
    }
    file.read_at(0, &mut [0; 3]).unwrap();
    dir.clear_faults();
    file.write_at(3, b"def").unwrap();
}

#[test]
fn a_fault_planned_for_a_note_strikes_the_next_operation() {
    let dir = SimDir::new();
    dir.fail_at(0, Fault::Eio, Times::Once);
    dir.note(Note::Issue(1));
    assert!(dir.sync().is_err());
    assert!(dir.sync().is_ok());
}

#[test]
fn reading_fails_on_command_and_leaves_no_trace_in_the_log() {
    let dir = SimDir::new();
    let file = dir.create(&name("a")).unwrap();
    file.write_at(0, b"abc").unwrap();
    let ops = dir.op_count();
    dir.fail_read_at(1, Fault::Eio, Times::Once);
    assert!(file.length().is_ok());
    assert!(file.read_at(0, &mut [0; 3]).is_err());
    assert!(file.read_at(0, &mut [0; 3]).is_ok());
    assert_eq!((dir.read_count(), dir.op_count()), (3, ops));
}

#[test]
fn a_write_that_fails_has_written_a_part_of_its_bytes() {
    let mut lengths = Vec::new();
    for at in 1..40 {
        let dir = SimDir::new();
        let file = dir.create(&name("a")).unwrap();
        (1..at).for_each(|_| dir.note(Note::Issue(0)));
        dir.fail_at(at, Fault::Eio, Times::Once);
        assert!(file.write_at(0, b"abcdef").is_err());
        let bytes = dir.image().read(&name("a")).unwrap();
        assert!(b"abcde".starts_with(&bytes), "{bytes:?}");
        lengths.push(bytes.len());
    }
    lengths.sort_unstable();
    lengths.dedup();
    assert_eq!(lengths, [0, 1, 2, 3, 4, 5]);
}

#[test]
fn what_a_failed_sync_left_out_is_never_certain_unless_it_is_written_again() {
    let dir = SimDir::new();
    let file = dir.create(&name("a")).unwrap();
    dir.sync().unwrap();
    file.write_at(0, b"abc").unwrap();
    dir.fail_at(dir.op_count(), Fault::Eio, Times::Once);
    assert!(file.sync().is_err());
    file.sync().unwrap();
    assert_eq!(dir.durable_image().read(&name("a")).unwrap(), b"");
    assert_eq!(dir.image().read(&name("a")).unwrap(), b"abc", "readers see what was written");
    file.write_at(1, b"B").unwrap();
    file.sync().unwrap();
    assert_eq!(dir.durable_image().read(&name("a")).unwrap(), b"\0B");
    let plan = CrashPlan::new(Profile::PosixWeak);
    let left = dir.crash_states(dir.op_count(), &plan);
    let mut left: Vec<_> = left.map(|image| image.read(&name("a")).unwrap()).collect();
    left.retain(|bytes| bytes[1] != b'B');
    assert_eq!(left, [[0; 0]; 0], "an older write never hides a later one");
    file.write_at(0, b"abc").unwrap();
    file.sync().unwrap();
    assert_eq!(dir.durable_image().read(&name("a")).unwrap(), b"abc");
}

#[test]
fn a_full_disk_takes_what_fits_and_works_again_when_there_is_room() {
    let dir = SimDir::new();
    dir.set_capacity(Some(10));
    let (a, b) = (dir.create(&name("a")).unwrap(), dir.create(&name("b")).unwrap());
    a.write_at(0, b"123456").unwrap();
    let error = b.write_at(0, b"123456").unwrap_err();
    assert_eq!(error.kind, ErrorKind::OutOfSpace);
    assert_eq!(dir.image().read(&name("b")).unwrap(), b"1234");
    a.write_at(0, b"654321").unwrap(); // In place, which takes no room.
    assert_eq!(a.write_at(4, b"abc").unwrap_err().kind, ErrorKind::OutOfSpace);
    assert_eq!(dir.image().read(&name("a")).unwrap(), b"6543ab");
    dir.remove(&name("b")).unwrap();
    a.write_at(6, b"7890").unwrap();
    dir.set_capacity(None);
    a.write_at(10, b"and more").unwrap();
}

#[test]
fn after_a_power_cut_nothing_works_and_nothing_changes() {
    let dir = SimDir::new();
    dir.cut_after(2);
    let file = dir.create(&name("a")).unwrap();
    file.write_at(0, b"abc").unwrap();
    let before = dir.image();
    assert!(file.write_at(0, b"def").is_err());
    assert!(file.sync().is_err() && dir.sync().is_err() && dir.list().is_err());
    assert!(dir.lock(&name("lock")).is_err() && file.read_at(0, &mut [0]).is_err());
    assert!(dir.rename(&name("a"), &name("b")).is_err() && dir.remove(&name("a")).is_err());
    dir.note(Note::Ack(1));
    assert_eq!((dir.op_count(), dir.image()), (2, before));
}

#[test]
fn a_kill_lets_nothing_be_done_and_takes_nothing_back() {
    let dir = SimDir::new();
    let lock = dir.lock(&name("lock")).unwrap();
    let file = dir.create(&name("a")).unwrap();
    file.write_at(0, b"abc").unwrap();
    let (ops, before) = (dir.op_count(), dir.image());
    dir.fail_at(ops, Fault::Eio, Times::Once);
    dir.kill(|| {
        assert!(file.write_at(0, b"def").is_err() && dir.remove(&name("a")).is_err());
        drop(lock);
    });
    assert_eq!((dir.op_count(), dir.image()), (ops, before));
    assert!(!dir.durable_image().contains(&name("a")), "what was not synced is not now");
    file.sync().expect_err("a fault that was to come does come");
    let _lock = dir.lock(&name("lock")).unwrap();
    file.sync().unwrap();

    dir.cut_after(dir.op_count());
    dir.kill(|| {});
    assert!(dir.sync().is_err(), "the power is off as it was");
}

#[test]
#[should_panic(expected = "after it was sealed")]
fn writing_to_a_sealed_file_is_a_bug() {
    let file = SimDir::new().create(&name("a")).unwrap();
    file.seal().unwrap();
    let _ = file.write_at(0, b"abc");
}

#[test]
fn a_crash_knows_what_was_begun_and_promised_before_it() {
    let dir = SimDir::new();
    dir.note(Note::Issue(1));
    let file = dir.create(&name("a")).unwrap();
    file.write_at(0, b"abc").unwrap();
    file.sync().unwrap();
    dir.sync().unwrap();
    dir.note(Note::Ack(1));
    dir.note(Note::Issue(2));
    let plan = CrashPlan::new(Profile::PosixWeak);
    for crash in dir.crashes(&plan) {
        assert_eq!(crash.acked, u64::from(crash.at_op > 5), "{crash:?}");
        assert!(crash.issued <= 1 || crash.at_op > 6);
        assert!(crash.acked == 0 || crash.image.read(&name("a")).as_deref() == Some(b"abc"));
    }
    assert!(dir.crashes(&plan).any(|crash| crash.acked == 1));
}
