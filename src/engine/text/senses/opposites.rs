//! Pairs of opposites that occur in news, by language. Data.
//!
//! Each pair has two sides; each side lists forms separated by spaces. A word may be on a side of
//! several pairs.

/// The two sides of a pair.
type Pair = (&'static str, &'static str);

/// The pairs of each language.
#[rustfmt::skip]
pub(super) const OPPOSITES: &[(&str, &[Pair])] = &[
    ("en", &[
        (
            "raise raises raised raising increase increases increased increasing lift lifts \
             lifted hike hikes hiked",
            "cut cuts cutting lower lowers lowered lowering reduce reduces reduced reducing \
             decrease decreases decreased slash slashes slashed",
        ),
        (
            "rise rises rose rising risen up higher climb climbs climbed gain gains gained jump \
             jumps jumped surge surges surged soar soars soared rally rallies rallied",
            "fall falls fell falling fallen down lower drop drops dropped decline declines \
             declined slip slips slipped plunge plunges plunged slump slumps slumped tumble \
             tumbles tumbled sink sinks sank",
        ),
        (
            "win wins won winning winner beat beats victory",
            "lose loses lost losing loser defeat defeats loss",
        ),
        ("guilty convicted", "innocent acquitted cleared"),
        ("convict convicts convicted", "acquit acquits acquitted"),
        (
            "accept accepts accepted agree agrees agreed approve approves approved back backs \
             backed support supports supported",
            "reject rejects rejected refuse refuses refused oppose opposes opposed disagree \
             disagreed disapprove veto vetoes vetoed decline declines declined",
        ),
        (
            "open opens opened opening reopen reopens reopened",
            "close closes closed closing shut shuts",
        ),
        (
            "start starts started begin begins began begun launch launches launched",
            "end ends ended stop stops stopped halt halts halted finish finishes finished",
        ),
        (
            "confirm confirms confirmed admit admits admitted",
            "deny denies denied dispute disputes disputed",
        ),
        (
            "allow allows allowed permit permits permitted legal lawful",
            "ban bans banned forbid forbids forbidden prohibit prohibits prohibited illegal \
             unlawful",
        ),
        (
            "alive survive survives survived safe unharmed unhurt",
            "dead die dies died killed injured hurt",
        ),
        ("strong stronger strongest", "weak weaker weakest"),
        ("more most", "less least fewer fewest"),
        ("above over exceeds exceeded", "below under"),
        ("before", "after"),
        ("buy buys bought buying", "sell sells sold selling"),
        ("profit profits", "loss losses"),
        ("hire hires hired hiring", "fire fires fired lay dismiss dismissed"),
        (
            "enter enters entered join joins joined",
            "leave leaves left quit quits withdraw withdraws withdrew",
        ),
        ("arrive arrives arrived", "depart departs departed"),
        ("arrest arrests arrested jailed detained", "free freed release releases released"),
        ("true", "false untrue"),
        ("good better best", "bad worse worst poor"),
        ("first", "last"),
        ("success succeed succeeds succeeded successful", "failure fail fails failed unsuccessful"),
        ("import imports imported", "export exports exported"),
        ("north northern", "south southern"),
        ("east eastern", "west western"),
        (
            "resume resumes resumed restart restarts restarted",
            "suspend suspends suspended postpone postpones postponed cancel cancels cancelled \
             canceled",
        ),
        ("pass passes passed", "fail fails failed block blocks blocked"),
        ("likely possible", "unlikely impossible"),
        ("positive", "negative"),
        ("upgrade upgrades upgraded", "downgrade downgrades downgraded"),
        ("early earlier", "late later"),
        (
            "extend extends extended expand expands expanded",
            "shorten shortens shortened shrink shrinks shrank",
        ),
        ("found find finds discovered", "missing lose lost"),
        ("with", "without"),
        ("all every everyone", "none nobody"),
        ("yes", "no"),
        ("for favour favor", "against"),
        ("majority", "minority"),
        ("war", "peace"),
        ("man men", "woman women"),
        ("appoint appoints appointed", "sack sacks sacked dismiss dismisses dismissed"),
        ("uphold upholds upheld", "overturn overturns overturned quash quashed"),
    ]),
    ("de", &[
        (
            "erhöht erhöhte erhöhen angehoben hebt hob heben steigert steigerte anheben",
            "senkt senkte senken gesenkt verringert verringerte reduziert kürzt kürzte gekürzt",
        ),
        (
            "steigt stieg steigen gestiegen klettert kletterte zugelegt mehr höher",
            "fällt fiel fallen gefallen sinkt sank sinken gesunken nachgegeben weniger niedriger",
        ),
        (
            "gewinnt gewann gewonnen gewinnen sieg siegt siegte",
            "verliert verlor verloren verlieren niederlage unterliegt unterlag",
        ),
        ("schuldig verurteilt", "unschuldig freigesprochen"),
        (
            "annimmt nimmt angenommen zustimmt stimmt zugestimmt billigt billigte gebilligt",
            "ablehnt lehnt abgelehnt lehnte verwirft verwarf verworfen",
        ),
        (
            "öffnet öffnete geöffnet öffnen offen eröffnet eröffnete",
            "schließt schloss geschlossen schließen zu",
        ),
        (
            "beginnt begann begonnen startet startete",
            "endet endete beendet stoppt stoppte gestoppt",
        ),
        ("bestätigt bestätigte", "bestreitet bestritt bestritten dementiert dementierte"),
        (
            "erlaubt erlaubte legal zugelassen genehmigt",
            "verbietet verbot verboten illegal untersagt",
        ),
        (
            "überlebt überlebte lebend lebt unverletzt",
            "stirbt starb gestorben tot getötet verletzt",
        ),
        ("stark starke starken starkes stärker", "schwach schwache schwachen schwaches schwächer"),
        ("kauft kaufte gekauft", "verkauft verkaufte"),
        ("gewinn", "verlust"),
        ("gestiegen", "gesunken gefallen"),
        ("über", "unter"),
        ("vor", "nach"),
        ("mit", "ohne"),
        ("festgenommen verhaftet", "freigelassen entlassen"),
        ("für", "gegen"),
        ("erfolgreich erfolg", "erfolglos gescheitert scheitert scheiterte"),
        ("alle", "keine"),
        ("bleibt bleiben blieb", "geht gehen verlässt"),
        ("wahr", "falsch"),
        ("gut besser", "schlecht schlechter"),
        ("norden nördlich", "süden südlich"),
        ("osten östlich", "westen westlich"),
    ]),
    ("fr", &[
        (
            "relève relevé relevée augmente augmenté augmentée hausse",
            "baisse baissé abaisse abaissé abaissée réduit réduite réduire diminue diminué",
        ),
        (
            "monte monté grimpe grimpé progresse progressé hausse plus",
            "chute chuté recule reculé tombe tombé baisse moins",
        ),
        (
            "gagne gagné gagner remporte remporté victoire bat battu",
            "perd perdu perdre défaite échoue",
        ),
        ("coupable condamné condamnée", "innocent innocente acquitté acquittée"),
        (
            "accepte accepté acceptée approuve approuvé approuvée adopte adopté adoptée",
            "refuse refusé refusée rejette rejeté rejetée",
        ),
        ("ouvre ouvert ouverte rouvre rouvert", "ferme fermé fermée"),
        (
            "commence commencé débute débuté lance lancé",
            "finit fini termine terminé arrête arrêté cesse cessé",
        ),
        ("confirme confirmé", "dément démenti nie nié"),
        ("autorise autorisé autorisée permet permis légal", "interdit interdite interdire illégal"),
        ("vivant vivants survécu sauvé indemne", "mort morts tué tués décédé blessé"),
        ("fort forte", "faible"),
        ("achète acheté", "vend vendu"),
        ("bénéfice", "perte"),
        ("avant", "après"),
        ("avec", "sans"),
        ("pour", "contre"),
        ("arrêté arrêtée détenu", "libéré libérée relâché"),
        ("réussi réussite succès", "échoué échec"),
        ("dessus", "dessous"),
        ("nord", "sud"),
        ("est", "ouest"),
        ("vrai", "faux"),
        ("reprend repris", "suspend suspendu reporte reporté annule annulé"),
    ]),
    ("es", &[
        (
            "sube subió subieron subir aumenta aumentó aumentar eleva elevó alza más",
            "baja bajó bajaron bajar reduce redujo reducir recorta recortó rebaja rebajó cae cayó \
             cayeron menos",
        ),
        ("gana ganó ganaron ganar victoria vence venció", "pierde perdió perdieron perder derrota"),
        ("culpable condenado condenada", "inocente absuelto absuelta"),
        (
            "acepta aceptó aprueba aprobó aprobaron apoya apoyó",
            "rechaza rechazó rechazaron niega negó",
        ),
        ("abre abrió abrieron abierto reabre reabrió", "cierra cerró cerraron cerrado"),
        (
            "empieza empezó comienza comenzó inicia inició",
            "termina terminó acaba acabó detiene detuvo finaliza finalizó",
        ),
        ("confirma confirmó", "desmiente desmintió niega negó"),
        ("permite permitió autoriza autorizó legal", "prohíbe prohibió prohibido ilegal"),
        ("vivo vivos sobrevivió ileso salvo", "muerto muertos murió muere herido"),
        ("fuerte", "débil"),
        ("compra compró", "vende vendió"),
        ("beneficio ganancia ganancias", "pérdida pérdidas"),
        ("antes", "después"),
        ("con", "sin"),
        ("favor", "contra"),
        ("detenido arrestado", "liberado libre"),
        ("éxito", "fracaso fracasó"),
        ("norte", "sur"),
        ("este", "oeste"),
        ("mejor", "peor"),
        ("verdadero", "falso"),
        ("reanuda reanudó", "suspende suspendió aplaza aplazó cancela canceló"),
    ]),
    ("it", &[
        (
            "alza alzato aumenta aumentato aumentati sale salito salita sono cresce cresciuto \
             rialzo più",
            "taglia tagliato abbassa abbassato riduce ridotto scende sceso scesa cala calato \
             ribasso meno",
        ),
        ("vince vinto vincere vittoria batte", "perde perso perdere sconfitta"),
        ("colpevole condannato condannata", "innocente assolto assolta"),
        (
            "accetta accettato approva approvato approvata",
            "respinge respinto respinta rifiuta rifiutato",
        ),
        ("apre aperto aperta riapre riaperto", "chiude chiuso chiusa"),
        (
            "inizia iniziato comincia cominciato avvia avviato",
            "finisce finito termina terminato ferma fermato",
        ),
        ("conferma confermato", "smentisce smentito nega negato"),
        ("permette permesso autorizza autorizzato legale", "vieta vietato proibisce illegale"),
        ("vivo vivi salvo illeso sopravvissuto", "morto morti morta ucciso ferito"),
        ("forte", "debole"),
        ("compra comprato acquista acquistato", "vende venduto"),
        ("utile profitto", "perdita"),
        ("prima", "dopo"),
        ("con", "senza"),
        ("favore", "contro"),
        ("arrestato", "liberato rilasciato"),
        ("successo riuscito", "fallito fallimento"),
        ("nord", "sud"),
        ("est", "ovest"),
        ("sopra", "sotto"),
    ]),
    ("pt", &[
        (
            "sobe subiu aumenta aumentou eleva elevou mais",
            "baixa baixou reduz reduziu cai caiu corta cortou menos",
        ),
        ("ganha ganhou vence venceu vitória", "perde perdeu derrota"),
        ("culpado culpada condenado", "inocente absolvido absolvida"),
        ("aceita aceitou aprova aprovou", "rejeita rejeitou recusa recusou"),
        ("abre abriu", "fecha fechou"),
        ("começa começou inicia iniciou", "termina terminou acaba acabou"),
        ("confirma confirmou", "nega negou desmente"),
        ("vivo sobreviveu", "morto morreu"),
        ("com", "sem"),
    ]),
    ("nl", &[
        (
            "verhoogt verhoogde verhoogd stijgt steeg gestegen meer",
            "verlaagt verlaagde verlaagd daalt daalde gedaald minder",
        ),
        ("wint won gewonnen winst", "verliest verloor verloren verlies"),
        ("schuldig veroordeeld", "onschuldig vrijgesproken"),
        ("aanvaardt aanvaard goedgekeurd", "verwerpt verworpen afgewezen"),
        ("opent opende geopend", "sluit sloot gesloten"),
        ("begint begon begonnen", "eindigt eindigde stopt stopte"),
        ("bevestigt bevestigde", "ontkent ontkende"),
        ("met", "zonder"),
    ]),
    ("pl", &[
        (
            "podniósł podniosła podwyższył podwyższyła podnosi zwiększył zwiększyła wzrósł \
             wzrosła wzrosły rośnie więcej",
            "obniżył obniżyła obniża zmniejszył zmniejszyła spadł spadła spadły spada mniej",
        ),
        (
            "wygrał wygrała wygrali wygrywa zwyciężył zwycięstwo pokonał",
            "przegrał przegrała przegrali przegrywa porażka",
        ),
        ("winny winna winnego skazany", "niewinny niewinna niewinnego uniewinniony"),
        (
            "przyjął przyjęła zaakceptował zatwierdził zatwierdziła poparł poparła",
            "odrzucił odrzuciła odmówił odmówiła",
        ),
        (
            "otworzył otworzyła otwarto otwarty otwiera",
            "zamknął zamknęła zamknięto zamknięty zamyka",
        ),
        ("rozpoczął rozpoczęła zaczął zaczęła", "zakończył zakończyła skończył skończyła"),
        ("potwierdził potwierdziła potwierdza", "zaprzeczył zaprzeczyła zaprzecza"),
        ("zezwolił pozwolił legalny", "zakazał zabronił nielegalny"),
        ("przeżył przeżyła żywy", "zginął zginęła zmarł zmarła"),
        ("silny silna silniejszy", "słaby słaba słabszy"),
        ("kupił kupiła", "sprzedał sprzedała"),
        ("zysk", "strata"),
        ("przed", "po"),
        ("z", "bez"),
        ("za", "przeciw"),
        ("zatrzymany aresztowany", "zwolniony uwolniony"),
    ]),
    ("ru", &[
        (
            "повысил повысила повысили повышает поднял подняла увеличил увеличила вырос выросла \
             выросли растет больше выше",
            "понизил понизила понизили снизил снизила снизили снижает сократил сократила упал \
             упала упали снизился снизилась меньше ниже",
        ),
        (
            "выиграл выиграла выиграли победил победила победа",
            "проиграл проиграла проиграли уступил уступила поражение",
        ),
        (
            "виновен виновным виновна виновной виновен осужден",
            "невиновен невиновным невиновна невиновной оправдан",
        ),
        (
            "принял приняла приняли одобрил одобрила одобрили поддержал",
            "отклонил отклонила отклонили отверг отвергла отказался",
        ),
        ("открыл открыла открыли открыт открыта", "закрыл закрыла закрыли закрыт закрыта"),
        (
            "начал начала начали начался началась",
            "закончил закончила завершил завершила прекратил прекратила",
        ),
        ("подтвердил подтвердила подтвердили", "опроверг опровергла опровергли отрицал"),
        ("разрешил разрешила разрешили", "запретил запретила запретили"),
        ("выжил выжила жив живы", "погиб погибла погибли умер умерла"),
        ("сильный сильная сильнее", "слабый слабая слабее"),
        ("купил купила", "продал продала"),
        ("прибыль", "убыток"),
        ("до", "после"),
        ("с", "без"),
        ("за", "против"),
        ("задержан арестован", "освобожден отпущен"),
    ]),
    ("tr", &[
        (
            "artırdı yükseltti arttı yükseldi artış artıyor çıktı",
            "indirdi düşürdü azalttı düştü azaldı geriledi indirim düşüş",
        ),
        ("kazandı yendi galibiyet kazanan", "kaybetti yenildi yenilgi kaybeden"),
        ("suçlu", "suçsuz masum"),
        ("kabul onayladı destekledi", "ret reddetti reddedildi"),
        ("açtı açıldı açık", "kapattı kapandı kapatıldı kapalı"),
        ("başladı başlattı", "bitti sona durdurdu"),
        ("doğruladı", "yalanladı"),
        ("izin", "yasak yasakladı"),
        ("kurtuldu sağ", "öldü hayatını"),
        ("güçlü", "zayıf"),
        ("aldı", "sattı"),
        ("kâr kar", "zarar"),
        ("önce", "sonra"),
        ("tutuklandı", "serbest"),
        ("var", "yok"),
    ]),
    ("ar", &[
        (
            "رفع رفعت زاد زادت ارتفع ارتفعت ارتفاع أعلى",
            "خفض خفضت قلص انخفض انخفضت تراجع تراجعت انخفاض أقل",
        ),
        ("فاز فازت فوز", "خسر خسرت خسارة هزيمة"),
        ("مذنب مذنبا مذنبة إدانة أدان", "بريء بريئا بريئة براءة برأ"),
        ("قبل قبلت وافق وافقت أيد", "رفض رفضت عارض"),
        ("فتح فتحت افتتح", "أغلق أغلقت إغلاق"),
        ("بدأ بدأت", "انتهى انتهت أنهى أوقف"),
        ("أكد أكدت", "نفى نفت"),
        ("سمح سمحت", "منع منعت حظر"),
        ("نجا", "قتل مات توفي"),
        ("قوي قوية", "ضعيف ضعيفة"),
        ("قبل", "بعد"),
        ("مع", "بدون ضد"),
    ]),
    ("zh", &[
        ("升 涨 漲 增 加 高", "降 跌 减 減 低"),
        ("胜 勝 赢 贏", "负 負 输 輸 败 敗"),
        ("开 開", "关 關 闭"),
        ("有", "无 沒 没"),
        ("上", "下"),
        ("买 買", "卖 賣"),
        ("前", "后 後"),
        ("生", "死"),
        ("强", "弱"),
        ("多", "少"),
        ("同", "反"),
    ]),
];
