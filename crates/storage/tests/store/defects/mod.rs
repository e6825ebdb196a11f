//! The mistakes that an engine of this sort makes easily, each with a test that says which one it
//! guards against. All of them have been made; most lost data or gave wrong answers silently.
//!
//! `correctness`, `durability`, `performance` and `usability` hold the tests that go through the
//! interface of this crate. Mistakes that a test of another layer guards against completely are
//! in [`GUARDED_ELSEWHERE`].
//!
//! Not of an embedded engine, so without a test here:
//! * Spreading one store over several: merging the best hits of the parts, commits across parts.
//! * A server: requests of one connection in a row, blocking calls on its event loop, defaults
//!   for access, encryption and addresses, messages that are too long, stopping by a signal.
//! * Loops that act by themselves: weakening and deleting what was not asked for lately, calling
//!   addresses that a client names.

mod correctness;
mod durability;
mod performance;
mod usability;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use sutra_storage::{Batch, CompactionConfig, ConceptId, Store, StoreOptions};
use tempfile::TempDir;

/// The mistake, the file below `crates`, and the test that guards against it.
const GUARDED_ELSEWHERE: &[(&str, &str, &str)] = &[
    (
        "the index of words finds what was deleted, or does not find what was just written",
        "lsm/tests/tree/words/history.rs",
        "a_search_gives_what_an_index_made_afresh_gives_to_the_last_bit",
    ),
    (
        "the nearest vectors are less than k because others were deleted or filtered out",
        "lsm/tests/tree/vectors/history.rs",
        "the_nearest_are_what_comparing_all_gives",
    ),
    (
        "what was erased is still in some file",
        "lsm/tests/tree/erase.rs",
        "no_byte_of_an_erased_concept_is_left_in_any_file",
    ),
    (
        "a second sync of a segment writes over what the first one wrote",
        "segment/tests/segment/appender.rs",
        "a_second_sync_keeps_what_the_first_wrote",
    ),
    (
        "records, text and vectors lie in the order of their arrival, and are read as each other",
        "segment/tests/segment/appender.rs",
        "payload_before_and_between_records_disturbs_neither",
    ),
    (
        "the header names blocks and counts that are never filled in",
        "segment/tests/segment/appender.rs",
        "the_header_says_where_everything_is",
    ),
    (
        "a vector at an odd place, or a read at an offset from elsewhere, ends the process",
        "segment/tests/segment/appender.rs",
        "an_offset_that_no_append_returned_is_refused",
    ),
    (
        "counts and lengths of a file are believed, and slices taken beyond its end",
        "segment/tests/segment/corruption.rs",
        "lies_under_correct_sums_are_refused_or_answered_but_never_followed_astray",
    ),
    (
        "one confidence that is no number breaks every sorted answer",
        "format/tests/format/record_checks.rs",
        "numbers_that_are_not_finite_are_refused",
    ),
    (
        "short texts are padded to ids, and long ones cut, until two are the same",
        "format/tests/format/ids.rs",
        "keys_that_differ_by_padding_or_behind_16_bytes_have_different_ids",
    ),
    (
        "a word of hexadecimal letters is taken for an id",
        "format/tests/format/ids.rs",
        "nothing_but_32_hexadecimal_digits_is_an_id",
    ),
    (
        "an unknown kind of association becomes another kind without a word",
        "storage/tests/store/error_kinds.rs",
        "a_batch_that_the_store_cannot_take_is_refused_whole",
    ),
    (
        "bytes that are no text are served as text, with replacements",
        "format/tests/format/texts.rs",
        "content_that_is_not_utf8_is_refused_where_it_breaks",
    ),
    (
        "frames of the journal have no sum, so damage is replayed",
        "lsm/tests/journal/damage.rs",
        "every_bit_flip_below_the_mark_is_noticed_and_none_behind_it_loses_a_commit",
    ),
    (
        "a torn end of the journal keeps the store from opening",
        "lsm/tests/journal/crash.rs",
        "acknowledged_commits_survive_and_no_power_cut_looks_like_damage",
    ),
    (
        "a commit behind a torn end is written where no reader comes",
        "lsm/tests/crash/random.rs",
        "a_store_says_what_a_map_says_after_any_history",
    ),
    (
        "memory is taken by a length that the journal claims",
        "lsm/tests/journal/hostile.rs",
        "a_frame_that_says_it_is_longer_than_the_file_is_refused_before_memory_is_taken",
    ),
    (
        "sums have a place in the format, and are neither computed nor compared",
        "segment/tests/segment/corruption.rs",
        "every_flipped_bit_of_a_sorted_segment_is_noticed",
    ),
    (
        "a header that is written in its place is torn by a power cut",
        "segment/tests/segment/appender.rs",
        "a_power_cut_leaves_one_whole_state_and_none_older_than_promised",
    ),
    (
        "half of a file opens as a store with half of the data",
        "segment/tests/segment/corruption.rs",
        "every_cut_is_noticed_at_open",
    ),
    (
        "a file is renamed, and its directory never synced",
        "fs/tests/dir/publish.rs",
        "without_the_last_sync_of_the_directory_the_check_fails",
    ),
    (
        "the manifest names a segment whose bytes are not on disk",
        "manifest/tests/manifest/disk.rs",
        "a_power_cut_leaves_a_whole_manifest_never_older_than_promised",
    ),
    (
        "two writers work on one store",
        "storage/tests/store/error_kinds.rs",
        "a_second_writer_is_told_that_the_store_is_locked",
    ),
    (
        "two processes work on one store",
        "fs/tests/dir/os_dir.rs",
        "a_lock_of_another_process_is_respected_and_goes_with_it",
    ),
    (
        "creating a segment empties the file of that name",
        "segment/tests/segment/appender.rs",
        "an_existing_file_is_refused_and_left_as_it_is",
    ),
    (
        "an idle store leaves one more empty file at each opening",
        "lsm/tests/tree/basics.rs",
        "opening_and_closing_an_idle_store_changes_no_file",
    ),
    (
        "each commit waits for a sync of its own",
        "lsm/src/group/tests.rs",
        "those_who_come_while_one_leads_share_the_next_group_in_their_order",
    ),
    (
        "a name from outside leads out of the directory of the store",
        "manifest/tests/manifest/rules.rs",
        "a_path_that_is_no_plain_file_name_is_refused",
    ),
    (
        "an error is a text that no program can act on",
        "storage/tests/store/error_kinds.rs",
        "damage_names_the_file_and_the_place",
    ),
    (
        "a failed write to the journal is reported as something else, and work goes on",
        "lsm/tests/journal/failure.rs",
        "a_failed_sync_is_final_whoever_asked_for_it",
    ),
    (
        "a file of a newer format is read as if it were of this one",
        "storage/tests/store/error_kinds.rs",
        "a_format_of_the_future_is_unsupported",
    ),
    (
        "nothing checks a whole store",
        "cli/tests/command/exit_codes.rs",
        "verify_finds_a_byte_changed_anywhere",
    ),
    (
        "nothing copies a store in a form that outlives the format",
        "cli/tests/command/round_trip.rs",
        "an_export_piped_into_an_import_makes_an_equal_store",
    ),
    (
        "the format changes from one build to the next without a new version",
        "format/tests/format/golden_bytes.rs",
        "segment_headers_keep_their_bytes_and_sums",
    ),
    (
        "the documents describe another format than the code writes",
        "format/tests/format/spec_matches_code.rs",
        "every_structure_is_documented_field_by_field",
    ),
];

