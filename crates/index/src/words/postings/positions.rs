//! At which positions of its rows a term stands; only phrases read this.
//!
//! ```text
//! for each full block of rows the number of positions before its end | width of each full block of
//! positions | full blocks of 128 positions | the rest: width, positions
//! ```
//!
//! The first position of a row stands as it is, the others as differences. How many there are
//! follows from the frequencies.

use zerocopy::FromBytes;
use zerocopy::little_endian::U32;

use super::super::error::WordsError;
use super::super::pack::{self, BLOCK, Block, Packer};

/// Appends the positions of a term: for each row as many as its frequency, rising.
pub(crate) fn put_positions(
    frequencies: &[u32],
    positions: &[u32],
    out: &mut Vec<u8>,
) -> Result<(), WordsError> {
    let mut before = 0_u32;
    for block in frequencies.as_chunks::<BLOCK>().0 {
        for frequency in block {
            before = before
                .checked_add(*frequency)
                .ok_or(WordsError::TooLarge { what: "positions of one term" })?;
        }
        out.extend_from_slice(&before.to_le_bytes());
    }
    let differences = differences(frequencies, positions);
    let (blocks, rest) = differences.as_chunks::<BLOCK>();
    let widths_at = out.len();
    out.resize(widths_at + blocks.len(), 0);
    let packer = Packer::new();
    for (at, block) in blocks.iter().enumerate() {
        out[widths_at + at] = packer.put(block, out);
    }
    if !rest.is_empty() {
        let bits = pack::width(rest);
        out.push(bits);
        pack::put_few(rest, bits, out);
    }
    Ok(())
}

fn differences(frequencies: &[u32], positions: &[u32]) -> Vec<u32> {
    let mut differences = Vec::with_capacity(positions.len());
    let mut rest = positions;
    for frequency in frequencies {
        let (row, after) = rest.split_at(*frequency as usize);
        let mut before = 0;
        for position in row {
            differences.push(position.wrapping_sub(before));
            before = *position;
        }
        rest = after;
    }
    differences
}

/// Reads the positions of a term, mostly forwards.
#[derive(Clone, Debug)]
pub(crate) struct PositionReader<'a> {
    /// Positions up to the end of each full block of rows.
    until: &'a [U32],
    bytes: &'a [u8],
    packer: Packer,
    /// What the last question found: where the widths begin, and their number.
    at: Option<Unpacked>,
    block: Box<Block>,
}

/// Which block of positions is unpacked, and where its bytes begin.
#[derive(Clone, Copy, Debug)]
struct Unpacked {
    block: usize,
    start: usize,
}

impl<'a> PositionReader<'a> {
    /// The positions of a term that `df` rows have.
    pub(crate) fn new(df: u32, bytes: &'a [u8]) -> Option<Self> {
        let full = df as usize / BLOCK;
        let (until, bytes) = <[U32]>::ref_from_prefix_with_elems(bytes, full).ok()?;
        Some(Self { until, bytes, packer: Packer::new(), at: None, block: Box::new([0; BLOCK]) })
    }

    /// How many positions there are before a block of rows.
    pub(crate) fn before(&self, block: usize) -> u64 {
        let until = block.checked_sub(1).and_then(|before| self.until.get(before));
        until.map_or(0, |until| u64::from(until.get()))
    }

    /// The positions `first .. first + count` of the `all` that there are, as they stand: those of
    /// one row. None where the bytes do not have them.
    pub(crate) fn read(
        &mut self,
        all: u64,
        first: u64,
        count: u32,
        out: &mut Vec<u32>,
    ) -> Option<()> {
        out.clear();
        self.each(all, first, count, |position| out.push(position))
    }

    /// Gives the same positions one by one.
    pub(crate) fn each(
        &mut self,
        all: u64,
        first: u64,
        count: u32,
        mut give: impl FnMut(u32),
    ) -> Option<()> {
        let end = first.checked_add(u64::from(count)).filter(|end| *end <= all)?;
        let mut position = 0_u32;
        for index in first..end {
            let block = usize::try_from(index / BLOCK as u64).ok()?;
            if self.at.is_none_or(|at| at.block != block) {
                self.unpack(all, block)?;
            }
            position = position.wrapping_add(self.block[(index % BLOCK as u64) as usize]);
            give(position);
        }
        Some(())
    }

    fn unpack(&mut self, all: u64, block: usize) -> Option<()> {
        let full = usize::try_from(all / BLOCK as u64).ok()?;
        let widths = self.bytes.get(..full)?;
        let (known, mut start) = match self.at {
            Some(at) if at.block <= block => (at.block, at.start),
            _ => (0, full),
        };
        for width in widths.get(known..block)? {
            start = start.checked_add(pack::bytes_of_block(*width))?;
        }
        let bytes = self.bytes.get(start..)?;
        self.at = None;
        match widths.get(block) {
            Some(width) => self.packer.values(bytes, *width, &mut self.block)?,
            None => {
                let (width, bytes) = bytes.split_first()?;
                let rest = (all % BLOCK as u64) as usize;
                pack::take_few(bytes, *width, &mut self.block[..rest])?;
            }
        }
        self.at = Some(Unpacked { block, start });
        Some(())
    }
}
