//! [`Table`]: a figure of Sutra, the same of LMDB, and their ratio, line by line.

use std::fmt;
use std::time::Duration;

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Operations a second: more is better.
    Rate,
    /// Seconds: less is better.
    Seconds,
    /// Bytes: less is better.
    Bytes,
    /// A factor: less is better.
    Factor,
}

/// One line.
struct Row {
    what: String,
    unit: Unit,
    sutra: f64,
    lmdb: Option<f64>,
}

/// Lines in the order in which they were measured.
#[derive(Default)]
pub struct Table(Vec<Row>);

impl Table {
    /// Adds a figure of both, or of Sutra alone.
    pub fn add(&mut self, what: impl Into<String>, unit: Unit, sutra: f64, lmdb: Option<f64>) {
        self.0.push(Row { what: what.into(), unit, sutra, lmdb });
    }

    /// Adds the time that `items` took, as a rate.
    pub fn add_rate(&mut self, what: &str, items: usize, sutra: Duration, lmdb: Duration) {
        self.add(what, Unit::Rate, rate(items, sutra), Some(rate(items, lmdb)));
    }

    /// Adds times.
    pub fn add_time(&mut self, what: &str, sutra: Duration, lmdb: Duration) {
        self.add(what, Unit::Seconds, sutra.as_secs_f64(), Some(lmdb.as_secs_f64()));
    }
}

/// How many a second.
#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
pub fn rate(items: usize, time: Duration) -> f64 {
    items as f64 / time.as_secs_f64().max(f64::MIN_POSITIVE)
}

/// One number over another.
#[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
pub fn ratio(a: u64, b: u64) -> f64 {
    a as f64 / (b.max(1)) as f64
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.0.iter().map(|row| row.what.len()).max().unwrap_or_default();
        writeln!(f, "{:width$}  {:>12}  {:>12}  {:>11}", "", "sutra", "lmdb", "sutra/lmdb")?;
        for row in &self.0 {
            let (sutra, what) = (show(row.unit, row.sutra), &row.what);
            match row.lmdb {
                None => writeln!(f, "{what:width$}  {sutra:>12}")?,
                Some(other) => {
                    let lmdb = show(row.unit, other);
                    writeln!(f, "{what:width$}  {sutra:>12}  {lmdb:>12}  {:>11}", row.ratio())?;
                }
            }
        }
        Ok(())
    }
}

impl Row {
    /// Nothing where the other figure is next to nothing.
    fn ratio(&self) -> String {
        let ratio = self.sutra / self.lmdb.unwrap_or_default();
        if ratio < 1e4 { format!("{ratio:.2}") } else { String::new() }
    }
}

fn show(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Rate if value >= 1e6 => format!("{:.2} M/s", value / 1e6),
        Unit::Rate if value >= 1e4 => format!("{:.0} k/s", value / 1e3),
        Unit::Rate => format!("{value:.0} /s"),
        Unit::Seconds if value >= 1.0 => format!("{value:.2} s"),
        Unit::Seconds => format!("{:.2} ms", value * 1e3),
        Unit::Bytes => format!("{:.1} MiB", value / f64::from(1 << 20)),
        Unit::Factor => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_shows_units_and_ratios() {
        let mut table = Table::default();
        table.add_rate("get", 3_000_000, Duration::from_secs(1), Duration::from_secs(2));
        table.add_time("open", Duration::from_millis(3), Duration::from_secs(2));
        table.add("memory", Unit::Bytes, 1_572_864.0, None);
        table.add("nothing", Unit::Factor, 1.0, Some(0.0));
        let text = table.to_string();
        let lines: Vec<_> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        let lines: Vec<String> = lines.iter().map(|words: &Vec<&str>| words.join(" ")).collect();
        let expected = ["sutra lmdb sutra/lmdb", "get 3.00 M/s 1.50 M/s 2.00"];
        assert_eq!(lines[..2], expected);
        assert_eq!(lines[2..4], ["open 3.00 ms 2.00 s 0.00", "memory 1.5 MiB"]);
        assert_eq!(lines[4..], ["nothing 1.00 0.00"]);
    }
}
