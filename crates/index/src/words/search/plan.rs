//! A query against all sources: its terms, their weights, and where each source has them.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::super::error::WordsError;
use super::super::score::{Norms, Statistics};
use super::source::{Found, Source};
use super::{Clause, Query};

/// Terms that a prefix stands for at most: those that most rows have.
pub(in super::super) const PREFIX_TERMS_MAX: usize = 64;

/// How a query is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Any,
    All,
    Mixed,
}

/// What a clause is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Must,
    Should,
    MustNot,
}

/// A term or a phrase with a weight of its own.
#[derive(Debug)]
pub(super) struct Leaf<'a> {
    /// Which clause it belongs to.
    pub(super) clause: usize,
    /// Of a clause that must not be there: nothing.
    pub(super) weight: f32,
    /// One for each term of a phrase, else one.
    pub(super) terms: Vec<LeafTerm<'a>>,
}

/// A term, and where each source has it.
#[derive(Debug)]
pub(super) struct LeafTerm<'a> {
    pub(super) offset: u32,
    pub(super) found: Vec<Option<Found<'a>>>,
    df: i64,
}

/// A query against all sources.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    pub(super) norms: Norms,
    /// By falling weight, then as they were asked for: the order in which scores are added up.
    pub(super) leaves: Vec<Leaf<'a>>,
    pub(super) roles: Vec<Role>,
    shape: Shape,
}

impl<'a> Plan<'a> {
    pub(super) fn new(sources: &[Source<'a>], query: &Query) -> Result<Self, WordsError> {
        let statistics =
            sources.iter().fold(Statistics::default(), |sum, source| sum.plus(source.statistics()));
        let clauses = clauses(query);
        let mut plan = Self {
            norms: Norms::new(statistics),
            leaves: Vec::new(),
            roles: clauses.iter().map(|(role, ..)| *role).collect(),
            shape: shape(query),
        };
        for (number, (role, clause, repeats)) in clauses.iter().enumerate() {
            let mut leaves = leaves(sources, clause, number)?;
            for leaf in &mut leaves {
                if *role != Role::MustNot {
                    leaf.weight = weight(statistics, &leaf.terms, *repeats);
                }
            }
            plan.leaves.append(&mut leaves);
        }
        // Stable: of equal weights the one that was asked for first stays first.
        plan.leaves.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        Ok(plan)
    }

    pub(super) fn shape(&self) -> Shape {
        self.shape
    }

    /// Whether no row can be a hit, whatever the sources have.
    pub(super) fn is_hopeless(&self) -> bool {
        !self.roles.iter().any(|role| *role != Role::MustNot)
    }
}

fn shape(query: &Query) -> Shape {
    let simple = |clauses: &[Clause]| clauses.iter().all(|c| matches!(c, Clause::Term(_)));
    match (query.must.as_slice(), query.should.as_slice(), query.must_not.as_slice()) {
        ([], should, []) if simple(should) => Shape::Any,
        ([_], [], []) if simple(&query.must) => Shape::Any,
        (must, [], []) if simple(must) => Shape::All,
        _ => Shape::Mixed,
    }
}

/// The different clauses with their roles, and how often each was asked for.
fn clauses(query: &Query) -> Vec<(Role, &Clause, u32)> {
    let mut clauses: Vec<(Role, &Clause, u32)> = Vec::new();
    let lists = [
        (Role::Must, &query.must),
        (Role::Should, &query.should),
        (Role::MustNot, &query.must_not),
    ];
    for (role, list) in lists {
        let start = clauses.len();
        for clause in list {
            match clauses[start..].iter_mut().find(|(_, known, _)| *known == clause) {
                Some((.., repeats)) => *repeats += 1,
                None => clauses.push((role, clause, 1)),
            }
        }
    }
    clauses
}

fn leaves<'a>(
    sources: &[Source<'a>],
    clause: &Clause,
    number: usize,
) -> Result<Vec<Leaf<'a>>, WordsError> {
    let leaf = |terms| Leaf { clause: number, weight: 0.0, terms };
    Ok(match clause {
        Clause::Term(text) => vec![leaf(vec![term(sources, text.as_bytes(), 0)?])],
        Clause::Phrase(words) => {
            let terms = words.iter().map(|(text, offset)| term(sources, text.as_bytes(), *offset));
            vec![leaf(terms.collect::<Result<_, _>>()?)]
        }
        Clause::Prefix(start) => {
            let terms = expand(sources, start.as_bytes())?;
            terms.into_iter().map(|term| leaf(vec![term])).collect()
        }
    })
}

fn term<'a>(sources: &[Source<'a>], text: &[u8], offset: u32) -> Result<LeafTerm<'a>, WordsError> {
    let mut df = 0_i64;
    let mut found = Vec::with_capacity(sources.len());
    for source in sources {
        let (here, change) = source.find(text)?;
        found.push(here);
        df = df.saturating_add(change);
    }
    Ok(LeafTerm { offset, found, df })
}

/// The terms that start so and that live rows have: those of most rows, by their bytes where as many
/// rows have them. Which ones they are follows from the live rows alone.
fn expand<'a>(sources: &[Source<'a>], prefix: &[u8]) -> Result<Vec<LeafTerm<'a>>, WordsError> {
    let mut dfs: BTreeMap<Vec<u8>, i64> = BTreeMap::new();
    for source in sources {
        source.each_with_prefix(prefix, |term, change| {
            if let Some(df) = dfs.get_mut(term) {
                *df = df.saturating_add(change);
            } else {
                dfs.insert(term.to_vec(), change);
            }
        })?;
    }
    let mut live: Vec<(Reverse<i64>, Vec<u8>)> =
        dfs.into_iter().filter(|(_, df)| *df > 0).map(|(term, df)| (Reverse(df), term)).collect();
    live.sort();
    live.truncate(PREFIX_TERMS_MAX);
    live.iter().map(|(_, text)| term(sources, text, 0)).collect()
}

/// The weight of a term, or the sum of those of a phrase.
fn weight(statistics: Statistics, terms: &[LeafTerm<'_>], repeats: u32) -> f32 {
    terms.iter().map(|term| statistics.weight(term.df, repeats)).sum()
}
