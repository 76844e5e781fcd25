//! Numbers written as words, by language. Data, and code for the compounds of German and Italian.

/// Forms that are the number one or an indefinite article. They count as a number only if the other
/// text has a number in the same place.
pub(super) const ONE_OR_ARTICLE: &[(&str, &str)] = &[
    ("en", "a an"),
    ("de", "ein eine einen einem einer eines"),
    ("fr", "un une"),
    ("es", "un una uno"),
    ("it", "un una uno"),
    ("pt", "um uma"),
    ("nl", "een"),
    ("tr", "bir"),
    ("sv", "en ett"),
    ("da", "en et"),
    ("no", "en et ei"),
    ("nb", "en et ei"),
];

/// For each language, the values and their words, which are separated by spaces.
#[rustfmt::skip]
const NUMBERS: &[(&str, &[(u64, &str)])] = &[
    ("en", &[
        (0, "zero nil"), (1, "one first once"), (2, "two second twice"), (3, "three third thrice"),
        (4, "four fourth"), (5, "five fifth"), (6, "six sixth"), (7, "seven seventh"),
        (8, "eight eighth"), (9, "nine ninth"), (10, "ten tenth"), (11, "eleven eleventh"),
        (12, "twelve twelfth dozen"), (13, "thirteen"), (14, "fourteen"), (15, "fifteen"),
        (16, "sixteen"), (17, "seventeen"), (18, "eighteen"), (19, "nineteen"), (20, "twenty"),
        (30, "thirty"), (40, "forty"), (50, "fifty"), (60, "sixty"), (70, "seventy"),
        (80, "eighty"), (90, "ninety"), (100, "hundred hundreds"), (1_000, "thousand thousands"),
        (1_000_000, "million millions mln"), (1_000_000_000, "billion billions bln"),
        (1_000_000_000_000, "trillion trillions"),
    ]),
    ("de", &[
        (0, "null"), (1, "eins"), (2, "zwei zweite zweiten zwo beide"), (3, "drei dritte dritten"),
        (4, "vier vierte vierten"), (5, "fünf fünfte fünften"), (6, "sechs sechste sechsten"),
        (7, "sieben siebte siebten"), (8, "acht achte achten"), (9, "neun neunte neunten"),
        (10, "zehn zehnte zehnten"), (11, "elf elfte elften"), (12, "zwölf dutzend"),
        (13, "dreizehn"), (14, "vierzehn"), (15, "fünfzehn"), (16, "sechzehn"), (17, "siebzehn"),
        (18, "achtzehn"), (19, "neunzehn"), (20, "zwanzig"), (30, "dreißig"), (40, "vierzig"),
        (50, "fünfzig"), (60, "sechzig"), (70, "siebzig"), (80, "achtzig"), (90, "neunzig"),
        (100, "hundert einhundert"), (200, "zweihundert"), (300, "dreihundert"),
        (400, "vierhundert"), (500, "fünfhundert"), (1_000, "tausend eintausend"),
        (1_000_000, "million millionen mio"), (1_000_000_000, "milliarde milliarden mrd"),
        (1_000_000_000_000, "billion billionen"),
    ]),
    ("fr", &[
        (0, "zéro"), (1, "premier première"), (2, "deux deuxième second seconde"),
        (3, "trois troisième"), (4, "quatre quatrième"), (5, "cinq cinquième"), (6, "six sixième"),
        (7, "sept septième"), (8, "huit huitième"), (9, "neuf neuvième"), (10, "dix dizaine"),
        (11, "onze"), (12, "douze douzaine"), (13, "treize"), (14, "quatorze"),
        (15, "quinze quinzaine"), (16, "seize"), (20, "vingt vingts vingtaine"),
        (30, "trente trentaine"), (40, "quarante"), (50, "cinquante"), (60, "soixante"),
        (70, "septante"), (80, "huitante octante"), (90, "nonante"), (100, "cent cents centaine"),
        (1_000, "mille millier milliers"), (1_000_000, "million millions"),
        (1_000_000_000, "milliard milliards"),
    ]),
    ("es", &[
        (0, "cero"), (1, "primer primero primera"), (2, "dos segundo segunda"),
        (3, "tres tercer tercero tercera"), (4, "cuatro cuarto cuarta"),
        (5, "cinco quinto quinta"), (6, "seis sexto sexta"), (7, "siete séptimo séptima"),
        (8, "ocho octavo octava"), (9, "nueve noveno"), (10, "diez décimo decena"), (11, "once"),
        (12, "doce docena"), (13, "trece"), (14, "catorce"), (15, "quince"), (16, "dieciséis"),
        (17, "diecisiete"), (18, "dieciocho"), (19, "diecinueve"), (20, "veinte veintena"),
        (21, "veintiuno veintiún veintiuna"), (22, "veintidós"), (23, "veintitrés"),
        (24, "veinticuatro"), (25, "veinticinco"), (26, "veintiséis"), (27, "veintisiete"),
        (28, "veintiocho"), (29, "veintinueve"), (30, "treinta"), (40, "cuarenta"),
        (50, "cincuenta"), (60, "sesenta"), (70, "setenta"), (80, "ochenta"), (90, "noventa"),
        (100, "cien ciento centenar"), (200, "doscientos doscientas"),
        (300, "trescientos trescientas"), (400, "cuatrocientos cuatrocientas"),
        (500, "quinientos quinientas"), (600, "seiscientos"), (700, "setecientos"),
        (800, "ochocientos"), (900, "novecientos"), (1_000, "mil miles millar"),
        (1_000_000, "millón millones"), (1_000_000_000_000, "billón billones"),
    ]),
    ("it", &[
        (0, "zero"), (1, "primo prima"), (2, "due secondo seconda"), (3, "tre terzo terza"),
        (4, "quattro quarto quarta"), (5, "cinque quinto quinta"), (6, "sei sesto sesta"),
        (7, "sette settimo settima"), (8, "otto ottavo"), (9, "nove nono"),
        (10, "dieci decimo decina"), (11, "undici"), (12, "dodici dozzina"), (13, "tredici"),
        (14, "quattordici"), (15, "quindici"), (16, "sedici"), (17, "diciassette"),
        (18, "diciotto"), (19, "diciannove"), (20, "venti ventina"), (30, "trenta trentina"),
        (40, "quaranta"), (50, "cinquanta"), (60, "sessanta"), (70, "settanta"), (80, "ottanta"),
        (90, "novanta"), (100, "cento centinaio centinaia"), (200, "duecento"), (300, "trecento"),
        (500, "cinquecento"), (1_000, "mille mila migliaia"), (2_000, "duemila"),
        (1_000_000, "milione milioni"), (1_000_000_000, "miliardo miliardi"),
    ]),
    ("pt", &[
        (0, "zero"), (1, "primeiro primeira"), (2, "dois duas segundo segunda"),
        (3, "três terceiro terceira"), (4, "quatro quarto"), (5, "cinco quinto"),
        (6, "seis sexto"), (7, "sete sétimo"), (8, "oito oitavo"), (9, "nove nono"),
        (10, "dez décimo dezena"), (11, "onze"), (12, "doze dúzia"), (13, "treze"),
        (14, "catorze quatorze"), (15, "quinze"), (16, "dezesseis dezasseis"),
        (17, "dezessete dezassete"), (18, "dezoito"), (19, "dezenove dezanove"), (20, "vinte"),
        (30, "trinta"), (40, "quarenta"), (50, "cinquenta"), (60, "sessenta"), (70, "setenta"),
        (80, "oitenta"), (90, "noventa"), (100, "cem cento centena"), (200, "duzentos duzentas"),
        (300, "trezentos trezentas"), (500, "quinhentos"), (1_000, "mil"),
        (1_000_000, "milhão milhões"), (1_000_000_000, "bilhão bilhões"),
    ]),
    ("nl", &[
        (0, "nul"), (1, "één eerste"), (2, "twee tweede"), (3, "drie derde"), (4, "vier vierde"),
        (5, "vijf vijfde"), (6, "zes zesde"), (7, "zeven zevende"), (8, "acht achtste"),
        (9, "negen negende"), (10, "tien tiende"), (11, "elf"), (12, "twaalf dozijn"),
        (13, "dertien"), (14, "veertien"), (15, "vijftien"), (16, "zestien"), (17, "zeventien"),
        (18, "achttien"), (19, "negentien"), (20, "twintig"), (30, "dertig"), (40, "veertig"),
        (50, "vijftig"), (60, "zestig"), (70, "zeventig"), (80, "tachtig"), (90, "negentig"),
        (100, "honderd"), (1_000, "duizend"), (1_000_000, "miljoen"), (1_000_000_000, "miljard"),
    ]),
    ("pl", &[
        (0, "zero"), (1, "jeden jedna jedno jednego jednej pierwszy pierwsza"),
        (2, "dwa dwie dwóch dwu dwaj dwoje drugi druga"), (3, "trzy trzech trzej troje trzeci"),
        (4, "cztery czterech czterej czworo czwarty"), (5, "pięć pięciu pięcioro piąty"),
        (6, "sześć sześciu sześcioro szósty"), (7, "siedem siedmiu siedmioro siódmy"),
        (8, "osiem ośmiu ośmioro ósmy"), (9, "dziewięć dziewięciu dziewiąty"),
        (10, "dziesięć dziesięciu"), (11, "jedenaście jedenastu"), (12, "dwanaście dwunastu"),
        (13, "trzynaście trzynastu"), (14, "czternaście czternastu"),
        (15, "piętnaście piętnastu"), (16, "szesnaście szesnastu"),
        (17, "siedemnaście siedemnastu"), (18, "osiemnaście osiemnastu"),
        (19, "dziewiętnaście dziewiętnastu"), (20, "dwadzieścia dwudziestu"),
        (30, "trzydzieści trzydziestu"), (40, "czterdzieści czterdziestu"),
        (50, "pięćdziesiąt pięćdziesięciu"), (60, "sześćdziesiąt"), (70, "siedemdziesiąt"),
        (80, "osiemdziesiąt"), (90, "dziewięćdziesiąt"), (100, "sto stu"), (200, "dwieście"),
        (300, "trzysta"), (400, "czterysta"), (500, "pięćset"), (1_000, "tysiąc tysiące tysięcy"),
        (1_000_000, "milion miliony milionów"), (1_000_000_000, "miliard miliardy miliardów"),
    ]),
    ("ru", &[
        (0, "ноль нуль"), (1, "один одна одно одного одной первый первая"),
        (2, "два две двух двое второй вторая"), (3, "три трех трёх трое третий третья"),
        (4, "четыре четырех четырёх четверо четвертый"), (5, "пять пяти пятеро пятый"),
        (6, "шесть шести шестеро шестой"), (7, "семь семи семеро седьмой"),
        (8, "восемь восьми восьмой"), (9, "девять девяти девятый"), (10, "десять десяти десятый"),
        (11, "одиннадцать одиннадцати"), (12, "двенадцать двенадцати"),
        (13, "тринадцать тринадцати"), (14, "четырнадцать четырнадцати"),
        (15, "пятнадцать пятнадцати"), (16, "шестнадцать шестнадцати"),
        (17, "семнадцать семнадцати"), (18, "восемнадцать восемнадцати"),
        (19, "девятнадцать девятнадцати"), (20, "двадцать двадцати"), (30, "тридцать тридцати"),
        (40, "сорок сорока"), (50, "пятьдесят пятидесяти"), (60, "шестьдесят"),
        (70, "семьдесят"), (80, "восемьдесят"), (90, "девяносто"), (100, "сто ста сотни"),
        (200, "двести двухсот"), (300, "триста"), (400, "четыреста"), (500, "пятьсот"),
        (1_000, "тысяча тысячи тысяч"), (1_000_000, "миллион миллиона миллионов"),
        (1_000_000_000, "миллиард миллиарда миллиардов"),
    ]),
    ("uk", &[
        (1, "один одна одне"), (2, "два дві двох двоє"), (3, "три трьох троє"),
        (4, "чотири чотирьох"), (5, "п'ять пяти"), (6, "шість шести"), (7, "сім семи"),
        (8, "вісім восьми"), (10, "десять десяти"), (20, "двадцять"), (30, "тридцять"),
        (40, "сорок"), (100, "сто"), (1_000, "тисяча тисячі тисяч"),
        (1_000_000, "мільйон мільйонів"),
    ]),
    ("tr", &[
        (0, "sıfır"), (1, "birinci"), (2, "iki ikinci"), (3, "üç üçüncü"), (4, "dört dördüncü"),
        (5, "beş beşinci"), (6, "altı altıncı"), (7, "yedi yedinci"), (8, "sekiz sekizinci"),
        (9, "dokuz dokuzuncu"), (10, "on onuncu"), (20, "yirmi"), (30, "otuz"), (40, "kırk"),
        (50, "elli"), (60, "altmış"), (70, "yetmiş"), (80, "seksen"), (90, "doksan"),
        (100, "yüz"), (1_000, "bin"), (1_000_000, "milyon"), (1_000_000_000, "milyar"),
    ]),
    ("ar", &[
        (0, "صفر"), (1, "واحد واحدة"), (2, "اثنان اثنين اثنتان اثنتين"), (3, "ثلاثة ثلاث"),
        (4, "أربعة أربع اربعة"), (5, "خمسة خمس"), (6, "ستة ست"), (7, "سبعة سبع"),
        (8, "ثمانية ثماني ثمان"), (9, "تسعة تسع"), (10, "عشرة عشر"), (20, "عشرون عشرين"),
        (30, "ثلاثون ثلاثين"), (40, "أربعون أربعين"), (50, "خمسون خمسين"), (60, "ستون ستين"),
        (70, "سبعون سبعين"), (80, "ثمانون ثمانين"), (90, "تسعون تسعين"), (100, "مئة مائة"),
        (200, "مئتان مئتين مائتان مائتين"), (1_000, "ألف آلاف"), (1_000_000, "مليون ملايين"),
        (1_000_000_000, "مليار مليارات"),
    ]),
    ("zh", &[
        (0, "零 〇"), (1, "一"), (2, "二 两 兩"), (3, "三"), (4, "四"), (5, "五"), (6, "六"),
        (7, "七"), (8, "八"), (9, "九"), (10, "十"), (100, "百"), (1_000, "千"),
        (10_000, "万 萬"), (100_000_000, "亿 億"),
    ]),
    ("ja", &[
        (0, "零 〇"), (1, "一"), (2, "二"), (3, "三"), (4, "四"), (5, "五"), (6, "六"), (7, "七"),
        (8, "八"), (9, "九"), (10, "十"), (100, "百"), (1_000, "千"), (10_000, "万"),
        (100_000_000, "億"),
    ]),
    ("sv", &[
        (2, "två"), (3, "tre"), (4, "fyra"), (5, "fem"), (6, "sex"), (7, "sju"), (8, "åtta"),
        (9, "nio"), (10, "tio"), (11, "elva"), (12, "tolv"), (13, "tretton"), (14, "fjorton"),
        (15, "femton"), (20, "tjugo"), (30, "trettio"), (40, "fyrtio"), (50, "femtio"),
        (100, "hundra"), (1_000, "tusen"), (1_000_000, "miljon miljoner"),
    ]),
    ("da", &[
        (2, "to"), (3, "tre"), (4, "fire"), (5, "fem"), (6, "seks"), (7, "syv"), (8, "otte"),
        (9, "ni"), (10, "ti"), (11, "elleve"), (12, "tolv"), (13, "tretten"), (14, "fjorten"),
        (15, "femten"), (20, "tyve"), (30, "tredive"), (100, "hundrede"), (1_000, "tusind"),
        (1_000_000, "million millioner"),
    ]),
    ("no", NORWEGIAN), ("nb", NORWEGIAN),
    ("cs", &[
        (1, "jeden jedna jedno"), (2, "dva dvě dvou"), (3, "tři tří"), (4, "čtyři čtyř"),
        (5, "pět pěti"), (6, "šest šesti"), (7, "sedm sedmi"), (8, "osm osmi"),
        (9, "devět devíti"), (10, "deset deseti"), (20, "dvacet"), (30, "třicet"), (100, "sto"),
        (1_000, "tisíc"), (1_000_000, "milion milionů"),
    ]),
];

