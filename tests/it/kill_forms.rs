//! Tests every form of a kill in the table of marks, written as its agency writes it: the notice
//! must be recognized, withdraw the article that it names, and name another publisher's copy.

use wirefold_engine::Settings;
use wirefold_engine::article::{Article, Body, EventTime, InputPosition};
use wirefold_engine::event::EventKind;
use wirefold_engine::fingerprint::SamplingKey;
use wirefold_engine::marks::{self, Coverage, Mark, MarkPosition};
use wirefold_engine::prepare::prepare;
use wirefold_engine::state::State;

/// The percentage of forms that must be recognized.
const SEEN_MIN: usize = 95;

/// An invented report in one language, and the sentence that forbids its use.
struct Sample {
    headline: &'static str,
    body: &'static str,
    forbids: &'static str,
}

#[test]
fn kills_of_every_agency_find_their_article_and_its_carriers() {
    let all: Vec<(&str, &str)> = marks::coverage()
        .into_iter()
        .filter(|forms| forms.mark == Mark::Kill)
        .flat_map(|forms| patterns(&forms).into_iter().map(move |p| (forms.agency, p)))
        .collect();
    let missed: Vec<_> = all.iter().filter(|(agency, pattern)| !finds(agency, pattern)).collect();
    let seen = (all.len() - missed.len()) * 100;
    println!(
        "recognized: {} of {} forms ({:.2} %)",
        seen / 100,
        all.len(),
        seen as f64 / all.len() as f64
    );
    println!("missed: {missed:?}");
    assert!(all.len() > 600, "{} forms", all.len());
    assert!(
        seen >= SEEN_MIN * all.len(),
        "not recognized: {} of {}: {missed:?}",
        missed.len(),
        all.len()
    );
}

/// The patterns that occur in a headline; codes are tested elsewhere.
fn patterns(forms: &Coverage) -> Vec<&'static str> {
    let is_text = |p: &&&str| !p.contains(':') && !CODES.contains(*p);
    match forms.places.contains(&MarkPosition::Headline) {
        true => forms.patterns.iter().filter(is_text).copied().collect(),
        false => Vec::new(),
    }
}

/// Signals, which do not occur in headlines.
const CODES: [&str; 1] = ["remove"];

/// Whether a kill in this form withdraws the article that it names, and names the copy of that
/// article.
fn finds(agency: &str, pattern: &str) -> bool {
    let sample = sample(agency, pattern);
    let (headline, slug, text) = layout(agency, pattern, &sample);
    let at = |uri: &str, provider: &str, headline: &str, slug: &str, body: &str| Article {
        uri: uri.into(),
        provider: Some(provider.into()),
        headline: headline.into(),
        slugline: Some(slug.to_owned()).filter(|slug| !slug.is_empty()),
        body: Body::Plain(body.into()),
        ..Article::default()
    };
    let wire = [
        at("a", agency, sample.headline, "BC-Marel-Fire", sample.body),
        at("b", "Kestrel", "Fire at the harbour", "", sample.body),
        at("x", agency, &headline, &slug, &text),
    ];
    let (settings, key) = (Settings::default(), SamplingKey(1));
    let mut state = State::new(settings.clone(), key);
    let mut events = Vec::new();
    for (mut article, offset) in wire.into_iter().zip(0..) {
        let stamp = EventTime(1_790_000_000_000 + offset * 60_000);
        article.versioncreated = Some(stamp);
        article.marks = marks::read(&article, &[]);
        let input = InputPosition { topic: "wire".into(), partition: 0, offset, item: 0 };
        events.extend(state.apply(prepare(article, &settings, key), stamp, input).events);
    }
    let unclear = events.iter().any(|event| match &event.kind {
        EventKind::Classified(c) => c.verdict.flags.iter().any(|flag| flag == "needs_review"),
        _ => false,
    });
    let withdrawn = events.iter().any(|event| match &event.kind {
        EventKind::Withdrawn(radius) => {
            radius.of.as_ref().is_some_and(|of| of.key.uri == "a")
                && radius.carriers.iter().any(|carrier| carrier.article.key.uri == "b")
        }
        _ => false,
    });
    withdrawn && !unclear
}

