//! The whole public interface in one walk, in the order in which a user meets it.

use std::error::Error;
use std::path::Path;

use sutra_storage::{
    AssociationKind, Batch, Concept, ConceptId, Direction, Durability, Health, NewAssociation,
    NewConcept, Snapshot, Store, StoreOptions, Touch,
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn id(key: &str) -> ConceptId {
    ConceptId::from_key(key)
}

fn get<'s>(snapshot: &'s Snapshot, key: &str) -> Result<Concept<'s>> {
    Ok(snapshot.concept_of_key(key)?.ok_or("no such concept")?)
}

#[test]
fn the_whole_interface_works_from_opening_to_closing() -> Result<()> {
    let place = tempfile::tempdir()?;
    let dir = place.path().join("graph");

    let store = Store::open(&dir)?;
    write(&store)?;
    let before = store.snapshot();
    read(&before)?;
    walk(&store, &before)?;
    facts(&before)?;
    change(&store)?;
    changed(&store.snapshot())?;
    read(&before)?; // A snapshot never changes.
    read_while_another_writes(&dir)?;
    care(&store)?;
    read(&before)?; // Nor does compaction change it.
    drop(before);
    store.close()?;

    let options = StoreOptions { create: false, ..Default::default() };
    let store = options.open(&dir)?;
    changed(&store.snapshot())?;
    assert!(store.verify(&mut |_| {})?.is_intact());
    Ok(())
}

