//! Links between the answers (RFC 8288; OGC API Common, clause 8.1).

use serde_json::{Value, json};

/// One link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    rel: &'static str,
    href: String,
    media_type: &'static str,
    title: &'static str,
}

impl Link {
    /// A link with an absolute, encoded address.
    pub(crate) fn new(rel: &'static str, href: String, media_type: &'static str, title: &'static str) -> Self {
        Self {
            rel,
            href,
            media_type,
            title,
        }
    }

    /// The link in a JSON document.
    pub(crate) fn to_json(&self) -> Value {
        json!({"rel": self.rel, "href": self.href, "type": self.media_type, "title": self.title})
    }

    /// Links as a header.
    pub(crate) fn header(links: &[Link]) -> String {
        let one = |link: &Link| format!("<{}>; rel=\"{}\"; type=\"{}\"", link.href, link.rel, link.media_type);
        links.iter().map(one).collect::<Vec<_>>().join(", ")
    }
}
