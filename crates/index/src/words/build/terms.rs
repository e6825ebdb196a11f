//! The different terms that a builder has met, numbered as they came.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

/// Terms by number and by their bytes. The hash is seeded at random, so that no text can be made to
/// fill one place of the table; what is written does not depend on it.
#[derive(Debug, Default)]
pub(super) struct Terms {
    hasher: RandomState,
    table: HashTable<u32>,
    records: Vec<Record>,
    bytes: Vec<u8>,
    stamp: u32,
}

#[derive(Debug)]
struct Record {
    hash: u64,
    start: usize,
    bytes: u16,
    /// The last text that had it, and where it stands in the list of that text.
    stamp: u32,
    slot: u32,
}

impl Terms {
    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    pub(super) fn term(&self, number: u32) -> &[u8] {
        let record = &self.records[number as usize];
        &self.bytes[record.start..record.start + usize::from(record.bytes)]
    }

    /// From here on, terms are those of another text.
    pub(super) fn next_text(&mut self) {
        self.stamp = self.stamp.wrapping_add(1);
        if self.stamp == 0 {
            self.records.iter_mut().for_each(|record| record.stamp = 0);
            self.stamp = 1;
        }
    }

    /// Counts a term of the text at hand in the list of its terms, and returns its place there.
    #[inline]
    pub(super) fn count(&mut self, term: &[u8], list: &mut Vec<(u32, u32)>) -> u32 {
        let number = self.number(term);
        let record = &mut self.records[number as usize];
        if record.stamp == self.stamp {
            list[record.slot as usize].1 += 1;
        } else {
            (record.stamp, record.slot) = (self.stamp, list.len() as u32);
            list.push((number, 1));
        }
        record.slot
    }

    fn number(&mut self, term: &[u8]) -> u32 {
        let hash = self.hasher.hash_one(term);
        let (records, bytes) = (&self.records, &self.bytes);
        let same = |number: &u32| {
            let record = &records[*number as usize];
            record.hash == hash && bytes[record.start..][..usize::from(record.bytes)] == *term
        };
        if let Some(number) = self.table.find(hash, same) {
            return *number;
        }
        let number = self.records.len() as u32;
        let start = self.bytes.len();
        self.bytes.extend_from_slice(term);
        self.records.push(Record { hash, start, bytes: term.len() as u16, stamp: 0, slot: 0 });
        let records = &self.records;
        self.table.insert_unique(hash, number, |number| records[*number as usize].hash);
        number
    }

    /// The numbers of all terms, in the order of the terms.
    pub(super) fn in_order(&self) -> Vec<u32> {
        let key = |number: u32| {
            let term = self.term(number);
            let mut first = [0; 8];
            let bytes = term.len().min(8);
            first[..bytes].copy_from_slice(&term[..bytes]);
            (u64::from_be_bytes(first), number)
        };
        let mut numbers: Vec<(u64, u32)> = (0..self.records.len() as u32).map(key).collect();
        numbers.sort_unstable_by(|(a, first), (b, second)| {
            a.cmp(b).then_with(|| self.term(*first).cmp(self.term(*second)))
        });
        numbers.into_iter().map(|(_, number)| number).collect()
    }
}
