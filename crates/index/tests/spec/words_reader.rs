//! A reader of sections of words, written from FORMAT.md alone.

use crate::bits::{Bytes, risen};

/// A section, taken apart.
#[derive(Debug, PartialEq)]
pub(crate) struct Words {
    pub(crate) with_positions: bool,
    pub(crate) analyser: (String, u32),
    pub(crate) own: (i64, i64),
    pub(crate) retracted: (i64, i64),
    pub(crate) lengths: Vec<u32>,
    pub(crate) terms: Vec<Term>,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Term {
    pub(crate) bytes: Vec<u8>,
    pub(crate) retracted: i64,
    pub(crate) postings: Vec<Posting>,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Posting {
    pub(crate) row: u32,
    pub(crate) frequency: u32,
    pub(crate) positions: Vec<u32>,
}

pub(crate) fn read(bytes: &[u8]) -> Words {
    let mut header = Bytes(bytes);
    assert_eq!(header.take(8), b"SUTRAWRD");
    assert_eq!(header.u32(), 1, "version");
    let flags = header.u32();
    assert!(flags <= 1);
    let name: Vec<u8> = header.take(16).iter().copied().take_while(|byte| *byte != 0).collect();
    let analyser = (String::from_utf8(name).unwrap(), header.u32());
    let rows = header.u32() as usize;
    let own = (header.i64(), header.i64());
    let retracted = (header.i64(), header.i64());
    let (term_count, width) = (header.u32() as usize, header.u32() as usize);
    let sizes: Vec<usize> = (0..6).map(|_| header.u64() as usize).collect();
    assert_eq!(header.u64(), 0, "reserved");
    let parts: Vec<&[u8]> = sizes.iter().map(|size| header.take(*size)).collect();
    assert!(header.0.is_empty(), "bytes behind the last part");

    let lengths = lengths(rows, width, parts[0], parts[1]);
    let with_positions = flags == 1;
    let mut lists =
        Lists { lengths: &lengths, postings: parts[4], positions: parts[5], at: (0, 0) };
    let terms = terms(term_count, with_positions, parts[2], parts[3], &mut lists);
    assert_eq!(lists.at, (parts[4].len(), parts[5].len()), "lists fill their parts");
    Words { with_positions, analyser, own, retracted, lengths, terms }
}

fn lengths(rows: usize, width: usize, lengths: &[u8], long: &[u8]) -> Vec<u32> {
    let (mut lengths, mut long) = (Bytes(lengths), Bytes(long));
    let highest = [255, 65_535][width - 1];
    let mut all = Vec::new();
    for row in 0..rows {
        let mut length = lengths.number(width) as u32;
        if length == highest {
            assert_eq!(long.u32() as usize, row);
            length = long.u32();
            assert!(length >= highest);
        }
        all.push(length);
    }
    assert!(lengths.0.is_empty() && long.0.is_empty());
    all
}

/// Where the lists are, and how far they were read.
struct Lists<'a> {
    lengths: &'a [u32],
    postings: &'a [u8],
    positions: &'a [u8],
    at: (usize, usize),
}

fn terms(
    count: usize,
    with_positions: bool,
    dictionary: &[u8],
    directory: &[u8],
    lists: &mut Lists<'_>,
) -> Vec<Term> {
    let (mut bytes, mut directory) = (Bytes(dictionary), Bytes(directory));
    let mut terms: Vec<Term> = Vec::new();
    for number in 0..count {
        let term = if number % 32 == 0 {
            assert_eq!(directory.u32() as usize, dictionary.len() - bytes.0.len());
            let length = bytes.varint() as usize;
            let term = bytes.take(length).to_vec();
            let begin = (bytes.varint() as usize, bytes.varint() as usize);
            assert_eq!(begin, lists.at, "where the lists of a block begin");
            term
        } else {
            let both = bytes.u8();
            let mut long = |number| {
                if number == 15 { 15 + bytes.varint() as usize } else { number }
            };
            let (shared, more) = (long(both / 16), long(both % 16));
            [&terms[number - 1].bytes[..shared], bytes.take(more)].concat()
        };
        assert!(term.len() <= 128);
        assert!(terms.last().is_none_or(|before| before.bytes < term), "terms rise");
        let head = bytes.varint();
        let df = (head / 2) as usize;
        let retracted = if head % 2 == 1 { bytes.signed_varint() } else { 0 };
        assert!(df > 0 || retracted != 0, "a term that says nothing");
        let postings = if df == 0 {
            Vec::new()
        } else if df == 1 && !with_positions {
            let (row, frequency) = (bytes.varint() as u32, bytes.varint() as u32);
            vec![Posting { row, frequency, positions: Vec::new() }]
        } else {
            let size = bytes.varint() as usize;
            let positions = with_positions.then(|| bytes.varint() as usize);
            lists.next(df, size, positions)
        };
        terms.push(Term { bytes: term, retracted, postings });
    }
    assert!(bytes.0.is_empty() && directory.0.is_empty());
    terms
}

impl Lists<'_> {
    /// The next list.
    fn next(&mut self, df: usize, size: usize, positions: Option<usize>) -> Vec<Posting> {
        let mut list = self.postings(df, &self.postings[self.at.0..][..size]);
        self.at.0 += size;
        if let Some(size) = positions {
            put_positions(&mut list, &self.positions[self.at.1..][..size]);
            self.at.1 += size;
        }
        list
    }

