//! Rows that have all of the terms: the rarest list leads, the others are asked for its rows.
//!
//! A block of the leading list is taken at a time. First its rows are looked up in the other lists,
//! from the rarest on; only those that all lists have are scored. Once there is a threshold, blocks
//! and rows that cannot reach it, with what the lists so far give them, are passed over before they are
//! looked up in the next. Scores are added up in the order of the plan, not in that of the lists.

use super::super::error::WordsError;
use super::super::pack::{BLOCK, Block};
use super::super::score::Norms;
use super::cursor::{Cursor, Place};
use super::kept::Kept;
use super::plan::Plan;
use super::source::Source;
use super::top::Best;

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
        leaf.terms.iter().map(|term| Some((leaf.weight, term.found[number].as_ref()?)))
    });
    let Some(found) = found.collect::<Option<Vec<_>>>() else { return Ok(()) };
    let lists = found.iter().map(|(weight, found)| {
        let cursor = Cursor::new(source, &plan.norms, found, *weight);
        List { cursor, later: 0.0, places: [Place::default(); BLOCK] }
    });
    let mut lists: Vec<List<'_, '_>> = lists.collect();
    let mut order: Vec<usize> = (0..lists.len()).collect();
    order.sort_by_key(|at| lists[*at].cursor.df());
    let Some((lead, asked)) = order.split_first() else { return Ok(()) };
    let bounds: Vec<f32> = lists.iter().map(|list| list.cursor.most).collect();
    for (place, at) in order.iter().enumerate() {
        lists[*at].later = order[place + 1..].iter().map(|other| bounds[*other]).sum();
    }
    let slack = 1.0 - ROUNDING * (lists.len() + 4) as f32;
    let search = Search {
        source,
        norms: &plan.norms,
        lists,
        lead: *lead,
        asked,
        slack,
        count: 0,
        rows: [0; BLOCK],
        given: [0.0; BLOCK],
    };
    search.run(top)
}

/// A list, and what was found in it.
struct List<'s, 'a> {
    cursor: Cursor<'s, 'a>,
    /// The most that all lists which are asked later give a row.
    later: f32,
    /// Where it has the rows that are left.
    places: [Place; BLOCK],
}

struct Search<'s, 'a, 'o> {
    source: &'s Source<'a>,
    norms: &'s Norms,
    /// In the order of the plan.
    lists: Vec<List<'s, 'a>>,
    /// The list of fewest rows, and the others by rising number.
    lead: usize,
    asked: &'o [usize],
    slack: f32,
    /// Rows that every list so far has: so many at the front.
    count: usize,
    rows: Block,
    /// What every list so far gives them together, where there is a threshold.
    given: [f32; BLOCK],
}

impl Search<'_, '_, '_> {
    fn run(mut self, top: &mut impl Best) -> Result<(), WordsError> {
        let mut row = 0;
        loop {
            let List { cursor, later, .. } = &mut self.lists[self.lead];
            if !cursor.seek(row) {
                return Ok(());
            }
            let last = cursor.last_row();
            let floor = top.floor(row) * self.slack;
            if floor <= 0.0 || cursor.bound() + *later >= floor {
                self.block(floor, top)?;
            }
            match last.checked_add(1) {
                Some(after) => row = after,
                None => return Ok(()),
            }
        }
    }

    /// The rows of the leading list's block that all lists have.
    fn block(&mut self, floor: f32, top: &mut impl Best) -> Result<(), WordsError> {
        self.lead(floor)?;
        for at in 0..self.asked.len() {
            if self.count == 0 {
                return Ok(());
            }
            self.look_up(at, floor)?;
        }
        for at in 0..self.count {
            top.offer(self.score(at)?, self.rows[at]);
        }
        Ok(())
    }

    /// The rows of the leading list's block that can reach the threshold.
    fn lead(&mut self, floor: f32) -> Result<(), WordsError> {
        let List { cursor, later, places } = &mut self.lists[self.lead];
        let mut kept = Kept::default();
        if floor > 0.0 {
            let count = cursor.contributions(&mut self.given)?.len();
            kept.add(0..count, |at| self.given[at] + *later >= floor);
            kept.keep(&mut self.given);
        } else {
            let count = cursor.rows()?.len();
            kept.add(0..count, |_| true);
        }
        let rows = cursor.block_of_rows();
        for (to, from) in kept.places().iter().enumerate() {
            let from = usize::from(*from);
            self.rows[to] = rows[from % BLOCK];
            places[to] = cursor.place(from);
        }
        self.count = kept.count();
        Ok(())
    }

    /// Keeps the rows that a list has as well.
    fn look_up(&mut self, at: usize, floor: f32) -> Result<(), WordsError> {
        let List { cursor, later, places } = &mut self.lists[self.asked[at]];
        let rows = &self.rows[..self.count];
        let (mut kept, mut good) = (Kept::default(), Kept::default());
        let mut from = 0;
        while from < rows.len() && cursor.seek(rows[from]) {
            let last = cursor.last_row();
            let here = rows[from..].iter().take_while(|row| **row <= last).count();
            let until = from + here.max(1);
            good.clear();
            if floor > 0.0 {
                let bound = cursor.bound() + *later;
                good.add(from..until, |at| self.given[at] + bound >= floor);
            } else {
                good.add(from..until, |_| true);
            }
            if good.count() > 0 {
                cursor.find_each(rows, good.places(), &mut kept, places)?;
            }
            from = until;
        }
        kept.keep(&mut self.rows);
        kept.keep(&mut self.given);
        kept.keep(&mut self.lists[self.lead].places);
        for before in &self.asked[..at] {
            kept.keep(&mut self.lists[*before].places);
        }
        self.count = kept.count();
        if floor > 0.0 && at + 1 < self.asked.len() {
            self.add_to_given(self.asked[at])?;
        }
        Ok(())
    }

    /// Adds what a list gives the rows that are left.
    fn add_to_given(&mut self, list: usize) -> Result<(), WordsError> {
        let List { cursor, places, .. } = &self.lists[list];
        let left = self.given.iter_mut().zip(&self.rows).zip(places).take(self.count);
        for ((given, row), place) in left {
            *given += cursor.contribution_at(*row, *place)?;
        }
        Ok(())
    }

    /// The score of one of the rows that all lists have.
    fn score(&self, at: usize) -> Result<f32, WordsError> {
        let inverse = self.norms.inverse(self.source.lengths().get(self.rows[at]));
        let mut sum = 0.0;
        for list in &self.lists {
            sum += list.cursor.contribution_to(inverse, list.places[at])?;
        }
        Ok(sum)
    }
}
