//! Replays the stored inputs of the fuzzers, and runs inputs that chance makes of them, through the
//! same functions: no panic, no more memory than four times the files and 16 MiB.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(unreachable_pub, reason = "elsewhere it is a library")]
#[path = "../../../../fuzz/src/lib.rs"]
mod targets;

use parking_lot::Mutex;
use sutra_format::journal::{FrameHeader, FrameKind};
use sutra_format::limits::COMMIT_BYTES_MAX;
use sutra_manifest::{Manifest, SegmentMetadata};
use sutra_testkit::{FuzzRuns, FuzzTarget};
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromZeros, IntoBytes};

/// Memory is counted for the whole process, so one test runs at a time.
static ALONE: Mutex<()> = Mutex::new(());

const TARGETS: [FuzzTarget; 6] = [
    FuzzTarget::new("segment", targets::segment, 4_000),
    FuzzTarget::new("manifest", targets::manifest, 4_000),
    FuzzTarget::new("journal", targets::journal, 4_000),
    FuzzTarget::new("open_dir", targets::open_dir, 500),
    FuzzTarget { brief: 48, ..FuzzTarget::new("store_ops", targets::store_ops, 200) },
    FuzzTarget { brief: 24, ..FuzzTarget::new("sim_tape", targets::sim_tape, 200) },
];

fn runs() -> FuzzRuns<'static> {
    FuzzRuns::new(&TARGETS)
}

/// Runs every stored input of a target.
#[track_caller]
fn replay(name: &str) {
    let _alone = ALONE.lock();
    runs().replay(name);
}

#[test]
fn inputs_made_by_chance_do_no_harm() {
    let _alone = ALONE.lock();
    runs().run();
}

/// What each of the processes does that share the runs.
#[test]
#[ignore = "a part of the one above"]
fn a_share_of_the_runs() {
    runs().run_share();
}

#[test]
fn damaged_segments_are_refused_or_read() {
    replay("segment");
}

#[test]
fn damaged_manifests_are_refused_or_read() {
    replay("manifest");
}

#[test]
fn damaged_journals_are_refused_or_replayed() {
    replay("journal");
}

#[test]
fn damaged_directories_are_refused_or_answer() {
    replay("open_dir");
}

#[test]
fn operations_do_what_they_do_to_plain_maps() {
    replay("store_ops");
}

#[test]
fn lives_of_a_store_keep_the_rules() {
    replay("sim_tape");
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
