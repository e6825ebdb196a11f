//! Reading the postings of one term, block by block.

use zerocopy::FromBytes;

use super::super::impact;
use super::super::layout::{BlockEntry, ListHead};
use super::super::lengths::Lengths;
use super::super::pack::{self, BLOCK, Block, Packer};
use super::super::score::Norms;

/// The bytes of a list make no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refused;

/// The postings of one term.
#[derive(Clone, Debug)]
pub(crate) struct ListReader<'a> {
    head: Option<&'a ListHead>,
    entries: &'a [BlockEntry],
    blocks: &'a [u8],
    /// The rows that fill no block, unpacked.
    rest: Box<Rest>,
    /// Every row is below.
    limit: u32,
    packer: Packer,
}

#[derive(Clone, Debug)]
struct Rest {
    count: usize,
    rows: Block,
    frequencies: Block,
}

impl<'a> ListReader<'a> {
    /// The list of a term that `df` rows of a table of `limit` rows have.
    pub(crate) fn new(df: u32, limit: u32, bytes: &'a [u8]) -> Option<Self> {
        let full = df as usize / BLOCK;
        let (head, bytes) = match full {
            0 => (None, bytes),
            _ => ListHead::ref_from_prefix(bytes).ok().map(|(head, rest)| (Some(head), rest))?,
        };
        let (entries, blocks) = <[BlockEntry]>::ref_from_prefix_with_elems(bytes, full).ok()?;
        let end = entries.last().map_or(0, end_of);
        let mut rest = Box::new(Rest {
            count: df as usize % BLOCK,
            rows: [0; BLOCK],
            frequencies: [1; BLOCK],
        });
        let before = entries.last().map(|entry| entry.last_row.get());
        rest.unpack(before, blocks.get(end..)?)?;
        let inside = rest.rows[..rest.count].last().is_none_or(|row| *row < limit);
        inside.then(|| Self { head, entries, blocks, rest, limit, packer: Packer::new() })
    }

    /// The list of a term that one row of a table of `limit` rows has.
    pub(crate) fn single(row: u32, frequency: u32, limit: u32) -> Option<Self> {
        let mut rest = Box::new(Rest { count: 1, rows: [0; BLOCK], frequencies: [1; BLOCK] });
        (rest.rows[0], rest.frequencies[0]) = (row, frequency.max(1));
        let packer = Packer::new();
        (row < limit).then_some(Self { head: None, entries: &[], blocks: &[], rest, limit, packer })
    }

    /// How many rows there are.
    pub(crate) fn df(&self) -> usize {
        self.entries.len() * BLOCK + self.rest.count
    }

    /// How many blocks there are, the last one perhaps not full.
    pub(crate) fn blocks(&self) -> usize {
        self.entries.len() + usize::from(self.rest.count > 0)
    }

    /// How often all rows that fill no block have the term.
    pub(crate) fn frequencies_of_rest(&self) -> u64 {
        self.rest.frequencies[..self.rest.count].iter().map(|frequency| u64::from(*frequency)).sum()
    }

    /// The last row of a block.
    #[inline]
    pub(crate) fn last_row(&self, block: usize) -> u32 {
        match self.entries.get(block) {
            Some(entry) => entry.last_row.get(),
            None => self.rest.rows[self.rest.count.saturating_sub(1)],
        }
    }

    /// The first block from `from` on that may have `row` or a later one.
    #[inline]
    pub(crate) fn seek(&self, from: usize, row: u32) -> usize {
        let behind = |entry: &BlockEntry| entry.last_row.get() < row;
        let rest = self.entries.get(from..).unwrap_or_default();
        let mut step = 1;
        while rest.get(step - 1).is_some_and(behind) {
            step *= 2;
        }
        let low = step / 2;
        let high = step.min(rest.len());
        from + low + rest[low..high].partition_point(behind)
    }

    /// The most that a term of this weight gives a row of the block.
    pub(crate) fn bound(
        &self,
        block: usize,
        weight: f32,
        norms: &Norms,
        lengths: Lengths<'_>,
    ) -> f32 {
        match self.entries.get(block) {
            Some(entry) => impact::bound(&entry.corners, weight, norms),
            None => {
                let (rows, frequencies) = (&self.rest.rows, &self.rest.frequencies);
                let pairs = rows.iter().zip(frequencies).take(self.rest.count);
                let pairs = pairs.map(|(row, frequency)| (*frequency, lengths.get(*row)));
                impact::bound(&impact::corners(pairs), weight, norms)
            }
        }
    }

