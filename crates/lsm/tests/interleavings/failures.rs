//! A call to the disk that fails, at any call and in any order of events: nobody waits for ever,
//! and nothing that was acknowledged is lost, the power included.

use std::sync::Arc;

use shuttle::rand::{Rng, thread_rng};
use shuttle::thread;
use sutra_testkit::{Fault, SimDir, Times};

use crate::stage::{Stage, explore, recovered};

#[test]
fn a_call_that_fails_stops_all_writers_and_loses_nothing() {
    explore(1_000, || {
        let stage = Stage::new(2);
        let from = stage.dir.op_count();
        let at = from + thread_rng().gen_range(0..60);
        let fault = if thread_rng().gen_bool(0.5) { Fault::Eio } else { Fault::Enospc };
        let times = if thread_rng().gen_bool(0.5) { Times::Once } else { Times::Forever };
        stage.dir.fail_at(at, fault, times);
        let writers: Vec<_> = (0..2)
            .map(|writer| {
                let stage = stage.clone();
                thread::spawn(move || {
                    for _ in 0..4 {
                        if stage.commit(writer).is_err() {
                            return;
                        }
                        stage.look();
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().unwrap();
        }
        let acked = stage.acked();
        let Stage { dir, tree, .. } = stage;
        let _ = Arc::into_inner(tree).expect("all threads are gone").close();
        for image in [dir.image(), dir.durable_image()] {
            let found = recovered(&SimDir::from_image(&image), acked.len());
            // The commit that failed may be there: its writer was told that nobody knows.
            let is_kept = |(found, acked): (&u64, &u64)| found == acked || *found == acked + 1;
            assert!(found.iter().zip(&acked).all(is_kept), "{found:?} {acked:?}");
        }
    });
}
