//! [`Content`]: everything that a store says, in plain maps.

use std::collections::{BTreeMap, BTreeSet};

use sutra_format::hash::mix;
use sutra_format::{AssociationKind, AssociationRecord, ConceptId};
use sutra_fs::Dir;
use sutra_index::vectors::{Effort, Metric, Space, score};
use sutra_index::words::search::{Query, Source, search};
use sutra_index::words::{Section, SectionBuilder};
use sutra_lsm::{Concept, Result, Snapshot, VectorQuery};
use zerocopy::little_endian::U64;

/// The name of an association: source, kind, target.
pub(crate) type Link = (ConceptId, u16, ConceptId);

/// Associations by one of their ends, each list in order.
type Ends = BTreeMap<ConceptId, Vec<(Link, AssociationRecord)>>;

fn link(record: &AssociationRecord) -> Link {
    (record.source, record.kind().code(), record.target)
}

/// What a store holds at one moment. A fact is found by the association that it belongs to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Content {
    pub(crate) concepts: BTreeMap<ConceptId, View>,
    pub(crate) associations: BTreeMap<Link, AssociationRecord>,
    pub(crate) facts: BTreeMap<Link, View>,
}

/// A concept with all that belongs to it, but for where it lies.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct View {
    pub(crate) seq: u64,
    pub(crate) created_at: u64,
    pub(crate) updated_at: u64,
    pub(crate) accessed_at: u64,
    pub(crate) valid: (i64, i64),
    pub(crate) strength: f32,
    pub(crate) confidence: f32,
    pub(crate) accesses: u32,
    pub(crate) source_hash: u32,
    pub(crate) content: Option<String>,
    pub(crate) attributes: Vec<u8>,
    pub(crate) key: Vec<u8>,
    pub(crate) vector: Option<Vec<f32>>,
    pub(crate) space: u16,
}

impl View {
    pub(crate) fn of<D: Dir>(concept: &Concept<'_, D>) -> Result<Self> {
        let record = concept.record();
        let text = concept.text()?;
        Ok(Self {
            seq: record.seq.get(),
            created_at: record.created_at.get(),
            updated_at: record.updated_at.get(),
            accessed_at: record.accessed_at.get(),
            valid: (record.valid_from.get(), record.valid_to.get()),
            strength: record.strength.get(),
            confidence: record.confidence.get(),
            accesses: record.access_count.get(),
            source_hash: record.source_hash.get(),
            content: text.content.map(str::to_owned),
            attributes: text.attributes.to_vec(),
            key: text.key.to_vec(),
            vector: concept.vector()?.map(<[f32]>::to_vec),
            space: record.vector_space.get(),
        })
    }

    /// Whether this is what the view of the concept would be.
    fn is<D: Dir>(&self, concept: &Concept<'_, D>) -> Result<bool> {
        let (record, text) = (concept.record(), concept.text()?);
        let numbers = [record.seq, record.created_at, record.updated_at, record.accessed_at];
        Ok(numbers.map(U64::get) == [self.seq, self.created_at, self.updated_at, self.accessed_at]
            && (record.valid_from.get(), record.valid_to.get()) == self.valid
            && record.strength.get() == self.strength
            && record.confidence.get() == self.confidence
            && record.access_count.get() == self.accesses
            && record.source_hash.get() == self.source_hash
            && record.vector_space.get() == self.space
            && text.content == self.content.as_deref()
            && text.attributes == self.attributes
            && text.key == self.key
            && concept.vector()? == self.vector.as_deref())
    }
}

/// Reads everything in every way there is: by walking, one by one, in a batch, and from both ends
/// of each association. Panics if one way does not give what another one does.
///
/// `asked` are ids to be asked for besides those that the walk meets.
pub(crate) fn read<D: Dir>(snapshot: &Snapshot<D>, asked: &BTreeSet<ConceptId>) -> Result<Content> {
    let mut content = Content::default();
    let mut all = BTreeMap::new();
    let mut facts = BTreeSet::new();
    for concept in snapshot.iter_concepts()? {
        let concept = concept?;
        if concept.record().is_fact() {
            facts.insert(concept.id());
        }
        let before = all.insert(concept.id(), View::of(&concept)?);
        assert!(before.is_none(), "{} is met twice", concept.id());
    }
    for record in snapshot.iter_associations()? {
        let record = record?;
        let link = link(&record);
        if let Some(fact) = snapshot.fact(&record)? {
            content.facts.insert(link, View::of(&fact)?);
        }
        assert!(content.associations.insert(link, record).is_none(), "{link:?} is met twice");
    }
    compare_lookups(snapshot, asked, &all, &content)?;
    all.retain(|id, _| !facts.contains(id));
    content.concepts = all;
    Ok(content)
}

