//! An embedded storage engine for knowledge graphs: one directory, no server.
//!
//! A store holds *concepts* (an id, a text, attributes, a vector) and typed *associations*
//! between them. Whatever is committed together becomes visible and durable together; whatever is
//! read through one snapshot is from one moment.
//!
//! ```
//! use sutra_storage::{Batch, ConceptId, NewAssociation, NewConcept, Store};
//! # let place = tempfile::tempdir()?;
//! # let dir = place.path().join("graph");
//!
//! let store = Store::open(&dir)?;
//! let is_a = store.register_kind("is_a")?;
//!
//! let (dog, animal) = (ConceptId::from_key("dog"), ConceptId::from_key("animal"));
//! let mut batch = Batch::new();
//! batch.put(NewConcept::with_key("dog").content("It barks.").vector(&[0.6, 0.8]))?;
//! batch.put(NewConcept::with_key("animal").content("It lives."))?;
//! batch.associate(NewAssociation::new(dog, is_a, animal).confidence(0.9))?;
//! store.commit(&batch)?; // On disk, all of it.
//!
//! let snapshot = store.snapshot();
//! let concept = snapshot.concept(&dog)?.expect("it was just put");
//! assert_eq!(concept.content()?, Some("It barks."));
//! for neighbor in snapshot.neighbors(&animal).incoming().of_kind(is_a).collect()? {
//!     assert_eq!(neighbor.id, dog);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Guarantees
//! * [`Store::commit`] returns when the batch is on disk. After a crash or a power cut there is
//!   every batch that was acknowledged, and of no batch a part.
//! * Every byte that is served has been checked against a checksum. Damage is an [`Error`] of kind
//!   [`ErrorKind::Corrupt`] that names the file, never a wrong answer and never a panic.
//! * One writer, any number of readers, in one process or many. Readers wait for nobody.
//! * Nothing is rebuilt when a store is opened.
//!
//! Anybody else who writes to the files of an open store breaks it; the files of a store are
//! mapped into memory. The format of the files is written down in `FORMAT.md` of `sutra-format`.
//!
//! # Below the store
//!
//! Each layer is usable alone, and has its names here: [`Segment`] is one file, [`Manifest`] says
//! which files belong to a store, [`LSMTree`] is the engine.
//!
//! ## A segment: create and write
//! ```
//! # let place = tempfile::tempdir()?;
//! # std::env::set_current_dir(&place)?;
//! use sutra_storage::{Segment, ConceptRecord, ConceptId};
//!
//! // Create new segment
//! let mut segment = Segment::create("data.seg", 0)?;
//!
//! // Write a concept
//! let id = ConceptId::from_bytes([1; 16]);
//! let record = ConceptRecord::new(id, 0, 0, 0);
//! let offset = segment.append_concept(record)?;
//!
//! // Write content
//! let (content_offset, len) = segment.append_content("Hello, Sutra!")?;
//!
//! // Write vector
//! let vector = vec![1.0, 2.0, 3.0, 4.0];
//! let (vector_offset, dim) = segment.append_vector(&vector)?;
//!
//! // Sync to disk
//! segment.sync()?;
//!
//! assert_eq!((offset, content_offset, vector_offset), (0, 0, 0)); // Each within its own block.
//! assert_eq!((len, dim), (13, 4));
//! assert!(Segment::create("data.seg", 0).is_err()); // What is there is never overwritten.
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! ## A segment: open and read
//! ```
//! # let place = tempfile::tempdir()?;
//! # std::env::set_current_dir(&place)?;
//! # use sutra_storage::{Segment, ConceptRecord, ConceptId};
//! # let mut segment = Segment::create("data.seg", 0)?;
//! # let id = ConceptId::from_bytes([1; 16]);
//! # let offset = segment.append_concept(ConceptRecord::new(id, 0, 0, 0))?;
//! # let (content_offset, len) = segment.append_content("Hello, Sutra!")?;
//! # let vector = vec![1.0, 2.0, 3.0, 4.0];
//! # let (vector_offset, dim) = segment.append_vector(&vector)?;
//! # segment.sync()?;
//! // Open for reading
//! let segment = Segment::open_read("data.seg")?;
//!
//! // Read concept
//! let record = segment.read_concept(offset)?;
//!
//! // Read content
//! let content = segment.read_content(content_offset)?;
//!
//! // Read vector
//! let vector = segment.read_vector(vector_offset)?;
//!
//! // Iterate all concepts
//! for concept in segment.iter_concepts()? {
//!     println!("Concept: {:?}", concept);
//! }
//!
//! // Get stats
//! let stats = segment.stats();
//! println!("Concepts: {}, Size: {} bytes",
//!     stats.concept_count, stats.file_size);
//!
//! assert_eq!(record.id, id);
//! assert_eq!(content, "Hello, Sutra!");
//! assert_eq!(vector, [1.0, 2.0, 3.0, 4.0]);
//! assert_eq!(segment.iter_concepts()?.count(), 1);
//! assert_eq!(stats.concept_count, 1);
//! assert_eq!(stats.file_size, std::fs::metadata("data.seg")?.len());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! ## The engine: create, rotate, compact
//! ```
//! # let place = tempfile::tempdir()?;
//! # std::env::set_current_dir(&place)?;
//! use sutra_storage::{LSMTree, CompactionConfig};
//! # use std::sync::Arc;
//! # use sutra_storage::{ConceptId, ConceptPut, Durability, WriteBatch};
//!
//! // Create with default config
//! let config = CompactionConfig::default();
//! let lsm = LSMTree::open("./data", config)?;
//!
//! // Get statistics
//! let stats = lsm.stats();
//! println!("Segments: {}, Concepts: {}",
//!     stats.total_segments, stats.total_concepts);
//! assert_eq!((stats.total_segments, stats.total_concepts), (0, 0));
//!
//! # for round in 0..5 {
//! #     let mut batch = WriteBatch::new();
//! #     batch.put_concept(&ConceptPut {
//! #         content: Some("Hello, Sutra!"),
//! #         ..ConceptPut::new(ConceptId::from_bytes([round; 16]))
//! #     })?;
//! #     lsm.commit(batch, Durability::Sync)?;
//! #     lsm.rotate_active_segment()?;
//! # }
//! # lsm.flush()?;
//! // Rotate active segment
//! lsm.rotate_active_segment()?;
//!
//! // Check if compaction needed
//! if lsm.needs_compaction() {
//!     lsm.compact_level(0)?; // Compact Level 0
//! }
//! # assert!(!lsm.needs_compaction());
//! # assert_eq!(lsm.stats().total_segments, 1);
//!
//! // Background compaction
//! let lsm_arc = Arc::new(lsm);
//! let handle = lsm_arc.start_background_compaction();
//!
//! assert!(handle.is_ok());
//! assert_eq!(lsm_arc.stats().total_concepts, 5); // Five were put and rotated above.
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//! The defaults, each of which can be set:
//! ```
//! # use sutra_storage::CompactionConfig;
//! # assert_eq!(CompactionConfig::default(),
//! CompactionConfig {
//!     // Each level 10x larger than previous
//!     level_size_multiplier: 10,
//!
//!     // Compact when 4+ segments at a level
//!     compaction_threshold: 4,
//!
//!     // Max 64 MB per segment
//!     max_segment_size: 64 * 1024 * 1024,
//!
//!     // Check every 5 minutes
//!     check_interval: 300,
//! }
//! # );
//! ```
//!
//! ## The manifest
//! ```
//! # let place = tempfile::tempdir()?;
//! # std::env::set_current_dir(&place)?;
//! use sutra_storage::{Manifest, SegmentMetadata};
//!
//! // Create new manifest
//! let mut manifest = Manifest::new();
//!
//! // Allocate segment IDs
//! let id = manifest.allocate_segment_id(); // 0
//! # assert_eq!(id, 0);
//! let id = manifest.allocate_segment_id(); // 1
//! # assert_eq!(id, 1);
//!
//! // Add segment
//! let metadata = SegmentMetadata::new(id, "seg_00000001.dat".into(), 0);
//! manifest.add_segment(metadata);
//!
//! // Save to disk
//! manifest.save("manifest.json")?;
//!
//! // Load from disk
//! let loaded = Manifest::load("manifest.json")?;
//!
//! assert_eq!(loaded, manifest);
//! assert_eq!(loaded.segments_at_level(0).len(), 1);
//! assert_eq!(loaded.next_segment_id(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod association;
mod batch;
mod concept;
mod dedup;
mod error;
pub mod graph;
mod history;
mod neighbors;
mod payload;
mod prepare;
mod search;
mod snapshot;
mod store;
mod stored;
mod transaction;

