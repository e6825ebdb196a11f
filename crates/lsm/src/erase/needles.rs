//! [`Needles`]: the bytes that must be gone, and how they are found in others.
//!
//! Each needle has an anchor, eight bytes of it that are as varied as it has them. One pass over
//! some bytes looks at every eight of them; only where they are an anchor the needle is compared.

use std::collections::{HashMap, HashSet};

use sutra_format::hash::mix;

/// Texts of fewer bytes are no needles: they stand everywhere by chance.
const TEXT_BYTES_MIN: usize = 8;

/// Vectors of fewer bytes, which is eight dimensions, are none either: a few round numbers stand in
/// others, and in others with zeros before them.
const VECTOR_BYTES_MIN: usize = 32;

/// Bytes of an anchor.
pub(super) const ANCHOR_BYTES: usize = 8;

/// So many of them differ at least; zeros and ones stand everywhere.
const ANCHOR_VALUES_MIN: usize = 4;

/// The anchor is among so many bytes at the start of a needle.
const ANCHOR_WITHIN: usize = 4096;

/// Bits of the filter that most bytes do not pass.
const FILTER_BITS: u32 = 18;

/// Bytes before a text that say how long it is.
const LENGTH_PREFIX_BYTES: usize = 4;

/// What a needle is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Part {
    Text,
    /// The key of the fact of an association: ids and a kind, which may also stand in a row by chance,
    /// so that it is looked for as an entry of its own.
    FactKey,
    Vector,
    Id,
}

impl Part {
    /// Bytes that stand before one in files, and say how long it is.
    fn frame(self) -> usize {
        match self {
            Self::Text | Self::FactKey => LENGTH_PREFIX_BYTES,
            Self::Vector | Self::Id => 0,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::FactKey => "the key of a fact",
            Self::Vector => "a vector",
            Self::Id => "an id",
        }
    }
}

/// Bytes that must be gone.
#[derive(Debug)]
pub(super) struct Needle {
    pub(super) part: Part,
    /// Of a text or key: its length first, as it stands in files.
    framed: Box<[u8]>,
    /// Where the anchor is in the bare bytes.
    anchor: usize,
}

impl Needle {
    /// The bytes alone.
    pub(super) fn bare(&self) -> &[u8] {
        &self.framed[self.frame()..]
    }

    /// The bytes as an entry of its own, which no longer text contains.
    pub(super) fn framed(&self) -> &[u8] {
        &self.framed
    }

    /// Bytes before the bare ones.
    pub(super) fn frame(&self) -> usize {
        self.part.frame()
    }

    /// Where the bare bytes start if the anchor stands at `at`.
    pub(super) fn start(&self, at: u64) -> Option<u64> {
        at.checked_sub(self.anchor as u64)
    }
}

/// All that must be gone.
#[derive(Debug, Default)]
pub(super) struct Needles {
    all: Vec<Needle>,
    known: HashSet<(Part, Box<[u8]>)>,
    by_anchor: HashMap<u64, Vec<usize>>,
    filter: Vec<u64>,
    /// Parts that cannot be told from others.
    pub(super) too_plain: u64,
}

impl Needles {
    pub(super) fn all(&self) -> &[Needle] {
        &self.all
    }

    /// Adds a text, a vector or an id.
    pub(super) fn add(&mut self, part: Part, bytes: &[u8]) {
        if bytes.is_empty() || self.known.contains(&(part, bytes.into())) {
            return;
        }
        self.known.insert((part, bytes.into()));
        let least = if part == Part::Vector { VECTOR_BYTES_MIN } else { TEXT_BYTES_MIN };
        let is_taken = |key: u64| self.by_anchor.contains_key(&key);
        let Some(anchor) = anchor(bytes, is_taken).filter(|_| bytes.len() >= least) else {
            self.too_plain += 1;
            return;
        };
        let mut framed = Vec::with_capacity(bytes.len() + LENGTH_PREFIX_BYTES);
        if part.frame() > 0 {
            let length = u32::try_from(bytes.len()).expect("a text has 16 MiB at most");
            framed.extend_from_slice(&length.to_le_bytes());
        }
        framed.extend_from_slice(bytes);
        let key = window(&bytes[anchor..]);
        self.filter.resize(1 << (FILTER_BITS - 6), 0);
        let bit = filter_bit(key);
        self.filter[bit / 64] |= 1 << (bit % 64);
        self.by_anchor.entry(key).or_default().push(self.all.len());
        self.all.push(Needle { part, framed: framed.into(), anchor });
    }

