//! Rows that have all of the terms: the rarest list leads, the others are asked for its rows.
//!
//! Blocks of the leading list whose bounds cannot reach the threshold are passed over whole. Scores
//! are added up in the order of the plan, not in that of the lists.

use super::super::error::WordsError;
use super::super::pack::BLOCK;
use super::cursor::Cursor;
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
    let cursors =
        found.iter().map(|(weight, found)| Cursor::new(source, &plan.norms, found, *weight));
    let cursors: Vec<Cursor<'_, '_>> = cursors.collect();
    if cursors.is_empty() {
        return Ok(());
    }
    Search::new(cursors).run(top)
}

struct Search<'s, 'a> {
    /// In the order of the plan.
    cursors: Vec<Cursor<'s, 'a>>,
    /// The cursors by rising number of rows.
    order: Vec<usize>,
    others: f32,
    slack: f32,
    /// Rows that every list so far has.
    rows: Vec<u32>,
    /// For each cursor what it gives each of `rows`; empty for those not asked yet.
    given: Vec<Vec<f32>>,
    kept: Vec<usize>,
}

impl<'s, 'a> Search<'s, 'a> {
    fn new(cursors: Vec<Cursor<'s, 'a>>) -> Self {
        let mut order: Vec<usize> = (0..cursors.len()).collect();
        order.sort_by_key(|at| cursors[*at].df());
        let others = order[1..].iter().map(|at| cursors[*at].most).sum();
        let slack = 1.0 - ROUNDING * (cursors.len() + 4) as f32;
        let given = cursors.iter().map(|_| Vec::new()).collect();
        Self { cursors, order, others, slack, rows: Vec::new(), given, kept: Vec::new() }
    }

    fn run(mut self, top: &mut impl Best) -> Result<(), WordsError> {
        let mut row = 0;
        loop {
            let lead = &mut self.cursors[self.order[0]];
            if !lead.seek(row) {
                return Ok(());
            }
            let last = lead.last_row();
            let floor = top.floor(row) * self.slack;
            if lead.bound() + self.others >= floor {
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
        let lead = self.order[0];
        let mut given = [0.0; BLOCK];
        let rows = self.cursors[lead].contributions(&mut given)?;
        self.rows.clear();
        self.given.iter_mut().for_each(Vec::clear);
        for (row, given) in rows.iter().zip(&given) {
            if *given + self.others >= floor {
                self.rows.push(*row);
                self.given[lead].push(*given);
            }
        }
        for at in 1..self.order.len() {
            self.intersect(at, floor)?;
        }
        for (at, row) in self.rows.iter().enumerate() {
            let score = self.given.iter().fold(0.0, |sum, given| sum + given[at]);
            top.offer(score, *row);
        }
        Ok(())
    }

    /// Keeps the rows that the list at this place of the order has as well.
    fn intersect(&mut self, at: usize, floor: f32) -> Result<(), WordsError> {
        let number = self.order[at];
        let but_this = self.order[1..].iter().filter(|other| **other != number);
        let others: f32 = but_this.map(|other| self.cursors[*other].most).sum();
        let cursor = &mut self.cursors[number];
        let mut mine = std::mem::take(&mut self.given[number]);
        let leads = &self.given[self.order[0]];
        self.kept.clear();
        for (index, row) in self.rows.iter().enumerate() {
            if !cursor.seek(*row) {
                break;
            }
            if leads[index] + cursor.bound() + others < floor {
                continue;
            }
            if let Some(place) = cursor.find(*row)? {
                mine.push(cursor.contribution_at(place)?);
                self.kept.push(index);
            }
        }
        let kept = &self.kept;
        keep(&mut self.rows, kept);
        self.order[..at].iter().for_each(|before| keep(&mut self.given[*before], kept));
        self.given[number] = mine;
        Ok(())
    }
}

/// Keeps the values at these places, which rise.
fn keep<T: Copy>(values: &mut Vec<T>, places: &[usize]) {
    for (to, from) in places.iter().enumerate() {
        values[to] = values[*from];
    }
    values.truncate(places.len());
}
