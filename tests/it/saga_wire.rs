//! A wire that reports one event for days, for the tests of running stories in the API and on the
//! page. The second, third and fourth stage of the event open stories that follow the first story.

use super::rig::{Rig, article};
use serde_json::{Value, json};
use wirefold_engine::Settings;
use wirefold_engine::article::Span;
use wirefold_engine::verdict::Ratio;

/// An article that arrives at a time in November 2026, such as `18T09:10`.
pub(crate) fn on(at: &str, uri: &str, provider: &str, headline: &str, body: &str) -> Value {
    let mut article = article("00:00:00", uri, provider, headline, body);
    let at = format!("2026-11-{at}:00Z");
    (article["arrived"], article["versioncreated"]) = (at.clone().into(), at.into());
    article
}

/// The first report and a second one, two unrelated articles, and three later stages.
pub(crate) fn wire() -> Vec<Value> {
    let mut wire = vec![
        on(
            "18T09:10",
            "n:1",
            "Northwire",
            "Ferry Halcyon runs aground off Marel",
            "A passenger ferry with 212 people on board ran aground off the island of Marel early \
             on Wednesday and began to take in water, the coast guard said. The captain of the \
             ferry Halcyon said the steering had failed. Fishing boats brought passengers of the \
             stranded ferry ashore.",
        ),
        on(
            "18T09:40",
            "k:1",
            "Kestrel",
            "Boats bring ferry passengers ashore at Marel",
            "Fishing boats brought 180 passengers of the stranded Marel ferry Halcyon ashore by \
             noon while coast guard divers searched the flooded car deck off the island.",
        ),
        on(
            "18T10:00",
            "b:1",
            "Meridian",
            "Central bank of Ostrava raises rate",
            "The central bank of Ostrava Province raised its main rate by a quarter point to 4.25 \
             percent on Wednesday, surprising markets that had expected no change.",
        ),
        on(
            "18T10:10",
            "f:1",
            "Velt",
            "Lind rejects Grauhorn tunnel",
            "Voters in the canton of Lind rejected a tunnel under the Grauhorn pass by 61 percent \
             to 39 on Sunday after a campaign about its cost.",
        ),
    ];
    wire.extend(later_stages());
    let tags = [
        ("n:1", "shipping", "Marel"),
        ("n:2", "justice", "Port Seltz"),
        ("m:3", "research", "Obersund"),
        ("m:4", "shipping", "Marel"),
    ];
    for (uri, subject, place) in tags {
        let article = wire.iter_mut().find(|article| article["uri"] == uri).unwrap();
        (article["subjects"], article["places"]) = (json!([subject]), json!(["Marel", place]));
    }
    wire
}

fn later_stages() -> [Value; 5] {
    [
        on(
            "20T15:00",
            "n:2",
            "Northwire",
            "Halcyon captain questioned over ferry grounding off Marel",
            "The captain of the ferry Halcyon, Tomas Fennel, told investigators in Port Seltz on \
             Friday that its steering had failed before the passenger ferry ran aground off Marel \
             with 212 people on board. He will be heard again before a court next week, his lawyer \
             said.",
        ),
        on(
            "20T16:00",
            "k:2",
            "Kestrel",
            "Ferry captain tells of failed steering off Marel",
            "Tomas Fennel, captain of the ferry Halcyon that ran aground off Marel, told \
             investigators that the steering had failed, the coast guard said.",
        ),
        on(
            "21T08:30",
            "m:3",
            "Meridian",
            "Divers find cracked rudder of ferry Halcyon off Marel",
            "Coast guard divers searched the stranded ferry Halcyon off the island of Marel and \
             found that its rudder had cracked before the passenger ferry ran aground. The Osmia \
             Labs of Obersund will examine the rudder.",
        ),
        on(
            "21T09:30",
            "t:3",
            "Tidewater",
            "Cracked rudder of ferry Halcyon photographed by divers",
            "Divers who found that the rudder of the ferry Halcyon had cracked off Marel sent \
             photographs of it to the Osmia Labs, the coast guard said.",
        ),
        on(
            "22T20:30",
            "m:4",
            "Meridian",
            "Ferry Halcyon towed off rocks at Marel",
            "Tugs from Lind towed the stranded ferry Halcyon off the rocks of the island of Marel, \
             where the passenger ferry had run aground with 212 people on board, the coast guard \
             said. Fishing boats watched the ferry go.",
        ),
    ]
}

/// A rig with the wire, whose articles stay live for `hours`.
pub(crate) fn rig(hours: i64) -> Rig {
    let mut settings = Settings { window: Span::hours(hours), ..Settings::default() };
    settings.stories.join = Ratio::new(0.35).unwrap();
    let mut rig = Rig::with(settings);
    for article in wire() {
        rig.commit(&[article]);
    }
    rig
}

/// A table of exchange rates. Each one opens a story that follows the story of an earlier one.
pub(crate) fn table(day: u32, hour: u32) -> Value {
    let n = day * 24 + hour;
    let body = format!(
        "Exchange rates of the Bank of Seltz at {hour} hours on day {day}: the crown stood at \
         7.{n}2 to the euro and at 6.{}0 to the dollar, the franc stood at 1.0{n} to the euro, the \
         bank said in its daily notice on the market for currencies.",
        n + 120
    );
    let at = format!("{day}T{hour:02}:00");
    on(&at, &format!("r:{n}"), "Northwire", "Seltz exchange rates", &body)
}