    /// Whether a row of the block, of this frequency and length, is within all bounds.
    pub(crate) fn covers(&self, block: usize, frequency: u32, length: u32) -> bool {
        let head = self.head.map(|head| &head.corners);
        let entry = self.entries.get(block).map(|entry| &entry.corners);
        let mut corners = head.into_iter().chain(entry);
        corners.all(|corners| impact::covers(corners, frequency, length))
    }

    /// The most that a term of this weight gives any row.
    pub(crate) fn bound_of_all(&self, weight: f32, norms: &Norms, lengths: Lengths<'_>) -> f32 {
        match self.head {
            Some(head) => impact::bound(&head.corners, weight, norms),
            None => self.bound(0, weight, norms, lengths),
        }
    }

    /// The rows of a block, into `out`, and how many they are. They rise, and are in the table.
    pub(crate) fn rows(&self, block: usize, out: &mut Block) -> Result<usize, Refused> {
        let Some(entry) = self.entries.get(block) else {
            *out = self.rest.rows;
            return Ok(self.rest.count);
        };
        let before = block.checked_sub(1).map(|before| self.entries[before].last_row.get());
        let bytes = self.blocks.get(entry.start.get() as usize..).ok_or(Refused)?;
        self.packer.rows(before, bytes, entry.row_bits, out).ok_or(Refused)?;
        let rises = before.is_none_or(|before| before < out[0])
            & out.iter().zip(&out[1..]).fold(true, |rises, (a, b)| rises & (a < b));
        let last = out[BLOCK - 1];
        if rises && last == entry.last_row.get() && last < self.limit {
            Ok(BLOCK)
        } else {
            Err(Refused)
        }
    }

    /// The frequencies of a block, into `out`.
    pub(crate) fn frequencies(&self, block: usize, out: &mut Block) -> Result<(), Refused> {
        let Some(entry) = self.entries.get(block) else {
            *out = self.rest.frequencies;
            return Ok(());
        };
        if entry.frequency_bits == 0 {
            *out = [1; BLOCK];
            return Ok(());
        }
        let start = entry.start.get() as usize + pack::bytes_of_block(entry.row_bits);
        let bytes = self.blocks.get(start..).ok_or(Refused)?;
        self.packer.values(bytes, entry.frequency_bits, out).ok_or(Refused)?;
        out.iter_mut().for_each(|frequency| *frequency = frequency.wrapping_add(1));
        Ok(())
    }

    /// The frequency at one place of a block.
    #[inline]
    pub(crate) fn frequency(&self, block: usize, place: usize) -> Result<u32, Refused> {
        let Some(entry) = self.entries.get(block) else {
            return self.rest.frequencies.get(place).copied().ok_or(Refused);
        };
        if entry.frequency_bits == 0 {
            return Ok(1);
        }
        let start = entry.start.get() as usize + pack::bytes_of_block(entry.row_bits);
        let bytes = self.blocks.get(start..).ok_or(Refused)?;
        let less = pack::value(bytes, entry.frequency_bits, place).ok_or(Refused)?;
        Ok(less.wrapping_add(1))
    }
}

fn end_of(entry: &BlockEntry) -> usize {
    let bytes = pack::bytes_of_block(entry.row_bits) + pack::bytes_of_block(entry.frequency_bits);
    (entry.start.get() as usize).saturating_add(bytes)
}

impl Rest {
    fn unpack(&mut self, before: Option<u32>, bytes: &[u8]) -> Option<()> {
        if self.count == 0 {
            return Some(());
        }
        let (&[row_bits, frequency_bits], bytes) = bytes.split_first_chunk()?;
        let rows = &mut self.rows[..self.count];
        pack::take_few(bytes, row_bits, rows)?;
        let mut next = before.map_or(Some(0), |row| row.checked_add(1));
        for row in rows {
            *row = next?.checked_add(*row)?;
            next = row.checked_add(1);
        }
        let frequencies = &mut self.frequencies[..self.count];
        let bytes = bytes.get(pack::bytes_of(self.count, row_bits)..)?;
        if frequency_bits > 0 {
            pack::take_few(bytes, frequency_bits, frequencies)?;
            frequencies.iter_mut().for_each(|frequency| *frequency = frequency.wrapping_add(1));
        }
        Some(())
    }
}
