//! Progress bars: on standard error, and only if that is a terminal.

use std::io::{IsTerminal, stderr};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar over bytes that are read; without a known `length`, a count of them.
pub(crate) fn over_bytes(what: &'static str, length: Option<u64>) -> ProgressBar {
    let template = match length {
        Some(_) => "{msg:13} {wide_bar} {bytes}/{total_bytes} {eta}",
        None => "{msg:13} {spinner} {bytes} {elapsed}",
    };
    bar(what, length, template)
}

/// A bar over things that are counted.
pub(crate) fn over_items(what: &'static str, count: Option<u64>) -> ProgressBar {
    let template = match count {
        Some(_) => "{msg:13} {wide_bar} {human_pos}/{human_len} {eta}",
        None => "{msg:13} {spinner} {human_pos} {elapsed}",
    };
    bar(what, count, template)
}

fn bar(what: &'static str, length: Option<u64>, template: &str) -> ProgressBar {
    if !stderr().is_terminal() {
        return ProgressBar::with_draw_target(length, ProgressDrawTarget::hidden());
    }
    let style = ProgressStyle::with_template(template).expect("a template of this module");
    let bar = ProgressBar::new(length.unwrap_or_default());
    if length.is_none() {
        bar.unset_length();
    }
    bar.set_style(style);
    bar.set_message(what);
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}
