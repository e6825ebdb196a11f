//! Ids of every sort spread evenly under the placement hash, or lookups would not be one line.
//!
//! Everything here is deterministic; the bounds are about four standard deviations from what a
//! random function would give.

use std::collections::HashSet;

use sutra_format::hash::{mix, placement, range_of, tag};
use sutra_format::{ConceptId, TagLine};

const COUNT: u64 = 1 << 16;
const SEEDS: [u64; 3] = [0, 1, 0x9e37_79b9_7f4a_7c15];

fn id(low: u64, high: u64) -> ConceptId {
    ConceptId::from_bytes((u128::from(high) << 64 | u128::from(low)).to_le_bytes())
}

/// A sort of ids: its name, and its member of a given number.
type Family = (&'static str, fn(u64) -> ConceptId);

/// Sorts of ids that a poor hash would put together.
fn families() -> [Family; 9] {
    [
        ("counted in the low half", |n| id(n, 0)),
        ("counted in the high half", |n| id(0, n)),
        ("counted at the top", |n| id(0, n << 48)),
        ("counted big-endian", |n| ConceptId::from_bytes(u128::from(n).to_be_bytes())),
        ("both halves equal", |n| id(n, n)),
        ("halves that cancel", |n| id(n, n.wrapping_neg())),
        ("strides of a page", |n| id(n << 12, n << 44)),
        ("sparse bits", |n| id(1 << (n % 64), 1 << (n / 64 % 32) | 1 << (32 + n / 2048))),
        ("hashed", |n| id(mix(n), mix(!n))),
    ]
}

/// The sum of squared deviations from an even spread over `cells`, in units of its expectation.
fn chi_square(cells: &[u64]) -> f64 {
    let total: u64 = cells.iter().sum();
    let expected = total as f64 / cells.len() as f64;
    let sum: f64 = cells.iter().map(|n| (*n as f64 - expected).powi(2) / expected).sum();
    sum / (cells.len() - 1) as f64
}

#[test]
fn every_sort_of_ids_spreads_over_lines_and_tags() {
    const CELLS: usize = 1 << 12;
    // One standard deviation of the quotient is sqrt(2 / 4,095), about 0.022.
    let even = 0.91..1.09;
    for (name, family) in families() {
        for seed in SEEDS {
            let (mut lines, mut tags) = (vec![0; CELLS], vec![0; CELLS]);
            for n in 0..COUNT {
                let hash = placement(seed, &family(n));
                lines[range_of(hash, CELLS as u64) as usize] += 1;
                tags[usize::from(tag(hash)) % CELLS] += 1;
            }
            let (lines, tags) = (chi_square(&lines), chi_square(&tags));
            assert!(even.contains(&lines), "{name}, seed {seed}: lines {lines}");
            assert!(even.contains(&tags), "{name}, seed {seed}: tags {tags}");
        }
    }
}

#[test]
fn nearly_every_item_has_a_tag_and_no_line_is_crowded() {
    for (name, family) in families() {
        let lines = TagLine::lines(COUNT);
        let mut counts = vec![0usize; lines as usize];
        for n in 0..COUNT {
            counts[range_of(placement(SEEDS[2], &family(n)), lines) as usize] += 1;
        }
        let most = counts.iter().max().expect("there are lines");
        let untagged: usize = counts.iter().map(|n| n.saturating_sub(TagLine::TAGS)).sum();
        assert!(*most <= 40, "{name}: {most} items on one line of 16 on average");
        assert!(untagged <= 150, "{name}: {untagged} of {COUNT} items without a tag");
    }
}

#[test]
fn no_two_ids_of_a_family_share_a_placement() {
    for (name, family) in families() {
        let ids: HashSet<ConceptId> = (0..COUNT).map(family).collect();
        assert_eq!(ids.len() as u64, COUNT, "{name}: the ids differ");
        for seed in SEEDS {
            let hashes: HashSet<u64> = ids.iter().map(|id| placement(seed, id)).collect();
            assert_eq!(hashes.len(), ids.len(), "{name}, seed {seed}");
        }
    }
}

#[test]
fn each_bit_of_id_and_seed_flips_half_of_the_placement() {
    let mut flips_by_bit = [0u64; 192];
    let samples = 512;
    for n in 0..samples {
        let (seed, low, high) = (mix(3 * n), mix(3 * n + 1), mix(3 * n + 2));
        let hash = placement(seed, &id(low, high));
        for (bit, flips) in (0..).zip(&mut flips_by_bit) {
            let (mut seed, mut low, mut high) = (seed, low, high);
            *[&mut seed, &mut low, &mut high][bit / 64] ^= 1 << (bit % 64);
            *flips += u64::from((hash ^ placement(seed, &id(low, high))).count_ones());
        }
    }
    for (bit, flips) in flips_by_bit.into_iter().enumerate() {
        // One standard deviation of the mean is 4 / sqrt(512), about 0.18 bits.
        let mean = flips as f64 / samples as f64;
        assert!((31.0..33.0).contains(&mean), "bit {bit} flips {mean} bits of 64");
    }
}

#[test]
fn ids_that_collide_under_one_seed_do_not_under_another() {
    // For a known seed ids of one placement are easily made: the inner half is a bijection.
    let (seed, low) = (SEEDS[2], 42u64);
    let inner = |low: u64, high: u64| mix(low ^ seed).wrapping_add(high ^ seed.rotate_left(32));
    let wanted = inner(low, 0);
    let colliding: Vec<ConceptId> = (0..1000)
        .map(|n| id(n, wanted.wrapping_sub(mix(n ^ seed)) ^ seed.rotate_left(32)))
        .collect();
    let placements = |seed| colliding.iter().map(|id| placement(seed, id)).collect::<HashSet<_>>();
    assert_eq!(placements(seed).len(), 1, "they do collide");
    assert!(placements(seed ^ 1).len() > 990);
}

#[test]
fn ranges_divide_the_hash_space_in_order_and_without_a_gap() {
    assert_eq!((range_of(0, 0), range_of(u64::MAX, 0)), (0, 0));
    for parts in [1, 2, 3, 16, 1000, 1 << 32, u64::MAX] {
        assert_eq!((range_of(0, parts), range_of(u64::MAX, parts)), (0, parts - 1), "{parts}");
    }
    for part in 1..1000u64 {
        let start = (u128::from(part) << 64).div_ceil(1000) as u64;
        assert_eq!((range_of(start - 1, 1000), range_of(start, 1000)), (part - 1, part));
    }
}

#[test]
fn sixteen_items_make_a_line() {
    for (items, lines) in [(0, 0), (1, 1), (16, 1), (17, 2), (u64::from(u32::MAX), 1 << 28)] {
        assert_eq!(TagLine::lines(items), lines);
    }
}
