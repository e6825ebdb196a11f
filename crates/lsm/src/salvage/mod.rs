//! [`salvage`]: everything of a damaged store that can be proven intact, in a new one.
//!
//! The damaged store is only read. Files that are whole are copied; of others the rows on sound
//! pages become a new segment; of journals comes what lies before the first damage. What is taken
//! is exactly what was committed, and what is not is in the report.
//!
//! Invariants:
//! * Nothing is taken that no sum vouches for.
//! * A row that a lost one may have replaced or deleted is in doubt. It is left out and reported,
//!   unless it is asked for. So what the report does not name is as it was, or counted by it.
//! * Journals end at their first damage: the new store is then as the old one was at that commit,
//!   but for what else was lost.
//!
//! Reading order: `report`, `raw` (one file), `header`, `inventory` (which files), `doubt`, `rewrite`, `log`.

mod doubt;
mod header;
mod inventory;
mod log;
mod raw;
mod report;
mod rewrite;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use sutra_format::{AssociationFlags, AssociationRecord, ConceptRecord};
use sutra_fs::Dir;
use sutra_manifest::{Manifest, SegmentMetadata, VectorSpace};
use sutra_segment::SegmentSummary;

use crate::backup::{Copier, check_empty, replace_segments, write_memtable};
use crate::config::{Background, CompactionConfig, Environment};
use crate::error::{LsmError, Result};
use crate::files::{SegmentFile, lock_name};
use crate::flush::metadata;
use crate::output::{Label, Words};
use crate::tree::LsmTree;
use crate::vectors::Spaces;
use crate::version::Version;
use crate::words::analyser_of;

use doubt::Doubt;
use inventory::{Inventory, Part};
use log::Log;
use raw::RawSegment;
use rewrite::Rewrite;

pub use report::{Link, Loss, Lost, SalvageReport};

/// How a damaged store is salvaged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SalvageOptions {
    /// Whether versions are taken of which newer ones, or the deletion, may have been lost. False
    /// by default. With it the new store has more, and some of it may be out of date.
    pub older: bool,
}

/// Writes everything of the store in `from` that can be proven intact into the empty directory
/// `to`, which becomes a store of its own, and reports what is missing there. Nothing in `from`
/// changes; nobody may write there meanwhile. `progress` is told how many more bytes were read.
///
/// Fails if nothing in `from` says that it was a store, or if `to` cannot be written; remove what
/// is in `to` then. Who is stopped in the midst of it leaves there no store, or one of which the words
/// are not counted anew yet: remove that as well.
pub fn salvage<D: Dir>(
    from: &Arc<D>,
    to: D,
    options: SalvageOptions,
    environment: &Environment,
    progress: &mut dyn FnMut(u64),
) -> Result<SalvageReport> {
    check_empty(&to)?;
    let lock = to.lock(&lock_name())?;
    check_empty(&to)?;
    let mut losses = Vec::new();
    let inventory = Inventory::take(&**from, &mut losses)?;
    let mut manifest = inventory.manifest.clone();
    analyser_of(&**from, &manifest)?;
    name_spaces(from, &inventory.parts, &mut manifest);
    manifest.store_id = environment.identity().0;
    manifest.journal_floor = None;
    if manifest.history.take().is_some() {
        let path = from.path(&Manifest::name());
        losses.push(Loss { path, offset: None, what: Lost::History });
    }
    let highest = inventory.parts.iter().map(|part| part.id).max().unwrap_or_default();
    manifest.skip_segment_id(highest);
    let mut work = Work { from, to: &to, inventory: &inventory, options, losses, progress };
    let mut metas = work.segments(&mut manifest)?;
    let in_segments = metas.iter().map(|meta| meta.max_seq).max().unwrap_or_default();
    metas.extend(work.journals(&mut manifest, environment, in_segments)?);
    manifest.last_seq = metas.iter().map(|meta| meta.max_seq).max().unwrap_or_default();
    let mut losses = work.losses;
    replace_segments(&mut manifest, metas);
    manifest.publish(&to)?;
    drop(lock);
    let tree = LsmTree::open_in(to, CompactionConfig::default(), by_hand(environment))?;
    tree.index_afresh()?; // What is lost was counted among the words of what is not.
    let (concepts, associations) = look(&tree, &from.path(&Manifest::name()), &mut losses)?;
    tree.close()?;
    Ok(SalvageReport { losses, concepts, associations })
}

