//! What is refused, and by which error; and what is unusual but good.

use sutra_index::vectors::{
    Centroids, Coder, Effort, Metric, NAME_BYTES_MAX, Part, Query, Searcher, Section, Space,
    VectorError, build,
};

use crate::common::*;

fn coder() -> Coder {
    Coder::new(&space(3, Metric::Cosine))
}

fn built(values: &[f32], rows: &[u32]) -> Result<Vec<u8>, VectorError> {
    build(&coder(), None, 10, rows, &matrix(values, 3))
}

#[test]
fn vectors_that_are_no_numbers_are_refused() {
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let refused = built(&[1.0, 0.0, 0.0, 1.0, value, 2.0], &[0, 1]);
        assert_eq!(refused, Err(VectorError::NotFinite { row: Some(1), index: 1 }));
        let refused = sutra_index::vectors::score(coder().space(), &[1.0, 2.0, value], &[1.0; 3]);
        assert_eq!(refused, Err(VectorError::NotFinite { row: None, index: 2 }));
    }
    let refused = built(&[1e19, 0.0, 0.0], &[0]);
    assert_eq!(refused, Err(VectorError::TooLong { row: Some(0) }));
    assert!(built(&[1e18, 0.0, 1e-40], &[0]).is_ok());
}

#[test]
fn a_query_is_checked_like_a_vector() {
    let bytes = built(&[1.0, 0.0, 0.0], &[0]).expect("good vectors");
    let section = Section::open(&bytes).expect("a good section");
    let values = [1.0, 0.0, 0.0];
    let vectors = matrix(&values, 3);
    let parts = [Part { section: &section, vectors, filter: None }];
    let coder = coder();
    let searcher = Searcher::new(&coder, &[]).expect("one space");
    let refused =
        |vector: &[f32]| searcher.search(&parts, &Query::new(vector, 1), |_, _| true).unwrap_err();
    let none = VectorError::Dimension { row: None, expected: 3, found: 2 };
    assert_eq!(refused(&[1.0, 2.0]), none);
    assert_eq!(refused(&[f32::NAN, 2.0, 3.0]), VectorError::NotFinite { row: None, index: 0 });
    assert_eq!(refused(&[3e18, 2e18, 3.0]), VectorError::TooLong { row: None });
}

#[test]
fn rows_must_rise_and_have_vectors() {
    let values = [1.0; 30];
    for (rows, row) in [(&[1, 1][..], 1), (&[2, 1], 1), (&[3, 10], 10)] {
        let refused = built(&values, rows);
        assert!(matches!(refused, Err(VectorError::BadRow { row: r, .. }) if r == row));
    }
    assert_eq!(built(&values[..6], &[0, 2]), Err(VectorError::MissingVector { row: 2 }));
}

#[test]
fn spaces_do_not_mix() {
    let bytes = built(&[1.0; 3], &[0]).expect("good vectors");
    let section = Section::open(&bytes).expect("a good section");
    assert_eq!(section.space(), coder().space());
    let others = [
        Space::new("texts", "model-2", 3, Metric::Cosine, 7),
        Space::new("facts", "model-1", 3, Metric::Cosine, 7),
        Space::new("texts", "model-1", 4, Metric::Cosine, 7),
        Space::new("texts", "model-1", 3, Metric::Dot, 7),
        Space::new("texts", "model-1", 3, Metric::Cosine, 8),
    ];
    for other in others {
        let other = Coder::new(&other.expect("a good space"));
        let vector = vec![1.0; other.space().dimension() as usize];
        let parts = [Part { section: &section, vectors: matrix(&[], 3), filter: None }];
        let searcher = Searcher::new(&other, &[]).expect("no centroids");
        let refused = searcher.search(&parts, &Query::new(&vector, 1), |_, _| true);
        assert!(matches!(refused, Err(VectorError::OtherSpace { .. })), "{refused:?}");
        let rows: Vec<u32> = (0..20).collect();
        let values = vec![1.0; 20 * vector.len()];
        let centroids =
            Centroids::train(&other, 1, 16, &rows, &matrix(&values, vector.len())).expect("cells");
        let refused = Centroids::open(&coder(), &centroids.to_bytes());
        assert!(matches!(refused, Err(VectorError::OtherSpace { .. })), "{refused:?}");
        assert!(Searcher::new(&coder(), &[&centroids]).is_err());
    }
}

