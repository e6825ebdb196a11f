//! Writing a section: the same for vectors that are coded now and for codes that are copied.
//!
//! Invariant: the bytes follow from the vectors, their rows and the centroids; where a code came
//! from leaves no trace.

use zerocopy::IntoBytes;
use zerocopy::little_endian::{F32, U32, U64};

use super::code::BIAS;
use super::error::VectorError;
use super::geometry::Geometry;
use super::layout::{CodeTail, Form, LANES, NO_ROW, SectionHeader, SignTail, VERSION};
use super::packed;
use super::signs;
use super::space::Space;

/// Where codes come from.
pub(super) trait Source {
    /// One vector.
    type Item: Copy;

    /// The row that it gets.
    fn row(&self, item: Self::Item) -> u32;
    /// Scale and bias of its code.
    fn numbers(&self, item: Self::Item) -> (f32, f32);
    /// Factor and term of its signs.
    fn sign_numbers(&self, item: Self::Item) -> (f32, f32);
    /// Puts its code into a lane of a block of codes.
    fn put_codes(&self, item: Self::Item, block: &mut [u8], lane: usize);
    /// Puts its signs into a lane of a block of signs.
    fn put_bits(&self, item: Self::Item, block: &mut [u8], lane: usize);
    /// Its code, where it has signs.
    fn copy_code(&self, item: Self::Item, code: &mut [u8]);
}

/// What a section says of itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    pub(super) space: &'a Space,
    pub(super) epoch: u64,
    pub(super) row_limit: u32,
}

/// A section of rows alone.
pub(super) fn rows(subject: Subject<'_>, rows: &[u32]) -> Result<Vec<u8>, VectorError> {
    let subject = Subject { epoch: 0, ..subject };
    let (geometry, mut bytes) = begin(subject, Form::Rows, rows.len(), 0, 0)?;
    for (place, row) in bytes[geometry.rows].chunks_exact_mut(size_of::<U32>()).zip(rows) {
        place.copy_from_slice(&row.to_le_bytes());
    }
    Ok(bytes)
}

/// A section of lists: `items` are sorted by list and row, `ends` says where each list ends.
pub(super) fn lists<S: Source>(
    subject: Subject<'_>,
    source: &S,
    items: &[S::Item],
    ends: &[usize],
) -> Result<Vec<u8>, VectorError> {
    let form = if subject.space.has_signs() { Form::Signs } else { Form::Codes };
    let mut start = 0;
    let mut blocks = 0_usize;
    let mut starts = vec![U32::ZERO];
    for end in ends {
        blocks += (end - start).div_ceil(LANES);
        start = *end;
        starts.push(U32::new(count(blocks * LANES, "the index of vectors")? / LANES as u32));
    }
    let (geometry, mut bytes) = begin(subject, form, items.len(), ends.len(), blocks)?;
    bytes[geometry.starts.clone()].copy_from_slice(starts.as_bytes());
    let mut writer = Writer { geometry: &geometry, bytes: &mut bytes, block: 0 };
    let mut start = 0;
    for end in ends {
        for items in items[start..*end].chunks(LANES) {
            match form {
                Form::Signs => writer.write_signs(source, items),
                Form::Codes | Form::Rows => writer.write_codes(source, items),
            }
        }
        start = *end;
    }
    Ok(bytes)
}

fn count(count: usize, what: &'static str) -> Result<u32, VectorError> {
    u32::try_from(count).ok().filter(|count| *count < NO_ROW).ok_or(VectorError::TooLarge { what })
}

fn begin(
    subject: Subject<'_>,
    form: Form,
    vectors: usize,
    lists: usize,
    blocks: usize,
) -> Result<(Geometry, Vec<u8>), VectorError> {
    let (what, space) = ("the index of vectors", subject.space);
    let geometry =
        Geometry::new(space, form, vectors, lists, blocks).ok_or(VectorError::TooLarge { what })?;
    let padded = if form == Form::Rows { 0 } else { geometry.padded };
    let header = SectionHeader {
        version: U32::new(VERSION),
        form: form as u8,
        metric: space.metric().code(),
        name_length: name_length(space.name()),
        model_length: name_length(space.model()),
        dimension: U32::new(space.dimension()),
        padded: U32::new(count(padded, what)?),
        seed: U64::new(space.seed()),
        epoch: U64::new(subject.epoch),
        row_limit: U32::new(subject.row_limit),
        vectors: U32::new(count(vectors, what)?),
        lists: U32::new(count(lists, what)?),
        blocks: U32::new(count(blocks, what)?),
        length: U64::new(geometry.length as u64),
        reserved: U64::ZERO,
    };
    let mut bytes = vec![0; geometry.length];
    bytes[..size_of::<SectionHeader>()].copy_from_slice(header.as_bytes());
    let (name, model) = bytes[geometry.names.clone()].split_at_mut(space.name().len());
    name.copy_from_slice(space.name().as_bytes());
    model.copy_from_slice(space.model().as_bytes());
    Ok((geometry, bytes))
}

