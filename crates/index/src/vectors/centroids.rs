//! [`Centroids`]: the cells that the lists of an epoch belong to, one blob for the whole store.
//!
//! Segments name the epoch of their lists. Since all lists of an epoch belong to the same cells, a
//! merge copies them, and a query looks for its cells once for all segments.
//!
//! Invariants:
//! * The blob holds the turned centroids as f32; all else follows from them when it is opened.
//! * Centroids have length one under the cosine.

use zerocopy::little_endian::{F32, U32, U64};
use zerocopy::{FromBytes, IntoBytes};

use super::code::{BIAS, CodeQueries, Coded, Coder};
use super::dispatch::{self, Level};
use super::error::VectorError;
use super::layout::{ALIGNMENT, CentroidsHeader, CodeTail, LANES, NO_ROW, VERSION};
use super::packed::{self, CodeList, CodeShape, TOGETHER};
use super::section::read_names;
use super::space::{Metric, Space};
use super::write::name_length;

/// The most cells of an epoch.
pub const CELLS_MAX: u32 = 1 << 20;

/// The centroids of one epoch of one space.
#[derive(Clone, Debug)]
pub struct Centroids {
    space: Space,
    epoch: u64,
    cells: u32,
    padded: usize,
    turned: Vec<f32>,
    /// The mean squared distance of the centroids from their mean.
    spread: f32,
    /// Codes of the centroids, with what makes the nearest one score highest.
    nearest: Vec<u8>,
    /// Codes of the centroids that score as vectors do.
    ranked: Vec<u8>,
}

fn corrupt(offset: usize, reason: &'static str) -> VectorError {
    VectorError::Corrupt { part: "centroids", offset: offset as u64, reason }
}

impl Centroids {
    /// Centroids that were turned already.
    pub(super) fn from_turned(coder: &Coder, epoch: u64, turned: Vec<f32>) -> Self {
        let padded = coder.padded();
        let cells = u32::try_from(turned.len() / padded).unwrap_or(u32::MAX);
        let (nearest, ranked) = shapes(coder.space(), padded);
        let nearest_codes = pack(coder, nearest, &turned);
        let ranked_codes = if ranked.has_bias == nearest.has_bias {
            Vec::new()
        } else {
            pack(coder, ranked, &turned)
        };
        Self {
            space: coder.space().clone(),
            epoch,
            cells,
            padded,
            spread: spread(&turned, padded),
            turned,
            nearest: nearest_codes,
            ranked: ranked_codes,
        }
    }

    /// Opens a blob.
    ///
    /// # Errors
    /// Those of [`CentroidsBlob::open`], and [`VectorError::OtherSpace`] if it is of another space.
    pub fn open(coder: &Coder, bytes: &[u8]) -> Result<Self, VectorError> {
        CentroidsBlob::open(bytes)?.decode(coder)
    }

    /// The bytes, for [`Centroids::open`].
    pub fn to_bytes(&self) -> Vec<u8> {
        let start = body_start(&self.space);
        let length = start + self.turned.len() * size_of::<f32>();
        let header = CentroidsHeader {
            version: U32::new(VERSION),
            reserved: 0,
            metric: self.space.metric().code(),
            name_length: name_length(self.space.name()),
            model_length: name_length(self.space.model()),
            dimension: U32::new(self.space.dimension()),
            padded: U32::new(u32::try_from(self.padded).unwrap_or(u32::MAX)),
            seed: U64::new(self.space.seed()),
            epoch: U64::new(self.epoch),
            cells: U32::new(self.cells),
            reserved_also: [U32::ZERO; 5],
            length: U64::new(length as u64),
        };
        let mut bytes = Vec::with_capacity(length);
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(self.space.name().as_bytes());
        bytes.extend_from_slice(self.space.model().as_bytes());
        bytes.resize(start, 0);
        bytes.extend(self.turned.iter().flat_map(|value| value.to_le_bytes()));
        bytes
    }

    /// The space.
    pub fn space(&self) -> &Space {
        &self.space
    }

