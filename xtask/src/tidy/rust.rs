//! Rules for Rust sources: how they open, how long they are, and what they may not use.

use crate::source::{self, words};
use crate::tree::{TextFile, Tree, is_in};

use super::Complaint;

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;

/// Files that are longer than the limit, and by how much they may be. Numbers here only fall.
const LONG_FILES: [(&str, usize); 0] = [];

/// The one file of the engine that may be `unsafe`: it maps sealed files.
const UNSAFE_FILE: &str = "crates/fs/src/map.rs";

/// Calls code for instructions that the processor was asked about; nothing else is in there.
const UNSAFE_DISPATCH: &str = "crates/index/src/vectors/dispatch.rs";

/// The one file outside of the engine: it opens the engine that the benchmarks compare with.
const UNSAFE_BENCHMARK: &str = "crates/bench/src/lmdb.rs";

/// Who may touch `std::fs`. The engine goes through `sutra-fs`, so that the simulated disk sees
/// all it does.
const USERS_OF_STD_FS: [&str; 6] =
    ["crates/fs", "crates/cli", "crates/bench", "crates/testkit", "xtask", "fuzz"];

/// Macros that stand for code which is yet to be written, or were left behind.
const MACROS: [&str; 3] = ["todo", "unimplemented", "dbg"];

/// Words that stand for work which is yet to be done. Put together here, so that this file has
/// none of them.
const MARKS: [&str; 2] = [concat!("FIX", "ME"), concat!("XX", "X")];

pub(super) fn check(tree: &Tree) -> Vec<Complaint> {
    tree.with_extension("rs").flat_map(check_file).collect()
}

fn check_file(file: &TextFile) -> Vec<Complaint> {
    let code = source::code(&file.text);
    let mut complaints = Vec::new();
    let mut complain = |line: usize, what: &str| {
        complaints.push(format!("{}:{line}: {what}", file.path));
    };
    if !file.text.starts_with("//!") {
        complain(1, "open with `//!` and say what the file is for");
    }
    check_lengths(file, &code, &mut complain);
    check_words(file, &code, &mut complain);
    for (number, line) in file.text.lines().enumerate() {
        if let Some(mark) = MARKS.iter().find(|mark| line.contains(**mark)) {
            complain(number + 1, &format!("{mark}: do it, or file it where issues are kept"));
        }
    }
    complaints
}

fn check_lengths(file: &TextFile, code: &str, complain: &mut dyn FnMut(usize, &str)) {
    let lines = file.text.lines().count();
    let known = LONG_FILES.iter().find(|(path, _)| *path == file.path);
    let limit = known.map_or(FILE_LINES_MAX, |(_, lines)| *lines);
    if lines > limit {
        complain(1, &format!("{lines} lines, at most {limit}: split it by noun"));
    }
    for function in source::functions(code) {
        if function.lines > FUNCTION_LINES_MAX {
            let (name, lines) = (function.name, function.lines);
            let what =
                format!("`{name}` has {lines} lines, at most {FUNCTION_LINES_MAX}: split it");
            complain(function.first_line, &what);
        }
    }
}

fn check_words(file: &TextFile, code: &str, complain: &mut dyn FnMut(usize, &str)) {
    let fs_limit = if may_use_std_fs(&file.path) { 0 } else { shipped_bytes(&file.text) };
    for (place, word) in words(code) {
        let after = code[place + word.len()..].trim_start();
        let line = || source::line_of(code, place);
        if MACROS.contains(&word) && after.starts_with('!') {
            complain(line(), &format!("`{word}!` is not to stay"));
        }
        if word == "unsafe"
            && ![UNSAFE_FILE, UNSAFE_DISPATCH, UNSAFE_BENCHMARK].contains(&file.path.as_str())
        {
            complain(line(), &format!("`unsafe` belongs into {UNSAFE_FILE}, with its proof"));
        }
        if ["allow", "expect"].contains(&word)
            && is_attribute(&code[..place])
            && !argument(after).contains("reason")
        {
            complain(line(), &format!("`#[{word}(..)]` needs a `reason = \"..\"`"));
        }
        if word == "std" && place < fs_limit && names_fs(after) {
            complain(line(), "`std::fs` is for sutra-fs: go through `sutra_fs::Dir`");
        }
    }
}

fn may_use_std_fs(path: &str) -> bool {
    let folders = ["tests", "benches", "examples"];
    USERS_OF_STD_FS.iter().any(|user| is_in(path, user))
        || path.split('/').any(|part| folders.contains(&part) || part == "tests.rs")
}

/// How much of a file is shipped: the tests at its end are not.
fn shipped_bytes(text: &str) -> usize {
    text.find("\n#[cfg(test)]\nmod ").unwrap_or(text.len())
}

