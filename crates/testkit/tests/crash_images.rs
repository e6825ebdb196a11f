//! The crash images of the simulated directory, against a slow and obvious model of a disk.

use sutra_fs::{Dir, File, Name};
use sutra_testkit::{CrashPlan, Image, Profile, SimDir};

fn name(text: &str) -> Name {
    Name::new(text).expect("a plain name")
}

#[test]
fn what_was_synced_stays_and_what_was_not_may_go() {
    let dir = SimDir::new();
    let file = dir.create(&name("a")).unwrap();
    file.write_at(0, b"first").unwrap();
    file.sync().unwrap();
    dir.sync().unwrap();
    file.write_at(5, b"second").unwrap();
    let plan =
        CrashPlan { tears: sutra_testkit::Tears::None, ..CrashPlan::new(Profile::PosixWeak) };
    let found: Vec<_> =
        dir.crash_states(dir.op_count(), &plan).map(|image| image.read(&name("a"))).collect();
    assert_eq!(found, [Some(b"first".to_vec()), Some(b"firstsecond".to_vec())]);
    let mut durable = Image::new();
    durable.put(&name("a"), b"first");
    assert_eq!(dir.durable_image(), durable);
}
