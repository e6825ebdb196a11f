//! `sutra search`: what fits words, a vector, and concepts nearby.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;

use clap::Args;
use sutra_storage::{
    AssociationKind, AssociationRecord, Filter, Found, Hit, Matching, Reason, Snapshot,
    StoreOptions, Way,
};

use super::get::no_concept;
use crate::failure::{Failure, NEGATIVE, Outcome};
use crate::json::Object;
use crate::moment;
use crate::past::AsOf;
use crate::show;
use crate::tell::{self, KindNames, Name, Text};
use crate::terminal::Terminal;

/// Search concepts and associations by words, by a vector, and by what they are associated with
///
/// A hit has any of the words; the more of them and the rarer, the better. Without `--vector` and
/// `--near`, `+word` must be there, `-word` must not, `"two words"` stand together and `start*` goes
/// on; write `--` before words if the first one has a minus. The score is BM25 for words; for a
/// vector it is the cosine, or what the metric of its space says, the nearest the highest. More than one way is fused by the places that a hit has in each. The exit code is 1
/// if nothing was found.
#[derive(Args)]
pub(crate) struct Search {
    /// The directory of the store
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// The words
    #[arg(value_name = "WORDS", required_unless_present_any = ["vector", "near"])]
    words: Vec<String>,
    /// A file with the numbers of a vector, as a JSON array or one after the other; `-` is standard
    /// input
    #[arg(long, value_name = "FILE")]
    vector: Option<PathBuf>,
    /// The space of the vector; without it only vectors that were put without one are compared
    #[arg(long, value_name = "NAME", requires = "vector")]
    space: Option<String>,
    /// The key of a concept to start from; may be given again
    #[arg(long, value_name = "KEY")]
    near: Vec<String>,
    /// How many associations away from there
    #[arg(long, value_name = "K", default_value_t = 2, requires = "near")]
    hops: u32,
    /// Only associations of this type: as hits, or with --near on the way from there
    #[arg(long = "type", value_name = "T")]
    kind: Option<String>,
    /// Only concepts
    #[arg(long, group = "what")]
    concepts: bool,
    /// Only associations
    #[arg(long, group = "what")]
    associations: bool,
    /// Only what holds at this time: a date, a time as 2025-10-15T12:00:00Z, or milliseconds
    #[arg(long, value_name = "TIME", value_parser = moment::parse, allow_hyphen_values = true)]
    valid: Option<i64>,
    #[command(flatten)]
    as_of: AsOf,
    /// Only hits with at least this score
    #[arg(long, value_name = "SCORE", conflicts_with = "near", allow_hyphen_values = true)]
    min_score: Option<f32>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 10)]
    limit: usize,
    /// Say in which ways each hit was found
    #[arg(long)]
    explain: bool,
    /// Print a line of JSON for each
    #[arg(long)]
    json: bool,
}

/// A hit, and how it came about where several ways were fused.
struct Answer<'s> {
    hit: Hit<'s>,
    reasons: Vec<Reason>,
}

impl Search {
    pub(crate) fn run(self, options: &StoreOptions, terminal: &mut Terminal) -> Outcome {
        let store = options.clone().open_read_only(&self.dir)?;
        let snapshot = self.as_of.snapshot(&store)?;
        let kind = match &self.kind {
            Some(name) => match store.kind_named(name) {
                Some(kind) => Some(kind),
                None => return Ok(NEGATIVE.into()),
            },
            None => None,
        };
        if let Some(name) = self.space.as_deref().filter(|n| snapshot.vector_space(n).is_none()) {
            let message = format!("no vector space {name:?}; `sutra stats DIR` lists all");
            return Err(Failure::Usage(message));
        }
        let vector = self.vector.as_deref().map(read_vector).transpose()?;
        let answers = self.find(&snapshot, vector.as_deref(), kind)?;
        let mut kinds = KindNames::of(&store);
        for answer in &answers {
            let row = Row::of(&snapshot, &mut kinds, &answer.hit)?;
            let reasons = if self.explain { answer.reasons.as_slice() } else { &[] };
            if self.json {
                row.as_json(terminal, reasons)?;
            } else {
                row.as_line(terminal, reasons)?;
            }
        }
        Ok(if answers.is_empty() { NEGATIVE.into() } else { ExitCode::SUCCESS })
    }

