//! Reads the marks of an article with the table and the configured rules.
//!
//! In: an article and the configured rules. Out: its marks, and with [`explain`] every sighting:
//! the rule, the place and whether it counts.

use super::bare::slug_root;
use super::candidates::{self, Candidate, Lines};
use super::cues::Cue;
use super::order::{self, BARE_ORDER_WORDS, Decision, Heading, REPORT_WORDS, TextCues};
use super::phrases::{Occurrence, Owner};
use super::place::Line;
use super::sentence::words_up_to;
use super::sighting::Sighting;
use super::{Mark, MarkPosition, MarkRule, phrases, references};
use crate::article::{Article, ItemShape, ItemType, Marks, Revision};

/// Number of characters at the start of the body, and of a note, that are searched for statements
/// about an item, for example that it is withdrawn.
const START_CHARS_MAX: usize = 1_200;
/// Number of characters at the start of a long text that are searched for a mark.
const HEAD_CHARS_MAX: usize = 200;
/// Number of characters at the end of the body that are searched.
const FOOT_CHARS_MAX: usize = 400;
/// Maximum number of words of an alert.
const ALERT_WORDS_MAX: usize = 40;
/// Maximum number of words of a brief.
const BRIEF_WORDS_MAX: usize = 80;

/// Reads the marks of `article`. The `configured` rules are tried before the built-in ones.
pub fn read(article: &Article, configured: &[MarkRule]) -> Marks {
    read_all(article, configured, |_, _| {})
}

/// All marks that were seen in `article`, in the order of their rules.
pub fn explain(article: &Article, configured: &[MarkRule]) -> Vec<Sighting> {
    let mut sightings = Vec::new();
    read_all(article, configured, |candidate, result| sightings.push(candidate.sighting(result)));
    sightings
}

/// Reads the marks. Calls `each` with every candidate and a text that says whether it counts.
fn read_all(
    article: &Article,
    configured: &[MarkRule],
    mut each: impl FnMut(&Candidate<'_>, &'static str),
) -> Marks {
    let body = article.body.as_str();
    let start = references::without_tags(body, START_CHARS_MAX);
    let foot = references::foot(body, FOOT_CHARS_MAX);
    let note = article.ednote.as_deref().unwrap_or_default();
    let words = words_up_to(&start, REPORT_WORDS);
    let long = words >= BARE_ORDER_WORDS;
    let lines = Lines {
        headline: Line::of(&article.headline),
        slug: Line::of(article.slugline.as_deref().unwrap_or_default()),
        note: Line::of(&note[..note.floor_char_boundary(START_CHARS_MAX)]),
        start: Line::of_head(start.trim_start(), if long { HEAD_CHARS_MAX } else { usize::MAX }),
        foot: Line::of(&foot),
    };
    let mut in_note = phrases::find(&lines.note.folded);
    in_note.extend(own_names(article, &lines.note));
    let in_start = phrases::find(&lines.start.folded);
    let found = candidates::all(article, configured, &lines, (&in_note, &in_start));
    let text = match (long, found.iter().any(|c| c.orders().is_some())) {
        (false, _) => text_cues(article, &lines.start, in_start, words),
        // Without a mark, a long text is never an order.
        (true, false) => TextCues::unread(words),
        (true, true) => {
            let whole = Line::of(start.trim_start());
            text_cues(article, &whole, phrases::find(&whole.folded), words)
        }
    };
    let decision = order(&found, &text, &TextCues::of_note(&lines.note.folded, &in_note));
    let mut marks = Marks::default();
    for candidate in &found {
        each(candidate, apply(candidate, (words, decision), &mut marks));
    }
    (marks.order, marks.possible_order) = match decision {
        Decision::Order(order) => (Some(order), None),
        Decision::Possible(order) => (None, Some(order)),
        Decision::None => (None, None),
    };
    if article.kind == ItemType::Advisory {
        marks.shape = Some(ItemShape::Advisory);
    }
    if marks.order.is_some() || marks.possible_order.is_some() {
        marks.references = references::of(article);
    } else if marks.revision == Some(Revision::Correction) && !long {
        marks.references = references::quoted_by(article);
    }
    marks
}

/// What the start of the body says about a wire item. The whole text has `words` words; `found` are
/// the occurrences of the built-in patterns in its start.
fn text_cues(
    article: &Article,
    start: &Line<'_>,
    mut found: Vec<Occurrence>,
    words: usize,
) -> TextCues {
    found.extend(own_names(article, start));
    TextCues::of(&start.folded, &found, words)
}

