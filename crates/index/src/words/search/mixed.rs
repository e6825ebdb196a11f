//! Every other query: phrases, prefixes, and what must, should and must not be there together.
//!
//! Rows are gone through in windows of 4,096. Each clause marks its rows in a set of bits and, in the
//! order of the plan, adds to their scores; the sets then decide which rows are hits. Nothing is left
//! out by bounds.

use super::super::error::WordsError;
use super::super::pack::BLOCK;
use super::super::score::{Norms, contribution};
use super::cursor::Cursor;
use super::list::Positions;
use super::plan::{Leaf, Plan, Role};
use super::source::Source;
use super::top::Best;

/// Rows of a window.
const WINDOW: usize = 4096;

/// A set of the rows of a window.
type Bits = [u64; WINDOW / 64];

/// Offers every hit of a source.
pub(super) fn run(
    plan: &Plan<'_>,
    sources: &[Source<'_>],
    number: usize,
    top: &mut impl Best,
) -> Result<(), WordsError> {
    let source = &sources[number];
    let mut walks = Vec::new();
    for leaf in &plan.leaves {
        walks.extend(Walk::new(source, &plan.norms, leaf, number)?);
    }
    let mut marks: Vec<Bits> = vec![[0; WINDOW / 64]; plan.roles.len()];
    let mut sums = Box::new([0.0_f32; WINDOW]);
    let rows = u64::from(source.rows());
    for start in (0..rows).step_by(WINDOW) {
        let start = start as u32;
        let mut any = false;
        for walk in &mut walks {
            any |= walk.window(start, &mut sums[..], &mut marks[walk.clause])?;
        }
        if any {
            for word in 0..WINDOW / 64 {
                let hits = combine(&plan.roles, &marks, word);
                offer(hits, start + word as u32 * 64, &sums[word * 64..word * 64 + 64], top);
            }
            marks.iter_mut().for_each(|bits| *bits = [0; WINDOW / 64]);
            sums.fill(0.0);
        }
    }
    Ok(())
}

/// Which of 64 rows are hits.
fn combine(roles: &[Role], marks: &[Bits], word: usize) -> u64 {
    let has = |role: Role| {
        roles.iter().zip(marks).filter(move |(r, _)| **r == role).map(|(_, b)| b[word])
    };
    let any = |role: Role| has(role).fold(0, |all, bits| all | bits);
    let wanted = if roles.contains(&Role::Must) {
        has(Role::Must).fold(u64::MAX, |all, bits| all & bits)
    } else {
        any(Role::Should)
    };
    wanted & !any(Role::MustNot)
}

fn offer(mut hits: u64, start: u32, sums: &[f32], top: &mut impl Best) {
    while hits != 0 {
        let bit = hits.trailing_zeros();
        hits &= hits - 1;
        top.offer(sums[bit as usize], start + bit);
    }
}

/// A term or a phrase under way.
struct Walk<'s, 'a> {
    clause: usize,
    weight: f32,
    source: &'s Source<'a>,
    norms: &'s Norms,
    cursors: Vec<Cursor<'s, 'a>>,
    /// For each cursor of a phrase its positions, and by how much they are shifted.
    phrase: Vec<(Positions<'a>, u32)>,
    buffers: Vec<Vec<u32>>,
}

impl<'s, 'a> Walk<'s, 'a> {
    /// None where the source does not have all of its terms.
    fn new(
        source: &'s Source<'a>,
        norms: &'s Norms,
        leaf: &'s Leaf<'a>,
        number: usize,
    ) -> Result<Option<Self>, WordsError> {
        let mut found: Vec<_> = Vec::new();
        for term in &leaf.terms {
            let Some(here) = &term.found[number] else { return Ok(None) };
            found.push((here, term.offset));
        }
        if found.is_empty() {
            return Ok(None);
        }
        // The rarest term leads; what a phrase gives depends on no order.
        found.sort_by_key(|(found, _)| found.df);
        let mut phrase = Vec::new();
        if found.len() > 1 {
            for (found, offset) in &found {
                phrase.push((source.positions(found)?, *offset));
            }
        }
        let cursor = |(found, _): &(&'s _, u32)| Cursor::new(source, norms, found, leaf.weight);
        let buffers = found.iter().map(|_| Vec::new()).collect();
        Ok(Some(Self {
            clause: leaf.clause,
            weight: leaf.weight,
            source,
            norms,
            cursors: found.iter().map(cursor).collect(),
            phrase,
            buffers,
        }))
    }

    /// Marks its rows of a window and adds to their scores. Whether there are any.
    fn window(
        &mut self,
        start: u32,
        sums: &mut [f32],
        marks: &mut Bits,
    ) -> Result<bool, WordsError> {
        let last = start + (WINDOW as u32 - 1);
        let mut row = start;
        let mut any = false;
        while self.cursors[0].seek(row) {
            let mut given = [0.0; BLOCK];
            let mut rows = [0; BLOCK];
            let these = self.cursors[0].contributions(&mut given)?;
            let count = these.len();
            rows[..count].copy_from_slice(these);
            for (row, given) in rows[..count].iter().zip(given) {
                let place = row.wrapping_sub(start) as usize;
                if place >= WINDOW {
                    continue;
                }
                let given =
                    if self.phrase.is_empty() { Some(given) } else { self.in_phrase(*row)? };
                if let Some(given) = given {
                    sums[place] += given;
                    marks[place / 64] |= 1 << (place % 64);
                    any = true;
                }
            }
            match self.cursors[0].last_row().checked_add(1) {
                Some(after) if after <= last => row = after,
                _ => break,
            }
        }
        Ok(any)
    }

    /// What the phrase gives a row that has its rarest term, if it has the phrase.
    fn in_phrase(&mut self, row: u32) -> Result<Option<f32>, WordsError> {
        let mut places = Vec::with_capacity(self.cursors.len());
        for cursor in &mut self.cursors {
            if !cursor.seek(row) {
                return Ok(None);
            }
            let Some(place) = cursor.find(row)? else { return Ok(None) };
            places.push(place);
        }
        for (at, cursor) in self.cursors.iter_mut().enumerate() {
            let (positions, _) = &mut self.phrase[at];
            cursor.positions_at(places[at], positions, &mut self.buffers[at])?;
        }
        let shifts: Vec<u32> = self.phrase.iter().map(|(_, offset)| *offset).collect();
        let frequency = phrase_frequency(&self.buffers, &shifts);
        if frequency == 0 {
            return Ok(None);
        }
        let inverse = self.norms.inverse(self.source.lengths().get(row));
        Ok(Some(contribution(self.weight, frequency, inverse)))
    }
}

/// How often all lists have positions that differ as the shifts do.
fn phrase_frequency(positions: &[Vec<u32>], shifts: &[u32]) -> u32 {
    let Some((first, others)) = positions.split_first() else { return 0 };
    let fits = |position: &&u32| {
        others.iter().zip(&shifts[1..]).all(|(list, shift)| {
            let wanted = i64::from(**position) - i64::from(shifts[0]) + i64::from(*shift);
            u32::try_from(wanted).is_ok_and(|wanted| list.binary_search(&wanted).is_ok())
        })
    };
    // A term may stand twice at one position: a word and its only part, once both are stemmed.
    let mut last = None;
    let new = |position: &&u32| last.replace(**position) != Some(**position);
    first.iter().filter(new).filter(fits).count() as u32
}
