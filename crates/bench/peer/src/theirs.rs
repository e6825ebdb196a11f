//! The other side: an engine for each way, and what holds them together.
//!
//! Words and vectors are asked for more than is needed, since neither ranks as fast behind a filter as
//! without one, and for more again where too little passes.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use cpu_time::ProcessTime;
use sutra_bench::Result;
use sutra_bench::engine::{Reader, Writer};
use sutra_bench::graph::Direction;
use sutra_bench::lmdb::{Lmdb, Mode};
use sutra_storage::{AssociationKind, AssociationRecord, ConceptId};
use tantivy::collector::TopDocs;
use tantivy::query::{BooleanQuery, Occur, Query, TermQuery};
use tantivy::schema::{FAST, Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::{Index, Searcher, TantivyDocument, Term};
use usearch::{IndexOptions, MetricKind, ScalarKind};

use crate::data::{DIMENSION, Data, Question, source_of};
use crate::{HOPS, LIMIT, POOL, Ways};

/// What tantivy may take of memory while it is built.
const BUDGET: usize = 1_000_000_000;
/// How many of the nearest usearch looks through, at least: for a recall of 0.95 and more.
const EF: usize = 150;
/// The constant of reciprocal ranks.
const K: f32 = 60.0;

pub struct Theirs {
    searcher: Searcher,
    field: Field,
    graph: usearch::Index,
    lmdb: Lmdb,
    ids: Vec<ConceptId>,
    numbers: HashMap<ConceptId, u32>,
    /// How long it took to build the graph of vectors.
    pub vectors_time: Duration,
}

impl Theirs {
    pub fn build(data: &Data, path: &Path) -> Result<Self> {
        let (searcher, field) = words(data)?;
        let start = ProcessTime::now();
        let graph = graph(data)?;
        let vectors_time = start.elapsed();
        let lmdb = Lmdb::open(path, 4 << 30, Mode::Load)?;
        let concepts = data.ids.iter().zip(&data.texts).map(|(id, text)| (*id, text.as_bytes()));
        let record = |(source, kind, target): &(u32, u16, u32)| {
            let end = |number: &u32| data.ids[*number as usize];
            let kind = AssociationKind::from_code(*kind);
            AssociationRecord::new(end(source), end(target), kind, 1.0)
        };
        lmdb.put_all(concepts, data.links.iter().map(record))?;
        lmdb.sync()?;
        let (ids, numbers) = (data.ids.clone(), data.numbers.clone());
        Ok(Self { searcher, field, graph, lmdb, ids, numbers, vectors_time })
    }

    /// The answer, as numbers of concepts.
    pub fn ask(&self, question: &Question, ways: Ways) -> Result<Vec<u32>> {
        let has = |way: Ways| ways == way || ways == Ways::Together;
        let mut lists: Vec<(f32, Vec<(f32, u32)>)> = Vec::new();
        if has(Ways::Words) {
            lists.push((1.0, self.by_words(question)?));
        }
        if has(Ways::Vector) {
            lists.push((1.0, self.by_vector(question)?));
        }
        if has(Ways::Near) {
            lists.push((0.5, self.nearby(question)?));
        }
        let mut fused: HashMap<u32, f32> = HashMap::new();
        for (weight, list) in lists {
            let mut rank = 0;
            for (place, (score, number)) in list.iter().enumerate() {
                if place == 0 || *score < list[place - 1].0 {
                    rank = place + 1;
                }
                *fused.entry(*number).or_default() += weight / (K + rank as f32);
            }
        }
        let mut answers: Vec<(u32, f32)> = fused.into_iter().collect();
        answers.sort_by(|a, b| {
            let ids = || self.ids[a.0 as usize].cmp(&self.ids[b.0 as usize]);
            b.1.total_cmp(&a.1).then_with(ids)
        });
        answers.truncate(LIMIT);
        Ok(answers.into_iter().map(|(number, _)| number).collect())
    }

    /// The bytes of the texts of the answer.
    pub fn read(&self, question: &Question, ways: Ways) -> Result<usize> {
        let answers = self.ask(question, ways)?;
        let (reader, mut bytes) = (self.lmdb.reader()?, 0);
        for number in answers {
            bytes += reader.bytes(&self.ids[number as usize])?.ok_or("a text is gone")?.len();
        }
        Ok(bytes)
    }

    fn by_words(&self, question: &Question) -> Result<Vec<(f32, u32)>> {
        let term = |word: &str| -> (Occur, Box<dyn Query>) {
            let term = Term::from_field_text(self.field, word);
            (Occur::Should, Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs)))
        };
        let query = BooleanQuery::new(question.words.split(' ').map(term).collect());
        pool(question, |asked| {
            let hits =
                self.searcher.search(&query, &TopDocs::with_limit(asked).order_by_score())?;
            Ok(hits.into_iter().map(|(score, address)| (score, address.doc_id)).collect())
        })
    }

    fn by_vector(&self, question: &Question) -> Result<Vec<(f32, u32)>> {
        pool(question, |asked| {
            let hits = self.graph.search(&question.vector, asked)?;
            let hits = hits.keys.iter().zip(&hits.distances);
            Ok(hits.map(|(key, distance)| (1.0 - distance, *key as u32)).collect())
        })
    }

    fn nearby(&self, question: &Question) -> Result<Vec<(f32, u32)>> {
        let reader = self.lmdb.reader()?;
        let mut seen = vec![question.from];
        let mut level = vec![question.from];
        let mut found = Vec::new();
        for hops in 1..=HOPS {
            let mut next = Vec::new();
            for id in &level {
                for direction in [Direction::Out, Direction::In] {
                    reader.neighbours(id, direction, |other| next.push(*other))?;
                }
            }
            next.sort_unstable();
            next.dedup();
            next.retain(|id| seen.binary_search(id).is_err());
            let numbers = next.iter().map(|id| self.numbers[id]);
            let wanted = numbers.filter(|number| source_of(*number) == question.source);
            found.extend(wanted.map(|number| (1.0 / hops as f32, number)).take(POOL - found.len()));
            if found.len() == POOL {
                break;
            }
            seen.extend(&next);
            seen.sort_unstable();
            level = next;
        }
        Ok(found)
    }
}

