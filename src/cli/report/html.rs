//! Small parts of the page: escaped text, numbers, bars.

use crate::cli::color::safe;
use std::fmt::Write as _;

/// Maximum length of the text in a cell, in characters.
const TEXT_MAX: usize = 160;

/// Text for HTML: on one line, truncated, without control characters, and escaped.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in safe(text, TEXT_MAX).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A number with separators: `11,772`.
pub(super) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// A horizontal bar. Each part consists of a class and an amount. `whole` is the amount that fills
/// the full width.
pub(super) fn bar(parts: &[(&str, u64)], whole: u64) -> String {
    let mut svg = String::from(
        "<svg class=\"bar\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" \
         aria-hidden=\"true\">",
    );
    let mut start = 0.0;
    for (class, amount) in parts {
        let width = 100.0 * *amount as f64 / whole.max(1) as f64;
        write!(
            svg,
            "<rect class=\"{class}\" x=\"{start:.2}\" width=\"{width:.2}\" height=\"10\"/>"
        )
        .expect("writing to a String cannot fail");
        start += width;
    }
    svg.push_str("</svg>");
    svg
}

/// A heading with an explanation below it.
pub(super) fn section(title: &str, note: &str) -> String {
    format!("<h2>{title}</h2>\n<p class=\"quiet\">{note}</p>\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(
            escape("<img src='x' onerror=\"a&b\">\u{202e}\n"),
            "&lt;img src=&#39;x&#39; onerror=&quot;a&amp;b&quot;&gt;"
        );
    }

    #[test]
    fn numbers_have_separators() {
        let shown = [0, 999, 1_000, 11_772, 1_234_567].map(number);
        assert_eq!(shown, ["0", "999", "1,000", "11,772", "1,234,567"]);
    }

    #[test]
    fn the_parts_of_a_bar_follow_each_other() {
        let svg = bar(&[("copies", 1), ("articles", 2)], 4);
        assert!(svg.contains("class=\"copies\" x=\"0.00\" width=\"25.00\""), "{svg}");
        assert!(svg.contains("class=\"articles\" x=\"25.00\" width=\"50.00\""), "{svg}");
    }
}
