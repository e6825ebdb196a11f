//! [`NewVectors`]: the index of the vectors of a segment that is being written.

use std::collections::{BTreeMap, BTreeSet};

use sutra_format::VectorIndexEntry;
use sutra_fs::Dir;
use sutra_index::vectors::{
    Centroids, Coder, GONE, LISTS_MIN, MergeInput, Section, VectorError, Vectors, build, cells_for,
    merge,
};
use sutra_segment::VectorIndexPart;

use super::segments::damage;
use super::space::{SQUARED_LENGTH_MAX, SpaceKey, squared_length};
use crate::error::{LsmError, Result};
use crate::files::SegmentFile;
use crate::memtable::PayloadId;
use crate::merge::ConceptRow;
use crate::moves::Moves;
use crate::output::{Input, Words};
use crate::snapshot::Home;

/// Learns which rows with vectors a new segment gets, and gives the parts of its index.
pub(crate) struct NewVectors<'a, D: Dir> {
    input: &'a Input<'a, D>,
    spaces: BTreeMap<SpaceKey, Rows<'a, D>>,
}

/// Rows of one space, rising, and where their vectors are.
struct Rows<'a, D: Dir> {
    input: &'a Input<'a, D>,
    dimension: u32,
    rows: Vec<u32>,
    places: Vec<Place>,
}

/// Where a vector lies: in a payload of the memtable, or in a segment, from this byte of either on.
enum Place {
    Memtable(PayloadId, u64),
    Segment(u32, u64),
}

impl<D: Dir> Vectors for Rows<'_, D> {
    fn vector(&self, row: u32) -> Option<&[f32]> {
        match self.places[self.rows.binary_search(&row).ok()?] {
            Place::Memtable(payload, offset) => {
                let start = usize::try_from(offset).ok()?;
                let bytes = self.input.memtable?.payload(payload);
                let end = start + self.dimension as usize * size_of::<f32>();
                Some(bytemuck::cast_slice(bytes.get(start..end)?))
            }
            Place::Segment(id, offset) => {
                self.input.version.file(id)?.segment.vector(offset, self.dimension).ok()
            }
        }
    }
}

impl<D: Dir> Rows<'_, D> {
    /// The rows whose vectors can be compared. Those that cannot are refused when they are put; who
    /// has put one otherwise has it stored, and does not find it.
    fn comparable(&self) -> Vec<u32> {
        let is_comparable = |row: &u32| {
            let vector = self.vector(*row);
            vector.is_some_and(|vector| squared_length(vector) <= SQUARED_LENGTH_MAX)
        };
        self.rows.iter().copied().filter(is_comparable).collect()
    }
}

impl<'a, D: Dir> NewVectors<'a, D> {
    pub(crate) fn new(input: &'a Input<'a, D>) -> Self {
        Self { input, spaces: BTreeMap::new() }
    }

    /// Takes a row that becomes row `new` of the segment, as it is before its payload moves.
    pub(crate) fn push(&mut self, row: &ConceptRow<'a>, new: u32) {
        let record = &row.record;
        if record.is_tombstone() || record.is_delta() {
            return;
        }
        let Some(key) = SpaceKey::of(record) else { return };
        let (input, dimension) = (self.input, key.dimension);
        let none = || Rows { input, dimension, rows: Vec::new(), places: Vec::new() };
        let rows = self.spaces.entry(key).or_insert_with(none);
        rows.rows.push(new);
        let offset = record.vector_offset.get();
        rows.places.push(match row.home {
            Home::Memtable(_, payload) => Place::Memtable(payload, offset),
            Home::Segments => Place::Segment(record.vector_segment.get(), offset),
        });
    }

