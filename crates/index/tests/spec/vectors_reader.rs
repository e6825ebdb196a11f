//! A reader of sections of vectors and of centroids, and a coder of vectors, written from
//! FORMAT.md and from the section on placement of the format of stores alone.

use crate::bits::Bytes;

pub(crate) const COSINE: usize = 1;
pub(crate) const EUCLIDEAN: usize = 3;

/// What both headers say of the space.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Space {
    pub(crate) name: String,
    pub(crate) model: String,
    pub(crate) metric: usize,
    pub(crate) dimension: usize,
    pub(crate) seed: u64,
}

/// A section, taken apart.
#[derive(Debug)]
pub(crate) struct Vectors {
    pub(crate) space: Space,
    pub(crate) form: usize,
    pub(crate) epoch: u64,
    pub(crate) row_limit: u32,
    /// The rows of form 0.
    pub(crate) rows: Vec<u32>,
    pub(crate) lists: Vec<Vec<Entry>>,
}

/// A vector in a list.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Entry {
    pub(crate) row: u32,
    pub(crate) code: Vec<u8>,
    pub(crate) scale: f32,
    pub(crate) bias: f32,
    /// In form 2.
    pub(crate) signs: Option<Signs>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Signs {
    pub(crate) bits: Vec<bool>,
    pub(crate) factor: f32,
    pub(crate) term: f32,
}

fn align(x: usize, n: usize) -> usize {
    x.div_ceil(n) * n
}

pub(crate) fn padded(dimension: usize) -> usize {
    align(dimension, if dimension < 256 { 16 } else { 64 })
}

/// Parts that start on multiples of 64.
struct Parts<'a> {
    section: &'a [u8],
    at: usize,
}

impl<'a> Parts<'a> {
    fn take(&mut self, count: usize) -> Bytes<'a> {
        let part = &self.section[self.at..][..count];
        let end = align(self.at + count, 64);
        assert!(self.section[self.at + count..end].iter().all(|byte| *byte == 0));
        self.at = end;
        Bytes(part)
    }
}

fn space(metric: usize, lengths: (usize, usize), numbers: (usize, u64), names: &[u8]) -> Space {
    let (name, model) = names[..lengths.0 + lengths.1].split_at(lengths.0);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (dimension, seed) = numbers;
    Space { name: text(name), model: text(model), metric, dimension, seed }
}

pub(crate) fn read(section: &[u8]) -> Vectors {
    let mut header = Bytes(section);
    assert_eq!(header.u32(), 1, "version");
    let (form, metric) = (header.u8(), header.u8());
    let names = (header.u8(), header.u8());
    let (dimension, codes) = (header.u32() as usize, header.u32() as usize);
    let (seed, epoch) = (header.u64(), header.u64());
    let (row_limit, vectors) = (header.u32(), header.u32() as usize);
    let (lists, blocks) = (header.u32() as usize, header.u32() as usize);
    assert_eq!(header.u64() as usize, section.len());
    assert_eq!(header.u64(), 0, "reserved");
    let space = space(metric, names, (dimension, seed), header.0);
    let mut parts = Parts { section, at: 64 };
    parts.take(names.0 + names.1);
    let mut read = Vectors { space, form, epoch, row_limit, rows: Vec::new(), lists: Vec::new() };
    if form == 0 {
        let mut rows = parts.take(4 * vectors);
        read.rows = (0..vectors).map(|_| rows.u32()).collect();
        assert_eq!((codes, epoch, lists, blocks), (0, 0, 0, 0));
        assert_eq!(parts.at, section.len());
        return read;
    }
    let p = padded(dimension);
    assert_eq!(codes, p);
    assert_eq!(form, if (256..=4096).contains(&p) { 2 } else { 1 });
    let mut starts = parts.take(4 * (lists + 1));
    let starts: Vec<usize> = (0..=lists).map(|_| starts.u32() as usize).collect();
    assert_eq!((starts[0], starts[lists]), (0, blocks));
    let slots = if form == 1 {
        code_slots(&mut parts, p, blocks, metric)
    } else {
        sign_slots(&mut parts, p, blocks, metric)
    };
    assert_eq!(parts.at, section.len());
    for ends in starts.windows(2) {
        read.lists.push(list(&slots[16 * ends[0]..16 * ends[1]], p));
    }
    assert_eq!(read.lists.iter().map(Vec::len).sum::<usize>(), vectors);
    read
}

