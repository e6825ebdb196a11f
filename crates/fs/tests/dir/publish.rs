//! `publish` on a disk that fails and loses its power: under the name there is always the old file
//! or the new one, whole, and the new one once it was promised.

use sutra_fs::{Dir, ErrorKind, File, Name, Staged, publish};
use sutra_testkit::{CrashPlan, Fault, Image, Note, Profile, SimDir, Tears, Times};

const PROFILES: [Profile; 2] = [Profile::PosixWeak, Profile::Ext4Like];

fn name(text: &str) -> Name {
    Name::new(text).expect("a plain name")
}

/// Long enough to be torn in several places.
fn new_bytes() -> Vec<u8> {
    (0..1_500_u32).flat_map(u32::to_le_bytes).collect()
}

/// A directory with the old file, and perhaps with what an earlier attempt left.
fn before(leftover: bool) -> SimDir {
    let mut image = Image::new();
    image.put(&name("file"), b"old");
    if leftover {
        image.put(&name("file.tmp"), b"left by a crash");
    }
    SimDir::from_image(&image)
}

/// Checks everything that a power cut at any time can leave.
#[track_caller]
fn check(dir: &SimDir, profile: Profile) -> usize {
    let plan =
        CrashPlan { tears: Tears::Bytes, tears_per_write: usize::MAX, ..CrashPlan::new(profile) };
    let mut survivors = 0;
    for crash in dir.crashes(&plan) {
        let file = crash.image.read(&name("file")).expect("there is always a file of the name");
        let is_new = file == new_bytes();
        assert!(is_new || file == b"old", "cut after {}: {:?}", crash.at_op, crash.image);
        assert!(is_new || crash.acked == 0, "cut after {}: the promise is broken", crash.at_op);
        assert!(crash.image.names().all(|name| name.as_str().starts_with("file")));
        survivors += 1;
    }
    survivors
}

#[test]
fn a_power_cut_leaves_the_new_file_or_an_unpromised_old_one() {
    for leftover in [false, true] {
        for profile in PROFILES {
            let dir = before(leftover);
            publish(&dir, &name("file"), &new_bytes()).unwrap();
            dir.note(Note::Ack(1));
            let survivors = check(&dir, profile);
            assert!(survivors > 50, "{survivors} images are too few to mean anything");
            assert_eq!(dir.durable_image().read(&name("file")), Some(new_bytes()));
        }
    }
}

#[test]
fn an_error_at_any_operation_keeps_the_old_file_or_shows_the_new_one() {
    let clean = before(true);
    publish(&clean, &name("file"), &new_bytes()).unwrap();
    for at in 0..clean.op_count() {
        for times in [Times::Once, Times::Forever] {
            let dir = before(true);
            dir.fail_at(at, Fault::Eio, times);
            assert!(publish(&dir, &name("file"), &new_bytes()).is_err(), "operation {at}");
            for profile in PROFILES {
                check(&dir, profile);
            }
            // The leftover stays if it cannot be removed (operation 0), and so does what was
            // staged (from operation 1 on), unless it was renamed and only the last sync failed.
            let stays = times == Times::Forever && (2..clean.op_count() - 1).contains(&at);
            assert_eq!(dir.image().contains(&name("file.tmp")), at == 0 || stays, "operation {at}");
        }
    }
}

#[test]
fn a_power_cut_during_publish_is_an_error() {
    let clean = before(false);
    publish(&clean, &name("file"), &new_bytes()).unwrap();
    for at in 0..clean.op_count() {
        let dir = before(false);
        dir.cut_after(at);
        assert!(publish(&dir, &name("file"), &new_bytes()).is_err(), "operation {at}");
        for profile in PROFILES {
            check(&dir, profile);
        }
    }
}

#[test]
fn a_full_disk_keeps_the_old_file_and_gets_its_room_back() {
    let dir = before(false);
    dir.set_capacity(Some(3_000));
    let error = publish(&dir, &name("file"), &new_bytes()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::OutOfSpace);
    assert_eq!(dir.list().unwrap(), [name("file")]);
    publish(&dir, &name("file"), b"shorter").unwrap();
    assert_eq!(dir.image().read(&name("file")).unwrap(), b"shorter");
}

/// The recipe with one step left out. What finds none of these mistakes proves nothing above.
fn publish_without(step: usize, dir: &SimDir) {
    let file = Staged::create(dir, &name("file")).unwrap();
    file.file().write_at(0, &new_bytes()).unwrap();
    if step != 0 {
        file.file().sync().unwrap();
    }
    if step != 1 {
        dir.sync().unwrap();
    }
    dir.rename(&name("file.tmp"), &name("file")).unwrap();
    if step != 2 {
        dir.sync().unwrap();
    }
    dir.note(Note::Ack(1));
}

#[test]
#[should_panic(expected = "cut after")]
fn without_the_sync_of_the_file_the_check_fails() {
    let dir = before(false);
    publish_without(0, &dir);
    check(&dir, Profile::PosixWeak);
}

#[test]
#[should_panic(expected = "the promise is broken")]
fn without_the_last_sync_of_the_directory_the_check_fails() {
    let dir = before(false);
    publish_without(2, &dir);
    check(&dir, Profile::Ext4Like);
}