    /// Gives each place in `bytes` where an anchor stands, with the number of its needle.
    pub(super) fn anchors_in<E>(
        &self,
        bytes: &[u8],
        mut each: impl FnMut(usize, usize) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.filter.is_empty() {
            return Ok(());
        }
        for (at, eight) in bytes.windows(ANCHOR_BYTES).enumerate() {
            let key = window(eight);
            let bit = filter_bit(key);
            if self.filter[bit / 64] >> (bit % 64) & 1 == 1
                && let Some(numbers) = self.by_anchor.get(&key)
            {
                numbers.iter().try_for_each(|number| each(*number, at))?;
            }
        }
        Ok(())
    }
}

fn window(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(*bytes.first_chunk().expect("a window has eight bytes"))
}

fn filter_bit(key: u64) -> usize {
    usize::try_from(mix(key) >> (64 - FILTER_BITS)).expect("a few bits")
}

/// Where the eight most varied bytes are, unless even those are plain. Texts often share some; eight
/// that no other needle has go first.
fn anchor(bytes: &[u8], is_taken: impl Fn(u64) -> bool) -> Option<usize> {
    let head = &bytes[..bytes.len().min(ANCHOR_WITHIN)];
    let values = |window: &[u8]| {
        (0..window.len()).filter(|at| !window[..*at].contains(&window[*at])).count()
    };
    let windows = head.windows(ANCHOR_BYTES).enumerate();
    let varied = windows.map(|(at, eight)| (values(eight), at));
    let varied = varied.filter(|(values, _)| *values >= ANCHOR_VALUES_MIN);
    let best = varied.max_by_key(|(values, at)| (!is_taken(window(&head[*at..])), *values))?;
    Some(best.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(needles: &Needles, bytes: &[u8]) -> Vec<(usize, u64)> {
        let mut found = Vec::new();
        let each = |number: usize, at: usize| {
            found.push((number, needles.all()[number].start(at as u64).expect("no edge")));
            Ok::<_, ()>(())
        };
        needles.anchors_in(bytes, each).expect("nothing fails");
        found
    }

    #[test]
    fn a_needle_is_found_wherever_it_stands() {
        let mut needles = Needles::default();
        needles.add(Part::Text, b"the one text");
        needles.add(Part::Vector, &std::array::from_fn::<u8, 32, _>(|at| at as u8));
        for at in 0..40 {
            let mut bytes = vec![b' '; 60];
            bytes[at..at + 12].copy_from_slice(b"the one text");
            assert_eq!(found(&needles, &bytes), [(0, at as u64)]);
        }
        assert_eq!(found(&needles, b"another text"), []);
        assert_eq!(needles.all()[0].framed(), b"\x0c\0\0\0the one text");
        assert_eq!(needles.all()[0].bare(), b"the one text");
    }

    #[test]
    fn what_stands_everywhere_is_no_needle() {
        let mut needles = Needles::default();
        needles.add(Part::Text, b"");
        needles.add(Part::Text, b"seven b");
        needles.add(Part::Text, &[b'-'; 400]);
        needles.add(Part::Vector, bytemuck::cast_slice(&[1.0_f32, 2.5, 3.75, 4.25, 5.5, 6.0, 7.0]));
        needles.add(Part::Vector, bytemuck::cast_slice(&[0.0_f32; 64]));
        needles.add(Part::Text, b"a text that is added twice");
        needles.add(Part::Text, b"a text that is added twice");
        assert_eq!((needles.all().len(), needles.too_plain), (1, 4));
    }
}
