//! Which concepts may be the same as new ones.

use sutra_storage::{
    AssociationKind, Batch, Candidate, ConceptId, Dedup, Effort, ErrorKind, Likeness, Metric,
    NewAssociation, NewConcept, Snapshot, VectorSpace,
};
use sutra_testkit::SplitMix;

use super::open;

fn candidate(key: &str, likeness: Likeness) -> Candidate {
    Candidate { id: ConceptId::from_key(key), likeness, score: None }
}

#[test]
fn candidates_have_the_same_key_or_the_same_words() {
    let place = tempfile::tempdir().unwrap();
    let store = open(place.path());
    let mut batch = Batch::new();
    for (key, content) in [
        ("Émile Zola", "A French writer."),
        ("emile  zola!", "somebody"),
        ("J'accuse", "An open letter, by Zola."),
        ("!!!", "..."),
    ] {
        batch.put(NewConcept::with_key(key).content(content)).unwrap();
    }
    store.commit(&batch).unwrap();
    let new = [
        NewConcept::with_key("Emile Zola").content("a french   WRITER"),
        NewConcept::with_key("J'accuse").content("An open letter - by Zola"),
        NewConcept::with_key("???").content("!"),
        NewConcept::with_id(ConceptId::from_bytes([1; 16])).content("SOMEBODY"),
        NewConcept::with_key("Zola Emile"),
    ];
    let mut found = store.snapshot().dedup_candidates(&new).unwrap();
    found[0].sort_by_key(|candidate| candidate.id);
    let mut first =
        [candidate("Émile Zola", Likeness::Key), candidate("emile  zola!", Likeness::Key)];
    first.sort_by_key(|candidate| candidate.id);
    let expected: [&[Candidate]; 5] = [
        &first,
        &[candidate("J'accuse", Likeness::Id)],
        &[],
        &[candidate("emile  zola!", Likeness::Content)],
        &[],
    ];
    assert_eq!(found, expected);
    assert!(store.snapshot().dedup_candidates(&[]).unwrap().is_empty());
}

#[test]
fn words_are_compared_whole_for_each_of_the_new_by_keys_alone_or_contents_alone() {
    let place = tempfile::tempdir().unwrap();
    let store = open(place.path());
    let mut batch = Batch::new();
    batch.put(NewConcept::with_key("ab c")).unwrap();
    batch.put(NewConcept::with_id(ConceptId::from_key("text")).content("de f")).unwrap();
    store.commit(&batch).unwrap();
    let snapshot = store.snapshot();
    let by_key = [candidate("ab c", Likeness::Key)];
    let keys = ["AB-C", "a bc", "ab c d", "ab", "Ab, c!"].map(NewConcept::with_key);
    let found = snapshot.dedup_candidates(&keys).unwrap();
    assert_eq!(found, [&by_key[..], &[], &[], &[], &by_key], "no content in the batch");
    let by_content = [candidate("text", Likeness::Content)];
    let mut number = 0;
    let contents = ["De F.", "d ef", "f de", "de f"].map(|content| {
        number += 1;
        NewConcept::with_id(ConceptId::from_bytes([number; 16])).content(content)
    });
    let found = snapshot.dedup_candidates(&contents).unwrap();
    assert_eq!(found, [&by_content[..], &[], &[], &by_content], "no key in the batch");
}

#[test]
fn a_common_text_gives_a_bounded_number_and_the_surer_reason_first() {
    let place = tempfile::tempdir().unwrap();
    let store = open(place.path());
    let mut batch = Batch::new();
    for n in 0..100 {
        batch.put(NewConcept::with_key(&format!("{n}")).content("the same")).unwrap();
    }
    batch.put(NewConcept::with_key("A-key").content("another")).unwrap();
    store.commit(&batch).unwrap();
    let new = [NewConcept::with_key("a key").content("The same!")];
    let found = store.snapshot().dedup_candidates(&new).unwrap();
    assert_eq!(found[0].len(), Snapshot::CANDIDATES_MAX + 1);
    assert_eq!(found[0][0], candidate("A-key", Likeness::Key));
}

/// What is near among all concepts, found by comparing each of them.
fn near(
    snapshot: &Snapshot,
    vector: &[f32],
    space: Option<&str>,
    min_score: f32,
    known: &[Candidate],
) -> Vec<(f32, ConceptId)> {
    let mut near = Vec::new();
    for concept in snapshot.iter().unwrap() {
        let concept = concept.unwrap();
        let Some(other) = concept.vector().unwrap() else { continue };
        if concept.vector_space().unwrap() != space || other.len() != vector.len() {
            continue;
        }
        let sum = |a: &[f32], b: &[f32]| -> f32 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
        let score = match space {
            None => sum(vector, other) / (sum(vector, vector) * sum(other, other)).sqrt(),
            Some(_) => -vector.iter().zip(other).map(|(a, b)| (a - b) * (a - b)).sum::<f32>(),
        };
        if score >= min_score && known.iter().all(|candidate| candidate.id != concept.id()) {
            near.push((score, concept.id()));
        }
    }
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    near.truncate(Snapshot::CANDIDATES_MAX);
    near
}

