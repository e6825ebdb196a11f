//! WordNet as a graph: what becomes a concept, what an association, and how each is written.
//!
//! * A set of synonyms is a concept. Its content is the gloss; its words, its type and its
//!   lexicographer file are attributes.
//! * A pointer is an association of the kind that its symbol stands for. Pointers that share
//!   source, target and kind are one association.
//! * A pointer between two words adds the pair to the attribute `words` of its association, each
//!   pair once, in the order of the file.
//! * A pointer to a set that is not there is dropped.
//!
//! Both files are sorted by code point, so equal input gives equal bytes.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde::Serialize;

use crate::failure::{Failure, Result};

use super::synset::{Key, ParseResult, Synset};

/// The two words that a pointer joins.
type WordPair = [String; 2];

#[derive(Default)]
pub(crate) struct Graph {
    synsets: BTreeMap<Key, Synset>,
    associations: BTreeMap<(Key, Key, &'static str), Vec<WordPair>>,
}

#[derive(Serialize)]
struct ConceptLine<'a> {
    key: String,
    content: &'a str,
    attrs: ConceptAttributes<'a>,
}

#[derive(Serialize)]
struct ConceptAttributes<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    lemmas: &'a [String],
    pos: &'a str,
    lexfile: &'a str,
}

#[derive(Serialize)]
struct AssociationLine<'a> {
    source: String,
    target: String,
    r#type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    attrs: Option<AssociationAttributes<'a>>,
}

#[derive(Serialize)]
struct AssociationAttributes<'a> {
    words: &'a [WordPair],
}

impl Graph {
    pub(crate) fn add(&mut self, synset: Synset) -> ParseResult<()> {
        match self.synsets.entry(synset.key) {
            Entry::Occupied(_) => Err(format!("{} occurs twice", synset.key)),
            Entry::Vacant(place) => {
                place.insert(synset);
                Ok(())
            }
        }
    }

    /// Turns pointers into associations, once every set is known.
    pub(crate) fn connect(&mut self) -> ParseResult<()> {
        for source in self.synsets.values() {
            for pointer in &source.pointers {
                let Some(target) = self.synsets.get(&pointer.target) else { continue };
                let name = (source.key, target.key, pointer.kind);
                let pairs = self.associations.entry(name).or_default();
                let Some((from, to)) = pointer.words else { continue };
                let pair = [word(source, from)?, word(target, to)?];
                if !pairs.contains(&pair) {
                    pairs.push(pair);
                }
            }
        }
        Ok(())
    }

    pub(crate) fn concept_count(&self) -> usize {
        self.synsets.len()
    }

    pub(crate) fn association_count(&self) -> usize {
        self.associations.len()
    }

    pub(crate) fn concepts_jsonl(&self) -> Result<String> {
        jsonl(self.synsets.values().map(|synset| ConceptLine {
            key: synset.key.to_string(),
            content: &synset.gloss,
            attrs: ConceptAttributes {
                lemmas: &synset.words,
                pos: &synset.class,
                lexfile: synset.lexicographer_file,
            },
        }))
    }

    pub(crate) fn associations_jsonl(&self) -> Result<String> {
        jsonl(self.associations.iter().map(|((source, target, kind), words)| AssociationLine {
            source: source.to_string(),
            target: target.to_string(),
            r#type: kind,
            attrs: (!words.is_empty()).then_some(AssociationAttributes { words }),
        }))
    }
}

/// The word of a set that a pointer counts from one.
fn word(synset: &Synset, number: usize) -> ParseResult<String> {
    let word = number.checked_sub(1).and_then(|index| synset.words.get(index));
    word.cloned().ok_or_else(|| format!("a pointer names word {number} of {}", synset.key))
}

fn jsonl<T: Serialize>(lines: impl Iterator<Item = T>) -> Result<String> {
    let mut text = String::new();
    for line in lines {
        let line = serde_json::to_string(&line)
            .map_err(|error| Failure::new(format!("a line cannot be written as JSON: {error}")))?;
        text.push_str(&line);
        text.push('\n');
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::synset::{PartOfSpeech, parse};

    fn graph(nouns: &[&str]) -> ParseResult<Graph> {
        let mut graph = Graph::default();
        for line in nouns {
            graph.add(parse(line, PartOfSpeech::Noun)?.expect("a set, not the notice"))?;
        }
        graph.connect()?;
        Ok(graph)
    }

    #[test]
    fn a_set_is_a_concept_and_concepts_are_sorted_by_key() {
        let graph = graph(&[
            "00000002 05 n 02 dog 0 house_dog 0 000 | says \"wau\"",
            "00000001 03 n 01 na\u{ef}f 0 000 | first",
        ]);
        assert_eq!(
            graph.unwrap().concepts_jsonl().unwrap(),
            "{\"key\":\"wn-00000001-n\",\"content\":\"first\",\"attrs\":{\"lemmas\":[\"na\u{ef}f\"],\
             \"pos\":\"n\",\"lexfile\":\"noun.Tops\"}}\n\
             {\"key\":\"wn-00000002-n\",\"content\":\"says \\\"wau\\\"\",\"attrs\":{\"lemmas\":\
             [\"dog\",\"house dog\"],\"pos\":\"n\",\"lexfile\":\"noun.animal\"}}\n"
        );
    }

    #[test]
    fn parallel_pointers_are_one_association_with_each_pair_of_words_once() {
        let graph = graph(&[
            "00000001 03 n 02 a 0 b 0 005 @ 00000002 n 0000 + 00000002 n 0201 + 00000002 n 0000 \
             + 00000002 n 0101 + 00000002 n 0201 | x",
            "00000002 03 n 01 c 0 000 | y",
        ]);
        assert_eq!(
            graph.unwrap().associations_jsonl().unwrap(),
            "{\"source\":\"wn-00000001-n\",\"target\":\"wn-00000002-n\",\
             \"type\":\"derivationally_related\",\"attrs\":{\"words\":[[\"b\",\"c\"],[\"a\",\"c\"]]}}\n\
             {\"source\":\"wn-00000001-n\",\"target\":\"wn-00000002-n\",\"type\":\"hypernym\"}\n"
        );
    }

    #[test]
    fn a_pointer_to_a_missing_set_is_dropped() {
        let graph = graph(&["00000001 03 n 01 a 0 001 @ 00000009 n 0101 | x"]).unwrap();
        assert_eq!((graph.concept_count(), graph.association_count()), (1, 0));
    }

    #[test]
    fn a_pointer_to_a_missing_word_and_a_repeated_set_are_errors() {
        let line = "00000001 03 n 01 a 0 001 @ 00000001 n 0102 | x";
        assert_eq!(graph(&[line]).err().unwrap(), "a pointer names word 2 of wn-00000001-n");
        assert_eq!(graph(&[line, line]).err().unwrap(), "wn-00000001-n occurs twice");
    }
}
