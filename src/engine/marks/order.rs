//! Decides whether an article orders something: a kill, a hold or a release.
//!
//! Order words also occur in news, so no word decides alone. The heading (where the word is, and
//! whether it stands out), the kind of text below it, and the note to editors are taken together:
//!
//! | heading | text | result |
//! |---|---|---|
//! | a phrase of agencies that stands out, or is all or the end of its line | no report | order |
//! | any other | speaks of a story that must not be used | order |
//! | a word that stands out | anything else | possible order |
//! | none | a request to editors to kill a story, or a letter that withdraws one | order |
//! | any other | a report | none |
//!
//! `KILL:` stands out because it is in capitals and the rest is not, or because it is in brackets.
//! A possible order only becomes one if the same sender sent an article with that headline before;
//! the verdict decides that.
//!
//! Cost: linear in the edges of the text that are searched.

use super::cues::Cue;
use super::fold::FoldedText;
use super::phrases::Occurrence;
use super::sentence::{Sentence, Statement};
use crate::article::NoticeOrder;

/// Words from which a text is a report, whatever it says.
pub(super) const REPORT_WORDS: usize = 100;
/// Words of a text that orders something without a mark in headline or slug.
pub(super) const BARE_ORDER_WORDS: usize = 80;
/// Words of a text that is a notice if it says that a text must not be used, whatever it calls it.
const SHORT_WORDS: usize = 40;

/// How a mark stands in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Prominence {
    /// Among other words.
    Among,
    /// Where headings are, but written like any other word.
    Plain,
    /// In capitals or brackets that set it apart.
    Apart,
    /// The whole headline, or the first line of the body.
    Alone,
}

/// A heading that may be that of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Heading {
    /// What it orders.
    pub(super) order: NoticeOrder,
    /// Whether only agencies use it.
    pub(super) is_phrase: bool,
    /// How it stands.
    pub(super) prominence: Prominence,
}

/// What the text below says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct TextCues {
    /// Number of words, up to [`REPORT_WORDS`].
    pub(super) words: usize,
    /// Speaks of a story of the wire.
    story: bool,
    /// Says that something must not be used.
    forbids: bool,
    /// Says that a story, or in a short text any text, must not be used.
    bans: bool,
    /// Says that a story may be used.
    permits: bool,
    /// Addresses editors.
    salutes: bool,
    /// Begins as a letter does.
    greets: bool,
    /// Gives a reason, or says what follows.
    explains: bool,
    /// For the time being.
    temporary: bool,
    /// What a sentence says of a story, or asks for.
    statement: Option<Statement>,
}

/// The result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// An order.
    Order(NoticeOrder),
    /// An order if the same sender sent what it names.
    Possible(NoticeOrder),
    /// No order.
    None,
}

impl TextCues {
    /// Reads the text of an article of `words` words, of which `start` is the beginning.
    pub(super) fn of(start: &FoldedText, found: &[Occurrence], words: usize) -> Self {
        let mut cues = Self { words, ..Self::default() };
        let sentences = Sentence::all(&start.text, found);
        for sentence in sentences.into_iter().filter(|sentence| !sentence.is_plain()) {
            cues.add(&sentence);
        }
        cues.addressed()
    }

    /// A text of `words` words of which nothing else is asked.
    pub(super) fn unread(words: usize) -> Self {
        Self { words, ..Self::default() }
    }

    /// Reads a note to editors.
    pub(super) fn of_note(note: &FoldedText, found: &[Occurrence]) -> Self {
        let mut cues = Self::default();
        // A note may speak of a photo or a bill.
        let sentences = Sentence::all(&note.text, found);
        for sentence in sentences.iter().filter(|sentence| !sentence.has(Cue::Aside)) {
            cues.add(sentence);
        }
        cues.addressed()
    }

    /// What a letter to customers says of a text, or forbids, is said of a story of the wire, and
    /// asks them.
    fn addressed(mut self) -> Self {
        let said = |order| Statement { order, is_request: true, is_certain: true };
        if self.greets {
            let banned = Some(NoticeOrder::Kill).filter(|_| self.bans);
            self.statement = self.statement.map(|s| s.order).or(banned).map(said);
        }
        self
    }

