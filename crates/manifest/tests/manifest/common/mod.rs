//! What the tests share: a sample manifest, and text put under a checksum that holds.

#![expect(clippy::unwrap_used, reason = "these are tests, only the lint does not see it")]

use sutra_format::checksum::{PLAIN_SEED, crc32};
use sutra_manifest::{AnalyserName, Manifest, Metric, Problem, SegmentMetadata, VectorSpace};

/// The manifest of `golden/manifest.v1.json`: every field has a value of its own.
pub(crate) fn sample() -> Manifest {
    let mut manifest = Manifest::for_store(
        *b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f",
        0x0123_4567_89ab_cdef,
    );
    for _ in 0..7 {
        manifest.allocate_segment_id();
    }
    manifest.last_seq = 40;
    manifest.journal_floor = Some(6);
    manifest.register_kind("hypernym").unwrap();
    manifest.register_kind("part \"of\" \\ ε").unwrap();
    manifest.add_segment(SegmentMetadata {
        concept_count: 30,
        association_count: 10,
        file_size: 16_384,
        created_at: 1_729_000_000_000,
        min_seq: 21,
        max_seq: 40,
        header_crc: 0x89ab_cdef,
        ..SegmentMetadata::new(5, "seg_00000005.dat".into(), 0)
    });
    manifest.add_segment(SegmentMetadata {
        concept_count: 15,
        association_count: 5,
        file_size: 20_480,
        created_at: 1_729_000_001_000,
        compacted_at: 1_729_000_002_000,
        min_seq: 1,
        max_seq: 20,
        header_crc: 0x0000_0001,
        ..SegmentMetadata::new(4, "seg_00000004.dat".into(), 1)
    });
    manifest.add_segment(SegmentMetadata {
        concept_count: 10,
        file_size: 12_288,
        created_at: 1_729_000_000_500,
        min_seq: 1,
        max_seq: 10,
        header_crc: 0xffff_ffff,
        payload_only: true,
        ..SegmentMetadata::new(1, "seg_00000001.dat".into(), 1)
    });
    manifest.record_compaction(1_729_000_002_000);
    manifest
}

/// The spaces of `golden/manifest.v1.spaces.json`.
pub(crate) fn spaces() -> [VectorSpace; 3] {
    [
        VectorSpace::new("titles", 384).model("all-MiniLM-L6-v2"),
        VectorSpace::new("Bilder \"groß\"", 65_536).model("clip, \\v2").metric(Metric::Euclidean),
        VectorSpace::new("t", 1).metric(Metric::Dot),
    ]
}

/// The sample with vector spaces: the manifest of `golden/manifest.v1.spaces.json`.
pub(crate) fn with_spaces() -> Manifest {
    let mut manifest = sample();
    for space in spaces() {
        manifest.register_space(&space).unwrap();
    }
    manifest
}

/// The sample with an analyser of its own.
pub(crate) fn with_analyser() -> Manifest {
    let mut manifest = sample();
    manifest.analyser = AnalyserName { name: "unicode-en".to_owned(), version: 1 };
    manifest
}

/// The sample as text, with `from` replaced by `to` and the checksum made right again.
#[track_caller]
pub(crate) fn forged(from: &str, to: &str) -> Vec<u8> {
    changed(&sample(), from, to)
}

/// The same of the sample with vector spaces.
#[track_caller]
pub(crate) fn forged_spaces(from: &str, to: &str) -> Vec<u8> {
    changed(&with_spaces(), from, to)
}

/// The same of the sample with an analyser.
#[track_caller]
pub(crate) fn forged_analyser(from: &str, to: &str) -> Vec<u8> {
    changed(&with_analyser(), from, to)
}

#[track_caller]
fn changed(manifest: &Manifest, from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(manifest.to_bytes().unwrap()).unwrap();
    assert!(text.contains(from), "the sample has no {from}");
    sealed(&text.replacen(from, to, 1))
}

/// `text`, whose last line but one is replaced by a checksum line that is right.
pub(crate) fn sealed(text: &str) -> Vec<u8> {
    let body = match text.rfind("  \"checksum\"") {
        Some(at) => &text[..at],
        None => text,
    };
    let sum = crc32(PLAIN_SEED, body.as_bytes());
    format!("{body}  \"checksum\": \"{sum:08x}\"\n}}\n").into_bytes()
}

/// Why these bytes are refused.
#[track_caller]
pub(crate) fn refused(bytes: &[u8]) -> Problem {
    match Manifest::from_bytes(bytes) {
        Ok(manifest) => panic!("accepted: {manifest:?}"),
        Err(problem) => problem,
    }
}
