//! Pages for people: what the JSON documents say, as HTML that needs no script, no network but this server, and no
//! markup of anybody else's making.
//!
//! Everything that comes from data goes through [`escape`]. Addresses inside pages are relative, so that they hold behind
//! any proxy; the policy that forbids the rest is set where HTML leaves the house ([`POLICY`]).

mod api;
mod layers;
mod picture;
mod value;

pub(crate) use api::api;
pub(crate) use layers::{fields, front, layer, layers, map};
pub(crate) use picture::{most_vertices, outline, shape, shapes};
pub(crate) use value::{links, value};

use crate::ask::{Answer, Ask, DependsOn, Freshness};
use crate::representation::Representation;
use crate::view::Audience;
use std::borrow::Cow;
use std::fmt::Write;

/// The media type of pages.
pub(crate) const HTML: &str = "text/html; charset=utf-8";
/// What pages may do (CSP, level 3): show themselves with the server's style, and nothing else.
pub(crate) const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; \
                                 form-action 'none'; frame-ancestors 'self'";

const STYLE: &str = include_str!("pages.css");

/// One page in the making.
pub(crate) struct Page<'a> {
    /// What it is of: a title as data has it.
    pub title: &'a str,
    /// The pages above it: addresses below the server's, encoded, and titles.
    pub trail: &'a [(String, &'a str)],
    /// How the server's address is reached from this page: `""` or `"../../"`.
    pub up: &'a str,
}

impl Page<'_> {
    /// The page with this content, which is HTML.
    pub(crate) fn finish(&self, content: &str) -> String {
        let (title, up) = (escape(self.title), self.up);
        let mut trail = format!("<a href=\"{up}./\">一张图 · One map</a>");
        for (path, title) in self.trail {
            let _ = write!(trail, " / <a href=\"{up}{path}\">{}</a>", escape(title));
        }
        format!(
            "<!doctype html>\n<html lang=\"zh-CN\">\n<head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title}</title>\
             <link rel=\"stylesheet\" href=\"{up}pages.css\"></head>\n<body>\n<nav>{trail}</nav>\n<h1>{title}</h1>\n\
             {content}\n</body>\n</html>\n"
        )
    }
}

/// How the server's address is reached from a path on it.
pub(crate) fn up(path: &str) -> String {
    "../".repeat(path.matches('/').count().saturating_sub(1))
}

/// Text as HTML shows it, in content and in quoted attributes.
pub(crate) fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// `/pages.css`: how pages look.
pub(crate) async fn style(ask: Ask) -> Answer {
    let made = Representation::new("text/css; charset=utf-8", STYLE.into(), ask.coding()?);
    Ok(ask.deliver(&made, Audience::Everybody, Freshness::Day, DependsOn::Coding))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_data_is_markup() {
        let hostile = "</title><script>alert('1')</script>\" onload=\"x&amp;";
        let trail = [("collections/a".to_owned(), hostile)];
        let page = Page {
            title: hostile,
            trail: &trail,
            up: "../",
        };
        let text = page.finish("");
        assert!(!text.contains("<script") && !text.contains("\" onload"), "{text}");
        assert!(
            text.contains("&lt;script&gt;alert(&#39;1&#39;)") && text.contains("x&amp;amp;"),
            "{text}"
        );
    }

    #[test]
    fn pages_find_the_way_up() {
        let check = |path: &str, expected: &str| assert_eq!(up(path), expected, "{path}");
        check("/", "");
        check("/collections", "");
        check("/collections/roads", "../");
        check("/collections/roads/items/7", "../../../");
    }
}
