//! Our side: one store, one snapshot, one call.

use std::path::Path;

use sutra_bench::Result;
use sutra_storage::{
    AssociationKind, Batch, Durability, Filter, NewAssociation, NewConcept, Retrieve, Snapshot,
    Store,
};

use crate::data::{Data, Question, source_of};
use crate::{HOPS, LIMIT, POOL, Ways};

pub struct Ours {
    snapshot: Snapshot,
    _store: Store,
}

impl Ours {
    pub fn build(data: &Data, path: &Path) -> Result<Self> {
        let store = Store::open(path)?;
        let kinds = data.kinds.iter().map(|name| store.register_kind(name));
        let kinds: Vec<AssociationKind> = kinds.collect::<std::result::Result<_, _>>()?;
        let mut batch = Batch::new();
        let commit = |batch: &mut Batch, least: usize| -> Result<()> {
            if batch.len() >= least {
                store.commit_with(batch, Durability::None)?;
                batch.clear();
            }
            Ok(())
        };
        for (number, key) in data.keys.iter().enumerate() {
            let concept = NewConcept::with_key(key).content(&data.texts[number]);
            let source = source_of(u32::try_from(number)?);
            batch.put(concept.vector(data.vector(number)).source_hash(source))?;
            commit(&mut batch, 1_000)?;
        }
        for (source, kind, target) in &data.links {
            let end = |number: &u32| data.ids[*number as usize];
            let kind = kinds[usize::from(*kind)];
            batch.associate(NewAssociation::new(end(source), kind, end(target)))?;
            commit(&mut batch, 1_000)?;
        }
        commit(&mut batch, 1)?;
        store.compact()?;
        Ok(Self { snapshot: store.snapshot(), _store: store })
    }

    fn question(&self, question: &Question, ways: Ways) -> Retrieve<'_> {
        let has = |way: Ways| ways == way || ways == Ways::Together;
        let mut retrieve = self.snapshot.retrieve().limit(LIMIT).pool(POOL);
        if has(Ways::Words) {
            retrieve = retrieve.text(&question.words, 1.0);
        }
        if has(Ways::Vector) {
            retrieve = retrieve.vector(&question.vector, 1.0);
        }
        if has(Ways::Near) {
            retrieve = retrieve.near(&[question.from], HOPS, 0.5);
        }
        retrieve.filter(Filter::new().concepts().from_source(question.source))
    }

    /// The answer, as numbers of concepts.
    pub fn ask(&self, data: &Data, question: &Question, ways: Ways) -> Result<Vec<u32>> {
        let answers = self.question(question, ways).collect()?;
        Ok(answers.iter().map(|answer| data.numbers[&answer.hit.found.concept().id()]).collect())
    }

    /// The bytes of the texts of the answer.
    pub fn read(&self, question: &Question, ways: Ways) -> Result<usize> {
        let mut bytes = 0;
        for answer in self.question(question, ways).collect()? {
            bytes += answer.hit.found.content()?.unwrap_or_default().len();
        }
        Ok(bytes)
    }
}
