//! Work for both processors, the same whichever is faster.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Threads that work at the same time.
const THREADS: usize = 2;

/// Does `work` for each of `pieces`; a panic goes on in whoever calls.
pub(crate) fn in_parallel<P: Sync>(pieces: &[P], work: impl Fn(&P) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(piece) = pieces.get(next.fetch_add(1, Ordering::Relaxed)) {
                    work(piece);
                }
            });
        }
    });
}
