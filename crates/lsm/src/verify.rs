//! Reads everything and holds it against every sum and every rule.

use std::collections::BTreeMap;
use std::path::PathBuf;

use sutra_format::ConceptRecord;
use sutra_format::segment::vector_stride;
use sutra_fs::{Dir, File, Name};
use sutra_manifest::Manifest;
use sutra_segment::shared_payload;

use crate::error::{LsmError, Result};
use crate::files::{FileRole, Role, SegmentFile, lock_name, role_of};
use crate::journal::{self, End, Identity};
use crate::recovery::first_journal;
use crate::snapshot::{Home, entries_of, vector_of};
use crate::tree::{Durable, Inner, LsmTree};
use crate::vectors::SpaceKey;
use crate::version::Version;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The file.
    pub path: PathBuf,
    /// Where in it, if that can be told.
    pub offset: Option<u64>,
    /// What is wrong, and what to do.
    pub reason: String,
}

/// What [`LsmTree::verify`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// Everything that is wrong; the first of each file.
    pub damages: Vec<Damage>,
    /// Files that were read.
    pub files: usize,
    /// Bytes that were read.
    pub bytes: u64,
    /// Names in the directory that are not the store's.
    pub foreign: Vec<String>,
}

impl Damage {
    pub(crate) fn of(error: &LsmError) -> Self {
        Self {
            path: error.path().map(PathBuf::from).unwrap_or_default(),
            offset: error.offset(),
            reason: error.to_string(),
        }
    }
}

impl VerifyReport {
    /// Whether nothing is wrong.
    pub fn is_intact(&self) -> bool {
        self.damages.is_empty()
    }
}

impl<D: Dir> LsmTree<D> {
    /// Reads every byte of every file that the store has on disk and checks all sums, all orders
    /// and all references. `progress` is told how many more bytes were read.
    ///
    /// Fails only if it cannot look; what is damaged is in the report.
    pub fn verify(&self, progress: &mut dyn FnMut(u64)) -> Result<VerifyReport> {
        self.verify_with(progress, check_spaces)
    }

    /// The same, with this check of the files whose rows are read in place of that of vector spaces.
    pub(crate) fn verify_with(
        &self,
        progress: &mut dyn FnMut(u64),
        check: fn(&Version<D>, &SegmentFile<D>) -> Result<()>,
    ) -> Result<VerifyReport> {
        let inner = &self.inner;
        let version = inner.version.load_full();
        let mut report = VerifyReport::default();
        for file in &version.files {
            report.files += 1;
            report.bytes += file.segment.file_length();
            let checked = file.segment.verify(progress).map_err(LsmError::from);
            let checked = checked.and_then(|()| check_references(&version, file));
            let checked = checked.and_then(|()| check(&version, file));
            report.note(checked);
        }
        let mut journal_bytes = 0;
        report.note(inner.check_journals(&mut journal_bytes));
        progress(journal_bytes);
        report.bytes += journal_bytes;
        for name in inner.dir.list()? {
            match role_of(&name) {
                FileRole::Manifest => {
                    report.files += 1;
                    report.note(check_manifest(&*inner.dir, &name));
                }
                FileRole::Lock => report.note(check_lock(&*inner.dir)),
                FileRole::Foreign => report.foreign.push(name.to_string()),
                FileRole::Segment(_) | FileRole::Journal(_) | FileRole::Staged => {}
            }
        }
        Ok(report)
    }
}

