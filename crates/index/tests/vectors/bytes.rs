//! Bytes: golden ones, flipped ones, cut ones.

use sutra_index::vectors::{
    Centroids, Coder, Effort, Level, Metric, Part, Query, Searcher, Section, VectorError, build,
};

use crate::common::*;

/// A section with lists, small enough for every bit of it to be flipped, in `u8` and its values.
fn small(dimension: usize, metric: Metric) -> (Coder, Centroids, Vec<f32>, Vec<u8>) {
    let coder = Coder::with_level(&space(dimension, metric), Level::PORTABLE);
    let values = clustered(&mut Chance::new(1), dimension, 4, 2048);
    let rows: Vec<u32> = (0..2048).collect();
    let vectors = matrix(&values, dimension);
    let centroids = Centroids::train(&coder, 1, 4, &rows, &vectors).expect("good vectors");
    let bytes = build(&coder, Some(&centroids), 2048, &rows, &vectors).expect("good vectors");
    (coder, centroids, values, bytes)
}

/// CRC-32 by the definition, so that a golden file need not be kept as a whole.
fn sum(bytes: &[u8]) -> u32 {
    let mut crc = !0_u32;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = crc >> 1 ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 };
        }
    }
    !crc
}

#[test]
fn the_bytes_of_a_section_of_rows_are_these() {
    let coder = Coder::new(&space(2, Metric::Dot));
    let bytes = build(&coder, None, 9, &[2, 8], &matrix(&[1.0; 18], 2)).expect("good vectors");
    let mut expected = vec![1, 0, 0, 0, 0, 2, 5, 7, 2, 0, 0, 0, 0, 0, 0, 0];
    expected.extend([7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    expected.extend([9, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    expected.extend([192, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    expected.extend(b"textsmodel-1");
    expected.resize(128, 0);
    expected.extend([2, 0, 0, 0, 8, 0, 0, 0]);
    expected.resize(192, 0);
    assert_eq!(bytes, expected);
}

#[test]
fn the_bytes_of_lists_and_centroids_stay_what_they_are() {
    let golden = [
        (3, Metric::Cosine, 0x80cdf2e1, 0x0cb24169),
        (50, Metric::Euclidean, 0x072e2707, 0x35622a7c),
        (256, Metric::Cosine, 0x539f2c9f, 0x4a5bb629),
        (300, Metric::Euclidean, 0xf5bd42bb, 0xf4d7b7b5),
        (384, Metric::Dot, 0xf16ac855, 0x60291186),
    ];
    let found = golden.map(|(dimension, metric, ..)| {
        let (_, centroids, _, bytes) = small(dimension, metric);
        (dimension, metric, sum(&centroids.to_bytes()), sum(&bytes))
    });
    assert_eq!(found, golden);
}

/// Opens, verifies and searches; anything goes but a panic.
fn use_all(bytes: &[u8], coder: &Coder, centroids: &Centroids, values: &[f32]) {
    let Ok(section) = Section::open(bytes) else { return };
    let dimension = coder.space().dimension() as usize;
    let _ = section.verify();
    let vectors = matrix(values, dimension);
    let parts = [Part { section: &section, vectors, filter: None }];
    let epochs = [centroids];
    let searcher = Searcher::new(coder, &epochs).expect("one space");
    for effort in [Effort::Probes(2), Effort::Exact] {
        let query = Query { effort, ..Query::new(&values[..dimension], 3) };
        let _ = searcher.search(&parts, &query, |_, _| true);
    }
}

#[test]
fn no_flipped_bit_and_no_cut_makes_a_panic() {
    for dimension in [3, 256] {
        let (coder, centroids, values, bytes) = small(dimension, Metric::Euclidean);
        let mut flipped = bytes.clone();
        // All of the header, the names and the starts, and of the first block; then every 97th.
        let last = bytes.len() * 8;
        for bit in (0..1024).chain((1024..last).step_by(if dimension == 3 { 97 } else { 24_989 })) {
            flipped[bit / 8] ^= 1 << (bit % 8);
            use_all(&flipped, &coder, &centroids, &values);
            flipped[bit / 8] ^= 1 << (bit % 8);
        }
        for length in (0..400).chain((400..bytes.len()).step_by(4999)) {
            assert!(Section::open(&bytes[..length]).is_err(), "{length} bytes");
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert!(Section::open(&longer).is_err());
    }
}

#[test]
fn a_flip_in_the_header_is_an_error_or_another_space() {
    let (_, _, _, bytes) = small(3, Metric::Cosine);
    let space = Section::open(&bytes).expect("a good section").space().clone();
    for bit in 0..8 * 64 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let Ok(section) = Section::open(&flipped) else { continue };
        let same = section.space() == &space && section.epoch() == 1 && section.row_limit() == 2048;
        assert!(!same || section.verify().is_err(), "bit {bit}");
    }
}

#[test]
fn rows_that_are_wrong_are_found_by_verify() {
    let (coder, _, _, bytes) = small(3, Metric::Cosine);
    assert_eq!(Section::open(&bytes).expect("a good section").verify(), Ok(()));
    // The rows of the last block: those of 16 lanes at the end of the section.
    for (place, value) in [(64, 0xff), (61, 0xff), (60, 0), (64 - 7, 0x40)] {
        let mut wrong = bytes.clone();
        let at = wrong.len() - place;
        wrong[at] = value;
        if wrong == bytes {
            continue;
        }
        let verified = Section::open(&wrong).expect("opens").verify();
        assert!(matches!(verified, Err(VectorError::Corrupt { .. })), "{place}");
    }
    drop(coder);
}

#[test]
fn bytes_between_parts_that_are_not_zero_are_found() {
    let (coder, centroids, _, bytes) = small(3, Metric::Cosine);
    // Behind the names, and behind the five starts of lists.
    for at in [64 + 12, 127, 128 + 20, 191] {
        let mut wrong = bytes.clone();
        wrong[at] = 1;
        let verified = Section::open(&wrong).expect("opens").verify();
        assert!(matches!(verified, Err(VectorError::Corrupt { .. })), "byte {at}");
    }
    let mut wrong = centroids.to_bytes();
    wrong[127] = 1;
    assert!(matches!(Centroids::open(&coder, &wrong), Err(VectorError::Corrupt { .. })));
}

#[test]
fn newer_versions_are_named() {
    let (coder, centroids, _, mut bytes) = small(3, Metric::Cosine);
    bytes[0] = 2;
    let refused = Section::open(&bytes).map(|_| ()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "version 2 of the section of vectors is not known; a newer Sutra may read it"
    );
    let mut bytes = centroids.to_bytes();
    bytes[0] = 3;
    let refused = Centroids::open(&coder, &bytes).map(|_| ()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "version 3 of the centroids is not known; a newer Sutra may read it"
    );
}

#[test]
fn centroids_come_back_and_damage_is_refused_or_harmless() {
    let (coder, centroids, values, section) = small(3, Metric::Dot);
    let bytes = centroids.to_bytes();
    let again = Centroids::open(&coder, &bytes).expect("good bytes");
    assert_eq!(again.to_bytes(), bytes);
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        if let Ok(centroids) = Centroids::open(&coder, &flipped) {
            use_all(&section, &coder, &centroids, &values);
        }
    }
    for length in 0..bytes.len() {
        assert!(Centroids::open(&coder, &bytes[..length]).is_err());
    }
}
