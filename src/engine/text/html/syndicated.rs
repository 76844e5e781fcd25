//! Recognizes the line that WordPress and other systems add below each article of a feed: `The post
//! Bridge reopens appeared first on Kestrel.`
//!
//! The parts of such a line around the headline and the name of the site are listed, so a sentence
//! that only resembles one is not mistaken for it.

/// For each language, the parts of the line, in lower case. A line starts with the first part; the
/// others follow in this order.
const LINES: &[&[&str]] = &[
    &["the post ", " appeared first on "],
    &["the article ", " appeared first on "],
    &["the post ", " first appeared on "],
    &["der beitrag ", " erschien zuerst auf "],
    &["l’article ", " est apparu en premier sur "],
    &["l'article ", " est apparu en premier sur "],
    &["la entrada ", " se publicó primero en "],
    &["la entrada ", " aparece primero en "],
    &["l’articolo ", " proviene da "],
    &["l'articolo ", " proviene da "],
    &["o conteúdo ", " aparece primeiro em "],
    &["o post ", " apareceu primeiro em "],
    &["het bericht ", " verscheen eerst op "],
    &["inlägget ", " dök först upp på "],
    &["indlægget ", " blev først udgivet på "],
    &["innlegget ", " dukket først opp på "],
    &["artikkeli ", " julkaistiin ensimmäisen kerran "],
    &["artykuł ", " pochodzi z serwisu "],
    &["příspěvek ", " pochází z "],
    &["сообщение ", " появились сначала на "],
    &["запись ", " впервые появилась "],
    &["ظهرت المقالة ", " أولاً على "],
    &["投稿 ", " は ", " に最初に表示されました"],
    &["bài viết ", " đã xuất hiện đầu tiên trên "],
    &["artikel ", " pertama kali tampil pada "],
];
/// What is left of a line such as `HEADLINE first appeared on SITE` if headline and site are links
/// and the text of links is removed.
const AROUND_LINKS: [&str; 6] = [
    "first appeared on",
    "appeared first on",
    "originally appeared on",
    "was originally published in",
    "最先出现在",
    "yazısı ilk önce üzerinde ortaya çıktı",
];
/// Maximum length of such a line in bytes.
const LINE_BYTES_MAX: usize = 600;

/// The text without such a line at its end. A text that consists only of such a line is unchanged.
pub(super) fn without_last_line(text: &str) -> &str {
    let shown = text.trim_end();
    let Some(newline) = memchr::memrchr(b'\n', shown.as_bytes()) else { return text };
    let (before, line) = (shown[..newline].trim_end(), shown[newline..].trim());
    if line.len() <= LINE_BYTES_MAX && !before.is_empty() && is_listed(line) {
        before
    } else {
        text
    }
}

fn is_listed(line: &str) -> bool {
    let line = line.to_lowercase();
    LINES.iter().any(|parts| {
        let Some(mut rest) = line.strip_prefix(parts[0]) else { return false };
        parts[1..].iter().all(|part| match rest.split_once(part) {
            Some((name, after)) => {
                rest = after;
                !name.trim().is_empty()
            }
            None => false,
        })
    })
}

/// Whether `text`, the text of a paragraph without the text of its links, belongs to such a line.
pub(super) fn surrounds_links(text: &str) -> bool {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || ".。".contains(c))
        .filter(|word| !word.is_empty())
        .collect();
    AROUND_LINKS.contains(&&*words.join(" ").to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_line_of_a_feed_is_removed() {
        for line in [
            "The post Bridge reopens appeared first on Kestrel.",
            "Der Beitrag Brücke zu erschien zuerst auf Kestrel.",
            "Сообщение Мост закрыт появились сначала на Kestrel.",
            "Artykuł Most zamknięty pochodzi z serwisu Kestrel.",
            "Inlägget Bron stängd dök först upp på Kestrel.",
            "投稿 橋が閉鎖 は Kestrel に最初に表示されました。",
        ] {
            assert_eq!(without_last_line(&format!("A text.\n\n{line}\n")), "A text.", "{line}");
            assert_eq!(without_last_line(line), line);
        }
        for text in [
            "A text.\n\nThe post office in Marel closes.",
            "Ein Text.\n\nDer Roman erschien zuerst auf Englisch.",
            "A text.\n\nThe post appeared first on Kestrel.",
            "Un testo.\n\nL'olio proviene da Valmare.",
        ] {
            assert_eq!(without_last_line(text), text);
        }
    }
}
