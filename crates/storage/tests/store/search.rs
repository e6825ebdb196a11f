//! Searching from outside: by words, by vectors, and by all ways at once.

use sutra_storage::{
    Analyser, AssociationKind, Batch, ConceptId, ErrorKind, Filter, Found, Fusion, Hit, Language,
    Manifest, Matching, NewAssociation, NewConcept, Result, Snapshot, Store, StoreOptions, Way,
};

const CAUSES: AssociationKind = AssociationKind::CAUSAL;

fn id(key: &str) -> ConceptId {
    ConceptId::from_key(key)
}

fn store() -> Result<(tempfile::TempDir, Store)> {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Store::open(dir.path())?;
    let mut batch = Batch::new();
    for (key, content, vector) in [
        ("rain", "Water falls from clouds", [1.0, 0.0, 0.0]),
        ("flood", "Water covers the land", [0.9, 0.1, 0.0]),
        ("drought", "No water for long", [0.0, 1.0, 0.0]),
        ("harvest", "The grain is brought in", [0.0, 0.0, 1.0]),
    ] {
        batch.put(
            NewConcept::with_key(key).content(content).vector(&vector).valid(Some(100), None),
        )?;
    }
    let flooding =
        NewAssociation::new(id("rain"), CAUSES, id("flood")).content("Too much rain floods");
    batch.associate(flooding.valid(Some(200), Some(300)))?;
    batch.associate(NewAssociation::new(id("drought"), CAUSES, id("harvest")))?;
    store.commit(&batch)?;
    Ok((dir, store))
}

fn keys(hits: &[Hit<'_>]) -> Vec<String> {
    let key = |hit: &Hit<'_>| match &hit.found {
        Found::Concept(concept) => concept.key().expect("readable").unwrap_or("?").to_owned(),
        Found::Association(record, _) => format!("{:?}", record.kind()),
    };
    hits.iter().map(key).collect()
}

fn sorted(mut keys: Vec<String>) -> Vec<String> {
    keys.sort();
    keys
}

/// The same before and after everything is on disk.
fn twice(check: impl Fn(&Snapshot) -> Result<()>) -> Result<()> {
    let (_dir, store) = store()?;
    check(&store.snapshot())?;
    store.compact()?;
    check(&store.snapshot())
}

#[test]
fn words_are_meant_as_they_are_said_to_be() -> Result<()> {
    twice(|snapshot| {
        let ask = |text, matching| -> Result<Vec<String>> {
            Ok(keys(&snapshot.search_text(text).matching(matching).collect()?))
        };
        assert_eq!(sorted(ask("water", Matching::Any)?), ["drought", "flood", "rain"]);
        assert_eq!(ask("WATER clouds", Matching::Any)?[0], "rain");
        assert_eq!(ask("water clouds", Matching::All)?, ["rain"]);
        assert_eq!(ask("falls from", Matching::Phrase)?, ["rain"]);
        assert!(ask("from falls", Matching::Phrase)?.is_empty());
        assert_eq!(ask("gra", Matching::Prefix)?, ["harvest"]);
        assert_eq!(ask("+water -clouds -long", Matching::Syntax)?, ["flood"]);
        assert!(ask("", Matching::Any)?.is_empty());
        Ok(())
    })
}

#[test]
fn a_store_that_is_made_with_a_language_finds_words_by_their_stems() -> Result<()> {
    let dir = tempfile::tempdir().expect("a directory");
    let open = |language| {
        let options = StoreOptions { background_compaction: false, ..Default::default() };
        options.analyser(Analyser::stemming(language)).open(dir.path())
    };
    let store = open(Language::English)?;
    let mut batch = Batch::new();
    batch.put(NewConcept::with_key("Connected stores").content("Merging segments"))?;
    let link = NewAssociation::new(id("a"), CAUSES, id("b")).content("It merges them");
    batch.associate(link)?;
    store.commit(&batch)?;
    for _ in 0..2 {
        let snapshot = store.snapshot();
        assert_eq!(snapshot.analyser().language(), Some(Language::English));
        let ask = |text, matching| -> Result<usize> {
            Ok(snapshot.search_text(text).matching(matching).collect()?.len())
        };
        assert_eq!(ask("merged", Matching::Any)?, 2);
        assert_eq!(ask("merged segment", Matching::Phrase)?, 1);
        assert_eq!(ask("segment merging", Matching::Prefix)?, 1);
        assert_eq!(ask("+merge -segments", Matching::Syntax)?, 1);
        let answers = snapshot.retrieve().text("segment", 1.0).collect()?;
        assert_eq!(answers.len(), 1);
        let new = NewConcept::with_key("connecting store").content("merge segment");
        assert_eq!(snapshot.dedup_candidates(&[new])?[0].len(), 1, "its words have those stems");
        store.compact()?;
    }
    store.close()?;
    let error = open(Language::French).expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    assert!(error.to_string().contains("unicode-en") && error.path().is_some(), "{error}");
    let path = dir.path().join(Manifest::NAME);
    let mut manifest = Manifest::load(&path)?;
    manifest.analyser.version = 2;
    manifest.save(&path)?;
    let error = Store::open(dir.path()).expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    Ok(())
}

