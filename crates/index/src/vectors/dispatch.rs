//! Which code runs on this processor: the only place that calls code for instructions which not
//! every processor has, and the one that asks for memory ahead of its use.
//!
//! Invariant: a [`Level`] other than the portable one is made in [`Level::available`] alone, behind
//! the question whether the processor has every feature that its functions are compiled for.

#![expect(
    unsafe_code,
    reason = "calls of functions that need features of the processor, and prefetches"
)]

use super::candidates::Candidates;
use super::code::{CodeQueries, CodeQuery};
use super::packed::{CodeList, TOGETHER};
use super::portable;
use super::signs::{SignList, SignQuery, Signs};

#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512};

#[cfg(target_arch = "aarch64")]
use super::neon;

/// The instructions that scans use. Answers do not depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "aarch64")]
    Neon,
}

impl Level {
    /// What any processor has.
    pub const PORTABLE: Self = Self(Kind::Portable);

    /// Everything this processor has, the fastest last.
    pub fn available() -> Vec<Self> {
        let mut levels = vec![Self::PORTABLE];
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = is_x86_feature_detected!("avx2");
            if avx2 {
                levels.push(Self(Kind::Avx2));
            }
            if avx2
                && is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512vnni")
            {
                levels.push(Self(Kind::Avx512));
            }
        }
        #[cfg(target_arch = "aarch64")]
        if std::arch::is_aarch64_feature_detected!("neon") {
            levels.push(Self(Kind::Neon));
        }
        levels
    }

    /// The fastest that this processor has.
    pub fn best() -> Self {
        Self::available().pop().unwrap_or(Self::PORTABLE)
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self.0 {
            Kind::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => "avx512-vnni",
            #[cfg(target_arch = "aarch64")]
            Kind::Neon => "neon",
        }
    }
}

/// Asks for memory that will be read soon. It changes nothing but the time that takes.
#[inline(always)]
pub(super) fn prefetch(bytes: &[u8]) {
    #[cfg(target_arch = "x86_64")]
    for line in bytes.chunks(64) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: the instruction reads nothing that a program could see and never faults; the
        // pointer is that of a live slice besides. Every x86-64 processor has it.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = bytes;
}

/// A function of this module for each function that every path has.
macro_rules! dispatch {
    ($($(#[$doc:meta])* fn $name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)?;)*) => {
        $(
            $(#[$doc])*
            #[inline]
            pub(super) fn $name(level: Level, $($argument: $type),*) $(-> $result)? {
                match level.0 {
                    Kind::Portable => portable::$name($($argument),*),
                    // SAFETY: the call asks that the processor have the features which the
                    // function is compiled for (`FEATURES` in avx2.rs). This level is made by
                    // `Level::available` alone, after it found them there.
                    #[cfg(target_arch = "x86_64")]
                    Kind::Avx2 => unsafe { avx2::$name($($argument),*) },
                    // SAFETY: as above, with the features in avx512.rs.
                    #[cfg(target_arch = "x86_64")]
                    Kind::Avx512 => unsafe { avx512::$name($($argument),*) },
                    // SAFETY: as above, with the feature in neon.rs.
                    #[cfg(target_arch = "aarch64")]
                    Kind::Neon => unsafe { neon::$name($($argument),*) },
                }
            }
        )*
    };
}

dispatch! {
    /// Offers every vector of a list of codes.
    fn scan_codes(list: CodeList<'_>, query: &CodeQuery, found: &mut Candidates<'_>);

    /// The score of every lane of a list of codes.
    fn scores(list: CodeList<'_>, query: &CodeQuery, scores: &mut Vec<f32>);

    /// Offers scores that are known.
    fn select(scores: &[f32], found: &mut Candidates<'_>);

    /// For each query the slot of the highest score in a list of codes.
    fn nearest(list: CodeList<'_>, queries: &CodeQueries<TOGETHER>) -> [u32; TOGETHER];

    /// Offers every vector of a list of signs.
    fn scan_signs(list: SignList<'_>, query: &SignQuery, found: &mut Candidates<'_>);

    /// The product of the codes of one vector with a query.
    fn product(codes: &[u8], query: &CodeQuery) -> i32;

    /// The inner product of two vectors, and that of the second with itself.
    fn dot_and_square(a: &[f32], b: &[f32]) -> (f32, f32);

    /// The squared Euclidean distance.
    fn squared_distance(a: &[f32], b: &[f32]) -> f32;

    /// Turns values in place.
    fn rotate(factors: &[f32], values: &mut [f32]);

    /// Codes values; gives the scale.
    fn quantise(values: &[f32], limit: f32, codes: &mut [i8]) -> f32;

    /// Writes the signs of a vector against its centroid, and gives what goes with them.
    fn signs_of(turned: &[f32], centroid: &[f32], bias: f32, bits: &mut [u8]) -> Signs;
}

/// Defines the functions that a path must have, out of its own ones: `products`, `sums` and `above`
/// of a block. The other bodies are plain Rust, compiled for the
/// features of the path.
macro_rules! functions_of_path {
    ($(#[$features:meta])*) => {
        $(#[$features])*
        pub(super) fn scan_codes(list: CodeList<'_>, query: &CodeQuery, found: &mut Candidates<'_>) {
            packed::scan(list, query, found, |a, b| products(a, b), |a, b| above(a, b));
        }

        $(#[$features])*
        pub(super) fn scores(list: CodeList<'_>, query: &CodeQuery, scores: &mut Vec<f32>) {
            packed::scores_of(list, query, scores, |a, b| products(a, b));
        }

        $(#[$features])*
        pub(super) fn select(scores: &[f32], found: &mut Candidates<'_>) {
            packed::select(scores, found, |a, b| above(a, b));
        }

        $(#[$features])*
        pub(super) fn nearest(
            list: CodeList<'_>,
            queries: &CodeQueries<TOGETHER>,
        ) -> [u32; TOGETHER] {
            packed::nearest(list, queries, |a, b| products(a, b), |a, b| above(a, b))
        }

        $(#[$features])*
        pub(super) fn scan_signs(list: SignList<'_>, query: &SignQuery, found: &mut Candidates<'_>) {
            signs::scan(list, query, found, |a, b| sums(a, b), |a, b| above(a, b));
        }

        $(#[$features])*
        pub(super) fn dot_and_square(a: &[f32], b: &[f32]) -> (f32, f32) {
            exact::dot_and_square(a, b)
        }

        $(#[$features])*
        pub(super) fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
            exact::squared_distance(a, b)
        }

        $(#[$features])*
        pub(super) fn rotate(factors: &[f32], values: &mut [f32]) {
            rotation::rotate(factors, values);
        }

        $(#[$features])*
        pub(super) fn quantise(values: &[f32], limit: f32, codes: &mut [i8]) -> f32 {
            code::quantise(values, limit, codes)
        }

        $(#[$features])*
        pub(super) fn signs_of(
            turned: &[f32],
            centroid: &[f32],
            bias: f32,
            bits: &mut [u8],
        ) -> Signs {
            signs::signs_of(turned, centroid, bias, bits)
        }
    };
}

pub(super) use functions_of_path;
