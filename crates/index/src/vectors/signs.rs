//! Lists of one bit a value, 16 vectors to a block: an estimate of the score from the signs of
//! what is left of a vector when its centroid is taken off (the estimator of RaBitQ: Gao and Long,
//! 2024), and how such lists are scored.
//!
//! The query is held as whole numbers from -15 to 15. For each 4 of its values a table has the sum
//! for each of the 16 ways to sign them, plus 60, so that two of them add up to at most 240: a byte
//! that is shuffled out of a register.

use zerocopy::FromBytes;

use super::candidates::Candidates;
use super::dispatch::{self, Level};
use super::exact::fold;
use super::layout::{LANES, SignTail};
use super::packed::BLOCKS_AHEAD;

const QUERY_MAX: f32 = 15.0;

/// What each table adds to its sums.
const TABLE_BIAS: i16 = 60;

/// Where the parts of a block of signs lie.
#[derive(Clone, Copy, Debug)]
pub(super) struct SignShape {
    pub(super) padded: usize,
}

impl SignShape {
    pub(super) fn bits(self) -> usize {
        LANES * self.padded / 8
    }

    pub(super) fn block(self) -> usize {
        self.bits() + size_of::<SignTail>()
    }
}

/// One list of signs.
#[derive(Clone, Copy, Debug)]
pub(super) struct SignList<'a> {
    /// Whole blocks.
    pub(super) blocks: &'a [u8],
    pub(super) shape: SignShape,
    /// The slot of the first lane.
    pub(super) first_slot: u32,
    /// The score of the centroid itself.
    pub(super) base: f32,
}

/// A turned query, as the scan of signs wants it.
#[derive(Clone, Debug)]
pub(super) struct SignQuery {
    /// For each 32 values: the tables of the low halves of 4 bytes, then those of the high ones.
    pub(super) tables: Vec<[u8; 128]>,
    scale: f32,
    correction: i32,
}

impl SignQuery {
    pub(super) fn new(level: Level, turned: &[f32]) -> Self {
        let mut codes = vec![0; turned.len()];
        let scale = dispatch::quantise(level, turned, QUERY_MAX, &mut codes);
        let (groups, _) = codes.as_chunks::<32>();
        let quads = i32::try_from(turned.len() / 4).unwrap_or(i32::MAX);
        let tables = groups.iter().map(tables).collect();
        Self { tables, scale, correction: quads.saturating_mul(i32::from(TABLE_BIAS)) }
    }

    /// The one step from whole numbers to a score, for every path.
    #[inline(always)]
    fn score(&self, sum: i32, factor: f32, term: f32, base: f32) -> f32 {
        #[expect(clippy::cast_precision_loss, reason = "the score is an estimate")]
        let sum = (sum - self.correction) as f32;
        sum * (factor * self.scale) + (term + base)
    }
}

/// The tables of 32 values: those of values 0 to 3 of each 8, then those of values 4 to 7.
fn tables(codes: &[i8; 32]) -> [u8; 128] {
    let mut tables = [0; 128];
    let (quads, _) = codes.as_chunks::<4>();
    for (place, quad) in quads.iter().enumerate() {
        let start = 64 * (place % 2) + 16 * (place / 2);
        let mut sums = [TABLE_BIAS; 16];
        for (bits, sum) in sums.iter_mut().enumerate() {
            for (bit, code) in quad.iter().enumerate() {
                let code = i16::from(*code);
                *sum += if bits >> bit & 1 == 1 { code } else { -code };
            }
        }
        for (entry, sum) in tables[start..start + 16].iter_mut().zip(sums) {
            *entry = u8::try_from(sum).unwrap_or(0);
        }
    }
    tables
}

/// Offers every vector of a list. `sums` adds up what the tables say of the bits of a block,
/// `above` gives the lanes whose score is above the threshold as bits.
#[inline(always)]
pub(super) fn scan(
    list: SignList<'_>,
    query: &SignQuery,
    found: &mut Candidates<'_>,
    sums: impl Fn(&[u8], &[[u8; 128]]) -> [i32; LANES],
    above: impl Fn(&[f32; LANES], f32) -> u32,
) {
    let shape = list.shape;
    let mut slot = list.first_slot;
    let mut ahead = list.blocks.chunks_exact(shape.block()).skip(BLOCKS_AHEAD);
    for block in list.blocks.chunks_exact(shape.block()) {
        dispatch::prefetch(ahead.next().unwrap_or_default());
        let (bits, tail) = block.split_at(shape.bits());
        let Ok(tail) = SignTail::ref_from_bytes(tail) else { return };
        let sums = sums(bits, &query.tables);
        let mut scores = [0.0; LANES];
        for lane in 0..LANES {
            let (factor, term) = (tail.factors[lane].get(), tail.terms[lane].get());
            scores[lane] = query.score(sums[lane], factor, term, list.base);
        }
        found.offer(slot, &scores, &tail.rows, above(&scores, found.threshold()));
        slot += LANES as u32;
    }
}

/// The signs of a vector against its centroid, with factor and term.
pub(super) struct Signs {
    pub(super) factor: f32,
    pub(super) term: f32,
}

/// Writes the bits of `turned - centroid`, eight to a byte, and gives what goes with them.
#[inline(always)]
pub(super) fn signs_of(turned: &[f32], centroid: &[f32], bias: f32, bits: &mut [u8]) -> Signs {
    // Value `i` goes to lane `i % 8`; lanes are added up in halves at the end.
    let [mut squares, mut sizes, mut with_rest, mut with_signs] = [[0.0_f32; 8]; 4];
    let (turned, _) = turned.as_chunks::<8>();
    let (centroid, _) = centroid.as_chunks::<8>();
    for ((x, c), byte) in turned.iter().zip(centroid).zip(bits) {
        *byte = 0;
        for lane in 0..8 {
            let rest = x[lane] - c[lane];
            let above = rest >= 0.0;
            *byte |= u8::from(above) << lane;
            squares[lane] += rest * rest;
            sizes[lane] += rest.abs();
            with_rest[lane] += c[lane] * rest;
            with_signs[lane] += if above { c[lane] } else { -c[lane] };
        }
    }
    let [square, size, with_rest, with_signs] =
        [squares, sizes, with_rest, with_signs].map(|lanes| fold(&lanes));
    let factor = if size > 0.0 { square / size } else { 0.0 };
    Signs { factor, term: with_rest - factor * with_signs + bias }
}

/// Writes the signs of one vector into its lane.
pub(super) fn put_bits(block_bits: &mut [u8], lane: usize, bits: &[u8]) {
    for (step, byte) in block_bits.chunks_exact_mut(LANES).zip(bits) {
        step[lane] = *byte;
    }
}

/// Copies the signs of one vector from a lane of one block to a lane of another.
pub(super) fn copy_bits(from: &[u8], from_lane: usize, to: &mut [u8], to_lane: usize) {
    for (from, to) in from.chunks_exact(LANES).zip(to.chunks_exact_mut(LANES)) {
        to[to_lane] = from[from_lane];
    }
}
