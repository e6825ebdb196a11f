//! `sutra expiry`: when records are forgotten by themselves.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgGroup, Args};
use sutra_storage::{Expiry as Rule, ExpiryScope, HalfLife, Store, StoreOptions};

use crate::failure::{Failure, Outcome};
use crate::json::Object;
use crate::span;
use crate::terminal::Terminal;

/// Show or set when records are forgotten
///
/// Without a rule nothing is; that is how a store begins. What a rule says is expired is hidden at once,
/// and deleted when files merge (`sutra compact` does it now). A concept's age counts from when it was
/// put or touched last, an association's from when it began to hold: one that has always held has no
/// age. With a concept its associations go.
#[derive(Args)]
#[command(group(ArgGroup::new("rule").multiple(true)))]
pub(crate) struct Expiry {
    /// The directory of the store
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// The rule of all concepts
    #[arg(long, group = "scope", requires = "rule")]
    concepts: bool,
    /// The rule of all associations of types that have none of their own
    #[arg(long, group = "scope", requires = "rule")]
    associations: bool,
    /// The rule of the associations of this type
    #[arg(
        long = "type",
        visible_alias = "kind",
        value_name = "T",
        group = "scope",
        requires = "rule"
    )]
    kind: Option<String>,
    /// Forget at this age: a number with `d`, `h`, `m` or `s`
    #[arg(long, value_name = "AGE", value_parser = span::parse, group = "rule", requires = "scope")]
    after: Option<u64>,
    /// Forget what has faded below LEAST: strength, or the weight of an association, counts as half
    /// after each such time
    #[arg(
        long, value_name = "TIME", value_parser = span::parse, group = "rule",
        requires_all = ["scope", "least"]
    )]
    half_life: Option<u64>,
    /// The least strength for --half-life, above zero
    #[arg(long, value_name = "LEAST", requires = "half_life")]
    least: Option<f32>,
    /// Forget so long after the end of validity, if there is one
    #[arg(long, value_name = "TIME", value_parser = span::parse, group = "rule", requires = "scope")]
    after_end: Option<u64>,
    /// Forget never: with --type an exception from the rule of --associations
    #[arg(
        long, group = "rule", requires = "scope",
        conflicts_with_all = ["after", "half_life", "after_end"]
    )]
    never: bool,
    /// Take the rule away
    #[arg(
        long, group = "rule", requires = "scope",
        conflicts_with_all = ["after", "half_life", "after_end", "never"]
    )]
    unset: bool,
    /// Show each rule as one line of JSON
    #[arg(long)]
    json: bool,
}

impl Expiry {
    pub(crate) fn run(self, options: &StoreOptions, terminal: &mut Terminal) -> Outcome {
        let is_set = self.concepts || self.associations || self.kind.is_some();
        if !is_set {
            let store = options.clone().open_read_only(&self.dir)?;
            self.show(&store, terminal)?;
            return Ok(ExitCode::SUCCESS);
        }
        let options = StoreOptions { background_compaction: false, ..options.clone() };
        let store = options.open(&self.dir)?;
        let scope = match &self.kind {
            Some(name) => ExpiryScope::Kind(store.register_kind(name)?),
            None if self.concepts => ExpiryScope::Concepts,
            None => ExpiryScope::Associations,
        };
        store.set_expiry(scope, self.rule())?;
        self.show(&store, terminal)?;
        store.close()?;
        Ok(ExitCode::SUCCESS)
    }

    fn rule(&self) -> Option<Rule> {
        let half_life = self.half_life.zip(self.least);
        let rule = Rule {
            time_to_live: self.after,
            half_life: half_life.map(|(ms, min_strength)| HalfLife { ms, min_strength }),
            after_end: self.after_end,
        };
        (!self.unset).then_some(rule)
    }

    fn show(&self, store: &Store, terminal: &mut Terminal) -> Result<(), Failure> {
        let rules = store.expiry();
        if rules.is_empty() && !self.json {
            writeln!(terminal, "nothing is forgotten")?;
        }
        for (scope, rule) in rules {
            let (of, kind) = match scope {
                ExpiryScope::Concepts => ("concepts", None),
                ExpiryScope::Associations => ("associations", None),
                ExpiryScope::Kind(kind) => ("type", store.kind_name(kind)),
            };
            if self.json {
                show_json(terminal, of, kind.as_deref(), &rule)?;
                continue;
            }
            let name = kind.map(|kind| format!(" {kind:?}")).unwrap_or_default();
            writeln!(terminal, "{of}{name}: {}", in_words(&rule))?;
        }
        Ok(())
    }
}

fn show_json(
    terminal: &mut Terminal,
    of: &str,
    kind: Option<&str>,
    rule: &Rule,
) -> Result<(), Failure> {
    let mut object = Object::start(terminal)?;
    object.text("of", of)?;
    if let Some(kind) = kind {
        object.text("type", kind)?;
    }
    let half_life = rule.half_life.map(|half_life| half_life.ms);
    for (name, ms) in [
        ("time_to_live", rule.time_to_live),
        ("half_life", half_life),
        ("after_end", rule.after_end),
    ] {
        if let Some(ms) = ms {
            object.integer(name, i64::try_from(ms).unwrap_or(i64::MAX))?;
        }
    }
    if let Some(HalfLife { min_strength, .. }) = rule.half_life {
        object.number("least", min_strength)?;
    }
    object.end()?;
    Ok(())
}

fn in_words(rule: &Rule) -> String {
    let age = rule.time_to_live.map(|ms| format!("after {}", span::shown(ms)));
    let fading = rule.half_life.map(|HalfLife { ms, min_strength }| {
        format!("half-life {} down to {min_strength}", span::shown(ms))
    });
    let end = rule.after_end.map(|ms| format!("{} after the end of validity", span::shown(ms)));
    let parts: Vec<String> = [age, fading, end].into_iter().flatten().collect();
    if parts.is_empty() { "never".to_owned() } else { parts.join(", or ") }
}
