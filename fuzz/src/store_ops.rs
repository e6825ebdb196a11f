//! Operations on a store in memory, beside plain maps: both must always say the same.

use std::collections::{BTreeMap, BTreeSet};

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sutra_format::{AssociationFlags, AssociationKind, AssociationRecord, ConceptId, FactKey};
use sutra_lsm::{
    Concept, ConceptPut, Durability, LsmTree, Result, Retention, Snapshot, Touch, WriteBatch,
};
use sutra_testkit::SimDir;
use zerocopy::IntoBytes;
use zerocopy::little_endian::U16;

use super::base::{open_with, spaces};
use super::past::Past;
use super::tape::Tape;

/// How many concepts there are; few, so that they meet.
const NAMES: u8 = 12;

/// How many operations one tape may do.
const OPERATIONS_MAX: usize = 200;

/// After so many operations both are held against each other, which costs more than all of them.
const COMPARED: usize = 8;

/// One change of a batch.
#[derive(Clone, Copy, Debug)]
pub(super) enum Change {
    /// A concept with so many bytes of text, and four times so many dimensions, none if zero.
    Put {
        n: u8,
        text: Option<u8>,
        vector: u8,
    },
    /// A concept with a vector in the space with this code.
    PutIn(u8, u16),
    Touch(u8),
    Delete(u8),
    Associate(u8, u16, u8),
    /// An association with a text of its own.
    State(u8, u16, u8),
    Dissociate(u8, u16, u8),
}

/// The concept of this number.
pub(super) fn id(n: u8) -> ConceptId {
    ConceptId::from_bytes([n; 16])
}

impl Change {
    fn draw(tape: &mut Tape<'_>) -> Self {
        let (way, n) = (tape.byte(), tape.byte() % NAMES);
        let mut link = || (u16::from(tape.byte() % 7), tape.byte() % NAMES);
        match way % 8 {
            0 | 1 => {
                let (text, vector) = (tape.byte(), tape.byte());
                match vector {
                    240.. => Self::PutIn(n, u16::from(vector % 2) + 1),
                    _ => Self::Put { n, text: (text > 0).then_some(text), vector: vector % 80 },
                }
            }
            2 => Self::Touch(n),
            3 => Self::Delete(n),
            4 | 5 => {
                let (kind, other) = link();
                Self::Associate(n, kind, other)
            }
            6 => {
                let (kind, other) = link();
                Self::State(n, kind, other)
            }
            _ => {
                let (kind, other) = link();
                Self::Dissociate(n, kind, other)
            }
        }
    }

    /// Adds the change to a batch.
    pub(super) fn add_to(self, batch: &mut WriteBatch) -> Result<()> {
        match self {
            Self::Put { n, text, vector } => {
                let text = text.map(|bytes| "t".repeat(bytes.into()));
                let values = vec![f32::from(n); usize::from(vector) * 4];
                batch.put_concept(&ConceptPut {
                    content: text.as_deref(),
                    key: &[b'k'; 3][..usize::from(n % 4)],
                    vector: (vector > 0).then_some(&values),
                    ..ConceptPut::new(id(n))
                })?;
            }
            Self::PutIn(n, space) => {
                let dimension = usize::try_from(dimension(space)).expect("few");
                let values = vec![f32::from(n); dimension];
                let put = ConceptPut { vector: Some(&values), space, ..ConceptPut::new(id(n)) };
                batch.put_concept(&put)?;
            }
            Self::Touch(n) => batch.touch(&Touch::new(id(n)))?,
            Self::Delete(n) => batch.delete_concept(id(n)),
            Self::Associate(a, kind, b) => batch.put_association(record(a, kind, b))?,
            Self::State(a, kind, b) => {
                let flags = U16::new(AssociationFlags::HAS_FACT);
                batch.put_association(AssociationRecord { flags, ..record(a, kind, b) })?;
                let key = FactKey::new(id(a), AssociationKind::from_code(kind), id(b));
                batch.put_concept(&ConceptPut {
                    content: Some("it is so"),
                    key: key.as_bytes(),
                    fact: true,
                    ..ConceptPut::new(key.id())
                })?;
            }
            Self::Dissociate(a, kind, b) => {
                let kind = AssociationKind::from_code(kind);
                batch.delete_association(id(a), kind, id(b));
                batch.delete_fact(ConceptId::of_fact(id(a), kind, id(b)));
            }
        }
        Ok(())
    }
}

