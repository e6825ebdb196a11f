//! [`Importer`]: parsed lines into a store.
//!
//! Invariants:
//! * A commit holds whole lines, and is on disk before the next one starts.
//! * A line that says what is stored already changes nothing; that is decided on what was stored
//!   before the line, lines before it included.
//! * Memory is bounded by one batch and one line.

use std::collections::{HashMap, HashSet};

use serde::Serialize;
use sutra_storage::{
    AssociationKind, AssociationRecord, Batch, Concept, ConceptId, ConceptRecord, ErrorKind,
    NewAssociation, NewConcept, Snapshot, Store, Touch, VectorSpace,
};

use crate::failure::Failure;
use crate::record::{AssociationLine, ConceptLine, Named, Payload, Validity};

/// A batch is committed when it has this many changes,
const BATCH_CHANGES: usize = 4096;
/// or takes this many bytes.
const BATCH_BYTES: usize = 4 << 20;

/// What became of the lines so far.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Tally {
    pub(crate) concepts: Counts,
    pub(crate) associations: Counts,
}

/// How many lines said something new.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Counts {
    pub(crate) new: u64,
    pub(crate) updated: u64,
    pub(crate) unchanged: u64,
}

/// Whether a line was taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Taken,
    /// And why not.
    Bad(String),
}

/// Puts lines into a store, in batches.
pub(crate) struct Importer<'s> {
    store: &'s Store,
    stored: Snapshot,
    batch: Batch,
    /// What the batch already speaks of: another line about it waits for the commit.
    concepts: HashSet<ConceptId>,
    associations: HashSet<(ConceptId, AssociationKind, ConceptId)>,
    kinds: HashMap<String, AssociationKind>,
    /// Dimensions of the vector spaces that lines named.
    spaces: HashMap<String, u32>,
    tally: Tally,
}

impl<'s> Importer<'s> {
    pub(crate) fn new(store: &'s Store) -> Self {
        Self {
            store,
            stored: store.snapshot(),
            batch: Batch::new(),
            concepts: HashSet::new(),
            associations: HashSet::new(),
            kinds: HashMap::new(),
            spaces: HashMap::new(),
            tally: Tally::default(),
        }
    }

    pub(crate) fn tally(&self) -> Tally {
        self.tally.clone()
    }

    /// Makes all lines so far durable.
    pub(crate) fn commit(&mut self) -> Result<(), Failure> {
        if !self.batch.is_empty() {
            self.store.commit(&self.batch)?;
            self.batch.clear();
            self.concepts.clear();
            self.associations.clear();
            self.stored = self.store.snapshot();
        }
        Ok(())
    }

    /// Registers a vector space, for the lines behind it.
    pub(crate) fn space(&mut self, space: &VectorSpace) -> Result<Verdict, Failure> {
        match self.store.register_vector_space(space) {
            Ok(()) => Ok(Verdict::Taken),
            Err(error) => refusal(error),
        }
    }

    pub(crate) fn concept(&mut self, line: &ConceptLine<'_>) -> Result<Verdict, Failure> {
        let id = line.name.id();
        if let Some(reason) = self.misfit(&line.payload) {
            return Ok(Verdict::Bad(reason));
        }
        if self.concepts.contains(&id) {
            self.commit()?;
        }
        let stored = self.stored.concept(&id)?;
        if let Some(stored) = &stored {
            if let Some(other) = other_key(&line.name, stored)? {
                return Ok(Verdict::Bad(format!(
                    "key {}: its id {id} holds the key {other:?}",
                    line.name
                )));
            }
            let is_same = says(&line.payload, Some(stored))? && has_key(&line.name, stored)?;
            if is_same && is_state(line, stored.record()) {
                self.tally.concepts.unchanged += 1;
                return Ok(Verdict::Taken);
            }
        }
        let is_new = stored.is_none();
        if let Err(error) = put(&mut self.batch, line, stored.as_ref()) {
            return refusal(error);
        }
        self.concepts.insert(id);
        let counts = &mut self.tally.concepts;
        *(if is_new { &mut counts.new } else { &mut counts.updated }) += 1;
        self.commit_if_full()
    }

