//! [`Section`]: the index of one space in one segment, read where its bytes lie.
//!
//! Invariants:
//! * Opening checks all lengths and counts, and that lists follow one another; a row in a list is
//!   checked when it is used. [`Section::verify`] checks every row.
//! * Nothing is allocated but the names of the space.

use std::ops::Range;

use zerocopy::little_endian::{F32, U32};
use zerocopy::{FromBytes, IntoBytes};

use super::dispatch::prefetch;
use super::error::VectorError;
use super::geometry::Geometry;
use super::layout::{ALIGNMENT, Form, LANES, NO_ROW, SectionHeader, VERSION};
use super::packed::{BLOCKS_AHEAD, CodeList};
use super::signs::SignList;
use super::space::{Metric, Space};

/// A section over its bytes.
#[derive(Clone, Debug)]
pub struct Section<'a> {
    bytes: &'a [u8],
    geometry: Geometry,
    space: Space,
    epoch: u64,
    row_limit: u32,
    vectors: u32,
    starts: &'a [U32],
}

/// An error about a section.
pub(super) fn corrupt(offset: usize, reason: &'static str) -> VectorError {
    VectorError::Corrupt { part: "section of vectors", offset: offset as u64, reason }
}

impl<'a> Section<'a> {
    /// Opens a section; bytes behind it are refused.
    ///
    /// # Errors
    /// [`VectorError::Corrupt`] or [`VectorError::UnknownVersion`] if the bytes are no section.
    pub fn open(bytes: &'a [u8]) -> Result<Self, VectorError> {
        let Ok((header, _)) = SectionHeader::ref_from_prefix(bytes) else {
            return Err(corrupt(0, "too short for a header"));
        };
        let version = header.version.get();
        if version != VERSION {
            return Err(VectorError::UnknownVersion { part: "section of vectors", version });
        }
        let form = Form::from_code(header.form).ok_or_else(|| corrupt(4, "unknown form"))?;
        let space = read_space(bytes, header)?;
        check_header(header, form, &space)?;
        let count = |count: U32| count.get() as usize;
        let (lists, blocks) = (count(header.lists), count(header.blocks));
        let geometry = Geometry::new(&space, form, count(header.vectors), lists, blocks)
            .filter(|geometry| geometry.length == bytes.len())
            .filter(|geometry| geometry.length as u64 == header.length.get())
            .ok_or_else(|| corrupt(48, "length does not agree with the counts"))?;
        let (starts, _) = <[U32]>::ref_from_prefix_with_elems(
            bytes.get(geometry.starts.clone()).unwrap_or_default(),
            geometry.starts.len() / size_of::<U32>(),
        )
        .map_err(|_| corrupt(geometry.starts.start, "starts of lists are cut off"))?;
        check_starts(starts, header, geometry.starts.start)?;
        let (epoch, row_limit) = (header.epoch.get(), header.row_limit.get());
        let vectors = header.vectors.get();
        Ok(Self { bytes, geometry, space, epoch, row_limit, vectors, starts })
    }

    /// The space of its vectors.
    pub fn space(&self) -> &Space {
        &self.space
    }

    /// How it is laid out.
    pub fn form(&self) -> Form {
        self.geometry.form
    }

    /// The epoch of the centroids that its lists belong to; zero if it has no lists.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// How many rows the segment has.
    pub fn row_limit(&self) -> u32 {
        self.row_limit
    }

    /// How many vectors it has.
    pub fn len(&self) -> u32 {
        self.vectors
    }

    /// Whether it has no vector.
    pub fn is_empty(&self) -> bool {
        self.vectors == 0
    }

    /// How many lists it has; zero if all vectors are scored exactly.
    pub fn lists(&self) -> u32 {
        u32::try_from(self.starts.len().saturating_sub(1)).unwrap_or(u32::MAX)
    }

    /// The bytes that a query reads, beside the vectors themselves: what should be in memory.
    pub fn hot_bytes(&self) -> usize {
        self.geometry.rows.len() + self.geometry.starts.len() + self.geometry.blocks.len()
    }