fn code_slots(parts: &mut Parts<'_>, p: usize, blocks: usize, metric: usize) -> Vec<Entry> {
    let has_biases = metric == EUCLIDEAN;
    let bytes = 16 * p + 128 + if has_biases { 64 } else { 0 };
    let mut part = parts.take(blocks * bytes);
    let mut slots = Vec::new();
    for _ in 0..blocks {
        let mut lanes = vec![Entry::default(); 16];
        for _ in 0..p / 4 {
            lanes.iter_mut().for_each(|lane| lane.code.extend(part.take(4)));
        }
        lanes.iter_mut().for_each(|lane| lane.scale = part.f32());
        lanes.iter_mut().for_each(|lane| lane.row = part.u32());
        if has_biases {
            lanes.iter_mut().for_each(|lane| lane.bias = part.f32());
        }
        slots.append(&mut lanes);
    }
    slots
}

fn sign_slots(parts: &mut Parts<'_>, p: usize, blocks: usize, metric: usize) -> Vec<Entry> {
    let mut part = parts.take(blocks * (2 * p + 192));
    let mut slots = Vec::new();
    for _ in 0..blocks {
        let mut lanes = vec![(Signs::default(), 0); 16];
        for _ in 0..p / 8 {
            for (signs, _) in &mut lanes {
                let byte = part.u8();
                signs.bits.extend((0..8).map(|bit| byte >> bit & 1 == 1));
            }
        }
        lanes.iter_mut().for_each(|(signs, _)| signs.factor = part.f32());
        lanes.iter_mut().for_each(|(signs, _)| signs.term = part.f32());
        lanes.iter_mut().for_each(|(_, row)| *row = part.u32());
        for (signs, row) in lanes {
            slots.push(Entry { row, signs: Some(signs), ..Entry::default() });
        }
    }
    let mut codes = parts.take(p * slots.len());
    let mut scales = parts.take(4 * slots.len());
    slots.iter_mut().for_each(|slot| slot.code = codes.take(p).to_vec());
    slots.iter_mut().for_each(|slot| slot.scale = scales.f32());
    if metric == EUCLIDEAN {
        let mut biases = parts.take(4 * slots.len());
        slots.iter_mut().for_each(|slot| slot.bias = biases.f32());
    }
    slots
}

/// The vectors of a list, out of the lanes of its blocks.
fn list(slots: &[Entry], p: usize) -> Vec<Entry> {
    let filled = slots.iter().take_while(|slot| slot.row != u32::MAX).count();
    assert!(slots.len() < filled + 16, "only the last block has lanes left over");
    for slot in &slots[filled..] {
        let no_signs = || Signs { bits: vec![false; p], ..Signs::default() };
        let signs = slot.signs.as_ref().map(|_| no_signs());
        let code = vec![0x80; p];
        assert_eq!(*slot, Entry { row: u32::MAX, code, signs, ..Entry::default() });
    }
    assert!(slots[..filled].windows(2).all(|pair| pair[0].row < pair[1].row));
    slots[..filled].to_vec()
}

/// Centroids: their space, epoch, and values.
pub(crate) fn read_centroids(blob: &[u8]) -> (Space, u64, Vec<Vec<f32>>) {
    let mut header = Bytes(blob);
    assert_eq!((header.u32(), header.u8()), (1, 0));
    let metric = header.u8();
    let names = (header.u8(), header.u8());
    let (dimension, p) = (header.u32() as usize, header.u32() as usize);
    assert_eq!(p, padded(dimension));
    let (seed, epoch, cells) = (header.u64(), header.u64(), header.u32() as usize);
    assert!(header.take(20).iter().all(|byte| *byte == 0));
    assert_eq!(header.u64() as usize, blob.len());
    let space = space(metric, names, (dimension, seed), header.0);
    let start = align(64 + names.0 + names.1, 64);
    let mut values = Bytes(&blob[start..]);
    let mut centroid = || (0..p).map(|_| values.f32()).collect();
    let centroids = (0..cells).map(|_| centroid()).collect();
    assert!(values.0.is_empty());
    (space, epoch, centroids)
}

fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    x = (x ^ (x >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    x ^ (x >> 33)
}

pub(crate) fn turn(v: &[f32], factor: f32, seed: u64) -> Vec<f32> {
    let p = padded(v.len());
    let mut x: Vec<f32> = v.iter().map(|value| value * factor).collect();
    x.resize(p, 0.0);
    for round in 0..3 {
        let mut powers: Vec<usize> = (0..17).map(|bit| 1 << bit).filter(|n| p & n != 0).collect();
        if round != 1 {
            powers.reverse();
        }
        let mut front = 0;
        for n in powers {
            for (k, value) in x.iter_mut().enumerate().skip(front).take(n) {
                let even = mix(seed ^ mix((round * p + k + 1) as u64)).is_multiple_of(2);
                let sign: f32 = if even { 1.0 } else { -1.0 };
                *value *= sign * (1.0 / (n as f32).sqrt());
            }
            let mut s = 1;
            while s < n {
                for i in (0..n).filter(|i| i & s == 0) {
                    let (a, b) = (x[front + i], x[front + i + s]);
                    (x[front + i], x[front + i + s]) = (a + b, a - b);
                }
                s *= 2;
            }
            front += n;
        }
    }
    x
}

pub(crate) fn squared(v: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 32];
    let whole = v.len() / 32 * 32;
    for (i, value) in v[..whole].iter().enumerate() {
        lanes[i % 32] += value * value;
    }
    let mut rest = &v[whole..];
    for (count, first) in [(16, 0), (8, 16), (4, 24), (rest.len() % 4, 28)] {
        if rest.len() >= count {
            for (lane, value) in lanes[first..].iter_mut().zip(&rest[..count]) {
                *lane += value * value;
            }
            rest = &rest[count..];
        }
    }
    let mut half = 16;
    while half > 0 {
        for lane in 0..half {
            lanes[lane] += lanes[lane + half];
        }
        half /= 2;
    }
    lanes[0]
}

/// Code and scale of a turned vector.
pub(crate) fn code(x: &[f32]) -> (Vec<u8>, f32) {
    let h = x.iter().fold(0.0_f32, |h, value| h.max(value.abs()));
    let f = 127.0 / h;
    if !f.is_finite() {
        return (vec![128; x.len()], 0.0);
    }
    let code = |value: &f32| ((value * f).round_ties_even() as i32 + 128) as u8;
    (x.iter().map(code).collect(), h / 127.0)
}

/// What a section has of a vector, in the list of a centroid, and the turned vector.
pub(crate) fn entry(space: &Space, row: u32, v: &[f32]) -> (Entry, Vec<f32>) {
    let length = squared(v).sqrt();
    let factor = match space.metric {
        COSINE if length > 0.0 => 1.0 / length,
        COSINE => 0.0,
        _ => 1.0,
    };
    let x = turn(v, factor, space.seed);
    let (code, scale) = code(&x);
    let bias = if space.metric == EUCLIDEAN { -0.5 * squared(v) } else { 0.0 };
    (Entry { row, code, scale, bias, signs: None }, x)
}

pub(crate) fn signs(x: &[f32], c: &[f32], bias: f32) -> Signs {
    let mut bits = Vec::new();
    let mut lanes = [[0.0_f32; 4]; 8];
    for (i, (x, c)) in x.iter().zip(c).enumerate() {
        let r = x - c;
        bits.push(r >= 0.0);
        let values = [r * r, r.abs(), c * r, if r >= 0.0 { *c } else { -c }];
        lanes[i % 8].iter_mut().zip(values).for_each(|(lane, value)| *lane += value);
    }
    for half in [4, 2, 1] {
        for (lane, sum) in (0..half).flat_map(|lane| (0..4).map(move |sum| (lane, sum))) {
            lanes[lane][sum] += lanes[lane + half][sum];
        }
    }
    let [square, size, withrest, withsign] = lanes[0];
    let factor = if size == 0.0 { 0.0 } else { square / size };
    Signs { bits, factor, term: withrest - factor * withsign + bias }
}

/// The cell of a coded vector.
pub(crate) fn cell(metric: usize, centroids: &[Vec<f32>], entry: &Entry) -> usize {
    let mut best = (f32::NEG_INFINITY, 0);
    for (cell, c) in centroids.iter().enumerate() {
        let (centroid, scale) = code(c);
        let pairs = entry.code.iter().zip(&centroid);
        let product: i32 = pairs.map(|(a, b)| (i32::from(*a) - 128) * (i32::from(*b) - 128)).sum();
        let mut score = product as f32 * (scale * entry.scale);
        if metric != COSINE {
            score += -0.5 * squared(c);
        }
        if score > best.0 {
            best = (score, cell);
        }
    }
    best.1
}
