//! [`Geometry`]: where the parts of the body of a section lie, for the writer and for the reader.

use std::ops::Range;

use super::layout::{ALIGNMENT, Form, LANES, SectionHeader};
use super::packed::CodeShape;
use super::signs::SignShape;
use super::space::Space;

/// Places in a section, in bytes from its start. Parts that the form does not have are empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Geometry {
    pub(super) form: Form,
    pub(super) padded: usize,
    pub(super) has_bias: bool,
    /// Name and model.
    pub(super) names: Range<usize>,
    /// Rows, in the form of rows.
    pub(super) rows: Range<usize>,
    pub(super) starts: Range<usize>,
    pub(super) blocks: Range<usize>,
    /// 8-bit codes, in the form of signs.
    pub(super) codes: Range<usize>,
    pub(super) scales: Range<usize>,
    pub(super) biases: Range<usize>,
    /// Bytes of the section.
    pub(super) length: usize,
}

/// Lays out one part after the other.
struct Cursor(usize);

impl Cursor {
    fn take(&mut self, count: usize, bytes: usize) -> Option<Range<usize>> {
        let start = self.0;
        let end = start.checked_add(count.checked_mul(bytes)?)?;
        self.0 = end.checked_next_multiple_of(ALIGNMENT)?;
        Some(start..end)
    }
}

impl Geometry {
    /// The places for so many vectors in so many lists and blocks; none if they cannot be counted.
    pub(super) fn new(
        space: &Space,
        form: Form,
        vectors: usize,
        lists: usize,
        blocks: usize,
    ) -> Option<Self> {
        let (padded, has_bias) = (space.padded(), space.has_bias());
        let block = match form {
            Form::Rows => 0,
            Form::Codes => CodeShape { padded, has_bias }.block(),
            Form::Signs => SignShape { padded }.block(),
        };
        let only = |holds: bool, count: usize| if holds { count } else { 0 };
        let signs = only(form == Form::Signs, blocks.checked_mul(LANES)?);
        let mut cursor = Cursor(size_of::<SectionHeader>());
        let names = cursor.take(space.name().len() + space.model().len(), 1)?;
        let rows = cursor.take(only(form == Form::Rows, vectors), size_of::<u32>())?;
        let starts = only(form != Form::Rows, lists.checked_add(1)?);
        let starts = cursor.take(starts, size_of::<u32>())?;
        let blocks = cursor.take(blocks, block)?;
        let codes = cursor.take(signs, padded)?;
        let scales = cursor.take(signs, size_of::<f32>())?;
        let biases = cursor.take(only(has_bias, signs), size_of::<f32>())?;
        let length = cursor.0;
        Some(Self {
            form,
            padded,
            has_bias,
            names,
            rows,
            starts,
            blocks,
            codes,
            scales,
            biases,
            length,
        })
    }

    pub(super) fn code_shape(&self) -> CodeShape {
        CodeShape { padded: self.padded, has_bias: self.has_bias }
    }

    pub(super) fn sign_shape(&self) -> SignShape {
        SignShape { padded: self.padded }
    }

    /// Bytes of a block.
    pub(super) fn block(&self) -> usize {
        match self.form {
            Form::Rows => 0,
            Form::Codes => self.code_shape().block(),
            Form::Signs => self.sign_shape().block(),
        }
    }

    /// Where the rows of a block stand in it.
    pub(super) fn rows_in_block(&self) -> usize {
        match self.form {
            Form::Rows => 0,
            Form::Codes => self.code_shape().codes() + LANES * size_of::<f32>(),
            Form::Signs => self.sign_shape().bits() + 2 * LANES * size_of::<f32>(),
        }
    }
}
