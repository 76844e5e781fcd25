//! Words that name one member of a closed set: weekdays, months, currencies and per cent, by
//! language. Contains the tables and the code that looks words up in them.
//!
//! `Thursday` and `Thurs` are one member, `Friday` is another one. Replacing a member with another
//! one of its set changes the news.
//!
//! Deliberately absent: forms that are common words in lower case, and would look like names at the
//! start of a sentence (`sun`, `sat`); Portuguese and Vietnamese weekdays and Chinese months, which
//! are numbers; the one-character weekdays of Japanese and Korean.

use crate::text::tokens::word_hash;
use rustc_hash::FxHashMap;
use std::sync::LazyLock;

/// A closed set of words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Set {
    /// The days of the week; member 0 is Monday.
    Weekday,
    /// The months; member 0 is January.
    Month,
    /// Currencies.
    Currency,
    /// Per cent, the only member.
    Percent,
}

/// A member of a closed set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// The set.
    pub set: Set,
    /// The index of the member in its set.
    pub index: u8,
}

/// The members of one language.
#[derive(Debug, Default)]
pub(super) struct Members {
    /// Members of one word, by its hash.
    pub(super) by_hash: FxHashMap<u64, Member>,
    /// The phrases that are the unit of the figure before or after them, each as the hashes of its
    /// words.
    pub(super) units: Vec<(Vec<u64>, Member)>,
}

/// The names of the weekdays from Monday to Sunday: members separated by `|`, forms by spaces.
#[rustfmt::skip]
const WEEKDAYS: &[(&str, &str)] = &[
    ("en", "monday mondays|tuesday tues tuesdays|wednesday weds wednesdays|\
            thursday thurs thursdays|friday fridays|saturday saturdays|sunday sundays"),
    ("de", "montag montags montagabend montagmorgen|dienstag dienstags dienstagabend|\
            mittwoch mittwochs mittwochabend|donnerstag donnerstags donnerstagabend|\
            freitag freitags freitagabend|samstag samstags samstagabend sonnabend|\
            sonntag sonntags sonntagabend"),
    ("fr", "lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche"),
    ("es", "lunes|martes|miércoles|jueves|viernes|sábado|domingo"),
    ("it", "lunedì|martedì|mercoledì|giovedì|venerdì|sabato|domenica"),
    ("ro", "luni|marți|miercuri|joi|vineri|sâmbătă|duminică"),
    ("nl", "maandag maandagavond maandagochtend|dinsdag dinsdagavond dinsdagochtend|\
            woensdag woensdagavond woensdagochtend|donderdag donderdagavond donderdagochtend|\
            vrijdag vrijdagavond vrijdagochtend|zaterdag zaterdagavond zaterdagochtend|\
            zondag zondagavond zondagochtend"),
    ("sv", "måndag måndagen måndagens|tisdag tisdagen tisdagens|onsdag onsdagen onsdagens|\
            torsdag torsdagen torsdagens|fredag fredagen fredagens|lördag lördagen lördagens|\
            söndag söndagen söndagens"),
    ("da", "mandag mandagen|tirsdag tirsdagen|onsdag onsdagen|torsdag torsdagen|\
            fredag fredagen|lørdag lørdagen|søndag søndagen"),
    ("no", NORWEGIAN_WEEKDAYS), ("nb", NORWEGIAN_WEEKDAYS), ("nn", NORWEGIAN_WEEKDAYS),
    ("pl", "poniedziałek poniedziałku poniedziałkowy|wtorek wtorku wtorkowy|\
            środa środę środy środowy|czwartek czwartku czwartkowy|piątek piątku piątkowy|\
            sobota sobotę soboty sobotni|niedziela niedzielę niedzieli niedzielny"),
    ("ru", "понедельник понедельника понедельнику|вторник вторника вторнику|\
            среду|четверг четверга четвергу|пятница пятницу пятницы пятнице|\
            суббота субботу субботы субботе|воскресенье воскресенья воскресенью"),
    ("uk", "понеділок понеділка|вівторок вівторка|середу|четвер четверга|пʼятниця пʼятницю ятницю|\
            субота суботу суботи|неділя неділю неділі"),
    ("cs", "pondělí|úterý|středa středu středy|čtvrtek čtvrtka|pátek pátku|sobota sobotu soboty|\
            neděle neděli"),
    ("tr", "pazartesi|salı|çarşamba|perşembe|cuma|cumartesi|pazar"),
    ("ar", "الاثنين الإثنين|الثلاثاء|الأربعاء|الخميس|الجمعة|السبت"),
    ("fa", "دوشنبه|سهشنبه|چهارشنبه|پنجشنبه|جمعه|شنبه|یکشنبه"),
    ("hi", "सोमवार|मंगलवार|बुधवार|गुरुवार बृहस्पतिवार|शुक्रवार|शनिवार|रविवार"),
    ("id", "senin|selasa|rabu|kamis|jumat|sabtu|minggu ahad"),
    ("ko", "월요일|화요일|수요일|목요일|금요일|토요일|일요일"),
    ("fi", "maanantai maanantaina|tiistai tiistaina|keskiviikko keskiviikkona|torstai torstaina|\
            perjantai perjantaina|lauantai lauantaina|sunnuntai sunnuntaina"),
    ("hu", "hétfő hétfőn|kedd kedden|szerda szerdán|csütörtök csütörtökön|péntek pénteken|\
            szombat szombaton|vasárnap"),
    ("el", "δευτέρα|τετάρτη|πέμπτη|παρασκευή|σάββατο|κυριακή"),
];

