//! [`Manifest`]: the list of segments and what goes with it, in memory.

use std::hash::{BuildHasher, RandomState};

use sutra_format::AssociationKind;

use crate::analyser::AnalyserName;
use crate::expiry::{self, Expiry, ExpiryError, ExpiryPolicy, ExpiryScope};
use crate::history::History;
use crate::kinds::{KindError, Kinds};
use crate::metadata::SegmentMetadata;
use crate::spaces::{SpaceError, Spaces, VectorSpace};

/// What belongs to a store. Changed in memory, then published as a whole.
///
/// ```
/// use sutra_manifest::{Manifest, SegmentMetadata};
///
/// # let dir = tempfile::tempdir()?;
/// # std::env::set_current_dir(dir.path())?;
/// // Create new manifest
/// let mut manifest = Manifest::new();
///
/// // Allocate segment IDs
/// let id = manifest.allocate_segment_id(); // 0
/// assert_eq!(id, 0);
/// let id = manifest.allocate_segment_id(); // 1
/// assert_eq!(id, 1);
///
/// // Add segment
/// let metadata = SegmentMetadata::new(id, "seg_00000001.dat".into(), 0);
/// manifest.add_segment(metadata);
///
/// // Save to disk
/// manifest.save("manifest.json")?;
///
/// // Load from disk
/// let loaded = Manifest::load("manifest.json")?;
/// assert_eq!(loaded, manifest);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// What tells the store from all others; 32 hexadecimal digits in the file.
    pub store_id: [u8; 16],
    /// The seed of [`placement`](sutra_format::hash::placement) and of the checksums; 16
    /// hexadecimal digits in the file, since not every reader of JSON has whole 64-bit numbers.
    pub hash_seed: u64,
    /// The highest sequence number that is in segments, and no longer needs a journal.
    pub last_seq: u64,
    /// The id of the journal with which replay begins; its first record follows `last_seq`. None,
    /// which is `null` in the file, when all that was committed is in segments: then every journal
    /// may be removed.
    pub journal_floor: Option<u32>,
    /// What makes words of the texts. The default one is left out of the file.
    pub analyser: AnalyserName,
    /// What is kept of what was. None: nothing.
    pub history: Option<History>,
    pub(crate) expiry: Vec<ExpiryPolicy>,
    pub(crate) next_segment_id: u32,
    pub(crate) kinds: Kinds,
    pub(crate) spaces: Spaces,
    pub(crate) segments: Vec<SegmentMetadata>,
    pub(crate) last_compaction: u64,
    pub(crate) compaction_count: u64,
}

impl Manifest {
    /// The version of the file that is written, and the only one that is read.
    pub const VERSION: u32 = 1;

    /// The manifest of a new, empty store, with an identity and a seed of its own.
    #[expect(clippy::new_without_default, reason = "no two are equal, as defaults would be")]
    pub fn new() -> Self {
        // The standard library keys its hasher from the randomness of the system.
        let random = RandomState::new();
        let id = (u128::from(random.hash_one(0)) << 64) | u128::from(random.hash_one(1));
        Self::for_store(id.to_be_bytes(), random.hash_one(2))
    }

    /// The manifest of a new, empty store, with a given identity and seed.
    pub fn for_store(store_id: [u8; 16], hash_seed: u64) -> Self {
        Self {
            store_id,
            hash_seed,
            last_seq: 0,
            journal_floor: None,
            analyser: AnalyserName::default(),
            history: None,
            expiry: Vec::new(),
            next_segment_id: 0,
            kinds: Kinds::default(),
            spaces: Spaces::default(),
            segments: Vec::new(),
            last_compaction: 0,
            compaction_count: 0,
        }
    }

    /// Takes the next id for a segment or a journal: 0, 1, and so on.
    ///
    /// `u32::MAX` says that all are used up. It never repeats an id; a manifest in that state is
    /// refused with [`Problem::IdsExhausted`](crate::Problem::IdsExhausted) when it is written.
    pub fn allocate_segment_id(&mut self) -> u32 {
        let id = self.next_segment_id;
        self.next_segment_id = id.saturating_add(1);
        id
    }

    /// The id that would be allocated next.
    pub fn next_segment_id(&self) -> u32 {
        self.next_segment_id
    }

    /// Sees to it that `id` is not allocated: there is a file of that number.
    pub fn skip_segment_id(&mut self, id: u32) {
        self.next_segment_id = self.next_segment_id.max(id.saturating_add(1));
    }

    /// Adds a segment. That its id was allocated and is not taken, that its path is a plain file
    /// name, and all other rules are checked when the manifest is written.
    pub fn add_segment(&mut self, segment: SegmentMetadata) {
        let at = self.segments.partition_point(|other| other.order() <= segment.order());
        self.segments.insert(at, segment);
    }

