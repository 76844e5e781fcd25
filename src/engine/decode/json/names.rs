//! The names that exports, APIs and content systems use for the fields of an article, in lower case
//! and without underscores and hyphens. If several names have a value, the first one wins.

/// Field names under which an object that is not an article itself contains articles.
pub(super) const WRAPPERS: [&str; 13] = [
    "item", "items", "article", "articles", "story", "stories", "result", "results", "doc", "docs",
    "entries", "hits", "newimage",
];
/// Field names under which some API responses contain articles. In an article, fields with these
/// names contain other things.
pub(super) const OBJECTS: [&str; 9] =
    ["response", "content", "data", "news", "posts", "post", "entry", "value", "records"];

/// Field names of the uri, in folded form. Ids assigned by an export come last.
pub(super) const URI: [&str; 17] = [
    "uri",
    "urn",
    "guid",
    "id",
    "url",
    "link",
    "weburl",
    "permalink",
    "canonicalurl",
    "uuid",
    "articleid",
    "storyid",
    "newsid",
    "itemid",
    "documentid",
    "uno",
    "an",
];
/// Names of the headline. Arc uses `headlines.basic`.
pub(super) const HEADLINE: [&str; 11] = [
    "headline",
    "headlinemain",
    "title",
    "heading",
    "headlines",
    "webtitle",
    "posttitle",
    "articletitle",
    "displaytitle",
    "name",
    "hd",
];
/// Names of the note to editors.
pub(super) const NOTE: [&str; 6] =
    ["ednote", "ednotes", "editorialnote", "editorsnote", "editornote", "notetoeditors"];
/// Names of a body in HTML.
pub(super) const HTML_BODY: [&str; 7] =
    ["bodyhtml", "bodyxhtml", "contenthtml", "htmlbody", "htmlcontent", "articlehtml", "bodynitf"];
/// Names of a body that may be plain text. `html` is last because it may contain the whole page.
pub(super) const BODY: [&str; 29] = [
    "body",
    "bodytext",
    "bodymain",
    "body.content",
    "bodycontent",
    "maintext",
    "fulltext",
    "articletext",
    "articlecontent",
    "text",
    "contenttext",
    "textcontent",
    "plaintext",
    "cleantext",
    "articlebody",
    "fullcontent",
    "content",
    "postcontent",
    "contentelements",
    "storytext",
    "paragraphs",
    "article",
    "story",
    "rawcontent",
    "html",
    "introtext",
    "news",
    "cards",
    "td",
];
/// Names of a caption, description or summary.
pub(super) const CAPTION: [&str; 18] = [
    "descriptiontext",
    "descriptioncaption",
    "leadparagraph",
    "description",
    "caption",
    "descriptionsummary",
    "summary",
    "abstract",
    "excerpt",
    "postexcerpt",
    "trailtext",
    "standfirst",
    "teaser",
    "lead",
    "lede",
    "intro",
    "snippet",
    "fragment",
];
/// Names of the provider.
pub(super) const PROVIDER: [&str; 3] = ["provider", "source", "publisher"];
/// Names of fields that are used if none of [`PROVIDER`] has a value.
pub(super) const PROVIDER_STAND_INS: [&str; 11] = [
    "copyrightholder",
    "sourcename",
    "sitename",
    "publication",
    "feed",
    "sourcedomain",
    "domain",
    "publicationname",
    "sourcehostname",
    "hostname",
    "sn",
];
/// Names of the time at which an article was last modified.
pub(super) const VERSION_CREATED: [&str; 12] = [
    "versioncreated",
    "datemodified",
    "datemodify",
    "modifiedgmt",
    "postmodifiedgmt",
    "modified",
    "updatedat",
    "lastmodified",
    "updated",
    "dateupdated",
    "lastupdated",
    "lastupdateddate",
];
/// Names of the publication time. In WordPress, `date` is in the time zone of the site.
pub(super) const PUBLISHED: [&str; 26] = [
    "published",
    "firstpublished",
    "contentcreated",
    "datepublished",
    "publishedat",
    "pubdate",
    "datetimepub",
    "webpublicationdate",
    "datepublish",
    "publisheddate",
    "publishdate",
    "publicationdate",
    "publicationdatetime",
    "publishedon",
    "publicationtime",
    "displaydate",
    "issued",
    "seendate",
    "dategmt",
    "postdategmt",
    "datetime",
    "date",
    "postdate",
    "timestamp",
    "createdat",
    "created",
];
