//! Which concepts may be the same as new ones.

use sutra_storage::{Batch, Candidate, ConceptId, Likeness, NewConcept, Snapshot};

use super::open;

fn candidate(key: &str, likeness: Likeness) -> Candidate {
    Candidate { id: ConceptId::from_key(key), likeness }
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
