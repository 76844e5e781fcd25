//! The signs next to figures and grades. They are not part of any word.
//!
//! In: two texts with the same words. Out: whether their signs differ: minus and plus, currencies,
//! per cent and per mille. Texts can differ in their signs and in nothing else:
//!
//! ```text
//! grew by +0.4 per cent / grew by -0.4 per cent        a rating of AA / of AA-
//! ```
//!
//! A currency may be before or after its figure. Dashes of all lengths are the same sign.
//!
//! Cost: one pass over each text, unless the texts are equal.

use crate::text;

/// A sign, and the number of figures or grades before it in the text.
type Sign = (u32, char);

/// Whether the signs of two texts with the same words differ.
pub(super) fn differ(a: &str, b: &str) -> bool {
    a != b && signs(a) != signs(b)
}

/// `text` without the separators between digits: these may differ although the figures are equal.
fn without_groups(text: &str) -> String {
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    let mut plain = String::with_capacity(text.len());
    while let Some(c) = rest.next() {
        let digits = before.is_numeric() && rest.peek().is_some_and(|next| next.is_numeric());
        if !(digits && text::separates_groups(c)) {
            plain.push(c);
        }
        before = c;
    }
    plain
}

/// The signs of `text`, in order.
fn signs(text: &str) -> Vec<Sign> {
    let text = without_groups(text);
    let (mut found, mut figures) = (Vec::new(), 0);
    let (mut before, mut earlier) = (' ', ' ');
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let next = rest.peek().copied().unwrap_or(' ');
        if c.is_numeric() && !before.is_numeric() {
            let apart = !earlier.is_alphanumeric();
            let sign = sign(before).filter(|sign| is_currency(*sign) || apart);
            found.extend(sign.map(|sign| (figures, sign)));
        }
        if c.is_numeric() && !next.is_numeric() {
            let sign = sign(next).filter(|sign| is_currency(*sign) || matches!(sign, '%' | '‰'));
            found.extend(sign.map(|sign| (figures, sign)));
            figures += 1;
        }
        // A grade: capital letters and then a sign, at the end of a word.
        if before.is_uppercase() && matches!(sign(c), Some('-' | '+')) && !next.is_alphanumeric() {
            found.extend(sign(c).map(|sign| (figures, sign)));
            figures += 1;
        }
        (earlier, before) = (before, c);
    }
    found
}

/// The sign that a character stands for.
fn sign(c: char) -> Option<char> {
    match c {
        '-' | '‐' | '‑' | '–' | '−' | '－' => Some('-'),
        '+' | '＋' => Some('+'),
        '%' | '％' | '٪' => Some('%'),
        '‰' | '$' | '€' | '£' | '¥' | '￥' | '₩' | '₽' | '₹' | '₺' | '₴' | '₫' | '฿' => {
            Some(c)
        }
        _ => None,
    }
}

fn is_currency(sign: char) -> bool {
    !matches!(sign, '-' | '+' | '%' | '‰')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_beside_figures_and_grades_count() {
        for (a, b) in [
            ("rose +0.4 points", "rose -0.4 points"),
            ("8 degrees", "−8 degrees"),
            ("costs £20m", "costs €20m"),
            ("5% of it", "5‰ of it"),
            ("rated AA now", "rated AA- now"),
            ("grade A+.", "grade A-."),
        ] {
            assert!(differ(a, b), "{a} / {b}");
        }
        for (a, b) in [
            ("20 € and 5", "20 €  and 5"),
            ("€20 for 3", "20€ for 3"),
            ("a 3-2 win", "a 3–2 win"),
            ("a - 3 b", "a – 3 b"),
            ("(−3)", "(–3)"),
            ("2,300 at 5%", "2300 at 5%"),
            ("7 400 für 3 €", "7.400 für 3 €"),
            ("Anglo-Marel pact", "Anglo–Marel pact"),
        ] {
            assert!(!differ(a, b), "{a} / {b}");
        }
    }
}
