//! Finding terms, and walking over them in their order.

use zerocopy::FromBytes;
use zerocopy::little_endian::U32;

use super::super::analyser::TERM_BYTES_MAX;
use super::super::varint;
use super::{BLOCK_TERMS, Entry, Place, Span};

/// The terms of a section.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dictionary<'a> {
    blocks: &'a [u8],
    offsets: &'a [U32],
    count: u32,
    with_positions: bool,
}

impl<'a> Dictionary<'a> {
    /// A dictionary of `count` terms. None where the offsets are not those of so many.
    pub(crate) fn new(
        count: u32,
        blocks: &'a [u8],
        offsets: &'a [u8],
        with_positions: bool,
    ) -> Option<Self> {
        let offsets = <[U32]>::ref_from_bytes(offsets).ok()?;
        let whole = offsets.len() == count.div_ceil(BLOCK_TERMS) as usize;
        whole.then_some(Self { blocks, offsets, count, with_positions })
    }

    /// What is known of a term. `Err` where the bytes make no sense.
    pub(crate) fn get(&self, term: &[u8]) -> Result<Option<Entry>, Broken> {
        let cursor = self.from(term)?;
        Ok(cursor.entry().filter(|_| cursor.term() == term))
    }

    /// Every term, from the first one on.
    pub(crate) fn all(&self) -> TermCursor<'a> {
        self.block(0)
    }

    /// Stands before the first term that is not less than `term`.
    pub(crate) fn from(&self, term: &[u8]) -> Result<TermCursor<'a>, Broken> {
        // The last block that begins with the term or one before it.
        let (mut low, mut high) = (0, self.offsets.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if self.head(middle)? <= term { low = middle + 1 } else { high = middle }
        }
        let mut cursor = self.block(low.saturating_sub(1));
        loop {
            cursor.advance()?;
            if cursor.entry().is_none() || cursor.term() >= term {
                cursor.stay();
                return Ok(cursor);
            }
        }
    }

    /// Whether the term that follows, of this number, begins where the table says, if it is the first
    /// one of a block.
    pub(crate) fn agrees(&self, number: u32, cursor: &TermCursor<'_>) -> bool {
        let at = self.blocks.len().checked_sub(cursor.rest.len());
        let offset = self.offsets.get((number / BLOCK_TERMS) as usize);
        let offset = offset.and_then(|offset| usize::try_from(offset.get()).ok());
        !number.is_multiple_of(BLOCK_TERMS) || (offset.is_some() && offset == at)
    }

    /// Whether nothing is behind the last term.
    pub(crate) fn ends_at(&self, cursor: &TermCursor<'_>) -> bool {
        cursor.rest.is_empty() && (self.count > 0 || self.blocks.is_empty())
    }

    fn head(&self, block: usize) -> Result<&'a [u8], Broken> {
        let mut bytes = self.block_bytes(block).ok_or(Broken)?;
        take_term(&mut bytes).ok_or(Broken)
    }

    fn block_bytes(&self, block: usize) -> Option<&'a [u8]> {
        self.blocks.get(self.offsets.get(block)?.get() as usize..)
    }

    fn block(&self, block: usize) -> TermCursor<'a> {
        let skipped = block as u64 * u64::from(BLOCK_TERMS);
        TermCursor {
            rest: self.block_bytes(block).unwrap_or_default(),
            left: u64::from(self.count).saturating_sub(skipped),
            in_block: 0,
            next: [0; 2],
            with_positions: self.with_positions,
            term: Vec::new(),
            entry: None,
            again: false,
        }
    }
}

/// The bytes of a dictionary make no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Broken;

/// Walks over terms in their order.
#[derive(Clone, Debug)]
pub(crate) struct TermCursor<'a> {
    rest: &'a [u8],
    left: u64,
    in_block: u32,
    next: [u64; 2],
    with_positions: bool,
    term: Vec<u8>,
    entry: Option<Entry>,
    /// The term that it stands on is the next one.
    again: bool,
}

impl<'a> TermCursor<'a> {
    /// The term that it stands on.
    pub(crate) fn term(&self) -> &[u8] {
        &self.term
    }

    /// What is known of that term; none before the first and behind the last.
    pub(crate) fn entry(&self) -> Option<Entry> {
        self.entry
    }

    /// Makes the term that it stands on the next one as well.
    fn stay(&mut self) {
        self.again = self.entry.is_some();
    }

    /// Goes to the next term.
    pub(crate) fn advance(&mut self) -> Result<(), Broken> {
        if std::mem::take(&mut self.again) {
            return Ok(());
        }
        if self.left == 0 {
            self.entry = None;
            return Ok(());
        }
        self.entry = Some(self.read().ok_or(Broken)?);
        Ok(())
    }

    fn read(&mut self) -> Option<Entry> {
        let rest = &mut self.rest;
        if self.in_block == 0 {
            let term = take_term(rest)?;
            self.term.clear();
            self.term.extend_from_slice(term);
            self.next = [varint::take(rest)?, varint::take(rest)?];
        } else {
            let (shared, more) = take_lengths(rest)?;
            if shared > self.term.len() || shared + more > TERM_BYTES_MAX {
                return None;
            }
            self.term.truncate(shared);
            self.term.extend_from_slice(rest.split_off(..more)?);
        }
        self.in_block = (self.in_block + 1) % BLOCK_TERMS;
        self.left -= 1;
        let head = varint::take(rest)?;
        let df = u32::try_from(head >> 1).ok()?;
        let retracted = if head & 1 == 1 { varint::take_signed(rest)? } else { 0 };
        let place = self.read_place(df)?;
        Some(Entry { df, retracted, place })
    }

    fn read_place(&mut self, df: u32) -> Option<Place> {
        let rest = &mut self.rest;
        if df == 0 {
            return Some(Place::Here { row: 0, frequency: 0 });
        }
        if df == 1 && !self.with_positions {
            let (row, frequency) = (varint::take_u32(rest)?, varint::take_u32(rest)?);
            return Some(Place::Here { row, frequency });
        }
        let [start, positions_start] = self.next;
        let postings = Span { start, bytes: varint::take(rest)? };
        let bytes = if self.with_positions { varint::take(rest)? } else { 0 };
        let positions = Span { start: positions_start, bytes };
        self.next = [postings.end(), positions.end()];
        Some(Place::Stored { postings, positions })
    }
}

fn take_term<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(varint::take(bytes)?).ok()?;
    if length > TERM_BYTES_MAX { None } else { bytes.split_off(..length) }
}

fn take_lengths(bytes: &mut &[u8]) -> Option<(usize, usize)> {
    let byte = *bytes.split_off_first()?;
    let mut take = |number: u8| -> Option<usize> {
        let more = if number == 15 { varint::take(bytes)? } else { 0 };
        Some(
            usize::from(number)
                + usize::try_from(more).ok().filter(|more| *more <= TERM_BYTES_MAX)?,
        )
    };
    Some((take(byte >> 4)?, take(byte & 15)?))
}