    pub(crate) fn association(&mut self, line: &AssociationLine<'_>) -> Result<Verdict, Failure> {
        let (source, target) = (line.source.id(), line.target.id());
        if let Some(reason) = self.misfit(&line.payload) {
            return Ok(Verdict::Bad(reason));
        }
        for (field, end, id) in [("source", &line.source, source), ("target", &line.target, target)]
        {
            if !self.concepts.contains(&id) && self.stored.concept(&id)?.is_none() {
                return Ok(Verdict::Bad(format!("{field} {end} is no concept of the store")));
            }
        }
        let kind = match self.kind(&line.kind) {
            Ok(kind) => kind,
            Err(error) => return refusal(error),
        };
        if self.associations.contains(&(source, kind, target)) {
            self.commit()?;
        }
        let stored = self.stored.association(&source, kind, &target)?;
        if let Some(stored) = &stored
            && self.is_unchanged(line, stored)?
        {
            self.tally.associations.unchanged += 1;
            return Ok(Verdict::Taken);
        }
        if let Err(error) = self.batch.associate(new_association(line, kind, stored.as_ref())) {
            return refusal(error);
        }
        self.associations.insert((source, kind, target));
        let counts = &mut self.tally.associations;
        *(if stored.is_none() { &mut counts.new } else { &mut counts.updated }) += 1;
        self.commit_if_full()
    }

    fn commit_if_full(&mut self) -> Result<Verdict, Failure> {
        if self.batch.len() >= BATCH_CHANGES || self.batch.byte_size() >= BATCH_BYTES {
            self.commit()?;
        }
        Ok(Verdict::Taken)
    }

    fn is_unchanged(
        &self,
        line: &AssociationLine<'_>,
        stored: &AssociationRecord,
    ) -> Result<bool, Failure> {
        let numbers = same(line.weight, stored.weight.get())
            && same(line.confidence, stored.confidence.get());
        let valid = holds(line.valid, stored.valid_from(), stored.valid_to());
        Ok(numbers && valid && says(&line.payload, self.stored.fact(stored)?.as_ref())?)
    }

    /// Why the vector of a line cannot be in its space: the commit would refuse all lines with it.
    fn misfit(&mut self, payload: &Payload<'_>) -> Option<String> {
        let (name, found) = (payload.space.as_deref()?, payload.vector.as_ref()?.len());
        if !self.spaces.contains_key(name) {
            let snapshot = self.store.snapshot();
            let Some(space) = snapshot.vector_space(name) else {
                return Some(format!(
                    "no vector space is named {name:?}; put a line that defines it before this one"
                ));
            };
            self.spaces.insert(name.to_owned(), space.dimension);
        }
        let dimension = self.spaces[name];
        (found != dimension as usize).then(|| {
            format!("\"vector\" has {found} values, and the space {name:?} has {dimension}")
        })
    }

    fn kind(&mut self, name: &str) -> sutra_storage::Result<AssociationKind> {
        if let Some(kind) = self.kinds.get(name) {
            return Ok(*kind);
        }
        let kind = self.store.register_kind(name)?;
        self.kinds.insert(name.to_owned(), kind);
        Ok(kind)
    }
}

/// A value that cannot be stored makes a bad line; anything else stops the import.
fn refusal(error: sutra_storage::Error) -> Result<Verdict, Failure> {
    match error.kind() {
        ErrorKind::InvalidInput => Ok(Verdict::Bad(error.to_string())),
        _ => Err(error.into()),
    }
}

/// The key of `stored`, if it is another one than the line gives.
fn other_key<'s>(name: &Named<'_>, stored: &Concept<'s>) -> Result<Option<&'s str>, Failure> {
    let Named::Key(key) = name else { return Ok(None) };
    Ok(stored.key()?.filter(|stored| stored != key))
}

/// Whether `stored` has a key, if the line gives one.
fn has_key(name: &Named<'_>, stored: &Concept<'_>) -> Result<bool, Failure> {
    Ok(matches!(name, Named::Id(_)) || stored.key()?.is_some())
}

