//! Real file systems that are full: in memory, and ext4 in a file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sutra_lsm::{Durability, LSMTree};
use tempfile::TempDir;

use crate::child::{check_files, config};
use crate::history::{State, batch};

const BATCHES_MAX: u64 = 20_000;
const FILL_BYTES: usize = 1 << 20;

/// A file system of its own, gone with the value.
struct Mounted(TempDir);

impl Mounted {
    fn new(arguments: &[&str]) -> Self {
        let place = tempfile::tempdir().unwrap();
        run(Command::new("mount").args(arguments).arg(place.path()));
        Self(place)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        run(Command::new("umount").arg(self.0.path()));
    }
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
}

/// Takes space away, and gives it back.
fn fill(place: &Path) -> PathBuf {
    let path = place.join("filler");
    fs::write(&path, vec![1; FILL_BYTES]).unwrap();
    path
}

/// Commits until there is no more room, and goes on when there is.
fn check(place: &Path) {
    let store = place.join("store");
    let filler = fill(place);
    let tree = LSMTree::open(&store, config()).unwrap();
    let mut kept = State::default();
    let mut number = 0;
    let mut failed = false;
    // Nothing is merged, so what was replaced fills the disk.
    while !failed {
        number += 1;
        assert!(number < BATCHES_MAX, "the disk is never full");
        match tree.commit(batch(number), Durability::Sync) {
            Ok(_) => kept.apply(number),
            Err(error) => {
                assert!(error.is_out_of_space(), "{error}");
                failed = true;
            }
        }
    }
    assert_eq!(State::of(&tree), kept, "what failed is visible, or what was kept is not");
    fs::remove_file(filler).unwrap();
    tree.commit(batch(number), Durability::Sync).expect("there is room again");
    kept.apply(number);
    assert_eq!(State::of(&tree), kept);
    tree.close().unwrap();
    let tree = LSMTree::open(&store, config()).unwrap();
    assert_eq!(State::of(&tree), kept);
    check_files(tree, &store);
}

#[test]
#[ignore = "needs the right to mount"]
fn a_full_file_system_in_memory_fails_commits_and_takes_them_again() {
    let mounted = Mounted::new(&["-t", "tmpfs", "-o", "size=3m,nr_inodes=200", "tmpfs"]);
    check(mounted.path());
}

#[test]
#[ignore = "needs the right to mount"]
fn a_full_ext4_fails_commits_and_takes_them_again() {
    let place = tempfile::tempdir().unwrap();
    let image = place.path().join("image");
    fs::File::create(&image).unwrap().set_len(8 << 20).unwrap();
    run(Command::new("mkfs.ext4").args(["-q", "-F", "-O", "^has_journal"]).arg(&image));
    let mounted = Mounted::new(&["-t", "ext4", "-o", "loop", image.to_str().unwrap()]);
    check(mounted.path());
}
