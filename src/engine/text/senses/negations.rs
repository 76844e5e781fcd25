//! Words that negate, by language. Data.

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
    ("nl", "niet geen nooit niemand niets zonder noch nee"),
    ("pl", "nie bez nigdy żaden żadna żadne żadnego nikt nic ani"),
    ("ru", "не нет ни без никогда никто ничего никакой никаких нельзя"),
    ("tr", "değil değildi değildir yok hiç hiçbir asla ne olmadan olmadı"),
    ("ar", "لا لم لن ليس ليست غير دون بدون ما عدم"),
    ("zh", "不 没 未 无 非 否 沒 無"),
    ("ja", "不 未 無 非 否"),
    ("sv", "inte ej ingen inga inget aldrig utan"),
    ("da", "ikke ej ingen intet aldrig uden"),
    ("no", "ikke ingen intet aldri uten"),
    ("nb", "ikke ingen intet aldri uten"),
    ("cs", "ne není nikdy nikdo žádný žádná bez ani nebyl nebyla"),
    ("uk", "не ні немає без ніколи ніхто нічого"),
];