#[test]
fn an_association_is_found_by_what_it_says() -> Result<()> {
    twice(|snapshot| {
        let hits = snapshot.search_text("floods").collect()?;
        let [Hit { found: Found::Association(record, fact), .. }] = hits.as_slice() else {
            panic!("{hits:?}");
        };
        assert_eq!((record.source, record.target), (id("rain"), id("flood")));
        assert_eq!(fact.content()?, Some("Too much rain floods"));
        Ok(())
    })
}

#[test]
fn filters_leave_as_many_as_were_asked_for() -> Result<()> {
    twice(|snapshot| {
        let ask = |filter| {
            let hits =
                snapshot.search_text("water rain grain").filter(filter).limit(2).collect()?;
            Result::Ok(keys(&hits).len())
        };
        assert_eq!(ask(Filter::new().concepts())?, 2);
        assert_eq!(ask(Filter::new().associations())?, 1);
        assert_eq!(ask(Filter::new().of_kind(CAUSES))?, 1);
        assert_eq!(ask(Filter::new().of_kind(AssociationKind::TEMPORAL))?, 0);
        assert_eq!(ask(Filter::new().associations().valid_at(199))?, 0);
        assert_eq!(ask(Filter::new().associations().valid_at(200))?, 1);
        assert_eq!(ask(Filter::new().associations().valid_at(300))?, 0);
        assert_eq!(ask(Filter::new().valid_at(99))?, 0);
        let ever = Filter::new().concepts().valid_at(i64::MAX);
        assert_eq!(ask(ever)?, 2, "what has no end holds at the last moment too");
        assert_eq!(ask(Filter::new().from_source(7))?, 0);
        assert_eq!(ask(Filter::new().min_confidence(1.0))?, 2);
        assert_eq!(ask(Filter::new().min_confidence(1.1))?, 0);
        assert_eq!(ask(Filter::new().min_strength(1.1).concepts())?, 0);
        assert_eq!(ask(Filter::new().updated_before(0))?, 0);
        assert_eq!(ask(Filter::new().updated_from(1))?, 2);
        Ok(())
    })
}

#[test]
fn the_nearest_come_first() -> Result<()> {
    twice(|snapshot| {
        let hits = snapshot.search_vector(&[1.0, 0.0, 0.0]).limit(3).collect()?;
        assert_eq!(keys(&hits)[..2], ["rain", "flood"]);
        assert_eq!(hits[0].score, 1.0);
        let some = snapshot.search_vector(&[1.0, 0.0, 0.0]).min_score(0.5).collect()?;
        assert_eq!(keys(&some), ["rain", "flood"]);
        assert!(snapshot.search_vector(&[1.0, 0.0]).collect()?.is_empty(), "another dimension");
        for bad in [&[][..], &[f32::NAN, 0.0, 0.0], &[f32::MAX, 0.0, 0.0]] {
            let error = snapshot.search_vector(bad).collect().expect_err("it cannot be compared");
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        }
        Ok(())
    })
}

