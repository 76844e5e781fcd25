//! Colours, where a terminal shows them, and the text of others made safe to print.

use crate::cli::print;
use std::io::IsTerminal;
use wirefold_engine::verdict::Kind;

/// Paints, or leaves as it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Color {
    on: bool,
}

impl Color {
    /// Colours where stdout is a terminal and nobody asked for none (`NO_COLOR`).
    pub(super) fn found() -> Self {
        let asked = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self { on: std::io::stdout().is_terminal() && !asked && !dumb }
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.on { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// In the colour of a relation kind.
    pub(super) fn kind(self, kind: Kind, text: &str) -> String {
        let code = match kind {
            Kind::Withdrawal => "1;37;41",
            Kind::Correction => "1;33",
            Kind::Update => "1;36",
            Kind::Original => "1;32",
            Kind::Reprint | Kind::Excerpt | Kind::Expansion => "35",
            Kind::Partial => "34",
            Kind::Recurring => "36",
            Kind::Duplicate | Kind::Redelivery => "90",
        };
        self.with(code, text)
    }

    /// Of less weight.
    pub(super) fn dim(self, text: &str) -> String {
        self.with("90", text)
    }

    /// Of more weight.
    pub(super) fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    /// For what somebody must act on.
    pub(super) fn alarm(self, text: &str) -> String {
        self.with("1;31", text)
    }
}

/// A cut gives up a broken word of up to so many characters.
const WORD: usize = 16;

/// Text that came over the wire: on one line, without what could steer a terminal or turn its
/// direction, and at most `max` characters long.
pub(super) fn safe(text: &str, max: usize) -> String {
    let shown: String = text.chars().map(|c| if print::steers(c) { ' ' } else { c }).collect();
    let words: Vec<&str> = shown.split_whitespace().collect();
    let line = words.join(" ");
    if line.chars().count() <= max {
        return line;
    }
    let kept: String = line.chars().take(max).collect();
    // Between words, where that costs little; the sign of the cut needs a place too.
    let words = kept.rfind(' ').map(|at| &kept[..at]);
    let words = words.filter(|words| words.chars().count() + WORD >= max);
    let whole = || kept.chars().take(max.saturating_sub(1)).collect();
    format!("{}\u{2026}", words.map_or_else(whole, str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_steer_a_terminal_is_gone() {
        assert_eq!(safe("a\x1b[31mb\r\nc\u{202e}d\u{9b}2J", 40), "a [31mb c d 2J");
        assert_eq!(safe("one two three", 8), "one two\u{2026}");
        assert_eq!(safe("one two three", 11), "one two\u{2026}", "between words");
        assert_eq!(safe(&"x".repeat(40), 30), "x".repeat(29) + "\u{2026}");
        assert_eq!(safe("one two", 7), "one two");
    }

    #[test]
    fn without_colours_text_stays_as_it_is() {
        assert_eq!(Color { on: false }.alarm("x"), "x");
        assert_eq!(Color { on: true }.dim("x"), "\x1b[90mx\x1b[0m");
    }
}
