//! IPTC 7901: the slug follows the first header line, and a block of lines that ends with `=`
//! precedes the text.
//!
//! ```text
//! (Berichtigung: Im ersten Absatz ...)      ednote
//! 1ST LEAD                                  headline, as a mark
//! Fire destroys cold store                  headline
//! Von Ada Brandvik, haf                     byline
//! (Foto - Archiv) =                         left out
//! ```
//!
//! A notebook after the text begins with a line such as `# Notebook`. It is not part of the text,
//! but its note to editors is read.

use super::{Repairs, paragraphs, words};
use crate::article::{Article, Body};

/// Maximum number of lines of the block before the text.
const BLOCK_LINES_MAX: usize = 12;
/// Words before an author's name.
const BYLINES: [&str; 9] = ["By ", "Von ", "Par ", "Por ", "Da ", "Di ", "Door ", "Av ", "Af "];
/// First words of a line about pictures.
const PICTURES: [&str; 9] = [
    "foto",
    "photo",
    "bild",
    "mit foto",
    "with photo",
    "avec photo",
    "con foto",
    "grafik",
    "graphic",
];
/// Titles of the part of a notebook that is for editors.
const NOTES: [&str; 6] = ["note", "hinweis", "redaktionelle hinweise", "nota", "aviso", "avis"];

/// Decodes header and text.
pub(super) fn article(header: &str, body: &str, repairs: &Repairs) -> Article {
    let mut lines = header.lines();
    let first = lines.next().unwrap_or_default();
    let slug: Vec<&str> =
        lines.map(|l| l.trim().trim_end_matches('/')).filter(|l| !l.is_empty()).collect();
    let mut parts = first.split_whitespace().skip(1);
    let urgency = parts.next().and_then(|priority| repairs.urgency(priority));
    let (block, text) = split_block(body);
    let block = HeadlineBlock::of(block);
    let (text, notebook) = split_notebook(text);
    let notes: Vec<String> = block.notes.into_iter().chain(editors_notes(notebook)).collect();
    Article {
        provider: provider(first),
        headline: join_marks(&block.headline),
        byline: block.byline,
        slugline: Some(slug.join(" ")).filter(|slug| !slug.is_empty()),
        ednote: Some(notes.join("\n")).filter(|notes| !notes.is_empty()),
        body: Body::Plain(paragraphs(text.lines())),
        urgency,
        ..Article::default()
    }
}

/// The name of the service before the last number in the first line: `hda0412 3 i 64 haf 0188`.
fn provider(first: &str) -> Option<String> {
    let parts: Vec<&str> = first.split_whitespace().collect();
    let number = parts.iter().rposition(|p| p.bytes().all(|b| b.is_ascii_digit()))?;
    let name = parts.get(number.checked_sub(1).filter(|at| *at > 1)?)?;
    let is_name = (2..=8).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphabetic());
    is_name.then(|| (*name).to_owned())
}

/// Splits the block of headlines from the text. The block ends with `=` at the end of a line; if
/// there is no such line, the block is the first line.
fn split_block(body: &str) -> (&str, &str) {
    let (mut at, mut shown) = (0, 0);
    for line in body.split_inclusive('\n') {
        if let Some(block) = line.trim_end().strip_suffix('=') {
            return (&body[..at + block.len()], &body[at + line.len()..]);
        }
        at += line.len();
        shown += usize::from(!line.trim().is_empty());
        if shown >= BLOCK_LINES_MAX {
            break;
        }
    }
    body.trim_start().split_once('\n').unwrap_or((body, ""))
}

/// The lines before the text.
#[derive(Default)]
struct HeadlineBlock {
    headline: Vec<String>,
    byline: Option<String>,
    /// Notices in brackets.
    notes: Vec<String>,
}

impl HeadlineBlock {
    fn of(block: &str) -> Self {
        let mut parts = Self::default();
        let lines: Vec<String> = block.lines().map(words).filter(|line| !line.is_empty()).collect();
        let mut lines = lines.into_iter();
        while let Some(mut line) = lines.next() {
            if !line.starts_with('(') {
                parts.add(line);
                continue;
            }
            while !line.ends_with(')')
                && let Some(next) = lines.next()
            {
                line = format!("{line} {next}");
            }
            parts.add_bracketed(&line);
        }
        // A headline that consists only of notices is better than no headline.
        if parts.headline.is_empty() {
            parts.headline = std::mem::take(&mut parts.notes);
        }
        parts
    }

    fn add(&mut self, line: String) {
        let signed = BYLINES.iter().any(|by| line.starts_with(by));
        match signed && !self.headline.is_empty() && self.byline.is_none() {
            true => self.byline = Some(line),
            false => self.headline.push(line),
        }
    }

    /// Adds a line in brackets, which is a notice unless it is about pictures.
    fn add_bracketed(&mut self, line: &str) {
        let inner = line.trim_start_matches('(').trim_end_matches(')').trim();
        let lower = inner.to_lowercase();
        if !inner.is_empty() && !PICTURES.iter().any(|word| lower.starts_with(word)) {
            self.notes.push(inner.to_owned());
        }
    }
}

/// Joins the lines of a headline. Short leading lines in capitals are marks (`REFILE`,
/// `1ST LEAD`); a colon is added to each of them.
fn join_marks(lines: &[String]) -> String {
    let mark = |line: &String| {
        line.split(' ').count() <= 3 && !line.contains(char::is_lowercase) && !line.ends_with(':')
    };
    let marks =
        lines.iter().take(lines.len().saturating_sub(1)).take_while(|line| mark(line)).count();
    let joined = lines.iter().enumerate().map(|(at, line)| match at < marks {
        true => format!("{line}:"),
        false => line.clone(),
    });
    joined.collect::<Vec<_>>().join(" ")
}

/// Splits the notebook from the text before it.
fn split_notebook(text: &str) -> (&str, &str) {
    let begins = |line: &str| line.trim_start().starts_with("# ");
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if begins(line) {
            return text.split_at(at);
        }
        at += line.len();
    }
    (text, "")
}

/// The lines of a notebook that are for editors: those of a section such as `## Note to editors`. A
/// line of stars ends the search, because nothing after it is for publication.
fn editors_notes(notebook: &str) -> Vec<String> {
    let mut notes = Vec::new();
    let mut for_editors = false;
    for line in notebook.lines().map(words) {
        if line.starts_with("* *") {
            break;
        }
        match line.strip_prefix("##") {
            Some(title) => {
                let title = title.trim().to_lowercase();
                for_editors = NOTES.iter().any(|note| title.starts_with(note));
            }
            None if for_editors && !line.is_empty() => {
                notes.push(line.trim_start_matches(['-', ' ']).to_owned());
            }
            None => {}
        }
    }
    notes
}
