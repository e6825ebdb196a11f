//! [`Destination`]: the directory of a backup, and how its manifest changes.

use sutra_format::SegmentHeader;
use sutra_format::journal::{FRAMES_START, FrameHeader};
use sutra_fs::{Dir, File, Name};
use sutra_manifest::Manifest;
use zerocopy::IntoBytes;

use super::unfit;
use crate::error::{LsmError, Result};
use crate::files::{FileRole, journal_name, lock_name, role_of};
use crate::journal::Identity;
use crate::open::load_existing;

/// Bytes of a journal in which there is no room for a commit.
const MARKER_BYTES: u64 = FRAMES_START + FrameHeader::BYTES as u64;

/// A directory that takes a backup. Held by a lock, so that there is one at a time.
pub(super) struct Destination<'a, D: Dir> {
    dir: &'a D,
    earlier: Option<Manifest>,
    _lock: D::Lock,
}

impl<'a, D: Dir> Destination<'a, D> {
    /// Fails unless the directory is empty or has an earlier backup of the store.
    pub(super) fn open(dir: &'a D, store_id: [u8; 16]) -> Result<Self> {
        find_earlier(dir, store_id)?; // Before a lock file is left where it has no business.
        let lock = dir.lock(&lock_name())?;
        Ok(Self { dir, earlier: find_earlier(dir, store_id)?, _lock: lock })
    }

    pub(super) fn earlier(&self) -> Option<&Manifest> {
        self.earlier.as_ref()
    }

    /// Makes `manifest`, all of whose segments are there, that of the backup, and removes what it
    /// does not name; says how many files that were.
    pub(super) fn publish(&self, mut manifest: Manifest, now: u64) -> Result<usize> {
        let marker = Identity {
            journal_id: manifest.allocate_segment_id(),
            store_id: manifest.store_id,
            hash_seed: manifest.hash_seed,
            first_seq: manifest.last_seq + 1,
        };
        let mut bytes = vec![0; MARKER_BYTES as usize];
        let header = marker.header(now);
        bytes[..header.as_bytes().len()].copy_from_slice(header.as_bytes());
        sutra_fs::publish(self.dir, &marker.name(), &bytes)?;
        manifest.journal_floor = Some(marker.journal_id);
        manifest.publish(self.dir)?;
        self.clean(&manifest)
    }

    fn clean(&self, manifest: &Manifest) -> Result<usize> {
        let is_left = |name: &Name| match role_of(name) {
            FileRole::Segment(id) => manifest.segment(id).is_none(),
            FileRole::Journal(id) => manifest.journal_floor != Some(id),
            FileRole::Staged => true,
            FileRole::Manifest | FileRole::Lock | FileRole::Foreign => false,
        };
        let left: Vec<Name> = self.dir.list()?.into_iter().filter(is_left).collect();
        left.iter().try_for_each(|name| self.dir.remove(name))?;
        let was_named = |name: &&Name| matches!(role_of(name), FileRole::Segment(_));
        Ok(left.iter().filter(was_named).count())
    }
}

/// The manifest of the earlier backup in a directory; `None` if it is empty.
fn find_earlier<D: Dir>(dir: &D, store_id: [u8; 16]) -> Result<Option<Manifest>> {
    let earlier = match load_existing(dir) {
        Err(LsmError::NoStore { .. }) => return check_empty(dir, store_id).map(|()| None),
        other => other?,
    };
    let name = Manifest::name();
    if earlier.store_id != store_id {
        let reason = "this is another store; back up into an empty directory, \
                      or into one with an earlier backup of this store";
        return Err(unfit(dir, &name, reason));
    }
    if !is_untouched(dir, &earlier)? {
        let reason = "this is no backup, or a backup that was opened for writing since; \
                      back up into an empty directory";
        return Err(unfit(dir, &name, reason));
    }
    Ok(Some(earlier))
}

/// Whether nobody has written to a backup: its manifest leads to the journal that has no room.
fn is_untouched<D: Dir>(dir: &D, manifest: &Manifest) -> Result<bool> {
    let Some(journal_id) = manifest.journal_floor else { return Ok(false) };
    match dir.open(&journal_name(journal_id)) {
        Ok(file) => Ok(file.length()? == MARKER_BYTES),
        Err(error) if error.kind == sutra_fs::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Fails if there is anything but what a first backup leaves that was cut off.
fn check_empty<D: Dir>(dir: &D, store_id: [u8; 16]) -> Result<()> {
    for name in dir.list()? {
        let is_left = match role_of(&name) {
            FileRole::Lock | FileRole::Staged => true,
            FileRole::Segment(_) => is_of_store(dir, &name, store_id)?,
            FileRole::Journal(_) => is_marker(dir, &name)?,
            FileRole::Manifest | FileRole::Foreign => false,
        };
        if !is_left {
            let reason = "the directory is neither empty nor a backup of this store; \
                          choose another one";
            return Err(unfit(dir, &name, reason));
        }
    }
    Ok(())
}

fn is_of_store<D: Dir>(dir: &D, name: &Name, store_id: [u8; 16]) -> Result<bool> {
    let file = dir.open(name)?;
    let length = file.length()?;
    let mut bytes = [0; SegmentHeader::BYTES];
    if length < bytes.len() as u64 {
        return Ok(false);
    }
    file.read_at(0, &mut bytes)?;
    Ok(SegmentHeader::decode(&bytes, length).is_ok_and(|header| header.store_id == store_id))
}

fn is_marker<D: Dir>(dir: &D, name: &Name) -> Result<bool> {
    Ok(dir.open(name)?.length()? == MARKER_BYTES)
}
