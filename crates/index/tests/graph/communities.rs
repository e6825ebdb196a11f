//! Communities, on graphs whose communities are known and on random ones.

use sutra_index::graph::GraphError;
use sutra_index::graph::whole::{Leiden, leiden, modularity, propagate_labels, triangles};

use crate::common::{Random, Sample};

/// Zachary's karate club (1977): for each member the higher ones, from one.
const CLUB: [(u32, &[u32]); 26] = [
    (1, &[2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 18, 20, 22, 32]),
    (2, &[3, 4, 8, 14, 18, 20, 22, 31]),
    (3, &[4, 8, 9, 10, 14, 28, 29, 33]),
    (4, &[8, 13, 14]),
    (5, &[7, 11]),
    (6, &[7, 11, 17]),
    (7, &[17]),
    (9, &[31, 33, 34]),
    (10, &[34]),
    (14, &[34]),
    (15, &[33, 34]),
    (16, &[33, 34]),
    (19, &[33, 34]),
    (20, &[34]),
    (21, &[33, 34]),
    (23, &[33, 34]),
    (24, &[26, 28, 30, 33, 34]),
    (25, &[26, 28, 32]),
    (26, &[32]),
    (27, &[30, 34]),
    (28, &[34]),
    (29, &[32, 34]),
    (30, &[33, 34]),
    (31, &[33, 34]),
    (32, &[33, 34]),
    (33, &[34]),
];

fn club() -> Sample {
    let pairs = CLUB.iter().flat_map(|(a, others)| others.iter().map(|b| (*a - 1, *b - 1)));
    Sample::of(34, &pairs.collect::<Vec<_>>())
}

/// Cliques of five, each tied to the next by one edge.
fn ring(cliques: u32) -> Sample {
    let mut pairs = Vec::new();
    for clique in 0..cliques {
        let first = clique * 5;
        for a in first..first + 5 {
            pairs.extend((a + 1..first + 5).map(|b| (a, b)));
        }
        pairs.push((first, (clique + 1) % cliques * 5 + 1));
    }
    Sample::of(cliques * 5, &pairs)
}

#[test]
fn the_karate_club_falls_into_the_communities_that_are_known() {
    let csr = club().csr();
    assert_eq!((csr.edge_count(), triangles(&csr).total), (78, 45));
    let found = leiden(&csr, &Leiden::default()).unwrap();
    // The best that there is has 0.41979 and four communities.
    assert!(found.modularity > 0.415 && found.modularity < 0.4198, "{}", found.modularity);
    assert_eq!(found.count, 4);
}

#[test]
fn cliques_in_a_ring_are_communities() {
    let sample = ring(8);
    let found = leiden(&sample.csr(), &Leiden::default()).unwrap();
    assert_eq!(found.labels, (0..40).map(|vertex| vertex / 5 * 5).collect::<Vec<_>>());
    let labels = propagate_labels(&sample.csr(), 20).labels;
    assert!(
        labels.chunks(5).all(|clique| clique.iter().all(|label| *label == clique[0])),
        "{labels:?}"
    );
}

#[test]
fn a_higher_resolution_gives_smaller_communities() {
    let csr = ring(30).csr();
    let count =
        |resolution| leiden(&csr, &Leiden { resolution, ..Leiden::default() }).unwrap().count;
    assert!(count(0.05) < count(1.0) && count(1.0) < count(20.0));
}

#[test]
fn every_community_hangs_together_and_chance_is_never_better() {
    for seed in 0..400 {
        let sample = Sample::random(seed);
        for weighted in [false, true] {
            let how = Leiden { weighted, ..Leiden::default() };
            let found = leiden(&sample.csr(), &how).unwrap();
            let weight = |row: &(u32, u32, u16, f32)| if weighted { f64::from(row.3) } else { 1.0 };
            let total: f64 = sample.rows.iter().map(weight).sum();
            let label = |vertex: u32| found.labels[vertex as usize];
            let mut strengths = vec![0.0; sample.vertices as usize];
            let mut within = sample.clone();
            within.rows.retain(|row| label(row.0) == label(row.1) && weight(row) > 0.0);
            for row in &sample.rows {
                strengths[label(row.0) as usize] += weight(row);
                strengths[label(row.1) as usize] += weight(row);
            }
            let inside: f64 = within.rows.iter().map(weight).sum();
            let chance: f64 = strengths.iter().map(|s: &f64| (s / (2.0 * total)).powi(2)).sum();
            let wanted = if total == 0.0 { 0.0 } else { inside / total - chance };
            assert!((found.modularity - wanted).abs() < 1e-12, "seed {seed}");
            let alone: Vec<u32> = (0..sample.vertices).collect();
            let alone = modularity(&sample.csr(), &alone, 1.0, weighted).unwrap();
            assert!(found.modularity >= alone - 1e-12, "seed {seed}");
            let parts = sutra_index::graph::whole::weak_components(&within.csr());
            assert_eq!(parts.labels, found.labels, "seed {seed}: a community fell apart");
        }
    }
}

#[test]
fn the_order_of_edges_changes_no_community() {
    let mut sample = club();
    let first = leiden(&sample.csr(), &Leiden::default()).unwrap();
    Random::new(5).shuffle(&mut sample.rows);
    assert_eq!(leiden(&sample.csr(), &Leiden::default()).unwrap(), first);
}

#[test]
fn without_edges_everyone_is_alone() {
    for vertices in [0, 3] {
        let found = leiden(&Sample::of(vertices, &[]).csr(), &Leiden::default()).unwrap();
        assert_eq!((found.count, found.modularity), (vertices as usize, 0.0));
    }
    let loops = leiden(&Sample::of(2, &[(0, 0), (1, 1)]).csr(), &Leiden::default()).unwrap();
    assert_eq!(loops.labels, [0, 1]);
}

#[test]
fn resolutions_and_weights_out_of_range_are_refused() {
    let csr = Sample { vertices: 2, rows: vec![(0, 1, 0, -1.0)] }.csr();
    for resolution in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(leiden(&csr, &Leiden { resolution, ..Leiden::default() }).is_err());
    }
    let error = leiden(&csr, &Leiden { weighted: true, ..Leiden::default() }).unwrap_err();
    assert!(matches!(error, GraphError::Weight { weight: -1.0, .. }));
}
