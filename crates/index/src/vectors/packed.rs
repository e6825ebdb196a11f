//! Lists of 8-bit codes, 16 vectors to a block: how they lie, and how they are scored.

use zerocopy::FromBytes;
use zerocopy::little_endian::{F32, U32};

use super::candidates::Candidates;
use super::code::{CodeQueries, CodeQuery};
use super::dispatch::prefetch;
use super::layout::{CodeTail, LANES};

/// How far ahead of its use a block is asked for.
pub(super) const BLOCKS_AHEAD: usize = 2;

/// How many vectors the nearest are looked for at a time. So many sums of a block fit into registers.
pub(super) const TOGETHER: usize = 8;

/// Where the parts of a block of codes lie.
#[derive(Clone, Copy, Debug)]
pub(super) struct CodeShape {
    pub(super) padded: usize,
    pub(super) has_bias: bool,
}

impl CodeShape {
    pub(super) fn codes(self) -> usize {
        LANES * self.padded
    }

    pub(super) fn block(self) -> usize {
        let bias = if self.has_bias { size_of::<[F32; LANES]>() } else { 0 };
        self.codes() + size_of::<CodeTail>() + bias
    }
}

/// One list, or several that follow one another.
#[derive(Clone, Copy, Debug)]
pub(super) struct CodeList<'a> {
    /// Whole blocks.
    pub(super) blocks: &'a [u8],
    pub(super) shape: CodeShape,
    /// The slot of the first lane.
    pub(super) first_slot: u32,
}

/// Offers every vector of a list. `products` multiplies the codes of a block with the query,
/// `above` gives the lanes whose score is above the threshold as bits.
#[inline(always)]
pub(super) fn scan(
    list: CodeList<'_>,
    query: &CodeQuery,
    found: &mut Candidates<'_>,
    products: impl Fn(&[u8], &CodeQuery) -> [[i32; LANES]; 1],
    above: impl Fn(&[f32; LANES], f32) -> u32,
) {
    let shape = list.shape;
    let mut slot = list.first_slot;
    let mut ahead = list.blocks.chunks_exact(shape.block()).skip(BLOCKS_AHEAD);
    for block in list.blocks.chunks_exact(shape.block()) {
        prefetch(ahead.next().unwrap_or_default());
        let (codes, rest) = block.split_at(shape.codes());
        let Ok((tail, biases)) = CodeTail::ref_from_prefix(rest) else { return };
        let [products] = products(codes, query);
        let scores = scores(query, 0, &products, tail, biases);
        found.offer(slot, &scores, &tail.rows, above(&scores, found.threshold()));
        slot += LANES as u32;
    }
}

/// The score of every lane of a list.
#[inline(always)]
pub(super) fn scores_of(
    list: CodeList<'_>,
    query: &CodeQuery,
    all: &mut Vec<f32>,
    products: impl Fn(&[u8], &CodeQuery) -> [[i32; LANES]; 1],
) {
    let shape = list.shape;
    all.reserve(list.blocks.len() / shape.block() * LANES);
    for block in list.blocks.chunks_exact(shape.block()) {
        let (codes, rest) = block.split_at(shape.codes());
        let Ok((tail, biases)) = CodeTail::ref_from_prefix(rest) else { return };
        let [products] = products(codes, query);
        all.extend_from_slice(&scores(query, 0, &products, tail, biases));
    }
}

/// Offers scores that are known, each under the number of its place.
#[inline(always)]
pub(super) fn select(
    scores: &[f32],
    found: &mut Candidates<'_>,
    above: impl Fn(&[f32; LANES], f32) -> u32,
) {
    for (first, scores) in (0_u32..).step_by(LANES).zip(scores.as_chunks::<LANES>().0) {
        let better = above(scores, found.threshold());
        if better != 0 {
            let rows: [u32; LANES] = std::array::from_fn(|lane| first + lane as u32);
            found.offer(first, scores, &rows.map(U32::new), better);
        }
    }
}

/// The scores of a block with one of the queries; without biases, they are zero.
#[inline(always)]
fn scores<const N: usize>(
    queries: &CodeQueries<N>,
    place: usize,
    products: &[i32; LANES],
    tail: &CodeTail,
    biases: &[u8],
) -> [f32; LANES] {
    let mut scores = [0.0; LANES];
    for lane in 0..LANES {
        scores[lane] = queries.score(place, products[lane], tail.scales[lane].get());
    }
    if let Ok(biases) = <[F32; LANES]>::ref_from_bytes(biases) {
        let without = scores;
        for lane in 0..LANES {
            scores[lane] = without[lane] + biases[lane].get();
        }
    }
    scores
}

/// For each query the vector with the highest score, by its slot; the first of several.
#[inline(always)]
pub(super) fn nearest<const N: usize>(
    list: CodeList<'_>,
    queries: &CodeQueries<N>,
    products: impl Fn(&[u8], &CodeQueries<N>) -> [[i32; LANES]; N],
    above: impl Fn(&[f32; LANES], f32) -> u32,
) -> [u32; N] {
    let shape = list.shape;
    let mut slot = list.first_slot;
    let mut best = [(f32::NEG_INFINITY, slot); N];
    for block in list.blocks.chunks_exact(shape.block()) {
        let (codes, rest) = block.split_at(shape.codes());
        let Ok((tail, biases)) = CodeTail::ref_from_prefix(rest) else { break };
        let products = products(codes, queries);
        for (place, best) in best.iter_mut().enumerate() {
            let scores = scores(queries, place, &products[place], tail, biases);
            // Few blocks have a better one.
            if above(&scores, best.0) != 0 {
                *best = highest(&scores, slot, *best);
            }
        }
        slot += LANES as u32;
    }
    best.map(|(_, slot)| slot)
}

fn highest(scores: &[f32; LANES], first_slot: u32, best: (f32, u32)) -> (f32, u32) {
    let slots = (first_slot..).zip(scores);
    slots.fold(best, |best, (slot, score)| if *score > best.0 { (*score, slot) } else { best })
}

/// Writes the codes of one vector into its lane.
pub(super) fn put_codes(block_codes: &mut [u8], lane: usize, codes: &[u8]) {
    let (steps, _) = block_codes.as_chunks_mut::<{ 4 * LANES }>();
    let (quads, _) = codes.as_chunks::<4>();
    for (step, quad) in steps.iter_mut().zip(quads) {
        step[4 * lane..4 * lane + 4].copy_from_slice(quad);
    }
}

/// Copies the codes of one vector from a lane of one block to a lane of another.
pub(super) fn copy_codes(from: &[u8], from_lane: usize, to: &mut [u8], to_lane: usize) {
    let (from, _) = from.as_chunks::<4>();
    let (to, _) = to.as_chunks_mut::<4>();
    for (from, to) in from.chunks_exact(LANES).zip(to.chunks_exact_mut(LANES)) {
        to[to_lane] = from[from_lane];
    }
}
