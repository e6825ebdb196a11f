//! [`Payload`]: the bytes of one write, cut at the pages they fill.
//!
//! Whole pages are shared by the log, the living file and every crash image that keeps the write.

use std::sync::Arc;

use super::content::{Content, PAGE_BYTES, Page};
use crate::rng::SplitMix;

/// What a write carries, and where to.
#[derive(Clone, Debug)]
pub(crate) struct Payload {
    offset: usize,
    length: usize,
    pieces: Arc<[Piece]>,
}

#[derive(Clone, Debug)]
enum Piece {
    /// A page, on its own boundary.
    Page(Arc<Page>),
    /// Any number of zeros.
    Zeros(usize),
    /// Bytes within one page.
    Bytes(Box<[u8]>),
}

/// What stands behind the cut of a torn write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fill {
    /// What was there before: the rest of the write did not happen.
    Short,
    /// The rest of the range is zeros.
    Zeros,
    /// The next bytes are garbage from this seed.
    Junk(u64),
}

/// Garbage after a cut is at most this long, so that a torn write of a large file stays cheap.
const JUNK_BYTES_MAX: usize = 1024;

impl Payload {
    pub(crate) fn new(offset: usize, bytes: &[u8]) -> Self {
        let mut pieces = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let room = PAGE_BYTES - (offset + at) % PAGE_BYTES;
            let part = &bytes[at..bytes.len().min(at + room)];
            at += part.len();
            let piece = match <&[u8; PAGE_BYTES]>::try_from(part) {
                Ok(whole) => Page::new(whole).map_or(Piece::Zeros(PAGE_BYTES), Piece::Page),
                Err(_) => Piece::Bytes(part.into()),
            };
            match (pieces.last_mut(), piece) {
                (Some(Piece::Zeros(before)), Piece::Zeros(more)) => *before += more,
                (_, piece) => pieces.push(piece),
            }
        }
        Self { offset, length: bytes.len(), pieces: pieces.into() }
    }

    pub(crate) fn offset(&self) -> usize {
        self.offset
    }

    pub(crate) fn length(&self) -> usize {
        self.length
    }

    pub(crate) fn to_vec(&self) -> Vec<u8> {
        let part = |piece: &Piece| match piece {
            Piece::Page(page) => page.bytes().to_vec(),
            Piece::Zeros(count) => vec![0; *count],
            Piece::Bytes(bytes) => bytes.to_vec(),
        };
        self.pieces.iter().flat_map(part).collect()
    }

    /// Writes all of it into `content`.
    pub(crate) fn apply(&self, content: &mut Content) {
        self.apply_prefix(content, self.length);
    }

    /// Writes the first `cut` bytes, and `fill` after them.
    pub(crate) fn apply_torn(&self, content: &mut Content, cut: usize, fill: Fill) {
        let cut = cut.min(self.length);
        self.apply_prefix(content, cut);
        let rest = self.length - cut;
        match fill {
            Fill::Short => {}
            Fill::Zeros => content.write_zeros(self.offset + cut, rest),
            Fill::Junk(seed) => {
                let mut junk = vec![0; rest.min(JUNK_BYTES_MAX)];
                SplitMix::new(seed).fill(&mut junk);
                content.write(self.offset + cut, &junk);
            }
        }
    }

    fn apply_prefix(&self, content: &mut Content, end: usize) {
        let mut at = 0;
        for piece in self.pieces.iter() {
            let left = end - at;
            if left == 0 {
                return;
            }
            let offset = self.offset + at;
            at += match piece {
                Piece::Page(page) if left >= PAGE_BYTES => {
                    content.set_page(offset, Some(Arc::clone(page)));
                    PAGE_BYTES
                }
                Piece::Page(page) => write_part(content, offset, page.bytes(), left),
                Piece::Bytes(bytes) => write_part(content, offset, bytes, left),
                Piece::Zeros(count) => {
                    content.write_zeros(offset, left.min(*count));
                    left.min(*count)
                }
            };
        }
    }
}

fn write_part(content: &mut Content, offset: usize, bytes: &[u8], left: usize) -> usize {
    let count = bytes.len().min(left);
    content.write(offset, &bytes[..count]);
    count
}
