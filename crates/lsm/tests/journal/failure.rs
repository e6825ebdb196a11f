//! Failing calls: a full disk loses nothing, a failed write is replaced by the next one, a failed
//! sync is final.

use sutra_lsm::journal::{CommitBody, End, JournalError, JournalWriter};
use sutra_testkit::{CrashPlan, Fault, Logged, Note, Op, Profile, SimDir, SplitMix, Times};

use crate::support::{CAPACITY, IDENTITY, Journal, Written, body, group, read_back, write};

/// What happened to a journal under a fault.
struct Outcome {
    journal: Journal,
    /// Groups that failed, with how many commits had been appended before.
    failed: Vec<(usize, Vec<Written>)>,
}

/// Commits that go on over failed writes, up to a failed sync.
fn workload(seed: u64, dir: &SimDir, writer: JournalWriter<SimDir>) -> Outcome {
    let mut rng = SplitMix::new(seed);
    let mut journal = Journal { dir: dir.clone(), writer, written: Vec::new() };
    let mut failed = Vec::new();
    for round in 0..8 {
        let text_max = [20, 700, 90_000][rng.below(3) as usize];
        let bodies: Vec<CommitBody> =
            (0..1 + rng.below(3)).map(|_| body(&mut rng, 3, text_max)).collect();
        let count = journal.written.len();
        dir.note(Note::Issue((count + bodies.len()) as u64));
        let attempt = group(journal.writer.next_seq(), count as u64 + 100 * round, bodies);
        match write(&mut journal.writer, &attempt) {
            Ok(()) => journal.written.extend(attempt),
            Err(error) if error.is_failed_sync() => break,
            Err(_) => failed.push((count, attempt)),
        }
        if rng.chance(3, 4) {
            if journal.writer.sync().is_err() {
                break;
            }
            dir.note(Note::Ack(journal.written.len() as u64));
        }
        if rng.chance(1, 2) && journal.writer.mark().is_err_and(|e| e.is_failed_sync()) {
            break;
        }
    }
    Outcome { journal, failed }
}

/// Whether `found` is what was appended up to some point, perhaps followed by a group that failed
/// there.
fn is_legal(outcome: &Outcome, acked: usize, found: &[Written]) -> bool {
    let written = &outcome.journal.written;
    let prefix = |failed: &[Written], base: usize| {
        base >= acked
            && found.len() > base
            && found[..base] == written[..base]
            && failed.starts_with(&found[base..])
    };
    (found.len() >= acked && written.starts_with(found))
        || outcome.failed.iter().any(|(base, failed)| prefix(failed, *base))
}

fn run_with_fault(seed: u64, at: usize, fault: Fault, times: Times) -> Outcome {
    let dir = SimDir::new();
    let writer = JournalWriter::create(&dir, IDENTITY, 5, CAPACITY).unwrap();
    dir.fail_at(at, fault, times);
    workload(seed, &dir, writer)
}

#[test]
fn whatever_call_fails_the_log_stays_a_prefix_and_no_power_cut_looks_like_damage() {
    let plan = CrashPlan { random: 8, tears_per_write: 3, ..CrashPlan::new(Profile::PosixWeak) };
    let mut states = 0;
    for seed in 0..4 {
        let free = SimDir::new();
        let writer = JournalWriter::create(&free, IDENTITY, 5, CAPACITY).unwrap();
        let (first, last) = (free.op_count(), {
            workload(seed, &free, writer);
            free.op_count()
        });
        for at in first..last {
            for (fault, times) in [(Fault::Eio, Times::Once), (Fault::Enospc, Times::Forever)] {
                let outcome = run_with_fault(seed, at, fault, times);
                let dir = &outcome.journal.dir;
                for crash in dir.crashes_within(at..=dir.op_count(), &plan) {
                    let found = read_back(&SimDir::from_image(&crash.image), &IDENTITY)
                        .unwrap_or_else(|error| panic!("seed {seed}, fault at {at}: {error}"));
                    let legal = is_legal(&outcome, crash.acked as usize, &found.1);
                    assert!(legal, "seed {seed}, fault at {at}, cut after {}", crash.at_op);
                    states += 1;
                }
            }
        }
    }
    assert!(states > 5_000, "only {states} states were explored");
}

#[test]
fn a_failed_write_leaves_the_tail_and_the_next_one_replaces_all_of_it() {
    let mut rng = SplitMix::new(4);
    let mut journal = Journal::new();
    journal.commit(&mut rng);
    let (tail, seq) = (journal.writer.length(), journal.writer.next_seq());
    journal.dir.fail_at(journal.dir.op_count(), Fault::Eio, Times::Once);
    journal.try_write((0..5).map(|_| body(&mut rng, 3, 3_000)).collect()).unwrap_err();
    assert_eq!((journal.writer.length(), journal.writer.next_seq()), (tail, seq));
    journal.commit(&mut rng);
    let (replayed, found) = read_back(&journal.dir, &IDENTITY).unwrap();
    assert_eq!(found, journal.written);
    assert_eq!(replayed.end, End::Clean, "nothing is left of the failed group");
}

#[test]
fn a_full_disk_fails_the_commit_before_it_is_begun_and_room_lets_it_through() {
    let mut rng = SplitMix::new(5);
    let mut journal = Journal::new();
    journal.commit(&mut rng);
    let used = journal.dir.image().total_length();
    journal.dir.set_capacity(Some(used + 100_000));
    let large = body_of(400_000);
    let error = journal.try_write(vec![large.clone()]).unwrap_err();
    let full = error.fs().is_some_and(|e| e.kind == sutra_fs::ErrorKind::OutOfSpace);
    assert!(full && !error.is_failed_sync(), "{error}");
    let (replayed, found) = read_back(&journal.dir, &IDENTITY).unwrap();
    assert_eq!((replayed.end, &found), (End::Clean, &journal.written));
    journal.commit(&mut rng); // What fits goes on.
    journal.write(vec![body_of(300_000)]); // No more is asked for than is needed.
    journal.dir.set_capacity(None);
    journal.write(vec![large]);
    let (_, found) = read_back(&journal.dir, &IDENTITY).unwrap();
    assert_eq!(found, journal.written);
}

