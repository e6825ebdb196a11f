//! A snapshot as a [`Csr`]: a copy of the graph in memory, for what needs all of it.

use sutra_format::ConceptId;
use sutra_fs::Dir;
use sutra_index::graph::{Csr, CsrBuilder, TooLarge};

use super::{EdgeFilter, GraphView};
use crate::error::{LsmError, Result};

impl<D: Dir> GraphView<'_, D> {
    /// A copy of all edges that are meant and of their ends; with `alone`, of concepts without such
    /// edges as well, but for those that carry the text of associations.
    ///
    /// Reads every association once, and with `alone` every concept. Memory: see [`CsrBuilder`].
    pub fn project(&self, filter: &EdgeFilter, alone: bool) -> Result<Csr<ConceptId>> {
        let mut builder = CsrBuilder::new();
        if alone {
            for concept in self.snapshot.iter_concepts()? {
                let concept = concept?;
                if !concept.record().is_fact() {
                    builder.vertex(concept.id()).map_err(too_large)?;
                }
            }
        }
        for record in self.snapshot.iter_associations()? {
            let record = record?;
            if filter.admits(&record) {
                builder
                    .edge(record.source, record.target, record.kind(), record.weight.get())
                    .map_err(too_large)?;
            }
        }
        Ok(builder.finish())
    }
}

fn too_large(error: TooLarge) -> LsmError {
    LsmError::invalid("projection", error.to_string())
}
