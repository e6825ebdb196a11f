//! Vector spaces by name: put, found, kept by all that moves a vector, and never mixed.

use sutra_storage::{
    AssociationKind, Batch, ConceptId, Error, ErrorKind, Hit, Metric, NewAssociation, NewConcept,
    Result, Store, VectorSpace, Way,
};

fn id(key: &str) -> ConceptId {
    ConceptId::from_key(key)
}

fn store() -> Result<(tempfile::TempDir, Store)> {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Store::open(dir.path())?;
    store.register_vector_space(&VectorSpace::new("inner", 2).metric(Metric::Dot))?;
    store.register_vector_space(&VectorSpace::new("far", 2).metric(Metric::Euclidean))?;
    let mut batch = Batch::new();
    for (space, factor) in [("inner", 1.0), ("far", 10.0)] {
        for (key, vector) in [("a", [1.0, 0.0]), ("b", [3.0, 1.0])] {
            let (key, vector) = (format!("{key} {space}"), vector.map(|value| value * factor));
            batch.put(NewConcept::with_key(&key).vector(&vector).space(space))?;
        }
    }
    batch.put(NewConcept::with_key("plain").vector(&[1.0, 0.0]))?;
    let fact = NewAssociation::new(id("a inner"), AssociationKind::CAUSAL, id("b inner"));
    batch.associate(fact.vector(&[2.0, 2.0]).space("inner"))?;
    store.commit(&batch)?;
    Ok((dir, store))
}

fn scores(hits: &[Hit<'_>]) -> Vec<f32> {
    hits.iter().map(|hit| hit.score).collect()
}

#[track_caller]
fn refused<T>(result: Result<T>, parts: &[&str]) {
    let error: Error = result.err().expect("refused");
    let text = error.to_string();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{text}");
    assert!(parts.iter().all(|part| text.contains(part)), "{text}");
}

#[test]
fn a_search_finds_the_vectors_of_its_space_by_its_metric() -> Result<()> {
    let (dir, store) = store()?;
    for round in 0..3 {
        let snapshot = store.snapshot();
        let near = |space: Option<&str>| -> Result<Vec<f32>> {
            let search = snapshot.search_vector(&[1.0, 1.0]);
            let search = space.map_or(search.clone(), |name| search.space(name));
            Ok(scores(&search.collect()?))
        };
        assert_eq!(near(Some("inner"))?, [4.0, 4.0, 1.0], "a fact among them, {round}");
        assert_eq!(near(Some("far"))?, [-82.0, -922.0], "{round}");
        assert_eq!(near(None)?.len(), 1, "{round}");
        let least = snapshot.search_vector(&[1.0, 1.0]).space("far").min_score(-100.0);
        assert_eq!(scores(&least.collect()?), [-82.0]);
        refused(near(Some("none")), &["no vector space is named \"none\""]);
        let short = snapshot.search_vector(&[1.0]).space("far").collect();
        refused(short, &["1 values", "\"far\"", "2 dimensions, euclidean"]);
        match round {
            0 => store.flush()?,
            _ => store.compact()?,
        }
    }
    store.close()?;
    let names: Vec<String> = (Store::open_read_only(dir.path())?.snapshot().vector_spaces().iter())
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        names,
        [
            "\"inner\" (model \"\", 2 dimensions, dot)",
            "\"far\" (model \"\", 2 dimensions, euclidean)"
        ]
    );
    Ok(())
}

#[test]
fn what_does_not_fit_is_refused_as_a_whole() -> Result<()> {
    let (_dir, store) = store()?;
    let seq = store.snapshot().seq();
    let mut batch = Batch::new();
    batch.put(NewConcept::with_key("new"))?;
    batch.put(NewConcept::with_key("misfit").vector(&[1.0; 3]).space("far"))?;
    refused(store.commit(&batch), &["3 values", "\"far\""]);
    batch.clear();
    batch.put(NewConcept::with_key("misfit").vector(&[1.0; 3]).space("none"))?;
    refused(store.commit(&batch), &["no vector space is named \"none\"", "register_vector_space"]);
    let mut transaction = store.transaction();
    transaction.put(NewConcept::with_key("misfit").vector(&[1.0; 3]).space("far"))?;
    refused(transaction.commit(), &["3 values"]);
    refused(batch.put(NewConcept::with_key("bare").space("far")), &["without a vector"]);
    let fact = NewAssociation::new(id("a"), AssociationKind::CAUSAL, id("b")).space("far");
    refused(batch.associate(fact), &["without a vector"]);
    assert_eq!(store.snapshot().seq(), seq);
    let other = VectorSpace::new("far", 3).metric(Metric::Euclidean);
    refused(store.register_vector_space(&other), &["2 dimensions", "3 dimensions"]);
    refused(store.snapshot().retrieve().text("a", 1.0).space("far").collect(), &["give both"]);
    Ok(())
}