    fn postings(&self, df: usize, bytes: &[u8]) -> Vec<Posting> {
        let mut bytes = Bytes(bytes);
        let full = df / 128;
        let head = if full > 0 { corners(&mut bytes) } else { Vec::new() };
        let entries: Vec<_> = (0..full)
            .map(|_| {
                let (last_row, start) = (bytes.u32(), bytes.u32() as usize);
                (last_row, start, bytes.u8(), bytes.u8(), corners(&mut bytes))
            })
            .collect();
        let behind = bytes.0.len();
        let mut list: Vec<Posting> = Vec::new();
        let mut before = None;
        for (last_row, start, row_bits, frequency_bits, block_corners) in entries {
            assert_eq!(start, behind - bytes.0.len(), "where a block begins");
            let rows = risen(before, &bytes.block(row_bits));
            let less = bytes.block(frequency_bits);
            assert_eq!(rows.last(), Some(&last_row));
            for (row, less) in rows.iter().zip(less) {
                let posting = Posting { row: *row, frequency: less + 1, positions: Vec::new() };
                let length = self.lengths[*row as usize];
                assert!(covered(&block_corners, posting.frequency, length), "corner of a block");
                assert!(covered(&head, posting.frequency, length), "corner of a list");
                list.push(posting);
            }
            before = Some(last_row);
        }
        let rest = df % 128;
        if rest > 0 {
            let (row_bits, frequency_bits) = (bytes.u8(), bytes.u8());
            let rows = risen(before, &bytes.run(rest, row_bits));
            let less = bytes.run(rest, frequency_bits);
            for (row, less) in rows.into_iter().zip(less) {
                let (frequency, length) = (less + 1, self.lengths[row as usize]);
                assert!(full == 0 || covered(&head, frequency, length), "corner of a list");
                list.push(Posting { row, frequency, positions: Vec::new() });
            }
        }
        assert!(bytes.0.is_empty(), "a list fills its bytes");
        list
    }
}

fn corners(bytes: &mut Bytes<'_>) -> Vec<(usize, usize)> {
    (0..3).map(|_| (bytes.u8(), bytes.u8())).collect()
}

/// Whether one of the corners covers a row.
fn covered(corners: &[(usize, usize)], frequency: u32, length: u32) -> bool {
    corners.iter().any(|(f, code)| {
        let least =
            if *code < 128 { *code } else { (16 + (code - 128) % 16) << ((code - 128) / 16 + 3) };
        *f == 255 || (frequency as usize <= *f && length as usize >= least)
    })
}

fn put_positions(list: &mut [Posting], bytes: &[u8]) {
    let mut bytes = Bytes(bytes);
    let mut until = 0;
    for block in list.chunks_exact(128) {
        until += block.iter().map(|posting| posting.frequency).sum::<u32>();
        assert_eq!(bytes.u32(), until, "positions up to the end of a block");
    }
    let all: usize = list.iter().map(|posting| posting.frequency as usize).sum();
    let widths: Vec<usize> = (0..all / 128).map(|_| bytes.u8()).collect();
    let mut packed: Vec<u32> = widths.iter().flat_map(|bits| bytes.block(*bits)).collect();
    if !all.is_multiple_of(128) {
        let bits = bytes.u8();
        packed.extend(bytes.run(all % 128, bits));
    }
    assert!(bytes.0.is_empty(), "positions fill their bytes");
    let mut packed = packed.into_iter();
    for posting in list {
        let mut position = 0;
        for _ in 0..posting.frequency {
            position += packed.next().unwrap();
            posting.positions.push(position);
        }
    }
}
