//! What a line may say, and why it is refused.

use super::*;

#[track_caller]
fn refused(line: &str, reason: &str) {
    match Record::parse(line.as_bytes()) {
        Err(error) => assert!(error.contains(reason), "{line}: {error:?} lacks {reason:?}"),
        Ok(record) => panic!("{line} was taken for {record:?}"),
    }
}

fn concept(line: &str) -> ConceptLine<'_> {
    match Record::parse(line.as_bytes()) {
        Ok(Record::Concept(concept)) => concept,
        other => panic!("{line}: {other:?}"),
    }
}

fn association(line: &str) -> AssociationLine<'_> {
    match Record::parse(line.as_bytes()) {
        Ok(Record::Association(association)) => association,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn a_concept_is_read_with_all_its_fields() {
    let line = concept(
        r#" {"attrs":{"a" : [1.50,"é"]}, "vector":[1, -2.5e0 ,0.1],"content":"x\ny","key":"k"} "#,
    );
    assert_eq!(line.name, Named::Key("k".into()));
    assert_eq!(line.payload.content.as_deref(), Some("x\ny"));
    assert_eq!(line.payload.vector, Some(vec![1.0, -2.5, 0.1]));
    assert_eq!(line.payload.attributes, Some(r#"{"a" : [1.50,"é"]}"#));
}

#[test]
fn an_association_is_read_with_all_its_fields_and_defaults() {
    let line = association(
        r#"{"source":"a","target":"b","type":"t","weight":2,"confidence":0.5,"content":"c"}"#,
    );
    assert_eq!((line.source, line.target), (Named::Key("a".into()), Named::Key("b".into())));
    assert_eq!((&*line.kind, line.weight, line.confidence), ("t", 2.0, 0.5));
    assert_eq!(line.payload.content.as_deref(), Some("c"));
    let plain = association(r#"{"source":"a","target":"b","type":"t"}"#);
    assert_eq!((plain.weight, plain.confidence), (1.0, 1.0));
}

#[test]
fn numbers_and_times_are_read_and_what_is_not_said_is_not_made_up() {
    let line = concept(concat!(
        r#"{"key":"k","strength":0.5,"confidence":0.25,"source_hash":7,"access_count":3,"#,
        r#""accessed_at":9,"valid_from":-1,"valid_to":2}"#
    ));
    let state = State {
        strength: Some(0.5),
        confidence: Some(0.25),
        source_hash: Some(7),
        access_count: Some(3),
        accessed_at: Some(9),
    };
    assert_eq!((line.state, line.valid), (state, Validity { from: Some(-1), to: Some(2) }));
    let plain = concept(r#"{"key":"k"}"#);
    assert_eq!((plain.state, plain.valid), (State::default(), Validity::default()));
    let line = association(r#"{"source":"a","target":"b","type":"t","valid_to":5}"#);
    assert_eq!(line.valid, Validity { from: None, to: Some(5) });
    refused(r#"{"key":"k","valid_from":1.5}"#, "column");
    refused(r#"{"key":"k","valid_from":99999999999999999999}"#, "column");
    refused(r#"{"key":"k","access_count":-1}"#, "column");
    refused(r#"{"key":"k","strength":1e39}"#, "out of range");
    refused(r#"{"source":"a","target":"b","type":"t","strength":1}"#, "has no \"strength\"");
    refused(r#"{"source":"a","target":"b","type":"t","accessed_at":1}"#, "has no \"accessed_at\"");
    refused(r#"{"vector_space":"s","dimension":2,"valid_to":1}"#, "has no \"valid_to\"");
}

#[test]
fn what_has_no_key_is_named_by_its_id() {
    let id = "000102030405060708090a0b0c0d0e0f";
    let line = format!(r#"{{"id":"{id}"}}"#);
    assert_eq!(concept(&line).name.id().to_string(), id);
    let line = format!(r#"{{"source_id":"{id}","target":"b","type":"t"}}"#);
    assert_eq!(association(&line).source, Named::Id(id.parse().unwrap()));
    refused(r#"{"id":"0001"}"#, "32 hexadecimal digits");
    refused(&format!(r#"{{"key":"k","id":"{id}"}}"#), "both");
}

#[test]
fn what_would_not_come_back_is_refused() {
    refused(r#"{"key":"k","colour":"red"}"#, "unknown field `colour`");
    refused(r#"{"key":"k","key":"l"}"#, "duplicate field `key`");
    refused(r#"{"key":"k","attrs":{},"attrs":{}}"#, "duplicate field `attrs`");
    refused(r#"{"key":"k","content":null}"#, "null");
    refused(r#"{"key":"k","attrs":null}"#, "not an object");
    refused(r#"{"key":"k","vector":null}"#, "not an array");
    refused(r#"{"key":"k","weight":1}"#, "a concept has no \"weight\"");
    refused(r#"{"key":"k","source":"a","target":"b","type":"t"}"#, "an association has no \"key\"");
}

#[test]
fn missing_and_empty_names_are_refused() {
    refused("{}", "\"key\" is missing");
    refused(r#"{"key":""}"#, "\"key\" is empty");
    refused(r#"{"target":"b","type":"t"}"#, "\"source\" is missing");
    refused(r#"{"source":"a","type":"t"}"#, "\"target\" is missing");
    refused(r#"{"source":"a","target":"b"}"#, "\"type\" is missing");
    refused(r#"{"source":"a","target":"b","type":""}"#, "\"type\" is empty");
}

#[test]
fn wrong_types_are_refused() {
    refused(r#"{"key":1}"#, "column 8: invalid type: integer `1`, expected a string");
    refused(r#"{"key":"k","attrs":[1]}"#, "not an object");
    refused(r#"{"key":"k","vector":"1"}"#, "not an array");
    refused(r#"{"key":"k","vector":[]}"#, "is empty");
    for inner in [r#""1""#, "[1,2]", r#"{"a":1,"b":2}"#, "true", r#""1,2""#] {
        refused(&format!(r#"{{"key":"k","vector":[0,{inner}]}}"#), "a number is needed");
    }
    refused(r#"["k"]"#, "not a JSON object");
    refused(r#""text""#, "not a JSON object");
}

#[test]
fn numbers_beyond_f32_are_refused() {
    refused(r#"{"key":"k","vector":[1e39]}"#, "out of range");
    refused(r#"{"source":"a","target":"b","type":"t","weight":-1e400}"#, "out of range");
    refused(r#"{"key":"k","vector":[NaN]}"#, "column");
    refused(r#"{"source":"a","target":"b","type":"t","weight":Infinity}"#, "column");
    refused(r#"{"source":"a","target":"b","type":"t","weight":"1"}"#, "a number is needed");
}

#[test]
fn a_number_is_rounded_once() {
    // 1 + 2^-24 + 2^-60: above the middle between two f32, at the middle as f64.
    let line = r#"{"key":"k","vector":[1.00000005960464477626]}"#;
    assert_eq!(concept(line).payload.vector, Some(vec![1.0 + f32::EPSILON]));
}

#[test]
fn torn_and_foreign_bytes_are_refused() {
    refused(r#"{"key":"k","content":"to"#, "column 24: EOF while parsing a string");
    refused(r#"{"key":"k"} {"key":"l"}"#, "trailing characters");
    refused("\u{feff}{\"key\":\"k\"}", "byte order mark");
    let reason = Record::parse(b"{\"key\":\"\xff\"}").unwrap_err();
    assert_eq!(reason, "not UTF-8 at byte 9");
    refused(r#"{"key":"\ud800"}"#, "column");
}

#[test]
fn deep_attributes_neither_overflow_nor_change() {
    let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(200_000), "]".repeat(200_000));
    let line = format!(r#"{{"key":"k","attrs":{deep}}}"#);
    assert_eq!(concept(&line).payload.attributes, Some(&*deep));
}
