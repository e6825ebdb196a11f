//! Which terms a text has.

use proptest::prelude::*;
use sutra_index::words::analyser::TERM_BYTES_MAX;
use sutra_index::words::{
    Analyser, Language, MergeInput, Purpose, Scratch, Section, SectionBuilder, WordsError, merge,
};
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

fn terms(name: &str, purpose: Purpose, text: &str) -> Vec<(String, u32)> {
    let mut terms = Vec::new();
    let analyser = Analyser::named(name).unwrap();
    analyser.each(text, purpose, &mut Scratch::default(), |term, position| {
        terms.push((term.to_owned(), position));
    });
    terms
}

fn check(text: &str, expected: &[(&str, u32)]) {
    let terms = terms("unicode", Purpose::Index, text);
    let terms: Vec<(&str, u32)> = terms.iter().map(|(term, at)| (term.as_str(), *at)).collect();
    assert_eq!(terms, expected, "{text}");
}

#[test]
fn words_are_small_and_counted() {
    check("The quick  Fox.", &[("the", 0), ("quick", 1), ("fox", 2)]);
    check("", &[]);
    check(" ... -- !", &[]);
    check("___ 42", &[("42", 0)]);
}

#[test]
fn diacritics_and_normal_forms_make_no_difference() {
    check(
        "Ångström Straße naïve ŁÓDŹ",
        &[("angstrom", 0), ("strasse", 1), ("naive", 2), ("lodz", 3)],
    );
    check("A\u{30a}ngstro\u{308}m", &[("angstrom", 0)]);
    check("ﬁne ＡＢＣ", &[("fine", 0), ("abc", 1)]);
    check("İstanbul ΣΊΣΥΦΟΣ", &[("istanbul", 0), ("σισυφοσ", 1)]);
}

#[test]
fn identifiers_give_themselves_and_their_parts() {
    check("log_file x", &[("log_file", 0), ("log", 0), ("file", 1), ("x", 2)]);
    check("HTTPServer", &[("httpserver", 0), ("http", 0), ("server", 1)]);
    check("parseUtf8Text", &[("parseutf8text", 0), ("parse", 0), ("utf8", 1), ("text", 2)]);
    check("std.io", &[("std.io", 0), ("std", 0), ("io", 1)]);
    check("_x y", &[("_x", 0), ("x", 0), ("y", 1)]);
    check("größterWert", &[("grossterwert", 0), ("grosster", 0), ("wert", 1)]);
    check(
        "it's it\u{2019}s",
        &[("it's", 0), ("it", 0), ("s", 1), ("it's", 2), ("it", 2), ("s", 3)],
    );
}

#[test]
fn scripts_without_spaces_give_characters_and_pairs() {
    check("东京都x", &[("东", 0), ("东京", 0), ("京", 1), ("京都", 1), ("都", 2), ("x", 3)]);
    let asked = |text: &str| terms("unicode", Purpose::Query, text);
    assert_eq!(asked("东京都 x"), [("东京".into(), 0), ("京都".into(), 1), ("x".into(), 3)]);
    assert_eq!(asked("东"), [("东".into(), 0)]);
    assert_eq!(asked("서울"), [("서울".into(), 0)]);
    let decomposed: String = "서울".nfd().collect();
    assert_eq!(asked(&decomposed), asked("서울"));
}

#[test]
fn stemmers_are_asked_for_by_name() {
    let stems = terms("unicode-en", Purpose::Index, "merging merged merges");
    assert!(stems.iter().all(|(stem, _)| stem == "merg"), "{stems:?}");
    for name in ["unicode-xx", "unicode-", "unicode-e", "unicode-EN", "Unicode", "en", ""] {
        let error = Analyser::named(name).unwrap_err();
        assert!(matches!(error, WordsError::UnknownAnalyser { .. }), "{name:?}");
    }
}

#[test]
fn a_stem_is_never_empty_and_never_too_long() {
    assert_eq!(terms("unicode-el", Purpose::Index, "αγα"), [("αγα".to_owned(), 0)]);
    // The stemmer makes two bytes of the last one.
    let long = "a".repeat(TERM_BYTES_MAX - 1);
    assert_eq!(terms("unicode-tr", Purpose::Index, "aac"), [("aaç".to_owned(), 0)]);
    assert_eq!(terms("unicode-tr", Purpose::Index, &format!("{long}c")), [(long, 0)]);
}

