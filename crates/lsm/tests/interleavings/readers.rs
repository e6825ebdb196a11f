//! Snapshots beside writers: what they see, and how long the files live that they read.

use shuttle::thread;

use crate::stage::{Stage, explore, seen};

#[test]
fn snapshots_are_whole_rise_and_stay_what_they_were() {
    explore(1_000, || {
        let stage = Stage::new(2);
        let readers: Vec<_> = (0..2)
            .map(|_| {
                let stage = stage.clone();
                thread::spawn(move || {
                    let (first, at_first) = stage.look();
                    let (second, at_second) = stage.look();
                    assert!(first.seq() <= second.seq());
                    assert!(at_first.iter().zip(&at_second).all(|(a, b)| a <= b));
                    assert_eq!(seen(&first, 2), at_first, "a snapshot does not move");
                    drop(first);
                    assert_eq!(seen(&second, 2), at_second, "a snapshot does not move");
                })
            })
            .collect();
        let writer = stage.clone();
        let writer = thread::spawn(move || {
            for _ in 0..4 {
                writer.commit(1).expect("the disk is sound");
            }
        });
        for _ in 0..4 {
            stage.commit(0).expect("the disk is sound");
        }
        writer.join().unwrap();
        for reader in readers {
            reader.join().unwrap();
        }
        stage.finish(); // Among other things: every file that went out of use is gone.
    });
}

#[test]
fn files_that_a_snapshot_reads_outlive_their_merge_and_no_longer() {
    explore(500, || {
        let stage = Stage::new(1);
        for _ in 0..3 {
            stage.commit(0).expect("the disk is sound");
        }
        let (held, at_first) = stage.look();
        let merger = stage.clone();
        let merger = thread::spawn(move || merger.tree.compact_all().expect("sound"));
        let reader = thread::spawn(move || {
            assert_eq!(seen(&held, 1), at_first);
            thread::yield_now();
            assert_eq!(seen(&held, 1), at_first);
        });
        stage.commit(0).expect("the disk is sound");
        merger.join().unwrap();
        reader.join().unwrap();
        stage.finish();
    });
}
