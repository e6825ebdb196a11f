//! What goes in comes out: byte for byte, and again.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use crate::common::{ASSOCIATIONS, CONCEPTS, Place, json, sutra_with};
use sutra_storage::{AssociationKind, Batch, ConceptId, NewAssociation, NewConcept, Store, Touch};

#[test]
fn the_excerpt_of_wordnet_comes_back_byte_for_byte() {
    let place = Place::with_excerpt();
    let (concepts, associations) = (place.path("c.jsonl"), place.path("a.jsonl"));
    let files = [concepts.to_str().unwrap(), associations.to_str().unwrap()];
    place.run("export", &["--concepts", files[0], "--associations", files[1]]).done();
    assert!(fs::read(concepts).unwrap() == fs::read(CONCEPTS).unwrap());
    assert!(fs::read(associations).unwrap() == fs::read(ASSOCIATIONS).unwrap());
    let both = [fs::read(CONCEPTS).unwrap(), fs::read(ASSOCIATIONS).unwrap()].concat();
    assert!(place.export().as_bytes() == both, "on standard output, one after the other");
}

#[test]
fn an_export_piped_into_an_import_makes_an_equal_store() {
    let place = Place::with_excerpt();
    let copy = Place::with(&place.export());
    assert!(copy.export() == place.export());
}

#[test]
fn the_same_import_again_changes_nothing() {
    let place = Place::with_excerpt();
    let before = place.export();
    let arguments = ["--concepts", CONCEPTS, "--associations", ASSOCIATIONS, "--json"];
    let report = json(&place.import(&arguments).done());
    assert_eq!(report["concepts"], serde_json::json!({"new": 0, "updated": 0, "unchanged": 300}));
    assert_eq!(report["associations"]["unchanged"], 626);
    assert_eq!(report["bad_lines"], 0);
    assert!(place.export() == before);
    let changes = |place: &Place| json(&place.run("stats", &["--json"]).done())["last_seq"].clone();
    let last = changes(&place);
    place.import(&arguments).done();
    assert_eq!(changes(&place), last, "not a single change was written");
}

/// All that a line can say, in the form in which it is exported.
const EVERYTHING: &str = concat!(
    r#"{"key":"a"}"#,
    "\n",
    r#"{"key":"b","content":"","strength":0.5,"confidence":0.25,"valid_from":-5,"valid_to":7,"#,
    r#""source_hash":4294967295,"access_count":3,"accessed_at":1234}"#,
    "\n",
    r#"{"key":"c","content":"\"\\/\b\f\n\r\t\u0000\u001féＡ😀","#,
    r#""vector":[0.1,-0.0,1.0,1e-45,2.9e18,16777216.0],"attrs":{ "n":1.50,"n":[ ],"é":null}}"#,
    "\n",
    r#"{"key":"é"}"#,
    "\n",
    r#"{"key":"😀"}"#,
    "\n",
    r#"{"id":"00000000000000000000000000000000","content":"no key"}"#,
    "\n",
    r#"{"id":"ffffffffffffffffffffffffffffffff"}"#,
    "\n",
    r#"{"source":"a","target":"a","type":"loop"}"#,
    "\n",
    r#"{"source":"a","target":"b","type":"causal","weight":-2.5,"confidence":0.1}"#,
    "\n",
    r#"{"source":"a","target":"b","type":"other","confidence":0.0,"#,
    r#""valid_from":-62135596800000,"valid_to":1700000000000}"#,
    "\n",
    r#"{"source":"a","target":"c","type":"a","weight":0.5,"confidence":0.25,"content":"é\n","#,
    r#""vector":[1.0],"attrs":{"words":[["x","y"]]}}"#,
    "\n",
    r#"{"source":"a","target_id":"00000000000000000000000000000000","type":"causal","attrs":{}}"#,
    "\n",
    r#"{"source":"b","target":"a","type":"causal","content":""}"#,
    "\n",
    r#"{"source_id":"ffffffffffffffffffffffffffffffff","target":"b","type":"causal"}"#,
    "\n",
);

#[test]
fn everything_that_a_line_can_say_comes_back() {
    let place = Place::with(EVERYTHING);
    assert_eq!(place.export(), EVERYTHING);
    place.run("compact", &[]).done();
    assert_eq!(place.export(), EVERYTHING);
    let again = sutra_with(["import", &place.store(), "--json"], EVERYTHING.as_bytes());
    let report = json(&again.done());
    assert_eq!(
        (&report["concepts"]["unchanged"], &report["associations"]["unchanged"]),
        (&7.into(), &7.into())
    );
}

