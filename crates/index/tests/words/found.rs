//! Which rows may be found is asked late and of few.

use std::cell::RefCell;

use sutra_index::words::{Analyser, MemoryWords, Query, Section, SectionBuilder, Source, search};

const ROWS: u32 = 10_000;

/// Row `n` has `rare` once and other words `n / 100` times; later rows are the worse hits.
fn section() -> Vec<u8> {
    let mut builder = SectionBuilder::new(Analyser::default(), false);
    for row in 0..ROWS {
        builder
            .put(row, &format!("some rare words {}", "and more ".repeat(row as usize / 100)))
            .unwrap();
    }
    builder.finish(ROWS).unwrap()
}

/// The ten best rows, and how many rows were asked for.
fn ten_best(query: &Query, allows: impl Fn(u32) -> bool) -> (Vec<u32>, usize) {
    let bytes = section();
    let section = Source::section(Section::open(&bytes).unwrap());
    let asked = RefCell::new(0);
    let counted = |_, row| {
        *asked.borrow_mut() += 1;
        allows(row)
    };
    let hits = search(&[section], query, 10, |_, row| row, counted).unwrap();
    (hits.iter().map(|hit| hit.row).collect(), asked.into_inner())
}

fn queries() -> Vec<Query> {
    let analyser = Analyser::default();
    let mut queries = vec![
        Query::any(&analyser, "rare"),
        Query::any(&analyser, "rare words"),
        Query::all(&analyser, "rare words"),
        Query::prefix(&analyser, "rare wor"),
    ];
    let must_not = Query::any(&analyser, "absent").should;
    queries.push(Query { must_not, ..Query::all(&analyser, "some rare") });
    queries
}

#[test]
fn a_row_is_asked_for_only_when_it_would_take_a_place() {
    for query in queries() {
        assert_eq!(ten_best(&query, |_| true), ((0..10).collect(), 10), "{query:?}");
        let odd = (0..10).map(|place| 2 * place + 1).collect();
        assert_eq!(ten_best(&query, |row| row % 2 == 1), (odd, 20), "{query:?}");
    }
}

#[test]
fn rows_that_may_not_be_found_leave_room_for_others() {
    for query in queries() {
        let last: Vec<u32> = (ROWS - 5..ROWS).collect();
        let (found, asked) = ten_best(&query, |row| row >= ROWS - 5);
        assert_eq!((found, asked), (last, ROWS as usize), "{query:?}");
    }
}

#[test]
fn rows_that_a_view_hides_are_not_asked_for() {
    let mut words = MemoryWords::new(Analyser::default(), false);
    words.put("a word").unwrap();
    words.put("a word as well").unwrap();
    words.hide(sutra_index::words::Hidden::Here(0), "a word").unwrap();
    let view = words.view();
    let asked = RefCell::new(Vec::new());
    let query = Query::any(&Analyser::default(), "word");
    let allows = |source: usize, row: u32| {
        asked.borrow_mut().push((source, row));
        true
    };
    let hits = search(&[Source::memory(&view)], &query, 5, |_, row| row, allows).unwrap();
    assert_eq!(hits.iter().map(|hit| hit.row).collect::<Vec<_>>(), [1]);
    assert_eq!(asked.into_inner(), [(0, 1)]);
}
