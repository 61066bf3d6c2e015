//! One request, as handlers see it, and the ways to answer it.

use crate::app::App;
use crate::client::Client;
use crate::html;
use crate::links::Link;
use crate::negotiate;
use crate::origin::LINK_HEADERS;
use crate::params::Params;
use crate::problem::Problem;
use crate::representation::{self, Representation};
use crate::routes::Takes;
use crate::versions::{self, MIN_VERSION, VERSION};
use crate::view::{Audience, View};
use axum::body::{Body, Bytes};
use axum::extract::FromRequestParts;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, VARY,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use onemap_atlas::Drawn;
use serde_json::Value;
use std::sync::Arc;

/// What a handler gives.
pub(crate) type Answer = Result<Response, Problem>;

/// One request.
#[derive(Clone)]
pub(crate) struct Ask {
    /// What all requests share.
    pub app: Arc<App>,
    /// Who asks.
    pub client: Client,
    /// The decoded parameters, every one known to the route.
    pub params: Params,
    /// The headers.
    pub headers: HeaderMap,
    /// The path as it was asked for, still encoded.
    pub path: String,
}

/// In which form a document goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// For programs.
    Json,
    /// For people.
    Html,
}

/// How long an answer may be used without asking again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// Not at all: an edit shows at once. Asking again is cheap.
    Revalidate,
    /// A day.
    Day,
    /// For ever: the name changes with the content.
    Immutable,
}

/// What an answer depends on beside the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DependsOn {
    /// The coding alone.
    Coding,
    /// The coding, and the media types that are accepted.
    CodingAndType,
    /// The address under which the client sees the server too: there are links in it.
    Links,
    /// As `Links`, and the wish for HTML.
    LinksAndType,
}

impl FromRequestParts<Arc<App>> for Ask {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let params = Params::parse(parts.uri.query())?;
        let takes = parts.extensions.get().copied().unwrap_or(Takes::Anything);
        if let Takes::These(known) = takes {
            params.expect(known)?;
        }
        if let (Takes::These(_) | Takes::TheseAndFields(_), Some(least)) = (takes, params.get(MIN_VERSION)) {
            versions::reach(app, least).await?;
        }
        Ok(Self {
            app: Arc::clone(app),
            client: Client::of(parts, app.config.public_url.as_ref(), app.listen),
            params,
            headers: parts.headers.clone(),
            path: parts.uri.path().to_owned(),
        })
    }
}

impl Ask {
    /// What the client sees of what is served.
    ///
    /// # Errors
    /// 503 until the store has been read.
    pub(crate) fn view(&self) -> Result<View, Problem> {
        match self.app.published.load_full() {
            Some(published) => Ok(View::new(published, self.client.sees)),
            None => Err(Problem::unavailable(
                "the map is being loaded; /health/ready tells how far it is",
            )),
        }
    }

    /// As [`Ask::view`], of the version that `version` asks for; the newest where it is absent.
    ///
    /// # Errors
    /// 503 until the store has been read, and what [`versions::past`] gives.
    pub(crate) async fn view_of_version(&self) -> Result<View, Problem> {
        let view = self.view()?;
        match self.params.get(VERSION) {
            None => Ok(view),
            Some(version) => {
                let past = versions::past(&self.app, view.published(), version).await?;
                Ok(view.back_to(past))
            }
        }
    }

