//! Files of the language that no other file declares: they are compiled by nobody, and their tests
//! never run.

use crate::tree::Tree;

use super::Complaint;

/// Folders whose files the build tool finds by itself, and what it takes for the root of a crate.
const FOUND: [&str; 4] = ["tests", "benches", "examples", "bin"];
const ROOTS: [&str; 3] = ["main.rs", "lib.rs", "build.rs"];

pub(super) fn check(tree: &Tree) -> Vec<Complaint> {
    let sources = || tree.files.iter().filter(|file| file.path.ends_with(".rs"));
    let named: Vec<&str> = tree.files.iter().flat_map(|file| named_paths(&file.text)).collect();
    let is_lost = |path: &&str| !is_declared(tree, path, &named);
    let lost = sources().map(|file| file.path.as_str()).filter(is_lost);
    lost.map(|path| format!("{path}: no file declares it as a module, so nobody compiles it"))
        .collect()
}

/// What `#[path = "..."]` and the entries of a `Cargo.toml` name.
fn named_paths(text: &str) -> impl Iterator<Item = &str> {
    text.split("path = \"").skip(1).filter_map(|rest| rest.split('"').next())
}

fn is_declared(tree: &Tree, path: &str, named: &[&str]) -> bool {
    let Some((folder, file)) = path.rsplit_once('/') else { return true };
    let folder_name = folder.rsplit('/').next().unwrap_or(folder);
    if ROOTS.contains(&file) || FOUND.contains(&folder_name) {
        return true;
    }
    let (name, folder) = match file {
        "mod.rs" => match folder.rsplit_once('/') {
            Some((above, name)) => (name, above),
            None => return false,
        },
        _ => (file.trim_end_matches(".rs"), folder),
    };
    let parents = ["mod.rs", "main.rs", "lib.rs"].map(|root| format!("{folder}/{root}"));
    let above = [format!("{folder}.rs")];
    let declaration = format!("mod {name};");
    let mut texts = parents.iter().chain(&above).filter_map(|parent| tree.text(parent));
    texts.any(|text| text.lines().any(|line| line.trim_end().ends_with(&declaration)))
        || named.iter().any(|end| path.ends_with(end.trim_start_matches("../")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::TextFile;

    fn tree(files: &[(&str, &str)]) -> Tree {
        let file = |(path, text): &(&str, &str)| TextFile {
            path: (*path).to_owned(),
            text: (*text).to_owned(),
        };
        let mut tree = Tree { files: files.iter().map(file).collect(), ..Tree::default() };
        tree.files.sort_by(|a, b| a.path.cmp(&b.path));
        tree
    }

    #[test]
    fn a_file_that_nobody_declares_is_a_complaint() {
        let files = [
            ("a/src/lib.rs", "pub mod one;\nmod two;\n"),
            ("a/src/one.rs", ""),
            ("a/src/one/deep.rs", ""),
            ("a/src/two/mod.rs", "// mod old;\nmod three;"),
            ("a/src/two/three.rs", ""),
            ("a/tests/alone.rs", "#[path = \"../elsewhere/shared.rs\"]\nmod shared;"),
            ("a/tests/many/main.rs", "mod first;"),
            ("a/tests/many/first.rs", ""),
            ("a/tests/many/second.rs", ""),
            ("a/elsewhere/shared.rs", ""),
        ];
        let complaints = check(&tree(&files));
        assert_eq!(complaints.len(), 2, "{complaints:?}");
        assert!(complaints[0].starts_with("a/src/one/deep.rs: "), "{complaints:?}");
        assert!(complaints[1].starts_with("a/tests/many/second.rs: "), "{complaints:?}");
    }
}
