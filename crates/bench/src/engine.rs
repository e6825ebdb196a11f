//! What both engines are asked, so that the questions are written once.

use std::ops::Range;
use std::time::Duration;

use sutra_format::ConceptId;

use crate::Result;
use crate::graph::{Direction, Graph};

/// How many things were read, and a checksum that does not depend on their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// How many.
    pub count: u64,
    /// The sum of what stands for each.
    pub total: u64,
}

impl Sum {
    /// Takes in one more.
    pub fn add(&mut self, value: u64) {
        self.count += 1;
        self.total = self.total.wrapping_add(value);
    }
}

impl FromIterator<u64> for Sum {
    fn from_iter<I: IntoIterator<Item = u64>>(values: I) -> Self {
        let mut sum = Self::default();
        values.into_iter().for_each(|value| sum.add(value));
        sum
    }
}

/// A store that takes writes.
pub trait Writer {
    /// Puts concepts in one commit that nobody waits for.
    fn put_concepts(&self, graph: &Graph, numbers: Range<usize>) -> Result<()>;
    /// Puts associations, found from both ends, in one commit that nobody waits for.
    fn put_associations(&self, graph: &Graph, numbers: Range<usize>) -> Result<()>;
    /// Makes all commits durable.
    fn sync(&self) -> Result<()>;
    /// Puts one concept, durably.
    fn put_durably(&self, id: ConceptId, text: &str) -> Result<()>;
    /// Does what is left to do in the background.
    fn settle(&self) -> Result<()>;
    /// Bytes of memory that the engine says it owns, and the longest that it held up a writer.
    fn confess(&self) -> (u64, Duration);
}

/// A store at one moment.
pub trait Reader {
    /// A field of the record of a concept.
    fn record(&self, id: &ConceptId) -> Result<Option<u64>>;
    /// The text of a concept, as it stands in checksums.
    fn text(&self, id: &ConceptId) -> Result<Option<u64>>;
    /// Fields of the records of many concepts, as fast as the engine can.
    fn records(&self, ids: &[ConceptId], sum: &mut Sum) -> Result<()>;
    /// The other end of each association of a concept.
    fn neighbours(
        &self,
        id: &ConceptId,
        direction: Direction,
        each: impl FnMut(&ConceptId),
    ) -> Result<()>;
    /// Everything at most two associations away from a concept, which is told too; each once.
    fn within_two(&self, id: &ConceptId, mut each: impl FnMut(&ConceptId)) -> Result<()> {
        let mut reached: Vec<ConceptId> = Vec::new();
        self.neighbours(id, Direction::Out, |end| reached.push(*end))?;
        // The same neighbour by several kinds is followed once.
        reached.sort_unstable();
        reached.dedup();
        for at in 0..reached.len() {
            let first = reached[at];
            self.neighbours(&first, Direction::Out, |end| reached.push(*end))?;
        }
        reached.push(*id);
        reached.sort_unstable();
        reached.dedup();
        reached.iter().for_each(&mut each);
        Ok(())
    }
    /// Record and text of every concept.
    fn scan_concepts(&self) -> Result<Sum>;
    /// Every association.
    fn scan_associations(&self) -> Result<Sum>;
}
