//! Reads the bulk format of search engines, in which a line with an action precedes each article.
//! The action may hold the id of the article.
//!
//! ```text
//! {"index": {"_index": "news", "_id": "a"}}
//! {"title": "Quay closes", "body": ".."}
//! ```

use super::fields::Fields;
use super::tagged::only_field;
use super::text::is_empty;

/// An action line.
pub(super) struct Action<'a> {
    /// The id of the article as JSON.
    id: Option<&'a str>,
    /// Whether the article is in a field `doc` of the next line.
    is_update: bool,
    /// Whether no article follows.
    pub(super) deletes: bool,
}

impl<'a> Action<'a> {
    /// Reads an action line; `None` if the value is anything else.
    pub(super) fn of(value: &'a str) -> Option<Self> {
        const ACTIONS: [&str; 4] = ["index", "create", "update", "delete"];
        let (name, inner) = only_field(value.trim())?;
        if !ACTIONS.contains(&name) || !inner.starts_with('{') {
            return None;
        }
        let target = Fields::of_object(inner)?;
        if !is_empty(inner) && !target.has_written("_index") && !target.has_written("_id") {
            return None;
        }
        Some(Self { id: target.raw("id"), is_update: name == "update", deletes: name == "delete" })
    }

    /// The article on the next line, in the form of a search engine's hit.
    pub(super) fn hit(&self, line: &str) -> String {
        let id = self.id.unwrap_or("null");
        let inner = Fields::of_object(line).filter(|_| self.is_update);
        let source = inner.and_then(|fields| fields.raw("doc")).unwrap_or(line);
        format!("{{\"_index\":\"\",\"_id\":{id},\"_source\":{source}}}")
    }
}

#[cfg(test)]
mod tests {
    use super::Action;

    #[test]
    fn only_action_lines_are_read() {
        for (line, id) in [
            (r#"{"index":{"_index":"n","_id":"a"}}"#, Some(Some("\"a\""))),
            (r#" {"create": {"_id": 7}} "#, Some(Some("7"))),
            (r#"{"index":{}}"#, Some(None)),
            (r#"{"index":{"name":"DAX","value":7}}"#, None),
            (r#"{"index":{"_id":"a"},"title":"B"}"#, None),
            (r#"{"index":"DAX"}"#, None),
            (r#"{"title":"B"}"#, None),
        ] {
            assert_eq!(Action::of(line).map(|action| action.id), id, "{line}");
        }
    }

    #[test]
    fn the_article_of_an_update_is_unwrapped() {
        let update = Action::of(r#"{"update":{"_id":"a"}}"#).unwrap();
        let hit = r#"{"_index":"","_id":"a","_source":{"title":"B"}}"#;
        assert_eq!(update.hit(r#"{"doc":{"title":"B"},"doc_as_upsert":true}"#), hit);
    }
}