    fn find<'s>(
        &self,
        snapshot: &'s Snapshot,
        vector: Option<&[f32]>,
        kind: Option<AssociationKind>,
    ) -> Result<Vec<Answer<'s>>, Failure> {
        let (text, filter) = (self.words.join(" "), self.filter(kind));
        let alone = |hits: Vec<Hit<'s>>| {
            hits.into_iter().map(|hit| Answer { hit, reasons: Vec::new() }).collect()
        };
        let least = self.min_score.unwrap_or(f32::NEG_INFINITY);
        Ok(match vector {
            None if self.near.is_empty() => {
                let search = snapshot.search_text(&text).matching(Matching::Syntax);
                alone(search.filter(filter).limit(self.limit).min_score(least).collect()?)
            }
            Some(vector) if self.near.is_empty() && self.words.is_empty() => {
                let mut search = snapshot.search_vector(vector).filter(filter).limit(self.limit);
                if let Some(space) = &self.space {
                    search = search.space(space);
                }
                alone(search.min_score(least).collect()?)
            }
            _ => self.fused(snapshot, vector, kind, filter)?,
        })
    }

    fn fused<'s>(
        &self,
        snapshot: &'s Snapshot,
        vector: Option<&[f32]>,
        kind: Option<AssociationKind>,
        filter: Filter,
    ) -> Result<Vec<Answer<'s>>, Failure> {
        let mut retrieve = snapshot.retrieve().filter(filter).limit(self.limit);
        if !self.words.is_empty() {
            retrieve = retrieve.text(&self.words.join(" "), 1.0);
        }
        if let Some(vector) = vector {
            retrieve = retrieve.vector(vector, 1.0);
            if let Some(space) = &self.space {
                retrieve = retrieve.space(space);
            }
        }
        if !self.near.is_empty() {
            let mut seeds = Vec::with_capacity(self.near.len());
            for key in &self.near {
                let Some(concept) = snapshot.concept_of_key(key)? else {
                    return Err(Failure::Usage(no_concept(key)));
                };
                seeds.push(concept.id());
            }
            retrieve = retrieve.near(&seeds, self.hops, 1.0);
        }
        if let Some(kind) = kind {
            retrieve = retrieve.along(kind);
        }
        let answers = retrieve.collect()?.into_iter();
        Ok(answers.map(|found| Answer { hit: found.hit, reasons: found.reasons }).collect())
    }

    fn filter(&self, kind: Option<AssociationKind>) -> Filter {
        let mut filter = Filter::new();
        if self.concepts {
            filter = filter.concepts();
        } else if self.associations {
            filter = filter.associations();
        }
        if let Some(kind) = kind.filter(|_| self.near.is_empty()) {
            filter = filter.of_kind(kind);
        }
        self.valid.map_or(filter.clone(), |time| filter.valid_at(time))
    }
}

/// The numbers of a vector, from a file or from standard input.
fn read_vector(path: &Path) -> Result<Vec<f32>, Failure> {
    let mut text = String::new();
    let read = match path.to_str() {
        Some("-") => io::stdin().take(VECTOR_BYTES_MAX).read_to_string(&mut text),
        _ => File::open(path).and_then(|f| f.take(VECTOR_BYTES_MAX).read_to_string(&mut text)),
    };
    read.map_err(Failure::file(path))?;
    let is_between = |c: char| c.is_whitespace() || matches!(c, ',' | '[' | ']');
    let number = |part: &str| {
        let number = part.parse::<f32>().ok().filter(|number| number.is_finite());
        number.ok_or_else(|| {
            let part = show::line(part, SNIPPET);
            Failure::Usage(format!("{}: {part:?} is no finite number", path.display()))
        })
    };
    let parts = text.split(is_between).filter(|part| !part.is_empty());
    let vector: Vec<f32> = parts.map(number).collect::<Result<_, _>>()?;
    if vector.is_empty() {
        return Err(Failure::Usage(format!("{}: there are no numbers in it", path.display())));
    }
    Ok(vector)
}

