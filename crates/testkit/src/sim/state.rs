//! [`State`]: the living directory, its log, and the faults that are to strike it.
//!
//! Invariants:
//! * Every call that changes something and gets as far as the disk leaves one entry in the log,
//!   whether it fails there or not. A call that is refused before (a name that is taken, a file
//!   that is missing) leaves none.
//! * A file that was sealed or mapped is never written to again; who does so panics.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use sutra_fs::Name;

use super::content::Content;
use super::fault::{Fault, Faults, power_is_off};
use super::image::Image;
use super::op::{Ino, Logged, Note, Op, Written};
use super::payload::Payload;
use super::twist::Twists;
use crate::rng::mix;

/// Files of a simulation are held in memory; this keeps a wrong offset from filling it.
const FILE_BYTES_MAX: usize = 1 << 30;

#[derive(Debug, Default)]
pub(crate) struct State {
    /// What was in the directory before the first operation; all of it is durable.
    pub(crate) start: Image,
    pub(crate) log: Vec<Logged>,
    pub(crate) locks: BTreeSet<Name>,
    pub(crate) op_faults: Faults,
    pub(crate) read_faults: Faults,
    pub(crate) reads: u64,
    pub(crate) capacity: Option<u64>,
    pub(crate) twists: Twists,
    names: BTreeMap<Name, Ino>,
    files: Vec<LiveFile>,
}

#[derive(Debug)]
struct LiveFile {
    content: Content,
    fixed: bool,
}

impl State {
    pub(crate) fn from_image(image: &Image) -> Self {
        let mut state = Self { start: image.clone(), ..Self::default() };
        for (ino, (name, content)) in image.contents().enumerate() {
            state.names.insert(name.clone(), ino);
            state.files.push(LiveFile { content: content.clone(), fixed: false });
        }
        state
    }

    pub(crate) fn image(&self) -> Image {
        let content = |ino: Ino| self.files[ino].content.clone();
        Image::of_contents(self.names.iter().map(|(name, &ino)| (name.clone(), content(ino))))
    }

    pub(crate) fn note(&mut self, note: Note) {
        if self.power().is_ok() {
            self.log.push(Logged { op: Op::Note(note), failed: false });
        }
    }

    pub(crate) fn power(&self) -> io::Result<()> {
        if self.op_faults.is_cut(self.calls()) { Err(power_is_off()) } else { Ok(()) }
    }

    /// Counts one call that only reads, and lets it fail if it is to fail.
    pub(crate) fn reading(&mut self) -> io::Result<()> {
        self.power()?;
        let call = self.reads;
        self.reads += 1;
        self.read_faults.strike(call).map_or(Ok(()), |fault| Err(fault.error()))
    }

    pub(crate) fn find(&self, name: &Name) -> io::Result<Ino> {
        self.names.get(name).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    pub(crate) fn names(&self) -> Vec<Name> {
        self.names.keys().cloned().collect()
    }

    pub(crate) fn content(&self, ino: Ino) -> &Content {
        &self.files[ino].content
    }

    pub(crate) fn fix(&mut self, ino: Ino) {
        self.files[ino].fixed = true;
    }

    pub(crate) fn create(&mut self, name: &Name) -> io::Result<Ino> {
        self.power()?;
        if self.names.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let ino = self.files.len();
        self.act(Op::Link { name: name.clone(), ino })?;
        self.names.insert(name.clone(), ino);
        self.files.push(LiveFile { content: Content::default(), fixed: false });
        Ok(ino)
    }

    pub(crate) fn rename(&mut self, from: &Name, to: &Name) -> io::Result<()> {
        self.power()?;
        let ino = self.find(from)?;
        self.act(Op::Rename { from: from.clone(), to: to.clone(), ino })?;
        self.names.remove(from);
        self.names.insert(to.clone(), ino);
        Ok(())
    }

    pub(crate) fn remove(&mut self, name: &Name) -> io::Result<()> {
        self.power()?;
        self.find(name)?;
        self.act(Op::Unlink { name: name.clone() })?;
        self.names.remove(name);
        Ok(())
    }

    pub(crate) fn write(&mut self, ino: Ino, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.power()?;
        assert!(!self.files[ino].fixed, "file {ino} is written to after it was sealed or mapped");
        let offset = match usize::try_from(offset) {
            Ok(offset) if offset.saturating_add(bytes.len()) <= FILE_BYTES_MAX => offset,
            _ => return Err(io::ErrorKind::FileTooLarge.into()),
        };
        if bytes.is_empty() {
            return Ok(());
        }
        let fits = self.fits(ino, offset, bytes.len());
        let (written, error) = match self.op_faults.strike(self.calls()) {
            Some(fault) => (self.part_of(fits.min(bytes.len() - 1)), Some(fault.error())),
            None if fits < bytes.len() => (fits, Some(Fault::Enospc.error())),
            None => (bytes.len(), None),
        };
        let payload = Payload::new(offset, &bytes[..written]);
        payload.apply(&mut self.files[ino].content);
        let op = Op::Write { ino, data: Written(payload) };
        self.log.push(Logged { op, failed: error.is_some() });
        error.map_or(Ok(()), Err)
    }

    pub(crate) fn sync(&mut self, ino: Ino) -> io::Result<()> {
        self.power()?;
        self.act(Op::Sync { ino })
    }

    pub(crate) fn sync_dir(&mut self) -> io::Result<()> {
        self.power()?;
        self.act(Op::SyncDir)
    }

    pub(crate) fn seal(&mut self, ino: Ino) -> io::Result<()> {
        self.power()?;
        self.act(Op::Seal { ino })?;
        self.fix(ino);
        Ok(())
    }

    /// Logs an operation that happens as a whole or fails as a whole.
    fn act(&mut self, op: Op) -> io::Result<()> {
        let fault = self.op_faults.strike(self.calls());
        self.log.push(Logged { op, failed: fault.is_some() });
        fault.map_or(Ok(()), |fault| Err(fault.error()))
    }

    fn calls(&self) -> u64 {
        self.log.len() as u64
    }

    /// Some number of bytes up to `most`, a different one for each operation.
    fn part_of(&self, most: usize) -> usize {
        usize::try_from(mix(self.calls()) % (most as u64 + 1)).unwrap_or(most)
    }

    /// How many of `length` bytes at `offset` there is room for.
    fn fits(&self, ino: Ino, offset: usize, length: usize) -> usize {
        let Some(capacity) = self.capacity else { return length };
        let used: usize = self.names.values().map(|&ino| self.files[ino].content.length()).sum();
        let free = usize::try_from(capacity).unwrap_or(usize::MAX).saturating_sub(used);
        let end = self.files[ino].content.length().saturating_add(free);
        length.min(end.saturating_sub(offset))
    }
}
