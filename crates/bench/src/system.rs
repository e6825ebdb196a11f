//! What the operating system says: memory, bytes written, room on disk, and how fast a plain sync
//! is.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::Result;

/// Between two looks at the memory.
const LOOK: Duration = Duration::from_millis(5);

/// Bytes of memory of this process that no file backs.
pub fn anonymous_bytes() -> Result<u64> {
    Ok(field("/proc/self/status", "RssAnon:")? * 1024)
}

/// Bytes that this process caused to be written to disk.
pub fn written_bytes() -> Result<u64> {
    field("/proc/self/io", "write_bytes:")
}

/// Time that this thread has had a processor.
pub fn processor_time() -> Result<Duration> {
    let text = fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanos = text.split_whitespace().next().ok_or("the schedule statistics are empty")?;
    Ok(Duration::from_nanos(nanos.parse()?))
}

fn field(file: &str, name: &str) -> Result<u64> {
    let text = fs::read_to_string(file)?;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|rest| rest.split_whitespace().next());
    Ok(number.ok_or_else(|| format!("{file} has no {name}"))?.parse()?)
}

/// Bytes that the files of a directory take on disk; of a file with holes, without them.
pub fn disk_bytes(path: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(path)? {
        bytes += entry?.metadata()?.blocks() * 512;
    }
    Ok(bytes)
}

/// The highest values of `watched`, seen while `work` runs, and what `work` gives.
pub fn peaks<T, const N: usize>(
    watched: impl Fn() -> [u64; N] + Send,
    work: impl FnOnce() -> T,
) -> ([u64; N], T) {
    let (done, until) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let watcher = scope.spawn(move || {
            let mut peaks = watched();
            while until.recv_timeout(LOOK) == Err(mpsc::RecvTimeoutError::Timeout) {
                for (peak, value) in peaks.iter_mut().zip(watched()) {
                    *peak = value.max(*peak);
                }
            }
            peaks
        });
        let result = work();
        drop(done);
        (watcher.join().expect("looking does not panic"), result)
    })
}

/// A file of zeros, written and synced piece by piece: no durable commit is faster.
pub struct Floor {
    file: File,
    length: u64,
    at: u64,
}

impl Floor {
    /// Makes the file, and has its zeros on disk.
    pub fn new(path: &Path, length: u64) -> Result<Self> {
        let file = File::options().read(true).write(true).create_new(true).open(path)?;
        file.write_all_at(&vec![0; usize::try_from(length)?], 0)?;
        file.sync_all()?;
        Ok(Self { file, length, at: 0 })
    }

    /// Writes `bytes` bytes behind the last ones and syncs them, `times` times.
    pub fn run(&mut self, bytes: usize, times: usize) -> Result<Duration> {
        let piece = vec![0xa5; bytes];
        let start = Instant::now();
        for _ in 0..times {
            if self.at + bytes as u64 > self.length {
                self.at = 0;
            }
            self.file.write_all_at(&piece, self.at)?;
            self.file.sync_data()?;
            self.at += bytes as u64;
        }
        Ok(start.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peak_is_what_was_highest_when_it_was_looked() {
        let ([peak, flat], result) = peaks(|| [7, 1], || 3);
        assert_eq!((peak, flat, result), (7, 1, 3));
    }

    #[test]
    fn the_system_tells_of_memory_writes_and_room() {
        assert!(anonymous_bytes().expect("it is told") > 4096);
        written_bytes().expect("it is told");
        processor_time().expect("it is told");
        let dir = tempfile::tempdir().expect("a directory");
        let mut floor = Floor::new(&dir.path().join("floor"), 8192).expect("a file");
        assert!(floor.run(4096, 3).expect("written") > Duration::ZERO);
        assert!(disk_bytes(dir.path()).expect("it is told") >= 8192);
    }
}
