//! Whether a passage at the edge of a text reads as part of the report, or as boilerplate.
//!
//! In: the passage, with the punctuation around it, and the names of the senders of both texts.
//! Out: whether it is written like a sentence of a report. Boilerplate often consists of sentences
//! too, but these address the reader, name a sender, or contain an address or a listed phrase:
//!
//! ```text
//! Two people died.                                    report
//! Our reporters cover the coast every day.            boilerplate
//! (Reporting by Ada Fenn)                             boilerplate
//! ```
//!
//! Cost: one pass over the passage.

use super::archive::{Arrival, Earlier};
use crate::boilerplate::listed::READER_WORDS;
use crate::text::script::is_unsegmented;
use crate::text::{contains_boilerplate, starts_trailer};

/// Characters and parts of words that occur in addresses, notices and lists of links.
const ADDRESS_PARTS: &[&str] =
    &["http", "www.", "@", "©", "|", "•", "»", "→", "#", ".com", ".org", ".net", "://"];
/// Punctuation that ends a sentence.
const SENTENCE_ENDS: [char; 7] = ['.', '!', '?', '。', '！', '？', '؟'];
/// Quotation marks and brackets that may follow the end of a sentence.
const CLOSING: [char; 9] = ['"', '”', '»', '’', '\'', ')', '」', '』', '“'];
/// Minimum length of a report's sentence, in words, or in characters of a script without spaces.
const WORDS_MIN: usize = 2;
/// A colon after at most this many words marks a label, as in `Contact: the harbour office`.
const LABEL_WORDS_MAX: usize = 4;
/// Words of a sender's name with fewer letters than this are ignored.
const SENDER_LETTERS_MIN: usize = 4;

/// The names of the senders of both texts.
pub(super) fn senders<'a>(new: Arrival<'a>, that: Earlier<'a>) -> [Option<&'a str>; 2] {
    [new.about.provider.as_deref(), that.about.provider.as_deref()]
}

/// Whether `passage` reads as part of a report, sent by one of `senders`.
pub(super) fn is_report(passage: &str, senders: [Option<&str>; 2]) -> bool {
    let shown = passage.trim();
    let bare = shown.trim_end_matches(CLOSING);
    if !bare.ends_with(SENTENCE_ENDS)
        || shown.starts_with(['(', '[', '（', '【', '*', '-', '–', '—'])
    {
        return false;
    }
    let lower = shown.to_lowercase();
    let words = || lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let unsegmented = shown.chars().any(is_unsegmented);
    let long = match unsegmented {
        true => shown.chars().filter(|c| c.is_alphanumeric()).nth(2 * WORDS_MIN).is_some(),
        // Two words with capital letters are a name.
        false => {
            words().nth(WORDS_MIN).is_some()
                || words().nth(WORDS_MIN - 1).is_some()
                    && shown.split_whitespace().skip(1).all(|w| w.starts_with(char::is_lowercase))
        }
    };
    let label = lower.split(&[':', '：'][..]).next().filter(|label| label.len() < lower.len());
    let labelled = label.is_some_and(|label| {
        let few = label.split_whitespace().nth(LABEL_WORDS_MAX).is_none();
        few && !label.contains(SENTENCE_ENDS)
    });
    let listed = ADDRESS_PARTS.iter().any(|part| lower.contains(part))
        || contains_boilerplate(&lower)
        || starts_trailer(&lower);
    let addresses = words().any(|word| READER_WORDS.contains(&word))
        || unsegmented
            && READER_WORDS.iter().any(|word| is_unsegmented_word(word) && lower.contains(word));
    let names_sender = senders.into_iter().flatten().any(|sender| {
        let sender = sender.to_lowercase();
        let mut names = sender.split(|c: char| !c.is_alphanumeric());
        names.any(|name| name.chars().nth(SENDER_LETTERS_MIN - 1).is_some() && lower.contains(name))
    });
    long && !labelled && !listed && !addresses && !names_sender
}

/// Whether a listed word is in a script without spaces, where it can occur within a longer run.
fn is_unsegmented_word(word: &str) -> bool {
    word.chars().all(is_unsegmented)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_of_reports_are_told_from_boilerplate() {
        for passage in [
            "Two people died.",
            "No one was hurt.",
            "Dos personas murieron en el puerto.",
            "Никто не пострадал.",
            "Пострадавших нет.",
            "Zwei Fischer werden noch vermisst.",
            "两名船员在事故中受伤。",
            "\"It was dark,\" she said.",
        ] {
            assert!(is_report(passage, [Some("Bay Press"), Some("Northwire")]), "{passage}");
        }
        for passage in [
            "(Reporting by Ada Fenn)",
            "Our reporters cover the coast every day.",
            "Northwire covers the coast every day.",
            "Contact: the press office in Port Seltz.",
            "Unsere Redaktion freut sich auf Post.",
            "Abonnez-vous à notre lettre du matin.",
            "Write to desk@northwire.example with corrections.",
            "Read more about the harbour.",
            "Подписывайтесь на нас в соцсетях.",
            "欢迎关注本报微信公众号。",
            "Sign up",
            "Ada Fenn.",
            "Harbour news",
        ] {
            assert!(!is_report(passage, [Some("Bay Press"), Some("Northwire")]), "{passage}");
        }
    }
}
