//! What is read, and which answers are right.

use sutra_format::ConceptId;
use sutra_testkit::SplitMix;

use crate::Result;
use crate::engine::{Reader, Sum};
use crate::graph::{Direction, Graph, id_value, random_id, source_hash, text_value};

/// How many ids are asked for at once.
const AT_ONCE: usize = 1_000;

/// Concepts to ask for: their numbers and ids, in random order.
pub struct Questions {
    numbers: Vec<usize>,
    /// The ids, one after the other, so that asking costs nothing but the answer.
    pub ids: Vec<ConceptId>,
    /// Ids that do not exist.
    pub absent: Vec<ConceptId>,
}

impl Questions {
    /// Draws `count` of them.
    pub fn new(graph: &Graph, count: usize, seed: u64) -> Self {
        let mut rng = SplitMix::new(seed);
        let bound = graph.ids().len() as u64;
        let numbers: Vec<_> = (0..count).map(|_| rng.below(bound) as usize).collect();
        let ids = numbers.iter().map(|&number| graph.ids()[number]).collect();
        let absent = (0..count).map(|_| random_id(&mut rng)).collect();
        Self { numbers, ids, absent }
    }

    /// The right sum of records.
    pub fn records(&self) -> Sum {
        self.ids.iter().map(|id| source_hash(id).into()).collect()
    }

    /// The right sum of texts.
    pub fn texts(&self, graph: &Graph) -> Sum {
        self.numbers.iter().map(|&number| text_value(graph.text(number))).collect()
    }

    /// The right sum of the neighbours of the first `count`.
    pub fn neighbours(&self, graph: &Graph, direction: Direction, count: usize) -> Sum {
        let of = |&number: &usize| graph.neighbours(number, direction);
        let ends = self.numbers[..count].iter().flat_map(of);
        ends.map(|&end| id_value(&graph.ids()[end as usize])).collect()
    }

    /// The right sum of what is within two hops of the first `count`.
    pub fn two_hops(&self, graph: &Graph, count: usize) -> Sum {
        let mut sum = Sum::default();
        for &number in &self.numbers[..count] {
            let reached = reached(graph, number, None);
            reached.iter().for_each(|&end| sum.add(id_value(&graph.ids()[end as usize])));
        }
        sum
    }

    /// The right sum of the first `count` and what is within two hops of them.
    pub fn within_two(&self, graph: &Graph, count: usize) -> Sum {
        let mut sum = Sum::default();
        for &number in &self.numbers[..count] {
            let reached = reached(graph, number, u32::try_from(number).ok());
            reached.iter().for_each(|&end| sum.add(id_value(&graph.ids()[end as usize])));
        }
        sum
    }
}

/// What one or two associations lead to, and one more.
fn reached(graph: &Graph, number: usize, more: Option<u32>) -> Vec<u32> {
    let mut reached = graph.neighbours(number, Direction::Out).to_vec();
    for first in reached.clone() {
        reached.extend(graph.neighbours(first as usize, Direction::Out));
    }
    reached.extend(more);
    reached.sort_unstable();
    reached.dedup();
    reached
}

/// Records one by one; of those that there are.
pub fn records<R: Reader>(reader: &R, ids: &[ConceptId]) -> Result<Sum> {
    let mut sum = Sum::default();
    for id in ids {
        if let Some(value) = reader.record(id)? {
            sum.add(value);
        }
    }
    Ok(sum)
}

/// Texts one by one.
pub fn texts<R: Reader>(reader: &R, ids: &[ConceptId]) -> Result<Sum> {
    let mut sum = Sum::default();
    for id in ids {
        if let Some(value) = reader.text(id)? {
            sum.add(value);
        }
    }
    Ok(sum)
}

/// Records, many at once.
pub fn records_at_once<R: Reader>(reader: &R, ids: &[ConceptId]) -> Result<Sum> {
    let mut sum = Sum::default();
    for ids in ids.chunks(AT_ONCE) {
        reader.records(ids, &mut sum)?;
    }
    Ok(sum)
}

/// The neighbours of each.
pub fn neighbours<R: Reader>(reader: &R, ids: &[ConceptId], direction: Direction) -> Result<Sum> {
    let mut sum = Sum::default();
    for id in ids {
        reader.neighbours(id, direction, |end| sum.add(id_value(end)))?;
    }
    Ok(sum)
}

/// What is reached from each by one or two associations, each concept once.
pub fn two_hops<R: Reader>(reader: &R, ids: &[ConceptId]) -> Result<Sum> {
    let mut sum = Sum::default();
    let mut reached: Vec<ConceptId> = Vec::new();
    for id in ids {
        reached.clear();
        reader.neighbours(id, Direction::Out, |end| reached.push(*end))?;
        // The same neighbour by several kinds is followed once.
        reached.sort_unstable();
        reached.dedup();
        for at in 0..reached.len() {
            let first = reached[at];
            reader.neighbours(&first, Direction::Out, |end| reached.push(*end))?;
        }
        reached.sort_unstable();
        reached.dedup();
        reached.iter().for_each(|end| sum.add(id_value(end)));
    }
    Ok(sum)
}

/// What is within two associations of each, itself among it, each concept once.
pub fn within_two<R: Reader>(reader: &R, ids: &[ConceptId]) -> Result<Sum> {
    let mut sum = Sum::default();
    for id in ids {
        reader.within_two(id, |found| sum.add(id_value(found)))?;
    }
    Ok(sum)
}

/// The right sum of a scan of all concepts.
pub fn all_concepts(graph: &Graph) -> Sum {
    let value = |(number, id): (usize, &ConceptId)| {
        text_value(graph.text(number)).wrapping_add(source_hash(id).into())
    };
    graph.ids().iter().enumerate().map(value).collect()
}

/// The right sum of a scan of all associations.
pub fn all_associations(graph: &Graph) -> Sum {
    graph.edges().iter().map(|edge| id_value(&graph.ids()[edge.target as usize])).collect()
}
