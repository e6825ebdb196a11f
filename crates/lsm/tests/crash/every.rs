//! All the damage that there is to a store of more than 64 KiB: every bit, every length, every pair
//! of blocks, every older copy of a file.
//!
//! The ordinary run takes one in so many of each, evenly spread; `SUTRA_CRASH_EFFORT=3` takes all.
//! Whatever is damaged, the store says exactly what it said before, or names the file.

use std::sync::atomic::{AtomicUsize, Ordering};

use sutra_fs::Name;
use sutra_lsm::Durability::{None as Unsynced, Sync};
use sutra_lsm::LsmTree;
use sutra_testkit::{Image, SimDir};

use crate::content::read_and_search;
use crate::damage::{Store, holds_the_mark};
use crate::model::Change::{Associate, Delete, Dissociate, Put, State, Touch};
use crate::parallel::in_parallel;
use crate::states::Effort;
use crate::workload::{Moment, Step};

/// The ordinary run takes one in so many.
const SAMPLED: usize = 61;

/// Two levels, a segment that only holds vectors which others refer to, every kind of row, and a
/// journal that is in use: killed.
fn steps() -> Vec<Step> {
    let large = |n| Put { n, text: Some(1_100), vector: 3 };
    let vector = |n| Put { n, text: Some(20), vector: 2_500 };
    let associate = |n| [Associate(n, 1, n + 1), State(n, 2, n + 2)];
    vec![
        Step::Commit(Sync, vec![vector(1)]),
        Step::Commit(Sync, vec![vector(2), Touch(1)]),
        Step::Flush,
        Step::Commit(Sync, vec![Touch(1), Put { n: 3, text: None, vector: 0 }]),
        Step::CompactAll,
        Step::Commit(Sync, (4..14).map(large).collect()),
        Step::Commit(Sync, (4..14).flat_map(associate).collect()),
        Step::Register("hypernym"),
        Step::Flush,
        Step::CompactLevel(0),
        Step::Commit(Unsynced, vec![Delete(4), Touch(5), Touch(2), Dissociate(6, 1, 7)]),
        Step::Commit(Sync, (14..22).map(large).collect()),
        Step::Flush,
        Step::Commit(Sync, vec![large(23), Delete(7), Touch(8)]),
        Step::Flush,
        Step::Commit(Unsynced, vec![large(24), Touch(1), State(24, 1, 5)]),
        Step::Commit(Sync, vec![Delete(9), Touch(24), Dissociate(8, 2, 10)]),
        Step::Commit(Sync, vec![Put { n: 25, text: Some(300), vector: 7 }]),
    ]
}

fn store() -> Store {
    let mut store = Store::of(&steps(), |_| {});
    for name in store.names().iter().filter(|name| name.as_str().ends_with(".log")) {
        // Of the zeros ahead one page is as good as many.
        let end = used(&store.image.read(name).unwrap()).next_multiple_of(4_096) + 4_096;
        store
            .image
            .truncate(name, end.min(usize::try_from(store.image.length(name)).unwrap()) as u64);
    }
    assert!(store.image.total_length() >= 64 << 10, "{:?}", store.image);
    store
}

/// Where the zeros begin.
fn used(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)
}

/// Takes all, or one in [`SAMPLED`].
fn chosen<T>(all: impl Iterator<Item = T>) -> Vec<T> {
    all.step_by(if Effort::asked().is_exhaustive() { 1 } else { SAMPLED }).collect()
}

/// All pieces of this length, as file and offset.
fn blocks(store: &Store, bytes: u64) -> Vec<(Name, u64)> {
    let of_one = |name: &Name| -> Vec<_> {
        (0..store.image.length(name) / bytes).map(|at| (name.clone(), at * bytes)).collect()
    };
    store.names().iter().flat_map(of_one).collect()
}

#[test]
fn every_bit_is_noticed_or_says_nothing() {
    let (store, is_exhaustive) = (store(), Effort::asked().is_exhaustive());
    let names = store.names();
    let bytes = |file: usize| (0..store.image.length(&names[file])).map(move |at| (file, at));
    let bytes = chosen((0..names.len()).flat_map(bytes));
    let flipped = AtomicUsize::new(0);
    in_parallel(&bytes, |&(file, at)| {
        let name = &names[file];
        for bit in if is_exhaustive { 0..8 } else { at % 8..at % 8 + 1 } {
            let mut image = store.image.clone();
            image.flip(name, at * 8 + bit);
            let what = format!("bit {bit} of byte {at} of {name}");
            if bit == at % 8 {
                store.check_noticed(&image, name, &what);
            } else {
                store.check_reader_notices(&image, name, &what);
            }
            flipped.fetch_add(1, Ordering::Relaxed);
        }
    });
    let least = if is_exhaustive { 8 << 16 } else { 1_000 };
    assert!(flipped.into_inner() >= least);
}

