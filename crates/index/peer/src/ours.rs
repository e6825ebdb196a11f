//! Our side: build a section, ask it.

use sutra_index::words::{Analyser, Hit, Query, Section, SectionBuilder, Source, search};

pub struct Ours {
    bytes: Vec<u8>,
}

impl Ours {
    pub fn build(texts: &[String], positions: bool) -> Self {
        let mut builder = SectionBuilder::new(Analyser::default(), positions);
        for (row, text) in (0..).zip(texts) {
            builder.put(row, text).expect("rows rise");
        }
        Self { bytes: builder.finish(texts.len() as u32).expect("it fits") }
    }

    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    pub fn ask(&self, words: &str, all: bool, limit: usize) -> Vec<Hit> {
        let section = Section::open(&self.bytes).expect("just built");
        let analyser = Analyser::default();
        let query = if all { Query::all(&analyser, words) } else { Query::any(&analyser, words) };
        search(&[Source::section(section)], &query, limit, |_, row| row, |_, _| true)
            .expect("just built")
    }
}
