//! [`Terminal`]: where a command prints, in colour if somebody looks.

use std::env;
use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};

/// Standard output, buffered.
pub(crate) struct Terminal {
    out: BufWriter<StdoutLock<'static>>,
    colour: bool,
}

impl Terminal {
    pub(crate) fn new() -> Self {
        let out = io::stdout();
        let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        let colour = out.is_terminal() && !set("NO_COLOR") && !dumb;
        Self { out: BufWriter::with_capacity(1 << 16, out.lock()), colour }
    }

    /// What is to stand out.
    pub(crate) fn strong(&self, text: impl Display) -> String {
        self.styled("1", text)
    }

    /// What is there for completeness.
    pub(crate) fn faint(&self, text: impl Display) -> String {
        self.styled("2", text)
    }

    /// What links things.
    pub(crate) fn accent(&self, text: impl Display) -> String {
        self.styled("36", text)
    }

    /// What needs attention.
    pub(crate) fn alarm(&self, text: impl Display) -> String {
        self.styled("31", text)
    }

    fn styled(&self, code: &str, text: impl Display) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
    }
}

impl Write for Terminal {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
