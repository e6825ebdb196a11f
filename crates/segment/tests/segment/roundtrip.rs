//! What was written is what is found, held against plain maps.

use crate::common::{Concept, Rows, check_answers, check_verify, id, open};
use proptest::prelude::*;
use sutra_format::{ConceptFlags, ConceptId};

#[track_caller]
fn check(rows: &Rows) {
    let (bytes, summary) = rows.write_summed();
    let segment = open(&bytes).unwrap();
    assert_eq!(summary.file_length, bytes.len() as u64);
    assert_eq!(&summary.header, segment.header());
    check_verify(&segment);
    let known = rows.concepts.keys().copied();
    let ends = rows.associations.keys().flat_map(|(source, _, target)| [*source, *target]);
    let deleted = rows.vertex_tombstones.keys().copied();
    let unknown = (1 << 32..(1 << 32) + 50).map(id);
    let asked: std::collections::BTreeSet<ConceptId> =
        known.chain(ends).chain(deleted).chain(unknown).collect();
    check_answers(&segment, rows, asked);
    let concepts: Vec<_> = segment.iter_concepts().unwrap().map(|record| record.id).collect();
    let expected: Vec<_> = rows.sorted_concepts().iter().map(|c| c.record.id).collect();
    assert_eq!(concepts, expected);
    let rows_of = segment.associations(0..rows.associations.len() as u32).unwrap();
    assert!(rows_of.iter().eq(rows.sorted_associations()));
}

#[test]
fn an_empty_segment_answers_nothing_to_everything() {
    check(&Rows::new());
    let bytes = Rows::new().write();
    assert_eq!(bytes.len(), 4096 + 8 + 32); // Header page, one page sum, one section.
}

#[test]
fn one_of_each_is_found() {
    let mut rows = Rows::new();
    rows.put(Concept::new(id(1)).text("all of it", "first").vector(&[1.0, -2.5]));
    rows.associate(id(1), 1, id(2));
    rows.vertex_tombstones.insert(id(3), 12);
    check(&rows);
}

#[test]
fn a_line_with_more_items_than_tags_finds_them_all() {
    let mut rows = Rows::new();
    // 90 items have 6 lines; all of these belong to the fifth.
    let fifth = |id: &ConceptId| rows.hash(id) / (u64::MAX / 6 + 1) == 4;
    let crowd: Vec<_> = (0..).map(id).filter(fifth).take(90).collect();
    for (n, &id) in crowd.iter().enumerate() {
        rows.put(Concept::new(id));
        rows.associate(id, 0, crowd[(n + 1) % 90]);
    }
    check(&rows);
}

#[test]
fn equal_tags_are_told_apart() {
    let mut rows = Rows::new();
    let same_tag = |id: &ConceptId| rows.hash(id) as u16 == 0x1234;
    let ids: Vec<_> = (0..).map(id).filter(same_tag).take(12).collect();
    for pair in ids.chunks(2) {
        rows.put(Concept::new(pair[0])); // The other of the pair is a miss with a known tag.
        rows.associate(pair[0], 3, pair[1]);
    }
    check(&rows);
}

#[test]
fn a_tag_of_zero_is_not_taken_for_an_empty_slot() {
    let mut rows = Rows::new();
    let zero_tag = |id: &ConceptId| rows.hash(id) as u16 == 0;
    let ids: Vec<_> = (0..).map(id).filter(zero_tag).take(4).collect();
    rows.put(Concept::new(ids[0]));
    rows.associate(ids[1], 0, ids[2]);
    check(&rows);
}