    /// An absolute address on this server; `path` begins with a slash and is encoded already.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.client.base)
    }

    /// The coding that the client takes.
    ///
    /// # Errors
    /// 406 where it takes none.
    pub(crate) fn coding(&self) -> Result<negotiate::Coding, Problem> {
        negotiate::coding(&self.headers)
    }

    /// Answers with JSON that has links in it.
    ///
    /// # Errors
    /// 406 where the client takes no coding.
    pub(crate) fn json(&self, body: &Value, audience: Audience) -> Answer {
        self.json_as("application/json", body, audience)
    }

    /// As [`Ask::json`], under another media type.
    ///
    /// # Errors
    /// 406 where the client takes no coding.
    pub(crate) fn json_as(&self, content_type: &'static str, body: &Value, audience: Audience) -> Answer {
        let made = Representation::new(content_type, body.to_string().into_bytes(), self.coding()?);
        Ok(self.deliver(&made, audience, Freshness::Revalidate, DependsOn::Links))
    }

    /// Refuses values of `f` other than these; gives the one asked for.
    ///
    /// # Errors
    /// 400 naming the format.
    pub(crate) fn format<'a>(&'a self, known: &[&str]) -> Result<Option<&'a str>, Problem> {
        match self.params.get("f") {
            Some(given) if !known.contains(&given) => {
                let (given, known) = (crate::problem::shorten(given), known.join(", "));
                Err(Problem::bad_request(format!(
                    "f: {given:?} is no format here: expected {known}"
                )))
            }
            format => Ok(format),
        }
    }

    /// Whether people or programs ask: by `f`, else by what the client accepts.
    ///
    /// # Errors
    /// 400 naming a value of `f` that is neither.
    pub(crate) fn form(&self) -> Result<Form, Problem> {
        match self.format(&["json", "html"])? {
            Some("html") => Ok(Form::Html),
            Some(_) => Ok(Form::Json),
            None if negotiate::prefers_html(&self.headers) => Ok(Form::Html),
            None => Ok(Form::Json),
        }
    }

    /// Answers with a document, or with the page that shows it to people.
    ///
    /// # Errors
    /// 400 for another form, 406 where the client takes no coding.
    pub(crate) fn document(
        &self,
        media_type: &'static str,
        document: String,
        audience: Audience,
        page: impl FnOnce() -> String,
    ) -> Answer {
        let (content_type, body) = match self.form()? {
            Form::Json => (media_type, document),
            Form::Html => (html::HTML, page()),
        };
        let made = Representation::new(content_type, body.into_bytes(), self.coding()?);
        Ok(self.deliver(&made, audience, Freshness::Revalidate, DependsOn::LinksAndType))
    }

    /// As [`Ask::document`], of JSON that is shown to people as it is, below `trail`.
    ///
    /// # Errors
    /// As [`Ask::document`].
    pub(crate) fn shown(&self, title: &str, trail: &[(String, &str)], body: &Value, audience: Audience) -> Answer {
        let page = || self.page(title, trail, &html::value(body));
        self.document("application/json", body.to_string(), audience, page)
    }

    /// A page for people.
    pub(crate) fn page(&self, title: &str, trail: &[(String, &str)], content: &str) -> String {
        let up = html::up(&self.path);
        html::Page { title, trail, up: &up }.finish(content)
    }

    /// The links of a document to itself, and to the page that shows it to people.
    pub(crate) fn own_links(&self, media_type: &'static str) -> [Link; 2] {
        let mark = |query: String| if query.is_empty() { query } else { format!("?{query}") };
        let itself = self.url(&format!("{}{}", self.path, mark(self.params.edited(&["f"], &[]))));
        let page = self.url(&format!("{}?{}", self.path, self.params.edited(&[], &[("f", "html")])));
        [
            Link::new("self", itself, media_type, "This document"),
            Link::new("alternate", page, "text/html", "This document as a page"),
        ]
    }

    /// Answers with ready-made bytes: 304 where the client has them, 204 where there are none, 503 where too much is on
    /// its way to others.
    pub(crate) fn deliver(
        &self,
        made: &Representation,
        audience: Audience,
        freshness: Freshness,
        depends: DependsOn,
    ) -> Response {
        let known = self.if_none_match();
        if let Some(tag) = known.iter().find_map(|line| representation::matching(line, &made.etag)) {
            return self.unchanged(tag, audience, freshness, depends);
        }
        let mut response = self.bare(&made.etag, audience, freshness, depends);
        if made.bytes.is_empty() {
            *response.status_mut() = StatusCode::NO_CONTENT;
        } else {
            let headers = response.headers_mut();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(made.content_type));
            if let Some(dropped) = dropped(made.drawn) {
                headers.insert(DROPPED, header(&dropped));
            }
            if let Some(coding) = made.coding.name() {
                headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
            }
            match self.app.held.hold(Bytes::clone(&made.bytes)) {
                Ok(bytes) => *response.body_mut() = Body::from(bytes),
                Err(problem) => return problem.into_response(),
            }
        }
        response
    }

    /// 304 for the tag that the client has, as it sent it: that is how it finds what it is of.
    pub(crate) fn unchanged(
        &self,
        tag: &str,
        audience: Audience,
        freshness: Freshness,
        depends: DependsOn,
    ) -> Response {
        let mut response = self.bare(tag, audience, freshness, depends);
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    }

    /// The values of `If-None-Match`.
    pub(crate) fn if_none_match(&self) -> Vec<&str> {
        let lines = self.headers.get_all(IF_NONE_MATCH).iter();
        lines.filter_map(|line| line.to_str().ok()).collect()
    }

    fn bare(&self, tag: &str, audience: Audience, freshness: Freshness, depends: DependsOn) -> Response {
        let mut response = Response::new(Body::empty());
        let headers = response.headers_mut();
        headers.insert(ETAG, header(tag));
        headers.insert(
            CACHE_CONTROL,
            HeaderValue::from_static(cache_control(audience, freshness)),
        );
        headers.insert(VARY, header(&self.vary(depends)));
        if audience == Audience::Everybody {
            open_to_all(headers);
        }
        response
    }

    fn vary(&self, depends: DependsOn) -> String {
        let by_request = self.app.config.public_url.is_none();
        let links = if by_request {
            format!(", {LINK_HEADERS}")
        } else {
            String::new()
        };
        match depends {
            DependsOn::Coding => "Accept-Encoding".to_owned(),
            DependsOn::CodingAndType => "Accept-Encoding, Accept".to_owned(),
            DependsOn::Links => format!("Accept-Encoding{links}"),
            DependsOn::LinksAndType => format!("Accept-Encoding, Accept{links}"),
        }
    }
}

/// How many features of a tile are not shown by themselves, of how many, since all would be more than its budget, and how
/// many are there without the attributes that tell them apart: a structured field (RFC 9651), `120;of=4000;abridged=3880`.
/// Absent where nothing is left out.
const DROPPED: HeaderName = HeaderName::from_static("onemap-dropped");

fn dropped(drawn: Drawn) -> Option<String> {
    match drawn {
        Drawn {
            left_out: 0,
            abridged: 0,
            ..
        } => None,
        Drawn {
            met,
            left_out,
            abridged: 0,
        } => Some(format!("{left_out};of={met}")),
        Drawn {
            met,
            left_out,
            abridged,
        } => Some(format!("{left_out};of={met};abridged={abridged}")),
    }
}

/// Lets pages from everywhere read an answer.
pub(crate) fn open_to_all(headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("ETag, Link, Content-Crs, OGC-NumberMatched, OGC-NumberReturned, OneMap-Dropped"),
    );
}

/// A header's value from text made here.
pub(crate) fn header(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("tags, lists and encoded addresses are visible ASCII")
}

fn cache_control(audience: Audience, freshness: Freshness) -> &'static str {
    match (audience, freshness) {
        (Audience::Asker, _) => "private, max-age=0, must-revalidate",
        (Audience::Everybody, Freshness::Revalidate) => "public, max-age=0, must-revalidate",
        (Audience::Everybody, Freshness::Day) => "public, max-age=86400",
        (Audience::Everybody, Freshness::Immutable) => "public, max-age=31536000, immutable",
    }
}
