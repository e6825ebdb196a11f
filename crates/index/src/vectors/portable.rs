//! The path of any processor: what the other ones must agree with, to the last bit.

use super::candidates::Candidates;
use super::code::{BIAS, CodeQueries, CodeQuery};
use super::dispatch::functions_of_path;
use super::layout::LANES;
use super::packed::{CodeList, TOGETHER};
use super::signs::{SignList, SignQuery, Signs};
use super::{code, exact, packed, rotation, signs};

functions_of_path!();

/// The products of the codes of a block with each query.
#[inline(always)]
fn products<const N: usize>(codes: &[u8], queries: &CodeQueries<N>) -> [[i32; LANES]; N] {
    let mut products = [[0; LANES]; N];
    let (steps, _) = codes.as_chunks::<{ 4 * LANES }>();
    for (step, quads) in steps.iter().zip(&queries.quads) {
        for (products, quad) in products.iter_mut().zip(quads) {
            let quad = quad.to_le_bytes().map(u8::cast_signed);
            for (product, codes) in products.iter_mut().zip(step.as_chunks::<4>().0) {
                for value in 0..4 {
                    *product += signed(codes[value]) * i32::from(quad[value]);
                }
            }
        }
    }
    products
}

/// The product of the codes of one vector with a query.
pub(super) fn product(codes: &[u8], query: &CodeQuery) -> i32 {
    let quads =
        query.quads.as_flattened().iter().map(|quad| quad.to_le_bytes().map(u8::cast_signed));
    let products = codes.iter().zip(quads.flatten());
    products.map(|(code, value)| signed(*code) * i32::from(value)).sum()
}

fn signed(code: u8) -> i32 {
    i32::from(code) - i32::from(BIAS)
}

/// The sums of what the tables say of the bits of a block.
#[inline(always)]
fn sums(bits: &[u8], tables: &[[u8; 128]]) -> [i32; LANES] {
    let mut sums = [0; LANES];
    let (groups, _) = bits.as_chunks::<{ 4 * LANES }>();
    for (group, tables) in groups.iter().zip(tables) {
        for (place, step) in group.as_chunks::<LANES>().0.iter().enumerate() {
            for (sum, byte) in sums.iter_mut().zip(step) {
                let low = tables[16 * place + usize::from(byte & 15)];
                let high = tables[64 + 16 * place + usize::from(byte >> 4)];
                *sum += i32::from(low) + i32::from(high);
            }
        }
    }
    sums
}

/// The lanes whose score is above the threshold, as bits.
#[inline(always)]
fn above(scores: &[f32; LANES], threshold: f32) -> u32 {
    scores.iter().rev().fold(0, |bits, score| bits << 1 | u32::from(*score > threshold))
}
