//! A store of words in small, and what it should answer, found by reading every text.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use sutra_format::hash::mix;
use sutra_index::words::score::{Norms, contribution};
use sutra_index::words::{
    Analyser, Clause, GONE, Hidden, MemoryView, MemoryWords, MergeInput, Purpose, Query, Scratch,
    Section, Source, Statistics, WordsError, merge, search,
};
use sutra_testkit::SplitMix;

/// Chance from a seed.
pub(crate) struct Chance(SplitMix);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(SplitMix::new(seed))
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0.below(limit as u64) as usize
    }

    pub(crate) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }
}

/// Where an id stands among the rows of a segment, and among hits of equal score.
pub(crate) fn placement(id: u32) -> u64 {
    mix(u64::from(id))
}

/// Where the newest row of an id is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Home {
    Memory(u32),
    Section(usize, u32),
}

/// A sealed section with the rows that newer ones hide.
pub(crate) struct Sealed {
    pub(crate) bytes: Vec<u8>,
    ids: Vec<Option<u32>>,
    dead: Vec<u64>,
}

impl Sealed {
    fn is_dead(&self, row: usize) -> bool {
        self.dead[row / 64] >> (row % 64) & 1 == 1
    }
}

/// Texts by id, in memory and in sections.
pub(crate) struct Store {
    analyser: Analyser,
    positions: bool,
    memory: MemoryWords,
    memory_ids: Vec<u32>,
    pub(crate) sections: Vec<Sealed>,
    live: BTreeMap<u32, (Home, String)>,
}

impl Store {
    pub(crate) fn new(analyser: Analyser, positions: bool) -> Self {
        Self {
            analyser,
            positions,
            memory: MemoryWords::new(analyser, positions),
            memory_ids: Vec::new(),
            sections: Vec::new(),
            live: BTreeMap::new(),
        }
    }

    pub(crate) fn put(&mut self, id: u32, text: &str) {
        self.delete(id);
        let row = self.memory.put(text).unwrap();
        self.memory_ids.resize(row as usize, u32::MAX);
        self.memory_ids.push(id);
        self.live.insert(id, (Home::Memory(row), text.to_owned()));
    }

    pub(crate) fn delete(&mut self, id: u32) {
        let Some((home, text)) = self.live.remove(&id) else { return };
        let hidden = match home {
            Home::Memory(row) => Hidden::Here(row),
            Home::Section(section, row) => {
                self.sections[section].dead[row as usize / 64] |= 1 << (row % 64);
                Hidden::Elsewhere
            }
        };
        self.memory.hide(hidden, &text).unwrap();
    }

    /// Memory becomes the newest section; rows without text stand between the others.
    pub(crate) fn flush(&mut self, chance: &mut Chance) {
        let view = self.memory.view();
        let kept = |row: u32| {
            let id = *self.memory_ids.get(row as usize).filter(|id| **id != u32::MAX)?;
            (self.live.get(&id)?.0 == Home::Memory(row)).then_some(id)
        };
        let mut rows: Vec<(u32, u32)> =
            (0..view.events()).filter_map(|row| Some((kept(row)?, row))).collect();
        rows.sort_by_key(|(id, _)| placement(*id));
        let mut map = vec![GONE; view.events() as usize];
        let mut ids = Vec::new();
        for (id, row) in rows {
            ids.resize(ids.len() + chance.below(8) / 6, None);
            map[row as usize] = ids.len() as u32;
            ids.push(Some(id));
        }
        let bytes = view.section(&map, ids.len() as u32).unwrap();
        let dead = vec![0; ids.len().div_ceil(64)];
        self.sections.push(Sealed { bytes, ids, dead });
        self.memory = MemoryWords::new(self.analyser, self.positions);
        self.memory_ids.clear();
        self.settle();
    }

