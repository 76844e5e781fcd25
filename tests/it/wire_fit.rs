//! Tests that the state record and the events of the largest article that decoding accepts fit into
//! topics with the broker's default limits.

use serde_json::{Value, json};
use wirefold::daemon::pipeline::broker::{InputRecord, Partition};
use wirefold::daemon::pipeline::encoder::{EventContext, EventEncoder as _};
use wirefold::daemon::publish::{Encoder, Mode, UniqueTopic};
use wirefold_engine::Settings;
use wirefold_engine::article::{EventTime, InputPosition};
use wirefold_engine::decode::RecordPart;
use wirefold_engine::decode::{self, Format};
use wirefold_engine::event::EventKind;
use wirefold_engine::fingerprint::SamplingKey;
use wirefold_engine::prepare::prepare;
use wirefold_engine::state::State;

/// The default of a broker's `message.max.bytes` and of a topic's `max.message.bytes`.
const TOPIC_BYTES: usize = 1_048_588;

/// The default for the maximum number of relations of an article in addition to the best one.
const ALSO: usize = 8;

/// `own`, filled up to `bytes` bytes with a character that JSON escapes with six bytes.
fn filled(own: &str, bytes: usize) -> String {
    let mut text = own.to_owned();
    text.extend(std::iter::repeat_n('\u{1}', bytes - own.len()));
    text
}

/// Article `n`, with every field at its limit. Articles 0 and 1 have the same text; the text of
/// article 2 has more words than the engine reads, all of them figures.
fn largest(n: usize) -> Value {
    let uri = |own: &str| filled(&format!("{own}{n}"), 2_048);
    let words: String = (0..90).map(|n| format!("word{n} ")).collect();
    let figures: String = (1_000_000..1_066_000).map(|n| format!("{n} ")).collect();
    let mut links: Vec<Value> = (0..28)
        .map(|l| json!({"uri": uri(&format!("l{l}")), "version": filled("", 256)}))
        .collect();
    links.extend(vec![json!({"uri": "u"}); 222]);
    json!({
        "uri": uri("u"),
        "version": filled("1", 256),
        "provider": filled("p", 512),
        "creditline": filled("c", 1_024),
        "headline": filled("h", 16_384),
        "slugline": filled("s", 1_024),
        "genre": filled("g", 1_024),
        "signals": vec![filled("s", 128); 100],
        "replaces": links,
        "language": "en",
        "published": "no time", "embargoed": "no time", "urgency": "none",
        "body": if n < 2 { words } else { figures },
    })
}

#[test]
fn the_largest_article_fits_every_topic() {
    let (settings, key) = (Settings::default(), SamplingKey(7));
    let mut state = State::new(settings.clone(), key);
    let (mut largest_of, mut related) = ([0; 2], false);
    for mode in [Mode::Structured, Mode::Binary] {
        let encoder = Encoder::new(mode, "wirefold", "5e77".into(), UniqueTopic::Off);
        for n in 0..3 {
            let payload = largest(n).to_string().into_bytes();
            let article =
                decode::decode(&payload, None, Format::Json, &settings.decode).remove(0).unwrap();
            let offset = n as i64;
            let input = InputPosition { topic: "wire".into(), partition: 0, offset, item: 0 };
            let record = InputRecord {
                from: Partition { topic: "wire".into(), partition: 0 },
                offset,
                timestamp: None,
                key: None,
                payload: Some(payload),
                headers: Vec::new(),
            };
            let new = prepare(article, &settings, key);
            let outcome = state.apply(new, EventTime(60_000 * offset), input);
            for mut event in outcome.events {
                if let EventKind::Classified(classified) = &mut event.kind
                    && classified.verdict.relation.of.is_some()
                {
                    related = true;
                    let verdict = &mut classified.verdict;
                    verdict.relation.root = verdict.relation.of.clone();
                    verdict.also = vec![verdict.relation.clone(); ALSO];
                }
                let context = EventContext {
                    event: &event,
                    n: 0,
                    sequence: 1,
                    record: &record,
                    part: &RecordPart::Whole,
                    items: 1,
                    resets: 0,
                };
                for output in encoder.encode(&context) {
                    largest_of[0] = largest_of[0].max(output.bytes());
                }
            }
            for change in outcome.changes {
                largest_of[1] = largest_of[1].max(change.value.map_or(0, |value| value.len()));
            }
        }
    }
    let [event, record] = largest_of;
    assert!(related, "no article was a copy of another");
    assert!(
        event > 300_000 && record > 300_000,
        "event or record is too small for this test: {event}, {record}"
    );
    assert!(event <= TOPIC_BYTES, "an event of {event} bytes");
    let related = 2 * (1 + ALSO) * (2_048 + 256);
    assert!(record + related + 200 <= TOPIC_BYTES, "a state record of {record} bytes");
}