fn dimension(space: u16) -> u32 {
    spaces()[usize::from(space) - 1].dimension
}

fn record(a: u8, kind: u16, b: u8) -> AssociationRecord {
    AssociationRecord::new(id(a), id(b), AssociationKind::from_code(kind), 1.0)
}

/// Bytes of text, dimensions by four, accesses.
pub(super) type Told = (Option<u8>, u8, u32);

/// What the store should say.
#[derive(Clone, Default)]
pub(super) struct Model {
    pub(super) concepts: BTreeMap<u8, Told>,
    /// Whether it has a text, by source, kind and target.
    pub(super) associations: BTreeMap<(u8, u16, u8), bool>,
}

impl Model {
    pub(super) fn apply(&mut self, change: Change) {
        match change {
            Change::Put { n, text, vector } => {
                self.concepts.insert(n, (text, vector, 0));
            }
            Change::PutIn(n, space) => {
                let vector = u8::try_from(dimension(space) / 4).expect("few");
                self.concepts.insert(n, (None, vector, 0));
            }
            Change::Touch(n) => {
                if let Some((.., accesses)) = self.concepts.get_mut(&n) {
                    *accesses += 1;
                }
            }
            Change::Delete(n) => {
                self.concepts.remove(&n);
                self.associations.retain(|link, _| link.0 != n && link.2 != n);
            }
            Change::Associate(a, kind, b) => drop(self.associations.insert((a, kind, b), false)),
            Change::State(a, kind, b) => drop(self.associations.insert((a, kind, b), true)),
            Change::Dissociate(a, kind, b) => drop(self.associations.remove(&(a, kind, b))),
        }
    }
}

/// Each byte or few are an operation.
pub fn store_ops(input: &[u8]) {
    let mut tape = Tape::new(input);
    let mut session = Session::new();
    for number in 1..=OPERATIONS_MAX {
        if tape.is_at_end() {
            break;
        }
        session.step(&mut tape).expect("nothing fails in memory");
        if number % COMPARED == 0 {
            compare(&session.tree().snapshot(), &session.model).expect("readable");
        }
    }
    compare(&session.tree().snapshot(), &session.model).expect("readable");
    for (snapshot, model) in &session.held {
        compare(snapshot, model).expect("readable");
    }
    let report = session.tree().verify(&mut |_| {}).expect("readable");
    assert_eq!(report.damages, []);
}

struct Session {
    dir: SimDir,
    clock: Arc<AtomicU64>,
    /// Absent only while it is opened again.
    tree: Option<LsmTree<SimDir>>,
    model: Model,
    past: Past,
    /// Whether there are vector spaces.
    spaces: bool,
    /// Snapshots, and what they are to say whatever comes later.
    held: Vec<(Snapshot<SimDir>, Model)>,
}

impl Session {
    fn new() -> Self {
        let (dir, clock) = (SimDir::new(), Arc::new(AtomicU64::new(1_700_000_000_000)));
        let tree = Some(open_with(dir.clone(), &clock).expect("the store opens"));
        let (model, past, held) = Default::default();
        Self { dir, clock, tree, model, past, spaces: false, held }
    }

    fn tree(&self) -> &LsmTree<SimDir> {
        self.tree.as_ref().expect("it is only gone while it is opened")
    }

    fn step(&mut self, tape: &mut Tape<'_>) -> Result<()> {
        let operation = tape.byte();
        if operation >= 240 {
            return self.step_of_the_past(operation - 240, tape);
        }
        match operation % 16 {
            0 => self.tree().flush(),
            1 => self.tree().compact_all(),
            2 => self.tree().compact_level(u32::from(tape.byte() % 4)).map(drop),
            3 => self.tree().compaction_step().map(drop),
            4 => self.reopen(|tree| tree.close()),
            // The process ends without closing the store; the system goes on.
            5 => self.reopen(|_| Ok(())),
            6 => {
                self.held.push((self.tree().snapshot(), self.model.clone()));
                Ok(())
            }
            7 => {
                let reader = LsmTree::open_read_only_in(self.dir.clone())?;
                compare(&reader.snapshot(), &self.model)
            }
            8 => {
                self.held.clear();
                Ok(())
            }
            _ => self.commit(tape),
        }
    }

    fn now(&self) -> u64 {
        self.clock.load(Ordering::Relaxed)
    }