fn write(store: &Store) -> Result<()> {
    let is_a = store.register_kind("is_a")?;
    assert_eq!(store.kind_named("is_a"), Some(is_a));
    assert_eq!(store.kind_name(is_a).as_deref(), Some("is_a"));
    assert_eq!(store.kind_named("causal"), Some(AssociationKind::CAUSAL));

    let mut batch = Batch::new();
    let dog = NewConcept::with_key("dog").content("It barks.").attributes(r#"{"legs":4}"#);
    batch.put(dog.vector(&[0.6, 0.8]).strength(0.5).confidence(0.25))?;
    batch.put(NewConcept::with_key("animal").valid(Some(-500), None).source_hash(7))?;
    batch.put(NewConcept::with_id(ConceptId::from_bytes([9; 16])).content(""))?;
    batch.associate(NewAssociation::new(id("dog"), is_a, id("animal")).weight(2.0))?;
    let chases = NewAssociation::new(id("dog"), AssociationKind::CAUSAL, id("dog"))
        .content("It chases its tail.")
        .attributes(r#"{"often":true}"#)
        .vector(&[1.0])
        .valid(Some(0), Some(1000));
    batch.associate(chases.confidence(0.5))?;
    assert_eq!(batch.len(), 5);
    let commit = store.commit(&batch)?;
    assert!(commit.first_seq < commit.last_seq);
    assert_eq!(store.snapshot().seq(), commit.last_seq);
    Ok(())
}

fn read(snapshot: &Snapshot) -> Result<()> {
    let dog = get(snapshot, "dog")?;
    assert_eq!((dog.id(), dog.key()?), (id("dog"), Some("dog")));
    assert_eq!((dog.content()?, dog.attributes()?), (Some("It barks."), Some(r#"{"legs":4}"#)));
    assert_eq!(dog.vector()?, Some(&[0.6, 0.8][..]));
    assert_eq!((dog.record().strength.get(), dog.record().confidence.get()), (0.5, 0.25));

    let animal = get(snapshot, "animal")?;
    assert_eq!((animal.content()?, animal.attributes()?, animal.vector()?), (None, None, None));
    assert_eq!(animal.record().valid_from.get(), -500);
    assert_eq!(animal.record().source_hash.get(), 7);

    let found = snapshot.concepts(&[id("cat"), ConceptId::from_bytes([9; 16]), id("dog")])?;
    assert!(found[0].is_none());
    let nameless = found[1].as_ref().ok_or("put by its id")?;
    assert_eq!((nameless.key()?, nameless.content()?), (None, Some("")));
    assert_eq!(found[2].as_ref().map(Concept::id), Some(id("dog")));
    Ok(())
}

fn walk(store: &Store, snapshot: &Snapshot) -> Result<()> {
    let is_a = store.kind_named("is_a").ok_or("registered")?;
    let neighbors = snapshot.neighbors(&id("dog")).collect()?;
    let seen: Vec<_> = neighbors.iter().map(|n| (n.direction, n.id)).collect();
    // The association of the dog with itself is told once.
    let expected = [(Direction::Outgoing, id("dog")), (Direction::Outgoing, id("animal"))];
    assert_eq!(seen, expected);
    assert_eq!(snapshot.neighbors(&id("dog")).incoming().collect()?.len(), 1);
    assert_eq!(snapshot.neighbors(&id("dog")).outgoing().collect()?.len(), 2);
    assert_eq!(snapshot.neighbors(&id("dog")).limit(1).collect()?.len(), 1);
    assert_eq!(snapshot.neighbors(&id("dog")).limit(0).collect()?.len(), 0);
    let parents = snapshot.neighbors(&id("dog")).of_kind(is_a).collect()?;
    assert_eq!(parents.len(), 1);
    assert_eq!(parents[0].association.weight.get(), 2.0);
    let children = snapshot.neighbors(&id("animal")).collect()?;
    assert_eq!((children[0].direction, children[0].id), (Direction::Incoming, id("dog")));
    assert!(snapshot.neighbors(&id("cat")).collect()?.is_empty());

    assert!(snapshot.association(&id("dog"), is_a, &id("animal"))?.is_some());
    assert!(snapshot.association(&id("animal"), is_a, &id("dog"))?.is_none());
    assert_eq!(snapshot.iter_associations()?.count(), 2);
    Ok(())
}

fn facts(snapshot: &Snapshot) -> Result<()> {
    let of = |kind, target| snapshot.association(&id("dog"), kind, &target);
    let chases = of(AssociationKind::CAUSAL, id("dog"))?.ok_or("it was put")?;
    assert_eq!((chases.valid_from(), chases.valid_to()), (0, 1000));
    let fact = snapshot.fact(&chases)?.ok_or("it has text")?;
    assert_eq!(fact.content()?, Some("It chases its tail."));
    assert_eq!((fact.attributes()?, fact.key()?), (Some(r#"{"often":true}"#), None));
    assert_eq!(fact.vector()?, Some(&[1.0][..]));
    // It is found through its association, and nowhere else.
    assert!(snapshot.concept(&fact.id())?.is_none());
    assert!(snapshot.concepts(&[fact.id()])?[0].is_none());
    assert_eq!(snapshot.iter()?.count(), 3);
    Ok(())
}

fn change(store: &Store) -> Result<()> {
    let is_a = store.kind_named("is_a").ok_or("registered")?;
    let mut batch = Batch::new();
    batch.put(NewConcept::with_key("cat").content("It purrs."))?;
    batch.put(NewConcept::with_key("dog").content("It sleeps."))?;
    batch.touch(Touch { strength: Some(0.75), ..Touch::new(id("dog")) })?;
    batch.dissociate(id("dog"), AssociationKind::CAUSAL, id("dog"));
    batch.delete(ConceptId::from_bytes([9; 16]));
    store.commit_with(&batch, Durability::Buffered)?;
    batch.clear();
    assert!(batch.is_empty() && batch.byte_size() == 0);
    batch.associate(NewAssociation::new(id("cat"), is_a, id("animal")))?;
    store.commit_with(&batch, Durability::None)?;
    Ok(())
}

fn changed(snapshot: &Snapshot) -> Result<()> {
    let dog = get(snapshot, "dog")?;
    assert_eq!(dog.content()?, Some("It sleeps."));
    assert_eq!((dog.attributes()?, dog.vector()?), (None, None));
    assert_eq!((dog.record().access_count.get(), dog.record().strength.get()), (1, 0.75));
    assert!(dog.record().updated_at.get() >= dog.record().created_at.get());
    assert!(snapshot.concept(&ConceptId::from_bytes([9; 16]))?.is_none());
    assert_eq!(snapshot.neighbors(&id("animal")).incoming().collect()?.len(), 2);
    assert_eq!(snapshot.iter_associations()?.count(), 2);
    let mut keys = Vec::new();
    for concept in snapshot.iter()? {
        keys.extend(concept?.key()?.map(str::to_owned));
    }
    keys.sort();
    assert_eq!(keys, ["animal", "cat", "dog"]);
    Ok(())
}

fn read_while_another_writes(dir: &Path) -> Result<()> {
    let reader = Store::open_read_only(dir)?;
    changed(&reader.snapshot())?;
    Ok(())
}

fn care(store: &Store) -> Result<()> {
    assert_eq!(store.health(), Health::Good);
    store.flush()?;
    assert!(store.stats().total_segments > 0);
    store.compact()?;
    assert_eq!(store.stats().total_segments, 1);
    assert_eq!(store.segments()?.iter().filter(|segment| !segment.payload_only).count(), 1);
    let mut bytes = 0;
    let report = store.verify(&mut |more| bytes += more)?;
    assert!(report.is_intact(), "{report:?}");
    assert!(bytes > 0);
    Ok(())
}
