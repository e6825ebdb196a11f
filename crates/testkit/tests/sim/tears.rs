//! Which images are made of torn writes.

use std::collections::BTreeSet;

use sutra_testkit::{CrashPlan, Logged, Op, Profile, SimDir, Tears};

use crate::driver::Step::{Create, Sync, SyncDir, Write};
use crate::driver::Which::{Newest, Oldest};
use crate::driver::{Step, run};
use crate::model::{Files, Tear, every_image, files_of, pending_and_certain, play};

/// Garbage after a cut ends after so many bytes.
const JUNK_BYTES_MAX: usize = 1024;

fn cuts(offset: usize, length: usize, tears: Tears) -> BTreeSet<usize> {
    let in_sectors = (0..length).filter(|cut| *cut == 0 || (offset + cut).is_multiple_of(512));
    let mut cuts: BTreeSet<usize> = in_sectors.collect();
    if tears == Tears::Bytes {
        cuts.extend([1, 4, 8, 15, 16, 17, length / 2, length - 1]);
        cuts.retain(|&cut| cut < length);
    }
    cuts
}

/// Calls `see` for each torn write, with what else is kept and where it is cut.
fn for_each_tear(log: &[Logged], tears: Tears, mut see: impl FnMut(usize, &[usize], usize)) {
    let (pending, certain) = pending_and_certain(log, Profile::PosixWeak);
    for (index, &at) in pending.iter().enumerate() {
        let Op::Write { data, .. } = &log[at].op else { continue };
        let offset = usize::try_from(data.offset()).expect("a small offset");
        for cut in cuts(offset, data.bytes().len(), tears) {
            for kept in [&pending[..=index], &pending[..]] {
                see(at, &[&certain, kept].concat(), cut);
            }
        }
    }
}

/// Every image with one short or zero-filled write, and the untorn ones.
fn expected(log: &[Logged], tears: Tears) -> BTreeSet<Files> {
    let mut images = every_image(log, Profile::PosixWeak);
    for_each_tear(log, tears, |at, kept, cut| {
        let kept = |at| kept.contains(&at);
        let short: &dyn Fn(&mut Vec<u8>) = &|bytes| bytes.truncate(cut);
        let zeros: &dyn Fn(&mut Vec<u8>) = &|bytes| bytes[cut..].fill(0);
        images.extend([short, zeros].map(|tear| play(log, kept, Some(&Tear { at, tear }))));
    });
    images
}

/// Is `files` an image with one write that ends in garbage? Then the image agrees with the one of
/// the whole write where that is not garbage.
fn ends_in_junk(log: &[Logged], tears: Tears, files: &Files) -> bool {
    let mut found = false;
    for_each_tear(log, tears, |at, kept, cut| {
        let kept = |at| kept.contains(&at);
        let played = |mark: u8| {
            let tear = |bytes: &mut Vec<u8>| {
                bytes.truncate(cut + JUNK_BYTES_MAX);
                bytes[cut..].fill(mark);
            };
            play(log, kept, Some(&Tear { at, tear: &tear }))
        };
        let (low, high) = (played(0), played(0xff));
        found |= files.keys().eq(low.keys())
            && files.iter().all(|(name, bytes)| {
                let (low, high) = (&low[name], &high[name]);
                let fits = |at: usize| low[at] != high[at] || bytes[at] == low[at];
                bytes.len() == low.len() && (0..bytes.len()).all(fits)
            });
    });
    found
}

#[track_caller]
fn check(tears: Tears, steps: &[Step]) {
    let dir = SimDir::new();
    run(&dir, steps);
    let plan = CrashPlan {
        tears,
        tears_per_write: usize::MAX,
        random: 0,
        ..CrashPlan::new(Profile::PosixWeak)
    };
    let found = dir.crash_states(dir.op_count(), &plan).map(|image| files_of(&image));
    let found: BTreeSet<Files> = found.collect();
    let expected = expected(&dir.ops(), tears);
    let missing = expected.difference(&found).count();
    assert_eq!(missing, 0, "of {} images", expected.len());
    let mut junk = 0;
    for files in found.difference(&expected) {
        assert!(ends_in_junk(&dir.ops(), tears, files), "an image that nothing explains");
        junk += 1;
    }
    assert!(junk > 0, "no write ends in garbage");
}

#[test]
fn a_write_to_a_new_file_is_torn_at_every_sector() {
    check(Tears::Sectors, &[Create("a"), SyncDir, Write(Newest, 0, 2_600)]);
}

#[test]
fn a_write_over_synced_bytes_is_torn_within_its_range_only() {
    let before = [Create("a"), SyncDir, Write(Newest, 0, 3_000), Sync(Newest)];
    check(Tears::Sectors, &[&before[..], &[Write(Newest, 700, 1_500)]].concat());
    check(Tears::Bytes, &[&before[..], &[Write(Newest, 700, 30)]].concat());
}

#[test]
fn a_torn_write_stands_before_and_after_others() {
    let steps = [
        Create("a"),
        SyncDir,
        Write(Oldest, 0, 40),
        Create("b"),
        Write(Newest, 100, 1_300),
        Write(Oldest, 20, 700),
    ];
    check(Tears::Sectors, &steps);
    check(Tears::Bytes, &steps);
}

#[test]
fn small_writes_are_torn_at_every_byte_near_their_ends() {
    check(Tears::Bytes, &[Create("a"), SyncDir, Write(Newest, 0, 9), Write(Newest, 9, 24)]);
}

#[test]
fn chance_tears_several_writes_at_once() {
    let dir = SimDir::new();
    run(&dir, &[Create("a"), SyncDir, Write(Newest, 0, 2_000), Write(Newest, 2_000, 2_000)]);
    let plan = CrashPlan { random: 200, ..CrashPlan::new(Profile::PosixWeak) };
    let both_torn = dir.crash_states(dir.op_count(), &plan).any(|image| {
        let files = files_of(&image);
        let Some(bytes) = files.get("a").filter(|bytes| bytes.len() == 4_000) else { return false };
        bytes[1_999] == 0 && bytes[0] != 0 && bytes[3_999] == 0 && bytes[2_000] != 0
    });
    assert!(both_torn);
}
