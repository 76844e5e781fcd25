//! Replaces the aliases of publishers that the settings list.

use crate::article::Article;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The names of one publisher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Publisher {
    /// The name that replaces the aliases.
    pub name: String,
    /// Other names in providers and credits, compared case-insensitively.
    pub aliases: Vec<String>,
}

/// Replaces aliases of publishers in the provider, the credit and the source of an article.
pub(super) fn resolve(article: &mut Article, publishers: &[Publisher]) {
    let fields = [&mut article.provider, &mut article.credit, &mut article.infosource];
    for field in fields.into_iter().flatten() {
        let alias = field.trim().to_lowercase();
        let is_alias = |publisher: &&Publisher| {
            publisher.aliases.iter().any(|known| known.trim().to_lowercase() == alias)
        };
        if let Some(publisher) = publishers.iter().find(is_alias) {
            field.clone_from(&publisher.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_become_the_name() {
        let aliases = vec!["NW".to_owned(), "Nordfunk Online".to_owned()];
        let publishers = [Publisher { name: "Northwire".to_owned(), aliases }];
        for (provider, want) in
            [("nw ", "Northwire"), ("NORDFUNK ONLINE", "Northwire"), ("NW2", "NW2"), ("", "")]
        {
            let mut article = Article { provider: Some(provider.into()), ..Article::default() };
            article.credit.clone_from(&article.provider);
            resolve(&mut article, &publishers);
            assert_eq!(article.provider.as_deref(), Some(want));
            assert_eq!(article.credit.as_deref(), Some(want));
            assert_eq!(article.infosource, None);
        }
    }
}
