//! Replays the stored inputs of the fuzzers, through the same functions: no panic, no more memory
//! than four times the files and 16 MiB.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod runs;
#[expect(unreachable_pub, reason = "elsewhere it is a library")]
#[path = "../../../../fuzz/src/lib.rs"]
mod targets;

use std::fs;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;
use sutra_format::journal::{FrameHeader, FrameKind};
use sutra_format::limits::COMMIT_BYTES_MAX;
use sutra_manifest::{Manifest, SegmentMetadata};
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromZeros, IntoBytes};

/// Memory is counted for the whole process, so one test runs at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// The stored inputs of a target, in order.
#[track_caller]
fn inputs(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = folder(name);
    let mut files: Vec<_> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{}: no inputs", folder.display());
    files.into_iter().map(|file| (file.clone(), fs::read(&file).unwrap())).collect()
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(name)
}

/// Whether the target does with this input what it must.
fn holds(target: fn(&[u8]), input: &[u8]) -> bool {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| target(input))).is_ok()
}

/// Runs every stored input of a target.
#[track_caller]
fn replay(name: &str, target: fn(&[u8])) {
    let _alone = ALONE.lock();
    for (file, input) in inputs(name) {
        assert!(holds(target, &input), "{}: what it does is said above", file.display());
    }
}

#[test]
fn damaged_segments_are_refused_or_read() {
    replay("segment", targets::segment);
}

#[test]
fn damaged_manifests_are_refused_or_read() {
    replay("manifest", targets::manifest);
}

#[test]
fn damaged_journals_are_refused_or_replayed() {
    replay("journal", targets::journal);
}

#[test]
fn damaged_directories_are_refused_or_answer() {
    replay("open_dir", targets::open_dir);
}

#[test]
fn operations_do_what_they_do_to_plain_maps() {
    replay("store_ops", targets::store_ops);
}

#[test]
fn lives_of_a_store_keep_the_rules() {
    replay("sim_tape", targets::sim_tape);
}

#[test]
fn a_long_journal_takes_no_more_than_four_times_its_length() {
    let _alone = ALONE.lock();
    let mut header = FrameHeader::new_zeroed();
    header.kind = U16::new(FrameKind::Commit as u16);
    header.first_seq = U64::new(1);
    header.payload_length = U32::new(COMMIT_BYTES_MAX as u32);
    let mut input = [&[0xff, 1][..], header.as_bytes()].concat();
    input.resize(input.len() + COMMIT_BYTES_MAX, b'x');
    targets::journal(&input);
}

#[test]
fn a_long_manifest_takes_no_more_than_four_times_its_length() {
    let _alone = ALONE.lock();
    let mut manifest = Manifest::for_store([1; 16], 2);
    manifest.last_seq = 1;
    manifest.skip_segment_id(50_000);
    for id in (0..50_000).rev() {
        let mut segment = SegmentMetadata::new(id, format!("s{id}").into(), 0);
        segment.payload_only = true;
        manifest.add_segment(segment);
    }
    let text = String::from_utf8(manifest.to_bytes().unwrap()).unwrap();
    let (fields, _) = text.split_once("  \"checksum\"").unwrap();
    let packed: String = fields.split_ascii_whitespace().collect();
    targets::manifest(packed.as_bytes());
}

#[test]
#[should_panic(expected = "bytes of memory for 0")]
fn more_memory_than_allowed_is_noticed() {
    let _alone = ALONE.lock();
    targets::bounded(0, || std::hint::black_box(vec![1_u8; 17 << 20]));
}
