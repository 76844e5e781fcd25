//! Describes kinds, rules and evidence in words.

use crate::daemon::publish::article::{ArticleClassified, EvidenceInfo, RelationInfo};
use crate::daemon::publish::kind_description;
use wirefold_engine::verdict::Kind;

/// The reasons for an article's kind in a few words, most significant first. May be empty.
pub(super) fn why(classified: &ArticleClassified) -> String {
    let relation = &classified.relation;
    let mut reasons: Vec<String> = rule(&relation.rule).map(str::to_owned).into_iter().collect();
    if let Some(evidence) = &relation.evidence {
        reasons.extend(measures(relation.kind, evidence));
    }
    let brings = matches!(relation.kind, Kind::Update | Kind::Expansion | Kind::Partial);
    match classified.novel_words {
        Some(words) if brings && words > 0 => reasons.push(new_words(words)),
        _ => {}
    }
    reasons.join(", ")
}

/// For a further relation, how much of the text is in the earlier article.
pub(super) fn share(relation: &RelationInfo) -> String {
    let of = relation.evidence.as_ref().and_then(|evidence| evidence.of_this_in_that);
    of.map_or_else(String::new, |share| format!("{} of this text is in that one", percent(share)))
}

/// The rule in words, if that adds to the meaning of the kind.
fn rule(name: &str) -> Option<&'static str> {
    Some(match name {
        "new-version" => "a new version of it",
        "late-version" => "an older version that arrived late",
        "link" => "linked by its sender",
        "take" => "a further take",
        "marked" => "marked as such by its sender",
        "marked-repeat" => "marked as a repeat",
        "same-version" => "the same version again",
        "same-text" => "the same text again; at most time stamps and counters changed",
        "same-caption" => "the same caption again",
        "unmarked" => "same sender and words, no correction mark",
        "equal-content" => "the same text",
        _ => return None,
    })
}

/// The evidence in words, limited to the measures that matter for the kind.
fn measures(kind: Kind, evidence: &EvidenceInfo) -> Vec<String> {
    let mut parts = Vec::new();
    let shares = [
        (evidence.of_this_in_that, "of this text is in that one"),
        (evidence.of_that_in_this, "of that text is in this one"),
    ];
    let wanted: &[usize] = match kind {
        Kind::Reprint | Kind::Partial | Kind::Excerpt => &[0],
        Kind::Expansion => &[1],
        _ => &[],
    };
    for (share, what) in wanted.iter().map(|&at| shares[at]) {
        parts.extend(share.map(|share| format!("{} {what}", percent(share))));
    }
    if kind == Kind::Recurring {
        parts.push("the same template".into());
        parts.extend(evidence.numbers_kept.map(|kept| match kept {
            0.0 => "all of its figures changed".to_owned(),
            kept => format!("{} of its figures kept", percent(kept)),
        }));
    } else {
        match evidence.changed_numbers.len() {
            0 => {}
            1 => parts.push("1 number changed".into()),
            n => parts.push(format!("{n} numbers changed")),
        }
    }
    if kind == Kind::Duplicate && evidence.headline_changed == Some(true) {
        parts.push("different headline".into());
    }
    parts
}

/// The reason an earlier article is superseded, in words.
pub(super) fn reason(name: &str) -> &str {
    match name {
        "newer-version" => "replaced by a newer version",
        "corrected" => "replaced by a correction",
        other => other,
    }
}

/// The meaning of a kind: its description up to the first semicolon.
pub(super) fn kind(kind: Kind) -> &'static str {
    kind_description(kind).split(';').next().unwrap_or_default()
}

/// A share in percent. Only 1.0 is shown as 100 %.
pub(super) fn percent(share: f64) -> String {
    let rounded = (share * 100.0).round().clamp(0.0, 100.0);
    let shown = if share < 1.0 { rounded.min(99.0) } else { rounded };
    format!("{shown} %")
}

/// The flags that matter to a reader, in words.
pub(super) fn flags(classified: &ArticleClassified) -> Vec<&'static str> {
    let word = |flag: &String| match flag.as_str() {
        "carries_withdrawn" => Some("carries withdrawn text"),
        "carries_uncorrected" => Some("carries uncorrected text"),
        "needs_review" => Some("needs review"),
        "late" => Some("late"),
        "early" => Some("early"),
        _ => None,
    };
    classified.flags.iter().filter_map(word).collect()
}

/// `1 new word`, `2 new words`.
fn new_words(count: u32) -> String {
    counted(u64::from(count), "new word", "new words")
}

/// A count with its noun in singular or plural.
pub(super) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_full_share_is_100_percent() {
        let parts = [0.0, 0.004, 0.5, 0.994, 0.999, 1.0].map(percent);
        assert_eq!(parts, ["0 %", "0 %", "50 %", "99 %", "99 %", "100 %"]);
    }
}
