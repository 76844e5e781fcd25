//! Evidence in words.

use crate::daemon::publish::article::{ArticleClassified, EvidenceInfo, RelationInfo};
use crate::daemon::publish::meaning;
use wirefold_engine::verdict::Kind;

/// Why an article is what it is, in a few words, most telling first; may be empty.
pub(super) fn why(classified: &ArticleClassified) -> String {
    let relation = &classified.relation;
    let mut said: Vec<String> = rule(&relation.rule).map(str::to_owned).into_iter().collect();
    if let Some(evidence) = &relation.evidence {
        said.extend(measures(relation.kind, evidence));
    }
    let brings = matches!(relation.kind, Kind::Update | Kind::Expansion | Kind::Partial);
    match classified.novel_words {
        Some(words) if brings && words > 0 => said.push(format!("{} new", words_of(words))),
        _ => {}
    }
    said.join(", ")
}

/// How much two texts share, for a further relation.
pub(super) fn share(relation: &RelationInfo) -> String {
    let of = relation.evidence.as_ref().and_then(|evidence| evidence.of_this_in_that);
    of.map_or_else(String::new, |share| format!("{} of this in that", percent(share)))
}

/// The rule, where the kind alone does not tell.
fn rule(name: &str) -> Option<&'static str> {
    Some(match name {
        "new-version" => "a new version of it",
        "late-version" => "an older version, which came late",
        "link" => "linked by its sender",
        "take" => "a further take",
        "marked" => "marked so by its sender",
        "marked-repeat" => "marked as a repeat",
        "same-version" => "the same version again",
        "same-caption" => "the same caption again",
        "unmarked" => "same sender and words, not marked",
        "equal-content" => "the same text",
        _ => return None,
    })
}

fn measures(kind: Kind, evidence: &EvidenceInfo) -> Vec<String> {
    let mut said = Vec::new();
    let shares = [
        (evidence.of_this_in_that, "of this in that"),
        (evidence.of_that_in_this, "of that in this"),
    ];
    let wanted: &[usize] = match kind {
        Kind::Reprint | Kind::Partial | Kind::Excerpt => &[0],
        Kind::Expansion => &[1],
        _ => &[],
    };
    for (share, what) in wanted.iter().map(|&at| shares[at]) {
        said.extend(share.map(|share| format!("{} {what}", percent(share))));
    }
    if kind == Kind::Recurring {
        said.push("the same template".into());
        said.extend(evidence.numbers_kept.map(|kept| match kept {
            0.0 => "all of its figures changed".to_owned(),
            kept => format!("{} of its figures kept", percent(kept)),
        }));
    } else {
        match evidence.changed_numbers.len() {
            0 => {}
            1 => said.push("1 number changed".into()),
            n => said.push(format!("{n} numbers changed")),
        }
    }
    if kind == Kind::Duplicate && evidence.headline_changed == Some(true) {
        said.push("another headline".into());
    }
    said
}

/// Why an earlier verdict no longer holds.
pub(super) fn reason(name: &str) -> &str {
    match name {
        "newer-version" => "a newer version took its place",
        "corrected" => "a correction took its place",
        other => other,
    }
}

/// What a kind means, without what only a reader of the contract needs.
pub(super) fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Original => "nothing earlier has its text",
        kind => meaning(kind).split(';').next().unwrap_or_default(),
    }
}

/// A share, never rounded up to all of it.
fn percent(share: f64) -> String {
    let rounded = (share * 100.0).round().clamp(0.0, 100.0);
    let shown = if share < 1.0 { rounded.min(99.0) } else { rounded };
    format!("{shown} %")
}

/// Flags that a reader should see, in words.
pub(super) fn flags(classified: &ArticleClassified) -> Vec<&'static str> {
    let word = |flag: &String| match flag.as_str() {
        "carries_withdrawn" => Some("carries withdrawn text"),
        "needs_review" => Some("needs review"),
        "late" => Some("late"),
        "early" => Some("early"),
        _ => None,
    };
    classified.flags.iter().filter_map(word).collect()
}

/// `1 word`, `2 words`.
pub(super) fn words_of(count: u32) -> String {
    counted(u64::from(count), "word", "words")
}

/// A count with its noun.
pub(super) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_below_all_is_never_all() {
        let said = [0.0, 0.004, 0.5, 0.994, 0.999, 1.0].map(percent);
        assert_eq!(said, ["0 %", "0 %", "50 %", "99 %", "99 %", "100 %"]);
    }
}