impl<D: Dir> Inner<D> {
    /// Reads the journals: all of them in a store at rest, and what is durable of those that this
    /// very writer may write to meanwhile.
    fn check_journals(&self, bytes: &mut u64) -> Result<()> {
        if self.writer.is_none() {
            let manifest = self.ledger.lock().manifest.clone();
            return check_journals(&*self.dir, &manifest, bytes);
        }
        for Durable { journal, upto } in self.durable_journals() {
            let identity = self.identity(journal);
            match journal::check_part(&*self.dir, &identity, None, upto, u64::MAX) {
                Ok(checked) => *bytes += checked.bytes,
                // It was flushed meanwhile.
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

impl VerifyReport {
    fn note(&mut self, checked: Result<()>) {
        if let Err(error) = checked {
            self.damages.push(Damage::of(&error));
        }
    }
}

/// Whether text and vector of every record are where it says, and its file's count of them is
/// right. What lies in the file itself was checked with the file.
fn check_references<D: Dir>(version: &Version<D>, file: &SegmentFile<D>) -> Result<()> {
    if file.role == Role::Payload {
        return Ok(());
    }
    let mut live: BTreeMap<u32, u64> = BTreeMap::new();
    for row in 0..file.concept_rows() {
        let newest = file.segment.concept(row)?;
        let mut newer: Option<&ConceptRecord> = None;
        for record in std::iter::once(newest).chain(file.segment.concept_versions(row)?) {
            let shares = newer.map_or([false; 2], |newer| shared_payload(newer, record));
            newer = Some(record);
            check_payload(version, file, record, shares, &mut live)?;
        }
    }
    let homes = file.segment.homes()?;
    let stated = homes.iter().map(|home| (home.segment_id.get(), home.live_bytes.get()));
    if !live.into_iter().eq(stated) {
        let path = file.segment.path().to_path_buf();
        let reason = "what it says of the payload that it refers to is not so".to_owned();
        return Err(LsmError::Inconsistent { path, reason });
    }
    Ok(())
}

/// Whether every vector is in a space that the manifest names, and of its dimension.
fn check_spaces<D: Dir>(version: &Version<D>, file: &SegmentFile<D>) -> Result<()> {
    if file.role == Role::Payload {
        return Ok(());
    }
    for row in 0..file.concept_rows() {
        let newest = std::iter::once(file.segment.concept(row)?);
        for record in newest.chain(file.segment.concept_versions(row)?) {
            if let Some(key) = SpaceKey::of(record) {
                version.spaces.check(key).map_err(|error| LsmError::Inconsistent {
                    path: file.segment.path().to_path_buf(),
                    reason: format!("concept {}: {error}", record.id),
                })?;
            }
        }
    }
    Ok(())
}

/// Whether text and vector of one record are where it says, but for what it shares with the version
/// before.
fn check_payload<D: Dir>(
    version: &Version<D>,
    file: &SegmentFile<D>,
    record: &ConceptRecord,
    shares: [bool; 2],
    live: &mut BTreeMap<u32, u64>,
) -> Result<()> {
    let misfit = |reason: String| LsmError::Inconsistent {
        path: file.segment.path().to_path_buf(),
        reason: format!("concept {}: {reason}", record.id),
    };
    // What is shared is not read again: time would not be bounded by the files.
    let mut refers = |segment: u32, bytes: u64| {
        let sum = live.entry(segment).or_default();
        *sum += bytes;
        let most = version.file(segment).map_or(0, |file| file.segment.file_length());
        let is_shared = || misfit(format!("shares its text or vector in segment {segment}"));
        if *sum <= most { Ok(()) } else { Err(is_shared()) }
    };
    if record.has_vector() && record.vector_dimension.get() == 0 {
        return Err(misfit("has a vector without its dimension".to_owned()));
    }
    let [shares_text, shares_vector] = shares;
    if record.text_bytes() > 0 && !shares_text {
        let entries = entries_of(record, Home::Segments, version)?;
        refers(record.content_segment.get(), record.text_bytes())?;
        record.split_text(entries).map_err(|error| misfit(error.to_string()))?;
    }
    if !shares_vector && let Some(values) = vector_of(record, Home::Segments, version)? {
        refers(record.vector_segment.get(), vector_stride(record.vector_dimension.get()))?;
        if let Some(at) = values.iter().position(|value| !value.is_finite()) {
            return Err(misfit(format!("value {at} of its vector is not a finite number")));
        }
    }
    Ok(())
}

/// Reads the journals that the manifest leads to, up to their last byte.
fn check_journals<D: Dir>(dir: &D, manifest: &Manifest, bytes: &mut u64) -> Result<()> {
    let Some(start) = first_journal(manifest) else { return Ok(()) };
    let mut identity = Identity {
        journal_id: start.journal_id,
        store_id: manifest.store_id,
        hash_seed: manifest.hash_seed,
        first_seq: start.first_seq,
    };
    loop {
        let verified = journal::verify(dir, &identity)?;
        *bytes += verified.replayed.offset;
        if let Some(leftover) = verified.leftover {
            return Err(LsmError::Inconsistent {
                path: dir.path(&identity.name()),
                reason: format!(
                    "{} bytes from byte {} on are no whole commit: a crash cut it off, or they \
                     are damaged; opening the store for writing drops them",
                    leftover.bytes, leftover.offset
                ),
            });
        }
        match verified.replayed.end {
            End::Sealed { next_journal } if next_journal > identity.journal_id => {
                identity.journal_id = next_journal;
                identity.first_seq = verified.replayed.next_seq;
            }
            _ => return Ok(()),
        }
    }
}

fn check_manifest<D: Dir>(dir: &D, name: &Name) -> Result<()> {
    Ok(Manifest::load_from(dir, name).map(drop)?)
}

fn check_lock<D: Dir>(dir: &D) -> Result<()> {
    let name = lock_name();
    if dir.open(&name)?.length()? > 0 {
        let reason = "the lock file is not empty; empty it".to_owned();
        return Err(LsmError::Inconsistent { path: dir.path(&name), reason });
    }
    Ok(())
}