    /// The number that segments name.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// How many cells, and so lists, there are.
    pub fn cells(&self) -> u32 {
        self.cells
    }

    /// A centroid.
    pub(super) fn turned(&self, cell: u32) -> &[f32] {
        &self.turned[cell as usize * self.padded..][..self.padded]
    }

    /// The cell of each vector.
    pub(super) fn cells_of(
        &self,
        level: Level,
        vectors: &CodeQueries<TOGETHER>,
    ) -> [u32; TOGETHER] {
        let (shape, _) = shapes(&self.space, self.padded);
        let list = CodeList { blocks: &self.nearest, shape, first_slot: 0 };
        dispatch::nearest(level, list, vectors).map(|cell| cell.min(self.cells - 1))
    }

    /// Codes of the centroids, which score as vectors do.
    pub(super) fn ranked(&self) -> CodeList<'_> {
        let (nearest, ranked) = shapes(&self.space, self.padded);
        if nearest.has_bias == ranked.has_bias {
            CodeList { blocks: &self.nearest, shape: nearest, first_slot: 0 }
        } else {
            CodeList { blocks: &self.ranked, shape: ranked, first_slot: 0 }
        }
    }

    /// By how much two centroids may differ in their scores with a query of this length and still
    /// promise about the same. What is added to all vectors, or multiplies them, changes nothing.
    pub(super) fn nearness(&self, length: f32) -> f32 {
        match self.space.metric() {
            Metric::Cosine => 0.3,
            Metric::Dot => 0.6 * length * self.spread.sqrt(),
            Metric::Euclidean => 0.6 * self.spread,
        }
    }
}

/// The bytes of centroids, checked: whoever has the coder of their space can open them.
#[derive(Clone, Debug)]
pub struct CentroidsBlob<'a> {
    space: Space,
    epoch: u64,
    turned: &'a [F32],
}

impl<'a> CentroidsBlob<'a> {
    /// Checks every byte.
    ///
    /// # Errors
    /// [`VectorError::Corrupt`] or [`VectorError::UnknownVersion`] if the bytes are no centroids.
    pub fn open(bytes: &'a [u8]) -> Result<Self, VectorError> {
        let Ok((header, _)) = CentroidsHeader::ref_from_prefix(bytes) else {
            return Err(corrupt(0, "too short for a header"));
        };
        let version = header.version.get();
        if version != VERSION {
            return Err(VectorError::UnknownVersion { part: "centroids", version });
        }
        let metric =
            Metric::from_code(header.metric).ok_or_else(|| corrupt(5, "unknown metric"))?;
        let lengths = (header.name_length, header.model_length);
        let dimension = header.dimension.get();
        let space = read_names(bytes, lengths, dimension, metric, header.seed.get())
            .ok_or_else(|| corrupt(6, "the space cannot be read"))?;
        let (padded, cells) = (space.padded(), header.cells.get());
        let zeros = header.reserved == 0 && header.reserved_also == [U32::ZERO; 5];
        if !zeros || header.padded.get() as usize != padded || header.epoch.get() == 0 {
            return Err(corrupt(4, "a field has a value that it cannot have"));
        }
        if cells == 0 || cells > CELLS_MAX {
            return Err(corrupt(32, "number of cells is out of range"));
        }
        let start = body_start(&space);
        let length = start + cells as usize * padded * size_of::<f32>();
        if bytes.len() != length || header.length.get() != length as u64 {
            return Err(corrupt(56, "length does not agree with the number of cells"));
        }
        let names = size_of::<CentroidsHeader>() + space.name().len() + space.model().len();
        if bytes[names..start].iter().any(|byte| *byte != 0) {
            return Err(corrupt(names, "bytes behind the names are not zero"));
        }
        let turned = <[F32]>::ref_from_bytes(&bytes[start..]).unwrap_or_default();
        let is_bad = |value: &F32| !value.get().is_finite() || value.get().abs() > VALUE_MAX;
        match turned.iter().position(is_bad) {
            Some(place) => Err(corrupt(start + 4 * place, "a value is not finite, or too large")),
            None => Ok(Self { space, epoch: header.epoch.get(), turned }),
        }
    }

