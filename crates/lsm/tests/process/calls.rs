//! Each call to the system, of each kind: killed there, and refused there with each error, once and
//! from then on.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::child::{Said, Task, check, models};
use crate::history::State;

const BATCHES: u64 = 30;
/// The exit code of a program whose test panicked.
const PANIC: i32 = 101;
const SIGKILL: i32 = 9;
/// What the engine uses, and how a kernel may refuse it.
const CALLS: [(&str, &[&str]); 13] = [
    ("openat", &["EIO", "EMFILE", "EINTR"]),
    ("mkdir", &["EIO", "ENOSPC"]),
    ("flock", &["EIO", "EINTR"]),
    ("fstat,statx,newfstatat", &["EIO"]),
    ("getdents64", &["EIO"]),
    ("pread64", &["EIO", "EINTR"]),
    ("pwrite64", &["EIO", "ENOSPC", "EINTR"]),
    ("fsync", &["EIO", "ENOSPC", "EINTR"]),
    ("fdatasync", &["EIO", "ENOSPC", "EINTR"]),
    ("fchmod", &["EIO"]),
    ("rename,renameat,renameat2", &["EIO", "ENOSPC"]),
    ("unlink,unlinkat", &["EIO"]),
    // The standard library does not expect a directory that cannot be closed.
    ("close", &[]),
];
const WORKERS: usize = 8;
/// Beyond this a sweep does not end.
const CALLS_MAX: u32 = 5_000;

/// Runs a child to which `what` happens at those of `calls` that `when` says, as strace reads it.
fn run(calls: &str, what: &str, when: &str, store: &Path, models: &[State]) -> (Said, ExitStatus) {
    let inject = format!("inject={calls}:{what}:when={when}");
    let trace = format!("trace={calls}");
    let strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject];
    let runner: Vec<_> = strace.iter().map(|&word| word.to_owned()).collect();
    let task = Task { store, first: 1, count: BATCHES, manual: true };
    let (said, status) = task.start(&runner).end();
    assert_ne!(status.code(), Some(PANIC), "{calls} {what} {when}");
    if store.exists() {
        let held = check(store, models, said);
        assert!(!said.done || held == BATCHES, "{calls} {what} {when}: {said:?}");
    }
    (said, status)
}

/// Kills a child at each of the calls, until there are no more; gives how many there were.
fn kill_at_each(calls: &str, models: &[State]) -> u32 {
    for at in 1..CALLS_MAX {
        let place = tempfile::tempdir().unwrap();
        let (store, when) = (place.path().join("store"), at.to_string());
        let (said, status) = run(calls, "signal=SIGKILL", &when, &store, models);
        if status.success() {
            assert!(said.done && !said.failed, "{calls} {at}: {said:?}");
            return at - 1;
        }
        assert_eq!(status.signal(), Some(SIGKILL), "{calls} {at}: {status}");
    }
    panic!("more than {CALLS_MAX} of {calls}");
}

/// Does `work` for each of `jobs`, many at a time: most of it is waiting for the disk.
fn in_parallel<J: Sync, R: Send>(jobs: &[J], work: impl Fn(&J) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        let worker = || {
            let mut results = Vec::new();
            while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                results.push(work(job));
            }
            results
        };
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    })
}

#[test]
#[ignore = "takes minutes, and needs strace"]
fn whatever_happens_to_a_call_the_store_stays_sound() {
    let models = models(BATCHES);
    let kills =
        in_parallel(&CALLS, |(calls, errors)| (*calls, *errors, kill_at_each(calls, &models)));
    let mut refusals = Vec::new();
    for (calls, errors, count) in &kills {
        for error in *errors {
            let refusal = |when: String| (*calls, format!("error={error}"), when);
            refusals.extend((1..=*count).map(|at| refusal(at.to_string())));
            // An interrupted call is made again, so for ever would never end.
            if *error != "EINTR" {
                refusals.extend((1..=*count).map(|at| refusal(format!("{at}+"))));
            }
        }
    }
    in_parallel(&refusals, |(calls, error, when)| {
        let place = tempfile::tempdir().unwrap();
        run(calls, error, when, &place.path().join("store"), &models);
    });
    let killed: u32 = kills.iter().map(|(.., count)| count).sum();
    assert!(killed > 400, "only {killed} calls were found");
    assert!(refusals.len() > 1_500, "only {} refusals were tried", refusals.len());
}