/// Headline, slug and text of a kill as the agency lays it out.
fn layout(agency: &str, pattern: &str, sample: &Sample) -> (String, String, String) {
    let (mark, headline) = (pattern.to_uppercase(), sample.headline);
    let forbids = sample.forbids.to_owned();
    let slug = String::new();
    match agency {
        "AP" | "CP" | "AAP" => (
            mark.clone(),
            format!("BC-Marel-Fire, {mark}"),
            format!("EDITORS: Kill BC-Marel-Fire. {forbids}"),
        ),
        "dpa" | "APA" => {
            (format!("{mark} '''''"), slug, format!("\u{201e}{headline}\u{201c}: {forbids}"))
        }
        "Reuters" => (format!("{mark}-{headline}"), slug, forbids),
        "AFP" | "Belga" | "Lusa" => (format!("{mark} - {headline}"), slug, forbids),
        "ANSA" => (format!("++ {mark} ++ {headline}"), slug, forbids),
        "Kyodo" | "Jiji" => (format!("【{mark}】{headline}"), slug, forbids),
        "Yonhap" => (format!("[{mark}] {headline}"), slug, forbids),
        "Xinhua" => (format!("{mark}：{headline}"), slug, forbids),
        _ => (format!("{mark}: {headline}"), slug, forbids),
    }
}

/// The sample report in the language that the pattern's script indicates, or else in the agency's
/// language.
fn sample(agency: &str, pattern: &str) -> Sample {
    let any = |range: std::ops::RangeInclusive<char>| pattern.chars().any(|c| range.contains(&c));
    let language = match () {
        () if any('가'..='힣') => "ko",
        () if any('ぁ'..='ヿ') => "ja",
        () if any('一'..='鿿') => {
            if agency == "Xinhua" {
                "zh"
            } else {
                "ja"
            }
        }
        () if any('\u{400}'..='\u{4ff}') => "ru",
        () if any('\u{600}'..='\u{6ff}') => "ar",
        () if any('\u{900}'..='\u{97f}') => "hi",
        () => match agency {
            "AFP" | "Belga" => "fr",
            "EFE" => "es",
            "Lusa" => "pt",
            "ANSA" => "it",
            "dpa" | "APA" => "de",
            "ANP" => "nl",
            "Ritzau" => "da",
            "NTB" => "nb",
            "TT" => "sv",
            "STT" => "fi",
            "PAP" => "pl",
            "Anadolu" => "tr",
            "VNA" => "vi",
            _ => "en",
        },
    };
    let of = |(name, ..): &&(&str, &str, &str, &str)| *name == language;
    let (_, headline, body, forbids) = *SAMPLES.iter().find(of).unwrap();
    Sample { headline, body, forbids }
}