pub use association::NewAssociation;
pub use batch::Batch;
pub use concept::{Concept, NewConcept};
pub use dedup::{Candidate, Dedup, Likeness};
pub use error::{Error, ErrorKind, Result};
pub use history::{Change, Changed, ConceptVersion};
pub use neighbors::{Direction, Neighbor, Neighbors};
pub use search::{
    Effort, Filter, Found, Fusion, Hit, Matching, Reason, Retrieve, Retrieved, TextSearch,
    VectorSearch, Way,
};
pub use snapshot::Snapshot;
pub use store::{Store, StoreOptions};
pub use transaction::{Existing, MergeReport, SourceDeletion, Transaction, Upserted};

pub use sutra_format::{
    AssociationKind, AssociationRecord, BlockExtent, ConceptId, ConceptRecord, FormatError,
    ParseIdError, SectionEntry, SectionKind, SegmentHeader, limits, time,
};
pub use sutra_index::words::{Analyser, Language};
pub use sutra_lsm::{
    BackupOptions, BackupReport, CommitInfo, CompactionConfig, ConceptPut, Damage, Durability,
    EraseReport, Expiry, ExpiryScope, HalfLife, Health, HealthReport, LSMTree, Link, Loss, Lost,
    LsmStats, Retention, SalvageOptions, SalvageReport, ScrubPass, ScrubReport, SegmentInfo,
    StoreIdentity, Touch, VerifyReport, WriteBatch,
};
pub use sutra_manifest::{Manifest, Metric, SegmentMetadata, SpaceError, VectorSpace};
pub use sutra_segment::{Segment, SegmentStats};

#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct ReadmeIsCompiled;
