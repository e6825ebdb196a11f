//! The path of processors with AVX-512 and its instruction for products of bytes (VNNI): one step
//! multiplies 4 values of 16 vectors.

use std::arch::x86_64::{
    __m512i, _CMP_GT_OQ, _mm512_add_epi8, _mm512_add_epi16, _mm512_add_epi32, _mm512_and_si512,
    _mm512_castsi512_si256, _mm512_cmp_ps_mask, _mm512_cvtepu16_epi32, _mm512_dpbusd_epi32,
    _mm512_extracti64x4_epi64, _mm512_reduce_add_epi32, _mm512_set1_epi8, _mm512_set1_epi32,
    _mm512_set1_ps, _mm512_setzero_si512, _mm512_shuffle_epi8, _mm512_slli_epi16,
    _mm512_srli_epi16, _mm512_sub_epi16,
};

use zerocopy::transmute;

use super::candidates::Candidates;
use super::code::{CodeQueries, CodeQuery};
use super::dispatch::functions_of_path;
use super::layout::LANES;
use super::packed::{CodeList, TOGETHER};
use super::signs::{SignList, SignQuery, Signs};
use super::{code, exact, packed, rotation, signs};

functions_of_path! {
    #[target_feature(enable = "avx2,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
}

/// The products of the codes of a block with each query.
#[inline]
#[target_feature(enable = "avx2,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn products<const N: usize>(codes: &[u8], queries: &CodeQueries<N>) -> [[i32; LANES]; N] {
    let mut even = [_mm512_setzero_si512(); N];
    for (even, correction) in even.iter_mut().zip(queries.corrections) {
        *even = _mm512_set1_epi32(correction.wrapping_neg());
    }
    let mut odd = [_mm512_setzero_si512(); N];
    let (steps, _) = codes.as_chunks::<{ 8 * LANES }>();
    for (step, quads) in steps.iter().zip(queries.quads.as_chunks::<2>().0) {
        let [low, high]: [__m512i; 2] = transmute!(*step);
        for place in 0..N {
            even[place] = _mm512_dpbusd_epi32(even[place], low, _mm512_set1_epi32(quads[0][place]));
            odd[place] = _mm512_dpbusd_epi32(odd[place], high, _mm512_set1_epi32(quads[1][place]));
        }
    }
    let mut products = [[0; LANES]; N];
    for (products, (even, odd)) in products.iter_mut().zip(even.into_iter().zip(odd)) {
        *products = transmute!(_mm512_add_epi32(even, odd));
    }
    products
}

/// The product of the codes of one vector with a query.
#[inline]
#[target_feature(enable = "avx2,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(super) fn product(codes: &[u8], query: &CodeQuery) -> i32 {
    let mut sums = _mm512_setzero_si512();
    let (steps, rest) = codes.as_chunks::<64>();
    let (quads, _) = query.quads.as_flattened().as_chunks::<16>();
    debug_assert!(rest.is_empty(), "vectors with signs are padded to 64");
    for (codes, quads) in steps.iter().zip(quads) {
        sums = _mm512_dpbusd_epi32(sums, transmute!(*codes), transmute!(*quads));
    }
    _mm512_reduce_add_epi32(sums).wrapping_sub(query.corrections[0])
}

/// The sums of what the tables say of the bits of a block. Two bytes at a time are added as one
/// number of 16 bits, which holds the odd lane and what the even one carries over; the odd lanes
/// are summed beside it, so that they can be taken off.
#[inline]
#[target_feature(enable = "avx2,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn sums(bits: &[u8], tables: &[[u8; 128]]) -> [i32; LANES] {
    let nibble = _mm512_set1_epi8(15);
    let (mut both, mut odd) = (_mm512_setzero_si512(), _mm512_setzero_si512());
    let (groups, _) = bits.as_chunks::<{ 4 * LANES }>();
    for (group, tables) in groups.iter().zip(tables) {
        let [low, high]: [__m512i; 2] = transmute!(*tables);
        let bits: __m512i = transmute!(*group);
        let low = _mm512_shuffle_epi8(low, _mm512_and_si512(bits, nibble));
        let high_bits = _mm512_and_si512(_mm512_srli_epi16::<4>(bits), nibble);
        let sum = _mm512_add_epi8(low, _mm512_shuffle_epi8(high, high_bits));
        both = _mm512_add_epi16(both, sum);
        odd = _mm512_add_epi16(odd, _mm512_srli_epi16::<8>(sum));
    }
    let even = fold(_mm512_sub_epi16(both, _mm512_slli_epi16::<8>(odd)));
    let odd = fold(odd);
    let mut sums = [0; LANES];
    for pair in 0..LANES / 2 {
        (sums[2 * pair], sums[2 * pair + 1]) = (even[pair], odd[pair]);
    }
    sums
}

/// Adds up the four quarters of 32 numbers.
#[inline]
#[target_feature(enable = "avx2,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn fold(numbers: __m512i) -> [i32; LANES / 2] {
    let low = _mm512_cvtepu16_epi32(_mm512_castsi512_si256(numbers));
    let high = _mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64::<1>(numbers));
    let halves: [[i32; LANES / 2]; 2] = transmute!(_mm512_add_epi32(low, high));
    let mut sums = halves[0];
    for (sum, other) in sums.iter_mut().zip(halves[1]) {
        *sum += other;
    }
    sums
}

/// The lanes whose score is above the threshold, as bits.
#[inline]
#[target_feature(enable = "avx2,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn above(scores: &[f32; LANES], threshold: f32) -> u32 {
    let above = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(transmute!(*scores), _mm512_set1_ps(threshold));
    u32::from(above)
}
