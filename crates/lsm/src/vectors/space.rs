//! Which vectors can be compared: those of one space and one dimension.

use std::sync::Arc;

use sutra_format::ConceptRecord;
use sutra_fs::Dir;
use sutra_index::vectors::{Centroids, Coder, Metric, Space};

use crate::error::{LsmError, Result};
use crate::files::SegmentFile;
use crate::version::Version;

/// A space and the dimension of its vectors. The default space has vectors of any dimension, and those
/// of one are never compared with those of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SpaceKey {
    pub(crate) space: u16,
    pub(crate) dimension: u32,
}

/// The longest squared length of a vector that can be compared: sums stay finite.
pub(crate) const SQUARED_LENGTH_MAX: f64 = 9e36;

/// The squared length of a vector.
pub(crate) fn squared_length(vector: &[f32]) -> f64 {
    vector.iter().map(|value| f64::from(*value) * f64::from(*value)).sum()
}

impl SpaceKey {
    /// The space of a concept's vector, if it has one.
    pub(crate) fn of(record: &ConceptRecord) -> Option<Self> {
        let (space, dimension) = (record.vector_space.get(), record.vector_dimension.get());
        (record.has_vector() && dimension > 0).then_some(Self { space, dimension })
    }
}

impl<D: Dir> Version<D> {
    /// What codes the vectors of a space. Its rotation follows from the seed of the store.
    pub(crate) fn coder(&self, key: SpaceKey) -> Result<Coder> {
        let metric = Metric::Cosine;
        let space = Space::new("", "", key.dimension, metric, self.hash_seed);
        let space = space.map_err(|error| LsmError::invalid("vector space", error.to_string()))?;
        Ok(Coder::new(&space))
    }

    /// The centroids of all epochs of a space that are in some segment.
    pub(crate) fn centroids(&self, key: SpaceKey) -> Result<Vec<Arc<Centroids>>> {
        let mut found: Vec<Arc<Centroids>> = Vec::new();
        for file in &self.segments {
            let of_file = match file.segment.centroids.get() {
                Some(known) => known,
                None => {
                    let read = self.read_centroids(file)?;
                    file.segment.centroids.get_or_init(|| read)
                }
            };
            let of_space = of_file.iter().filter(|(space, _)| *space == key);
            found.extend(of_space.map(|(_, centroids)| centroids.clone()));
        }
        found.sort_by_key(|centroids| centroids.epoch());
        found.dedup_by_key(|centroids| centroids.epoch());
        Ok(found)
    }

    fn read_centroids(&self, file: &SegmentFile<D>) -> Result<Vec<(SpaceKey, Arc<Centroids>)>> {
        let mut found = Vec::new();
        for entry in file.segment.vector_index()?.iter().filter(|entry| entry.epoch.get() > 0) {
            let key = SpaceKey { space: entry.space.get(), dimension: entry.dimension.get() };
            let blob = file.segment.centroids_blob(entry)?;
            // Those of another space are of no use to what we have.
            if let Ok(centroids) = blob.decode(&self.coder(key)?) {
                found.push((key, Arc::new(centroids)));
            }
        }
        Ok(found)
    }
}