/// The places where a text mentions its sender, or its own slug, which counts as a mention of a
/// wire item. A slug of a single word is ignored, because it may mean anything.
fn own_names(article: &Article, text: &Line<'_>) -> Vec<Occurrence> {
    if text.folded.text.is_empty() {
        return Vec::new();
    }
    let slug = slug_root(article.slugline.as_deref().unwrap_or_default());
    let words = slug.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let slug = Some(&*slug).filter(|_| words.count() >= 2).map(|slug| (Cue::Story, slug));
    let sender = article.provider.as_deref().map(|provider| (Cue::Sender, provider));
    let found = slug.into_iter().chain(sender).flat_map(|(cue, name)| {
        let found = phrases::find_configured(&text.folded, name).into_iter();
        let owner = Owner::Cue(cue);
        found.map(move |(start, end)| Occurrence { owner, rank: usize::MAX, start, end })
    });
    found.collect()
}

/// The order that the article gives, if any.
fn order(found: &[Candidate<'_>], text: &TextCues, note: &TextCues) -> Decision {
    let orders = || found.iter().filter_map(|c| Some((c, c.orders()?)));
    let decisive = |c: &Candidate<'_>| c.place == MarkPosition::Signal || c.is_configured();
    if let Some((_, order)) = orders().find(|(c, _)| decisive(c)) {
        return Decision::Order(order);
    }
    let mut headings: Vec<(usize, Heading)> = orders()
        .map(|(c, order)| {
            let place = match c.place {
                MarkPosition::Headline => 0,
                MarkPosition::Slug => 1,
                _ => 2,
            };
            let (is_phrase, prominence) = (c.is_phrase, c.prominence);
            (place, Heading { order, is_phrase, prominence })
        })
        .collect();
    headings.sort_by_key(|(place, _)| *place);
    let headings: Vec<Heading> = headings.into_iter().map(|(_, heading)| heading).collect();
    order::decide(&headings, text, note)
}

/// Sets the field that corresponds to a candidate's mark, unless an earlier candidate has set it.
/// Returns whether the candidate counts, and if not, why. `words` is the number of words of the
/// text.
fn apply(
    candidate: &Candidate<'_>,
    (words, decision): (usize, Decision),
    marks: &mut Marks,
) -> &'static str {
    if let Some(order) = candidate.orders() {
        return match decision {
            Decision::Order(decided) if decided == order => "counts",
            Decision::Possible(decided) if decided == order => {
                "counts if the same sender sent the article that it names"
            }
            _ => "does not count: the text is not that of an order",
        };
    }
    if !candidate.stands_out_enough() {
        return "does not count: reads like an ordinary headline";
    }
    let number = candidate.number;
    let shape = match candidate.mark {
        Mark::Alert if words > ALERT_WORDS_MAX && candidate.is_text() => {
            return "does not count: the text is too long for an alert";
        }
        Mark::Brief if words > BRIEF_WORDS_MAX && candidate.is_text() => {
            return "does not count: the text is too long for a brief";
        }
        Mark::Alert => Some(ItemShape::Alert),
        Mark::Brief => Some(ItemShape::Brief),
        Mark::Roundup => Some(ItemShape::Roundup),
        Mark::Advisory => Some(ItemShape::Advisory),
        _ => None,
    };
    let revision = match candidate.mark {
        Mark::Update => Some(Revision::Update(number)),
        Mark::Writethru => Some(Revision::Writethru(number)),
        Mark::Correction => Some(Revision::Correction),
        Mark::Refile => Some(Revision::Refile),
        Mark::Repeat => Some(Revision::Repeat),
        _ => None,
    };
    let take = match candidate.mark {
        Mark::Take => Some(number),
        Mark::Add => Some(number + 1),
        _ => None,
    };
    let set = set(&mut marks.shape, shape)
        | set(&mut marks.revision, revision)
        | set(&mut marks.take, take);
    if set { "counts" } else { "does not count: another mark comes first" }
}