    /// Merges sections that lie side by side. Dead rows go, or stay dead, by chance.
    pub(crate) fn merge(&mut self, first: usize, count: usize, chance: &mut Chance) {
        let mut rows: Vec<(u64, usize, usize, bool)> = Vec::new();
        for (number, sealed) in self.sections[first..first + count].iter().enumerate() {
            for (row, id) in sealed.ids.iter().enumerate() {
                let Some(id) = id else { continue };
                let dead = sealed.is_dead(row);
                if !dead || chance.one_in(3) {
                    rows.push((placement(*id), number, row, dead));
                }
            }
        }
        rows.sort_unstable();
        let merged = &self.sections[first..first + count];
        let mut maps: Vec<Vec<u32>> =
            merged.iter().map(|sealed| vec![GONE; sealed.ids.len()]).collect();
        let mut ids = Vec::new();
        let mut dead = vec![0; rows.len().div_ceil(64)];
        for (_, number, row, is_dead) in rows {
            let new = ids.len();
            maps[number][row] = new as u32;
            ids.push(merged[number].ids[row]);
            dead[new / 64] |= u64::from(is_dead) << (new % 64);
        }
        let inputs: Vec<MergeInput<'_>> = merged
            .iter()
            .zip(&maps)
            .map(|(sealed, map)| MergeInput { section: Section::open(&sealed.bytes).unwrap(), map })
            .collect();
        let bytes = merge(&inputs, ids.len() as u32).unwrap();
        self.sections.splice(first..first + count, [Sealed { bytes, ids, dead }]);
        self.settle();
    }

    /// Finds again where every row is.
    fn settle(&mut self) {
        for (number, sealed) in self.sections.iter().enumerate() {
            for (row, id) in sealed.ids.iter().enumerate() {
                let dead = sealed.is_dead(row);
                if let Some(id) = id.filter(|_| !dead) {
                    self.live.get_mut(&id).unwrap().0 = Home::Section(number, row as u32);
                }
            }
        }
    }

    /// What the store answers: scores and ids.
    pub(crate) fn search(
        &self,
        query: &Query,
        limit: usize,
        filter: Option<&dyn Fn(u32) -> bool>,
    ) -> Result<Vec<(f32, u32)>, WordsError> {
        let view = self.memory.view();
        let sources = self.sources(&view);
        let id = |source: usize, row: u32| match self.sections.get(source) {
            Some(sealed) => sealed.ids[row as usize].unwrap(),
            None => self.memory_ids[row as usize],
        };
        // A row without text has the key of the last one before it.
        let key = |source: usize, row: u32| match self.sections.get(source) {
            Some(sealed) => {
                let before = sealed.ids[..=row as usize].iter().rev().find_map(|id| *id);
                before.map_or(0, placement)
            }
            None => placement(self.memory_ids[row as usize]),
        };
        let asked = RefCell::new(BTreeSet::new());
        let allows = |source: usize, row: u32| {
            assert!(asked.borrow_mut().insert((source, row)), "asked twice for one row");
            let dead = self.sections.get(source).is_some_and(|sealed| sealed.is_dead(row as usize));
            !dead && filter.is_none_or(|filter| filter(id(source, row)))
        };
        let hits = search(&sources, query, limit, key, allows)?;
        Ok(hits.iter().map(|hit| (hit.score, id(hit.source, hit.row))).collect())
    }

    fn sources<'a>(&'a self, view: &'a MemoryView) -> Vec<Source<'a>> {
        let section = |sealed: &'a Sealed| Source::section(Section::open(&sealed.bytes).unwrap());
        let mut sources: Vec<Source<'_>> = self.sections.iter().map(section).collect();
        sources.push(Source::memory(view));
        sources
    }

    pub(crate) fn live_texts(&self) -> impl Iterator<Item = (u32, &str)> {
        self.live.iter().map(|(id, (_, text))| (*id, text.as_str()))
    }

    pub(crate) fn statistics(&self) -> Statistics {
        let sections = self.sections.iter().map(|s| Section::open(&s.bytes).unwrap().statistics());
        sections.fold(self.memory.view().statistics(), Statistics::plus)
    }
}

/// Every live text, taken apart, with the statistics of all.
pub(crate) struct Naive {
    rows: Vec<(u32, BTreeMap<String, Vec<u32>>, u32)>,
    pub(crate) statistics: Statistics,
}