    fn step_of_the_past(&mut self, operation: u8, tape: &mut Tape<'_>) -> Result<()> {
        let tree = self.tree.as_ref().expect("it is only gone while it is opened");
        match operation {
            0..=3 => {
                use Retention::{Forever, Latest, Window};
                let retention = [Forever, Forever, Window(50), Latest][usize::from(operation)];
                tree.set_retention(retention)?;
                self.past.retain(retention, self.now());
                Ok(())
            }
            4..=7 => self.past.check(tree, tape.byte(), self.now()),
            8 | 9 => self.past.check_versions(tree, tape.byte() % NAMES, self.now()),
            10 => self.past.check_changes(tree, &self.model, tape.byte(), self.now()),
            11 | 12 => {
                let n = tape.byte() % NAMES;
                let time = self.clock.fetch_add(1, Ordering::Relaxed) + 1;
                tree.erase(&[id(n)])?;
                self.model.apply(Change::Delete(n));
                self.past.push(time, tree.snapshot().seq(), &self.model);
                self.past.erase(n);
                Ok(())
            }
            _ => {
                let more = u64::from(tape.byte());
                self.clock.fetch_add(more, Ordering::Relaxed);
                Ok(())
            }
        }
    }

    fn reopen(&mut self, end: impl FnOnce(LsmTree<SimDir>) -> Result<()>) -> Result<()> {
        for (snapshot, model) in self.held.drain(..) {
            compare(&snapshot, &model)?;
        }
        end(self.tree.take().expect("it is only gone in here"))?;
        self.dir = SimDir::from_image(&self.dir.image());
        self.tree = Some(open_with(self.dir.clone(), &self.clock)?);
        Ok(())
    }

    fn commit(&mut self, tape: &mut Tape<'_>) -> Result<()> {
        let durability = *tape.pick(&[Durability::None, Durability::Sync, Durability::Buffered]);
        let mut batch = WriteBatch::new();
        for _ in 0..=tape.byte() % 4 {
            let change = Change::draw(tape);
            if matches!(change, Change::PutIn(..)) && !self.spaces {
                self.tree().register_spaces(&spaces())?;
                self.spaces = true;
            }
            change.add_to(&mut batch)?;
            self.model.apply(change);
        }
        self.clock.fetch_add(1, Ordering::Relaxed);
        let info = self.tree().commit(batch, durability)?;
        self.past.push(info.time, info.last_seq, &self.model);
        Ok(())
    }
}

/// What a concept says.
pub(super) fn told(concept: &Concept<'_, SimDir>) -> Result<Told> {
    let text = concept.content()?.map(|text| text.len() as u8);
    let vector = concept.vector()?.map_or(0, |values| (values.len() / 4) as u8);
    Ok((text, vector, concept.record().access_count.get()))
}

pub(super) fn compare(snapshot: &Snapshot<SimDir>, model: &Model) -> Result<()> {
    for n in 0..NAMES {
        let found = snapshot.concept(&id(n))?.as_ref().map(told).transpose()?;
        assert_eq!(found.as_ref(), model.concepts.get(&n), "concept {n}");
        let (outgoing, incoming) = (snapshot.outgoing(&id(n))?, snapshot.incoming(&id(n))?);
        let links = model.associations.keys();
        let named = |records: &[AssociationRecord]| -> BTreeSet<_> {
            let named = |r: &AssociationRecord| {
                (r.source.as_bytes()[0], r.kind().code(), r.target.as_bytes()[0])
            };
            records.iter().map(named).collect()
        };
        assert!(named(&outgoing).iter().eq(links.clone().filter(|link| link.0 == n)), "from {n}");
        assert!(named(&incoming).iter().eq(links.filter(|link| link.2 == n)), "to {n}");
    }
    let (mut concepts, mut facts) = (0, 0);
    for concept in snapshot.iter_concepts()? {
        *(if concept?.record().is_fact() { &mut facts } else { &mut concepts }) += 1;
    }
    assert_eq!(concepts, model.concepts.len());
    let mut walked = 0;
    for record in snapshot.iter_associations()? {
        walked += 1;
        let record = record?;
        let fact = snapshot.fact(&record)?.is_some();
        let (a, b) = (record.source.as_bytes()[0], record.target.as_bytes()[0]);
        assert_eq!(Some(&fact), model.associations.get(&(a, record.kind().code(), b)));
    }
    assert_eq!(walked, model.associations.len());
    Ok(())
}