/// The weekdays of Norwegian.
const NORWEGIAN_WEEKDAYS: &str = "mandag måndag|tirsdag tysdag|onsdag|torsdag|fredag|\
                                  lørdag laurdag|søndag sundag";

/// The names of the months from January to December, in the same form.
#[rustfmt::skip]
const MONTHS: &[(&str, &str)] = &[
    ("en", "january jan|february feb|March|april apr|May|june|july|august aug|\
            september sept sep|october oct|november nov|december dec"),
    ("de", "januar jänner|februar feber|märz|april|mai|juni|juli|august|september|oktober|\
            november|dezember"),
    ("fr", "janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre"),
    ("es", "enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre setiembre|octubre|\
            noviembre|diciembre"),
    ("it", "gennaio|febbraio|marzo|aprile|maggio|giugno|luglio|agosto|settembre|ottobre|\
            novembre|dicembre"),
    ("pt", "janeiro|fevereiro|março|abril|maio|junho|julho|agosto|setembro|outubro|novembro|\
            dezembro"),
    ("ro", "ianuarie|februarie|martie|aprilie|mai|iunie|iulie|august|septembrie|octombrie|\
            noiembrie|decembrie"),
    ("nl", "januari|februari|maart|april|mei|juni|juli|augustus|september|oktober|november|\
            december"),
    ("sv", "januari|februari|mars|april|maj|juni|juli|augusti|september|oktober|november|december"),
    ("da", "januar|februar|marts|april|maj|juni|juli|august|september|oktober|november|december"),
    ("no", NORWEGIAN_MONTHS), ("nb", NORWEGIAN_MONTHS), ("nn", NORWEGIAN_MONTHS),
    ("pl", "styczeń stycznia styczniu|luty lutego lutym|marzec marca marcu|\
            kwiecień kwietnia kwietniu|maj maja maju|czerwiec czerwca czerwcu|\
            lipiec lipca lipcu|sierpień sierpnia sierpniu|wrzesień września wrześniu|\
            październik października październiku|listopad listopada listopadzie|\
            grudzień grudnia grudniu"),
    ("ru", "январь января январе|февраль февраля феврале|март марта марте|апрель апреля апреле|\
            май мая мае|июнь июня июне|июль июля июле|август августа августе|\
            сентябрь сентября сентябре|октябрь октября октябре|ноябрь ноября ноябре|\
            декабрь декабря декабре"),
    ("uk", "січень січня січні|лютий лютого лютому|березень березня березні|\
            квітень квітня квітні|травень травня травні|червень червня червні|\
            липень липня липні|серпень серпня серпні|вересень вересня вересні|\
            жовтень жовтня жовтні|листопад листопада листопаді|грудень грудня грудні"),
    ("cs", "leden ledna lednu|únor února únoru|březen března březnu|duben dubna dubnu|\
            květen května květnu|červen června červnu|červenec července červenci|\
            srpen srpna srpnu|září|říjen října říjnu|listopad listopadu|\
            prosinec prosince prosinci"),
    ("tr", "ocak|şubat|mart|nisan|mayıs|haziran|temmuz|ağustos|eylül|ekim|kasım|aralık"),
    ("ar", "يناير|فبراير|مارس|أبريل إبريل|مايو|يونيو|يوليو|أغسطس|سبتمبر|أكتوبر|نوفمبر|ديسمبر"),
    ("fa", "ژانویه|فوریه|مارس|آوریل|مه|ژوئن|ژوئیه|اوت|سپتامبر|اکتبر|نوامبر|دسامبر"),
    ("he", "ינואר בינואר|פברואר בפברואר|מרץ במרץ|אפריל באפריל|מאי במאי|יוני ביוני|יולי ביולי|\
            אוגוסט באוגוסט|ספטמבר בספטמבר|אוקטובר באוקטובר|נובמבר בנובמבר|דצמבר בדצמבר"),
    ("hi", "जनवरी|फरवरी|मार्च|अप्रैल|मई|जून|जुलाई|अगस्त|सितंबर|अक्टूबर|नवंबर|दिसंबर"),
    ("id", "januari|februari|maret|april|mei|juni|juli|agustus|september|oktober|november|\
            desember"),
    ("fi", "tammikuu tammikuun tammikuuta tammikuussa|helmikuu helmikuun helmikuuta helmikuussa|\
            maaliskuu maaliskuun maaliskuuta maaliskuussa|\
            huhtikuu huhtikuun huhtikuuta huhtikuussa|\
            toukokuu toukokuun toukokuuta toukokuussa|kesäkuu kesäkuun kesäkuuta kesäkuussa|\
            heinäkuu heinäkuun heinäkuuta heinäkuussa|elokuu elokuun elokuuta elokuussa|\
            syyskuu syyskuun syyskuuta syyskuussa|lokakuu lokakuun lokakuuta lokakuussa|\
            marraskuu marraskuun marraskuuta marraskuussa|\
            joulukuu joulukuun joulukuuta joulukuussa"),
    ("hu", "január januárban|február februárban|március márciusban|április áprilisban|\
            május májusban|június júniusban|július júliusban|augusztus augusztusban|\
            szeptember szeptemberben|október októberben|november novemberben|december decemberben"),
    ("el", "ιανουαρίου ιανουάριο|φεβρουαρίου φεβρουάριο|μαρτίου μάρτιο|απριλίου απρίλιο|\
            μαΐου μάιο|ιουνίου ιούνιο|ιουλίου ιούλιο|αυγούστου αύγουστο|σεπτεμβρίου σεπτέμβριο|\
            οκτωβρίου οκτώβριο|νοεμβρίου νοέμβριο|δεκεμβρίου δεκέμβριο"),
];