    /// Every row of the index, in the order of the lists.
    pub fn rows(&self) -> impl Iterator<Item = u32> + '_ {
        let rows = <[U32]>::ref_from_bytes(self.part(&self.geometry.rows)).unwrap_or_default();
        let blocks = 0..u32::try_from(self.blocks()).unwrap_or(u32::MAX);
        let listed = blocks.flat_map(|block| self.rows_of_block(block).iter());
        rows.iter().chain(listed).map(|row| row.get()).filter(|row| *row != NO_ROW)
    }

    /// Checks every row: in range, rising within its list, and as many as there should be; and that
    /// what lies between the parts is zero.
    ///
    /// # Errors
    /// [`VectorError::Corrupt`] if one of them is not as it should be.
    pub fn verify(&self) -> Result<(), VectorError> {
        self.verify_zeros()?;
        let mut count = 0;
        if self.form() == Form::Rows {
            count = self.verify_rising(self.rows(), self.geometry.rows.start)?;
        }
        for list in 0..self.lists() {
            let blocks = self.blocks_of(list);
            let at = self.geometry.blocks.start + blocks.start as usize * self.geometry.block();
            let last = blocks.end.wrapping_sub(1);
            for block in blocks.clone() {
                let rows = self.rows_of_block(block);
                let filled = rows.iter().take_while(|row| row.get() != NO_ROW).count();
                let padded = rows[filled..].iter().all(|row| row.get() == NO_ROW);
                if !padded || filled == 0 || (filled < LANES && block != last) {
                    return Err(corrupt(at, "a list has a gap"));
                }
            }
            let rows = blocks.flat_map(|block| self.rows_of_block(block)).map(|row| row.get());
            count += self.verify_rising(rows.filter(|row| *row != NO_ROW), at)?;
        }
        if count == u64::from(self.vectors) {
            return Ok(());
        }
        Err(corrupt(36, "number of vectors does not agree with the lists"))
    }

    /// What fills parts up to their alignment. Blocks and what follows them need none.
    fn verify_zeros(&self) -> Result<(), VectorError> {
        for part in [&self.geometry.names, &self.geometry.rows, &self.geometry.starts] {
            let gap = part.end..part.end.next_multiple_of(ALIGNMENT);
            if self.part(&gap).iter().any(|byte| *byte != 0) {
                return Err(corrupt(gap.start, "bytes between two parts are not zero"));
            }
        }
        Ok(())
    }

    fn verify_rising(
        &self,
        rows: impl Iterator<Item = u32>,
        at: usize,
    ) -> Result<u64, VectorError> {
        let (mut count, mut next) = (0, 0);
        for row in rows {
            if row < next || row >= self.row_limit {
                return Err(corrupt(at, "rows do not rise, or are beyond the end of the table"));
            }
            (count, next) = (count + 1, row + 1);
        }
        Ok(count)
    }

    fn part(&self, range: &Range<usize>) -> &'a [u8] {
        self.bytes.get(range.clone()).unwrap_or_default()
    }

    fn blocks(&self) -> usize {
        self.geometry.blocks.len().checked_div(self.geometry.block()).unwrap_or(0)
    }

    /// The blocks of a list.
    pub(super) fn blocks_of(&self, list: u32) -> Range<u32> {
        match self.starts.get(list as usize..).unwrap_or_default() {
            [start, end, ..] => start.get()..end.get(),
            _ => 0..0,
        }
    }

    fn block_bytes(&self, blocks: Range<u32>) -> &'a [u8] {
        let size = self.geometry.block();
        let part = self.part(&self.geometry.blocks);
        part.get(blocks.start as usize * size..blocks.end as usize * size).unwrap_or_default()
    }

    /// The rows of a block; none beyond the last.
    pub(super) fn rows_of_block(&self, block: u32) -> &'a [U32] {
        let bytes = self.block_bytes(block..block + 1);
        let rows = bytes.get(self.geometry.rows_in_block()..).unwrap_or_default();
        <[U32; LANES]>::ref_from_prefix(rows).map_or(&[], |(rows, _)| rows)
    }

    /// A list, in the form of codes.
    pub(super) fn code_list(&self, list: u32) -> CodeList<'a> {
        let blocks = self.blocks_of(list);
        let first_slot = blocks.start * LANES as u32;
        CodeList { blocks: self.block_bytes(blocks), shape: self.geometry.code_shape(), first_slot }
    }

    /// A list, in the form of signs, around a centroid of this score.
    pub(super) fn sign_list(&self, list: u32, base: f32) -> SignList<'a> {
        let blocks = self.blocks_of(list);
        let first_slot = blocks.start * LANES as u32;
        let shape = self.geometry.sign_shape();
        SignList { blocks: self.block_bytes(blocks), shape, first_slot, base }
    }

    /// Asks for where a list lies, ahead of asking for its blocks.
    pub(super) fn prefetch_start(&self, list: u32) {
        if let Some(start) = self.starts.get(list as usize) {
            prefetch(start.as_bytes());
        }
    }

    /// Asks for the first blocks of a list, ahead of a scan.
    pub(super) fn prefetch(&self, list: u32) {
        let blocks = self.blocks_of(list);
        let end = blocks.end.min(blocks.start.saturating_add(BLOCKS_AHEAD as u32));
        prefetch(self.block_bytes(blocks.start..end));
    }

    /// One block of a list, whatever its form.
    pub(super) fn block(&self, block: u32) -> &'a [u8] {
        self.block_bytes(block..block + 1)
    }

    /// The code of a slot with its scale and bias, in the form of signs.
    pub(super) fn code(&self, slot: u32) -> (&'a [u8], f32, f32) {
        let (slot, padded) = (slot as usize, self.geometry.padded);
        let codes = self.part(&self.geometry.codes);
        let codes = codes.get(slot * padded..(slot + 1) * padded).unwrap_or_default();
        (codes, self.number(&self.geometry.scales, slot), self.number(&self.geometry.biases, slot))
    }

    fn number(&self, part: &Range<usize>, slot: usize) -> f32 {
        let numbers = <[F32]>::ref_from_bytes(self.part(part)).unwrap_or_default();
        numbers.get(slot).map_or(0.0, |number| number.get())
    }

    pub(super) fn geometry(&self) -> &Geometry {
        &self.geometry
    }
}

