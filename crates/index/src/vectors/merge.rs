//! Merging sections: codes are copied, rows get their new numbers, and what is gone is left out.
//!
//! Only vectors that have no code yet (those of small segments), and those in lists of another
//! epoch, are coded from their values.
//!
//! Invariant: the result is, byte for byte, what [`super::build`] makes of the same rows.

use zerocopy::FromBytes;
use zerocopy::little_endian::F32;

use super::build::code_all;
use super::centroids::{Centroids, check_space};
use super::code::Coder;
use super::error::VectorError;
use super::layout::{CodeTail, Form, LANES, NO_ROW, SignTail};
use super::packed;
use super::rows::Vectors;
use super::section::{Section, corrupt};
use super::signs;
use super::train::LISTS_MIN;
use super::write::{self, Fresh, Source, Subject};

/// The new number of a row that is gone.
pub const GONE: u32 = u32::MAX;

/// One of the sections to merge.
#[derive(Clone, Copy, Debug)]
pub struct MergeInput<'a> {
    /// The section.
    pub section: &'a Section<'a>,
    /// For each row of its segment: the row that it becomes, rising, or [`GONE`]. Rows beyond the
    /// end are gone.
    pub new_rows: &'a [u32],
}

/// Merges sections into that of a segment with `row_limit` rows. `vectors` gives the vectors by
/// their new rows; it is asked only for those that cannot be copied.
///
/// # Errors
/// If a section is damaged or of another space, if two rows become one, if a map does not rise, or
/// if a vector that must be coded is missing.
pub fn merge(
    coder: &Coder,
    centroids: Option<&Centroids>,
    row_limit: u32,
    inputs: &[MergeInput<'_>],
    vectors: &impl Vectors,
) -> Result<Vec<u8>, VectorError> {
    for input in inputs {
        check_space("a section", coder.space(), input.section.space())?;
        check_map(input.new_rows, row_limit)?;
    }
    if let Some(centroids) = centroids {
        check_space("the centroids", coder.space(), centroids.space())?;
    }
    let rows = surviving_rows(inputs, row_limit)?;
    let subject = Subject { space: coder.space(), epoch: 0, row_limit };
    let Some(centroids) = centroids.filter(|_| rows.count >= LISTS_MIN) else {
        return write::rows(subject, &rows.collect());
    };
    let copied = |input: &MergeInput<'_>| input.section.epoch() == centroids.epoch();
    let mut to_code: Vec<u32> = inputs
        .iter()
        .filter(|input| !copied(input))
        .flat_map(|input| input.section.rows().filter_map(|row| new_row(input.new_rows, row)))
        .collect();
    to_code.sort_unstable();
    let fresh = code_all(coder, centroids, &to_code, vectors)?;
    let inputs: Vec<MergeInput<'_>> = inputs.iter().copied().filter(copied).collect();
    let merged = Merged { inputs, fresh };
    let (items, ends) = merged.items(centroids.cells())?;
    write::lists(Subject { epoch: centroids.epoch(), ..subject }, &merged, &items, &ends)
}

fn new_row(new_rows: &[u32], row: u32) -> Option<u32> {
    new_rows.get(row as usize).copied().filter(|row| *row != GONE)
}

fn check_map(new_rows: &[u32], row_limit: u32) -> Result<(), VectorError> {
    let mut next = 0;
    for row in new_rows.iter().copied().filter(|row| *row != GONE) {
        if row < next || row >= row_limit {
            let reason = "the map of a merge does not rise, or leaves the segment";
            return Err(VectorError::BadRow { row, reason });
        }
        next = row + 1;
    }
    Ok(())
}

/// The rows that the merged section has, as bits.
struct Survivors {
    words: Vec<u64>,
    count: usize,
}

fn surviving_rows(inputs: &[MergeInput<'_>], row_limit: u32) -> Result<Survivors, VectorError> {
    let mut words = vec![0_u64; (row_limit as usize).div_ceil(64)];
    let mut count = 0;
    for input in inputs {
        for row in input.section.rows() {
            if row >= input.section.row_limit() {
                return Err(corrupt(0, "a row is beyond the end of the table"));
            }
            let Some(row) = new_row(input.new_rows, row) else { continue };
            let (word, bit) = (&mut words[row as usize / 64], 1 << (row % 64));
            if *word & bit != 0 {
                return Err(VectorError::BadRow { row, reason: "two vectors become one row" });
            }
            *word |= bit;
            count += 1;
        }
    }
    Ok(Survivors { words, count })
}

impl Survivors {
    fn collect(&self) -> Vec<u32> {
        let words = (0_u32..).step_by(64).zip(&self.words);
        let rows = words.flat_map(|(first, word)| {
            (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| first + bit)
        });
        rows.collect()
    }
}

/// A vector of the merged section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Item {
    row: u32,
    /// Which input; behind the last one: what was coded anew.
    input: u32,
    slot: u32,
}

struct Merged<'a> {
    inputs: Vec<MergeInput<'a>>,
    fresh: Fresh,
}

