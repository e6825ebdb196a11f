//! The releases of WordNet that are known: what goes in, and what must come out.

use std::path::Path;

use crate::failure::{Failure, Result};

use super::{sum, synset};

/// A release by the sums of its four data files and of the two files built from them.
pub(crate) struct Release {
    pub(crate) name: &'static str,
    /// data.noun, data.verb, data.adj, data.adv.
    sources: [&'static str; 4],
    /// Concepts, associations.
    pub(crate) counts: [usize; 2],
    /// concepts.jsonl, associations.jsonl.
    pub(crate) built: [&'static str; 2],
}

const RELEASES: [Release; 2] = [
    Release {
        name: "WordNet 3.1",
        sources: [
            "2cad22fe43461ee7ae61a564ae6a518c57445c8597e53542caddb5c26a6a5d94",
            "eb1cf196dab6e1b815a1c86fa20c909fb7413b2f34250d7fe60a0fb35ef59e03",
            "ca1033bf627eb95f6cbb2864f8990be8e6a01a3c182e7d7c7094ccf8ead242cc",
            "aea301f39ac1b24be9a880dbc6cc6331bc5391f58c7525a1b298a13c922f2ed3",
        ],
        counts: [117_791, 365_119],
        built: [
            "4e9ef6967cb21c27998f152374d6a265fb05f750ab44cdbcbc5834979f94569a",
            "e7030242d0fbde13c1045f5bfb4e2f35b95dcff19fec921a4abea9bc4d8ba2fc",
        ],
    },
    Release {
        name: "WordNet 3.0",
        sources: [
            "fea17d2f9656611334eac790e5d69e47645fa180c4aa481fb4cd9b3520754ca2",
            "adcf43e35b581e8036d8b5a52d63d9cd3d3b4870b2720d3c03c799df44777bc2",
            "c89120dfc1f046ddff4a631bf9b7e9fa1a36b5e86565a23bf82dbe14f30b88a7",
            "444a63bf3955080ab7524f5079cfc07ff9bc682cb98bdb1db73b0fb9829f1139",
        ],
        counts: [117_659, 364_552],
        built: [
            "b902c3e5df97d1dfb5dd7143299518c1f0727550a3bdb3c7ea87ec7187710f32",
            "f237766472be59c57517d9ecb3fccb31d1c81d2b90855936b02675fd71eb6346",
        ],
    },
];

/// The release whose data files lie in `dir`.
pub(crate) fn of_sources(dir: &Path) -> Result<&'static Release> {
    let mut sums = Vec::new();
    for part in synset::PARTS {
        sums.push(sum::of_file(&dir.join(part.file))?);
    }
    RELEASES.iter().find(|release| release.sources[..] == sums).ok_or_else(|| {
        Failure::new(format!(
            "{}: the data files are of no release known here (3.1 or 3.0); fetch them again, or \
             add the release to xtask/src/data/release.rs",
            dir.display()
        ))
    })
}

/// The release that files of these sums were built from.
pub(crate) fn built(sums: &[String; 2]) -> Option<&'static Release> {
    RELEASES.iter().find(|release| release.built == *sums)
}
