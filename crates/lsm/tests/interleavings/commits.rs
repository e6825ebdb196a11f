//! Committers among themselves, beside the flush and the compaction.

use shuttle::thread;
use sutra_format::ConceptId;
use sutra_lsm::{ConceptPut, Durability, LsmError, Reader, WriteBatch};

use crate::stage::{Stage, explore};

#[test]
fn commits_of_several_threads_are_kept_in_any_order_of_events() {
    explore(1_000, || {
        let stage = Stage::new(3);
        let writers: Vec<_> = (0..3)
            .map(|writer| {
                let stage = stage.clone();
                thread::spawn(move || {
                    for _ in 0..3 {
                        stage.commit(writer).expect("the disk is sound");
                        let (_, seen) = stage.look(); // Read at once by whoever wrote it.
                        assert!(seen[writer] >= stage.acked()[writer]);
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().unwrap();
        }
        stage.finish();
    });
}

#[test]
fn explicit_flushes_and_compactions_get_along_with_those_of_the_background() {
    explore(500, || {
        let stage = Stage::new(1);
        let flusher = stage.clone();
        let flusher = thread::spawn(move || {
            for _ in 0..2 {
                flusher.tree.flush().expect("the disk is sound");
            }
        });
        let compacter = stage.clone();
        let compacter = thread::spawn(move || compacter.tree.compact_all().expect("sound"));
        for _ in 0..4 {
            stage.commit(0).expect("the disk is sound");
        }
        flusher.join().unwrap();
        compacter.join().unwrap();
        stage.finish();
    });
}

#[test]
fn a_full_memtable_is_flushed_though_nobody_waits_for_it() {
    explore(200, || {
        let stage = Stage::new(1);
        for _ in 0..5 {
            stage.commit(0).expect("the disk is sound");
        }
        // One journal belongs to the memtable that is written to, each other one to a full one.
        // Who is not woken waits for ever: time does not pass here.
        while stage.journals() > 1 {
            thread::yield_now();
        }
        stage.finish();
    });
}

#[test]
fn kinds_that_several_threads_register_have_one_code_each() {
    explore(300, || {
        let stage = Stage::new(1);
        let names = ["likes", "knows"];
        let register =
            |stage: &Stage| stage.tree.register_kinds(&names).expect("the disk is sound");
        let other = stage.clone();
        let other = thread::spawn(move || {
            stage_commits(&other);
            other.tree.register_kinds(&names).expect("the disk is sound")
        });
        let mine = register(&stage);
        assert_eq!(mine, other.join().unwrap());
        assert_ne!(mine[0], mine[1]);
        stage.finish();
    });

    fn stage_commits(stage: &Stage) {
        stage.commit(0).expect("the disk is sound");
    }
}

/// Adds one to a number that is the text of a concept, however often others do so meanwhile. Gives the
/// number that it made.
fn count_up(stage: &Stage) -> u64 {
    let id = ConceptId::from_key("a number");
    loop {
        let reader = Reader::new(stage.tree.snapshot());
        let before = reader.concept(&id).expect("sound").map_or(0, |concept| {
            let text = concept.content().expect("sound").expect("each has text");
            text.parse().expect("a number")
        });
        let text = format!("{:01000}", before + 1);
        let put = ConceptPut { content: Some(&text), ..ConceptPut::new(id) };
        let mut batch = WriteBatch::new();
        batch.put_concept(&put).expect("it fits");
        match stage.tree.commit_if(batch, reader.into_reads(), Durability::Sync) {
            Ok(_) => return before + 1,
            Err(LsmError::Conflict { .. }) => {}
            Err(error) => panic!("the disk is sound: {error}"),
        }
    }
}

#[test]
fn no_update_is_lost_that_a_commit_relies_on() {
    explore(500, || {
        let stage = Stage::new(1);
        let counters: Vec<_> = (0..3)
            .map(|_| {
                let stage = stage.clone();
                thread::spawn(move || [count_up(&stage), count_up(&stage)])
            })
            .collect();
        for _ in 0..2 {
            stage.commit(0).expect("the disk is sound"); // Others, which fill the memtable.
        }
        let counted = counters.into_iter().flat_map(|counter| counter.join().unwrap());
        let mut counted: Vec<u64> = counted.collect();
        counted.sort_unstable();
        assert_eq!(counted, [1, 2, 3, 4, 5, 6], "each made a number of its own");
        stage.finish();
    });
}