    /// The parts, as a segment wants them. Centroids that are trained on the way get `epoch`.
    pub(crate) fn finish(self, moves: &Moves, epoch: u32) -> Result<Vec<VectorIndexPart>> {
        let mut parts = Vec::new();
        for (key, rows) in &self.spaces {
            let part = |epoch: u64, bytes: Vec<u8>| {
                let SpaceKey { space, dimension } = *key;
                VectorIndexPart { space, dimension, epoch, bytes }
            };
            let coder = self.input.version.coder(*key)?;
            let known = match self.input.words {
                // Where a list had one vector, its centroid was that.
                Words::Erasing => Vec::new(),
                _ => self.input.version.centroids(*key)?,
            };
            let best = known.iter().max_by_key(|found| (found.cells(), found.epoch()));
            let cells = cells_for(rows.rows.len() as u64);
            let is_enough = best.is_some_and(|best| cells < best.cells().saturating_mul(2));
            let trained = if rows.rows.len() < LISTS_MIN || is_enough {
                None
            } else {
                let trained =
                    Centroids::train(&coder, u64::from(epoch) + 1, cells, &rows.comparable(), rows);
                Some(trained.map_err(failure)?)
            };
            let centroids = trained.as_ref().or(best.map(|best| &**best));
            let section = self.section(*key, &coder, centroids, moves, rows)?;
            parts.push(part(0, section));
            let used = self.used_elsewhere(*key)?;
            let is_needed = |found: &Centroids| {
                let epoch = found.epoch();
                let is_best = centroids.is_some_and(|best| best.epoch() == epoch);
                (is_best || used.contains(&epoch)) && !self.stays(*key, epoch)
            };
            let mut epochs: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
            for found in known.iter().map(|found| &**found).chain(trained.as_ref()) {
                if is_needed(found) {
                    epochs.insert(found.epoch(), found.to_bytes());
                }
            }
            parts.extend(epochs.into_iter().map(|(epoch, bytes)| part(epoch, bytes)));
        }
        Ok(parts)
    }

    /// Rows and codes. Codes are copied if every vector has been in a section before.
    fn section(
        &self,
        key: SpaceKey,
        coder: &Coder,
        centroids: Option<&Centroids>,
        moves: &Moves,
        rows: &Rows<'a, D>,
    ) -> Result<Vec<u8>> {
        let mut sections: Vec<(usize, Section<'a>)> = Vec::new();
        if self.input.words == Words::AsUsual {
            for (at, file) in self.input.segments.iter().enumerate() {
                let section = file.segment.vectors_of(key.space, key.dimension)?;
                let own = section.filter(|section| section.space() == coder.space());
                sections.extend(own.map(|section| (at, section)));
            }
        }
        let left = |(at, section): &(usize, Section<'_>)| {
            let map = moves.of(*at);
            let stays = |row: &u32| map.get(*row as usize).is_some_and(|new| *new != GONE);
            section.rows().filter(stays).count()
        };
        let covered: usize = sections.iter().map(left).sum();
        let row_limit = moves.rows();
        if covered == rows.rows.len() && !sections.is_empty() {
            let inputs: Vec<MergeInput<'_>> = sections
                .iter()
                .map(|(at, section)| MergeInput { section, new_rows: moves.of(*at) })
                .collect();
            merge(coder, centroids, row_limit, &inputs, rows)
                .map_err(|error| damage(&sections, |at| &*self.input.segments[at], error))
        } else {
            build(coder, centroids, row_limit, &rows.comparable(), rows).map_err(failure)
        }
    }

    /// The segments that will still be there beside the new one.
    fn others(&self) -> impl Iterator<Item = &'a SegmentFile<D>> {
        let inputs: Vec<u32> = self.input.segments.iter().map(|file| file.segment.id()).collect();
        let version = self.input.version;
        version.segments.iter().filter(move |file| !inputs.contains(&file.segment.id()))
    }

    /// The epochs that lists of other segments name.
    fn used_elsewhere(&self, key: SpaceKey) -> Result<BTreeSet<u64>> {
        let sections = self.others().map(|file| file.segment.vectors_of(key.space, key.dimension));
        let mut epochs = BTreeSet::new();
        for section in sections {
            epochs.extend(section?.map(|section| section.epoch()));
        }
        Ok(epochs)
    }

    /// Whether the centroids of an epoch are in another segment as well.
    fn stays(&self, key: SpaceKey, epoch: u64) -> bool {
        let wanted = (key.space, key.dimension, epoch);
        let is_it = |entry: &VectorIndexEntry| {
            (entry.space.get(), entry.dimension.get(), entry.epoch.get()) == wanted
        };
        self.others()
            .any(|file| file.segment.vector_index().is_ok_and(|entries| entries.iter().any(is_it)))
    }
}

fn failure(error: VectorError) -> LsmError {
    LsmError::invalid("index of vectors", error.to_string())
}
