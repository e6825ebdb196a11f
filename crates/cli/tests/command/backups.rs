//! Backup and restore, as an operator uses them.

use std::fs;

use crate::common::{Place, flip, json, sutra};

#[test]
fn a_backup_is_made_beside_a_writer_and_restored() {
    let place = Place::with_excerpt();
    let [backup, restored] = ["backup", "restored"].map(|name| place.path(name));
    let [backup, restored] = [backup.to_str().unwrap(), restored.to_str().unwrap()];
    let writer = sutra_storage::Store::open(place.store()).unwrap();
    let before = place.export();
    let report = json(&place.run("backup", &[backup, "--json"]).done());
    assert_eq!((&report["copied"]["files"], &report["kept"]["files"]), (&1.into(), &0.into()));
    let again = place.run("backup", &[backup]).done();
    assert!(again.contains("copied   0 files, 0 B\nkept     1 file,"), "{again}");
    writer.close().unwrap();
    assert_eq!(sutra(["export", backup]).done(), before);
    assert!(sutra(["verify", backup]).done().contains("intact"));
    sutra(["restore", backup, restored]).done();
    assert_eq!(sutra(["export", restored]).done(), before);
    sutra(["compact", restored]).done();
    assert_eq!(sutra(["export", restored]).done(), before);
    let error = sutra(["backup", restored, backup]).failed(3);
    assert!(error.contains("another store") && error.contains(backup), "{error}");
    let error = sutra(["restore", backup, restored]).failed(3);
    assert!(error.contains("not empty"), "{error}");
    let same = place.path("same");
    sutra(["restore", backup, same.to_str().unwrap(), "--same-store"]).done();
    sutra(["backup", same.to_str().unwrap(), backup]).done();
}

#[test]
fn a_linked_backup_shares_the_files_of_the_store_where_it_can() {
    use std::os::unix::fs::MetadataExt;
    let place = Place::with_excerpt();
    let [linked, copied] = ["linked", "copied"].map(|name| place.path(name));
    let report = place.run("backup", &[linked.to_str().unwrap(), "--link", "--json"]).done();
    let report = json(&report);
    assert_eq!((&report["linked"]["files"], &report["copied"]["files"]), (&1.into(), &0.into()));
    let segment = place.store_file("seg_");
    let name = segment.file_name().unwrap();
    let ino = |path: &std::path::Path| fs::metadata(path).unwrap().ino();
    assert_eq!(ino(&linked.join(name)), ino(&segment));
    assert_eq!(sutra(["export", linked.to_str().unwrap()]).done(), place.export());
    place.run("backup", &[copied.to_str().unwrap()]).done();
    assert_ne!(ino(&copied.join(name)), ino(&segment), "nobody asked for a link");
    let shown = sutra(["backup", copied.to_str().unwrap(), "--link", "/dev/full/x"]);
    assert_eq!(shown.code, Some(3), "{shown:?}");
    let help = sutra(["backup", "--help"]).done();
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(help.contains("shares the fate of the original"), "{help}");
}

#[test]
fn a_backup_goes_nowhere_else_and_takes_no_damage_along() {
    let place = Place::with("{\"key\":\"a\",\"content\":\"text\"}\n");
    let full = place.path("full");
    fs::create_dir(&full).unwrap();
    fs::write(full.join("letter.txt"), "mine").unwrap();
    let error = place.run("backup", &[full.to_str().unwrap()]).failed(3);
    assert!(error.contains("letter.txt") && error.contains("choose another"), "{error}");
    assert_eq!(fs::read_dir(&full).unwrap().count(), 1);
    let segment = place.store_file("seg_");
    flip(&segment, 4096);
    let error = place.run("backup", &[place.path("backup").to_str().unwrap()]).failed(4);
    assert!(error.contains(segment.to_str().unwrap()), "{error}");
    let error = sutra(["backup", "/nowhere/at-all", "/nowhere/else"]).failed(3);
    assert!(error.contains("/nowhere/at-all"), "{error}");
}

#[test]
fn a_damaged_store_is_salvaged_and_what_is_lost_is_said() {
    let place = Place::with_excerpt();
    let [whole, saved] = ["whole", "saved"].map(|name| place.path(name));
    let [whole, saved] = [whole.to_str().unwrap(), saved.to_str().unwrap()];
    let shown = place.run("salvage", &[whole]).done();
    assert!(shown.contains("saved  300 concepts") || shown.contains("308 concepts"), "{shown}");
    assert_eq!(sutra(["export", whole]).done(), place.export());
    let segment = place.store_file("seg_");
    flip(&segment, 4096);
    place.run("export", &[]).failed(4);
    let run = place.run("salvage", &[saved, "--json"]);
    assert_eq!((run.code, &*run.err), (Some(1), ""));
    let report = json(&run.out);
    let loss = &report["losses"][0];
    assert_eq!((&loss["file"], &loss["offset"]), (&segment.to_str().unwrap().into(), &4096.into()));
    assert!(loss["what"].as_str().unwrap().contains("concept records"), "{report}");
    assert!(sutra(["verify", saved]).done().contains("intact"));
    let shown = place.run("salvage", &[place.path("again").to_str().unwrap()]);
    assert!(shown.code == Some(1) && shown.out.contains("lost"), "{shown:?}");
    assert!(place.run("salvage", &[saved]).failed(3).contains("not empty"));
}

#[test]
fn health_says_what_is_wrong_and_what_to_do() {
    let place = Place::with_excerpt();
    let shown = place.run("health", &[]).done();
    assert!(shown.contains("good") && !shown.contains("damaged"), "{shown}");
    let report = json(&place.run("health", &["--scrub", "--json"]).done());
    let segment = place.store_file("seg_");
    assert_eq!((&report["healthy"], &report["state"]), (&true.into(), &"good".into()));
    assert!(report["scrubbed_bytes"].as_u64().unwrap() > 100_000, "{report}");
    assert!(report["scrub_ended_at"].as_u64().unwrap() > 1_700_000_000_000, "{report}");
    flip(&segment, 4096);
    place.run("health", &[]).done(); // Nobody has read that page.
    let run = place.run("health", &["--scrub"]);
    assert_eq!((run.code, &*run.err), (Some(1), ""));
    for part in ["damaged", segment.to_str().unwrap(), "byte 4096", "restore", "salvage"] {
        assert!(run.out.contains(part), "{} lacks {part}", run.out);
    }
    flip(&segment, 30);
    let run = place.run("health", &["--json"]);
    assert_eq!(run.code, Some(1));
    let report = json(&run.out);
    assert_eq!((&report["healthy"], &report["state"]), (&false.into(), &"damaged".into()));
    assert_eq!(report["damages"][0]["file"], segment.to_str().unwrap());
    sutra(["health", "/nowhere/at-all"]).failed(3);
}