    /// Drops the segments with these ids. Remove their files only once the manifest is published.
    pub fn remove_segments(&mut self, ids: &[u32]) {
        self.segments.retain(|segment| !ids.contains(&segment.segment_id));
    }

    /// Changes a segment; false if there is none with this id.
    pub fn update_segment(&mut self, id: u32, change: impl FnOnce(&mut SegmentMetadata)) -> bool {
        let Some(segment) = self.segments.iter_mut().find(|segment| segment.segment_id == id)
        else {
            return false;
        };
        change(segment);
        self.segments.sort_by_key(SegmentMetadata::order);
        true
    }

    /// All segments in the order of reading: level up, then newest first.
    pub fn segments(&self) -> &[SegmentMetadata] {
        &self.segments
    }

    /// The segment with this id.
    pub fn segment(&self, id: u32) -> Option<&SegmentMetadata> {
        self.segments.iter().find(|segment| segment.segment_id == id)
    }

    /// The segments of one level, newest first, mere homes of payload included.
    pub fn segments_at_level(&self, level: u32) -> Vec<&SegmentMetadata> {
        self.segments.iter().filter(|segment| segment.level == level).collect()
    }

    /// Rows of all concept tables that are read; a concept counts once for each.
    pub fn total_concepts(&self) -> u64 {
        let live = self.segments.iter().filter(|segment| segment.is_live());
        live.fold(0, |sum, segment| sum.saturating_add(segment.concept_count))
    }

    /// Bytes of all segment files.
    pub fn total_size(&self) -> u64 {
        self.segments.iter().fold(0, |sum, segment| sum.saturating_add(segment.file_size))
    }

    /// Notes that a compaction ended at `now_ms`, in milliseconds since the epoch.
    pub fn record_compaction(&mut self, now_ms: u64) {
        self.last_compaction = now_ms;
        self.compaction_count = self.compaction_count.saturating_add(1);
    }

    /// When the last compaction ended, in milliseconds since the epoch; zero if none did.
    pub fn last_compaction(&self) -> u64 {
        self.last_compaction
    }

    /// How many compactions there were.
    pub fn compaction_count(&self) -> u64 {
        self.compaction_count
    }

    /// The names of the registered kinds, in the order of their codes. The built-in ones, whose
    /// codes come before, are not among them.
    pub fn association_kinds(&self) -> &[String] {
        self.kinds.names()
    }

    /// The name of a kind, built-in or registered.
    pub fn kind_name(&self, kind: AssociationKind) -> Option<&str> {
        self.kinds.name(kind)
    }

    /// The kind of this name, built-in or registered.
    pub fn kind_code(&self, name: &str) -> Option<AssociationKind> {
        self.kinds.kind(name)
    }

    /// The kind of this name; a new name gets the next code.
    pub fn register_kind(&mut self, name: &str) -> Result<AssociationKind, KindError> {
        match self.kinds.kind(name) {
            Some(kind) => Ok(kind),
            None => self.kinds.add(name.to_owned()),
        }
    }
    /// The registered vector spaces, in the order of their codes, which begin with 1. The default
    /// space, whose code is zero, is not among them.
    pub fn vector_spaces(&self) -> &[VectorSpace] {
        self.spaces.list()
    }

    /// The code of the vector space of this name.
    pub fn space_code(&self, name: &str) -> Option<u16> {
        self.spaces.code(name)
    }

    /// When records are forgotten: the rules, oldest first, each as long as the next one was not in
    /// force. Earlier ones than the last are kept as far as history goes back.
    pub fn expiry(&self) -> &[ExpiryPolicy] {
        &self.expiry
    }

    /// Sets the rule of a scope from `now_ms` on, or takes it away. A time before the rules that are
    /// there counts as theirs.
    pub fn set_expiry(
        &mut self,
        scope: ExpiryScope,
        expiry: Option<Expiry>,
        now_ms: u64,
    ) -> Result<(), ExpiryError> {
        if let ExpiryScope::Kind(kind) = scope
            && self.kind_name(kind).is_none()
        {
            return Err(ExpiryError::Unnamed { kind });
        }
        let kept_since = self.history.map(|history| history.since_time);
        expiry::replace(&mut self.expiry, scope, expiry, now_ms, kept_since)
    }

    /// The code of a vector space; one of a new name gets the next code. Fails if the name stands for
    /// another space, or if it is none that can be.
    pub fn register_space(&mut self, space: &VectorSpace) -> Result<u16, SpaceError> {
        self.spaces.register(space)
    }
}