#[test]
fn a_commit_that_failed_does_not_come_back_when_the_store_is_opened_again() {
    let mut rng = SplitMix::new(7);
    let mut journal = Journal::new();
    journal.commit(&mut rng);
    // So many small frames that the part which is written holds some whole ones.
    let many = (0..40).map(|_| body_of(10)).collect();
    journal.dir.fail_at(journal.dir.op_count(), Fault::Enospc, Times::Once);
    journal.try_write(many).unwrap_err();
    let ops = journal.dir.ops();
    let failed = ops.iter().rev().find(|logged| logged.failed).map(written_bytes);
    assert!(failed > Some(200), "{failed:?} bytes are no whole frames");
    let (_, found) = read_back(&journal.dir, &IDENTITY).unwrap();
    assert_eq!(found, journal.written);
}

#[test]
fn what_is_written_without_syncs_is_not_written_twice() {
    let mut journal = Journal::new();
    let filler = journal.writer.filler();
    for _ in 0..8 {
        journal.write(vec![body_of(100_000)]);
        while filler.needs_fill() {
            filler.fill_step().unwrap();
        }
    }
    assert_eq!(filler.fill_step().unwrap(), 0);
    let bytes = written_in_all(&journal);
    let created = (256 << 10) + 4_096;
    let zeros = bytes - created - (journal.writer.length() - 4_096);
    assert!(zeros < 600_000, "{zeros} zeros were written");
    journal.writer.sync().unwrap();
    let length = journal.dir.image().total_length();
    let before = written_in_all(&journal);
    for _ in 0..10 {
        journal.write(vec![body_of(1_000)]);
        journal.writer.sync().unwrap();
        while filler.needs_fill() {
            filler.fill_step().unwrap();
        }
    }
    assert_eq!(journal.dir.image().total_length(), length, "the hole is used up first");
    let zeros = written_in_all(&journal) - before - 10 * 1_000;
    assert!((256 << 10..4 << 20).contains(&zeros), "{zeros} bytes of the hole were filled");
    let (_, found) = read_back(&journal.dir, &IDENTITY).unwrap();
    assert_eq!(found, journal.written);
}

fn written_in_all(journal: &Journal) -> u64 {
    journal.dir.ops().iter().map(written_bytes).sum()
}

fn written_bytes(logged: &Logged) -> u64 {
    if let Op::Write { data, .. } = &logged.op { data.length() } else { 0 }
}

#[test]
fn a_full_disk_shows_in_the_filler_and_is_no_failure_of_the_writer() {
    let mut journal = Journal::new();
    journal.write(vec![body_of(200_000)]);
    let filler = journal.writer.filler();
    assert!(filler.needs_fill());
    journal.dir.set_capacity(Some(journal.dir.image().total_length() + 10_000));
    let error = filler.fill_step().unwrap_err();
    assert!(!error.is_failed_sync(), "{error}");
    journal.commit(&mut SplitMix::new(6));
    journal.dir.set_capacity(None);
    while filler.needs_fill() {
        assert!(filler.fill_step().unwrap() > 0);
    }
    let (_, found) = read_back(&journal.dir, &IDENTITY).unwrap();
    assert_eq!(found, journal.written);
}

#[test]
fn a_failed_sync_is_final_whoever_asked_for_it() {
    type Act = fn(&mut Journal) -> Result<(), JournalError>;
    let acts: [Act; 3] = [
        |journal| journal.writer.sync(),
        |journal| journal.writer.start_sync().run().map(drop),
        |journal| journal.writer.filler().fill_step().map(drop),
    ];
    for (which, act) in acts.into_iter().enumerate() {
        let written = || {
            let mut journal = Journal::new();
            journal.write(vec![body_of(200_000)]);
            journal
        };
        let mut free = written();
        let before = free.dir.op_count();
        act(&mut free).unwrap();
        let sync = free.dir.op_count() - 1; // The last thing that each of them does.
        assert!(sync >= before);
        let mut journal = written();
        journal.dir.fail_at(sync, Fault::Eio, Times::Once);
        assert!(act(&mut journal).unwrap_err().is_failed_sync(), "{which}");
        assert!(journal.writer.sync().unwrap_err().is_failed_sync(), "{which}");
        assert!(journal.try_write(vec![body_of(10)]).unwrap_err().is_failed_sync(), "{which}");
        assert!(journal.writer.mark().unwrap_err().is_failed_sync(), "{which}");
        assert!(journal.writer.seal(8).unwrap_err().is_failed_sync(), "{which}");
    }
}

#[test]
fn a_journal_that_could_not_be_created_leaves_no_name_behind_it() {
    for at in 0..20 {
        let dir = SimDir::new();
        dir.fail_at(at, Fault::Enospc, Times::Once);
        match JournalWriter::create(&dir, IDENTITY, 5, CAPACITY) {
            Ok(_) => return assert!(at > 5, "nothing failed at {at}"),
            Err(error) => assert!(error.fs().is_some(), "{error}"),
        }
        dir.clear_faults();
        JournalWriter::create(&dir, IDENTITY, 5, CAPACITY).unwrap();
    }
    panic!("creating a journal takes more calls than were tried");
}

fn body_of(payload_bytes: usize) -> CommitBody {
    let mut body = CommitBody::default();
    body.payload.push_entry(&vec![b'x'; payload_bytes]);
    body
}
