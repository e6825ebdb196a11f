//! [`Image`]: a directory at rest, as names and bytes.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use sutra_fs::Name;

use super::content::Content;
use crate::rng::mix;

/// What is found in a directory, for instance after a crash.
///
/// Cheap to clone: copies share their bytes. It can be read, damaged, and opened again as a
/// [`SimDir`](crate::SimDir). Calls that name a file which is not there panic.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Image {
    files: BTreeMap<Name, Content>,
}

impl Image {
    /// An empty directory.
    pub fn new() -> Self {
        Self::default()
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &Name> {
        self.files.keys()
    }

    /// Is there a file of this name?
    pub fn contains(&self, name: &Name) -> bool {
        self.files.contains_key(name)
    }

    /// The bytes of a file, if there is one of this name.
    pub fn read(&self, name: &Name) -> Option<Vec<u8>> {
        self.files.get(name).map(Content::to_vec)
    }

    /// The length of a file.
    pub fn length(&self, name: &Name) -> u64 {
        self.file(name).length() as u64
    }

    /// The bytes of all files together.
    pub fn total_length(&self) -> u64 {
        self.files.values().map(|content| content.length() as u64).sum()
    }

    /// Equal for equal images, and almost surely different for others.
    pub fn fingerprint(&self) -> u64 {
        let named = |(name, content): (&Name, &Content)| {
            let name = name.as_str().bytes().fold(0, |hash, byte| mix(hash ^ u64::from(byte)));
            mix(name ^ content.hash().rotate_left(32))
        };
        self.files.iter().map(named).fold(self.files.len() as u64, u64::wrapping_add)
    }

    /// Puts a file of these bytes; one of that name is replaced.
    pub fn put(&mut self, name: &Name, bytes: &[u8]) {
        self.files.insert(name.clone(), Content::of(bytes));
    }

    /// Takes a file away.
    pub fn remove(&mut self, name: &Name) {
        assert!(self.files.remove(name).is_some(), "the image has no file {name}");
    }

    /// Flips one bit of a file: bit `bit % 8`, the lowest first, of byte `bit / 8`.
    pub fn flip(&mut self, name: &Name, bit: u64) {
        let (byte, mask) = (index(bit / 8), 1 << (bit % 8));
        let mut one = [0];
        assert!(self.file(name).read(byte, &mut one), "{name} ends before bit {bit}");
        self.file_mut(name).write(byte, &[one[0] ^ mask]);
    }

    /// Overwrites bytes of a file, which grows as needed.
    pub fn overwrite(&mut self, name: &Name, offset: u64, bytes: &[u8]) {
        self.file_mut(name).write(index(offset), bytes);
    }

    /// Cuts a file to `length`, or extends it with zeros.
    pub fn truncate(&mut self, name: &Name, length: u64) {
        self.file_mut(name).resize(index(length));
    }

    /// Exchanges the bytes of two files.
    pub fn swap(&mut self, a: &Name, b: &Name) {
        let (first, second) = (self.file(a).clone(), self.file(b).clone());
        *self.file_mut(a) = second;
        *self.file_mut(b) = first;
    }

    /// Writes all files into a real directory, to look at them with other tools.
    pub fn write_to(&self, directory: &Path) -> io::Result<()> {
        self.files
            .iter()
            .try_for_each(|(name, content)| fs::write(directory.join(name), content.to_vec()))
    }

    pub(crate) fn of_contents(files: impl IntoIterator<Item = (Name, Content)>) -> Self {
        Self { files: files.into_iter().collect() }
    }

    pub(crate) fn contents(&self) -> impl Iterator<Item = (&Name, &Content)> {
        self.files.iter()
    }

    #[track_caller]
    fn file(&self, name: &Name) -> &Content {
        self.files.get(name).unwrap_or_else(|| panic!("the image has no file {name}"))
    }

    #[track_caller]
    fn file_mut(&mut self, name: &Name) -> &mut Content {
        self.files.get_mut(name).unwrap_or_else(|| panic!("the image has no file {name}"))
    }
}

/// Names and lengths, which is what one wants to know first.
impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lengths = self.files.iter().map(|(name, content)| (name.as_str(), content.length()));
        f.debug_map().entries(lengths).finish()
    }
}

fn index(offset: u64) -> usize {
    usize::try_from(offset).expect("files of an image fit into memory")
}
