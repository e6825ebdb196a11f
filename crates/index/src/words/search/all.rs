//! Rows that have all of the terms: the rarest list leads, the others are asked for its rows.
//!
//! A block of the leading list is taken at a time. First its rows are looked up in the other lists,
//! from the rarest on; only those that all lists have are scored. Once there is a threshold, blocks
//! and rows that cannot reach it, with what the lists so far give them, are passed over before they are
//! looked up in the next. Scores are added up in the order of the plan, not in that of the lists.

use super::super::error::WordsError;
use super::super::pack::{BLOCK, Block};
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
        List { cursor, later: 0.0, gives: [0.0; BLOCK] }
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
        lists,
        lead: *lead,
        asked,
        slack,
        count: 0,
        rows: [0; BLOCK],
        given: [0.0; BLOCK],
        places: [Place::default(); BLOCK],
    };
    search.run(top)
}

/// A list, and what was found in it.
struct List<'s, 'a> {
    cursor: Cursor<'s, 'a>,
    /// The most that all lists which are asked later give a row.
    later: f32,
    /// What it gives the rows that are left.
    gives: [f32; BLOCK],
}

struct Search<'s, 'a, 'o> {
    /// In the order of the plan.
    lists: Vec<List<'s, 'a>>,
    /// The list of fewest rows, and the others by rising number.
    lead: usize,
    asked: &'o [usize],
    slack: f32,
    /// Rows that every list so far has: so many at the front.
    count: usize,
    rows: Block,
    /// What every list so far gives them together.
    given: [f32; BLOCK],
    /// Where the list that is asked has them.
    places: [Place; BLOCK],
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
            if cursor.bound() + *later >= floor {
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
            top.offer(self.lists.iter().map(|list| list.gives[at]).sum(), self.rows[at]);
        }
        Ok(())
    }

    /// The rows of the leading list's block that can reach the threshold.
    fn lead(&mut self, floor: f32) -> Result<(), WordsError> {
        let List { cursor, later, gives } = &mut self.lists[self.lead];
        let count = cursor.contributions(gives)?.len();
        let mut kept = Kept::default();
        kept.add(0..count, |at| gives[at] + *later >= floor);
        kept.keep(gives);
        self.given[..kept.count()].copy_from_slice(&gives[..kept.count()]);
        let rows = cursor.block_of_rows();
        for (to, from) in kept.places().iter().enumerate() {
            self.rows[to] = rows[usize::from(*from) % BLOCK];
        }
        self.count = kept.count();
        Ok(())
    }

    /// Keeps the rows that a list has as well.
    fn look_up(&mut self, at: usize, floor: f32) -> Result<(), WordsError> {
        let List { cursor, later, .. } = &mut self.lists[self.asked[at]];
        let rows = &self.rows[..self.count];
        let (mut kept, mut good) = (Kept::default(), Kept::default());
        let mut from = 0;
        while from < rows.len() && cursor.seek(rows[from]) {
            let last = cursor.last_row();
            let here = rows[from..].iter().take_while(|row| **row <= last).count();
            let until = from + here.max(1);
            good.clear();
            let bound = cursor.bound() + *later;
            good.add(from..until, |at| self.given[at] + bound >= floor);
            if good.count() > 0 {
                cursor.find_each(rows, good.places(), &mut kept, &mut self.places)?;
            }
            from = until;
        }
        kept.keep(&mut self.rows);
        kept.keep(&mut self.given);
        kept.keep(&mut self.lists[self.lead].gives);
        for before in &self.asked[..at] {
            kept.keep(&mut self.lists[*before].gives);
        }
        self.count = kept.count();
        let List { cursor, gives, .. } = &mut self.lists[self.asked[at]];
        let left =
            self.rows.iter().zip(&mut self.given).zip(gives).zip(&self.places).take(self.count);
        for (((row, given), gives), place) in left {
            *gives = cursor.contribution_at(*row, *place)?;
            *given += *gives;
        }
        Ok(())
    }
}