/// The longest file that can be a vector: 65,536 numbers of 24 digits.
const VECTOR_BYTES_MAX: u64 = 65_536 * 32;

/// A hit with all that is told of it.
struct Row<'s> {
    score: f32,
    name: Named<'s>,
    text: Text<'s>,
}

enum Named<'s> {
    Concept(Name<'s>),
    Association([Name<'s>; 2], Rc<str>, AssociationRecord),
}

impl<'s> Row<'s> {
    fn of(
        snapshot: &'s Snapshot,
        kinds: &mut KindNames<'_>,
        hit: &Hit<'s>,
    ) -> Result<Self, Failure> {
        let (name, concept) = match &hit.found {
            Found::Concept(concept) => (Named::Concept(Name::of(concept)?), concept),
            Found::Association(record, fact) => {
                let mut ends = [Name::Id(record.source), Name::Id(record.target)];
                let found = snapshot.concepts(&[record.source, record.target])?;
                for (end, concept) in ends.iter_mut().zip(&found) {
                    if let Some(concept) = concept {
                        *end = Name::of(concept)?;
                    }
                }
                (Named::Association(ends, kinds.name(record.kind())?, *record), fact)
            }
        };
        Ok(Self { score: hit.score, name, text: Text::of(concept)? })
    }

    fn as_json(&self, terminal: &mut Terminal, reasons: &[Reason]) -> io::Result<()> {
        let mut object = Object::start(terminal)?;
        object.number("score", self.score)?;
        match &self.name {
            Named::Concept(name) => tell::name(&mut object, "key", "id", *name)?,
            Named::Association(ends, kind, record) => {
                tell::association(&mut object, *ends, kind, record)?;
            }
        }
        self.text.tell(&mut object)?;
        if !reasons.is_empty() {
            let reason = |reason: &Reason| {
                serde_json::json!({
                    "way": way(reason.way), "rank": reason.rank,
                    "score": reason.score, "share": reason.share,
                })
            };
            let reasons: Vec<_> = reasons.iter().map(reason).collect();
            object.raw("reasons", &serde_json::Value::from(reasons).to_string())?;
        }
        object.end()
    }

    fn as_line(&self, terminal: &mut Terminal, reasons: &[Reason]) -> io::Result<()> {
        let shown = |name: &Name<'_>| match name {
            Name::Key(key) => show::line(key, SNIPPET),
            Name::Id(id) => id.to_string(),
        };
        let name = match &self.name {
            Named::Concept(name) => terminal.strong(shown(name)),
            Named::Association([source, target], kind, _) => {
                let (source, target) = (shown(source), shown(target));
                let kind = terminal.accent(show::text(kind));
                format!("{} {kind} {}", terminal.strong(source), terminal.strong(target))
            }
        };
        let content = self.text.content.map(|content| show::line(content, SNIPPET));
        let line = format!("{:7.3}  {name}  {}", self.score, content.unwrap_or_default());
        writeln!(terminal, "{}", line.trim_end())?;
        for reason in reasons {
            let Reason { rank, score, share, .. } = reason;
            let why = format!("{} no. {rank}, score {score:.4}: {share:.4}", way(reason.way));
            writeln!(terminal, "         {}", terminal.faint(&why))?;
        }
        Ok(())
    }
}

fn way(way: Way) -> &'static str {
    match way {
        Way::Text => "text",
        Way::Vector => "vector",
        Way::Near => "near",
        Way::Expanded => "expanded",
    }
}

/// How much of a text is shown beside a hit.
const SNIPPET: usize = 72;