/// Whether `stored` has this payload and no other.
fn says(payload: &Payload<'_>, stored: Option<&Concept<'_>>) -> Result<bool, Failure> {
    let Some(stored) = stored else { return Ok(payload == &Payload::default()) };
    let vectors = match (&payload.vector, stored.vector()?) {
        (Some(new), Some(old)) => {
            new.len() == old.len() && new.iter().zip(old).all(|(new, old)| same(*new, *old))
        }
        (new, old) => new.is_none() && old.is_none(),
    };
    Ok(vectors
        && payload.space.as_deref() == stored.vector_space()?
        && payload.content.as_deref() == stored.content()?
        && payload.attributes == stored.attributes()?)
}

/// Equal to the last bit, so that a negative zero is not taken for zero.
fn same(a: f32, b: f32) -> bool {
    a.to_bits() == b.to_bits()
}

/// Puts what the line says; what it leaves out of the record stays as it is stored.
fn put(
    batch: &mut Batch,
    line: &ConceptLine<'_>,
    stored: Option<&Concept<'_>>,
) -> sutra_storage::Result<()> {
    let mut concept = match &line.name {
        Named::Key(key) => NewConcept::with_key(key),
        Named::Id(id) => NewConcept::with_id(*id),
    };
    concept = concept.attributes(line.payload.attributes.unwrap_or_default());
    if let Some(content) = &line.payload.content {
        concept = concept.content(content);
    }
    if let Some(vector) = &line.payload.vector {
        concept = concept.vector(vector);
    }
    if let Some(space) = &line.payload.space {
        concept = concept.space(space);
    }
    let id = concept.id();
    let unsaid = ConceptRecord::new(id, ConceptRecord::ABSENT, 0, ConceptRecord::ABSENT);
    let before = stored.map_or(&unsaid, Concept::record);
    let (state, valid) = (&line.state, line.valid);
    batch.put(
        concept
            .strength(state.strength.unwrap_or(before.strength.get()))
            .confidence(state.confidence.unwrap_or(before.confidence.get()))
            .source_hash(state.source_hash.unwrap_or(before.source_hash.get()))
            .valid(
                valid.from.or(Some(before.valid_from.get())),
                valid.to.or(Some(before.valid_to.get())),
            ),
    )?;
    let accesses = state.access_count.unwrap_or(before.access_count.get());
    let accessed_at = state.accessed_at.unwrap_or(before.accessed_at.get());
    if accesses == 0 && accessed_at == 0 {
        return Ok(());
    }
    batch.touch(Touch { accesses, accessed_at: Some(accessed_at), ..Touch::new(id) })
}

/// Whether a stored concept has the numbers that the line says.
fn is_state(line: &ConceptLine<'_>, record: &ConceptRecord) -> bool {
    let state = &line.state;
    state.strength.is_none_or(|strength| same(strength, record.strength.get()))
        && state.confidence.is_none_or(|confidence| same(confidence, record.confidence.get()))
        && state.source_hash.is_none_or(|hash| hash == record.source_hash.get())
        && state.access_count.is_none_or(|count| count == record.access_count.get())
        && state.accessed_at.is_none_or(|time| time == record.accessed_at.get())
        && holds(line.valid, record.valid_from.get(), record.valid_to.get())
}

/// Whether what is stored holds when the line says.
fn holds(valid: Validity, from: i64, to: i64) -> bool {
    valid.from.is_none_or(|said| said == from) && valid.to.is_none_or(|said| said == to)
}

fn new_association<'a>(
    line: &'a AssociationLine<'_>,
    kind: AssociationKind,
    stored: Option<&AssociationRecord>,
) -> NewAssociation<'a> {
    let mut association = NewAssociation::new(line.source.id(), kind, line.target.id())
        .weight(line.weight)
        .confidence(line.confidence)
        .attributes(line.payload.attributes.unwrap_or_default());
    if let Some(content) = &line.payload.content {
        association = association.content(content);
    }
    if let Some(vector) = &line.payload.vector {
        association = association.vector(vector);
    }
    if let Some(space) = &line.payload.space {
        association = association.space(space);
    }
    association.valid(
        line.valid.from.or(stored.map(AssociationRecord::valid_from)),
        line.valid.to.or(stored.map(AssociationRecord::valid_to)),
    )
}
