//! Files that came with the server: the viewer, glyphs, styles. Nothing is fetched from elsewhere at run time.

use crate::ask::{Answer, Ask, DependsOn, Freshness};
use crate::cache::Key;
use crate::pool::Waiting;
use crate::problem::{Problem, shorten};
use crate::representation::Representation;
use crate::view::Audience;
use axum::extract::{Path, RawQuery};
use axum::http::header::{CONTENT_SECURITY_POLICY, LOCATION, REFERRER_POLICY};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "assets"]
#[allow_missing = true]
struct Assets;

const PBF: &str = "application/x-protobuf";

/// A file by its path; none where there is none, or where the path is not a plain one.
pub(crate) fn read(path: &str) -> Option<EmbeddedFile> {
    let plain = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.contains(['\\', '\0', ':']);
    path.split('/').all(plain).then(|| Assets::get(path)).flatten()
}

/// `/map`: the viewer.
pub(crate) async fn viewer(ask: Ask) -> Answer {
    let Some(file) = read("map/index.html") else {
        return Err(Problem::not_found(
            "the viewer was not built into this server; `make` builds it",
        ));
    };
    let mut response = send(
        &ask,
        file,
        "text/html; charset=utf-8",
        Freshness::Revalidate,
        DependsOn::Links,
    )
    .await?;
    // The policy names the server as the client sees it, so the answer depends on that.
    let origin = ask.client.base.origin();
    let policy = format!(
        "default-src 'self'; connect-src 'self' {origin}; img-src 'self' {origin} data: blob:; \
         worker-src 'self' blob:; child-src 'self' blob:; style-src 'self' 'unsafe-inline'; object-src 'none'; \
         base-uri 'self'; form-action 'none'"
    );
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, crate::ask::header(&policy));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    Ok(response)
}

/// `/map/`: leads to the viewer, whose page names its files from where it is.
pub(crate) async fn viewer_below(RawQuery(query): RawQuery) -> Response {
    let query = query.map_or_else(String::new, |query| format!("?{query}"));
    // Relative, so that it holds behind any proxy.
    let location = HeaderValue::from_str(&format!("../map{query}"));
    let location = location.unwrap_or_else(|_| HeaderValue::from_static("../map"));
    (StatusCode::PERMANENT_REDIRECT, [(LOCATION, location)]).into_response()
}

/// `/map/{file}`: the viewer's scripts and styles, whose names change with their content.
pub(crate) async fn viewer_file(ask: Ask, Path(path): Path<String>) -> Answer {
    let missing = || Problem::not_found(format!("the viewer has no file {:?}", shorten(&path)));
    let file = read(&format!("map/{path}")).ok_or_else(missing)?;
    let freshness = if is_hashed(&path) {
        Freshness::Immutable
    } else {
        Freshness::Revalidate
    };
    send(&ask, file, content_type(&path), freshness, DependsOn::Coding).await
}

/// `/fonts/{stack}/{range}.pbf`: glyphs of the first font of the stack that there is.
pub(crate) async fn glyphs(ask: Ask, Path((stack, last)): Path<(String, String)>) -> Answer {
    let range = last.strip_suffix(".pbf").filter(|range| is_range(range));
    let expected = || Problem::bad_request(format!("{:?} is no range of glyphs such as 0-255.pbf", shorten(&last)));
    let range = range.ok_or_else(expected)?;
    let fonts = || stack.split(',').map(str::trim).filter(|font| !font.contains('/'));
    if let Some(file) = fonts().find_map(|font| read(&format!("fonts/{font}/{range}.pbf"))) {
        return send(&ask, file, PBF, Freshness::Day, DependsOn::Coding).await;
    }
    let font = fonts().find(|font| read(&format!("fonts/{font}/0-255.pbf")).is_some());
    let missing = || Problem::not_found(format!("there is no font {:?} here", shorten(&stack)));
    let made = Representation::new(PBF, no_glyphs(font.ok_or_else(missing)?, range), ask.coding()?);
    Ok(ask.deliver(&made, Audience::Everybody, Freshness::Day, DependsOn::Coding))
}

/// `/sprites/{name}`: icons. There are none yet.
pub(crate) async fn sprites(ask: Ask, Path(name): Path<String>) -> Answer {
    let missing = || Problem::not_found(format!("there is no sprite {:?}", shorten(&name)));
    let file = read(&format!("sprites/{name}")).ok_or_else(missing)?;
    send(&ask, file, content_type(&name), Freshness::Day, DependsOn::Coding).await
}

async fn send(
    ask: &Ask,
    file: EmbeddedFile,
    content_type: &'static str,
    freshness: Freshness,
    depends: DependsOn,
) -> Answer {
    let coding = ask.coding()?;
    let key = Key::Asset {
        hash: file.metadata.sha256_hash(),
        coding,
    };
    let make = ask
        .app
        .pool
        .run(move |_: &Waiting<'_>| Ok(Representation::new(content_type, file.data.into_owned(), coding)));
    let made = ask.app.cache.get(key, make).await?;
    Ok(ask.deliver(&made, Audience::Everybody, freshness, depends))
}

/// A font without a glyph in a range: a range that the font lacks is no error, only empty
/// (message `glyphs`: field 1 `fontstack`, in it field 1 `name` and field 2 `range`).
fn no_glyphs(font: &str, range: &str) -> Vec<u8> {
    let field = |tag: u8, text: &[u8]| {
        let length = u8::try_from(text.len()).expect("font names and ranges are short");
        [&[tag, length], text].concat()
    };
    let name: String = font.chars().take(20).collect();
    let stack = [field(0x0a, name.as_bytes()), field(0x12, range.as_bytes())].concat();
    field(0x0a, &stack)
}

fn is_range(text: &str) -> bool {
    let number = |text: &str| text.len() <= 7 && !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.split_once('-')
        .is_some_and(|(from, to)| number(from) && number(to))
}

/// Whether a file's name carries a hash of its content, as Vite writes it: `index-B3xQ_2aa.js`.
fn is_hashed(path: &str) -> bool {
    let stem = path
        .rsplit('/')
        .next()
        .and_then(|name| name.rsplit_once('.'))
        .map_or("", |(stem, _)| stem);
    let hash = stem.rsplit_once('-').map_or("", |(_, hash)| hash);
    let hash = if hash.len() >= 8 {
        hash
    } else {
        stem.get(stem.len().saturating_sub(9)..).unwrap_or("")
    };
    path.starts_with("assets/")
        && hash.len() >= 8
        && hash.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        "md" | "txt" => "text/plain; charset=utf-8",
        "pbf" => PBF,
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_paths_reach_files() {
        for path in [
            "../Cargo.toml",
            "map/../../Cargo.toml",
            "/etc/passwd",
            "map//x",
            ".hidden",
            "map\\x",
            "",
            "c:/x",
        ] {
            assert!(read(path).is_none(), "{path}");
        }
    }

    #[test]
    fn names_with_a_hash_are_for_ever() {
        assert!(is_hashed("assets/index-B3xQ_2aa.js") && is_hashed("assets/index-B3x-_2aa.css"));
        assert!(!is_hashed("index.html") && !is_hashed("licenses.md") && !is_hashed("assets/logo.svg"));
    }

    #[test]
    fn a_range_of_glyphs_is_two_numbers() {
        assert!(is_range("0-255") && is_range("65280-65535"));
        for bad in ["", "-", "0", "a-b", "0-", "0-99999999", "../x-1"] {
            assert!(!is_range(bad), "{bad}");
        }
        assert_eq!(no_glyphs("A", "0-1"), b"\x0a\x08\x0a\x01A\x12\x030-1");
    }
}
