//! Tests which copy of a text stays in the unique topic, depending on the settings `survivor` and
//! `preferred_publishers`, and tests the two thresholds for reprints.

use crate::feed::feed;
use crate::script::{Show, check};
use expect_test::{Expect, expect};
use std::cmp::Ordering;
use std::sync::Arc;
use wirefold_engine::Settings;
use wirefold_engine::article::{ArticleKey, PreferredPublishers, Sequence, Span};
use wirefold_engine::fingerprint::SamplingKey;
use wirefold_engine::prepare::prepare;
use wirefold_engine::state::{Entry, State};
use wirefold_engine::verdict::{CarrierPolicy, Kind, Pass, Ratio, SurvivorChoice, Validity};

pub(crate) const PASSAGES: &str = "
bridge = The old bridge at Port Seltz will stay closed until spring after divers found deep cracks in two of its seven pillars, the harbour office said on Tuesday.
detour = Lorries must take the northern road, which adds 40 minutes to the way, and the weekly market has been moved to the fairground.
mayor = Mayor Ada Fenn said the town had set aside 12 million crowns for the repairs and would ask the province for as much again.
fresh = A fisherman who has crossed it every day for thirty years said he had warned of the damage long before anybody cared to listen to him.
storm = A storm with gusts of 140 kilometres an hour tore roofs from houses along the Velden coast overnight and left 30,000 homes without power.
tail = More about the bridge follows on our pages this evening.
";

pub(crate) fn settings(survivor: SurvivorChoice, preferred: &[&str]) -> Settings {
    let mut settings = Settings::default();
    settings.verdict.unique.survivor = survivor;
    settings.preferred_publishers = named(preferred);
    settings
}

fn named(publishers: &[&str]) -> PreferredPublishers {
    let names: Vec<String> = publishers.iter().map(|name| (*name).to_owned()).collect();
    names.try_into().expect("valid publisher names")
}

fn unique(settings: &Settings, wire: &str, want: Expect) {
    check(PASSAGES, Show::Verdicts, settings, wire, want);
}

/// A report, two copies of the same length, a longer copy, and an article with another text.
const COPIES: &str = r#"
    10:00 nw-1 northwire en "Bridge closed until spring" | @bridge @detour @mayor
    10:05 bay-1 baypress en "Port Seltz loses its bridge" | @bridge @detour @mayor
    10:10 hill-1 hillnews en "Bridge closed" | @bridge @detour @mayor @tail
    10:15 velt-1 velt en "Bridge closed" | @bridge @detour @mayor
    10:20 coast-1 coastdesk en "Storm" | @storm
"#;

