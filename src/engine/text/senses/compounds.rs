//! The numbers from 21 to 99 in languages that join tens and units into one word. Contains the
//! words and the code that joins them.

/// How a language joins tens and units.
struct Compounds {
    language: &'static str,
    /// The words for 1 to 9.
    units: &'static str,
    /// The words for 20, 30 and so on to 90.
    tens: &'static str,
    order: Order,
}

/// Which part comes first.
enum Order {
    /// The unit, followed by this word for *and*, then the tens.
    UnitFirst(&'static str),
    TensFirst,
    /// The tens, which lose their last letter before the units 1 and 8 (`ventuno`, `ventotto`).
    TensFirstElided,
}

const COMPOUNDS: &[Compounds] = &[
    Compounds {
        language: "de",
        units: "ein zwei drei vier fünf sechs sieben acht neun",
        tens: "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig",
        order: Order::UnitFirst("und"),
    },
    Compounds {
        language: "nl",
        units: "een twee drie vier vijf zes zeven acht negen",
        tens: "twintig dertig veertig vijftig zestig zeventig tachtig negentig",
        order: Order::UnitFirst("en"),
    },
    Compounds {
        language: "da",
        units: "en to tre fire fem seks syv otte ni",
        tens: "tyve tredive fyrre halvtreds tres halvfjerds firs halvfems",
        order: Order::UnitFirst("og"),
    },
    Compounds {
        language: "it",
        units: "uno due tre quattro cinque sei sette otto nove",
        tens: "venti trenta quaranta cinquanta sessanta settanta ottanta novanta",
        order: Order::TensFirstElided,
    },
    Compounds {
        language: "sv",
        units: "ett två tre fyra fem sex sju åtta nio",
        tens: "tjugo trettio fyrtio femtio sextio sjuttio åttio nittio",
        order: Order::TensFirst,
    },
    norwegian("no"),
    norwegian("nb"),
    norwegian("nn"),
    Compounds {
        language: "fi",
        units: "yksi kaksi kolme neljä viisi kuusi seitsemän kahdeksan yhdeksän",
        tens: "kaksikymmentä kolmekymmentä neljäkymmentä viisikymmentä kuusikymmentä \
               seitsemänkymmentä kahdeksankymmentä yhdeksänkymmentä",
        order: Order::TensFirst,
    },
    Compounds {
        language: "hu",
        units: "egy kettő három négy öt hat hét nyolc kilenc",
        tens: "huszon harminc negyven ötven hatvan hetven nyolcvan kilencven",
        order: Order::TensFirst,
    },
];

/// The compounds of Norwegian, for one of its language codes.
const fn norwegian(language: &'static str) -> Compounds {
    Compounds {
        language,
        units: "en to tre fire fem seks sju åtte ni",
        tens: "tjue tretti førti femti seksti sytti åtti nitti",
        order: Order::TensFirst,
    }
}

/// Calls `add` with the language, value and form of every compound.
pub(super) fn each(add: &mut impl FnMut(&'static str, u64, &str)) {
    for compounds in COMPOUNDS {
        for (ten, tens) in (2..).zip(compounds.tens.split(' ')) {
            for (unit, units) in (1..).zip(compounds.units.split(' ')) {
                let word = match compounds.order {
                    Order::UnitFirst(and) => format!("{units}{and}{tens}"),
                    Order::TensFirstElided if matches!(unit, 1 | 8) => {
                        format!("{}{units}", &tens[..tens.len() - 1])
                    }
                    Order::TensFirst | Order::TensFirstElided => format!("{tens}{units}"),
                };
                add(compounds.language, 10 * ten + unit, &word);
            }
        }
    }
}
