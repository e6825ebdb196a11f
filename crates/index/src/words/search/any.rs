//! Rows that have any of the terms: windowed MaxScore.
//!
//! Terms stand by falling weight. Those at the end whose bounds together do not reach the threshold
//! cannot make a hit alone: only the others, the essential ones, are read through. While there are
//! several, they are added up in windows of 4,096 rows; once there is one, its blocks are taken as
//! they come. What is left is then looked up in the other terms, from the heavier to the lighter, for
//! as long as a row can still reach the threshold. So every sum is taken in the order of the terms.

use super::super::error::WordsError;
use super::super::pack::BLOCK;
use super::cursor::Cursor;
use super::plan::Plan;
use super::source::Source;
use super::top::Best;

/// Rows of a window.
const WINDOW: usize = 4096;

/// The share by which a sum of bounds may be less than the sum it bounds, for each number added.
const ROUNDING: f32 = 1.2e-7;

/// Offers every row of a source that can become a hit.
pub(super) fn run(
    plan: &Plan<'_>,
    sources: &[Source<'_>],
    number: usize,
    top: &mut impl Best,
) -> Result<(), WordsError> {
    let source = &sources[number];
    let found = plan.leaves.iter().flat_map(|leaf| {
        leaf.terms.iter().filter_map(|term| Some((leaf.weight, term.found[number].as_ref()?)))
    });
    let cursors: Vec<Cursor<'_, '_>> =
        found.map(|(weight, found)| Cursor::new(source, &plan.norms, found, weight)).collect();
    if cursors.is_empty() {
        return Ok(());
    }
    Search::new(cursors).run(top)
}

struct Search<'s, 'a> {
    cursors: Vec<Cursor<'s, 'a>>,
    /// The bounds of the cursors from each one on, together; one more than there are cursors.
    rest: Vec<f32>,
    /// What the threshold is multiplied with, so that rounding takes no hit away.
    slack: f32,
    sums: Box<[f32; WINDOW]>,
    touched: Box<[u64; WINDOW / 64]>,
    candidates: Vec<(u32, f32)>,
}

impl<'s, 'a> Search<'s, 'a> {
    fn new(cursors: Vec<Cursor<'s, 'a>>) -> Self {
        let mut rest = vec![0.0; cursors.len() + 1];
        for (at, cursor) in cursors.iter().enumerate().rev() {
            rest[at] = rest[at + 1] + cursor.most;
        }
        // A single term is compared exactly: there is no sum.
        let slack = match cursors.len() {
            1 => 1.0,
            count => 1.0 - ROUNDING * (count + 4) as f32,
        };
        Self {
            cursors,
            rest,
            slack,
            sums: Box::new([0.0; WINDOW]),
            touched: Box::new([0; WINDOW / 64]),
            candidates: Vec::new(),
        }
    }

    fn run(mut self, top: &mut impl Best) -> Result<(), WordsError> {
        let mut next = Some(0);
        while let Some(row) = next {
            let floor = top.floor(row) * self.slack;
            let essential = self.rest.iter().take_while(|rest| **rest >= floor).count();
            let essential = essential.min(self.cursors.len());
            next = match essential {
                0 => return Ok(()),
                1 => self.block(row, floor)?,
                _ => self.window(row, essential, floor)?,
            };
            self.finish(essential.max(1), top)?;
        }
        Ok(())
    }

    /// Goes on with the one essential term: candidates of the block that has `row` or of a later one.
    /// Where to go on from.
    fn block(&mut self, row: u32, floor: f32) -> Result<Option<u32>, WordsError> {
        let others = self.rest[1];
        let cursor = &mut self.cursors[0];
        let mut row = row;
        loop {
            if !cursor.seek(row) {
                return Ok(None);
            }
            if cursor.bound() + others >= floor {
                break;
            }
            let Some(after) = cursor.last_row().checked_add(1) else { return Ok(None) };
            row = after;
        }
        let mut given = [0.0; BLOCK];
        let rows = cursor.contributions(&mut given)?;
        let start = if rows.first().is_some_and(|first| *first < row) {
            rows.partition_point(|other| *other < row)
        } else {
            0
        };
        for (row, given) in rows.iter().zip(&given).skip(start) {
            if *given + others >= floor {
                self.candidates.push((*row, *given));
            }
        }
        Ok(cursor.last_row().checked_add(1))
    }

    /// Adds up the essential terms in the window that begins with their next row.
    fn window(
        &mut self,
        row: u32,
        essential: usize,
        floor: f32,
    ) -> Result<Option<u32>, WordsError> {
        let mut first = None;
        for cursor in &mut self.cursors[..essential] {
            if cursor.seek(row) {
                let next = cursor.first_from(row);
                first = Some(first.map_or(next, |first: u32| first.min(next)));
            }
        }
        let Some(first) = first else { return Ok(None) };
        let start = first / WINDOW as u32 * WINDOW as u32;
        let last = start + (WINDOW as u32 - 1);
        let mut bound = self.rest[essential];
        for cursor in &mut self.cursors[..essential] {
            if cursor.seek(first) {
                bound += cursor.bound_until(last);
            }
        }
        if bound >= floor {
            for cursor in &mut self.cursors[..essential] {
                let (sums, touched) = (&mut *self.sums, &mut *self.touched);
                add_up(cursor, first, start, sums, touched)?;
            }
            self.gather(start, self.rest[essential], floor);
        }
        Ok(last.checked_add(1))
    }

    /// Takes the rows of the window that can still become hits, and empties it.
    fn gather(&mut self, start: u32, others: f32, floor: f32) {
        for (word, touched) in self.touched.iter_mut().enumerate() {
            let mut bits = std::mem::take(touched);
            if bits == 0 {
                continue;
            }
            let sums = &mut self.sums[word * 64..word * 64 + 64];
            while bits != 0 {
                let bit = bits.trailing_zeros();
                bits &= bits - 1;
                let sum = std::mem::take(&mut sums[bit as usize]);
                if sum + others >= floor {
                    self.candidates.push((start + word as u32 * 64 + bit, sum));
                }
            }
        }
    }

    /// Looks the candidates up in the terms from `from` on, and offers what is left.
    fn finish(&mut self, from: usize, top: &mut impl Best) -> Result<(), WordsError> {
        let Some((first, _)) = self.candidates.first() else { return Ok(()) };
        let floor = top.floor(*first) * self.slack;
        for at in from..self.cursors.len() {
            let (mine, after) = (self.rest[at], self.rest[at + 1]);
            let cursor = &mut self.cursors[at];
            let mut kept = 0;
            for index in 0..self.candidates.len() {
                let (row, sum) = self.candidates[index];
                if sum + mine < floor {
                    continue;
                }
                let mut sum = sum;
                if cursor.seek(row) {
                    if sum + cursor.bound() + after < floor {
                        continue;
                    }
                    if let Some(place) = cursor.find(row)? {
                        sum += cursor.contribution_at(place)?;
                    }
                } else if sum + after < floor {
                    continue;
                }
                self.candidates[kept] = (row, sum);
                kept += 1;
            }
            self.candidates.truncate(kept);
        }
        for (row, score) in self.candidates.drain(..) {
            top.offer(score, row);
        }
        Ok(())
    }
}

/// Adds what a term gives the rows from `first` on to the sums of the window from `start` on.
fn add_up(
    cursor: &mut Cursor<'_, '_>,
    first: u32,
    start: u32,
    sums: &mut [f32; WINDOW],
    touched: &mut [u64; WINDOW / 64],
) -> Result<(), WordsError> {
    let last = start + (WINDOW as u32 - 1);
    let mut row = first;
    let mut given = [0.0; BLOCK];
    while cursor.seek(row) {
        let rows = cursor.contributions(&mut given)?;
        let from = if rows[0] < row { rows.partition_point(|other| *other < row) } else { 0 };
        for (other, given) in rows[from..].iter().zip(&given[from..]) {
            let place = other.wrapping_sub(start) as usize;
            if place >= WINDOW {
                break;
            }
            sums[place] += *given;
            touched[place / 64] |= 1 << (place % 64);
        }
        match cursor.last_row().checked_add(1) {
            Some(after) if after <= last => row = after,
            _ => break,
        }
    }
    Ok(())
}