/// Whether what follows `std` is `::fs`, or a group with `fs` in it.
fn names_fs(after: &str) -> bool {
    let Some(path) = after.strip_prefix("::") else { return false };
    let path = path.trim_start();
    if path.starts_with('{') { group_names_fs(path) } else { is_fs(path) }
}

/// Whether one of the parts of `{a, b::{c, d}, e}` is `fs`; `c` and `d` are none of them.
fn group_names_fs(group: &str) -> bool {
    let mut depth = 0_usize;
    for (place, byte) in group.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return false;
        }
        if depth == 1 && b"{,".contains(&byte) && is_fs(group[place + 1..].trim_start()) {
            return true;
        }
    }
    false
}

fn is_fs(path: &str) -> bool {
    words(path).next() == Some((0, "fs"))
}

/// Whether the code before a word says that the word names an attribute.
fn is_attribute(before: &str) -> bool {
    let before = before.trim_end();
    before.ends_with("#[") || before.ends_with("#![")
}

/// What is between the bracket that opens here and its end.
fn argument(after: &str) -> &str {
    after.split_once(")]").map_or(after, |(argument, _)| argument)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_complaints(path: &str, text: &str, expected: &[&str]) {
        let found = check(&Tree::of(&[(path, &format!("//! For.\n{text}"))]));
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.starts_with(path) && found.contains(expected), "{found}");
        }
    }

    const PATH: &str = "crates/lsm/src/x.rs";

    #[test]
    fn a_file_opens_with_its_purpose() {
        let found = check(&Tree::of(&[(PATH, "// For.\n")]));
        assert_eq!(found, ["crates/lsm/src/x.rs:1: open with `//!` and say what the file is for"]);
    }

    #[test]
    fn long_files_and_long_functions_are_noticed() {
        check_complaints(PATH, &"\n".repeat(FILE_LINES_MAX - 1), &[]);
        check_complaints(PATH, &"\n".repeat(FILE_LINES_MAX), &["501 lines, at most 500"]);
        let function = |lines: usize| format!("fn f() {{{}}}\n", "\n".repeat(lines - 1));
        check_complaints(PATH, &function(FUNCTION_LINES_MAX), &[]);
        check_complaints(PATH, &function(71), &["x.rs:2: `f` has 71 lines, at most 70"]);
    }

    #[test]
    fn unsafe_code_is_in_three_files() {
        check_complaints(UNSAFE_FILE, "unsafe {}\n", &[]);
        check_complaints(UNSAFE_DISPATCH, "unsafe {}\n", &[]);
        check_complaints(UNSAFE_BENCHMARK, "unsafe {}\n", &[]);
        check_complaints(PATH, "#![forbid(unsafe_code)] // unsafe\n", &[]);
        check_complaints(PATH, "unsafe {}\n", &["x.rs:2: `unsafe` belongs into"]);
    }

    #[test]
    fn only_the_file_system_crate_and_tests_use_std_fs() {
        let expected = ["`std::fs` is for sutra-fs"];
        check_complaints(PATH, "use std::fs::File;\n", &expected);
        check_complaints(PATH, "use std::{io, fs::File};\n", &expected);
        check_complaints(PATH, "use std::{\n  fs,\n};\n", &expected);
        check_complaints(PATH, "use std::{io::{self, fs}, fmt}; use sutra_fs::{fs};\n", &[]);
        check_complaints(PATH, "\n#[cfg(test)]\nmod tests { use std::fs; }\n", &[]);
        for path in ["crates/fs/src/real.rs", "crates/lsm/tests/x.rs", "xtask/src/x.rs"] {
            check_complaints(path, "use std::fs;\n", &[]);
        }
    }

    #[test]
    fn leftovers_are_noticed() {
        for word in MACROS {
            check_complaints(PATH, &format!("fn f() {{ {word}!() }}\n"), &["is not to stay"]);
            let harmless = format!("// {word}!() is banned\nfn {word}() {{}}\n");
            check_complaints(PATH, &harmless, &[]);
        }
        for mark in MARKS {
            check_complaints(PATH, &format!("// {mark}: later\n"), &["do it, or file it"]);
        }
    }

    #[test]
    fn a_lint_is_silenced_with_a_reason() {
        check_complaints(PATH, "#[allow(dead_code)]\n", &["`#[allow(..)]` needs a `reason"]);
        check_complaints(PATH, "#![expect(dead_code)] // reason\n", &["`#[expect(..)]` needs"]);
        check_complaints(PATH, "#[expect(dead_code, reason = \"held\")]\n", &[]);
        check_complaints(PATH, "fn f() { x.expect(\"y\") }\n", &[]);
    }
}