    /// The centroids, for vectors that `coder` codes.
    ///
    /// # Errors
    /// [`VectorError::OtherSpace`] if they are of another space.
    pub fn decode(&self, coder: &Coder) -> Result<Centroids, VectorError> {
        check_space("a blob of centroids", coder.space(), &self.space)?;
        let turned = self.turned.iter().map(|value| value.get()).collect();
        Ok(Centroids::from_turned(coder, self.epoch, turned))
    }

    /// The space.
    pub fn space(&self) -> &Space {
        &self.space
    }

    /// The number that segments name.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }
}

/// Larger values than any vector may have would overflow.
const VALUE_MAX: f32 = 1e19;

/// Refuses to mix spaces.
pub(super) fn check_space(
    what: &'static str,
    expected: &Space,
    found: &Space,
) -> Result<(), VectorError> {
    if expected == found {
        return Ok(());
    }
    let (expected, found) = (expected.name().to_owned(), found.name().to_owned());
    Err(VectorError::OtherSpace { what, expected, found })
}

fn body_start(space: &Space) -> usize {
    let names = space.name().len() + space.model().len();
    (size_of::<CentroidsHeader>() + names).next_multiple_of(ALIGNMENT)
}

/// The shape for finding the nearest centroid of a vector, and that for finding the cells of a
/// query. They differ for inner products: cells are compact, so vectors go to the nearest one, but
/// a query wants what is far along its direction.
fn shapes(space: &Space, padded: usize) -> (CodeShape, CodeShape) {
    let shape = |has_bias| CodeShape { padded, has_bias };
    (shape(space.metric() != Metric::Cosine), shape(space.has_bias()))
}

/// The mean squared distance of vectors from their mean.
fn spread(turned: &[f32], padded: usize) -> f32 {
    let mut sums = vec![0.0; padded];
    let mut squares = 0.0;
    for vector in turned.chunks_exact(padded) {
        for (sum, value) in sums.iter_mut().zip(vector) {
            *sum += f64::from(*value);
            squares += f64::from(*value) * f64::from(*value);
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
    let count = (turned.len() / padded).max(1) as f64;
    let of_mean: f64 = sums.iter().map(|sum| (sum / count) * (sum / count)).sum();
    #[expect(clippy::cast_possible_truncation, reason = "values of centroids have a bound")]
    let spread = (squares / count - of_mean).max(0.0) as f32;
    spread
}

/// Codes of the centroids in blocks, the number of the cell as row.
fn pack(coder: &Coder, shape: CodeShape, turned: &[f32]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut coded = Coded::default();
    for (block, centroids) in (0_u32..).zip(turned.chunks(LANES * shape.padded)) {
        let mut codes = vec![BIAS; shape.codes()];
        let mut tail = CodeTail { scales: [F32::ZERO; LANES], rows: [U32::new(NO_ROW); LANES] };
        // What fills up the last block must not be nearest to anything.
        let mut biases = [F32::new(f32::NEG_INFINITY); LANES];
        for (lane, centroid) in centroids.chunks_exact(shape.padded).enumerate() {
            coded.turned.clear();
            coded.turned.extend_from_slice(centroid);
            coder.quantise_turned(&mut coded);
            let biased = coded.codes.iter().map(|code| code.cast_unsigned() ^ BIAS);
            packed::put_codes(&mut codes, lane, &biased.collect::<Vec<u8>>());
            let (square, _) = dispatch::dot_and_square(coder.level(), centroid, centroid);
            (tail.scales[lane], biases[lane]) = (F32::new(coded.scale), F32::new(-0.5 * square));
            tail.rows[lane] = U32::new(block * LANES as u32 + u32::try_from(lane).unwrap_or(0));
        }
        bytes.extend_from_slice(&codes);
        bytes.extend_from_slice(tail.as_bytes());
        if shape.has_bias {
            bytes.extend_from_slice(biases.as_bytes());
        }
    }
    bytes
}
