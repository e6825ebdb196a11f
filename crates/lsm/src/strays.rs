//! Files that hold commits to which the manifest does not lead: it is not the last one that was
//! published, or a journal between them is missing.
//!
//! No crash leaves that. The first commit into a journal comes after the manifest that leads to
//! it, and a flushed segment lies unnamed only while a manifest still leads to its journal: recovery,
//! which may find less in that journal than is in the segment, removes it before it names no journal.

use std::collections::BTreeSet;

use sutra_format::journal::JournalHeader;
use sutra_format::segment::SegmentHeader;
use sutra_fs::{Dir, ErrorKind, File, Name};
use sutra_manifest::Manifest;

use crate::error::{LsmError, Result};
use crate::files::{FileRole, role_of};
use crate::journal::{self, Identity};

/// Fails if a file of `names` has commits behind `last_seq`, up to which the manifest and the
/// journals that were replayed go.
pub(crate) fn check<D: Dir>(
    dir: &D,
    names: &[Name],
    manifest: &Manifest,
    replayed: &BTreeSet<u32>,
    last_seq: u64,
) -> Result<()> {
    // Older journals were flushed before the manifest was published that no longer names them.
    let floor = manifest.journal_floor.unwrap_or(manifest.next_segment_id());
    for name in names {
        let found = match role_of(name) {
            FileRole::Journal(id) if id >= floor && !replayed.contains(&id) => {
                last_of_journal(dir, name, id, manifest)
            }
            FileRole::Segment(id)
                if manifest.journal_floor.is_none() && manifest.segment(id).is_none() =>
            {
                last_of_segment(dir, name, manifest)
            }
            _ => continue,
        };
        let found = match found {
            // A writer removed it while a reader was about to look.
            Err(error) if error.fs().is_some_and(|fs| fs.kind == ErrorKind::NotFound) => continue,
            other => other?,
        };
        if found.is_some_and(|found| found > last_seq) {
            let reason = "holds commits that the manifest does not lead to".to_owned();
            return Err(LsmError::Inconsistent { path: dir.path(name), reason });
        }
    }
    Ok(())
}

/// The sequence number of the last record in a journal, if it has any.
fn last_of_journal<D: Dir>(
    dir: &D,
    name: &Name,
    journal_id: u32,
    manifest: &Manifest,
) -> Result<Option<u64>> {
    let mut header = [0; JournalHeader::BYTES];
    dir.open(name)?.read_at(0, &mut header)?;
    let header = JournalHeader::decode(&header).map_err(|error| LsmError::Inconsistent {
        path: dir.path(name),
        reason: error.to_string(),
    })?;
    let identity = Identity {
        journal_id,
        store_id: manifest.store_id,
        hash_seed: manifest.hash_seed,
        first_seq: header.first_seq.get(),
    };
    let replayed = journal::replay(dir, &identity, |_| Ok::<_, LsmError>(()))?;
    Ok((replayed.commits > 0).then(|| replayed.next_seq - 1))
}

/// The same of a segment. One without a header that holds was never published.
fn last_of_segment<D: Dir>(dir: &D, name: &Name, manifest: &Manifest) -> Result<Option<u64>> {
    let file = dir.open(name)?;
    let length = file.length()?;
    let mut bytes = [0; SegmentHeader::BYTES];
    if length < bytes.len() as u64 {
        return Ok(None);
    }
    file.read_at(0, &mut bytes)?;
    let header = SegmentHeader::decode(&bytes, length).ok();
    let own = header.filter(|header| header.store_id == manifest.store_id);
    Ok(own.map(|header| header.max_seq.get()))
}