/// Sets an empty field. Returns whether it was set.
fn set<T>(field: &mut Option<T>, value: Option<T>) -> bool {
    let sets = field.is_none() && value.is_some();
    if sets {
        *field = value;
    }
    sets
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::{Body, NoticeOrder};
    use crate::marks::bare_headline;
    use proptest::prelude::*;

    fn read_headline(headline: &str) -> Marks {
        read(&Article { headline: headline.into(), ..Article::default() }, &[])
    }

    /// An article whose body is `body`.
    fn article(headline: &str, body: &str) -> Article {
        Article { headline: headline.into(), body: Body::Plain(body.into()), ..Article::default() }
    }

    #[test]
    fn reads_revisions_from_headlines() {
        let revision = |headline| read_headline(headline).revision;
        for (headline, want) in [
            ("UPDATE 2-Bridge reopens", Some(Revision::Update(2))),
            ("UPDATE 1: Bridge reopens", Some(Revision::Update(1))),
            ("CORRECTED - Bridge reopens", Some(Revision::Correction)),
            ("(CORRECTED)-Bridge reopens", Some(Revision::Correction)),
            ("CORRECTED-UPDATE 1-Bridge reopens", Some(Revision::Correction)),
            ("Korrektur: Brücke wieder offen", Some(Revision::Correction)),
            ("REFILE-Bridge reopens", Some(Revision::Refile)),
            ("RPT-Bridge reopens", Some(Revision::Repeat)),
            ("Bridge reopens, 2nd Ld-Writethru", Some(Revision::Writethru(2))),
            ("訂正：橋が再開", Some(Revision::Correction)),
            ("【差し替え】橋が再開", Some(Revision::Update(0))),
            ("Pont rouvert (actualisation)", Some(Revision::Update(0))),
            ("(дополнение) Мост открыт", Some(Revision::Update(0))),
            ("Correction of the river begins", None),
            ("Update on the bridge due Monday", None),
            ("Company corrects its error", None),
        ] {
            assert_eq!(revision(headline), want, "{headline}");
        }
    }

    #[test]
    fn reads_orders_from_headline_and_text_together() {
        let notice = "Please do not use this story.";
        let kill = Some(NoticeOrder::Kill);
        for (headline, body, want) in [
            ("KILL: Bridge reopens", notice, kill),
            ("KILL-Bridge reopens", notice, kill),
            ("【取り消し】橋が再開", "この記事は使用しないでください。", kill),
            ("Kill - Bridge reopens", notice, kill),
            ("STORY WITHDRAWN-Bridge reopens", "", kill),
            ("Bridge reopens", "MANDATORY KILL\nEditors: a kill is mandatory.", kill),
            ("PERUTTU: Silta avattu", "Juttua ei saa käyttää.", kill),
            ("取り消し：橋が再開", "この記事は使用しないでください。", kill),
            ("HOLD", "", Some(NoticeOrder::Hold)),
            ("HOLD HOLD HOLD '''''", "", Some(NoticeOrder::Hold)),
            ("HOLD HOLD HOLD ””'", "", Some(NoticeOrder::Hold)),
            ("To all clients", "Please kill item haf 157 \"Bridge reopens\".", kill),
            ("To all clients", "Please kill item 85i-o. The report is wrong.", kill),
            ("To all clients", "Kill article urn:x:bridge, it is wrong.", kill),
            (
                "FREIGABE: Brücke zu",
                "Die Meldung kann verwendet werden.",
                Some(NoticeOrder::Release),
            ),
            ("Kill rates fall in the north", "Fewer animals were killed.", None),
            (
                "WITHDRAWN: 400 cars",
                "A report says 400 cars were withdrawn, and owners must not use them.",
                None,
            ),
            ("CANCELLED: Festival", "The story of a cancelled festival. A copy was wrong.", None),
            ("WITHDRAWN", "The story slugged FERRY (V9991), sent at 9, is withdrawn.", kill),
            ("Kill-switch law passes", "A law passed.", None),
            ("Hold-up at the harbour bank", "Nobody was hurt.", None),
            ("HOLD-UP AT THE HARBOUR BANK", "Nobody was hurt.", None),
            ("Hold: Bank keeps rates", "The bank kept its rates on Monday.", None),
            ("Withdrawn: 400 cars", "The maker withdrew 400 cars from the market.", None),
        ] {
            assert_eq!(read(&article(headline, body), &[]).order, want, "{headline}");
        }
        let marks = read_headline("KILL: Bridge reopens");
        assert_eq!((marks.order, marks.possible_order), (None, kill), "needs its article");
        assert_eq!(marks.references, ["Bridge reopens"]);
    }

    #[test]
    fn a_letter_to_customers_withdraws_the_item_that_it_names() {
        let (kill, mut wrong) = (Some(NoticeOrder::Kill), Vec::new());
        for (letter, want) in [
            ("Sehr geehrte Kunden,\nwir ziehen den Bericht zurück.", kill),
            ("Sehr geehrte Damen und Herren, wir ziehen hiermit den Text zurück.", kill),
            ("Liebe Kolleginnen und Kollegen!\nBitte den Bericht nicht verwenden.", kill),
            ("Dear customers,\n\nWe withdraw the report. It is wrong.", kill),
            ("Dear all: we are withdrawing the article.", kill),
            ("Chers clients,\nnous retirons l'information.", kill),
            ("Estimados clientes:\nretiramos la nota sobre el puente.", kill),
            ("Prezados clientes,\nretiramos a peça.", kill),
            ("Gentili clienti,\nritiriamo il servizio.", kill),
            ("Geachte klanten,\nwij trekken het artikel in.", kill),
            ("Kære kunder,\nvi trækker artiklen tilbage.", kill),
            ("Bästa kunder,\nvi återkallar texten.", kill),
            ("Hyvät asiakkaat,\nvedämme artikkelin pois.", kill),
            ("Szanowni Państwo,\nwycofujemy tekst.", kill),
            ("Уважаемые клиенты,\nмы отзываем сообщение.", kill),
            ("Dear customers,\nwe withdraw 400 cars from the market.", None),
            ("Dear customers,\nthe report says that owners must not use the cars.", None),
            ("Sehr geehrte Kunden,\nwir ziehen um. Der Bericht erscheint im Mai.", None),
            ("Wir ziehen den Bericht zurück, sagte der Minister.", None),
            ("The minister said: Dear friends, we withdraw the report.", None),
        ] {
            let report = article("Bridge reopens", "It did.");
            let note = Article { ednote: Some(letter.into()), ..report };
            let read = [article("Hinweis", letter), note].map(|article| read(&article, &[]).order);
            if read != [want, want] {
                wrong.push((letter, read));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn reads_shapes_and_takes_from_headlines() {
        let shape = |headline| read_headline(headline).shape;
        assert_eq!(shape("WRAPUP 3-Bridges"), Some(ItemShape::Roundup));
        assert_eq!(shape("ALERT: Bridge reopens"), Some(ItemShape::Alert));
        assert_eq!(shape("BRIEF-Bridge reopens"), Some(ItemShape::Brief));
        assert_eq!(shape("DAYBOOK: Tuesday"), Some(ItemShape::Advisory));
        assert_eq!(shape("Alert driver saves bus"), None);
        assert_eq!(shape("Advisory: boil water"), None);
        assert_eq!(read_headline("Bridge reopens =2").take, Some(2));
        assert_eq!(read_headline("Why E=3 is wrong").take, None);
    }

    #[test]
    fn reads_marks_from_slug_signals_note_and_body() {
        let article = Article {
            slugline: Some("BC-BRIDGE, 3rd Ld".into()),
            signals: vec!["sig:update".into()],
            ednote: Some("Eds: MANDATORY KILL of an earlier item.".into()),
            ..Article::default()
        };
        let marks = read(&article, &[]);
        assert_eq!(marks.revision, Some(Revision::Writethru(3)));
        assert_eq!(marks.order, Some(NoticeOrder::Kill));
        let body = Body::Html("<p>(Adds quote) The bridge</p>".into());
        let marks = read(&Article { body, ..Article::default() }, &[]);
        assert_eq!(marks.revision, Some(Revision::Update(0)));
    }

    #[test]
    fn notes_about_something_else_are_not_orders() {
        let report = "The bridge reopened on Monday after a year of repairs, the mayor said.";
        for (note, want) in [
            ("The story is withdrawn.", Some(NoticeOrder::Kill)),
            ("Eds: UPDATES: With mayor. An earlier photo has been withdrawn.", None),
            ("The tender was withdrawn on Friday.", None),
            ("Photo on hold until further notice.", None),
        ] {
            let article =
                Article { ednote: Some(note.into()), ..article("Bridge reopens", report) };
            assert_eq!(read(&article, &[]).order, want, "{note}");
        }
        for slug in ["MAREL-FISH-KILL", "TAVAR-RATES-HOLD", "CUP-ELIMINATION", "US-POLICE-KILL-MAN"]
        {
            let article = Article { slugline: Some(slug.into()), ..article("Bridge", report) };
            let marks = read(&article, &[]);
            assert_eq!((marks.order, marks.possible_order), (None, None), "{slug}");
        }
    }

    #[test]
    fn configured_rules_are_tried() {
        let rule = |pattern: &str, mark| MarkRule {
            place: MarkPosition::Headline,
            pattern: pattern.into(),
            mark,
        };
        let article = article("Fassung 4: Brücke", "The bridge reopened.");
        let configured = [rule("fassung #", Mark::Update)];
        assert_eq!(read(&article, &configured).revision, Some(Revision::Update(4)));
        assert_eq!(read(&article, &[]).revision, None);
        let configured = [rule("fassung #", Mark::Kill)];
        assert_eq!(read(&article, &configured).order, Some(NoticeOrder::Kill));
    }

    proptest! {
        #[test]
        fn reads_any_text_without_panic(
            start in "[ 【】（）()\\[\\]«»“”'+*=:：—–-]{0,3}",
            mark in "(KILL|Kill|訂正|取り消し|UPDATE 2|АННУЛИРУЕТСЯ|3rd Ld|إلغاء|ß|İ)",
            end in "[ 【】（）()\\[\\]«»“”'+*=:：—–.。-]{0,3}",
            rest in "\\PC{0,20}",
        ) {
            for text in [format!("{start}{mark}{end}{rest}"), format!("{rest}{start}{mark}{end}")] {
                let mut article = article(&text, &text);
                article.slugline = Some(text.clone());
                article.ednote = Some(text.clone());
                drop(explain(&article, &[]));
                drop((bare_headline(&text), slug_root(&text)));
            }
        }
    }
}
