//! Tests words such as kill and hold in headlines, slugs and notes of ordinary news in twelve
//! languages. None of these articles is an order (a kill, hold or release), and at most
//! [`WRONG_MAX`] percent may be taken for one.

use wirefold_engine::article::{Article, Body};
use wirefold_engine::marks;

/// The percentage of articles that may be taken for an order.
const WRONG_MAX: usize = 1;

/// A language: words that occur both in orders and in news, a headline and a text about a withdrawn
/// product, and a note about a photo. In the note, `@` stands for the word.
struct Language {
    words: [&'static str; 6],
    news: &'static str,
    body: &'static str,
    note: &'static str,
}

#[test]
fn words_such_as_kill_in_news_do_not_make_an_order() {
    let (mut count, mut wrong) = (0, Vec::new());
    for language in LANGUAGES {
        for article in language.words.iter().flat_map(|word| language.articles(word)) {
            count += 1;
            if marks::read(&article, &[]).order.is_some() {
                wrong.push((article.headline, article.slugline, article.ednote));
            }
        }
    }
    let share = wrong.len() as f64 * 100.0 / count as f64;
    println!("taken for an order: {} of {count} articles ({share:.2} %)", wrong.len());
    assert!(count >= 500, "{count} articles");
    assert!(wrong.len() * 100 <= WRONG_MAX * count, "{} of {count}: {wrong:#?}", wrong.len());
}

impl Language {
    fn articles(&self, word: &str) -> Vec<Article> {
        let article = |headline: String, slug: String, note: String| Article {
            headline,
            slugline: Some(slug).filter(|slug| !slug.is_empty()),
            ednote: Some(note).filter(|note| !note.is_empty()),
            body: Body::Plain(self.body.into()),
            ..Article::default()
        };
        let none = String::new;
        let mut capital = word.chars();
        let first = capital.next().into_iter().flat_map(char::to_uppercase);
        let title: String = first.chain(capital).collect();
        let news = self.news;
        vec![
            article(format!("{title}: {news}"), none(), none()),
            article(format!("{title} – {news}"), none(), none()),
            article(format!("{news} {word}"), none(), none()),
            article(format!("{}: {news}", word.to_uppercase()), none(), none()),
            article(news.into(), format!("MAREL-{}", word.to_uppercase()), none()),
            article(news.into(), format!("{}-MAREL", word.to_uppercase()), none()),
            article(news.into(), none(), self.note.replace('@', word)),
        ]
    }
}

#[rustfmt::skip]
const LANGUAGES: &[Language] = &[
    Language {
        words: ["withdrawn", "kill", "hold", "cancelled", "retraction", "release"],
        news: "4,000 heaters from the Marel works",
        body: "The Marel works called back 4,000 heaters on Monday after two of them had caught fire in homes in Seltz. Owners must not use the devices until a mechanic has seen them, the company said. It will replace the parts free of charge, and expects the work to take until May.",
        note: "An earlier photo of the works was @.",
    },
    Language {
        words: ["annulation", "annulé", "retrait", "suspension", "retiré", "libérée"],
        news: "4.000 chauffages de l'usine de Marel",
        body: "L'usine de Marel a rappelé lundi 4.000 chauffages après deux incendies dans des maisons de Seltz. Les clients ne doivent pas utiliser les appareils avant la visite d'un mécanicien, a dit l'entreprise. Elle remplacera les pièces sans frais et pense finir en mai.",
        note: "Une photo de l'usine est @.",
    },
    Language {
        words: ["anulado", "anulación", "retirada", "suspendida", "liberada", "eliminada"],
        news: "4.000 estufas de la fábrica de Marel",
        body: "La fábrica de Marel llamó a revisión el lunes 4.000 estufas tras dos incendios en casas de Seltz. Los dueños no deben usar los aparatos hasta que los vea un técnico, dijo la empresa. Cambiará las piezas sin coste y espera acabar en mayo.",
        note: "Una foto de la fábrica fue @.",
    },
    Language {
        words: ["anulação", "cancelada", "suspensa", "retida", "libertada", "anulado"],
        news: "4.000 aquecedores da fábrica de Marel",
        body: "A fábrica de Marel chamou na segunda-feira 4.000 aquecedores após dois incêndios em casas de Seltz. Os donos não devem usar os aparelhos até serem vistos por um técnico, disse a empresa. As peças serão trocadas sem custos até maio.",
        note: "Uma foto da fábrica foi @.",
    },
    Language {
        words: ["annullato", "ritirata", "sospesa", "annullamento", "sbloccata", "annullata"],
        news: "4.000 stufe della fabbrica di Marel",
        body: "La fabbrica di Marel ha richiamato lunedì 4.000 stufe dopo due incendi in case di Seltz. I proprietari non devono usare gli apparecchi prima della visita di un tecnico, ha detto l'azienda. I pezzi saranno cambiati gratis entro maggio.",
        note: "Una foto della fabbrica è @.",
    },
    Language {
        words: ["storno", "zurückgezogen", "gestrichen", "sperre", "freigabe", "rückzug"],
        news: "4000 Heizgeräte aus dem Werk Marel",
        body: "Das Werk in Marel hat am Montag 4000 Heizgeräte zurückgerufen, nachdem zwei davon in Häusern in Seltz gebrannt hatten. Die Besitzer sollen die Geräte nicht verwenden, bis ein Mechaniker sie gesehen hat, teilte die Firma mit. Die Teile werden bis Mai kostenlos ersetzt.",
        note: "Ein Foto des Werks wurde @.",
    },
    Language {
        words: ["ingetrokken", "vervalt", "geannuleerd", "aanhouden", "vrijgegeven", "intrekking"],
        news: "4000 kachels uit de fabriek van Marel",
        body: "De fabriek van Marel heeft maandag 4000 kachels teruggeroepen na twee branden in huizen in Seltz. Eigenaren mogen de toestellen niet gebruiken tot een monteur ze heeft gezien, zei het bedrijf. De onderdelen worden tot mei gratis vervangen.",
        note: "Een foto van de fabriek is @.",
    },
    Language {
        words: ["återkallas", "utgår", "stryks", "stoppas", "frisläppt", "dragen"],
        news: "4.000 element från fabriken i Marel",
        body: "Fabriken i Marel kallade på måndagen tillbaka 4.000 element efter två bränder i hus i Seltz. Ägarna ska inte använda apparaterna förrän en montör har sett dem, säger företaget. Delarna byts utan kostnad till maj.",
        note: "En bild av fabriken @.",
    },
    Language {
        words: ["annulleret", "trukket", "udgår", "tilbagekaldt", "stoppet", "frigivet"],
        news: "4000 ovne fra fabrikken i Marel",
        body: "Fabrikken i Marel kaldte mandag 4000 ovne tilbage efter to brande i huse i Seltz. Ejerne må ikke bruge apparaterne, før en montør har set dem, siger firmaet. Delene bliver skiftet gratis inden maj.",
        note: "Et foto af fabrikken er @.",
    },
    Language {
        words: ["peruttu", "poistettu", "vedetty", "keskeytetty", "vapautettu", "perutaan"],
        news: "4000 lämmitintä Marelin tehtaalta",
        body: "Marelin tehdas kutsui maanantaina takaisin 4000 lämmitintä kahden tulipalon jälkeen Seltzissä. Laitteita ei saa käyttää ennen kuin asentaja on nähnyt ne, yhtiö sanoi. Osat vaihdetaan maksutta toukokuuhun mennessä.",
        note: "Kuva tehtaasta on @.",
    },
    Language {
        words: ["anulowana", "wycofana", "wstrzymana", "zwolniona", "wycofanie", "anulacja"],
        news: "4000 grzejników z fabryki w Marel",
        body: "Fabryka w Marel wezwała w poniedziałek do zwrotu 4000 grzejników po dwóch pożarach w domach w Seltz. Właściciele nie powinni używać urządzeń przed wizytą montera, podała firma. Części będą wymieniane bezpłatnie do maja.",
        note: "Fotografia fabryki została @.",
    },
    Language {
        words: ["отменяется", "отозвано", "снято", "приостановлено", "отзыв", "аннулировано"],
        news: "4000 обогревателей завода в Мареле",
        body: "Завод в Мареле в понедельник отозвал 4000 обогревателей после двух пожаров в домах Зельца. Владельцам нельзя пользоваться приборами до прихода мастера, просим не использовать их, говорят в компании. Детали бесплатно заменят до мая.",
        note: "Фото завода @.",
    },
];