#[test]
fn spaces_that_cannot_be_are_refused() {
    let long = "n".repeat(NAME_BYTES_MAX + 1);
    for (name, dimension) in [(long.as_str(), 3), ("texts", 0), ("texts", 65_537)] {
        let refused = Space::new(name, "m", dimension, Metric::Dot, 0);
        assert!(matches!(refused, Err(VectorError::BadSpace { .. })), "{refused:?}");
    }
    assert!(Space::new(&long[1..], &long[1..], 65_536, Metric::Dot, 0).is_ok());
}

#[test]
fn training_needs_vectors_cells_and_an_epoch() {
    let values = [1.0; 30];
    let train = |epoch, cells, rows: &[u32]| {
        Centroids::train(&coder(), epoch, cells, rows, &matrix(&values, 3))
    };
    for refused in [train(0, 4, &[1]), train(1, 0, &[1]), train(1, 4, &[])] {
        assert!(matches!(refused, Err(VectorError::BadTraining { .. })), "{refused:?}");
    }
    assert!(matches!(train(1, 4, &[99]), Err(VectorError::MissingVector { row: 99 })));
    assert_eq!(train(1, 4, &[5]).map(|centroids| centroids.cells()).ok(), Some(1));
}

#[test]
fn vectors_of_length_zero_score_nothing_and_are_found() {
    for dimension in [3, 256] {
        for metric in METRICS {
            let coder = Coder::new(&space(dimension, metric));
            let values = vec![0.0; 3000 * dimension];
            let centroids = train(&coder, &values);
            let segments = [Segment::of(&coder, Some(&centroids), values)];
            for query in [vec![0.0; dimension], vec![1.0; dimension]] {
                let query = Query::new(&query, 5);
                let found = search(&coder, &[&centroids], &segments, &[Bits::default()], &query);
                assert_eq!(found.len(), 5);
                let expected = if metric == Metric::Euclidean { found[0].score } else { 0.0 };
                assert!(found.iter().all(|hit| hit.score == expected), "{found:?}");
            }
        }
    }
}

#[test]
fn lists_need_the_centroids_of_their_epoch() {
    let coder = Coder::new(&space(24, Metric::Dot));
    let all = clustered(&mut Chance::new(4), 24, 20, 3000);
    let centroids = train(&coder, &all);
    let segment = Segment::of(&coder, Some(&centroids), all.clone());
    let section = segment.section();
    let parts = [Part { section: &section, vectors: segment.vectors(), filter: None }];
    let searcher = Searcher::new(&coder, &[]).expect("no centroids");
    let query = Query::new(&all[..24], 3);
    let refused = searcher.search(&parts, &query, |_, _| true);
    assert_eq!(refused, Err(VectorError::MissingCentroids { epoch: 1 }));
    let exact = searcher.search(&parts, &Query { effort: Effort::Exact, ..query }, |_, _| true);
    assert_eq!(exact.map(|hits| hits.len()), Ok(3));
}

#[test]
fn a_vector_that_went_missing_is_an_error() {
    let bytes = built(&[1.0; 6], &[0, 1]).expect("good vectors");
    let section = Section::open(&bytes).expect("a good section");
    let values = [1.0; 6];
    let coder = coder();
    let searcher = Searcher::new(&coder, &[]).expect("no centroids");
    for (dimension, expected) in [
        (3, VectorError::MissingVector { row: 1 }),
        (2, VectorError::Dimension { row: Some(0), expected: 3, found: 2 }),
    ] {
        let vectors = matrix(&values[..3], dimension);
        let parts = [Part { section: &section, vectors, filter: None }];
        let refused = searcher.search(&parts, &Query::new(&[1.0; 3], 2), |_, _| true);
        assert_eq!(refused, Err(expected));
    }
}
