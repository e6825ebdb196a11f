//! The projection itself.

use sutra_format::{AssociationKind, ConceptId};
use sutra_index::graph::{Adjacency, Csr, Kinds};

use crate::common::{DIRECTIONS, Random, Sample, sure};

#[test]
fn edges_in_any_order_give_the_same_projection() {
    for seed in 0..200 {
        let sample = Sample::random(seed);
        let mut shuffled = sample.clone();
        Random::new(seed).shuffle(&mut shuffled.rows);
        assert_eq!(sample.csr(), shuffled.csr(), "seed {seed}");
    }
}

#[test]
fn a_projection_tells_the_edges_that_it_was_given() {
    for seed in 0..200 {
        let sample = Sample::random(seed);
        let csr = sample.csr();
        assert_eq!(csr.edge_count(), sample.rows.len());
        for kinds in [Kinds::All, Kinds::Only(vec![AssociationKind::CAUSAL])] {
            for direction in DIRECTIONS {
                let mut told = Vec::new();
                for vertex in csr.vertices() {
                    let before = told.len();
                    let _ = sure(csr.edges(vertex, direction, &kinds, |edge| {
                        assert_eq!(csr.kind(edge.reference), edge.kind);
                        assert_eq!(csr.weight(edge.reference), edge.weight);
                        told.push((vertex, edge.neighbor, edge.kind.code(), edge.weight));
                        std::ops::ControlFlow::Continue(())
                    }));
                    let degree = sure(csr.degree(vertex, direction, &kinds));
                    assert_eq!(degree, (told.len() - before) as u64);
                }
                let mut wanted = sample.steps(direction, &kinds);
                let order =
                    |a: &(u32, u32, u16, f32), b: &(u32, u32, u16, f32)| a.partial_cmp(b).unwrap();
                told.sort_by(order);
                wanted.sort_by(order);
                assert_eq!(told, wanted, "seed {seed}, {direction:?}");
            }
        }
    }
}

#[test]
fn numbers_rise_with_the_keys_and_lead_back_to_them() {
    let id = |byte| ConceptId::from_bytes([byte; 16]);
    let edges = [
        (id(9), id(4), AssociationKind::CAUSAL, 1.0),
        (id(4), id(200), AssociationKind::CAUSAL, 1.0),
    ];
    let csr = Csr::from_edges(edges).unwrap();
    assert_eq!(csr.keys(), [id(4), id(9), id(200)]);
    assert_eq!(csr.number(&id(9)), Some(1));
    assert_eq!(csr.number(&id(5)), None);
    assert_eq!(csr.targets(1), [0]);
    assert_eq!(csr.sources(2), [0]);
}

#[test]
fn weights_are_kept_only_if_one_is_not_one() {
    let plain = Sample::of(2, &[(0, 1), (1, 0)]);
    let mut weighted = plain.clone();
    weighted.rows[1].3 = 0.5;
    let (plain, weighted) = (plain.csr(), weighted.csr());
    assert!(!plain.is_weighted() && weighted.is_weighted());
    assert_eq!((plain.weight(1), weighted.weight(0), weighted.weight(1)), (1.0, 1.0, 0.5));
    assert!(plain.memory_bytes() + 8 <= weighted.memory_bytes());
}