impl Naive {
    pub(crate) fn new(analyser: &Analyser, store: &Store) -> Self {
        let mut naive = Self { rows: Vec::new(), statistics: Statistics::default() };
        for (id, text) in store.live_texts() {
            let mut terms: BTreeMap<String, Vec<u32>> = BTreeMap::new();
            let mut length = 0;
            analyser.each(text, Purpose::Index, &mut Scratch::default(), |term, position| {
                terms.entry(term.to_owned()).or_default().push(position);
                length += 1;
            });
            if length > 0 {
                naive.statistics.rows += 1;
                naive.statistics.terms += i64::from(length);
                naive.rows.push((id, terms, length));
            }
        }
        naive
    }

    pub(crate) fn df(&self, term: &str) -> i64 {
        self.rows.iter().filter(|(_, terms, _)| terms.contains_key(term)).count() as i64
    }

    /// What a search should answer.
    pub(crate) fn search(
        &self,
        query: &Query,
        limit: usize,
        filter: Option<&dyn Fn(u32) -> bool>,
    ) -> Vec<(f32, u32)> {
        let mut leaves: Vec<(f32, Clause)> = Vec::new();
        let mut seen: Vec<&Clause> = Vec::new();
        for clauses in [&query.must, &query.should] {
            seen.clear();
            for clause in clauses {
                if !seen.contains(&clause) {
                    seen.push(clause);
                    let repeats = clauses.iter().filter(|other| *other == clause).count() as u32;
                    self.weigh(clause, repeats, &mut leaves);
                }
            }
        }
        leaves.sort_by(|a, b| b.0.total_cmp(&a.0));
        let norms = Norms::new(self.statistics);
        let mut hits = Vec::new();
        for (id, terms, length) in &self.rows {
            let has = |clause: &Clause| self.frequency(clause, terms) > 0;
            let wanted = match query.must.as_slice() {
                [] => query.should.iter().any(has),
                must => must.iter().all(has),
            };
            if !wanted || query.must_not.iter().any(has) || filter.is_some_and(|f| !f(*id)) {
                continue;
            }
            let mut score = 0.0;
            for (weight, clause) in &leaves {
                let frequency = self.frequency(clause, terms);
                if frequency > 0 {
                    score += contribution(*weight, frequency, norms.inverse(*length));
                }
            }
            if query.min_score.is_none_or(|least| score >= least) {
                hits.push((score, *id));
            }
        }
        hits.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| placement(a.1).cmp(&placement(b.1))));
        hits.truncate(limit);
        hits
    }

    fn weigh(&self, clause: &Clause, repeats: u32, leaves: &mut Vec<(f32, Clause)>) {
        let weight = |term: &str| self.statistics.weight(self.df(term), repeats);
        match clause {
            Clause::Term(term) => leaves.push((weight(term), clause.clone())),
            Clause::Phrase(terms) => {
                leaves.push((terms.iter().map(|(term, _)| weight(term)).sum(), clause.clone()));
            }
            Clause::Prefix(start) => {
                let mut live: BTreeMap<&str, i64> = BTreeMap::new();
                let terms = self.rows.iter().flat_map(|(_, terms, _)| terms.keys());
                for term in terms.filter(|term| term.starts_with(start)) {
                    *live.entry(term).or_default() += 1;
                }
                let mut live: Vec<(&str, i64)> = live.into_iter().collect();
                live.sort_by_key(|(_, df)| -df);
                live.truncate(64);
                for (term, _) in live {
                    leaves.push((weight(term), Clause::Term(term.to_owned())));
                }
            }
        }
    }

    fn frequency(&self, clause: &Clause, terms: &BTreeMap<String, Vec<u32>>) -> u32 {
        match clause {
            Clause::Term(term) => terms.get(term).map_or(0, |positions| positions.len() as u32),
            Clause::Prefix(start) => {
                terms.keys().filter(|term| term.starts_with(start)).count() as u32
            }
            Clause::Phrase(words) if words.len() == 1 => {
                terms.get(&words[0].0).map_or(0, |positions| positions.len() as u32)
            }
            Clause::Phrase(words) => {
                let starts = |position: u32| {
                    words.iter().all(|(term, offset)| {
                        terms.get(term).is_some_and(|list| list.contains(&(position + offset)))
                    })
                };
                (0..=terms.values().flatten().copied().max().unwrap_or(0))
                    .filter(|position| starts(*position))
                    .count() as u32
            }
        }
    }
}
