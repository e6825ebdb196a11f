//! The peer's side: one segment in memory, by one thread.

use sutra_index::words::{Analyser, Purpose, Scratch};
use tantivy::collector::{Count, TopDocs};
use tantivy::directory::RamDirectory;
use tantivy::query::{BooleanQuery, Occur, Query, TermQuery};
use tantivy::schema::{Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::{TextAnalyzer, Token, TokenStream, Tokenizer};
use tantivy::{Index, Searcher, TantivyDocument, Term};

/// What a run needs of memory.
const BUDGET: usize = 2_000_000_000;

pub struct Theirs {
    searcher: Searcher,
    field: Field,
    bytes: u64,
}

impl Theirs {
    /// With our analyser, so that both have the same terms, or with the peer's own.
    pub fn build(texts: &[String], positions: bool, own_analyser: bool) -> Self {
        let record = if positions {
            IndexRecordOption::WithFreqsAndPositions
        } else {
            IndexRecordOption::WithFreqs
        };
        let name = if own_analyser { "default" } else { "same" };
        let indexing = TextFieldIndexing::default().set_tokenizer(name).set_index_option(record);
        let mut schema = Schema::builder();
        let field =
            schema.add_text_field("text", TextOptions::default().set_indexing_options(indexing));
        let index = Index::builder().schema(schema.build()).tokenizers(tokenizers());
        let directory = RamDirectory::create();
        let mut writer = index.single_segment_index_writer(directory, BUDGET).expect("a writer");
        for text in texts {
            let mut document = TantivyDocument::default();
            document.add_text(field, text);
            writer.add_document(document).expect("a document fits");
        }
        let index = writer.finalize().expect("one segment");
        let searcher = index.reader().expect("just written").searcher();
        let bytes = bytes(&searcher);
        Self { searcher, field, bytes }
    }

    /// Bytes of the terms, postings, positions and norms.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    fn query(&self, words: &[&str], all: bool) -> Box<dyn Query> {
        let occur = if all { Occur::Must } else { Occur::Should };
        let term = |word: &&str| -> (Occur, Box<dyn Query>) {
            let term = Term::from_field_text(self.field, word);
            (occur, Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs)))
        };
        Box::new(BooleanQuery::new(words.iter().map(term).collect()))
    }

    pub fn ask(&self, words: &[&str], all: bool, limit: usize) -> Vec<(f32, u32)> {
        let top = TopDocs::with_limit(limit).order_by_score();
        let hits = self.searcher.search(&*self.query(words, all), &top).expect("it was built");
        hits.into_iter().map(|(score, address)| (score, address.doc_id)).collect()
    }

    pub fn count(&self, words: &[&str], all: bool) -> usize {
        self.searcher.search(&*self.query(words, all), &Count).expect("it was built")
    }
}

fn tokenizers() -> tantivy::tokenizer::TokenizerManager {
    let manager = tantivy::tokenizer::TokenizerManager::default();
    manager.register("same", TextAnalyzer::builder(Same::default()).build());
    manager
}

fn bytes(searcher: &Searcher) -> u64 {
    let usage = searcher.space_usage().expect("it was built");
    let segments = usage.segments().iter();
    let parts = segments.flat_map(|segment| {
        [segment.termdict(), segment.postings(), segment.positions(), segment.fieldnorms()]
    });
    parts.map(|part| part.total().get_bytes()).sum()
}

/// Our analyser as a tokenizer of the peer.
#[derive(Clone, Default)]
struct Same {
    tokens: Vec<Token>,
}

impl Tokenizer for Same {
    type TokenStream<'a> = Tokens<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Tokens<'a> {
        self.tokens.clear();
        let tokens = &mut self.tokens;
        Analyser::default().each(
            text,
            Purpose::Index,
            &mut Scratch::default(),
            |term, position| {
                let text = term.to_owned();
                tokens.push(Token { text, position: position as usize, ..Token::default() });
            },
        );
        Tokens { tokens, next: 0 }
    }
}

struct Tokens<'a> {
    tokens: &'a mut Vec<Token>,
    next: usize,
}

impl TokenStream for Tokens<'_> {
    fn advance(&mut self) -> bool {
        self.next += 1;
        self.next <= self.tokens.len()
    }

    fn token(&self) -> &Token {
        &self.tokens[self.next - 1]
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.tokens[self.next - 1]
    }
}
