//! The memory index: what a view sees, while the writer goes on.

use sutra_index::words::{
    Analyser, Clause, Hidden, MemoryReader, MemoryView, MemoryWords, Query, Section,
    SectionBuilder, Source, Statistics, WordsError, search,
};

fn term(word: &str) -> Query {
    Query { should: vec![Clause::Term(word.to_owned())], ..Query::default() }
}

fn rows(view: &MemoryView, query: &Query) -> Vec<u32> {
    let hits = search(&[Source::memory(view)], query, 10_000, |_, row| row, |_, _| true).unwrap();
    let mut rows: Vec<u32> = hits.iter().map(|hit| hit.row).collect();
    rows.sort_unstable();
    rows
}

fn memory(positions: bool) -> MemoryWords {
    MemoryWords::new(Analyser::default(), positions)
}

#[test]
fn a_text_is_found_as_soon_as_it_is_put() {
    let mut words = memory(true);
    let row = words.put("a fact about storage").unwrap();
    assert_eq!(rows(&words.view(), &term("storage")), [row]);
    assert_eq!(rows(&words.view(), &Query::phrase(&Analyser::default(), "fact about")), [row]);
    assert_eq!(rows(&words.view(), &Query::phrase(&Analyser::default(), "about fact")), []);
}

#[test]
fn a_view_never_changes() {
    let mut words = memory(false);
    let texts: Vec<String> = (0..500).map(|n| format!("common x{} y{}", n % 7, n % 150)).collect();
    let mut expected: Vec<(Statistics, Vec<u32>)> = vec![(Statistics::default(), Vec::new())];
    let mut live: Vec<u32> = Vec::new();
    let mut text_of: Vec<&str> = Vec::new();
    for (number, text) in texts.iter().enumerate() {
        if number % 3 == 2 {
            let row = live.remove(number % live.len());
            words.hide(Hidden::Here(row), text_of[row as usize]).unwrap();
            text_of.push("");
        } else {
            live.push(words.put(text).unwrap());
            text_of.push(text);
        }
        let count = live.len() as i64;
        expected.push((Statistics { rows: count, terms: 3 * count }, live.clone()));
    }
    let reader = words.reader();
    for (events, (statistics, live)) in expected.iter().enumerate() {
        let view = reader.view(events as u32);
        assert_eq!(view.statistics(), *statistics, "after {events}");
        assert_eq!(rows(&view, &term("common")), *live, "after {events}");
    }
}

#[test]
fn a_view_scores_as_a_section_of_its_rows_does() {
    let mut words = memory(false);
    let mut builder = SectionBuilder::new(Analyser::default(), false);
    for number in 0..300_u32 {
        let text = format!("common x{} {}", number % 7, "y ".repeat(number as usize % 40));
        let row = words.put(&text).unwrap();
        builder.put(row, &text).unwrap();
    }
    let bytes = builder.finish(300).unwrap();
    let view = words.view();
    let query = Query::any(&Analyser::default(), "common x3 y");
    let section = Source::section(Section::open(&bytes).unwrap());
    let stored = search(&[section], &query, 50, |_, row| row, |_, _| true).unwrap();
    let in_memory =
        search(&[Source::memory(&view)], &query, 50, |_, row| row, |_, _| true).unwrap();
    assert_eq!(stored, in_memory);
}

/// Every row has `common`, so a view of n events finds rows 0 to n - 1 and nothing else.
fn read_along(reader: &MemoryReader, until: u32) {
    loop {
        let events = reader.events();
        let view = reader.view(events);
        let wanted: Vec<u32> = (0..events).collect();
        assert_eq!(rows(&view, &term("common")), wanted);
        let own = events.checked_sub(1).map(|last| format!("own{last}"));
        if let Some(own) = own {
            assert_eq!(rows(&view, &term(&own)), [events - 1]);
        }
        if events == until {
            return;
        }
    }
}

#[test]
fn readers_see_whole_events_while_the_writer_writes() {
    let mut words = memory(true);
    let until = 5_000;
    std::thread::scope(|scope| {
        for _ in 0..2 {
            let reader = words.reader();
            scope.spawn(move || read_along(&reader, until));
        }
        for number in 0..until {
            words.put(&format!("common own{number} x{}", number % 100)).unwrap();
        }
    });
}

#[test]
fn rows_that_are_not_there_cannot_be_hidden() {
    let mut words = memory(false);
    let error = words.hide(Hidden::Here(0), "x").unwrap_err();
    assert_eq!(error, WordsError::RowOutOfRange { row: 0, rows: 0 });
}

#[test]
fn memory_and_sections_of_different_make_are_not_mixed() {
    let mut builder = SectionBuilder::new(Analyser::named("unicode-en").unwrap(), false);
    builder.put(0, "x").unwrap();
    let bytes = builder.finish(1).unwrap();
    let view = memory(false).view();
    let sources = [Source::section(Section::open(&bytes).unwrap()), Source::memory(&view)];
    let error = search(&sources, &term("x"), 1, |_, row| row, |_, _| true).unwrap_err();
    assert!(matches!(error, WordsError::Mixed { .. }), "{error}");
}

#[test]
fn a_phrase_without_positions_is_an_error() {
    let mut words = memory(false);
    words.put("one two").unwrap();
    let view = words.view();
    let query = Query::phrase(&Analyser::default(), "one two");
    let error = search(&[Source::memory(&view)], &query, 1, |_, row| row, |_, _| true).unwrap_err();
    assert_eq!(error, WordsError::NoPositions);
}
