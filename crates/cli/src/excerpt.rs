//! The excerpt of WordNet that ships with the command.

/// Synsets around the domestic dog, as concepts.
pub(crate) const CONCEPTS: &[u8] = include_bytes!("../data/wordnet/concepts.jsonl");
/// The associations between them.
pub(crate) const ASSOCIATIONS: &[u8] = include_bytes!("../data/wordnet/associations.jsonl");
/// The notice that travels with every copy.
pub(crate) const NOTICE: &str = include_str!("../data/wordnet/LICENSE");