fn by_hand(environment: &Environment) -> Environment {
    Environment { background: Background::Manual, ..environment.clone() }
}

struct Work<'a, D: Dir> {
    from: &'a Arc<D>,
    to: &'a D,
    inventory: &'a Inventory<D>,
    options: SalvageOptions,
    losses: Vec<Loss>,
    progress: &'a mut dyn FnMut(u64),
}

impl<D: Dir> Work<'_, D> {
    /// Copies or rewrites every segment, newest first.
    fn segments(&mut self, manifest: &mut Manifest) -> Result<Vec<SegmentMetadata>> {
        let seed = manifest.hash_seed;
        let parts = &self.inventory.parts;
        let homes: BTreeMap<u32, &RawSegment<D>> =
            parts.iter().filter_map(|part| Some((part.id, part.raw.as_ref()?))).collect();
        let (mut newer, mut metas) = (Vec::new(), Vec::new());
        let (mut whole, mut needed) = (BTreeSet::new(), BTreeSet::new());
        for part in parts.iter().filter(|part| !part.payload_only) {
            let Some(raw) = &part.raw else {
                newer.push(Doubt::of_all(seed));
                continue;
            };
            let doubt = Doubt::of(seed, raw);
            self.note_gaps(part, raw, &doubt);
            let (dir, older) = (&**self.from, self.options.older);
            let name = &part.name;
            let rewrite = Rewrite { dir, name, raw, homes: &homes, newer: &newer, older };
            let survey = rewrite.survey(&mut self.losses);
            needed.extend(survey.homes.keys().copied());
            if !survey.differs {
                whole.insert(part.id);
            } else {
                let id = manifest.allocate_segment_id();
                let summary = rewrite.write(self.to, id, manifest.store_id, &survey)?;
                metas.extend(summary.map(|summary| metadata(&summary, part.level)));
                (self.progress)(raw.length());
            }
            if !doubt.is_none() {
                newer.push(doubt);
            }
        }
        let mut copier = Copier::new(self.to, manifest.store_id, None, self.progress)?;
        for part in parts.iter().filter(|p| whole.contains(&p.id) || needed.contains(&p.id)) {
            let payload_only = !whole.contains(&part.id);
            metas.push(copier.copy(&open(self.from, part, payload_only)?)?);
        }
        Ok(metas)
    }

    /// Reports rows that are gone.
    fn note_gaps(&mut self, part: &Part<D>, raw: &RawSegment<D>, doubt: &Doubt<'_, D>) {
        let path = self.from.path(&part.name);
        let mut note = |block: u64, row_bytes: usize, first: u64, what| {
            let offset = Some(block + first * row_bytes as u64);
            self.losses.push(Loss { path: path.clone(), offset, what });
        };
        let block = raw.header.concepts.offset.get();
        for gap in &doubt.concepts {
            note(block, ConceptRecord::BYTES, gap.first, Lost::Concepts(gap.rows));
        }
        let block = raw.header.associations.offset.get();
        for gap in &doubt.associations {
            note(block, AssociationRecord::BYTES, gap.first, Lost::Associations(gap.rows));
        }
        if raw.tombstones.is_none() {
            self.losses.push(Loss { path, offset: None, what: Lost::Deletions });
        }
    }

    /// Writes what the journals had as segments of level 0.
    fn journals(
        &mut self,
        manifest: &mut Manifest,
        environment: &Environment,
        in_segments: u64,
    ) -> Result<Vec<SegmentMetadata>> {
        let known = &self.inventory.manifest;
        // What the manifest says is in segments may be lost, and is not in the journals.
        let by_manifest = known.journal_floor.is_some().then_some(known.last_seq);
        let next_seq = in_segments.max(by_manifest.unwrap_or_default()) + 1;
        let starts = &self.inventory.journals;
        let log = Log::read(&**self.from, known, starts, next_seq, &mut self.losses);
        let version: Version<D> =
            Version::new(Spaces::of(self.to, manifest)?, log.memtables.clone(), Vec::new())?;
        let mut metas = Vec::new();
        for memtable in &log.memtables {
            let label = Label {
                segment_id: manifest.allocate_segment_id(),
                store_id: manifest.store_id,
                created_at: environment.now(),
                compacted_at: 0,
                min_seq: memtable.min_seq().unwrap_or_default(),
                max_seq: memtable.max_seq().unwrap_or_default(),
            };
            let summary = write_memtable(&version, memtable, self.to, &label, Words::Omitted)?;
            metas.extend(summary.map(|summary| metadata(&summary, 0)));
        }
        Ok(metas)
    }
}

