//! The path of ARM processors: products of 16 signed bytes, added in pairs.

use std::arch::aarch64::{
    int32x4_t, uint8x16_t, uint16x8_t, vaddq_s32, vaddq_u8, vaddvq_s32, vaddw_high_u8, vaddw_u8,
    vandq_u8, vdupq_n_s32, vdupq_n_u8, vdupq_n_u16, veorq_u8, vget_low_s8, vget_low_u8,
    vmull_high_s8, vmull_s8, vpadalq_s16, vpaddlq_s16, vpaddq_s32, vqtbl1q_u8,
    vreinterpretq_s8_s32, vreinterpretq_s8_u8, vshrq_n_u8,
};

use zerocopy::transmute;

use super::candidates::Candidates;
use super::code::{BIAS, CodeQueries, CodeQuery};
use super::dispatch::functions_of_path;
use super::layout::LANES;
use super::packed::{CodeList, TOGETHER};
use super::signs::{SignList, SignQuery, Signs};
use super::{code, exact, packed, rotation, signs};

functions_of_path! {
    #[target_feature(enable = "neon")]
}

/// The products of the codes of a block with each query.
#[inline]
#[target_feature(enable = "neon")]
fn products<const N: usize>(codes: &[u8], queries: &CodeQueries<N>) -> [[i32; LANES]; N] {
    let mut products = [[0; LANES]; N];
    let (steps, _) = codes.as_chunks::<{ 4 * LANES }>();
    for (place, products) in products.iter_mut().enumerate() {
        let mut sums = [vdupq_n_s32(0); 4];
        for (step, quads) in steps.iter().zip(&queries.quads) {
            // The bytes of a quad are those of the lanes in memory, whatever the order in a number.
            let quad = vdupq_n_s32(i32::from_ne_bytes(quads[place].to_le_bytes()));
            let quad = vreinterpretq_s8_s32(quad);
            let codes: [uint8x16_t; 4] = transmute!(*step);
            for (sum, codes) in sums.iter_mut().zip(codes) {
                let codes = vreinterpretq_s8_u8(veorq_u8(codes, vdupq_n_u8(BIAS)));
                let low = vpaddlq_s16(vmull_s8(vget_low_s8(codes), vget_low_s8(quad)));
                let high = vpaddlq_s16(vmull_high_s8(codes, quad));
                *sum = vaddq_s32(*sum, vpaddq_s32(low, high));
            }
        }
        *products = transmute!(sums);
    }
    products
}

/// The product of the codes of one vector with a query.
#[inline]
#[target_feature(enable = "neon")]
pub(super) fn product(codes: &[u8], query: &CodeQuery) -> i32 {
    let mut sums: int32x4_t = vdupq_n_s32(0);
    let (steps, rest) = codes.as_chunks::<16>();
    debug_assert!(rest.is_empty(), "vectors with signs are padded to 64");
    for (codes, quads) in steps.iter().zip(query.quads.as_flattened().as_chunks::<4>().0) {
        let codes = veorq_u8(transmute!(*codes), vdupq_n_u8(BIAS));
        let codes = vreinterpretq_s8_u8(codes);
        let quads = quads.map(|quad| i32::from_ne_bytes(quad.to_le_bytes()));
        let values = vreinterpretq_s8_s32(transmute!(quads));
        sums = vpadalq_s16(sums, vmull_s8(vget_low_s8(codes), vget_low_s8(values)));
        sums = vpadalq_s16(sums, vmull_high_s8(codes, values));
    }
    vaddvq_s32(sums)
}

/// The sums of what the tables say of the bits of a block.
#[inline]
#[target_feature(enable = "neon")]
fn sums(bits: &[u8], tables: &[[u8; 128]]) -> [i32; LANES] {
    let mut sums = [0; LANES];
    let (groups, _) = bits.as_chunks::<{ 4 * LANES }>();
    for (group, tables) in groups.iter().zip(tables) {
        let bits: [uint8x16_t; 4] = transmute!(*group);
        let tables: [uint8x16_t; 8] = transmute!(*tables);
        let mut halves: [uint16x8_t; 2] = [vdupq_n_u16(0); 2];
        for place in 0..4 {
            let low = vqtbl1q_u8(tables[place], vandq_u8(bits[place], vdupq_n_u8(15)));
            let high = vqtbl1q_u8(tables[place + 4], vshrq_n_u8::<4>(bits[place]));
            let sum = vaddq_u8(low, high);
            halves[0] = vaddw_u8(halves[0], vget_low_u8(sum));
            halves[1] = vaddw_high_u8(halves[1], sum);
        }
        let of_group: [u16; LANES] = transmute!(halves);
        for (sum, of_group) in sums.iter_mut().zip(of_group) {
            *sum += i32::from(of_group);
        }
    }
    sums
}

/// The lanes whose score is above the threshold, as bits.
#[inline]
#[target_feature(enable = "neon")]
fn above(scores: &[f32; LANES], threshold: f32) -> u32 {
    scores.iter().rev().fold(0, |bits, score| bits << 1 | u32::from(*score > threshold))
}
