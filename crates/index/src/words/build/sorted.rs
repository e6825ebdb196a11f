//! The log of a builder, sorted by term: counted first, then every entry put where it belongs.

use super::super::writer::TermRows;
use super::{Log, Row};

/// Everything in the order of the terms' numbers, rows rising within each.
pub(super) struct Sorted {
    /// Where the entries of each term end; one more than there are terms, the first is 0.
    ends: Vec<usize>,
    /// Twice the row, plus one if the frequency follows; else it is 1.
    words: Vec<u32>,
    position_ends: Vec<usize>,
    positions: Vec<u32>,
}

impl Sorted {
    pub(super) fn new(log: Log, rows: &[Row], terms: usize, with_positions: bool) -> Self {
        let mut ends = vec![0; terms + 1];
        let mut position_ends = vec![0; if with_positions { terms + 1 } else { 1 }];
        each_posting(&log.words, |term, frequency| {
            ends[term + 1] += if frequency == 1 { 1 } else { 2 };
            if with_positions {
                position_ends[term + 1] += frequency as usize;
            }
        });
        add_up(&mut ends);
        add_up(&mut position_ends);
        let mut sorted = Self {
            words: vec![0; log.words.len()],
            positions: vec![0; log.positions.len()],
            ends,
            position_ends,
        };
        sorted.fill(log, rows, with_positions);
        sorted
    }

    fn fill(&mut self, log: Log, rows: &[Row], with_positions: bool) {
        let mut next = self.ends.clone();
        let mut next_position = self.position_ends.clone();
        let mut from = log.positions.as_slice();
        let mut start = 0;
        for row in rows {
            each_posting(&log.words[start..row.end], |term, frequency| {
                let at = &mut next[term];
                self.words[*at] = row.row << 1 | u32::from(frequency != 1);
                *at += 1;
                if frequency != 1 {
                    self.words[*at] = frequency;
                    *at += 1;
                }
                if with_positions {
                    let (these, rest) = from.split_at(frequency as usize);
                    let at = &mut next_position[term];
                    self.positions[*at..][..these.len()].copy_from_slice(these);
                    (*at, from) = (*at + these.len(), rest);
                }
            });
            start = row.end;
        }
    }

    /// The postings of a term, into `list`.
    pub(super) fn unpack<'a>(&'a self, term: u32, list: &'a mut Unpacked) -> TermRows<'a> {
        let term = term as usize;
        list.rows.clear();
        list.frequencies.clear();
        each_posting(&self.words[self.ends[term]..self.ends[term + 1]], |row, frequency| {
            list.rows.push(row as u32);
            list.frequencies.push(frequency);
        });
        let positions = match self.position_ends.get(term..term + 2) {
            Some([start, end]) => &self.positions[*start..*end],
            _ => &[],
        };
        TermRows { rows: &list.rows, frequencies: &list.frequencies, positions }
    }
}

/// Memory for the postings of one term.
#[derive(Debug, Default)]
pub(super) struct Unpacked {
    rows: Vec<u32>,
    frequencies: Vec<u32>,
}

/// Gives each number with its frequency.
#[inline]
fn each_posting(words: &[u32], mut give: impl FnMut(usize, u32)) {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let frequency = if word & 1 == 0 { 1 } else { words.next().copied().unwrap_or(1) };
        give((word >> 1) as usize, frequency);
    }
}

fn add_up(counts: &mut [usize]) {
    let mut sum = 0;
    for count in counts {
        sum += *count;
        *count = sum;
    }
}
