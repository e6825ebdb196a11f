//! Manifests on a disk that fails and loses its power: there is always a whole one, and the one
//! that was promised.

use std::collections::BTreeSet;

use crate::common::{forged, sample};
use sutra_format::FormatError;
use sutra_fs::{Dir, ErrorKind, FsError, Name};
use sutra_manifest::{Manifest, ManifestError, Problem};
use sutra_testkit::{CrashPlan, Fault, Image, Note, Profile, SimDir, Tears, Times};

fn previous() -> Name {
    Name::new(Manifest::PREVIOUS_NAME).expect("a plain name")
}

/// The sample after so many commits.
fn generation(commits: u64) -> Manifest {
    let mut manifest = sample();
    manifest.last_seq += commits;
    manifest
}

/// Which generation a manifest is of.
fn age(manifest: &Manifest) -> u64 {
    let commits = manifest.last_seq - sample().last_seq;
    assert_eq!(*manifest, generation(commits));
    commits
}

fn load(dir: &SimDir, name: &Name) -> Option<u64> {
    match Manifest::load_from(dir, name) {
        Ok(manifest) => Some(age(&manifest)),
        Err(ManifestError::Fs(FsError { kind: ErrorKind::NotFound, .. })) => None,
        Err(error) => panic!("{error}"),
    }
}

/// Both generations in a directory: of the manifest, and of the one that is kept beside it.
fn both(dir: &SimDir) -> (Option<u64>, Option<u64>) {
    (load(dir, &Manifest::name()), load(dir, &previous()))
}

#[test]
fn the_one_before_is_kept() {
    let dir = SimDir::new();
    assert_eq!(both(&dir), (None, None));
    for commits in 0..4 {
        generation(commits).publish(&dir).unwrap();
        assert_eq!(both(&dir), (Some(commits), commits.checked_sub(1)));
    }
    assert_eq!(dir.list().unwrap(), [Manifest::name(), previous()]);
}

#[test]
fn publishing_the_same_again_does_not_take_the_place_of_the_one_before() {
    let dir = SimDir::new();
    for commits in [0, 1, 1] {
        generation(commits).publish(&dir).unwrap();
    }
    assert_eq!(both(&dir), (Some(1), Some(0)));
}

#[test]
fn a_power_cut_leaves_a_whole_manifest_never_older_than_promised() {
    for profile in [Profile::PosixWeak, Profile::Ext4Like] {
        let dir = SimDir::new();
        for commits in 0..4 {
            dir.note(Note::Issue(commits + 1));
            generation(commits).publish(&dir).unwrap();
            dir.note(Note::Ack(commits + 1));
        }
        let plan = CrashPlan { tears: Tears::Bytes, ..CrashPlan::new(profile) };
        let mut seen = BTreeSet::new();
        for crash in dir.crashes(&plan) {
            let left = both(&SimDir::from_image(&crash.image));
            let now = left.0.map_or(0, |commits| commits + 1);
            assert!((crash.acked..=crash.issued).contains(&now), "{crash:?}");
            seen.insert(left);
        }
        let wanted = (0..4).map(|commits: u64| (Some(commits), commits.checked_sub(1)));
        let between = (0..3).map(|commits| (Some(commits), Some(commits)));
        assert_eq!(seen, wanted.chain(between).chain([(None, None)]).collect());
    }
}

#[test]
fn every_failing_operation_is_an_error_and_leaves_the_old_or_the_new_one() {
    let before = SimDir::new();
    generation(0).publish(&before).unwrap();
    let before = before.image();
    let clean = SimDir::from_image(&before);
    generation(1).publish(&clean).unwrap();
    for at in 0..clean.op_count() {
        for fault in [Fault::Eio, Fault::Enospc] {
            for times in [Times::Once, Times::Forever] {
                let dir = SimDir::from_image(&before);
                dir.fail_at(at, fault, times);
                let error = generation(1).publish(&dir).unwrap_err();
                assert!(matches!(error, ManifestError::Fs(_)), "operation {at}: {error}");
                dir.clear_faults();
                assert!(matches!(both(&dir).0, Some(0 | 1)), "operation {at}");
                for crash in dir.crashes(&CrashPlan::new(Profile::PosixWeak)) {
                    let left = both(&SimDir::from_image(&crash.image));
                    assert!(matches!(left.0, Some(0 | 1)), "operation {at}: {left:?}");
                }
            }
        }
    }
    assert!(clean.op_count() > 10, "two files are synced and renamed");
}

#[test]
fn every_failing_read_is_an_error_and_changes_nothing() {
    let dir = SimDir::new();
    generation(0).publish(&dir).unwrap();
    let before = dir.image();
    let clean = SimDir::from_image(&before);
    Manifest::load_from(&clean, &Manifest::name()).unwrap();
    for read in 0..clean.read_count() {
        let dir = SimDir::from_image(&before);
        dir.fail_read_at(read, Fault::Eio, Times::Once);
        let error = Manifest::load_from(&dir, &Manifest::name()).unwrap_err();
        assert!(matches!(error, ManifestError::Fs(_)), "read {read}: {error}");
        assert_eq!(error.path(), error.fs().map(|error| &*error.path), "read {read}");
        assert!(error.format().is_none(), "read {read}");

        let dir = SimDir::from_image(&before);
        dir.fail_read_at(read, Fault::Emfile, Times::Once);
        let error = generation(1).publish(&dir).unwrap_err();
        assert!(matches!(error, ManifestError::Fs(_)), "read {read}: {error}");
        assert_eq!(dir.image(), before);
    }
    assert_eq!(clean.read_count(), 3, "open, length, read");
}

#[test]
fn a_damaged_manifest_never_takes_the_place_of_the_last_good_one() {
    let dir = SimDir::new();
    generation(0).publish(&dir).unwrap();
    generation(1).publish(&dir).unwrap();
    let mut image = dir.image();
    image.flip(&Manifest::name(), 300);
    let dir = SimDir::from_image(&image);
    generation(2).publish(&dir).unwrap();
    assert_eq!(both(&dir), (Some(2), Some(0)));
}

#[test]
fn a_manifest_of_a_newer_version_is_not_replaced() {
    let mut image = Image::new();
    image.put(&Manifest::name(), &forged("\"version\": 1", "\"version\": 2"));
    let dir = SimDir::from_image(&image);
    let error = sample().publish(&dir).unwrap_err();
    let newer = Problem::Format(FormatError::UnknownVersion { version: 2 });
    assert_eq!(error.format(), Some(&FormatError::UnknownVersion { version: 2 }));
    assert!(error.fs().is_none(), "{error}");
    let path = error.path().expect("the file").to_owned();
    assert_eq!(path.file_name(), Some(Manifest::name().as_str().as_ref()));
    assert!(matches!(error, ManifestError::Unusable { problem, .. } if problem == newer));
    assert_eq!(dir.image(), image);
}

#[test]
fn what_breaks_a_rule_is_not_written() {
    let dir = SimDir::new();
    generation(0).publish(&dir).unwrap();
    let before = dir.op_count();
    let mut broken = generation(1);
    broken.journal_floor = Some(100);
    let error = broken.publish(&dir).unwrap_err();
    assert!(matches!(error, ManifestError::Refused { .. }));
    assert_eq!(dir.op_count(), before);
}