fn read_space(bytes: &[u8], header: &SectionHeader) -> Result<Space, VectorError> {
    let metric = Metric::from_code(header.metric).ok_or_else(|| corrupt(5, "unknown metric"))?;
    let lengths = (header.name_length, header.model_length);
    read_names(bytes, lengths, header.dimension.get(), metric, header.seed.get())
        .ok_or_else(|| corrupt(6, "names of the space cannot be read, or its dimension is wrong"))
}

/// The space whose names follow a header.
pub(super) fn read_names(
    bytes: &[u8],
    (name, model): (u8, u8),
    dimension: u32,
    metric: Metric,
    seed: u64,
) -> Option<Space> {
    let names = bytes.get(size_of::<SectionHeader>()..)?;
    let (name, rest) = names.split_at_checked(usize::from(name))?;
    let model = rest.get(..usize::from(model))?;
    let (name, model) = (str::from_utf8(name).ok()?, str::from_utf8(model).ok()?);
    Space::new(name, model, dimension, metric, seed).ok()
}

fn check_header(header: &SectionHeader, form: Form, space: &Space) -> Result<(), VectorError> {
    let listed = form != Form::Rows;
    let ensure = |holds, offset, reason| if holds { Ok(()) } else { Err(corrupt(offset, reason)) };
    let padded = if listed { space.padded() } else { 0 };
    let signs = form == Form::Signs;
    ensure(!listed || signs == space.has_signs(), 4, "not the form that the dimension asks for")?;
    ensure(header.padded.get() as usize == padded, 12, "padding is not that of the dimension")?;
    ensure((header.epoch.get() != 0) == listed, 24, "lists without an epoch, or the reverse")?;
    let vectors = header.vectors.get();
    ensure(vectors <= header.row_limit.get(), 36, "more vectors than rows")?;
    ensure((header.lists.get() != 0) == listed, 40, "number of lists is not that of the form")?;
    ensure(listed || header.blocks.get() == 0, 44, "blocks without lists")?;
    let slots = u64::from(header.blocks.get()) * LANES as u64;
    ensure(slots <= u64::from(NO_ROW), 44, "more blocks than rows can be counted")?;
    ensure(!listed || u64::from(vectors) <= slots, 44, "more vectors than the blocks hold")?;
    ensure(header.reserved.get() == 0, 56, "reserved bytes are not zero")
}

fn check_starts(starts: &[U32], header: &SectionHeader, at: usize) -> Result<(), VectorError> {
    let rising = starts.is_sorted_by_key(|start| start.get());
    let whole = match starts {
        [] => header.lists.get() == 0,
        [first, ..] => first.get() == 0 && starts.last() == Some(&header.blocks),
    };
    if rising && whole {
        Ok(())
    } else {
        Err(corrupt(at, "starts of lists do not rise to the end"))
    }
}
