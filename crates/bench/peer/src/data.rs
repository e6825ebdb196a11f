//! What is stored and asked: texts and associations from files, vectors from a file or made up.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use serde_json::Value;
use sutra_bench::Result;
use sutra_storage::ConceptId;

/// Values of each vector.
pub const DIMENSION: usize = 384;
/// Clusters of vectors that are made up.
const CLUSTERS: usize = 1_000;
/// Concepts come from so many sources; a question wants those of one half of them.
pub const SOURCES: u32 = 2;

pub struct Data {
    pub ids: Vec<ConceptId>,
    pub keys: Vec<String>,
    pub texts: Vec<String>,
    pub vectors: Vec<f32>,
    pub numbers: HashMap<ConceptId, u32>,
    /// Source, number of the kind, target.
    pub links: Vec<(u32, u16, u32)>,
    pub kinds: Vec<String>,
}

pub struct Question {
    pub words: String,
    pub vector: Vec<f32>,
    pub from: ConceptId,
    pub source: u32,
}

/// Seeded numbers (SplitMix64, Steele, Lea, Flood 2014).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    /// Nearly normal: a sum of four.
    fn normal(&mut self) -> f32 {
        let bits = self.next();
        let quarter = |at: u32| (bits >> (16 * at) & 0xffff) as f32 / 65_536.0 - 0.5;
        (0..4).map(quarter).sum::<f32>() * 1.732
    }
}

/// Which source a concept comes from.
pub fn source_of(number: u32) -> u32 {
    number % SOURCES
}

impl Data {
    pub fn read(dir: &Path, vectors: Option<&str>) -> Result<Self> {
        let (mut keys, mut texts) = (Vec::new(), Vec::new());
        for line in fs::read_to_string(dir.join("concepts.jsonl"))?.lines() {
            let value: Value = serde_json::from_str(line)?;
            keys.push(value["key"].as_str().ok_or("a concept without a key")?.to_owned());
            texts.push(value["content"].as_str().unwrap_or_default().to_owned());
        }
        let ids: Vec<ConceptId> = keys.iter().map(|key| ConceptId::from_key(key)).collect();
        let numbers: HashMap<ConceptId, u32> = ids.iter().copied().zip(0..).collect();
        let (mut kinds, mut links): (Vec<String>, Vec<_>) = (Vec::new(), Vec::new());
        for line in fs::read_to_string(dir.join("associations.jsonl"))?.lines() {
            let value: Value = serde_json::from_str(line)?;
            let text = |name: &str| value[name].as_str().ok_or("an association lacks something");
            let end = |name: &str| -> Result<u32> {
                let id = ConceptId::from_key(text(name)?);
                Ok(*numbers.get(&id).ok_or("an association to nothing")?)
            };
            let kind = text("type")?;
            let at = kinds.iter().position(|known| known == kind).unwrap_or_else(|| {
                kinds.push(kind.to_owned());
                kinds.len() - 1
            });
            links.push((end("source")?, u16::try_from(at)?, end("target")?));
        }
        links.sort_unstable();
        links.dedup();
        let vectors = match vectors {
            Some(path) => {
                let bytes = fs::read(path)?;
                bytes.as_chunks::<4>().0.iter().map(|value| f32::from_le_bytes(*value)).collect()
            }
            None => made_up(ids.len()),
        };
        if vectors.len() != ids.len() * DIMENSION {
            return Err("there is not one vector for each concept".into());
        }
        Ok(Self { ids, keys, texts, vectors, numbers, links, kinds })
    }

    pub fn vector(&self, number: usize) -> &[f32] {
        &self.vectors[number * DIMENSION..][..DIMENSION]
    }

    /// Two to four words of a text, something near its vector, and associations from it.
    pub fn questions(&self, count: usize) -> Vec<Question> {
        let chance = &mut Chance(7);
        let mut questions = Vec::with_capacity(count);
        while questions.len() < count {
            let number = chance.next() as usize % self.ids.len();
            let mut words: Vec<&str> = self.texts[number]
                .split(|c: char| !c.is_ascii_alphabetic())
                .filter(|word| word.len() >= 4)
                .collect();
            if words.len() < 4 {
                continue;
            }
            let wanted = 2 + chance.next() as usize % 3;
            let chosen: Vec<String> = (0..wanted)
                .map(|_| words.swap_remove(chance.next() as usize % words.len().max(1)))
                .take(4)
                .map(str::to_lowercase)
                .collect();
            let noise = 0.3 / (DIMENSION as f32).sqrt();
            let vector = self.vector(number).iter().map(|v| v + noise * chance.normal()).collect();
            let source = (chance.next() >> 32) as u32 % SOURCES;
            let words = chosen.join(" ");
            questions.push(Question { words, vector, from: self.ids[number], source });
        }
        questions
    }

    /// The nearest of the wanted source, by comparing all.
    pub fn nearest(&self, question: &Question, limit: usize) -> Vec<u32> {
        let cosine = |number: u32| {
            let vector = self.vector(number as usize);
            let dot: f32 = vector.iter().zip(&question.vector).map(|(a, b)| a * b).sum();
            let length: f32 = vector.iter().map(|value| value * value).sum();
            dot / length.sqrt()
        };
        let wanted = (0..self.ids.len() as u32).filter(|n| source_of(*n) == question.source);
        let mut scored: Vec<(f32, u32)> = wanted.map(|n| (cosine(n), n)).collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0));
        scored.into_iter().take(limit).map(|(_, number)| number).collect()
    }
}

/// Unit vectors around some centres, as embeddings are.
fn made_up(count: usize) -> Vec<f32> {
    let chance = &mut Chance(3);
    let centres: Vec<f32> = (0..CLUSTERS * DIMENSION).map(|_| chance.normal()).collect();
    let mut vectors = Vec::with_capacity(count * DIMENSION);
    for _ in 0..count {
        let centre = chance.next() as usize % CLUSTERS;
        let start = vectors.len();
        let values = &centres[centre * DIMENSION..][..DIMENSION];
        vectors.extend(values.iter().map(|value| value + 0.8 * chance.normal()));
        let length = vectors[start..].iter().map(|value| value * value).sum::<f32>().sqrt();
        vectors[start..].iter_mut().for_each(|value| *value /= length);
    }
    vectors
}
