//! Sutra, as its users would use it.

use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use sutra_format::ConceptId;
use sutra_index::graph::{
    Csr, Direction as Along, Ppr, Ranked, Walk, expand, personalized_pagerank,
};
use sutra_lsm::{
    CompactionConfig, ConceptPut, Durability, EdgeFilter, LSMTree, LsmStats, Snapshot, WriteBatch,
};

use crate::Result;
use crate::engine::{Reader, Sum, Writer};
use crate::graph::{Direction, Graph, id_value, source_hash, text_value};

/// A store with its background work on.
pub struct Sutra(LSMTree);

impl Sutra {
    /// Opens or makes the store in `path`.
    pub fn open(path: &Path) -> Result<Self> {
        let tree = LSMTree::open(path, CompactionConfig::default())?;
        tree.start_background_compaction()?;
        Ok(Self(tree))
    }

    /// Opens the store with settings of one's own, and without background compaction.
    pub fn open_with(path: &Path, config: CompactionConfig) -> Result<Self> {
        Ok(Self(LSMTree::open(path, config)?))
    }

    /// The engine itself.
    pub fn tree(&self) -> &LSMTree {
        &self.0
    }

    /// What it counted since it was opened.
    pub fn stats(&self) -> LsmStats {
        self.0.stats()
    }

    /// The store at this moment.
    pub fn reader(&self) -> SutraReader {
        SutraReader(self.0.snapshot())
    }

    /// Closes it.
    pub fn close(self) -> Result<()> {
        Ok(self.0.close()?)
    }
}

/// A concept to be put.
pub fn put(id: ConceptId, text: &str) -> ConceptPut<'_> {
    ConceptPut { content: Some(text), source_hash: source_hash(&id), ..ConceptPut::new(id) }
}

impl Writer for Sutra {
    fn put_concepts(&self, graph: &Graph, numbers: Range<usize>) -> Result<()> {
        let mut batch = WriteBatch::new();
        for number in numbers {
            batch.put_concept(&put(graph.ids()[number], graph.text(number)))?;
        }
        self.0.commit(batch, Durability::None)?;
        Ok(())
    }

    fn put_associations(&self, graph: &Graph, numbers: Range<usize>) -> Result<()> {
        let mut batch = WriteBatch::new();
        for edge in &graph.edges()[numbers] {
            batch.put_association(graph.association(edge))?;
        }
        self.0.commit(batch, Durability::None)?;
        Ok(())
    }

    fn sync(&self) -> Result<()> {
        Ok(self.0.sync()?)
    }

    fn put_durably(&self, id: ConceptId, text: &str) -> Result<()> {
        let mut batch = WriteBatch::new();
        batch.put_concept(&put(id, text))?;
        self.0.commit(batch, Durability::Sync)?;
        Ok(())
    }

    fn settle(&self) -> Result<()> {
        self.0.flush()?;
        while self.0.compaction_step()? {}
        Ok(())
    }

    fn confess(&self) -> (u64, Duration) {
        let stats = self.stats();
        (stats.owned_bytes, Duration::from_micros(stats.stall_micros_max))
    }
}

/// A snapshot.
pub struct SutraReader(Snapshot);

/// How many of the highest ranks are asked for.
pub const RANKED: usize = 50;

impl SutraReader {
    /// Finds the highest personalised PageRanks from a concept. What it was sure of and what it left
    /// open have to be all there is.
    pub fn rank(&self, id: ConceptId, along: Along) -> Result<Vec<Ranked<ConceptId>>> {
        let (all, how) = (EdgeFilter::all(), Ppr::default());
        let walk = Walk::new(along, &all);
        let found = personalized_pagerank(&self.0.graph(), &[(id, 1.0)], RANKED, &how, &walk)?;
        let sum: f64 = found.top.iter().map(|ranked| ranked.score).sum();
        if !found.outcome.is_complete() || sum <= 0.0 || sum + found.residual > 1.0 + 1e-9 {
            return Err(format!("ranks of {sum} with {} left", found.residual).into());
        }
        Ok(found.top)
    }

    /// The whole graph in memory.
    pub fn project(&self) -> Result<Csr> {
        Ok(self.0.graph().project(&EdgeFilter::all(), true)?)
    }
}

impl Reader for SutraReader {
    fn record(&self, id: &ConceptId) -> Result<Option<u64>> {
        let concept = self.0.concept(id)?;
        Ok(concept.map(|concept| concept.record().source_hash.get().into()))
    }

    fn text(&self, id: &ConceptId) -> Result<Option<u64>> {
        let Some(concept) = self.0.concept(id)? else { return Ok(None) };
        Ok(concept.content()?.map(text_value))
    }

    fn records(&self, ids: &[ConceptId], sum: &mut Sum) -> Result<()> {
        for concept in self.0.concepts(ids)?.iter().flatten() {
            sum.add(concept.record().source_hash.get().into());
        }
        Ok(())
    }

    fn neighbours(
        &self,
        id: &ConceptId,
        direction: Direction,
        mut each: impl FnMut(&ConceptId),
    ) -> Result<()> {
        match direction {
            Direction::Out => self.0.outgoing(id)?.iter().for_each(|record| each(&record.target)),
            Direction::In => self.0.incoming(id)?.iter().for_each(|record| each(&record.source)),
        }
        Ok(())
    }

    fn within_two(&self, id: &ConceptId, mut each: impl FnMut(&ConceptId)) -> Result<()> {
        let all = EdgeFilter::all();
        let found = expand(&self.0.graph(), &[*id], 2, &Walk::new(Along::Out, &all))?;
        found.reached.iter().for_each(|found| each(&found.vertex));
        Ok(())
    }

    fn scan_concepts(&self) -> Result<Sum> {
        let mut sum = Sum::default();
        for concept in self.0.iter_concepts()? {
            let concept = concept?;
            let text = concept.content()?.map_or(0, text_value);
            sum.add(text.wrapping_add(concept.record().source_hash.get().into()));
        }
        Ok(sum)
    }

    fn scan_associations(&self) -> Result<Sum> {
        let mut sum = Sum::default();
        for record in self.0.iter_associations()? {
            sum.add(id_value(&record?.target));
        }
        Ok(sum)
    }
}