#[test]
fn a_space_registered_after_a_transaction_began_is_known_to_it() -> Result<()> {
    let (_dir, store) = store()?;
    let mut transaction = store.transaction();
    store.register_vector_space(&VectorSpace::new("late", 1))?;
    transaction.put(NewConcept::with_key("x").vector(&[1.0]).space("late"))?;
    let own = transaction.concept(&id("x"))?.expect("its own");
    assert_eq!(own.vector_space()?, Some("late"));
    drop(own);
    transaction.commit()?;
    let snapshot = store.snapshot();
    assert_eq!(snapshot.concept(&id("x"))?.expect("there").vector_space()?, Some("late"));
    assert_eq!(snapshot.vector_space("late").expect("registered").dimension, 1);
    Ok(())
}

#[test]
fn a_vector_keeps_its_space_when_concepts_are_merged() -> Result<()> {
    let (_dir, store) = store()?;
    let mut batch = Batch::new();
    batch.put(NewConcept::with_key("bare"))?;
    batch.put(NewConcept::with_key("own").vector(&[5.0, 5.0]))?;
    store.commit(&batch)?;
    assert!(store.merge_concepts(id("bare"), id("a inner"))?.vector);
    assert!(!store.merge_concepts(id("own"), id("a far"))?.vector);
    let snapshot = store.snapshot();
    let space = |key| snapshot.concept(&id(key))?.expect("there").vector_space();
    assert_eq!((space("bare")?, space("own")?), (Some("inner"), None));
    let moved = snapshot.association(&id("bare"), AssociationKind::CAUSAL, &id("b inner"))?;
    let fact = snapshot.fact(&moved.expect("moved"))?.expect("with its vector");
    assert_eq!((fact.vector_space()?, fact.vector()?), (Some("inner"), Some(&[2.0, 2.0][..])));
    Ok(())
}

#[test]
fn retrieval_looks_in_one_space_and_tells_vectors_of_others_apart() -> Result<()> {
    let (_dir, store) = store()?;
    let snapshot = store.snapshot();
    let retrieve = snapshot.retrieve().vector(&[1.0, 1.0], 1.0).space("far");
    let found = retrieve.clone().near(&[id("a inner")], 1, 1.0).variety(0.5).collect()?;
    let of_vectors = found.iter().filter_map(|answer| {
        answer.reasons.iter().find(|reason| reason.way == Way::Vector).map(|reason| reason.score)
    });
    let mut of_vectors: Vec<f32> = of_vectors.collect();
    of_vectors.sort_by(f32::total_cmp);
    assert_eq!(of_vectors, [-922.0, -82.0]);
    refused(retrieve.vector(&[1.0], 1.0).collect(), &["1 values"]);
    // As far from each other as can be, since they are of different spaces.
    let mut batch = Batch::new();
    batch.put(NewConcept::with_key("x").content("same").vector(&[1.0, 0.0]))?;
    batch.put(NewConcept::with_key("y").content("same").vector(&[1.0, 0.0]).space("inner"))?;
    batch.put(NewConcept::with_key("z").content("same same").vector(&[1.0, 0.0]))?;
    store.commit(&batch)?;
    let snapshot = store.snapshot();
    let varied = snapshot.retrieve().text("same", 1.0).variety(1.0).limit(2).collect()?;
    let keys: Vec<_> =
        varied.iter().map(|answer| answer.hit.found.concept().key()).collect::<Result<_>>()?;
    assert!(keys.contains(&Some("y")), "{keys:?}");
    Ok(())
}