#[test]
fn many_vectors_have_an_answer_each() -> Result<()> {
    twice(|snapshot| {
        let vectors = [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.5, 0.5, 0.0]];
        let answers = snapshot.search_vectors(&vectors).limit(2).collect()?;
        assert_eq!(keys(&answers[0]), ["rain", "flood"]);
        assert_eq!(answers.len(), vectors.len());
        for (vector, hits) in vectors.iter().zip(&answers) {
            let alone = snapshot.search_vector(vector).limit(2).collect()?;
            assert_eq!(keys(hits), keys(&alone));
            assert!(hits.iter().zip(&alone).all(|(hit, alone)| hit.score == alone.score));
        }
        let least =
            snapshot.search_vectors(&vectors).min_score(0.99).filter(Filter::new().concepts());
        let counts: Vec<usize> = least.collect()?.iter().map(Vec::len).collect();
        let alone = |vector: &[f32]| {
            let search = snapshot.search_vector(vector).min_score(0.99);
            search.filter(Filter::new().concepts()).collect().map(|hits| hits.len())
        };
        let expected: Result<Vec<usize>> = vectors.iter().map(|vector| alone(vector)).collect();
        assert_eq!(counts, expected?);
        assert!(snapshot.search_vectors::<[f32; 3]>(&[]).collect()?.is_empty());
        let mixed = snapshot.search_vectors(&[&[1.0, 0.0, 0.0][..], &[1.0, 0.0]]).collect()?;
        assert!(!mixed[0].is_empty() && mixed[1].is_empty(), "another dimension");
        let bad = snapshot.search_vectors(&[[1.0, 0.0, 0.0], [0.0, f32::NAN, 0.0]]);
        let error = bad.collect().expect_err("one of them cannot be compared");
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        Ok(())
    })
}

#[test]
fn a_vector_that_cannot_be_compared_is_refused_when_it_is_put() {
    let mut batch = Batch::new();
    let error = batch.put(NewConcept::with_key("far").vector(&[4e18, 1.0]));
    assert!(error.expect_err("too long").to_string().contains("9e36"));
}

#[test]
fn several_ways_become_one_list_that_explains_itself() -> Result<()> {
    twice(|snapshot| {
        let all = snapshot.retrieve().text("water", 1.0).vector(&[0.9, 0.1, 0.0], 1.0);
        let answers = all.near(&[id("rain")], 1, 1.0).filter(Filter::new().concepts()).collect()?;
        let Found::Concept(first) = &answers[0].hit.found else { panic!("a concept") };
        assert_eq!(first.key()?, Some("flood"));
        let ways: Vec<Way> = answers[0].reasons.iter().map(|reason| reason.way).collect();
        assert_eq!(ways, [Way::Text, Way::Vector, Way::Near]);
        let sum: f32 = answers[0].reasons.iter().map(|reason| reason.share).sum();
        assert_eq!(answers[0].hit.score, sum);
        assert_eq!(answers[0].reasons[1].rank, 1);
        assert_eq!(answers[0].reasons[1].share, 1.0 / 61.0);
        assert!(answers.is_sorted_by(|a, b| a.hit.score >= b.hit.score));
        Ok(())
    })
}

#[test]
fn fusion_of_scores_age_and_variety_change_the_order() -> Result<()> {
    twice(|snapshot| {
        let ask = || snapshot.retrieve().vector(&[1.0, 0.05, 0.0], 1.0).limit(2);
        let order = |retrieve: sutra_storage::Retrieve<'_>| {
            let answers = retrieve.collect()?.into_iter().map(|answer| answer.hit);
            Result::Ok(keys(&answers.collect::<Vec<_>>()))
        };
        assert_eq!(order(ask())?, ["rain", "flood"]);
        assert_eq!(order(ask().fusion(Fusion::Scores))?, ["rain", "flood"]);
        // What is most like the first one goes behind what is not.
        assert_eq!(order(ask().variety(0.7))?, ["rain", "drought"]);
        let old = ask().recency(u64::MAX, 1, 1.0).collect()?;
        assert_eq!(old[0].hit.score, 0.0);
        let expanded = snapshot.retrieve().text("long", 1.0).expand(1, 0.5);
        assert_eq!(order(expanded)?, ["drought", "harvest"]);
        Ok(())
    })
}

#[test]
fn what_cannot_be_asked_is_refused() -> Result<()> {
    let (_dir, store) = store()?;
    let snapshot = store.snapshot();
    let refused = |error: Result<Vec<sutra_storage::Retrieved<'_>>>| {
        assert_eq!(error.expect_err("refused").kind(), ErrorKind::InvalidInput);
    };
    refused(snapshot.retrieve().collect());
    refused(snapshot.retrieve().text("water", f32::NAN).collect());
    refused(snapshot.retrieve().text("water", -1.0).collect());
    refused(snapshot.retrieve().text("water", 1.0).variety(1.5).collect());
    let nan = snapshot.search_text("water").min_score(f32::NAN).collect();
    assert_eq!(nan.expect_err("refused").kind(), ErrorKind::InvalidInput);
    Ok(())
}
