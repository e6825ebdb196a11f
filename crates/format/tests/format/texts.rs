//! Text entries come back as they were written, and nothing else is taken for them.

use proptest::prelude::*;
use sutra_format::{AssociationKind, ConceptFlags, ConceptId, ConceptRecord, FactKey, FormatError};
use zerocopy::IntoBytes;
use zerocopy::little_endian::{U16, U32};

/// A record with this text, and its entries as they lie in a content block.
fn entries(content: Option<&[u8]>, attributes: &[u8], key: &[u8]) -> (ConceptRecord, Vec<u8>) {
    let mut bytes = Vec::new();
    let parts = [attributes, key].into_iter().filter(|part| !part.is_empty());
    for part in content.into_iter().chain(parts) {
        bytes.extend((part.len() as u32).to_le_bytes());
        bytes.extend(part);
    }
    let offset = if content.is_some() { 0 } else { ConceptRecord::ABSENT };
    let length = content.map_or(0, <[u8]>::len) as u32;
    let id = ConceptId::default();
    let mut record = ConceptRecord::new(id, offset, length, ConceptRecord::ABSENT);
    record.attributes_length = U32::new(attributes.len() as u32);
    record.key_length = U16::new(key.len() as u16);
    (record, bytes)
}

fn invalid(offset: u64, reason: &'static str) -> FormatError {
    FormatError::Invalid { offset, reason }
}

proptest! {
    #[test]
    fn text_comes_back(
        content in prop::option::of(".{0,40}"),
        attributes in prop::collection::vec(any::<u8>(), 0..40),
        key in ".{0,20}",
    ) {
        let bytes = content.as_ref().map(String::as_bytes);
        let (record, entries) = entries(bytes, &attributes, key.as_bytes());
        prop_assert_eq!(record.text_bytes(), entries.len() as u64);
        let text = record.split_text(&entries).unwrap();
        prop_assert_eq!(text.content, content.as_deref());
        prop_assert_eq!(text.attributes, &attributes[..]);
        prop_assert_eq!(text.key, key.as_bytes());
        prop_assert_eq!(text.key_text(), Some(&*key).filter(|key| !key.is_empty()));
        prop_assert_eq!(text.fact_key(), None);
    }

    #[test]
    fn any_other_length_than_the_records_is_refused(
        content in prop::option::of("[a-z]{0,9}"), attributes in "[a-z]{0,9}", key in "[a-z]{0,9}",
    ) {
        let content = content.as_ref().map(String::as_bytes);
        let (record, bytes) = entries(content, attributes.as_bytes(), key.as_bytes());
        for length in 0..bytes.len() {
            let short = FormatError::TooShort { length: length as u64, needed: bytes.len() as u64 };
            prop_assert_eq!(record.split_text(&bytes[..length]), Err(short));
        }
        let longer = [&bytes[..], &[0]].concat();
        prop_assert!(record.split_text(&longer).is_err());
    }

    #[test]
    fn every_bit_flip_in_a_length_is_refused(
        content in "[a-z]{1,9}", attributes in "[a-z]{1,9}", key in "[a-z]{1,9}", bit in 0usize..32,
    ) {
        let (record, bytes) = entries(Some(content.as_bytes()), attributes.as_bytes(), key.as_bytes());
        let second = 4 + content.len();
        for prefix in [0, second, second + 4 + attributes.len()] {
            let mut flipped = bytes.clone();
            flipped[prefix + bit / 8] ^= 1 << (bit % 8);
            let reason = "length of a text differs from its record";
            prop_assert_eq!(record.split_text(&flipped), Err(invalid(prefix as u64, reason)));
        }
    }
}

#[test]
fn no_content_is_not_the_empty_content() {
    let (record, bytes) = entries(None, b"", b"");
    assert_eq!((record.split_text(&bytes).unwrap().content, bytes.len()), (None, 0));
    let (record, bytes) = entries(Some(b""), b"", b"");
    assert_eq!((record.split_text(&bytes).unwrap().content, bytes.len()), (Some(""), 4));
}

#[test]
fn content_that_is_not_utf8_is_refused_where_it_breaks() {
    let (record, bytes) = entries(Some(b"ab\xffc"), b"", b"");
    assert_eq!(record.split_text(&bytes), Err(invalid(6, "content is not UTF-8")));
    let (record, bytes) = entries(Some("é".split_at(0).1.as_bytes()), b"", b"");
    assert!(record.split_text(&bytes).is_ok());
    let (record, bytes) = entries(Some(&"é".as_bytes()[..1]), b"", b"");
    assert_eq!(record.split_text(&bytes), Err(invalid(4, "content is not UTF-8")));
}

#[test]
fn a_key_that_is_not_utf8_is_bytes_and_no_text() {
    let (record, bytes) = entries(Some(b"text"), b"", b"\xff");
    let text = record.split_text(&bytes).unwrap();
    assert_eq!((text.key, text.key_text()), (&b"\xff"[..], None));
}

#[test]
fn the_key_of_a_fact_is_the_association_that_it_belongs_to() {
    let [a, b] = [1, 2].map(|byte| ConceptId::from_bytes([byte; 16]));
    let key = FactKey::new(a, AssociationKind::CAUSAL, b);
    assert_eq!(key.id(), ConceptId::of_fact(a, AssociationKind::CAUSAL, b));
    assert_eq!(key.kind(), AssociationKind::CAUSAL);
    let (mut record, bytes) = entries(Some(b"since 1970"), b"", key.as_bytes());
    let plain = record.split_text(&bytes).unwrap();
    assert_eq!(plain.fact_key(), None, "34 bytes alone make no fact");
    record.flags = U32::new(record.flags.get() | ConceptFlags::FACT);
    let fact = record.split_text(&bytes).unwrap();
    assert_eq!((fact.fact_key(), fact.key_text()), (Some(&key), None));

    let (mut record, bytes) = entries(None, b"", &key.as_bytes()[..33]);
    record.flags = U32::new(ConceptFlags::FACT);
    let reason = "key of a fact is not 34 bytes long";
    assert_eq!(record.split_text(&bytes), Err(invalid(0, reason)));
}

#[test]
fn the_longest_lengths_do_not_overflow() {
    let (mut record, _) = entries(Some(b""), b"", b"");
    record.content_length = U32::new(u32::MAX);
    record.attributes_length = U32::new(u32::MAX);
    record.key_length = U16::new(u16::MAX);
    let needed = 12 + 2 * u64::from(u32::MAX) + u64::from(u16::MAX);
    assert_eq!(record.text_bytes(), needed);
    assert_eq!(record.split_text(&[0; 64]), Err(FormatError::TooShort { length: 64, needed }));
}
