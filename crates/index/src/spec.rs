//! Reads the tables of FORMAT.md, for the tests that hold them against the types.

use std::collections::{BTreeMap, BTreeSet};

pub(crate) const SPEC: &str = include_str!("../FORMAT.md");

/// The rows of the first table behind the line that starts with `heading`, cell by cell.
#[track_caller]
pub(crate) fn table_after(heading: &str) -> Vec<Vec<&'static str>> {
    let mut lines = SPEC.lines().skip_while(|line| !line.starts_with(heading));
    assert!(lines.next().is_some(), "FORMAT.md has no line that starts with {heading:?}");
    let table = lines.skip_while(|line| !line.starts_with('|'));
    let rows = table.take_while(|line| line.starts_with('|')).skip(2);
    rows.map(|line| line.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

/// A row of the table of a structure: offset, size, type and name of a field.
pub(crate) type Field = (usize, usize, String, String);

/// How FORMAT.md names the type of a field.
pub(crate) fn spec_type(rust: &str, size: usize) -> String {
    let names = ["U16", "U32", "U64", "I64", "F32"];
    let number = names.into_iter().find(|name| rust.contains(&format!("::{name}<")));
    let plain = match number {
        Some(name) => name.to_lowercase(),
        None if rust.contains("Corner") => "Corner".into(),
        None if rust.starts_with('[') => return format!("bytes {size}"),
        None => rust.into(),
    };
    match rust.strip_prefix('[') {
        None => plain,
        Some(array) => {
            let count = array.trim_end_matches(']').rsplit(' ').next().expect("a length");
            format!("{plain} x {count}")
        }
    }
}

#[track_caller]
pub(crate) fn check_structure(name: &str, size: usize, fields: &[Field]) {
    let documented: Vec<Field> = table_after(&format!("### `{name}`: {size} bytes"))
        .into_iter()
        .map(|row| {
            let number = |text: &str| text.parse().expect("a number");
            (number(row[0]), number(row[1]), row[2].to_owned(), row[3].to_owned())
        })
        .collect();
    assert_eq!(documented, fields, "{name}: FORMAT.md on the left, the type on the right");
    let covered: usize = fields.iter().map(|(_, size, ..)| size).sum();
    assert_eq!(covered, size, "{name} has padding that no field accounts for");
}

/// Compares structures with their tables. A field that is not listed does not compile.
macro_rules! structures {
    ($($type:ident { $($field:ident),* $(,)? })*) => {$({
        let value = <$type as zerocopy::FromZeros>::new_zeroed();
        let $type { $($field: _),* } = value;
        crate::spec::check_structure(stringify!($type), size_of::<$type>(), &[$({
            let (name, size) = (stringify!($field), size_of_val(&value.$field));
            let kind = crate::spec::spec_type(std::any::type_name_of_val(&value.$field), size);
            (std::mem::offset_of!($type, $field), size, kind, name.to_owned())
        }),*]);
    })*};
}

pub(crate) use structures;

/// What FORMAT.md says of a constant.
#[track_caller]
pub(crate) fn constant(name: &str) -> &'static str {
    let found = table_after("## 20. Constants").into_iter().find(|row| row[0] == name);
    found.unwrap_or_else(|| panic!("FORMAT.md has no constant {name}"))[1]
}

/// All tables of worked values, by what is computed.
pub(crate) fn worked() -> BTreeMap<&'static str, &'static str> {
    let mut worked = BTreeMap::new();
    let mut lines = SPEC.lines();
    while lines.find(|line| line.starts_with("| worked value")).is_some() {
        for line in lines.by_ref().skip(1).take_while(|line| line.starts_with('|')) {
            let (what, result) = line.trim_matches('|').split_once('|').expect("two cells");
            assert!(worked.insert(what.trim(), result.trim()).is_none(), "{what} is there twice");
        }
    }
    worked
}

/// Names behind a phrase in the sources of a module.
pub(crate) fn named_in(sources: &[&str], phrase: &str) -> BTreeSet<String> {
    let named = sources.iter().flat_map(|source| source.split(phrase).skip(1));
    let end = |name: &str| name.find(|c: char| !c.is_alphanumeric() && c != '_');
    named.map(|rest| rest[..end(rest).unwrap_or(rest.len())].to_owned()).collect()
}

#[test]
fn every_structure_and_constant_of_the_document_is_one_of_the_code() {
    let headed = SPEC.lines().filter(|line| line.ends_with(" bytes"));
    let headed = headed.filter_map(|line| line.strip_prefix("### `")?.split_once('`'));
    let documented: BTreeSet<String> = headed.map(|(name, _)| name.to_owned()).collect();
    let sources = [
        include_str!("words/layout.rs"),
        include_str!("words/impact.rs"),
        include_str!("vectors/layout.rs"),
    ];
    let mut in_code = named_in(&sources, "#[repr(C)]\npub struct ");
    in_code.append(&mut named_in(&sources, "#[repr(C)]\npub(crate) struct "));
    assert_eq!(documented, in_code, "FORMAT.md on the left");
    let constants: BTreeSet<&str> =
        table_after("## 20. Constants").into_iter().map(|row| row[0]).collect();
    let tested = crate::words::SPEC_CONSTANTS.iter().chain(&crate::vectors::SPEC_CONSTANTS);
    assert_eq!(constants, tested.copied().collect(), "FORMAT.md on the left");
}
