//! Words and parts of words that negate, by language. Contains only data.

/// The negations of each language, separated by spaces.
pub(super) const NEGATIONS: &[(&str, &str)] = &[
    (
        "en",
        "not no never none nobody nothing without neither nor cannot isn wasn aren weren don doesn \
         didn hasn haven hadn couldn wouldn shouldn denies denied fails failed",
    ),
    (
        "de",
        "nicht kein keine keinen keinem keiner keines nie niemals niemand nichts ohne weder nein",
    ),
    ("fr", "ne n pas non jamais aucun aucune sans ni rien personne nul nulle"),
    ("es", "no nunca jamás ningún ninguno ninguna sin tampoco ni nadie nada"),
    ("it", "non mai nessun nessuno nessuna senza né niente nulla no"),
    ("pt", "não nunca jamais nenhum nenhuma sem nem ninguém nada"),
    ("ro", "nu niciodată niciun nicio nimeni nimic fără nici"),
    ("nl", "niet geen nooit niemand niets zonder noch nee"),
    ("pl", "nie bez nigdy żaden żadna żadne żadnego nikt nic ani"),
    ("ru", "не нет ни без никогда никто ничего никакой никаких нельзя"),
    ("uk", "не ні немає без ніколи ніхто нічого жоден жодна жодного жодної"),
    (
        "cs",
        "ne není nejsou nikdy nikdo nic žádný žádná žádné bez ani nebyl nebyla nebylo nebyli \
         nebude nebudou nemá nemají neměl neměla nemůže nemohou nechce nechtěl nesmí",
    ),
    ("tr", "değil değildi değildir yok hiç hiçbir asla ne olmadan olmadı olmaz etmez"),
    ("ar", "لا ولا لم ولم لن ولن ليس ليست وليس غير دون بدون ما عدم"),
    ("he", "לא ולא שלא אין ואין אינו אינה אינם בלי ללא מעולם"),
    (
        "fa",
        "نیست نیستند نبود نبودند نشد نشده نکرد نکرده نکردند ندارد ندارند نداشت نخواهد بدون هیچ \
         هرگز",
    ),
    ("hi", "नहीं न ना मत बिना बगैर"),
    ("id", "tidak bukan tak belum jangan tanpa"),
    ("vi", "không chưa chẳng đừng"),
    ("zh", "不 没 未 无 非 否 沒 無"),
    ("ja", "不 未 無 非 否"),
    ("ko", "못 아닌"),
    ("sv", "inte ej ingen inga inget ingenting aldrig utan varken"),
    ("da", "ikke ej ingen intet ingenting aldrig uden hverken"),
    ("no", NORWEGIAN),
    ("nb", NORWEGIAN),
    ("nn", NORWEGIAN),
    ("fi", "ei eivät emme en et ette eikä älä ilman"),
    ("hu", "nem ne nincs nincsenek sem se soha senki semmi nélkül"),
    ("el", "δεν δε μη μην όχι χωρίς ποτέ κανείς κανένας καμία τίποτα ούτε"),
];

/// The negations of Norwegian, in both written languages.
const NORWEGIAN: &str = "ikke ikkje ingen inga intet ingenting aldri uten utan verken";

/// Parts of words that negate, in languages that negate with an affix. Spaces in the list separate
/// parts, and `_` is the edge of a word.
///
/// The Turkish ones are endings of the negated verb (`etmeyecek`, `gelmedi`). Shorter endings would
/// also be found in nouns.
pub(super) const WITHIN_WORDS: &[(&str, &str)] = &[
    ("tr", "meyec mayac miyor mıyor müyor muyor medi_ madı_ mediğ madığ memiş mamış meyen mayan"),
    ("ja", "ない なか なく なけ ません せず"),
    ("ko", "않 못하 못한 못했 없 아니"),
    ("fa", "_نمی"),
];