/// The best of those that the question wants, from an engine that is asked for more until enough are.
fn pool(
    question: &Question,
    ask: impl Fn(usize) -> Result<Vec<(f32, u32)>>,
) -> Result<Vec<(f32, u32)>> {
    let mut asked = 3 * POOL;
    loop {
        let mut found = ask(asked)?;
        let is_all = found.len() < asked;
        found.retain(|(_, number)| source_of(*number) == question.source);
        if found.len() >= POOL || is_all {
            found.truncate(POOL);
            return Ok(found);
        }
        asked *= 4;
    }
}

fn words(data: &Data) -> Result<(Searcher, Field)> {
    let indexing =
        TextFieldIndexing::default().set_index_option(IndexRecordOption::WithFreqsAndPositions);
    let mut schema = Schema::builder();
    let field =
        schema.add_text_field("text", TextOptions::default().set_indexing_options(indexing));
    let source = schema.add_u64_field("source", FAST);
    let index = Index::builder().schema(schema.build());
    let directory = tantivy::directory::RamDirectory::create();
    let mut writer = index.single_segment_index_writer(directory, BUDGET)?;
    for (text, number) in data.texts.iter().zip(0..) {
        let mut document = TantivyDocument::default();
        document.add_text(field, text);
        document.add_u64(source, source_of(number).into());
        writer.add_document(document)?;
    }
    Ok((writer.finalize()?.reader()?.searcher(), field))
}

fn graph(data: &Data) -> Result<usearch::Index> {
    let graph = usearch::new_index(&IndexOptions {
        dimensions: DIMENSION,
        metric: MetricKind::Cos,
        quantization: ScalarKind::F32,
        connectivity: 16,
        expansion_add: 100,
        expansion_search: EF,
        multi: false,
    })?;
    graph.reserve(data.ids.len())?;
    for number in 0..data.ids.len() {
        graph.add(number as u64, data.vector(number))?;
    }
    Ok(graph)
}