    fn add(&mut self, sentence: &Sentence<'_>) {
        let any = sentence.has(Cue::Story) || sentence.has(Cue::Text);
        let aside = sentence.has(Cue::Aside);
        let short = self.words <= SHORT_WORDS;
        self.story |= sentence.has(Cue::Story);
        self.forbids |= sentence.has(Cue::Forbid) && !aside;
        self.bans |= sentence.bans(Cue::Story)
            || short && (sentence.bans(Cue::Text) || sentence.only_bans());
        self.permits |= sentence.has(Cue::Permit) && any && !aside;
        self.salutes |= sentence.salutes();
        self.greets |= sentence.greets();
        self.explains |= sentence.has(Cue::Reason);
        self.temporary |= sentence.has(Cue::Temporary);
        let certain = |s: Option<Statement>| s.is_some_and(|s| s.is_certain);
        let statement = sentence.statement().filter(|_| !certain(self.statement));
        if let Some(statement) = statement.filter(|s| s.is_certain || !aside) {
            self.statement = Some(statement);
        }
    }

    /// Whether the text is so long that it is a report.
    fn is_report(&self) -> bool {
        self.words >= REPORT_WORDS
    }

    /// What the text certainly says of a story.
    fn certain(&self) -> Option<Statement> {
        self.statement.filter(|statement| statement.is_certain)
    }

    /// Whether the text is that of an order, below a heading that stands out.
    fn confirms(&self) -> bool {
        self.certain().is_some() || self.salutes || self.bans
    }

    /// Whether the text is that of an order, below a heading that may be an ordinary word.
    fn confirms_alone(&self) -> bool {
        let explained = |s: Statement| s.is_request || self.salutes || self.explains;
        self.bans || self.forbids && self.salutes || self.certain().is_some_and(explained)
    }

    /// What the text orders on its own.
    fn own_order(&self) -> Option<NoticeOrder> {
        let statement = self.certain().filter(|statement| statement.is_request)?;
        let order = Some(statement.order).filter(|_| self.words < BARE_ORDER_WORDS)?;
        Some(if self.temporary { NoticeOrder::Hold } else { order })
    }
}

/// Decides from the headings, in order of preference, the text and the note.
pub(super) fn decide(headings: &[Heading], text: &TextCues, note: &TextCues) -> Decision {
    let mut possible = Decision::None;
    for heading in headings {
        match decide_heading(heading, text) {
            Decision::None => {}
            Decision::Order(order) => return Decision::Order(order),
            found => possible = if possible == Decision::None { found } else { possible },
        }
    }
    let noted = note.statement.map(|statement| match statement.is_certain && !text.is_report() {
        true => Decision::Order(statement.order),
        false => Decision::Possible(statement.order),
    });
    match (noted, text.own_order()) {
        (Some(Decision::Order(order)), _) | (_, Some(order)) => Decision::Order(order),
        (Some(noted), None) if possible == Decision::None => noted,
        _ => possible,
    }
}

/// Decides from one heading.
fn decide_heading(heading: &Heading, text: &TextCues) -> Decision {
    use Prominence::{Alone, Among, Apart, Plain};
    let (release, phrase) = (heading.order == NoticeOrder::Release, heading.is_phrase);
    let apart = heading.prominence >= Apart;
    let brief = !text.is_report() && !release;
    let confirmed = match heading.prominence {
        _ if text.is_report() => text.salutes && text.confirms_alone() && apart,
        Apart | Alone if release => text.permits || text.confirms(),
        Among | Plain if release => text.permits && (text.story || text.salutes),
        Apart | Alone => text.confirms(),
        Among | Plain => text.confirms_alone(),
    };
    if confirmed {
        return Decision::Order(heading.order);
    }
    match heading.prominence {
        Alone if brief => Decision::Order(heading.order),
        Apart if brief && phrase => Decision::Order(heading.order),
        Plain if brief && phrase => Decision::Possible(heading.order),
        Apart | Alone if !release => Decision::Possible(heading.order),
        _ => Decision::None,
    }
}