/// The number words of Norwegian.
#[rustfmt::skip]
const NORWEGIAN: &[(u64, &str)] = &[
    (2, "to"), (3, "tre"), (4, "fire"), (5, "fem"), (6, "seks"), (7, "sju syv"), (8, "åtte"),
    (9, "ni"), (10, "ti"), (11, "elleve"), (12, "tolv"), (13, "tretten"), (14, "fjorten"),
    (15, "femten"), (20, "tjue"), (30, "tretti"), (100, "hundre"), (1_000, "tusen"),
    (1_000_000, "million millioner"),
];

/// Units and tens that German joins into one word.
const GERMAN: ([&str; 9], [&str; 8]) = (
    ["ein", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun"],
    ["zwanzig", "dreißig", "vierzig", "fünfzig", "sechzig", "siebzig", "achtzig", "neunzig"],
);

/// Tens and units that Italian joins into one word.
const ITALIAN: ([&str; 9], [&str; 8]) = (
    ["uno", "due", "tre", "quattro", "cinque", "sei", "sette", "otto", "nove"],
    ["venti", "trenta", "quaranta", "cinquanta", "sessanta", "settanta", "ottanta", "novanta"],
);

/// Calls `add` with the language, value and form of every number word.
pub(super) fn each(add: &mut impl FnMut(&'static str, u64, &str)) {
    for (language, values) in NUMBERS {
        for (value, words) in *values {
            words.split(' ').for_each(|word| add(language, *value, word));
        }
    }
    for (ten, tens) in (2..).zip(GERMAN.1) {
        for (unit, units) in (1..).zip(GERMAN.0) {
            add("de", 10 * ten + unit, &format!("{units}und{tens}"));
        }
    }
    for (ten, tens) in (2..).zip(ITALIAN.1) {
        for (unit, units) in (1..).zip(ITALIAN.0) {
            let elided = &tens[..tens.len() - usize::from(matches!(unit, 1 | 8))];
            add("it", 10 * ten + unit, &format!("{elided}{units}"));
        }
    }
}