/// The months of Norwegian.
const NORWEGIAN_MONTHS: &str = "januar|februar|mars|april|mai|juni|juli|august|september|oktober|\
                                november|desember";

/// Currencies: euro, dollar, pound, yen, franc, rouble, zloty, lira, yuan, krona, rupee, won.
#[rustfmt::skip]
const CURRENCIES: &[(&str, &str)] = &[
    ("", "eur|usd|gbp|jpy|chf|rub|pln|try|cny rmb|sek nok dkk|inr|krw"),
    ("en", "euro euros|dollar dollars|sterling pounds|yen|franc francs|rouble roubles ruble rubles|\
            zloty zlotys|lira liras|yuan|krona kronor krone kroner|rupee rupees|"),
    ("de", "euro|dollar|pfund|yen|franken|rubel|zloty|lira|yuan|kronen|rupien|"),
    ("fr", "euro euros|dollar dollars|sterling livre livres|yen yens|franc francs|rouble roubles|\
            zloty zlotys||yuan yuans|couronne couronnes|roupie roupies|"),
    ("es", "euro euros|dólar dólares|libra libras|yen yenes|franco francos|rublo rublos|\
            zloty zlotys|lira liras|yuan yuanes|corona coronas|rupia rupias|"),
    ("it", "euro|dollaro dollari|sterlina sterline|yen|franco franchi|rublo rubli|zloty|\
            lira lire|yuan|corona corone|rupia rupie|"),
    ("pt", "euro euros|dólar dólares|libra libras|iene ienes|franco francos|rublo rublos|\
            zloty zlotys|lira liras|yuan yuans|coroa coroas|rupia rupias|"),
    ("ro", "euro|dolar dolari|lire|yeni|franci|ruble|zloți||yuani|coroane|rupii|"),
    ("nl", "euro|dollar|pond|yen|frank|roebel|zloty|lira|yuan|kronen|roepie|"),
    ("sv", "euro|dollar|pund|yen|francs|rubel|zloty|lira|yuan|kronor krona|rupier|"),
    ("da", "euro|dollar|pund|yen|franc|rubler|zloty|lira|yuan|kroner krone|rupee|"),
    ("no", "euro|dollar|pund|yen|franc|rubler|zloty|lira|yuan|kroner krone|rupi|"),
    ("nb", "euro|dollar|pund|yen|franc|rubler|zloty|lira|yuan|kroner krone|rupi|"),
    ("nn", "euro|dollar|pund|yen|franc|rubler|zloty|lira|yuan|kroner krone|rupi|"),
    ("pl", "euro|dolar dolary dolarów dolara|funt funty funtów|jen jeny jenów|\
            frank franki franków|rubel ruble rubli|złoty złote złotych zł|lir liry lirów|\
            juan juany juanów|korona korony koron|rupia rupie rupii|"),
    ("ru", "евро|доллар доллара долларов|фунт фунта фунтов|иена иены иен|франк франка франков|\
            рубль рубля рублей руб|злотый злотых|лира лиры лир|юань юаня юаней|крона кроны крон|\
            рупия рупии рупий|"),
    ("uk", "євро|долар долара доларів|фунт фунта фунтів|єна єни єн|франк франка франків|\
            рубль рубля рублів|злотий злотих|ліра ліри лір|юань юаня юанів|крона крони крон||"),
    ("cs", "euro eura eur|dolar dolarů dolary|libra liber|jen jenů|frank franků|rubl rublů|\
            zlotý zlotých|lira lir|jüan jüanů|koruna korun koruny kč|rupie rupií|"),
    ("tr", "avro euro|dolar dolarlık|sterlin|yen|frangı frank|ruble|zloti|lira liralık lirası tl|\
            yuan|kron|rupi|"),
    ("ar", "يورو|دولار دولارا دولارات|إسترليني|ين|فرنك|روبل|زلوتي|ليرة|يوان|كرونة|روبية|"),
    ("fa", "یورو|دلار|پوند|ین|فرانک|روبل|زلوتی|لیر|یوان|کرون|روپیه|"),
    ("he", "אירו יורו|דולר דולרים|ליש|ין|פרנק|רובל|זלוטי|לירה|יואן|כתר|רופי|"),
    ("hi", "यूरो|डॉलर|पाउंड|येन|फ्रैंक|रूबल|||युआन||रुपये रुपए रुपया|"),
    ("id", "euro|dolar|pound|yen|franc|rubel|zloty|lira|yuan|krona|rupee|won"),
    ("ko", "유로|달러|파운드|엔|프랑|루블|즐로티|리라|위안|크로나|루피|원"),
    ("fi", "euro euroa euron|dollari dollaria|punta puntaa|jeni jeniä|frangi frangia|rupla ruplaa|\
            zloty zlotya|liira liiraa|yuan yuania|kruunu kruunua|rupia rupiaa|"),
    ("hu", "euró eurót|dollár dollárt|font fontot|jen|frank|rubel|zloty|líra|jüan|korona|rúpia|"),
    ("el", "ευρώ|δολάριο δολάρια|λίρα λίρες|γιεν|φράγκο φράγκα|ρούβλι ρούβλια|ζλότι||γουάν|\
            κορώνα κορώνες||"),
];