#[test]
fn order_and_form_of_the_input_do_not_matter() {
    let mut lines: Vec<&str> = EVERYTHING.lines().collect();
    let (concepts, associations) = lines.split_at_mut(7);
    concepts.reverse();
    associations.reverse();
    let mut shuffled = lines.join("\r\n\n  ");
    // The fields in another order, ones that are the default, numbers written differently.
    shuffled = shuffled.replace(
        r#""type":"causal","weight":-2.5,"confidence":0.1"#,
        r#""confidence" : 1e-1, "type":"\u0063ausal" ,"weight":-25.0E-1"#,
    );
    shuffled = shuffled.replace(r#""type":"loop""#, r#""type":"loop","weight":1,"confidence":1.0"#);
    assert_eq!(Place::with(&shuffled).export(), EVERYTHING);
}

#[test]
fn the_last_line_about_a_thing_counts() {
    let place = Place::with(concat!(
        r#"{"key":"a","content":"1","attrs":{"x":1}}"#,
        "\n",
        r#"{"key":"b"}"#,
        "\n",
        r#"{"key":"a","content":"2"}"#,
        "\n",
        r#"{"source":"a","target":"b","type":"t","content":"1"}"#,
        "\n",
        r#"{"source":"a","target":"b","type":"t","weight":2}"#,
    ));
    let expected = concat!(
        r#"{"key":"a","content":"2"}"#,
        "\n",
        r#"{"key":"b"}"#,
        "\n",
        r#"{"source":"a","target":"b","type":"t","weight":2.0}"#,
        "\n",
    );
    assert_eq!(place.export(), expected);
}

#[test]
fn each_changed_field_makes_an_update_and_nothing_else_does() {
    let place = Place::with(r#"{"key":"a","content":"1"}"#);
    let count = |line: &str| {
        let run = sutra_with(["import", &place.store(), "--json"], line.as_bytes());
        let report = json(&run.done());
        let sum = |field: &str| {
            report["concepts"][field].as_u64().unwrap()
                + report["associations"][field].as_u64().unwrap()
        };
        (sum("new"), sum("updated"), sum("unchanged"))
    };
    let changes = [
        r#"{"key":"a","content":"2"}"#,
        r#"{"key":"a"}"#,
        r#"{"key":"a","content":""}"#,
        r#"{"key":"a","vector":[0.0]}"#,
        r#"{"key":"a","vector":[-0.0]}"#,
        r#"{"key":"a","vector":[0.0,0.0]}"#,
        r#"{"key":"a","attrs":{"x":1}}"#,
        r#"{"key":"a","attrs":{"x": 1}}"#,
        r#"{"key":"a","strength":0.5}"#,
        r#"{"key":"a","confidence":0.0}"#,
        r#"{"key":"a","source_hash":1}"#,
        r#"{"key":"a","access_count":2}"#,
        r#"{"key":"a","accessed_at":99}"#,
        r#"{"key":"a","valid_from":1}"#,
        r#"{"key":"a","valid_to":2}"#,
    ];
    for line in changes {
        assert_eq!(count(line), (0, 1, 0), "{line}");
        assert_eq!(count(line), (0, 0, 1), "{line}");
    }
    let loop_of = |rest: &str| format!(r#"{{"source":"a","target":"a","type":"t"{rest}}}"#);
    assert_eq!(count(&loop_of("")), (1, 0, 0));
    for rest in [
        r#","weight":2"#,
        r#","confidence":0.5"#,
        r#","content":"c""#,
        r#","vector":[1]"#,
        r#","attrs":{}"#,
        "",
        r#","valid_from":1"#,
        r#","valid_to":2"#,
    ] {
        assert_eq!(count(&loop_of(rest)), (0, 1, 0), "{rest}");
        assert_eq!(count(&loop_of(rest)), (0, 0, 1), "{rest}");
    }
}

#[test]
fn an_update_leaves_alone_what_a_line_does_not_say() {
    let place =
        Place::with("{\"key\":\"a\"}\n{\"source\":\"a\",\"target\":\"a\",\"type\":\"causal\"}");
    let a = ConceptId::from_key("a");
    let kind = AssociationKind::CAUSAL;
    let store = Store::open(place.store()).unwrap();
    let mut batch = Batch::new();
    let concept = NewConcept::with_key("a").strength(0.5).confidence(0.25).source_hash(3);
    batch.put(concept.valid(Some(-5), Some(5))).unwrap();
    let touch = Touch { accesses: 4, accessed_at: Some(1234), ..Touch::new(a) };
    batch.touch(touch).unwrap();
    batch.associate(NewAssociation::new(a, kind, a).valid(Some(1), Some(2))).unwrap();
    store.commit(&batch).unwrap();
    let before = *store.snapshot().concept(&a).unwrap().unwrap().record();
    store.close().unwrap();

    let lines = concat!(
        r#"{"key":"a","content":"new"}"#,
        "\n",
        r#"{"source":"a","target":"a","type":"causal","weight":2}"#
    );
    sutra_with(["import", &place.store()], lines.as_bytes()).done();
    let snapshot = Store::open_read_only(place.store()).unwrap().snapshot();
    let concept = snapshot.concept(&a).unwrap().unwrap();
    assert_eq!(concept.content().unwrap(), Some("new"));
    let after = *concept.record();
    assert_eq!((after.access_count.get(), after.accessed_at.get()), (4, 1234));
    assert_eq!((after.strength, after.confidence), (before.strength, before.confidence));
    assert_eq!((after.valid_from, after.valid_to), (before.valid_from, before.valid_to));
    assert_eq!((after.source_hash, after.created_at), (before.source_hash, before.created_at));
    let association = snapshot.association(&a, kind, &a).unwrap().unwrap();
    assert_eq!(
        (association.weight.get(), association.valid_from(), association.valid_to()),
        (2.0, 1, 2)
    );
}

#[test]
fn an_export_keeps_the_mode_of_a_file_and_goes_where_a_link_leads() {
    let place = Place::with(r#"{"key":"a"}"#);
    let file = place.file("real", "old");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let link = place.path("link");
    symlink("real", &link).unwrap();
    place.run("export", &["--concepts", link.to_str().unwrap()]).done();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(&file).unwrap(), "{\"key\":\"a\"}\n");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn an_export_to_a_file_replaces_it_whole_or_not_at_all() {
    let place = Place::with(r#"{"key":"a"}"#);
    let target = place.file("out.jsonl", "old");
    place.run("export", &["--concepts", &target]).done();
    assert_eq!(fs::read_to_string(&target).unwrap(), "{\"key\":\"a\"}\n");
    // Attributes that no line can say, as only a program can store them.
    let store = Store::open(place.store()).unwrap();
    let mut batch = Batch::new();
    batch.put(NewConcept::with_key("b").attributes("no JSON")).unwrap();
    store.commit(&batch).unwrap();
    store.close().unwrap();
    let error = place.run("export", &["--concepts", &target]).failed(3);
    assert!(error.contains("are no JSON object"), "{error}");
    assert_eq!(fs::read_to_string(&target).unwrap(), "{\"key\":\"a\"}\n");
    let left: Vec<_> =
        fs::read_dir(place.path("")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "the store and the file, nothing staged: {left:?}");
}

#[test]
fn an_association_whose_end_is_gone_is_still_exported() {
    let place = Place::with(r#"{"key":"a"}"#);
    let store = Store::open(place.store()).unwrap();
    let mut batch = Batch::new();
    let (a, stranger) = (ConceptId::from_key("a"), [7; 16]);
    let stranger = ConceptId::from_bytes(stranger);
    let kind = AssociationKind::CAUSAL;
    for (source, target) in [(a, stranger), (stranger, a)] {
        batch.associate(NewAssociation::new(source, kind, target)).unwrap();
    }
    store.commit(&batch).unwrap();
    store.close().unwrap();
    let expected = concat!(
        r#"{"key":"a"}"#,
        "\n",
        r#"{"source":"a","target_id":"07070707070707070707070707070707","type":"causal"}"#,
        "\n",
        r#"{"source_id":"07070707070707070707070707070707","target":"a","type":"causal"}"#,
        "\n",
    );
    assert_eq!(place.export(), expected);
}

#[test]
#[ignore = "needs strace"]
fn an_exported_file_is_on_disk_before_it_has_its_name() {
    let place = Place::with("{\"key\":\"dog\"}\n");
    let (file, trace) = (place.path("exported"), place.path("trace"));
    let status = Command::new("strace")
        .args(["-f", "-y", "-e", "trace=fsync,rename,renameat,renameat2", "-o"])
        .arg(&trace)
        .args([env!("CARGO_BIN_EXE_sutra"), "export", &place.store(), "--concepts"])
        .arg(&file)
        .status()
        .unwrap();
    assert!(status.success() && file.exists());
    let trace = fs::read_to_string(trace).unwrap();
    let line = |call: &str| trace.lines().position(|l| l.contains(call) && l.contains("export-"));
    let (synced, named) = (line(" fsync("), line(" rename"));
    assert!(synced.is_some() && synced < named, "{trace}");
}