fn compare_lookups<D: Dir>(
    snapshot: &Snapshot<D>,
    asked: &BTreeSet<ConceptId>,
    all: &BTreeMap<ConceptId, View>,
    content: &Content,
) -> Result<()> {
    let mut expected = [Ends::new(), Ends::new()];
    for (link, record) in &content.associations {
        for (ends, end) in expected.iter_mut().zip([link.0, link.2]) {
            ends.entry(end).or_default().push((*link, *record));
        }
    }
    let ends = expected.iter().flat_map(|ends| ends.keys());
    let mut ids: Vec<_> = asked.iter().chain(all.keys()).chain(ends).copied().collect();
    ids.sort_unstable();
    ids.dedup();
    for (id, batched) in ids.iter().zip(snapshot.concepts(&ids)?) {
        for found in [snapshot.concept(id)?, batched] {
            let is_same = match (&found, all.get(id)) {
                (Some(found), Some(view)) => view.is(found)?,
                (found, view) => found.is_none() && view.is_none(),
            };
            assert!(is_same, "looking up {id} and walking differ");
        }
        let found = [snapshot.outgoing(id)?, snapshot.incoming(id)?];
        for (found, expected) in found.iter().zip(&expected) {
            let mut found: Vec<_> = found.iter().map(|record| (link(record), *record)).collect();
            found.sort_unstable_by_key(|(link, _)| *link);
            let expected = expected.get(id).map_or(&[][..], Vec::as_slice);
            assert_eq!(found, expected, "associations of {id} and walking differ");
        }
    }
    for ((source, _, target), record) in &content.associations {
        let found = snapshot.association(source, record.kind(), target)?;
        assert_eq!(found.as_ref(), Some(record), "looking up an association and walking differ");
    }
    Ok(())
}

/// The same, and searches: for vectors, and for some moments for words that most texts have. What is
/// found, and how it scores, must be to the last bit what the texts and vectors themselves say.
pub(crate) fn read_and_search<D: Dir>(
    snapshot: &Snapshot<D>,
    asked: &BTreeSet<ConceptId>,
) -> Result<Content> {
    let content = read(snapshot, asked)?;
    let fact_id =
        |link: &Link| ConceptId::of_fact(link.0, AssociationKind::from_code(link.1), link.2);
    let facts = content.facts.iter().map(|(link, view)| (fact_id(link), view));
    let views: Views<'_> =
        content.concepts.iter().map(|(id, view)| (*id, view)).chain(facts).collect();
    search_vectors(snapshot, &views)?;
    // Making an index takes as long as all else: one moment in eight, the same ones each time.
    if mix(snapshot.seq()).is_multiple_of(8) {
        search_words(snapshot, &views)?;
    }
    Ok(content)
}

/// All that may be found.
type Views<'c> = BTreeMap<ConceptId, &'c View>;

/// The vectors of one space.
type InSpace<'c> = Vec<(ConceptId, &'c [f32])>;

/// Searches each space for everything that it has.
fn search_vectors<D: Dir>(snapshot: &Snapshot<D>, views: &Views<'_>) -> Result<()> {
    let mut spaces: BTreeMap<(u16, usize), InSpace<'_>> = BTreeMap::new();
    for (id, view) in views {
        if let Some(vector) = &view.vector {
            spaces.entry((view.space, vector.len())).or_default().push((*id, vector));
        }
    }
    // What was registered without a sync may be gone, and what is in it with it: that is told elsewhere.
    spaces.retain(|(space, _), _| *space == 0 || snapshot.vector_space(*space).is_some());
    let query = |(_, dimension): &(u16, usize)| vec![1.0; *dimension];
    let vectors: Vec<Vec<f32>> = spaces.keys().map(query).collect();
    let queries: Vec<VectorQuery<'_>> = (spaces.keys().zip(&vectors))
        .map(|((space, _), vector)| VectorQuery {
            vector,
            space: *space,
            limit: usize::MAX,
            effort: Effort::Exact,
            min_score: None,
        })
        .collect();
    let answers = snapshot.search_vectors_batch(&queries, None)?;
    for ((query, vectors), hits) in queries.iter().zip(spaces.values()).zip(answers) {
        let metric = if query.space == 0 { Metric::Cosine } else { Metric::Dot };
        let space = Space::new("", "", query.vector.len() as u32, metric, 0).expect("a good space");
        let score = |vector| score(&space, query.vector, vector).expect("a good vector");
        let mut expected: Vec<_> =
            vectors.iter().map(|(id, vector)| (*id, score(vector).to_bits())).collect();
        let mut found: Vec<_> =
            hits.iter().map(|hit| (hit.concept.id(), hit.score.to_bits())).collect();
        expected.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, expected, "vectors found are not those that there are");
    }
    Ok(())
}

/// Searches for words, and an index made afresh of the same texts.
fn search_words<D: Dir>(snapshot: &Snapshot<D>, views: &Views<'_>) -> Result<()> {
    let mut builder = SectionBuilder::new(snapshot.analyser(), true);
    for (row, view) in (0..).zip(views.values()) {
        if let Some(text) = &view.content {
            builder.put(row, text).expect("a good text");
        }
    }
    let afresh = builder.finish(views.len() as u32).expect("few texts");
    let sources = [Source::section(Section::open(&afresh).expect("a good section"))];
    let query = Query::any(&snapshot.analyser(), "concept 3");
    let expected = search(&sources, &query, usize::MAX, |_, row| row, |_, _| true);
    let ids: Vec<ConceptId> = views.keys().copied().collect();
    let expected = expected.expect("a good section").into_iter();
    let mut expected: Vec<_> =
        expected.map(|hit| (ids[hit.row as usize], hit.score.to_bits())).collect();
    let found = snapshot.search_words(&query, usize::MAX, None)?.into_iter();
    let mut found: Vec<_> = found.map(|hit| (hit.concept.id(), hit.score.to_bits())).collect();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected, "words are not those of the texts");
    Ok(())
}
