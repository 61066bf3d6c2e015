//! Links between the answers (RFC 8288; OGC API Common, clause 8.1).

use crate::formats::json::write_text;
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

    /// Appends links as a JSON list: each page of features has them, and pages are many.
    pub(crate) fn write_list(links: &[Link], out: &mut String) {
        for (i, link) in links.iter().enumerate() {
            out.push(if i == 0 { '[' } else { ',' });
            let members = [
                ("rel", link.rel),
                ("href", &link.href),
                ("type", link.media_type),
                ("title", link.title),
            ];
            for (i, (name, value)) in members.into_iter().enumerate() {
                out.push_str(if i == 0 { "{\"" } else { ",\"" });
                out.push_str(name);
                out.push_str("\":");
                write_text(out, value);
            }
            out.push('}');
        }
        out.push_str(if links.is_empty() { "[]" } else { "]" });
    }

    /// Links as a header; without those to other forms, for heads have to be short.
    pub(crate) fn header(links: &[Link]) -> String {
        let one = |link: &Link| format!("<{}>; rel=\"{}\"; type=\"{}\"", link.href, link.rel, link.media_type);
        links
            .iter()
            .filter(|link| link.rel != "alternate")
            .map(one)
            .collect::<Vec<_>>()
            .join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_list_is_that_of_the_documents() {
        let next = Link::new("next", "http://x/a?b=\"c\"&d=\\".to_owned(), "text/html", "Next");
        let links = [next.clone(), Link::new("alternate", String::new(), "a/b", "Other")];
        for links in [&links[..0], &links[..1], &links] {
            let mut out = String::new();
            Link::write_list(links, &mut out);
            let expected: Vec<Value> = links.iter().map(Link::to_json).collect();
            assert_eq!(serde_json::from_str::<Vec<Value>>(&out).unwrap(), expected);
        }
        assert_eq!(Link::header(&links), Link::header(&[next]));
    }
}