/// A length that [`Space::new`] holds to one byte.
pub(super) fn name_length(name: &str) -> u8 {
    u8::try_from(name.len()).unwrap_or(u8::MAX)
}

struct Writer<'a> {
    geometry: &'a Geometry,
    bytes: &'a mut [u8],
    block: usize,
}

impl Writer<'_> {
    fn write_codes<S: Source>(&mut self, source: &S, items: &[S::Item]) {
        let shape = self.geometry.code_shape();
        let start = self.geometry.blocks.start + self.block * shape.block();
        let block = &mut self.bytes[start..start + shape.block()];
        let (codes, rest) = block.split_at_mut(shape.codes());
        let mut tail = CodeTail { scales: [F32::ZERO; LANES], rows: [U32::new(NO_ROW); LANES] };
        let mut biases = [F32::ZERO; LANES];
        if items.len() < LANES {
            codes.fill(BIAS);
        }
        for (lane, item) in items.iter().enumerate() {
            source.put_codes(*item, codes, lane);
            let (scale, bias) = source.numbers(*item);
            (tail.scales[lane], biases[lane]) = (F32::new(scale), F32::new(bias));
            tail.rows[lane] = U32::new(source.row(*item));
        }
        let (tail_bytes, bias_bytes) = rest.split_at_mut(size_of::<CodeTail>());
        tail_bytes.copy_from_slice(tail.as_bytes());
        bias_bytes.copy_from_slice(&biases.as_bytes()[..bias_bytes.len()]);
        self.block += 1;
    }

    fn write_signs<S: Source>(&mut self, source: &S, items: &[S::Item]) {
        let (shape, padded) = (self.geometry.sign_shape(), self.geometry.padded);
        let start = self.geometry.blocks.start + self.block * shape.block();
        let block = &mut self.bytes[start..start + shape.block()];
        let (bits, tail_bytes) = block.split_at_mut(shape.bits());
        let zeros = [F32::ZERO; LANES];
        let mut tail = SignTail { factors: zeros, terms: zeros, rows: [U32::new(NO_ROW); LANES] };
        for (lane, item) in items.iter().enumerate() {
            source.put_bits(*item, bits, lane);
            let (factor, term) = source.sign_numbers(*item);
            (tail.factors[lane], tail.terms[lane]) = (F32::new(factor), F32::new(term));
            tail.rows[lane] = U32::new(source.row(*item));
        }
        tail_bytes.copy_from_slice(tail.as_bytes());
        for lane in 0..LANES {
            let slot = self.block * LANES + lane;
            let start = self.geometry.codes.start + slot * padded;
            let code = &mut self.bytes[start..start + padded];
            let Some(item) = items.get(lane) else {
                code.fill(BIAS);
                continue;
            };
            source.copy_code(*item, code);
            let (scale, bias) = source.numbers(*item);
            self.put_number(self.geometry.scales.start + slot * size_of::<f32>(), scale);
            if self.geometry.has_bias {
                self.put_number(self.geometry.biases.start + slot * size_of::<f32>(), bias);
            }
        }
        self.block += 1;
    }

    fn put_number(&mut self, place: usize, number: f32) {
        self.bytes[place..place + size_of::<f32>()].copy_from_slice(&number.to_le_bytes());
    }
}

/// A vector that was coded just now, in pieces of flat arrays.
#[derive(Debug, Default)]
pub(super) struct Fresh {
    pub(super) padded: usize,
    pub(super) rows: Vec<u32>,
    pub(super) cells: Vec<u32>,
    pub(super) codes: Vec<u8>,
    pub(super) numbers: Vec<(f32, f32)>,
    pub(super) bits: Vec<u8>,
    pub(super) sign_numbers: Vec<(f32, f32)>,
}

impl Fresh {
    fn code(&self, item: u32) -> &[u8] {
        &self.codes[item as usize * self.padded..][..self.padded]
    }
}

impl Source for Fresh {
    type Item = u32;

    fn row(&self, item: u32) -> u32 {
        self.rows[item as usize]
    }

    fn numbers(&self, item: u32) -> (f32, f32) {
        self.numbers[item as usize]
    }

    fn sign_numbers(&self, item: u32) -> (f32, f32) {
        self.sign_numbers[item as usize]
    }

    fn put_codes(&self, item: u32, block: &mut [u8], lane: usize) {
        packed::put_codes(block, lane, self.code(item));
    }

    fn put_bits(&self, item: u32, block: &mut [u8], lane: usize) {
        let bytes = self.padded / 8;
        signs::put_bits(block, lane, &self.bits[item as usize * bytes..][..bytes]);
    }

    fn copy_code(&self, item: u32, code: &mut [u8]) {
        code.copy_from_slice(self.code(item));
    }
}
