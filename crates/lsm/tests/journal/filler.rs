//! Writer and filler make the same file longer: never both at once.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use sutra_format::journal::FRAMES_START;
use sutra_fs::{Dir, File, Name, Result};
use sutra_lsm::journal::JournalWriter;
use sutra_testkit::{SimDir, SimFile, SimLock, SimMap, SplitMix};

use crate::support::{IDENTITY, body, group, read_back, write};

/// Stops the next write of zeros: says that it has begun, then waits to be let go on.
type Stop = Arc<Mutex<Option<(Sender<()>, Receiver<()>)>>>;

/// A directory in which one write can be stopped.
struct Stopping {
    inner: SimDir,
    stop: Stop,
}

struct StoppingFile {
    inner: SimFile,
    stop: Stop,
}

impl Stopping {
    fn wrap(&self, file: Result<SimFile>) -> Result<StoppingFile> {
        Ok(StoppingFile { inner: file?, stop: self.stop.clone() })
    }
}

impl Dir for Stopping {
    type File = StoppingFile;
    type Lock = SimLock;

    fn create(&self, name: &Name) -> Result<StoppingFile> {
        self.wrap(self.inner.create(name))
    }

    fn open(&self, name: &Name) -> Result<StoppingFile> {
        self.wrap(self.inner.open(name))
    }

    fn rename(&self, from: &Name, to: &Name) -> Result<()> {
        self.inner.rename(from, to)
    }

    fn remove(&self, name: &Name) -> Result<()> {
        self.inner.remove(name)
    }

    fn list(&self) -> Result<Vec<Name>> {
        self.inner.list()
    }

    fn sync(&self) -> Result<()> {
        self.inner.sync()
    }

    fn lock(&self, name: &Name) -> Result<SimLock> {
        self.inner.lock(name)
    }

    fn path(&self, name: &Name) -> PathBuf {
        self.inner.path(name)
    }
}

impl File for StoppingFile {
    type Map = SimMap;

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        if bytes.iter().all(|byte| *byte == 0) {
            let stop = self.stop.lock().take();
            if let Some((begun, go_on)) = stop {
                begun.send(()).unwrap();
                go_on.recv().unwrap();
            }
        }
        self.inner.write_at(offset, bytes)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        self.inner.read_at(offset, buffer)
    }

    fn sync(&self) -> Result<()> {
        self.inner.sync()
    }

    fn length(&self) -> Result<u64> {
        self.inner.length()
    }

    fn seal(&self) -> Result<()> {
        self.inner.seal()
    }

    fn map(self) -> Result<SimMap> {
        self.inner.map()
    }
}

#[test]
fn a_writer_that_runs_out_of_zeros_waits_for_the_filler_that_writes_them() {
    let stop = Stop::default();
    let dir = Stopping { inner: SimDir::new(), stop: stop.clone() };
    let mut writer = JournalWriter::create(&dir, IDENTITY, 5, 1 << 30).unwrap();
    let mut rng = SplitMix::new(31);
    // So much that half of the zeros are used up.
    let first = (0..12).map(|_| body(&mut rng, 8, 20_000)).collect();
    let mut written = group(writer.next_seq(), 1, first);
    write(&mut writer, &written).unwrap();
    let large = (0..8).map(|_| body(&mut rng, 6, 200_000)).collect();
    let large = group(writer.next_seq(), 2, large);
    let filler = writer.filler();
    assert!(filler.needs_fill());

    let (begun, has_begun) = channel();
    let (release, go_on) = channel();
    let (done, is_done) = channel();
    *stop.lock() = Some((begun, go_on));
    thread::scope(|scope| {
        scope.spawn(|| filler.fill_step().unwrap());
        has_begun.recv().unwrap();
        scope.spawn(|| {
            write(&mut writer, &large).unwrap();
            done.send(()).unwrap();
        });
        // As long as the filler is at it, nothing may come of the write.
        let waited = is_done.recv_timeout(Duration::from_millis(100));
        release.send(()).unwrap();
        assert_eq!(waited, Err(RecvTimeoutError::Timeout));
    });
    written.extend(large);
    let (_, found) = read_back(&dir, &IDENTITY).unwrap();
    assert!(found == written, "a commit was overwritten");
}

#[test]
fn the_filler_says_how_many_zeros_it_writes_and_stops_when_as_many_lie_ahead_as_behind() {
    let dir = SimDir::new();
    let mut writer = JournalWriter::create(&dir, IDENTITY, 5, 1 << 30).unwrap();
    let mut rng = SplitMix::new(33);
    let filler = writer.filler();
    for _ in 0..40 {
        let bodies = (0..2).map(|_| body(&mut rng, 4, 60_000)).collect();
        let commits = group(writer.next_seq(), 1, bodies);
        write(&mut writer, &commits).unwrap();
        writer.sync().unwrap();
        let length = || dir.image().length(&IDENTITY.name());
        let (mut before, ran_out) = (length(), filler.needs_fill());
        loop {
            let written = filler.fill_step().unwrap();
            assert!(written <= 512 << 10 && length() == before + written, "{written}");
            before += written;
            if written == 0 {
                break;
            }
        }
        let tail = writer.length();
        let ahead = (tail - FRAMES_START).clamp(256 << 10, 8 << 20);
        let most = (tail + ahead).next_multiple_of(FRAMES_START);
        assert!(before >= tail + ahead / 2, "{before} of {tail}");
        assert!(!ran_out || before <= most, "{before} of {tail}");
    }
}