#[test]
fn near_vectors_of_one_space_are_candidates_like_those_that_comparing_all_finds() {
    let place = tempfile::tempdir().unwrap();
    let store = open(place.path());
    store.register_vector_space(&VectorSpace::new("far", 3).metric(Metric::Euclidean)).unwrap();
    let mut chance = SplitMix::new(7);
    // Whole numbers, so that scores in "far" are exact, and powers of two that none is on the edge.
    let mut vector = || [(); 3].map(|()| chance.below(9) as f32 - 4.25);
    for round in 0..3 {
        let mut batch = Batch::new();
        for n in 0..150 {
            let (key, vector) = (format!("{} {}", round, n % 120), vector());
            let new = NewConcept::with_key(&key).vector(&vector);
            batch.put(if n % 3 == 0 { new } else { new.space("far") }).unwrap();
        }
        let ends = [ConceptId::from_key("0 1"), ConceptId::from_key("0 2")];
        let fact = NewAssociation::new(ends[0], AssociationKind::CAUSAL, ends[1]);
        batch.associate(fact.vector(&[1.75; 3]).space("far")).unwrap();
        store.commit(&batch).unwrap();
        if round < 2 {
            store.flush().unwrap();
        }
    }
    let snapshot = store.snapshot();
    let vectors: Vec<[f32; 3]> = (0..40).map(|_| vector()).collect();
    let keys: Vec<String> = (0..40).map(|n| format!("{}  {}!", n % 3, n * 7)).collect();
    let mut new: Vec<NewConcept<'_>> = Vec::new();
    for (n, (key, vector)) in keys.iter().zip(&vectors).enumerate() {
        let concept = NewConcept::with_key(key).vector(vector);
        new.push(if n % 2 == 0 { concept } else { concept.space("far") });
    }
    new.push(NewConcept::with_key("0 1").vector(&[0.75; 2])); // Of a dimension that nothing has.
    new.push(NewConcept::with_key("no vector"));
    for (cosine, distance) in [(0.99, -9.0), (0.9, -30.0), (-1.0, -1_000.0)] {
        let asked = snapshot.dedup(&new).near(cosine).near_in("far", distance);
        let found = asked.clone().effort(Effort::Exact).collect().unwrap();
        assert_eq!(found, asked.collect().unwrap(), "few are compared one by one in any case");
        let plain = snapshot.dedup_candidates(&new).unwrap();
        let mut most = 0;
        for (at, (found, plain)) in found.iter().zip(&plain).enumerate() {
            let (known, by_vector) = found.split_at(plain.len());
            assert_eq!(known, plain, "the surer reasons come first");
            let Some(vector) = vectors.get(at) else { continue };
            let (space, least) = if at % 2 == 0 { (None, cosine) } else { (Some("far"), distance) };
            let expected = near(&snapshot, vector, space, least, plain);
            assert_eq!(by_vector.len(), expected.len(), "{at}");
            for (candidate, (score, id)) in by_vector.iter().zip(expected) {
                assert_eq!(candidate.likeness, Likeness::Vector);
                assert!((candidate.score.unwrap() - score).abs() < 1e-5, "{candidate:?}, {score}");
                assert!(space.is_none() || candidate.id == id, "{at}: exact scores, one order");
            }
            most = most.max(by_vector.len());
        }
        assert!(most > 0 && (cosine > -1.0 || most == Snapshot::CANDIDATES_MAX), "{most}");
        assert!(found[40].len() == 1 && found[41].is_empty(), "{:?}", &found[40..]);
    }
}

#[test]
fn near_vectors_are_looked_for_as_hard_as_is_said() {
    let place = tempfile::tempdir().unwrap();
    let store = open(place.path());
    let mut chance = SplitMix::new(3);
    let mut vector = || [(); 24].map(|()| chance.below(1_000) as f32 - 499.5);
    let mut batch = Batch::new();
    for n in 0..4_000 {
        batch.put(NewConcept::with_key(&format!("{n}")).vector(&vector())).unwrap();
    }
    store.commit(&batch).unwrap();
    store.flush().unwrap(); // So many vectors of a segment are in lists.
    let snapshot = store.snapshot();
    let vectors: Vec<_> = (0..60).map(|_| vector()).collect();
    let new: Vec<_> = vectors
        .iter()
        .zip(0_u8..)
        .map(|(vector, n)| NewConcept::with_id(ConceptId::from_bytes([n; 16])).vector(vector))
        .collect();
    let count =
        |asked: Dedup<'_, '_>| -> usize { asked.collect().unwrap().iter().map(Vec::len).sum() };
    let asked = snapshot.dedup(&new).near(0.5);
    let most = count(asked.clone().effort(Effort::Exact));
    let usual = count(asked.clone());
    assert_eq!(usual, count(asked.clone().effort(Effort::Balanced)), "the default");
    let least = count(asked.clone().effort(Effort::Probes(1)));
    assert!(least < usual && usual < most, "{least}, {usual}, {most}");
    let vectors: Vec<&[f32]> = vectors.iter().map(|vector| &vector[..]).collect();
    let expected: usize =
        vectors.iter().map(|vector| near(&snapshot, vector, None, 0.5, &[]).len()).sum();
    assert_eq!(most, expected, "none is missed");
}

#[test]
fn near_vectors_are_looked_for_only_where_that_makes_sense() {
    let place = tempfile::tempdir().unwrap();
    let store = open(place.path());
    store.register_vector_space(&VectorSpace::new("far", 3).metric(Metric::Euclidean)).unwrap();
    let snapshot = store.snapshot();
    let new = [NewConcept::with_key("a").vector(&[1.0, 2.0]).space("far")];
    assert_eq!(snapshot.dedup(&new).near(0.5).collect().unwrap(), [[]], "another space");
    for (asked, why) in [
        (snapshot.dedup(&new).near(f32::NAN), "must be a number"),
        (snapshot.dedup(&new).near_in("none", 0.5), "no vector space is named \"none\""),
        (snapshot.dedup(&new).near_in("far", 0.5), "2 values"),
    ] {
        let error = asked.collect().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(why), "{error}");
    }
}
