//! Rows that have any of the terms: windowed MaxScore.
//!
//! Terms stand by falling weight. Those at the end whose bounds together do not reach the threshold
//! cannot make a hit alone: only the others, the essential ones, are read through. While there are
//! several, they are added up in windows of 4,096 rows; once there is one, its blocks are taken as
//! they come. Before all this, terms much rarer than those behind them are gone through alone: their
//! rows make a threshold at once, which mostly leaves nothing to do for the others. What is left is then looked up in the other terms, from the heavier to the lighter, for
//! as long as a row can still reach the threshold. So every sum is taken in the order of the terms.

use super::super::error::WordsError;
use super::super::pack::BLOCK;
use super::cursor::{Cursor, Place};
use super::kept::Kept;
use super::plan::Plan;
use super::source::{Found, Source};
use super::top::Best;

/// Rows of a window.
const WINDOW: usize = 4096;

/// A term is rare if it has so many times fewer rows than the terms behind it together.
const RARE: u64 = 8;

/// Rows of a run: a window has 64 of them.
const RUN: usize = WINDOW / 64;

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
    let terms: Vec<(f32, &Found<'_>)> = found.collect();
    for first in 0..terms.len() {
        let cursor = |(weight, found)| Cursor::new(source, &plan.norms, found, weight);
        let seen = terms[..first].iter().copied().map(cursor).collect();
        let search = Search::new(terms[first..].iter().copied().map(cursor).collect(), seen);
        let more: u64 = terms[first + 1..].iter().map(|(_, found)| u64::from(found.df)).sum();
        if u64::from(terms[first].1.df) * RARE > more {
            return search.run(top);
        }
        search.run_first(top)?;
    }
    Ok(())
}

struct Search<'s, 'a> {
    cursors: Vec<Cursor<'s, 'a>>,
    /// The bounds of the cursors from each one on, together; one more than there are cursors.
    rest: Vec<f32>,
    /// What the threshold is multiplied with, so that rounding takes no hit away.
    slack: f32,
    /// What the essential terms give the rows of a window.
    sums: Vec<f32>,
    /// Which rows have a sum.
    touched: Box<[u64; WINDOW / RUN]>,
    candidates: Candidates,
    /// Terms whose rows were offered before.
    seen: Vec<Cursor<'s, 'a>>,
}

