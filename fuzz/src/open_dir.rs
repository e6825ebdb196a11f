//! Any bytes as a directory: opening it for reading, for writing, and verifying it never panics.
//! It is refused with an error that names a file, or answers, and then all ways of asking give
//! the same, before a merge and after it.

use sutra_lsm::{Durability, LsmTree, Result, WriteBatch};
use sutra_testkit::{Image, SimDir};

use super::base;
use super::bound::bounded;
use super::look::{Content, is_used_up, look, names_a_file};
use super::mutate::damage_files;
use super::repair::{self, Repairs};
use super::store_ops::Change;
use super::tape::Tape;

/// The first byte says which sound store is damaged, the second which sums are made right.
pub fn open_dir(input: &[u8]) {
    let mut tape = Tape::new(input);
    let mut image = tape.pick(base::stores()).clone();
    let bits = tape.byte();
    let is_set = |bit: u8| bits & 1 << bit != 0;
    let is_sound = tape.is_at_end();
    damage_files(&mut image, &mut tape);
    let (segments, journals) = (is_set(0), is_set(1));
    repair::store(
        &mut image,
        Repairs { segments, journals, manifests: is_set(2), names: is_set(3) },
    );
    let is_answered = bounded(image.total_length(), || check(&image));
    assert!(is_answered || !is_sound, "a sound store is refused");
}

/// Says whether the store answers, and nothing is wrong with it.
fn check(image: &Image) -> bool {
    let dir = SimDir::from_image(image);
    let read = match LsmTree::open_read_only_in(dir.clone()) {
        Ok(tree) => look(&tree),
        Err(error) => {
            names_a_file(&error);
            None
        }
    };
    assert_eq!(dir.op_count(), 0, "a reader changes nothing");
    match base::open(dir.clone()) {
        Ok(tree) => go_on(tree, &dir, read),
        Err(error) => {
            names_a_file(&error);
            false
        }
    }
}

/// Works with a store that opened for writing. `read` is what a reader was told before, if
/// nothing was wrong then. Says whether nothing is wrong now.
fn go_on(tree: LsmTree<SimDir>, dir: &SimDir, read: Option<Content>) -> bool {
    let opened = look(&tree);
    if let Some(read) = read {
        assert_eq!(opened.as_ref(), Some(&read), "a writer and a reader are told the same");
    }
    if let Err(error) = tree.compact_all() {
        let is_known = opened.is_none() || is_used_up(&error);
        assert!(is_known, "verified, and not to be merged: {error}");
        names_a_file(&error);
        return false;
    }
    let merged = look(&tree);
    if opened.is_some() {
        assert_eq!(merged, opened, "a merge changes nothing");
    }
    if let Err(error) = write(&tree) {
        let is_known = merged.is_none() || is_used_up(&error);
        assert!(is_known, "verified, and not to be written to: {error}");
        names_a_file(&error);
        return false;
    }
    let written = look(&tree);
    assert!(written.is_some() || merged.is_none(), "what is written stays sound");
    if let Err(error) = tree.close() {
        assert!(written.is_none(), "verified, and not to be closed: {error}");
        names_a_file(&error);
        return false;
    }
    match LsmTree::open_read_only_in(dir.clone()) {
        Ok(tree) if written.is_some() => assert_eq!(look(&tree), written, "reopened"),
        Ok(tree) => drop(look(&tree)),
        Err(error) => {
            assert!(written.is_none(), "verified, and not to be reopened: {error}");
            names_a_file(&error);
        }
    }
    written.is_some()
}

fn write(tree: &LsmTree<SimDir>) -> Result<()> {
    let changes = [
        Change::Put { n: 1, text: Some(5), vector: 3 },
        Change::Touch(2),
        Change::Associate(1, 1, 2),
        Change::Delete(4),
    ];
    let mut batch = WriteBatch::new();
    changes.into_iter().try_for_each(|change| change.add_to(&mut batch))?;
    tree.commit(batch, Durability::Sync)?;
    tree.flush()
}
