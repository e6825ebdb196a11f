//! Ids are exact. Guards against defect 12 of the engine that Sutra grew out of: texts were
//! padded with zeros or cut to the length of an id, so that different texts named one concept.

use std::collections::HashSet;

use proptest::prelude::*;
use sutra_format::{AssociationKind, ConceptId, ParseIdError};

#[test]
fn nothing_but_32_hexadecimal_digits_is_an_id() {
    let digits = "000102030405060708090a0b0c0d0e0f";
    assert_eq!(digits.parse(), Ok(ConceptId::from_bytes(std::array::from_fn(|at| at as u8))));
    for length in (0..=64).filter(|length| *length != 32) {
        let text: String = digits.chars().cycle().take(length).collect();
        assert_eq!(text.parse::<ConceptId>(), Err(ParseIdError), "{length} digits");
    }
    for at in 0..32 {
        for byte in (0..=u8::MAX).filter(u8::is_ascii).filter(|byte| !byte.is_ascii_hexdigit()) {
            let mut text = digits.as_bytes().to_vec();
            text[at] = byte;
            let text = String::from_utf8(text).unwrap();
            assert_eq!(text.parse::<ConceptId>(), Err(ParseIdError), "{text:?}");
        }
    }
    for text in [
        " 00102030405060708090a0b0c0d0e0f",
        "0x0102030405060708090a0b0c0d0e0f",
        "+00102030405060708090a0b0c0d0e0f",
        "00010203-0405-0607-0809-0a0b0c0d0e0f",
        "{00102030405060708090a0b0c0d0e0f}",
        "é00102030405060708090a0b0c0d0e0",
        "٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠",
        "a",
        "concept",
    ] {
        assert_eq!(text.parse::<ConceptId>(), Err(ParseIdError), "{text:?}");
    }
}

#[test]
fn keys_that_differ_by_padding_or_behind_16_bytes_have_different_ids() {
    let keys = ["", "a", "a\0", "a\0\0", "0", "00", "aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaX", "A"];
    let ids: HashSet<ConceptId> = keys.iter().map(|key| ConceptId::from_key(key)).collect();
    assert_eq!(ids.len(), keys.len());
    let digits = "000102030405060708090a0b0c0d0e0f";
    assert_ne!(Ok(ConceptId::from_key(digits)), digits.parse(), "a key is never read as an id");
}

#[test]
fn facts_differ_by_source_kind_target_and_direction() {
    let [a, b] = [1, 2].map(|byte| ConceptId::from_bytes([byte; 16]));
    let mut ids = HashSet::new();
    for (source, target) in [(a, b), (b, a), (a, a), (b, b)] {
        for code in [0, 1, 0x0100, u16::MAX] {
            ids.insert(ConceptId::of_fact(source, AssociationKind::from_code(code), target));
        }
    }
    assert_eq!(ids.len(), 16);
}

#[test]
fn no_key_can_be_the_text_that_a_fact_is_hashed_from() {
    // Ids that are ASCII, so that all but the first byte is text that could be a key.
    let [a, b] = [b'a', b'b'].map(|byte| ConceptId::from_bytes([byte; 16]));
    let kind = AssociationKind::from_code(0x6161);
    let rest = format!("fact{}aa{}", "a".repeat(16), "b".repeat(16));
    let fact = ConceptId::of_fact(a, kind, b);
    for key in [rest.clone(), format!("\u{ff}{rest}"), format!("\0{rest}")] {
        assert_ne!(ConceptId::from_key(&key), fact, "{key:?}");
    }
}

proptest! {
    #[test]
    fn an_id_comes_back_from_its_text_in_either_case(bytes in any::<[u8; 16]>()) {
        let id = ConceptId::from_bytes(bytes);
        let text = id.to_string();
        prop_assert_eq!(text.len(), 32);
        prop_assert_eq!(text.parse(), Ok(id));
        prop_assert_eq!(text.to_uppercase().parse(), Ok(id));
        prop_assert_eq!(id.as_bytes(), &bytes);
    }

    #[test]
    fn a_text_that_parses_is_the_text_of_its_id(text in "[0-9a-fA-F+ x]{30,34}") {
        if let Ok(id) = text.parse::<ConceptId>() {
            prop_assert_eq!(id.to_string(), text.to_lowercase());
        }
    }

    #[test]
    fn ids_are_ordered_as_their_texts(a in any::<[u8; 16]>(), b in any::<[u8; 16]>()) {
        let (a, b) = (ConceptId::from_bytes(a), ConceptId::from_bytes(b));
        prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
    }
}

#[test]
fn ids_are_ordered_by_their_bytes_the_first_one_first() {
    for place in 0..16 {
        let (mut low, mut high) = ([0x80; 16], [0x80; 16]);
        (low[place], high[place]) = (0x7f, 0x81);
        low[place + 1..].fill(0xff);
        high[place + 1..].fill(0);
        let (low_id, high_id) = (ConceptId::from_bytes(low), ConceptId::from_bytes(high));
        assert_eq!(low_id.cmp(&high_id), low.cmp(&high), "byte {place}");
        assert_eq!(high_id.cmp(&low_id), high.cmp(&low), "byte {place}");
        assert_eq!(low_id.cmp(&low_id), low.cmp(&low));
    }
}
