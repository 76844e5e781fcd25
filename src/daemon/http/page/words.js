// The words of the page and their meanings: kinds of article, badges, and terms. Rows, filters,
// tooltips and the glossary all use these lists, so that a word always means the same.

// Kinds, in the order in which the glossary lists them.
export const KIND_MEANINGS = {
  withdrawal: "kills, holds or releases another article; the label says which",
  correction: "corrects an earlier article, whether labelled a correction or not",
  update: "a newer version of an earlier article",
  original: "shares no text with earlier articles",
  partial: "shares a passage with an earlier article, such as a quote or background",
  recurring: "a regular item with new numbers, such as a daily table",
  expansion: "an earlier text with material added",
  reprint: "an earlier text, lightly edited",
  excerpt: "part of an earlier text",
  duplicate: "the same text as an earlier article",
  redelivery: "the same article sent again",
};

// Badges of stories, most serious first. `counts` lists counts of the API. A story has the badge if
// any of these counts is above 0; the filter uses the same counts.
export const BADGES = [
  {
    label: "withdrawn",
    severity: "alarm",
    counts: ["withdrawn"],
    meaning: "an article was killed or put on hold by its publisher",
  },
  {
    label: "still carried",
    severity: "alarm",
    counts: ["carried"],
    meaning: "valid articles still contain text that was withdrawn or corrected",
  },
  {
    label: "corrected",
    severity: "amber",
    counts: ["uncorrected", "corrections"],
    meaning: "an article was corrected, or corrects another one",
  },
  {
    label: "needs review",
    severity: "amber",
    counts: ["needs_review"],
    meaning:
      "an editor should check the article: it is a notice that names its article by words alone, " +
      "it is a copy of another publisher’s text with other numbers or with a word that reverses " +
      "the meaning, or its URI was used before",
  },
  {
    label: "changed numbers",
    severity: "amber",
    counts: ["changed_numbers"],
    meaning:
      "a copy whose numbers differ from those of its source, which may be a rounded or updated " +
      "number; if almost nothing else differs and another publisher sent the source, the copy " +
      "also needs review",
  },
  {
    label: "under embargo",
    severity: "violet",
    counts: ["embargoed"],
    meaning: "an article must not be published before a stated time",
  },
];

// Labels of single articles by flag, each with its severity and meaning. If a label is also a badge
// of stories, its meaning is given in `BADGES`.
export const FLAGS = {
  carries_withdrawn: [
    "alarm",
    "carries withdrawn text",
    "it contains text of another article that was killed or put on hold",
  ],
  carries_uncorrected: [
    "amber",
    "carries uncorrected text",
    "it contains text of another article that has since been corrected",
  ],
  needs_review: ["amber", "needs review"],
  changed_numbers: ["amber", "changed numbers"],
  changed_words: ["amber", "changed words", "a copy whose changed words may change the meaning"],
  mixed_scripts: ["amber", "mixed scripts", "a word contains look-alike letters of another script"],
  late: ["", "late", "arrived long after the time that its publisher gives"],
  early: ["", "future-dated", "its publisher gives a time more than ten minutes ahead"],
  reused_uri: ["", "reused URI", "an unrelated article had the same URI before"],
  no_body: ["", "no body", "it has no text, perhaps because the text is in an unknown field"],
  learned_furniture: [
    "",
    "boilerplate removed",
    "text that also appears in unrelated articles was left out of the comparison",
  ],
  repaired_text: ["", "repaired text", "invalid characters were replaced"],
};

// Labels of articles that are no longer valid.
export const STANDINGS = {
  withdrawn: ["alarm", "withdrawn"],
  uncorrected: ["amber", "corrected"],
  superseded: ["", "superseded", "a newer version of the same article has arrived"],
};

// The labels with a meaning of their own (not given in `BADGES`), for the glossary.
export const LABELS = [...Object.values(FLAGS), ...Object.values(STANDINGS)]
  .filter(([, , meaning]) => meaning)
  .map(([severity, label, meaning]) => ({ severity, label, meaning }));

export const INDEPENDENT =
  "publishers with a text of their own; ten reprints of one agency’s text count as one publisher";
export const GROWTH =
  "how fast a story grows (`rise` in the API): each article counts 1, a copy ¼; the counts halve " +
  "every hour; the bar compares a story with the fastest-growing one on the page";

// Why an article is the lead of its story, by the name of the reason.
export const LEAD_REASONS = {
  only: "the story has only this article",
  "nothing-stands": "no article of the story is valid",
  "preferred-publisher": "its publisher is in the list of preferred ones in the settings",
  first: "the first valid article, as the settings ask for",
  newest: "the newest valid article, as the settings ask for",
  longest: "the longest valid article, as the settings ask for",
  "newest-version": "the fullest valid report, which is an update or correction",
  "fullest-original": "the fullest valid report with a text of its own",
  "no-original": "no valid article is a full report with a text of its own",
};

const SIMHASH =
  "a 64-bit number computed from the words of a text; similar texts differ in few bits";
const SHARED_SAMPLES =
  "runs of four words, chosen as samples by a hash, that both texts contain; " +
  "shared samples find the articles to compare with, but do not decide the kind";
const MARGIN = "how far the value is from the threshold; negative if the condition does not hold";
const OPENING = "the headline and the beginning of the body; each word counts once";
const TIME_FACTOR =
  "lowers the similarity of subjects if the publishers’ times of the two articles are far apart; " +
  "100 % does not lower it";

export const TERMS = [
  ["story", "articles on one event in one language, whatever their wording"],
  [
    "linked story",
    "a story in another language that shares names, places and figures with this one; the list has one row for both if they share many",
  ],
  [
    "running story",
    "stories that continue one another, often over days (`saga` in the API); each one is a stage",
  ],
  ["independent publishers", INDEPENDENT],
  ["growth", GROWTH],
  ["source", "the earlier article from which an article takes its text"],
  ["carrier", "an article that contains text of another one, word for word"],
  ["lead", "the article whose headline the story shows; by default the fullest valid report"],
  ["valid", "not withdrawn, corrected or superseded"],
  ["new", "in lists: arrived since you last opened the story; in a text: in no earlier article"],
  ["last article", "time of the newest article"],
  ["SimHash", SIMHASH],
  ["shared samples", SHARED_SAMPLES],
  ["margin", MARGIN],
  ["opening", OPENING],
  ["time factor", TIME_FACTOR],
];

const meanings = new Map([
  ...TERMS,
  ...[...LABELS, ...BADGES].map(({ label, meaning }) => [label, meaning]),
]);

// The meaning of a label, for its tooltip.
export const meaningOf = (label) => meanings.get(label);
