//! The files of the checkout, as the checks see them: all but what `.gitignore` leaves out.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};

/// A file that is text.
#[derive(Debug, Clone)]
pub(crate) struct TextFile {
    /// Relative to the root, with `/` between the parts.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// The files below a root.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    /// Sorted by path.
    pub(crate) files: Vec<TextFile>,
    /// The paths of all files, those that are no text included; sorted.
    pub(crate) paths: Vec<String>,
}

impl Tree {
    /// Reads every file below `root`.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let ignored = ignored(root)?;
        let mut tree = Self::default();
        let mut folders = vec![root.to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).map_err(Failure::at(&folder))? {
                let entry = entry.map_err(Failure::at(&folder))?;
                let path = entry.path();
                let kind = entry.file_type().map_err(Failure::at(&path))?;
                if ignored.contains(&path) || kind.is_symlink() {
                    continue;
                }
                if kind.is_dir() { folders.push(path) } else { tree.add(root, &path)? }
            }
        }
        tree.files.sort_by(|a, b| a.path.cmp(&b.path));
        tree.paths.sort();
        Ok(tree)
    }

    fn add(&mut self, root: &Path, path: &Path) -> Result<()> {
        let bytes = fs::read(path).map_err(Failure::at(path))?;
        let relative = path.strip_prefix(root).expect("the walk began at the root");
        let relative = relative.to_string_lossy().replace('\\', "/");
        self.paths.push(relative.clone());
        if let Ok(text) = String::from_utf8(bytes) {
            self.files.push(TextFile { path: relative, text });
        }
        Ok(())
    }

    /// The text of the file at `path`.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        let at = self.files.binary_search_by(|file| file.path.as_str().cmp(path)).ok()?;
        Some(&self.files[at].text)
    }

    /// Whether a file or a folder is called `path`; the empty path is the root.
    pub(crate) fn holds(&self, path: &str) -> bool {
        path.is_empty() || self.paths.iter().any(|known| is_in(known, path) || known == path)
    }

    /// The files whose path ends in `.` and `extension`.
    pub(crate) fn with_extension(&self, extension: &str) -> impl Iterator<Item = &TextFile> {
        self.files.iter().filter(move |file| {
            file.path.rsplit_once('.').is_some_and(|(_, found)| found == extension)
        })
    }

    /// A tree of the given files, for tests of the checks.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let mut tree = Self::default();
        for (path, text) in files {
            tree.paths.push((*path).to_owned());
            tree.files.push(TextFile { path: (*path).to_owned(), text: (*text).to_owned() });
        }
        tree.files.sort_by(|a, b| a.path.cmp(&b.path));
        tree.paths.sort();
        tree
    }
}

/// Whether `path` lies in `folder`.
pub(crate) fn is_in(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// What `.gitignore` names from the root, and git's own folder.
fn ignored(root: &Path) -> Result<Vec<PathBuf>> {
    let list = root.join(".gitignore");
    let text = fs::read_to_string(&list).map_err(Failure::at(&list))?;
    let anchored = text.lines().filter_map(|line| line.strip_prefix('/'));
    Ok(anchored.chain([".git"]).map(|name| root.join(name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_has_every_file_but_the_ignored_ones() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, bytes: &[u8]| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        };
        write(".gitignore", b"/target\n");
        write("target/debug/x.rs", b"built");
        write(".git/config", b"git");
        write("crates/a/target/kept.rs", b"text");
        write("golden.bin", &[0xff]);
        let tree = Tree::read(root.path()).unwrap();
        assert_eq!(tree.paths, [".gitignore", "crates/a/target/kept.rs", "golden.bin"]);
        assert_eq!(tree.text("crates/a/target/kept.rs"), Some("text"));
        assert_eq!(tree.text("golden.bin"), None);
        assert!(tree.holds("crates/a") && tree.holds("golden.bin") && !tree.holds("crates/b"));
    }
}