/// Opens a file that is whole, in the role that it has in the new store.
fn open<D: Dir>(from: &Arc<D>, part: &Part<D>, payload_only: bool) -> Result<SegmentFile<D>> {
    let raw = part.raw.as_ref().expect("only files that are whole are copied");
    let summary = SegmentSummary { header: raw.header, file_length: raw.length() };
    let meta = SegmentMetadata { payload_only, ..metadata(&summary, part.level) };
    SegmentFile::open(from, &meta, raw.header.store_id)
}

/// Adds the vector spaces that a manifest which was lost had, as far as indexes of segments say what
/// they are: codes have no gaps, so what comes behind one that nobody knows stays without a name.
fn name_spaces<D: Dir>(from: &Arc<D>, parts: &[Part<D>], manifest: &mut Manifest) {
    let mut found: BTreeMap<u16, VectorSpace> = BTreeMap::new();
    let whole = parts.iter().filter(|part| part.raw.as_ref().is_some_and(|raw| raw.is_intact));
    for file in whole.filter_map(|part| open(from, part, part.payload_only).ok()) {
        let entries = file.segment.vector_index().unwrap_or_default();
        for entry in entries.iter().filter(|entry| entry.space.get() > 0) {
            let (code, dimension) = (entry.space.get(), entry.dimension.get());
            if let Ok(Some(section)) = file.segment.vectors_of(code, dimension) {
                let space = section.space();
                let named = VectorSpace::new(space.name(), dimension).model(space.model());
                found.entry(code).or_insert(named.metric(space.metric()));
            }
        }
    }
    for (code, space) in found {
        if usize::from(code) == manifest.vector_spaces().len() + 1
            && manifest.register_space(&space).is_err()
        {
            return; // It has no name: it was lost once before.
        }
    }
}

/// Reads the new store as a whole: it must be sound. Counts what is in it, and finds associations
/// whose facts are not there, and codes whose names the old `manifest` had.
fn look<D: Dir>(tree: &LsmTree<D>, manifest: &Path, losses: &mut Vec<Loss>) -> Result<(u64, u64)> {
    // Names that are lost are told below.
    if let Some(damage) = tree.verify_with(&mut |_| {}, |_, _| Ok(()))?.damages.into_iter().next() {
        return Err(LsmError::Inconsistent { path: damage.path, reason: damage.reason });
    }
    let snapshot = tree.inner.snapshot(); // What is expired is saved like all else.
    let mut concepts = 0;
    let mut spaces = BTreeSet::new();
    for concept in snapshot.iter_concepts()? {
        if let Err(LsmError::UnknownSpace { code }) = concept?.vector_space() {
            spaces.insert(code);
        }
        concepts += 1;
    }
    if let (Some(first), Some(last)) = (spaces.first(), spaces.last()) {
        let what = Lost::VectorSpaces { first: *first, last: *last };
        losses.push(Loss { path: manifest.to_path_buf(), offset: None, what });
    }
    let mut associations = 0;
    let mut unnamed = BTreeSet::new();
    for record in snapshot.iter_associations()? {
        let record = record?;
        associations += 1;
        if tree.kind_name(record.kind()).is_none() {
            unnamed.insert(record.kind().code());
        }
        let states = record.flags.get() & AssociationFlags::HAS_FACT != 0;
        if states && snapshot.fact(&record)?.is_none() {
            let store = manifest.parent().unwrap_or(manifest).to_path_buf();
            losses.push(Loss { path: store, offset: None, what: Lost::Fact(Link::of(&record)) });
        }
    }
    if let (Some(first), Some(last)) = (unnamed.first(), unnamed.last()) {
        let what = Lost::KindNames { first: *first, last: *last };
        losses.push(Loss { path: manifest.to_path_buf(), offset: None, what });
    }
    Ok((concepts, associations))
}
