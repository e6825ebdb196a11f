//! Every power cut leaves a prefix of what was issued that holds all that was acknowledged, and
//! is never taken for damage.

use std::sync::atomic::{AtomicU64, Ordering};

use sutra_lsm::journal::{CommitBody, verify};
use sutra_testkit::{Crash, CrashPlan, Note, Profile, SimDir, SplitMix, Tears};

use crate::support::{IDENTITY, Journal, body, read_back};

/// Sometimes nothing but a header, and sometimes more than the zeros that are there.
const TEXTS_MAX: [u64; 6] = [0, 30, 600, 600, 2_000, 90_000];

/// Groups with and without sync, syncs that run while more is written, marks, fills, a seal.
fn workload(seed: u64, texts_max: &[u64]) -> Journal {
    let mut rng = SplitMix::new(seed);
    let mut journal = Journal::new();
    let issue = |journal: &mut Journal, rng: &mut SplitMix| issue(journal, rng, texts_max);
    let filler = journal.writer.filler();
    for _ in 0..6 {
        issue(&mut journal, &mut rng);
        match rng.below(8) {
            0 => {}
            1 => {
                let issued = journal.written.len() as u64;
                let pending = journal.writer.start_sync();
                issue(&mut journal, &mut rng);
                let synced = pending.run().unwrap();
                journal.dir.note(Note::Ack(issued));
                issue(&mut journal, &mut rng);
                journal.writer.finish_sync(synced);
            }
            2 => {
                filler.fill_step().unwrap();
            }
            _ => {
                journal.writer.sync().unwrap();
                journal.dir.note(Note::Ack(journal.written.len() as u64));
            }
        }
        if rng.chance(2, 3) {
            journal.writer.mark().unwrap();
        }
    }
    if rng.chance(1, 2) {
        journal.writer.seal(8).unwrap();
        journal.dir.note(Note::Ack(journal.written.len() as u64));
    }
    journal
}

/// Writes a group whose texts are at most as long as one of `texts_max`.
fn issue(journal: &mut Journal, rng: &mut SplitMix, texts_max: &[u64]) {
    let text_max = texts_max[rng.below(texts_max.len() as u64) as usize];
    let bodies: Vec<CommitBody> = (0..1 + rng.below(3)).map(|_| body(rng, 4, text_max)).collect();
    journal.dir.note(Note::Issue((journal.written.len() + bodies.len()) as u64));
    journal.write(bodies);
}

#[track_caller]
fn check(journal: &Journal, crash: &Crash) {
    if !crash.image.contains(&IDENTITY.name()) {
        assert_eq!(crash.acked, 0, "the journal is gone after {} operations", crash.at_op);
        return;
    }
    let dir = SimDir::from_image(&crash.image);
    let (replayed, found) = read_back(&dir, &IDENTITY)
        .unwrap_or_else(|error| panic!("false alarm after {} operations: {error}", crash.at_op));
    let (acked, issued) = (crash.acked as usize, crash.issued as usize);
    assert!((acked..=issued).contains(&found.len()), "{} of {acked}..={issued}", found.len());
    assert!(journal.written.starts_with(&found), "not a prefix after {} operations", crash.at_op);
    assert_eq!(verify(&dir, &IDENTITY).unwrap().replayed.next_seq, replayed.next_seq);
}

fn explore(seeds: std::ops::Range<u64>, texts_max: &[u64], plan: &CrashPlan) -> u64 {
    let (states, next) = (AtomicU64::new(0), AtomicU64::new(seeds.start));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    let journal = workload(seed, texts_max);
                    for crash in journal.dir.crashes(&CrashPlan { seed, ..*plan }) {
                        check(&journal, &crash);
                        states.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    states.into_inner()
}

#[test]
fn acknowledged_commits_survive_and_no_power_cut_looks_like_damage() {
    let plan =
        CrashPlan { tears: Tears::Bytes, tears_per_write: 6, ..CrashPlan::new(Profile::PosixWeak) };
    let states = explore(0..24, &TEXTS_MAX, &plan);
    assert!(states > 10_000, "only {states} states were explored");
}

#[test]
fn a_journal_that_grows_by_holes_makes_no_difference() {
    let plan = CrashPlan { random: 4, tears_per_write: 2, ..CrashPlan::new(Profile::PosixWeak) };
    explore(200..206, &[0, 40, 300_000], &plan);
}

#[test]
fn a_file_system_that_keeps_names_with_their_bytes_makes_no_difference() {
    explore(100..106, &TEXTS_MAX, &CrashPlan::new(Profile::Ext4Like));
}
