//! The path of processors with AVX2: products of signed bytes as those of a size and a sign, so
//! that no sum of two saturates.

use std::arch::x86_64::{
    __m256, __m256i, _CMP_GT_OQ, _mm256_abs_epi8, _mm256_add_epi8, _mm256_add_epi16,
    _mm256_add_epi32, _mm256_and_si256, _mm256_castsi256_si128, _mm256_cmp_ps,
    _mm256_cvtepu16_epi32, _mm256_extracti128_si256, _mm256_madd_epi16, _mm256_maddubs_epi16,
    _mm256_movemask_ps, _mm256_set1_epi8, _mm256_set1_epi16, _mm256_set1_epi32, _mm256_set1_ps,
    _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_sign_epi8, _mm256_slli_epi16,
    _mm256_srli_epi16, _mm256_sub_epi16, _mm256_xor_si256,
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
    #[target_feature(enable = "avx2")]
}

/// The products of the codes of a block with each query.
#[inline]
#[target_feature(enable = "avx2")]
fn products<const N: usize>(codes: &[u8], queries: &CodeQueries<N>) -> [[i32; LANES]; N] {
    let mut products = [[0; LANES]; N];
    let (steps, _) = codes.as_chunks::<{ 4 * LANES }>();
    // One query after the other: there are not registers for more, and the block is near by now.
    for (place, products) in products.iter_mut().enumerate() {
        let mut sums = [_mm256_setzero_si256(); 2];
        for (step, quads) in steps.iter().zip(&queries.quads) {
            let quad = _mm256_set1_epi32(quads[place]);
            let [low, high]: [__m256i; 2] = transmute!(*step);
            sums[0] = _mm256_add_epi32(sums[0], quads_of(low, quad));
            sums[1] = _mm256_add_epi32(sums[1], quads_of(high, quad));
        }
        *products = transmute!(sums);
    }
    products
}

/// The product of the codes of one vector with a query.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn product(codes: &[u8], query: &CodeQuery) -> i32 {
    let mut sums = _mm256_setzero_si256();
    let (steps, rest) = codes.as_chunks::<32>();
    debug_assert!(rest.is_empty(), "vectors with signs are padded to 64");
    for (codes, quads) in steps.iter().zip(query.quads.as_flattened().as_chunks::<8>().0) {
        sums = _mm256_add_epi32(sums, quads_of(transmute!(*codes), transmute!(*quads)));
    }
    let sums: [i32; 8] = transmute!(sums);
    sums.iter().sum()
}

/// Products of biased codes with values, summed by fours. A size is at most 128 and a value at
/// most 127, so two products add up to less than 32,768.
#[inline]
#[target_feature(enable = "avx2")]
fn quads_of(codes: __m256i, values: __m256i) -> __m256i {
    let codes = _mm256_xor_si256(codes, _mm256_set1_epi8(BIAS.cast_signed()));
    let pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(codes), _mm256_sign_epi8(values, codes));
    _mm256_madd_epi16(pairs, _mm256_set1_epi16(1))
}

/// The sums of what the tables say of the bits of a block, as in the path of AVX-512.
#[inline]
#[target_feature(enable = "avx2")]
fn sums(bits: &[u8], tables: &[[u8; 128]]) -> [i32; LANES] {
    let nibble = _mm256_set1_epi8(15);
    let (mut both, mut odd) = (_mm256_setzero_si256(), _mm256_setzero_si256());
    let (groups, _) = bits.as_chunks::<{ 4 * LANES }>();
    for (group, tables) in groups.iter().zip(tables) {
        let bits: [__m256i; 2] = transmute!(*group);
        let tables: [__m256i; 4] = transmute!(*tables);
        for half in 0..2 {
            let low = _mm256_shuffle_epi8(tables[half], _mm256_and_si256(bits[half], nibble));
            let high_bits = _mm256_and_si256(_mm256_srli_epi16::<4>(bits[half]), nibble);
            let sum = _mm256_add_epi8(low, _mm256_shuffle_epi8(tables[half + 2], high_bits));
            both = _mm256_add_epi16(both, sum);
            odd = _mm256_add_epi16(odd, _mm256_srli_epi16::<8>(sum));
        }
    }
    let even = fold(_mm256_sub_epi16(both, _mm256_slli_epi16::<8>(odd)));
    let odd = fold(odd);
    let mut sums = [0; LANES];
    for pair in 0..LANES / 2 {
        (sums[2 * pair], sums[2 * pair + 1]) = (even[pair], odd[pair]);
    }
    sums
}

/// Adds up the two halves of 16 numbers.
#[inline]
#[target_feature(enable = "avx2")]
fn fold(numbers: __m256i) -> [i32; LANES / 2] {
    let low = _mm256_cvtepu16_epi32(_mm256_castsi256_si128(numbers));
    let high = _mm256_cvtepu16_epi32(_mm256_extracti128_si256::<1>(numbers));
    transmute!(_mm256_add_epi32(low, high))
}

/// The lanes whose score is above the threshold, as bits.
#[inline]
#[target_feature(enable = "avx2")]
fn above(scores: &[f32; LANES], threshold: f32) -> u32 {
    let (threshold, halves) = (_mm256_set1_ps(threshold), transmute!(*scores));
    let [low, high]: [__m256; 2] = halves;
    let low = _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_GT_OQ>(low, threshold));
    let high = _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_GT_OQ>(high, threshold));
    low.cast_unsigned() | high.cast_unsigned() << 8
}
