//! FORMAT.md against the types and constants of sections of vectors, and its worked values.

use std::fmt::Write as _;

use super::centroids::CELLS_MAX;
use super::code::{BIAS, Coded, Coder};
use super::layout::{
    ALIGNMENT, CentroidsHeader, CodeTail, Form, LANES, NO_ROW, SectionHeader, SignTail, VERSION,
};
use super::space::{Metric, NAME_BYTES_MAX, Space};
use super::train::LISTS_MIN;
use crate::spec::{constant, structures, table_after, worked};

pub(crate) const CONSTANTS: [&str; 8] = [
    "vectors VERSION",
    "LANES",
    "NO_ROW",
    "ALIGNMENT",
    "BIAS",
    "NAME_BYTES_MAX",
    "LISTS_MIN",
    "CELLS_MAX",
];

#[test]
fn every_structure_of_vectors_is_documented_field_by_field() {
    structures! {
        SectionHeader {
            version, form, metric, name_length, model_length, dimension, padded, seed, epoch,
            row_limit, vectors, lists, blocks, length, reserved,
        }
        CentroidsHeader {
            version, reserved, metric, name_length, model_length, dimension, padded, seed, epoch,
            cells, reserved_also, length,
        }
        CodeTail { scales, rows }
        SignTail { factors, terms, rows }
    }
}

#[test]
fn every_constant_of_vectors_is_documented_with_its_value() {
    let code = [
        VERSION.to_string(),
        LANES.to_string(),
        NO_ROW.to_string(),
        ALIGNMENT.to_string(),
        BIAS.to_string(),
        NAME_BYTES_MAX.to_string(),
        LISTS_MIN.to_string(),
        CELLS_MAX.to_string(),
    ];
    for (name, value) in CONSTANTS.into_iter().zip(code) {
        assert_eq!(constant(name), value, "{name}: FORMAT.md on the left");
    }
}

#[test]
fn every_form_and_metric_is_documented_with_its_code() {
    let coded = |heading| -> Vec<(u8, String)> {
        let rows = table_after(heading).into_iter();
        rows.map(|row| (row[0].parse().expect("a code"), row[1].to_owned())).collect()
    };
    let table = |name: fn(u8) -> Option<String>| -> Vec<(u8, String)> {
        (0..=u8::MAX).filter_map(|code| Some((code, name(code)?))).collect()
    };
    let forms = table(|code| Form::from_code(code).map(|form| format!("{form:?}")));
    let metrics = table(|code| Metric::from_code(code).map(|metric| format!("{metric:?}")));
    let behind = "| 56 | 8 | u64 | reserved | 0 |";
    assert_eq!(coded(behind), forms, "FORMAT.md on the left");
    assert_eq!(coded("| 2 | Signs | others |"), metrics, "FORMAT.md on the left");
}

#[test]
fn worked_values_of_codes_hold() {
    let coder = Coder::new(&Space::new("texts", "model-1", 3, Metric::Dot, 7).expect("a space"));
    let mut coded = Coded::default();
    coder.code(None, &[1.0, 2.0, 3.0], &mut coded).expect("a vector");
    let turned: Vec<String> = coded.turned.iter().map(f32::to_string).collect();
    let hex = |bytes: &[u8]| {
        bytes.iter().enumerate().fold(String::new(), |mut hex, (at, byte)| {
            let space = if at > 0 && at.is_multiple_of(4) { " " } else { "" };
            write!(hex, "{space}{byte:02x}").expect("a string");
            hex
        })
    };
    let codes: Vec<u8> = coded.codes.iter().map(|code| code.cast_unsigned() ^ BIAS).collect();
    let worked = worked();
    assert_eq!(worked["(1, 2, 3), turned"], turned.join(" "), "FORMAT.md on the left");
    assert_eq!(worked["its code"], hex(&codes), "FORMAT.md on the left");
    assert_eq!(worked["its scale"], hex(&coded.scale.to_le_bytes()), "FORMAT.md on the left");
}