/// The phrases for per cent.
#[rustfmt::skip]
const PERCENT: &[(&str, &str)] = &[
    ("en", "percent|per cent|pct"), ("de", "prozent"), ("fr", "pour cent"),
    ("es", "por ciento"), ("it", "per cento|percento"), ("pt", "por cento"),
    ("ro", "la sută|procente"), ("nl", "procent|percent"), ("sv", "procent"), ("da", "procent"),
    ("no", "prosent"), ("nb", "prosent"), ("nn", "prosent"),
    ("pl", "procent|procenta|procentów|proc"),
    ("ru", "процент|процента|процентов|проц"), ("uk", "відсоток|відсотка|відсотки|відсотків"),
    ("cs", "procento|procenta|procent"), ("tr", "yüzde"),
    ("ar", "في المئة|في المائة|بالمئة|بالمائة"), ("fa", "درصد"), ("he", "אחוז|אחוזים"),
    ("hi", "प्रतिशत|फीसदी|फ़ीसदी"), ("id", "persen"), ("vi", "phần trăm"), ("ko", "퍼센트|프로"),
    ("zh", "百 分 之"), ("ja", "パ ー セ ン ト"), ("fi", "prosenttia|prosentti"),
    ("hu", "százalék|százalékos|százalékkal"), ("el", "τοις εκατό"),
];