/// Language, headline, text, and the sentence that forbids using it.
#[rustfmt::skip]
const SAMPLES: &[(&str, &str, &str, &str)] = &[
    ("en", "Fire destroys cold store at Marel harbour",
        "A fire swept through the cold store of Marel harbour on Tuesday night and destroyed three warehouses, the town's fire service said. About 140 firefighters worked until dawn to keep the flames from the fuel depot on the northern quay. Two dock workers were treated for smoke, and nobody was missing.",
        "Please do not use this story."),
    ("fr", "Incendie au port de Marel: un entrepôt détruit",
        "Un incendie a ravagé mardi soir l'entrepôt frigorifique du port de Marel et détruit trois hangars, selon les pompiers. Quelque 140 hommes ont lutté jusqu'à l'aube pour protéger le dépôt de carburant du quai nord. Deux dockers ont été soignés, et personne ne manquait à l'appel.",
        "Merci de ne pas utiliser cette dépêche."),
    ("es", "Un incendio destruye un almacén del puerto de Marel",
        "Un incendio arrasó el martes por la noche el almacén frigorífico del puerto de Marel y destruyó tres naves, según los bomberos. Unos 140 efectivos trabajaron hasta el amanecer para proteger el depósito de combustible del muelle norte. Dos estibadores fueron atendidos y no faltaba nadie.",
        "Rogamos no utilizar esta noticia."),
    ("pt", "Incêndio destrói armazém do porto de Marel",
        "Um incêndio devastou na terça-feira à noite o armazém frigorífico do porto de Marel e destruiu três pavilhões, disseram os bombeiros. Cerca de 140 homens trabalharam até de madrugada para proteger o depósito de combustível do cais norte. Dois estivadores foram assistidos e ninguém desapareceu.",
        "Pede-se que não utilizem esta notícia."),
    ("it", "Marel, incendio distrugge un magazzino del porto",
        "Un incendio ha devastato martedì sera il magazzino frigorifero del porto di Marel e distrutto tre capannoni, hanno detto i vigili del fuoco. Circa 140 uomini hanno lavorato fino all'alba per proteggere il deposito di carburante del molo nord. Due portuali sono stati medicati e nessuno manca.",
        "Si prega di non utilizzare questa notizia."),
    ("de", "Feuer zerstört Kühlhaus am Hafen von Marel",
        "Ein Feuer hat am Dienstagabend das Kühlhaus am Hafen von Marel erfasst und drei Lagerhallen zerstört, teilte die Feuerwehr mit. Rund 140 Einsatzkräfte schützten bis zum Morgen das Tanklager am Nordkai. Zwei Hafenarbeiter wurden behandelt, vermisst wurde niemand.",
        "Bitte verwenden Sie diese Meldung nicht; sie darf nicht verwendet werden."),
    ("nl", "Brand verwoest koelhuis in haven van Marel",
        "Een brand heeft dinsdagavond het koelhuis in de haven van Marel verwoest en drie loodsen in de as gelegd, meldde de brandweer. Zo'n 140 brandweerlieden beschermden tot de ochtend het brandstofdepot op de noordkade. Twee havenarbeiders werden behandeld en niemand werd vermist.",
        "Gelieve dit bericht niet te gebruiken."),
    ("da", "Brand ødelægger kølehus i Marels havn",
        "En brand har tirsdag aften ødelagt kølehuset i havnen i Marel og lagt tre lagerhaller i aske, oplyser brandvæsenet. Omkring 140 brandfolk arbejdede til daggry for at beskytte brændstofdepotet på nordkajen. To havnearbejdere blev behandlet, og ingen var savnet.",
        "Telegrammet må ikke bruges."),
    ("nb", "Brann ødela kjølelager i havnen i Marel",
        "En brann har tirsdag kveld ødelagt kjølelageret i havnen i Marel og lagt tre lagerhaller i aske, opplyser brannvesenet. Rundt 140 brannfolk arbeidet til daggry for å beskytte drivstofflageret på nordkaien. To havnearbeidere ble behandlet, og ingen var savnet.",
        "Saken må ikke brukes."),
    ("sv", "Brand förstörde kylhus i Marels hamn",
        "En brand förstörde på tisdagskvällen kylhuset i hamnen i Marel och lade tre lagerhallar i aska, uppger räddningstjänsten. Omkring 140 brandmän arbetade till gryningen för att skydda bränsledepån på norra kajen. Två hamnarbetare fick vård och ingen saknades.",
        "Artikeln får inte användas."),
    ("fi", "Tulipalo tuhosi kylmävaraston Marelin satamassa",
        "Tulipalo tuhosi tiistai-iltana Marelin sataman kylmävaraston ja kolme varastohallia, kertoi pelastuslaitos. Noin 140 palomiestä työskenteli aamuun asti suojellakseen pohjoislaiturin polttoainevarastoa. Kaksi satamatyöntekijää sai hoitoa eikä ketään ollut kateissa.",
        "Juttua ei saa käyttää."),
    ("pl", "Pożar zniszczył chłodnię w porcie Marel",
        "Pożar strawił we wtorek wieczorem chłodnię w porcie Marel i zniszczył trzy magazyny, podała straż pożarna. Około 140 strażaków do świtu broniło składu paliw na północnym nabrzeżu. Dwóch dokerów opatrzono, nikt nie zaginął.",
        "Prosimy nie wykorzystywać tej depeszy."),
    ("ru", "Пожар уничтожил склад в порту Марел",
        "Пожар во вторник вечером уничтожил холодильный склад порта Марел и три ангара, сообщила пожарная служба. Около 140 пожарных до рассвета защищали топливный терминал на северном причале. Два докера получили помощь, пропавших нет.",
        "Просим не использовать это сообщение."),
    ("zh", "马雷尔港冷库火灾三座仓库被毁",
        "马雷尔港冷库周二晚间发生火灾，三座仓库被烧毁，消防部门通报说。约140名消防员彻夜奋战，阻止火势蔓延到北码头的燃料库。两名码头工人因吸入浓烟接受治疗，无人失踪。",
        "请勿使用此稿。"),
    ("ja", "マレル港で火災、冷蔵倉庫が全焼",
        "マレル港の冷蔵倉庫で火曜日の夜に火災が発生し、倉庫三棟が全焼したと消防当局が発表した。約140人の消防隊員が夜明けまで北岸壁の燃料貯蔵所への延焼を防いだ。港湾労働者二人が手当てを受けたが、行方不明者はいない。",
        "この記事は使用しないでください。"),
    ("ko", "마렐항 화재로 냉동 창고 전소",
        "마렐항 냉동 창고에서 화요일 밤 불이 나 창고 세 동이 모두 탔다고 소방 당국이 밝혔다. 소방관 약 140명이 새벽까지 북쪽 부두의 연료 저장소를 지켰다. 부두 노동자 두 명이 치료를 받았고 실종자는 없었다.",
        "이 기사를 사용하지 마십시오."),
    ("ar", "حريق يدمر مخزنا في ميناء ماريل",
        "دمر حريق مساء الثلاثاء مخزن التبريد في ميناء ماريل وأتى على ثلاثة عنابر، بحسب جهاز الإطفاء. وعمل نحو 140 رجل إطفاء حتى الفجر لحماية مستودع الوقود على الرصيف الشمالي. وعولج عاملان ولم يفقد أحد.",
        "الرجاء عدم استخدام هذا الخبر."),
    ("tr", "Marel limanında yangın soğuk hava deposunu yok etti",
        "Salı akşamı çıkan yangın Marel limanının soğuk hava deposunu ve üç ambarı yok etti, itfaiye açıkladı. Yaklaşık 140 itfaiyeci kuzey rıhtımındaki yakıt deposunu korumak için şafağa kadar çalıştı. İki liman işçisi tedavi edildi, kayıp yok.",
        "Lütfen bu haberi kullanmayınız."),
    ("vi", "Hỏa hoạn thiêu rụi kho lạnh ở cảng Marel",
        "Một đám cháy tối thứ ba đã thiêu rụi kho lạnh của cảng Marel và phá hủy ba nhà kho, lực lượng cứu hỏa cho biết. Khoảng 140 lính cứu hỏa làm việc đến sáng để bảo vệ kho nhiên liệu ở cầu cảng phía bắc. Hai công nhân được điều trị và không ai mất tích.",
        "Đề nghị không sử dụng bản tin này."),
    ("hi", "मारेल बंदरगाह पर आग से शीत गृह नष्ट",
        "मंगलवार रात मारेल बंदरगाह के शीत गृह में आग लगने से तीन गोदाम नष्ट हो गए, दमकल विभाग ने बताया। लगभग 140 दमकलकर्मियों ने सुबह तक उत्तरी घाट के ईंधन डिपो को बचाया। दो मजदूरों का इलाज हुआ और कोई लापता नहीं है।",
        "कृपया इस खबर का प्रयोग न करें।"),
];