#[test]
fn the_first_copy_stays_by_default() {
    let want = expect![[r#"
          S1 opened
        nw-1: original; S1 of 1; pass yes
        bay-1: duplicate of nw-1 by equal-content; S1 of 2; pass repeat
        hill-1: expansion of nw-1 by contains; also expansion of bay-1 by contains; S1 of 3; pass repeat
        velt-1: duplicate of nw-1 by equal-content; S1 of 4; pass repeat
          S2 opened
        coast-1: original; S2 of 1; pass yes
    "#]];
    unique(&settings(SurvivorChoice::First, &[]), COPIES, want);
}

#[test]
fn each_copy_replaces_the_previous_one_if_the_newest_stays() {
    let want = expect![[r#"
          S1 opened
        nw-1: original; S1 of 1; pass yes
        bay-1: duplicate of nw-1 by equal-content; S1 of 2; replaces nw-1
        hill-1: expansion of nw-1 by contains; also expansion of bay-1 by contains; S1 of 3; replaces bay-1
        velt-1: duplicate of nw-1 by equal-content; S1 of 4; replaces hill-1
          S2 opened
        coast-1: original; S2 of 1; pass yes
    "#]];
    unique(&settings(SurvivorChoice::Newest, &[]), COPIES, want);
}

#[test]
fn only_a_longer_copy_replaces_if_the_longest_stays() {
    let want = expect![[r#"
          S1 opened
        nw-1: original; S1 of 1; pass yes
        bay-1: duplicate of nw-1 by equal-content; S1 of 2; pass repeat
        hill-1: expansion of nw-1 by contains; also expansion of bay-1 by contains; S1 of 3; replaces nw-1
        velt-1: duplicate of nw-1 by equal-content; S1 of 4; pass repeat
          S2 opened
        coast-1: original; S2 of 1; pass yes
    "#]];
    unique(&settings(SurvivorChoice::Longest, &[]), COPIES, want);
}

#[test]
fn a_copy_by_a_preferred_publisher_replaces_others_with_any_survivor_setting() {
    let wire = r#"
        10:00 nw-1 northwire en "Bridge closed until spring" | @bridge @detour @mayor
        10:05 bay-1 baypress.example en "Port Seltz loses its bridge" | @bridge @detour @mayor
        10:10 hill-1 hillnews en "Bridge closed" | @bridge @detour @mayor @tail
        10:15 nw-2 northwire en "Bridge is closed" | @bridge @detour @mayor
        10:20 bay-2 baypress en "Port Seltz has lost its bridge" | @bridge @detour @mayor
        10:25 coast-1 coastdesk en "Storm" | @storm
    "#;
    let preferred = ["Baypress", "Hill News"];
    unique(
        &settings(SurvivorChoice::First, &preferred),
        wire,
        expect![[r#"
          S1 opened
        nw-1: original; S1 of 1; pass yes
        bay-1: duplicate of nw-1 by equal-content; S1 of 2; replaces nw-1
        hill-1: expansion of nw-1 by contains; also expansion of bay-1 by contains; S1 of 3; pass repeat
        nw-2: duplicate of nw-1 by equal-content; S1 of 4; pass repeat
        bay-2: duplicate of nw-1 by equal-content; S1 of 5; pass repeat
          S2 opened
        coast-1: original; S2 of 1; pass yes
    "#]],
    );
    unique(
        &settings(SurvivorChoice::Newest, &preferred),
        wire,
        expect![[r#"
          S1 opened
        nw-1: original; S1 of 1; pass yes
        bay-1: duplicate of nw-1 by equal-content; S1 of 2; replaces nw-1
        hill-1: expansion of nw-1 by contains; also expansion of bay-1 by contains; S1 of 3; pass repeat
        nw-2: duplicate of nw-1 by equal-content; S1 of 4; pass repeat
        bay-2: duplicate of nw-1 by equal-content; S1 of 5; replaces bay-1
          S2 opened
        coast-1: original; S2 of 1; pass yes
    "#]],
    );
    unique(
        &settings(SurvivorChoice::Longest, &["hillnews", "baypress"]),
        wire,
        expect![[r#"
          S1 opened
        nw-1: original; S1 of 1; pass yes
        bay-1: duplicate of nw-1 by equal-content; S1 of 2; replaces nw-1
        hill-1: expansion of nw-1 by contains; also expansion of bay-1 by contains; S1 of 3; replaces bay-1
        nw-2: duplicate of nw-1 by equal-content; S1 of 4; pass repeat
        bay-2: duplicate of nw-1 by equal-content; S1 of 5; pass repeat
          S2 opened
        coast-1: original; S2 of 1; pass yes
    "#]],
    );
}

#[test]
fn copies_replace_only_copies_of_the_same_text() {
    unique(
        &settings(SurvivorChoice::Newest, &[]),
        r#"
        10:00 nw-1 northwire en "Bridge closed until spring" | @bridge @detour @mayor
        10:05 bay-1 baypress en "Port Seltz loses its bridge" | @bridge @detour @mayor @fresh
        10:10 hill-1 hillnews en "Bridge closed" | @bridge @detour @mayor
        10:15 velt-1 velt en "Bridge lost" | @bridge @detour @mayor @fresh
        10:20 web-1 scrapers en "Bridge" | @bridge @detour
        10:25 web-2 quaynews en "Bridge" | @bridge @detour
        "#,
        expect![[r#"
              S1 opened
            nw-1: original; S1 of 1; pass yes
            bay-1: expansion of nw-1 by contains; S1 of 2; pass yes
            hill-1: duplicate of nw-1 by equal-content; S1 of 3; replaces nw-1
            velt-1: duplicate of bay-1 by equal-content; also expansion of nw-1 by contains; S1 of 4; replaces bay-1
            web-1: excerpt of nw-1 by contained; also excerpt of hill-1 by contained; also excerpt of bay-1 by contained; also excerpt of velt-1 by contained; S1 of 5; pass repeat
            web-2: duplicate of web-1 by equal-content; also excerpt of nw-1 by contained; also excerpt of hill-1 by contained; also excerpt of bay-1 by contained; also excerpt of velt-1 by contained; S1 of 6; pass repeat
        "#]],
    );
}

#[test]
fn a_copy_of_an_article_that_is_no_longer_valid_replaces_nothing() {
    unique(
        &settings(SurvivorChoice::Newest, &[]),
        r#"
        10:00 nw-1#1 northwire en "Bridge closed" | @bridge @detour
        10:05 bay-1 baypress en "Port Seltz loses its bridge" | @bridge @detour
        10:10 nw-1#2 northwire en "Bridge closed until spring" | @bridge @detour @mayor @fresh
        10:15 hill-1 hillnews en "Bridge closed" | @bridge @detour
        10:20 velt-1 velt en "Bridge closed" | @bridge @detour @mayor @fresh
        "#,
        expect![[r#"
              S1 opened
            nw-1: original; S1 of 1; pass yes
            bay-1: duplicate of nw-1 by equal-content; S1 of 2; replaces nw-1
            nw-1: update of nw-1 by new-version; also expansion of bay-1 by contains; S1 of 3; replaces bay-1
              superseded nw-1 by nw-1: newer-version
            hill-1: duplicate of nw-1 by equal-content; S1 of 4; pass repeat
            velt-1: duplicate of nw-1 by equal-content; also update of nw-1 by new-version; also expansion of bay-1 by contains; S1 of 5; replaces nw-1
        "#]],
    );
    let mut settings = settings(SurvivorChoice::Newest, &[]);
    settings.verdict.unique.carrying = CarrierPolicy::Pass;
    unique(
        &settings,
        r#"
        10:00 nw-1#1 northwire en "Bridge closed" | @bridge @detour
        10:10 nw-1#2 northwire en "KILL: Bridge closed" status=canceled | Editors: do not use.
        10:15 hill-1 hillnews en "Bridge closed" | @bridge @detour
        "#,
        expect![[r#"
              S1 opened
            nw-1: original; S1 of 1; pass yes
            nw-1: withdrawal of nw-1 by canceled; pass yes
              withdrawn nw-1 by nw-1: carried by []
            hill-1: duplicate of nw-1 by equal-content; S1 of 1; carries_withdrawn; pass repeat
              withdrawn nw-1 by nw-1: carried by [hill-1]
        "#]],
    );
}

#[test]
fn held_and_embargoed_copies_and_redeliveries_replace_nothing() {
    unique(
        &settings(SurvivorChoice::Newest, &[]),
        r#"
        10:00 nw-1 northwire en "Bridge closed until spring" | @bridge @detour @mayor
        10:05 bay-1 baypress en "Bridge lost" status=withheld | @bridge @detour @mayor
        10:10 hill-1 hillnews en "Bridge closed" until=2026-11-23T12:00:00Z | @bridge @detour @mayor
        10:15 nw-1 northwire en "Bridge closed until spring" | @bridge @detour @mayor
        10:20 velt-1 velt en "Bridge closed" | @bridge @detour @mayor
        "#,
        expect![[r#"
              S1 opened
            nw-1: original; S1 of 1; pass yes
            bay-1: duplicate of nw-1 by equal-content; S1 of 2; pass held
            hill-1: duplicate of nw-1 by equal-content; S1 of 3; pass repeat
            nw-1: redelivery of nw-1 by same-version; S1 of 3; pass repeat
            velt-1: duplicate of nw-1 by equal-content; S1 of 4; replaces nw-1
        "#]],
    );
}

#[test]
fn an_article_under_embargo_is_not_replaced_before_it_is_forwarded() {
    unique(
        &settings(SurvivorChoice::Newest, &[]),
        r#"
        10:00 nw-1 northwire en "Bridge closed" until=2026-11-23T10:10:00Z | @bridge @detour @mayor
        10:05 bay-1 baypress en "Port Seltz loses its bridge" | @bridge @detour @mayor
        10:15 hill-1 hillnews en "Bridge closed" | @bridge @detour @mayor
        "#,
        expect![[r#"
              S1 opened
            nw-1: original; S1 of 1; pass embargoed
            bay-1: duplicate of nw-1 by equal-content; S1 of 2; pass repeat
            hill-1: duplicate of nw-1 by equal-content; S1 of 3; replaces nw-1
              lifted: line 1 goes on
        "#]],
    );
}

#[test]
fn an_article_that_has_left_the_window_is_not_replaced() {
    let mut settings = settings(SurvivorChoice::Newest, &[]);
    settings.window = Span::hours(2);
    unique(
        &settings,
        r#"
        10:00 nw-1 northwire en "Bridge closed" | @bridge @detour @mayor
        11:30 bay-1 baypress en "Port Seltz loses its bridge" | @bridge @detour @mayor
        13:00 hill-1 hillnews en "Bridge closed" | @bridge @detour @mayor
        15:30 velt-1 velt en "Bridge closed" | @bridge @detour @mayor
        "#,
        expect![[r#"
              S1 opened
            nw-1: original; S1 of 1; pass yes
            bay-1: duplicate of nw-1 by equal-content; S1 of 2; replaces nw-1
            hill-1: duplicate of bay-1 by equal-content; also duplicate of nw-1 by equal-content; S1 of 2; replaces bay-1
              S1 closed at 2
              S2 opened
            velt-1: original; S2 of 1; pass yes
        "#]],
    );
}

#[test]
fn reprints_by_the_same_publisher_have_a_separate_threshold() {
    let wire = |publisher: &str| {
        format!(
            r#"
        10:00 nw-1 northwire en "Bridge closed until spring" | @bridge @detour @mayor
        10:05 x-1 {publisher} en "Bridge closed" | @bridge @detour Mayor Ada Fenn said the town had no money for the repairs and none of its neighbours would help this year.
        "#
        )
    };
    let mut settings = Settings::default();
    unique(
        &settings,
        &wire("northwire.example"),
        expect![[r#"
          S1 opened
        nw-1: original; S1 of 1; pass yes
        x-1: reprint of nw-1 by near-identical; S1 of 2; changed_words; pass yes
    "#]],
    );
    settings.verdict.reprint_same_publisher = Ratio::new(0.9).expect("a ratio");
    unique(
        &settings,
        &wire("northwire.example"),
        expect![[r#"
          S1 opened
        nw-1: original; S1 of 1; pass yes
        x-1: partial of nw-1 by shared-run; S1 of 2; pass yes
    "#]],
    );
    unique(
        &settings,
        &wire("baypress"),
        expect![[r#"
          S1 opened
        nw-1: original; S1 of 1; pass yes
        x-1: reprint of nw-1 by near-identical; S1 of 2; changed_words needs_review; pass yes
    "#]],
    );
}

#[test]
fn an_expansion_that_is_always_forwarded_replaces_nothing() {
    let mut settings = settings(SurvivorChoice::Newest, &[]);
    settings.verdict.unique.always.push(Kind::Expansion);
    unique(
        &settings,
        COPIES,
        expect![[r#"
          S1 opened
        nw-1: original; S1 of 1; pass yes
        bay-1: duplicate of nw-1 by equal-content; S1 of 2; replaces nw-1
        hill-1: expansion of nw-1 by contains; also expansion of bay-1 by contains; S1 of 3; pass yes
        velt-1: duplicate of nw-1 by equal-content; S1 of 4; replaces bay-1
          S2 opened
        coast-1: original; S2 of 1; pass yes
    "#]],
    );
}

/// The head of a text, that is, the first article with this text that was forwarded. Follows all
/// matches of the article at `at`, however many there are.
fn head(articles: &[Arc<Entry>], at: usize) -> Option<usize> {
    let verdict = &articles[at].decision.verdict;
    let whole = |kind| matches!(kind, Kind::Duplicate | Kind::Reprint | Kind::Expansion);
    match verdict.relation.kind {
        _ if matches!(verdict.pass, Pass::Yes | Pass::Embargoed) => Some(at),
        kind if whole(kind) || kind == Kind::Redelivery => {
            head(articles, verdict.relation.of.as_ref()?.sequence?.0 as usize)
        }
        _ => verdict.pass.replaces().map(|_| at),
    }
}

/// The article that currently stays in the unique topic for the text whose head is at `of`, found
/// by a naive search over all earlier articles.
fn survivor(articles: &[Arc<Entry>], of: usize) -> usize {
    let stands_in = |at: &usize| {
        articles[*at].decision.verdict.pass.replaces().is_some() && head(articles, *at) == Some(of)
    };
    (0..articles.len()).rev().find(stands_in).unwrap_or(of)
}

/// The article that the last of `all` replaces, according to the naive search. The other entries
/// are in their state before the last article arrived.
fn replaces(all: &[Arc<Entry>], settings: &Settings) -> Option<ArticleKey> {
    let (new, earlier) = all.split_last()?;
    let verdict = &new.decision.verdict;
    let matched = verdict.relation.of.as_ref()?.sequence?.0 as usize;
    let head = head(earlier, matched)?;
    let that = &earlier[survivor(earlier, head)];
    let valid = [&earlier[matched], &earlier[head], that];
    if valid.iter().any(|entry| entry.standing != Validity::Valid) {
        return None;
    }
    let place =
        |entry: &Entry| settings.preferred_publishers.place(entry.about.provider.as_deref());
    let better = match (place(new).cmp(&place(that)), settings.verdict.unique.survivor) {
        (Ordering::Less, _) => true,
        (Ordering::Greater, _) | (_, SurvivorChoice::First) => false,
        (_, SurvivorChoice::Newest) => true,
        (_, SurvivorChoice::Longest) => new.print.words() > that.print.words(),
    };
    let takes = match (&verdict.pass, verdict.relation.kind) {
        (Pass::Held | Pass::Embargoed, _) => false,
        (_, Kind::Duplicate | Kind::Reprint | Kind::Expansion) => {
            better && verdict.pass != Pass::Yes
        }
        (_, Kind::Correction) => matched == head && that.about.uri != earlier[head].about.uri,
        (_, Kind::Update) => {
            let later = !["take", "late-version"].contains(&&*verdict.relation.rule);
            later && matched == head && that.about.uri != earlier[head].about.uri
        }
        _ => false,
    };
    (takes && that.about.uri != new.about.uri).then(|| that.about.key())
}

/// No article leaves the window, so that the naive search can follow all matches.
#[test]
fn a_naive_search_finds_the_same_survivors() {
    let key = SamplingKey(7);
    for (seed, choice, preferred) in [
        (1, SurvivorChoice::Newest, &[][..]),
        (2, SurvivorChoice::Longest, &[]),
        (3, SurvivorChoice::First, &["agency3", "agency1"]),
        (4, SurvivorChoice::Newest, &["agency2"]),
        (5, SurvivorChoice::Longest, &["agency5", "agency0"]),
    ] {
        let settings = settings(choice, preferred);
        let (mut state, mut replaced) = (State::new(settings.clone(), key), 0);
        for line in feed(seed, 400, 1_000) {
            let window = state.window();
            let entry = |at| Arc::clone(state.article(Sequence(at)).expect("it is live"));
            let mut all: Vec<Arc<Entry>> = window.clone().map(entry).collect();
            let new = prepare(line.article.clone(), &settings, key);
            drop(state.apply(new, line.stamp, line.input.clone()));
            all.push(Arc::clone(state.article(Sequence(window.end)).expect("it is live")));
            let pass = &all[window.end as usize].decision.verdict.pass;
            let want = replaces(&all, &settings);
            assert_eq!(pass.replaces(), want.as_ref(), "seed {seed}, article {}", window.end);
            replaced += usize::from(want.is_some());
        }
        assert!(replaced >= 3, "seed {seed}: only {replaced} were replaced");
    }
}
