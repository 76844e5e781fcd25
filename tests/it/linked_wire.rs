//! A wire with one event in three languages, for the tests of linked stories in the API and on the
//! page.

use super::rig::article;
use serde_json::{Value, json};

/// Two English reports, a German and a Chinese one, and an unrelated article.
pub(crate) fn wire() -> Vec<Value> {
    let mut german = article(
        "10:05:00",
        "h:1",
        "Hafendienst",
        "Fähre vor Rotterdam auf Grund gelaufen",
        "Die Fähre Halcyon ist am Montag mit 412 Menschen an Bord vor Rotterdam auf Grund gelaufen. \
         Kapitänin Mirjam Brandauer meldete der Küstenwache, um 6.40 Uhr sei die Steuerung \
         ausgefallen. Die Reederei Osterlund schickte zwei Schlepper.",
    );
    german["language"] = json!("de");
    let mut chinese = article(
        "10:10:00",
        "d:1",
        "Delta",
        "载有412人的渡轮在鹿特丹附近搁浅",
        "周一，载有412人的渡轮“Halcyon”在鹿特丹附近搁浅。船长 Mirjam Brandauer 表示，转向系统在6.40失灵。\
         船主 Osterlund 派出了两艘拖船。",
    );
    chinese["language"] = json!("zh");
    vec![
        article(
            "10:00:00",
            "n:1",
            "Northwire",
            "Ferry with 412 on board aground off Rotterdam",
            "The ferry Halcyon ran aground off Rotterdam on Monday with 412 people on board, \
             captain Mirjam Brandauer said. Brandauer told the coastguard that the steering had \
             failed at 6.40 a.m. The owner, Osterlund Lines, sent two tugs.",
        ),
        german,
        chinese,
        article(
            "10:20:00",
            "k:1",
            "Kestrel",
            "Rotterdam ferry Halcyon aground with 412 people",
            "The ferry Halcyon with 412 people on board is aground off Rotterdam. Captain Mirjam \
             Brandauer said the steering failed. Osterlund Lines, the owner, sent tugs.",
        ),
        article(
            "10:31:00",
            "v:1",
            "Velt",
            "Rain until Thursday",
            "Heavy rain is expected along the coast until Thursday, forecasters in Ghent said on \
             Tuesday. Farmers were told to bring in the hay.",
        ),
    ]
}
