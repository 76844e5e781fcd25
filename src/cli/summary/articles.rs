//! Stores the publishers and headlines of the most recent articles, by uri and version.
//!
//! Cost: about 150 bytes per article, so 30 MB for [`ARTICLES_MAX`] of them.

use crate::cli::color::safe;
use crate::daemon::publish::article::ArticleInfo;
use crate::daemon::publish::data::NamedArticle;
use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Maximum number of articles stored. Older articles are shown by their uri.
const ARTICLES_MAX: usize = 200_000;
/// Maximum length of a stored headline, in characters.
const HEADLINE_MAX: usize = 120;

/// Publisher and headline of an article.
#[derive(Debug, Clone)]
pub(in crate::cli) struct SeenArticle {
    /// The provider; empty if the article names none.
    pub(in crate::cli) provider: String,
    /// The headline, safe to print.
    pub(in crate::cli) headline: String,
}

/// The most recent articles.
#[derive(Debug, Default)]
pub(in crate::cli) struct SeenArticles {
    /// The articles, by the hash of uri and version.
    by_name: HashMap<u64, SeenArticle>,
    /// The hashes, oldest first.
    order: VecDeque<u64>,
}

impl SeenArticles {
    /// Stores an article. It replaces an earlier article with the same uri and version.
    pub(super) fn add(&mut self, article: &ArticleInfo) {
        let seen = SeenArticle {
            provider: article.provider.clone().unwrap_or_default(),
            headline: safe(&article.headline, HEADLINE_MAX),
        };
        let name = hash(&article.uri, article.version.as_deref());
        if self.by_name.insert(name, seen).is_none() {
            self.order.push_back(name);
        }
        if self.order.len() > ARTICLES_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_name.remove(&oldest);
        }
    }

    /// The article with this uri and version, if it is still stored.
    pub(in crate::cli) fn get(&self, name: &NamedArticle) -> Option<&SeenArticle> {
        self.by_name.get(&hash(&name.uri, name.version.as_deref()))
    }
}

fn hash(uri: &str, version: Option<&str>) -> u64 {
    let mut hasher = DefaultHasher::new();
    (uri, version).hash(&mut hasher);
    hasher.finish()
}