/// Another id of the same placement as `id`, whose first half is `low`.
fn twin(seed: u64, id: &ConceptId, low: u64) -> ConceptId {
    let mix = sutra_format::hash::mix;
    let unmix = |mut x: u64| {
        let unshift = |x: u64| x ^ (x >> 33);
        for factor in [0xc4ce_b9fe_1a85_ec53_u64, 0xff51_afd7_ed55_8ccd] {
            let inverse = (0..6).fold(factor, |inverse, _| {
                inverse.wrapping_mul(2_u64.wrapping_sub(factor.wrapping_mul(inverse)))
            });
            x = unshift(x).wrapping_mul(inverse);
        }
        unshift(x)
    };
    let placement = sutra_format::hash::placement(seed, id);
    let high = unmix(placement).wrapping_sub(mix(low ^ seed)) ^ seed.rotate_left(32);
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&low.to_le_bytes());
    bytes[8..].copy_from_slice(&high.to_le_bytes());
    let twin = ConceptId::from_bytes(bytes);
    assert_eq!(sutra_format::hash::placement(seed, &twin), placement);
    twin
}

#[test]
fn ids_of_one_placement_are_told_apart() {
    let mut rows = Rows::new();
    // First halves whose orders as numbers and as bytes differ.
    let twins: Vec<_> = (0..40).map(|n| twin(rows.seed, &id(5), n << (n % 3 * 24))).collect();
    for (n, &twin) in twins.iter().enumerate().filter(|(n, _)| n % 2 == 0) {
        rows.put(Concept::new(twin));
        for kind in 0..3 {
            rows.associate(twin, kind, twins[(n * 7 + 2) % 40]);
            rows.associate(twins[(n * 11 + 4) % 40], kind, twin);
        }
    }
    check(&rows);
}

#[test]
fn hubs_are_whole_in_both_directions_and_sorted() {
    let mut rows = Rows::new();
    for n in 0..700 {
        rows.associate(id(1), (n % 5) as u16, id(1000 + n));
        rows.associate(id(2000 + n), (n % 3) as u16, id(1));
    }
    check(&rows);
}

#[test]
fn what_lies_across_pages_is_whole() {
    let mut rows = Rows::new();
    let long = "many pages ".repeat(2000);
    for n in 0..1500 {
        // Texts and vectors of odd lengths start and end anywhere in a page.
        let values: Vec<f32> = (0..(n % 97 + 1)).map(|value| value as f32).collect();
        let text = &long[..(n as usize * 37) % 400];
        rows.put(Concept::new(id(n)).text(text, "").vector(&values));
        rows.associate(id(n), 0, id(n + 1)); // More starts than fit into a page.
    }
    rows.put(Concept::new(id(5000)).text(&long, "the long one").vector(&[0.25; 5000]));
    check(&rows);
}

fn any_rows() -> impl Strategy<Value = Rows> {
    let concept = (
        0..60_u64,
        0..4_u32,
        prop::option::of(".{0,40}"),
        prop::collection::vec(-1e6_f32..1e6, 0..40),
    );
    let concepts = prop::collection::vec(concept, 0..80);
    let association = (0..40_u64, 0..4_u16, 0..40_u64);
    let associations = prop::collection::vec(association, 0..200);
    let deleted = prop::collection::btree_map((0..60_u64).prop_map(id), 0..1_u64 << 40, 0..20);
    (any::<u64>(), concepts, associations, deleted).prop_map(
        |(seed, concepts, associations, vertex_tombstones)| {
            let mut rows = Rows { seed, vertex_tombstones, ..Rows::default() };
            for (number, sort, text, values) in concepts {
                let mut concept = Concept::new(id(number));
                match sort {
                    0 => concept.record.flags = ConceptFlags::TOMBSTONE.into(),
                    1 => concept.record.flags = ConceptFlags::DELTA.into(),
                    _ => {
                        concept = concept.vector(&values);
                        if let Some(text) = text {
                            concept = concept.text(&text, &text[..0]);
                        }
                    }
                }
                rows.put(concept);
            }
            for (source, kind, target) in associations {
                rows.associate(id(source), kind, id(target));
            }
            rows
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_rows_come_back(rows in any_rows()) {
        check(&rows);
    }
}
