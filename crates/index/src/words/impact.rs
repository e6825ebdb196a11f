//! Impacts: what no row of a block can exceed, whatever the statistics will be.
//!
//! The best row of a block depends on the mean length, which is not known when the block is
//! written. But it is always one that no other row beats in both frequency and length. Up to three
//! corners stand for these: for each such row there is a corner with at least its frequency and at
//! most its length.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::score::{Norms, contribution};

/// Corners of a block.
pub(crate) const CORNERS: usize = 3;

/// Where two corners have to become one, the pair is taken that costs least at this mean length
/// over three, in terms.
const TYPICAL: f32 = 8.0;

/// Stands for every frequency of this and more.
const FREQUENCY_MAX: u8 = u8::MAX;

/// A frequency and a length: no row has more of the one together with less of the other.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    FromBytes,
    IntoBytes,
    KnownLayout,
    Immutable,
    Unaligned,
)]
#[repr(C)]
pub(crate) struct Corner {
    pub(super) frequency: u8,
    pub(super) length: u8,
}

const _: () = assert!(size_of::<Corner>() == 2 && align_of::<Corner>() == 1);

impl Corner {
    fn of(frequency: u32, length: u32) -> Self {
        Self {
            frequency: u8::try_from(frequency).unwrap_or(FREQUENCY_MAX),
            length: length_code(length),
        }
    }

    /// The most that a term of this weight gives a row of the corner.
    #[inline]
    pub(crate) fn bound(self, weight: f32, norms: &Norms) -> f32 {
        match self.frequency {
            0 => 0.0,
            FREQUENCY_MAX => weight,
            frequency => {
                contribution(weight, u32::from(frequency), norms.inverse(length_of(self.length)))
            }
        }
    }
}

/// The most that a term of this weight gives a row of the block.
#[inline]
pub(crate) fn bound(corners: &[Corner; CORNERS], weight: f32, norms: &Norms) -> f32 {
    corners.iter().fold(0.0, |most, corner| corner.bound(weight, norms).max(most))
}

/// Whether the bound that these corners give is never below what such a row is given.
pub(crate) fn covers(corners: &[Corner; CORNERS], frequency: u32, length: u32) -> bool {
    corners.iter().any(|corner| match corner.frequency {
        0 => false,
        FREQUENCY_MAX => true,
        most => u32::from(most) >= frequency && length_of(corner.length) <= length,
    })
}

/// A length in a byte, rounded down: exact below 128, to a sixteenth above.
pub(super) fn length_code(length: u32) -> u8 {
    if length < 128 {
        return length as u8;
    }
    let exponent = (length.ilog2() - 7).min(7);
    let mantissa = (length >> (exponent + 3)).min(31) - 16;
    (128 + exponent * 16 + mantissa) as u8
}

/// The least length that has this code.
pub(super) fn length_of(code: u8) -> u32 {
    match u32::from(code) {
        exact @ 0..128 => exact,
        code => (16 + (code - 128) % 16) << ((code - 128) / 16 + 3),
    }
}

/// The corners of rows that are given by frequency and length.
pub(crate) fn corners(rows: impl Iterator<Item = (u32, u32)>) -> [Corner; CORNERS] {
    // The least length at each frequency, the last one for all higher ones as well.
    let mut shortest = [u32::MAX; 32];
    let mut highest = 0;
    for (frequency, length) in rows {
        let slot = &mut shortest[(frequency as usize).min(31)];
        *slot = (*slot).min(length);
        highest = highest.max(frequency);
    }
    let mut stairs = [(0_u32, 0_u32); 32];
    let mut count = 0;
    let mut least = u32::MAX;
    for frequency in (1..32_u32).rev() {
        let length = shortest[frequency as usize];
        if length < least {
            least = length;
            stairs[count] = (if frequency == 31 { highest } else { frequency }, length);
            count += 1;
        }
    }
    while count > CORNERS {
        join_cheapest(&mut stairs[..count]);
        count -= 1;
    }
    let mut corners = [Corner::default(); CORNERS];
    for (corner, (frequency, length)) in corners.iter_mut().zip(&stairs[..count]) {
        *corner = Corner::of(*frequency, *length);
    }
    corners
}

/// Makes one of the two neighbours that cost least; the last slot is free afterwards.
fn join_cheapest(stairs: &mut [(u32, u32)]) {
    let value = |frequency: u32, length: u32| frequency as f32 / (TYPICAL + length as f32);
    let cost = |pair: &[(u32, u32)]| {
        let ((f1, l1), (f2, l2)) = (pair[0], pair[1]);
        value(f1, l2) - value(f1, l1).max(value(f2, l2))
    };
    let costs = stairs.windows(2).map(cost);
    let cheapest = costs.enumerate().min_by(|a, b| a.1.total_cmp(&b.1));
    if let Some((at, _)) = cheapest {
        stairs[at].1 = stairs[at + 1].1;
        stairs.copy_within(at + 2.., at + 1);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::score::Statistics;
    use super::*;

    #[test]
    fn a_length_is_never_rounded_up_and_by_at_most_a_sixteenth() {
        for length in (0..5_000).chain([31_743, 31_744, 32_767]) {
            let rounded = length_of(length_code(length));
            assert!(rounded <= length && length - rounded <= length / 16, "{length}: {rounded}");
        }
        assert_eq!(length_of(length_code(u32::MAX)), 31_744);
    }

    proptest! {
        #[test]
        fn no_row_exceeds_the_bound(
            rows in proptest::collection::vec((1_u32..400, 0_u32..400), 1..128),
            mean in 1_i64..2_000,
            few in 1_u32..400,
        ) {
            let rows: Vec<(u32, u32)> =
                rows.iter().map(|(f, extra)| (f % few + 1, f % few + 1 + extra)).collect();
            let corners = corners(rows.iter().copied());
            let norms = Norms::new(Statistics { rows: 10, terms: 10 * mean });
            let bound = bound(&corners, 3.7, &norms);
            for (frequency, length) in rows {
                prop_assert!(contribution(3.7, frequency, norms.inverse(length)) <= bound);
            }
        }
    }
}
