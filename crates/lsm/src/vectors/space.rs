//! Which vectors can be compared: those of one space and one dimension.

use std::collections::HashMap;
use std::sync::Arc;

use sutra_format::ConceptRecord;
use sutra_fs::Dir;
use sutra_index::vectors::{Centroids, Coder, Metric, Space};
use sutra_index::words::Analyser;
use sutra_manifest::{Manifest, VectorSpace};

use crate::error::{LsmError, Result};
use crate::files::SegmentFile;
use crate::sync::Mutex;
use crate::version::Version;
use crate::words::{analyser_of, usable};

/// A space and the dimension of its vectors. The default space, zero, has vectors of any dimension, and
/// those of one are never compared with those of another.
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

/// What indexes of a store are made by, as one manifest says it: the vector spaces, what codes their
/// vectors, and what makes words of texts.
#[derive(Debug)]
pub(crate) struct Spaces {
    pub(crate) hash_seed: u64,
    pub(crate) analyser: Analyser,
    /// The space of code 1, and so on.
    named: Vec<VectorSpace>,
    codes: HashMap<String, u16>,
    /// Making one costs more than a look at a small space.
    coders: Mutex<HashMap<SpaceKey, Arc<Coder>>>,
}

/// Coders that are kept: the default space may have vectors of 65,536 dimensions.
const CODERS_MAX: usize = 64;

impl Spaces {
    /// Fails if texts are indexed by an analyser that this build does not have.
    pub(crate) fn of<D: Dir>(dir: &D, manifest: &Manifest) -> Result<Arc<Self>> {
        let analyser = analyser_of(dir, manifest)?;
        let named = manifest.vector_spaces().to_vec();
        let codes = named.iter().map(|space| space.name.clone()).zip(1..=u16::MAX).collect();
        let (hash_seed, coders) = (manifest.hash_seed, Mutex::default());
        Ok(Arc::new(Self { hash_seed, analyser, named, codes, coders }))
    }

    pub(crate) fn named(&self) -> &[VectorSpace] {
        &self.named
    }

    pub(crate) fn code(&self, name: &str) -> Option<u16> {
        self.codes.get(name).copied()
    }

    /// What a code stands for; nothing for zero.
    pub(crate) fn space(&self, code: u16) -> Option<&VectorSpace> {
        self.named.get(usize::from(code).checked_sub(1)?)
    }

    /// Fails unless vectors of this space and dimension can be put and searched.
    pub(crate) fn check(&self, key: SpaceKey) -> Result<()> {
        match self.space(key.space) {
            _ if key.space == 0 => Ok(()),
            None => Err(LsmError::UnknownSpace { code: key.space }),
            Some(space) if space.dimension == key.dimension => Ok(()),
            Some(space) => Err(LsmError::OtherDimension {
                space: Box::new(space.clone()),
                found: key.dimension,
            }),
        }
    }

    pub(crate) fn check_all(&self, mut keys: impl Iterator<Item = SpaceKey>) -> Result<()> {
        keys.try_for_each(|key| self.check(key))
    }

    /// What codes the vectors of a space. The rotation follows from the seed of the store.
    ///
    /// Vectors that a damaged store has in a space that is not known, or that are not of its dimension,
    /// are coded as those of the default space are, under no name: no search takes them for others.
    pub(crate) fn coder(&self, key: SpaceKey) -> Result<Arc<Coder>> {
        if let Some(coder) = self.coders.lock().get(&key) {
            return Ok(coder.clone());
        }
        let known = self.space(key.space).filter(|space| space.dimension == key.dimension);
        let (name, model, metric) = known
            .map_or(("", "", Metric::Cosine), |space| (&space.name, &space.model, space.metric));
        let space = Space::new(name, model, key.dimension, metric, self.hash_seed);
        let space = space.map_err(|error| LsmError::invalid("vector space", error.to_string()))?;
        let coder = Arc::new(Coder::new(&space));
        let mut coders = self.coders.lock();
        if coders.len() >= CODERS_MAX {
            coders.clear();
        }
        coders.insert(key, coder.clone());
        Ok(coder)
    }
}

impl<D: Dir> Version<D> {
    /// What codes the vectors of a space.
    pub(crate) fn coder(&self, key: SpaceKey) -> Result<Arc<Coder>> {
        self.spaces.coder(key)
    }

    /// Whether no search is refused because something is not indexed as it would be today.
    pub(crate) fn is_indexed(&self) -> Result<bool> {
        for file in self.segments.iter().filter(|file| file.concept_rows() > 0) {
            if usable(file, self.spaces.analyser)?.is_none() {
                return Ok(false);
            }
            for entry in file.segment.vector_index()?.iter().filter(|e| e.epoch.get() == 0) {
                let (space, dimension) = (entry.space.get(), entry.dimension.get());
                let coder = self.coder(SpaceKey { space, dimension })?;
                let section = file.segment.vectors_of(space, dimension)?;
                if section.is_some_and(|section| section.space() != coder.space()) {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// The centroids of all epochs of a space that are in some segment.
    pub(crate) fn centroids(&self, key: SpaceKey) -> Result<Vec<Arc<Centroids>>> {
        let coder = self.coder(key)?;
        let mut found: Vec<Arc<Centroids>> = Vec::new();
        for file in &self.segments {
            let of_file = match file.segment.centroids.get() {
                Some(known) => known,
                None => {
                    let read = self.read_centroids(file)?;
                    file.segment.centroids.get_or_init(|| read)
                }
            };
            // They may have been read before the space had a name.
            let of_space = of_file
                .iter()
                .filter(|(space, centroids)| *space == key && centroids.space() == coder.space());
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
            if let Ok(centroids) = blob.decode(&*self.coder(key)?) {
                found.push((key, Arc::new(centroids)));
            }
        }
        Ok(found)
    }
}