impl Merged<'_> {
    /// All vectors by cell and new row, and where each cell ends.
    fn items(&self, cells: u32) -> Result<(Vec<Item>, Vec<usize>), VectorError> {
        let mut fresh: Vec<(u32, u32)> = self.fresh.cells.iter().copied().zip(0_u32..).collect();
        fresh.sort_unstable();
        let mut fresh = fresh.into_iter().peekable();
        let fresh_input = u32::try_from(self.inputs.len()).unwrap_or(u32::MAX);
        let (mut items, mut ends) = (Vec::new(), Vec::with_capacity(cells as usize));
        for input in &self.inputs {
            if input.section.lists() != cells {
                return Err(corrupt(40, "number of lists is not that of the epoch"));
            }
        }
        for cell in 0..cells {
            let start = items.len();
            for (number, input) in (0_u32..).zip(&self.inputs) {
                for block in input.section.blocks_of(cell) {
                    let rows = input.section.rows_of_block(block).iter().map(|row| row.get());
                    for (slot, row) in (block * LANES as u32..).zip(rows) {
                        if let Some(row) = new_row(input.new_rows, row).filter(|_| row != NO_ROW) {
                            items.push(Item { row, input: number, slot });
                        }
                    }
                }
            }
            while let Some((_, slot)) = fresh.next_if(|(of, _)| *of == cell) {
                items.push(Item { row: self.fresh.rows[slot as usize], input: fresh_input, slot });
            }
            items[start..].sort();
            ends.push(items.len());
        }
        Ok((items, ends))
    }

    fn section(&self, item: Item) -> Option<&Section<'_>> {
        self.inputs.get(item.input as usize).map(|input| input.section)
    }

    fn block(&self, item: Item) -> Option<(&[u8], usize)> {
        let section = self.section(item)?;
        let (block, lane) = (item.slot / LANES as u32, item.slot as usize % LANES);
        Some((section.block(block), lane))
    }
}

impl Source for Merged<'_> {
    type Item = Item;

    fn row(&self, item: Item) -> u32 {
        item.row
    }

    fn numbers(&self, item: Item) -> (f32, f32) {
        let Some(section) = self.section(item) else { return self.fresh.numbers(item.slot) };
        if section.form() == Form::Signs {
            let (_, scale, bias) = section.code(item.slot);
            return (scale, bias);
        }
        let Some((block, lane)) = self.block(item) else { return (0.0, 0.0) };
        let tail = block.get(section.geometry().code_shape().codes()..).unwrap_or_default();
        let Ok((tail, biases)) = CodeTail::ref_from_prefix(tail) else { return (0.0, 0.0) };
        let bias = <[F32; LANES]>::ref_from_bytes(biases).map_or(0.0, |biases| biases[lane].get());
        (tail.scales[lane].get(), bias)
    }

    fn sign_numbers(&self, item: Item) -> (f32, f32) {
        let Some(section) = self.section(item) else { return self.fresh.sign_numbers(item.slot) };
        let Some((block, lane)) = self.block(item) else { return (0.0, 0.0) };
        let tail = block.get(section.geometry().sign_shape().bits()..).unwrap_or_default();
        SignTail::ref_from_bytes(tail)
            .map_or((0.0, 0.0), |tail| (tail.factors[lane].get(), tail.terms[lane].get()))
    }

    fn put_codes(&self, item: Item, block: &mut [u8], lane: usize) {
        match self.block(item) {
            Some((from, from_lane)) => packed::copy_codes(from, from_lane, block, lane),
            None => self.fresh.put_codes(item.slot, block, lane),
        }
    }

    fn put_bits(&self, item: Item, block: &mut [u8], lane: usize) {
        match self.block(item) {
            Some((from, from_lane)) => signs::copy_bits(from, from_lane, block, lane),
            None => self.fresh.put_bits(item.slot, block, lane),
        }
    }

    fn copy_code(&self, item: Item, code: &mut [u8]) {
        let Some(section) = self.section(item) else {
            return self.fresh.copy_code(item.slot, code);
        };
        let (from, ..) = section.code(item.slot);
        if from.len() == code.len() {
            code.copy_from_slice(from);
        }
    }
}