#[test]
fn a_section_tells_its_analyser_and_merges_with_no_other() {
    let section = |analyser, with_positions| {
        let mut builder = SectionBuilder::new(analyser, with_positions);
        builder.put(0, "merging").unwrap();
        builder.finish(1).unwrap()
    };
    let english = Analyser::stemming(Language::English);
    let bytes = section(english, true);
    assert_eq!(Section::open(&bytes).unwrap().analyser(), Ok(english));
    let mut newer = bytes.clone();
    newer[32] = 2; // The version of the analyser.
    let mut unknown = bytes.clone();
    unknown[24..26].copy_from_slice(b"xx"); // The language.
    for (bytes, name, version) in [(&newer, "unicode-en", 2), (&unknown, "unicode-xx", 1)] {
        let error = Section::open(bytes).unwrap().analyser().unwrap_err();
        assert_eq!(error, WordsError::UnknownAnalyser { name: name.to_owned(), version });
    }
    let plain = section(Analyser::default(), true);
    for other in [newer, unknown, plain, section(english, false)] {
        let inputs = [&bytes, &other].map(|bytes| Section::open(bytes).unwrap());
        let inputs = inputs.map(|section| MergeInput { section, map: &[0] });
        assert!(matches!(merge(&inputs, 1), Err(WordsError::Mixed { .. })));
    }
}

#[test]
fn languages_are_asked_for_by_code_or_by_name() {
    for language in Language::ALL {
        let (code, name) = (language.code().to_owned(), language.to_string());
        for text in [code.to_uppercase(), code, name.to_uppercase(), name] {
            assert_eq!(text.parse(), Ok(language), "{text}");
        }
        let analyser = Analyser::stemming(language);
        assert_eq!(analyser.name(), format!("unicode-{}", language.code()));
        assert_eq!(Analyser::named(analyser.name()).unwrap(), analyser);
        assert_eq!(analyser.language(), Some(language));
    }
    assert_eq!(Analyser::default().language(), None);
    let error = "klingon".parse::<Language>().unwrap_err().to_string();
    assert!(error.contains("\"klingon\"") && error.contains("el (Greek)"), "{error}");
}

#[test]
fn long_words_are_cut_at_a_character() {
    let long = "x".repeat(1_000);
    assert_eq!(terms("unicode", Purpose::Index, &long)[0].0.len(), TERM_BYTES_MAX);
    let long = "é".repeat(1_000) + " é";
    assert!(
        terms("unicode-fr", Purpose::Index, &long).iter().all(|(t, _)| t.len() <= TERM_BYTES_MAX)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_text_gives_terms_at_positions_that_do_not_fall(text in "\\PC{0,60}|[\\x00-\\x{10ffff}]{0,40}", number in 0..=Language::ALL.len()) {
        let analyser = Language::ALL.get(number).map_or(Analyser::default(), |l| Analyser::stemming(*l));
        let name = analyser.name();
        for purpose in [Purpose::Index, Purpose::Query] {
            let terms = terms(name, purpose, &text);
            prop_assert!(terms.is_sorted_by_key(|(_, position)| *position));
            prop_assert!(terms.iter().all(|(t, _)| !t.is_empty() && t.len() <= TERM_BYTES_MAX));
        }
    }

    #[test]
    fn ascii_words_are_those_of_unicode(text in "[ -~]{0,60}|[a-cA-C0-1_.,;:' ]{0,40}") {
        let wholes: Vec<&str> = text.unicode_words().collect();
        let wanted: Vec<String> = wholes.iter().map(|word| word.to_lowercase()).collect();
        // The first term at each word is the word itself; parts follow and are pieces of it.
        let mut terms = terms("unicode", Purpose::Index, &text).into_iter().map(|(term, _)| term);
        for word in wanted {
            let mut term = terms.next();
            while term.as_ref().is_some_and(|term| *term != word) {
                term = terms.next();
            }
            prop_assert_eq!(term, Some(word));
        }
    }
}