impl<'s, 'a> Search<'s, 'a> {
    fn new(cursors: Vec<Cursor<'s, 'a>>, seen: Vec<Cursor<'s, 'a>>) -> Self {
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
            sums: Vec::new(),
            touched: Box::new([0; WINDOW / RUN]),
            candidates: Candidates::default(),
            seen,
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

    /// Offers the rows of the first term alone.
    fn run_first(mut self, top: &mut impl Best) -> Result<(), WordsError> {
        let mut next = Some(0);
        while let Some(row) = next {
            let floor = top.floor(row) * self.slack;
            next = self.block(row, floor)?;
            self.finish(1, top)?;
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
        let mut good = Kept::default();
        good.add(start..rows.len(), |at| given[at] + others >= floor);
        for at in good.places() {
            self.candidates.push(rows[usize::from(*at)], given[usize::from(*at)]);
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
            self.sums.resize(WINDOW, 0.0);
            for cursor in &mut self.cursors[..essential] {
                let (sums, touched) = (self.sums.as_mut_slice(), &mut *self.touched);
                add_up(cursor, first, start, sums, touched)?;
            }
            self.gather(start, self.rest[essential], floor);
        }
        Ok(last.checked_add(1))
    }

    /// Takes the rows of the window that can still become hits, and empties it.
    fn gather(&mut self, start: u32, others: f32, floor: f32) {
        let (runs, _) = self.sums.as_chunks_mut::<RUN>();
        for (number, (run, touched)) in runs.iter_mut().zip(&mut *self.touched).enumerate() {
            let mut bits = std::mem::take(touched);
            if bits.count_ones() as usize >= RUN / 4 {
                // Of most runs no row is good enough; this looks at all of them without a branch.
                if !run.iter().fold(false, |any, sum| any | (*sum + others >= floor)) {
                    *run = [0.0; RUN];
                    continue;
                }
            }
            while bits != 0 {
                let bit = bits.trailing_zeros();
                bits &= bits - 1;
                let sum = std::mem::take(&mut run[bit as usize]);
                if sum + others >= floor {
                    let row = start + number as u32 * RUN as u32 + bit;
                    self.candidates.push(row, sum);
                }
            }
        }
    }

    /// Looks the candidates up in the terms from `from` on, and offers what is left.
    fn finish(&mut self, from: usize, top: &mut impl Best) -> Result<(), WordsError> {
        let Some(first) = self.candidates.rows.first() else { return Ok(()) };
        let floor = top.floor(*first) * self.slack;
        for at in from..self.cursors.len() {
            self.candidates.keep_from(floor, self.rest[at]);
            self.candidates.look_up(&mut self.cursors[at], floor, self.rest[at + 1])?;
        }
        // Those that were not looked up everywhere are below the threshold.
        self.candidates.keep_from(floor, 0.0);
        for (row, score) in self.candidates.rows.drain(..).zip(self.candidates.sums.drain(..)) {
            let mut is_new = true;
            for cursor in &mut self.seen {
                is_new &= !(cursor.seek(row) && cursor.find(row)?.is_some());
            }
            if is_new {
                top.offer(score, row);
            }
        }
        Ok(())
    }
}

/// Rows that can still become hits, rising, and what the terms so far give them.
#[derive(Default)]
struct Candidates {
    rows: Vec<u32>,
    sums: Vec<f32>,
}

impl Candidates {
    fn push(&mut self, row: u32, sum: f32) {
        self.rows.push(row);
        self.sums.push(sum);
    }

    /// Keeps those that reach the threshold with this much more.
    fn keep_from(&mut self, floor: f32, more: f32) {
        let mut kept = 0;
        for at in 0..self.rows.len() {
            let (row, sum) = (self.rows[at], self.sums[at]);
            (self.rows[kept], self.sums[kept]) = (row, sum);
            kept += usize::from(sum + more >= floor);
        }
        self.rows.truncate(kept);
        self.sums.truncate(kept);
    }

    /// Adds what a term gives those that reach the threshold with it and this much after it.
    fn look_up(
        &mut self,
        cursor: &mut Cursor<'_, '_>,
        floor: f32,
        after: f32,
    ) -> Result<(), WordsError> {
        let mut rest = (self.rows.as_slice(), self.sums.as_mut_slice());
        let mut places = [Place::default(); BLOCK];
        while let Some(first) = rest.0.first() {
            if !cursor.seek(*first) {
                return Ok(());
            }
            let last = cursor.last_row();
            let here = rest.0.iter().take(BLOCK).take_while(|row| **row <= last).count();
            let (rows, later_rows) = rest.0.split_at(here.max(1));
            let (sums, later_sums) = rest.1.split_at_mut(here.max(1));
            rest = (later_rows, later_sums);
            let bound = cursor.bound() + after;
            let (mut good, mut found) = (Kept::default(), Kept::default());
            good.add(0..rows.len(), |at| sums[at] + bound >= floor);
            if good.count() > 0 {
                cursor.find_each(rows, good.places(), &mut found, &mut places)?;
                for (at, place) in found.places().iter().zip(&places) {
                    let at = usize::from(*at);
                    sums[at] += cursor.contribution_at(rows[at], *place)?;
                }
            }
        }
        Ok(())
    }
}

/// Adds what a term gives the rows from `first` on to the sums of the window from `start` on.
fn add_up(
    cursor: &mut Cursor<'_, '_>,
    first: u32,
    start: u32,
    sums: &mut [f32],
    touched: &mut [u64; WINDOW / RUN],
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
            touched[place / RUN] |= 1 << (place % RUN);
        }
        match cursor.last_row().checked_add(1) {
            Some(after) if after <= last => row = after,
            _ => break,
        }
    }
    Ok(())
}
