//! Durable commits of one concept each, by one thread or by many at once.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use sutra_testkit::SplitMix;

use crate::Result;
use crate::engine::Writer;
use crate::graph::{TEXT_BYTES, random_id};

/// Lets each of `threads` threads commit `each` concepts, one by one, and takes the time from
/// when all are ready until all are done. The ids depend on `seed`.
pub fn durable<W: Writer + Sync>(
    store: &W,
    threads: usize,
    each: usize,
    seed: u64,
) -> Result<Duration> {
    let text = "t".repeat(TEXT_BYTES);
    let start = Barrier::new(threads + 1);
    std::thread::scope(|scope| {
        let (start, text) = (&start, text.as_str());
        let workers: Vec<_> = (0..threads)
            .map(|worker| {
                let mut rng = SplitMix::new(seed ^ (worker as u64) << 32);
                scope.spawn(move || -> Result<()> {
                    start.wait();
                    (0..each).try_for_each(|_| store.put_durably(random_id(&mut rng), text))
                })
            })
            .collect();
        start.wait();
        let begun = Instant::now();
        for worker in workers {
            worker.join().map_err(|_| "a thread that committed panicked")??;
        }
        Ok(begun.elapsed())
    })
}
