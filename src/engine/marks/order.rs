//! Decides whether an article orders something: a kill, a hold or a release.
//!
//! Words such as `kill` and `hold` also occur in news, so a word alone never decides. The decision
//! combines the heading (where the word is, and whether it stands out), the kind of text below it,
//! and the note to editors:
//!
//! | heading | text | result |
//! |---|---|---|
//! | a phrase that only agencies use, set apart | not a report | order |
//! | any word that is the whole headline or line | not a report | order |
//! | any other | says that an item must not be used or is withdrawn | order |
//! | a word that stands out | anything else | possible order |
//! | none | a request to editors to kill an item, or a letter that withdraws one | order |
//! | any other | a report | none |
//!
//! `KILL:` stands out if it is in capitals and the rest is not, or if it is in brackets. A possible
//! order becomes an order only if the same sender has sent an article with that headline before;
//! the verdict decides that.
//!
//! Cost: linear in the edges of the text that are searched.

use super::cues::Cue;
use super::fold::FoldedText;
use super::phrases::Occurrence;
use super::sentence::{Sentence, Statement};
use crate::article::NoticeOrder;

/// A text with at least this many words is a report, whatever it says.
pub(super) const REPORT_WORDS: usize = 100;
/// A text with fewer words than this can be an order without a mark in headline or slug.
pub(super) const BARE_ORDER_WORDS: usize = 80;
/// In a text with at most this many words, a ban on the use of any text (`report`) counts as an
/// order; in a longer text, only a ban on the use of a wire item (`story`).
const SHORT_WORDS: usize = 40;

/// How much a mark stands out in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Prominence {
    /// The mark is among other words.
    Among,
    /// The mark is where headings are, but is written like any other word.
    Plain,
    /// Capitals or brackets set the mark apart.
    Apart,
    /// The mark is the whole headline, or a whole line.
    Alone,
}

/// A heading that may announce an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Heading {
    /// What it orders.
    pub(super) order: NoticeOrder,
    /// Whether its pattern is a code or a phrase that only agencies use.
    pub(super) is_phrase: bool,
    /// How much it stands out.
    pub(super) prominence: Prominence,
}

/// What the text below the heading says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct TextCues {
    /// Number of words, up to [`REPORT_WORDS`].
    pub(super) words: usize,
    /// The text mentions a wire item.
    story: bool,
    /// The text says that something must not be used.
    forbids: bool,
    /// The text says that a wire item must not be used. In a short text, words for any text, such
    /// as `report`, count as words for a wire item.
    bans: bool,
    /// The text says that an item may be used.
    permits: bool,
    /// The text addresses editors.
    salutes: bool,
    /// The text begins like a letter.
    greets: bool,
    /// The text gives a reason, or says what will follow.
    explains: bool,
    /// The text says that the order is temporary.
    temporary: bool,
    /// A sentence asks editors, or anybody, not to use something.
    requests: bool,
    /// A sentence says that somebody withdraws a quoted item; this need not be the sender.
    withdraws: bool,
    /// What a sentence says about an item: that it is withdrawn or held, or a request to withdraw
    /// or hold it.
    statement: Option<Statement>,
}

/// The result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// An order.
    Order(NoticeOrder),
    /// An order if the same sender sent the article that it names.
    Possible(NoticeOrder),
    /// No order.
    None,
}

impl TextCues {
    /// Reads the start of a text that has `words` words.
    pub(super) fn of(start: &FoldedText, found: &[Occurrence], words: usize) -> Self {
        let mut cues = Self { words, ..Self::default() };
        let sentences = Sentence::all(&start.text, found);
        for sentence in sentences.into_iter().filter(|sentence| !sentence.is_plain()) {
            cues.add(&sentence);
        }
        cues.addressed()
    }

    /// A text with `words` words that is not searched for cues.
    pub(super) fn unread(words: usize) -> Self {
        Self { words, ..Self::default() }
    }

    /// Reads a note to editors.
    pub(super) fn of_note(note: &FoldedText, found: &[Occurrence]) -> Self {
        let mut cues = Self::default();
        // A note may be about a photo or a bill.
        let sentences = Sentence::all(&note.text, found);
        for sentence in sentences.iter().filter(|sentence| !sentence.has(Cue::Aside)) {
            cues.add(sentence);
        }
        cues.addressed()
    }

    /// In a letter to customers, a statement about any text, or a ban on its use, counts as a
    /// certain request about a wire item.
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
        self.requests |= sentence.asks_not_to_use() && !aside;
        self.withdraws |= sentence.withdraws_by_name() && !aside;
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

    /// What the text certainly says about a wire item.
    fn certain(&self) -> Option<Statement> {
        self.statement.filter(|statement| statement.is_certain)
    }

    /// Whether the text confirms an order, given a heading that stands out.
    fn confirms(&self) -> bool {
        self.certain().is_some() || self.salutes || self.bans
    }

    /// Whether the text confirms an order, given a heading that may be an ordinary word.
    fn confirms_alone(&self) -> bool {
        let explained =
            |s: Statement| s.is_request || self.salutes || self.explains || self.requests;
        self.bans
            || self.forbids && self.salutes
            || self.withdraws && self.requests
            || self.certain().is_some_and(explained)
    }

    /// The order that the text gives without a heading.
    fn own_order(&self) -> Option<NoticeOrder> {
        let is_request = |statement: &Statement| statement.is_request || self.requests;
        let statement = self.certain().filter(is_request)?;
        let order = Some(statement.order).filter(|_| self.words < BARE_ORDER_WORDS)?;
        Some(if self.temporary { NoticeOrder::Hold } else { order })
    }
}

/// Decides from the headings (in order of preference), the text and the note.
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