/// The members of each language. English month names that are common words in lower case are in
/// [`CAPITAL`] as well.
pub(super) static MEMBERS: LazyLock<FxHashMap<&str, Members>> = LazyLock::new(|| {
    let mut all: FxHashMap<&str, Members> = FxHashMap::default();
    let tables = [(Set::Weekday, WEEKDAYS), (Set::Month, MONTHS), (Set::Currency, CURRENCIES)];
    for (set, table) in tables {
        for (language, members) in table.iter().filter(|(language, _)| !language.is_empty()) {
            let found = all.entry(language).or_default();
            let codes = CURRENCIES[0].1.split('|').filter(|_| set == Set::Currency);
            for (index, forms) in (0..).zip(members.split('|')) {
                let member = Member { set, index };
                for form in forms.split(' ').filter(|form| !form.is_empty()) {
                    found.add(form, member);
                }
            }
            for (index, forms) in (0..).zip(codes) {
                forms.split(' ').for_each(|form| found.add(form, Member { set, index }));
            }
        }
    }
    for (language, phrases) in PERCENT {
        let found = all.entry(language).or_default();
        for phrase in phrases.split('|') {
            let words: Vec<u64> = phrase.split(' ').map(word_hash).collect();
            found.units.push((words, Member { set: Set::Percent, index: 0 }));
        }
    }
    all
});

/// The hashes of the English month names that are common words in lower case.
pub(super) static CAPITAL: LazyLock<[u64; 2]> = LazyLock::new(|| ["may", "march"].map(word_hash));

impl Members {
    fn add(&mut self, form: &str, member: Member) {
        let hash = word_hash(form);
        if self.by_hash.insert(hash, member).is_none() && member.set == Set::Currency {
            self.units.push((vec![hash], member));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_names_one_member_and_each_set_is_whole() {
        for (set, table, count) in
            [(Set::Weekday, WEEKDAYS, 7), (Set::Month, MONTHS, 12), (Set::Currency, CURRENCIES, 12)]
        {
            for (language, members) in table {
                let lists: Vec<&str> = members.split('|').collect();
                let short = set == Set::Weekday && matches!(*language, "ar" | "el");
                assert_eq!(lists.len(), if short { 6 } else { count }, "{language} {set:?}");
                let mut seen: FxHashMap<u64, usize> = FxHashMap::default();
                for (index, forms) in lists.iter().enumerate() {
                    for form in forms.split(' ').filter(|form| !form.is_empty()) {
                        let before = *seen.entry(word_hash(form)).or_insert(index);
                        assert_eq!(before, index, "{language} {form}");
                    }
                }
            }
        }
    }
}
