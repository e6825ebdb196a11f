//! How many terms each row has: a byte or two a row, and a list of those that need more.

use zerocopy::little_endian::U16;
use zerocopy::{FromBytes, IntoBytes};

use super::layout::LongLength;
use super::memory::MemoryView;
use super::score::Norms;

/// The lengths of the rows of a section.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lengths<'a> {
    /// One byte a row.
    Narrow(&'a [u8], &'a [LongLength]),
    /// Two bytes a row.
    Wide(&'a [U16], &'a [LongLength]),
    /// Of a memory index.
    Memory(&'a MemoryView),
}

/// Lengths as the parts of a section: the width, the lengths, and the long ones.
pub(crate) struct Encoded {
    pub(crate) width: u32,
    pub(crate) lengths: Vec<u8>,
    pub(crate) long: Vec<u8>,
}

/// Encodes the lengths in whichever way takes fewer bytes.
pub(crate) fn encode(lengths: &[u32]) -> Encoded {
    let above = |limit: u32| lengths.iter().filter(|length| **length >= limit).count();
    let bytes = |width: usize, limit: u32| width * lengths.len() + 8 * above(limit);
    let narrow = bytes(1, u32::from(u8::MAX)) <= bytes(2, u32::from(u16::MAX));
    let (width, limit) = if narrow { (1, u32::from(u8::MAX)) } else { (2, u32::from(u16::MAX)) };
    let mut encoded = Encoded { width, lengths: Vec::new(), long: Vec::new() };
    for (row, length) in lengths.iter().enumerate() {
        let short = (*length).min(limit);
        encoded.lengths.extend_from_slice(&short.to_le_bytes()[..width as usize]);
        if *length >= limit {
            let long = LongLength { row: (row as u32).into(), length: (*length).into() };
            encoded.long.extend_from_slice(long.as_bytes());
        }
    }
    encoded
}

impl<'a> Lengths<'a> {
    /// The lengths of `rows` rows. None where the bytes are not of that many.
    pub(crate) fn new(width: u32, rows: u32, lengths: &'a [u8], long: &'a [u8]) -> Option<Self> {
        let long = <[LongLength]>::ref_from_bytes(long).ok()?;
        let lengths = match width {
            1 => Self::Narrow(lengths, long),
            2 => Self::Wide(<[U16]>::ref_from_bytes(lengths).ok()?, long),
            _ => return None,
        };
        (lengths.rows() == rows as usize).then_some(lengths)
    }

    fn rows(self) -> usize {
        match self {
            Self::Narrow(lengths, _) => lengths.len(),
            Self::Wide(lengths, _) => lengths.len(),
            Self::Memory(view) => view.events() as usize,
        }
    }

    /// Whether every row has one length: the long ones are those that the others refer to.
    pub(crate) fn agree(self) -> bool {
        let (limit, long) = match self {
            Self::Narrow(_, long) => (u32::from(u8::MAX), long),
            Self::Wide(_, long) => (u32::from(u16::MAX), long),
            Self::Memory(_) => return true,
        };
        let refers = (0..self.rows() as u32).filter(|row| self.short(*row) == limit);
        let rows = long.iter().map(|entry| entry.row.get());
        rows.eq(refers) && long.iter().all(|entry| entry.length.get() >= limit)
    }

    /// What stands for the length of a row beside the long ones.
    fn short(self, row: u32) -> u32 {
        match self {
            Self::Narrow(lengths, _) => lengths.get(row as usize).copied().map_or(0, u32::from),
            Self::Wide(lengths, _) => {
                lengths.get(row as usize).map_or(0, |length| u32::from(length.get()))
            }
            Self::Memory(view) => view.length(row),
        }
    }

    /// The length of a row; 0 where there is none.
    #[inline]
    pub(crate) fn get(self, row: u32) -> u32 {
        match self {
            Self::Narrow(lengths, long) => match lengths.get(row as usize) {
                Some(&u8::MAX) => long_length(long, row),
                length => length.copied().map_or(0, u32::from),
            },
            Self::Wide(lengths, long) => match lengths.get(row as usize).map(|length| length.get())
            {
                Some(u16::MAX) => long_length(long, row),
                length => length.map_or(0, u32::from),
            },
            Self::Memory(view) => view.length(row),
        }
    }

    /// The norms of these rows, into `out`.
    #[inline]
    pub(crate) fn inverse_norms(self, rows: &[u32], norms: &Norms, out: &mut [f32]) {
        if let Self::Narrow(lengths, long) = self {
            let table = norms.table();
            let mut any_long = false;
            for (out, row) in out.iter_mut().zip(rows) {
                let length = lengths.get(*row as usize).copied().unwrap_or(0);
                any_long |= length == u8::MAX;
                *out = table[usize::from(length)];
            }
            if any_long {
                let is_long = |row: &u32| lengths.get(*row as usize) == Some(&u8::MAX);
                for (out, row) in out.iter_mut().zip(rows).filter(|(_, row)| is_long(row)) {
                    *out = norms.inverse(long_length(long, *row));
                }
            }
            return;
        }
        for (out, row) in out.iter_mut().zip(rows) {
            *out = norms.inverse(self.get(*row));
        }
    }
}

#[cold]
fn long_length(long: &[LongLength], row: u32) -> u32 {
    long.binary_search_by_key(&row, |entry| entry.row.get()).map_or(0, |at| long[at].length.get())
}