#[test]
fn every_length_is_noticed_or_says_nothing() {
    let store = store();
    let lengths = |name: &Name| -> Vec<_> {
        (0..store.image.length(name)).map(|length| (name.clone(), length)).collect()
    };
    let lengths = chosen(store.names().iter().flat_map(lengths));
    in_parallel(&lengths, |(name, length)| {
        let mut image = store.image.clone();
        image.truncate(name, *length);
        let what = format!("{name} is {length} bytes long");
        if name.as_str().ends_with(".log") {
            store.check(&image, &[name], &what); // Zeros behind the log do not count.
        } else {
            store.check_noticed(&image, name, &what);
        }
    });
}

/// Exchanges any two blocks that differ; gives how many pairs there were.
fn exchange_blocks(bytes: usize) -> usize {
    let store = store();
    let blocks = blocks(&store, bytes as u64);
    let read = |(name, at): &(Name, u64)| {
        let whole = store.image.read(name).unwrap();
        let at = usize::try_from(*at).unwrap();
        let sectors = (at..at + bytes).step_by(512).filter(|at| *at < used(&whole));
        let is_mark = sectors.into_iter().any(|at| holds_the_mark(name, &whole, at));
        (whole[at..at + bytes].to_vec(), is_mark)
    };
    let contents: Vec<_> = blocks.iter().map(read).collect();
    let pairs = (0..blocks.len()).flat_map(|a| (a + 1..blocks.len()).map(move |b| (a, b)));
    let differ = |(a, b): &(usize, usize)| contents[*a].0 != contents[*b].0;
    let pairs = chosen(pairs.filter(differ));
    in_parallel(&pairs, |(a, b)| {
        let ((one, one_at), (other, other_at)) = (&blocks[*a], &blocks[*b]);
        let mut image = store.image.clone();
        image.overwrite(one, *one_at, &contents[*b].0);
        image.overwrite(other, *other_at, &contents[*a].0);
        let what = format!("{bytes} bytes at {one_at} of {one} and {other_at} of {other}");
        if contents[*a].1 || contents[*b].1 {
            return; // What is lost together with what tells of it: see `holds_the_mark`.
        }
        store.check(&image, &[one, other], &what);
    });
    pairs.len()
}

#[test]
fn any_two_blocks_that_are_exchanged_are_noticed() {
    assert!(exchange_blocks(512) >= 100);
    assert!(exchange_blocks(4_096) >= 5);
}

/// The states that the store went through, and what each file was in them.
fn earlier_states() -> Vec<(Moment, Image)> {
    let steps = steps();
    let mut states = Vec::new();
    for end in 1..steps.len() {
        Store::of(&steps[..end], |session| {
            states.push((session.history.last().clone(), session.stage.dir.image()));
        });
    }
    states
}

/// An old journal that is put back cannot be told from the one that a power cut left then: the
/// store says what it said at that time, as a whole. Any other old file is noticed.
#[test]
fn an_older_copy_of_a_file_is_noticed_and_an_older_journal_is_a_moment_of_the_past() {
    let (store, states) = (store(), earlier_states());
    let replaced = AtomicUsize::new(0);
    in_parallel(&states, |(moment, earlier)| {
        for name in earlier.names().filter(|name| store.image.contains(name)) {
            let bytes = earlier.read(name).unwrap();
            if store.image.read(name).unwrap() == bytes {
                continue;
            }
            replaced.fetch_add(1, Ordering::Relaxed);
            let mut image = store.image.clone();
            image.put(name, &bytes);
            if !name.as_str().ends_with(".log") {
                for answer in [
                    store.reader(SimDir::from_image(&image)),
                    store.writer(SimDir::from_image(&image)),
                ] {
                    answer.names_a_file(&format!("an old {name}"));
                }
            } else if let Ok(tree) = LsmTree::open_read_only_in(SimDir::from_image(&image)) {
                let found = read_and_search(&tree.snapshot(), &store.ids).unwrap();
                assert_eq!(found, moment.content, "an old {name}");
            }
        }
    });
    assert!(replaced.into_inner() >= 10);
}

#[test]
#[should_panic(expected = "wrong, and nobody is told")]
fn a_store_that_says_something_else_is_found() {
    let other = Store::of(&[Step::Commit(Sync, vec![Delete(1)])], |_| {});
    store().check(&other.image, &[], "another store");
}
