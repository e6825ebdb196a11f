//! A small closed piece of a data set: breadth first from one concept, then every association
//! whose two ends were reached. Lines are copied as they are.

use std::collections::{HashMap, HashSet, VecDeque};

use serde::Deserialize;
use serde_json::Error;

use crate::failure::{Failure, Result};

use super::{ASSOCIATIONS, CONCEPTS};

/// The dog, in WordNet 3.1.
const START: &str = "wn-02086723-n";

/// Up to what is more general and down to what is more special.
const WALKED: [&str; 2] = ["hypernym", "hyponym"];

/// As many concepts as fill about 100 kB with their associations.
const CONCEPTS_MAX: usize = 300;

/// The two files of an excerpt.
#[derive(Debug)]
pub(crate) struct Excerpt {
    pub(crate) concepts: String,
    pub(crate) associations: String,
}

#[derive(Deserialize)]
struct Concept<'a> {
    key: &'a str,
}

#[derive(Deserialize)]
struct Association<'a> {
    source: &'a str,
    target: &'a str,
    r#type: &'a str,
}

/// Cuts the excerpt out of the lines of a whole data set.
pub(crate) fn cut(concepts: &str, associations: &str) -> Result<Excerpt> {
    cut_at(concepts, associations, START, CONCEPTS_MAX)
}

fn cut_at(concepts: &str, associations: &str, start: &str, limit: usize) -> Result<Excerpt> {
    let edges: Vec<Association<'_>> = parse(associations, ASSOCIATIONS)?;
    let nodes: Vec<Concept<'_>> = parse(concepts, CONCEPTS)?;
    if !nodes.iter().any(|node| node.key == start) {
        return Err(Failure::new(format!("{start} is no concept here; WordNet 3.1 has it")));
    }
    let reached = reach(&edges, start, limit);
    let concepts = pick(concepts, &nodes, |node| reached.contains(node.key));
    let associations = pick(associations, &edges, |edge| {
        reached.contains(edge.source) && reached.contains(edge.target)
    });
    Ok(Excerpt { concepts, associations })
}

/// The keys found breadth first, at most `limit` of them.
fn reach<'a>(edges: &[Association<'a>], start: &'a str, limit: usize) -> HashSet<&'a str> {
    let mut next: HashMap<&str, Vec<&str>> = HashMap::new();
    for edge in edges.iter().filter(|edge| WALKED.contains(&edge.r#type)) {
        next.entry(edge.source).or_default().push(edge.target);
    }
    let mut reached = HashSet::from([start]);
    let mut queue = VecDeque::from([start]);
    while let Some(at) = queue.pop_front() {
        for target in next.get(at).into_iter().flatten() {
            if reached.len() == limit {
                return reached;
            }
            if reached.insert(target) {
                queue.push_back(target);
            }
        }
    }
    reached
}

fn parse<'a, T: Deserialize<'a>>(lines: &'a str, name: &str) -> Result<Vec<T>> {
    let rows = lines.lines().enumerate().map(|(number, line)| {
        serde_json::from_str(line)
            .map_err(|error: Error| Failure::new(format!("{name}:{}: {error}", number + 1)))
    });
    rows.collect()
}

/// The lines whose rows are wanted.
fn pick<T>(lines: &str, rows: &[T], wanted: impl Fn(&T) -> bool) -> String {
    let kept = lines.lines().zip(rows).filter(|(_, row)| wanted(row));
    kept.flat_map(|(line, _)| [line, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODES: &str = "{\"key\":\"a\"}\n{\"key\":\"b\"}\n{\"key\":\"c\"}\n{\"key\":\"d\"}\n";
    const EDGES: &str = "\
{\"source\":\"a\",\"target\":\"b\",\"type\":\"hyponym\"}
{\"source\":\"a\",\"target\":\"d\",\"type\":\"antonym\"}
{\"source\":\"b\",\"target\":\"a\",\"type\":\"antonym\"}
{\"source\":\"b\",\"target\":\"c\",\"type\":\"hypernym\"}
";

    #[test]
    fn an_excerpt_follows_the_walked_kinds_and_keeps_every_association_inside() {
        let cut = cut_at(NODES, EDGES, "a", 9).unwrap();
        assert_eq!(cut.concepts, "{\"key\":\"a\"}\n{\"key\":\"b\"}\n{\"key\":\"c\"}\n");
        let kept: Vec<_> = EDGES.lines().filter(|line| !line.contains("\"d\"")).collect();
        assert_eq!(cut.associations.lines().collect::<Vec<_>>(), kept);
    }

    #[test]
    fn an_excerpt_stops_at_its_limit() {
        let cut = cut_at(NODES, EDGES, "a", 2).unwrap();
        assert_eq!(cut.concepts, "{\"key\":\"a\"}\n{\"key\":\"b\"}\n");
    }

    #[test]
    fn a_start_that_is_not_there_is_an_error() {
        let failure = cut_at(NODES, EDGES, "z", 9).unwrap_err().to_string();
        assert_eq!(failure, "z is no concept here; WordNet 3.1 has it");
    }
}
