//! On a real file system, with the filler in a thread of its own.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use sutra_fs::OsDir;
use sutra_lsm::journal::{End, JournalWriter};
use sutra_testkit::SplitMix;

use crate::support::{IDENTITY, body, group, read_back, write};

#[test]
fn commits_and_a_filler_that_runs_beside_them_do_not_disturb_each_other() {
    let temp = tempfile::tempdir().unwrap();
    let dir = OsDir::open(temp.path()).unwrap();
    let mut writer = JournalWriter::create(&dir, IDENTITY, 5, 1 << 30).unwrap();
    let (filler, done) = (writer.filler(), AtomicBool::new(false));
    let mut written = Vec::new();
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                if filler.fill_step().unwrap() == 0 {
                    thread::yield_now();
                }
            }
        });
        let mut rng = SplitMix::new(21);
        for round in 0..100 {
            // So long that the writer runs out of zeros while the filler is at it.
            let bodies = (0..1 + rng.below(3)).map(|_| body(&mut rng, 6, 200_000)).collect();
            let commits = group(writer.next_seq(), round, bodies);
            write(&mut writer, &commits).unwrap();
            written.extend(commits);
            if round % 32 == 0 {
                writer.sync().unwrap();
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    writer.seal(8).unwrap();
    let (replayed, found) = read_back(&dir, &IDENTITY).unwrap();
    assert_eq!(replayed.end, End::Sealed { next_journal: 8 });
    assert!(found == written, "a commit was overwritten");
    assert!(writer.length() > 8 << 20, "the filler had to work");
}
