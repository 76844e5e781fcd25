//! Terminal colours, and a function that makes article text safe to print.

use crate::cli::print;
use std::io::IsTerminal;
use wirefold_engine::verdict::Kind;

/// Colours text, or leaves it unchanged if colours are off.
#[derive(Debug, Clone, Copy)]
pub(super) struct Color {
    /// Whether colours are on.
    on: bool,
}

impl Color {
    /// Colours are on if stdout is a terminal, `NO_COLOR` is not set and `TERM` is not `dumb`.
    pub(super) fn detect() -> Self {
        let asked = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self { on: std::io::stdout().is_terminal() && !asked && !dumb }
    }

    /// No colours.
    pub(super) fn none() -> Self {
        Self { on: false }
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.on { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// Text in the colour of a relation kind.
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

    /// Grey text.
    pub(super) fn dim(self, text: &str) -> String {
        self.with("90", text)
    }

    /// Bold text.
    pub(super) fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    /// Bold red text, for items that need action.
    pub(super) fn alarm(self, text: &str) -> String {
        self.with("1;31", text)
    }
}

/// Truncation drops a partial word at the end if it has at most this many characters.
const PARTIAL_WORD_MAX: usize = 16;

/// Makes article text safe to print: on one line, without control characters or bidirectional
/// controls, truncated to `max` characters.
pub(super) fn safe(text: &str, max: usize) -> String {
    let shown: String = text.chars().map(|c| if print::is_unsafe(c) { ' ' } else { c }).collect();
    let words: Vec<&str> = shown.split_whitespace().collect();
    let line = words.join(" ");
    if line.chars().count() <= max {
        return line;
    }
    let kept: String = line.chars().take(max).collect();
    // Truncate between words if little is lost. The ellipsis takes one character.
    let words = kept.rfind(' ').map(|at| &kept[..at]);
    let words = words.filter(|words| words.chars().count() + PARTIAL_WORD_MAX >= max);
    let whole = || kept.chars().take(max.saturating_sub(1)).collect();
    format!("{}\u{2026}", words.map_or_else(whole, str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_sanitised_and_truncated() {
        assert_eq!(safe("a\x1b[31mb\r\nc\u{202e}d\u{9b}2J", 40), "a [31mb c d 2J");
        assert_eq!(safe("one two three", 8), "one two\u{2026}");
        assert_eq!(safe("one two three", 11), "one two\u{2026}", "truncated between words");
        assert_eq!(safe(&"x".repeat(40), 30), "x".repeat(29) + "\u{2026}");
        assert_eq!(safe("one two", 7), "one two");
    }

    #[test]
    fn text_is_unchanged_if_colours_are_off() {
        assert_eq!(Color { on: false }.alarm("x"), "x");
        assert_eq!(Color { on: true }.dim("x"), "\x1b[90mx\x1b[0m");
    }
}