#[test]
fn every_guard_that_stands_elsewhere_stands_there() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (mistake, file, name) in GUARDED_ELSEWHERE {
        let source = fs::read_to_string(crates.join(file)).unwrap();
        let lines: Vec<_> = source.lines().map(str::trim).collect();
        let call = format!("fn {name}(");
        let Some(at) = lines.iter().position(|line| line.starts_with(&call)) else {
            panic!("{file} has no {name}, which guards against this: {mistake}");
        };
        let above = lines[..at].iter().rev().take_while(|line| !line.is_empty());
        assert!(above.clone().any(|line| *line == "#[test]"), "{file}: {name} is no test");
        assert!(!above.clone().any(|line| line.starts_with("#[ignore")), "{file}: {name} is off");
    }
}

fn id(key: &str) -> ConceptId {
    ConceptId::from_key(key)
}

fn place() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Opens the store in `dir`; it merges only when asked to, and its memory takes `bytes`.
fn open_with(dir: &Path, bytes: u64) -> Store {
    let compaction = CompactionConfig { max_segment_size: bytes, ..Default::default() };
    let options =
        StoreOptions { background_compaction: false, compaction, ..StoreOptions::default() };
    options.open(dir).unwrap()
}

/// [`open_with`] memory for whatever these tests put.
fn open(dir: &Path) -> Store {
    open_with(dir, 4 << 20)
}

fn commit(store: &Store, fill: impl FnOnce(&mut Batch)) {
    let mut batch = Batch::new();
    fill(&mut batch);
    store.commit(&batch).unwrap();
}

fn content(store: &Store, key: &str) -> Option<String> {
    let snapshot = store.snapshot();
    let concept = snapshot.concept_of_key(key).unwrap()?;
    concept.content().unwrap().map(str::to_owned)
}

/// Every file of a directory with its bytes.
fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let read = |entry: fs::DirEntry| {
        (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())
    };
    fs::read_dir(dir).unwrap().map(|entry| read(entry.unwrap())).collect()
}

/// The directory as a process that ends at this moment leaves it.
fn crashed(dir: &Path) -> TempDir {
    let copy = place();
    for (name, bytes) in files(dir) {
        fs::write(copy.path().join(name), bytes).unwrap();
    }
    copy
}

/// Checks the store as it is, as a crash leaves it, as a reader finds it, flushed, opened again,
/// and merged.
fn everywhere(place: &TempDir, store: Store, check: impl Fn(&Store, &str)) {
    check(&store, "in memory");
    check(&open(crashed(place.path()).path()), "after a crash");
    check(&Store::open_read_only(place.path()).unwrap(), "seen by a reader");
    store.flush().unwrap();
    check(&store, "flushed");
    check(&open(crashed(place.path()).path()), "after a crash behind a flush");
    store.close().unwrap();
    let store = open(place.path());
    check(&store, "opened again");
    store.compact().unwrap();
    check(&store, "merged");
    assert!(store.verify(&mut |_| {}).unwrap().is_intact());
}
