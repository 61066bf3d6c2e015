//! What only our own server is asked: all pages in turn, filters, counts.

use crate::http::Client;
use anyhow::{Context, Result, ensure};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

const ITEMS: &str = "/collections/parcels/items";

/// All pages of a layer, one after the other.
#[derive(Debug, Default)]
pub struct Pages {
    /// How long each took.
    pub times: Vec<Duration>,
    /// The bytes of all.
    pub bytes: usize,
    /// The features of all.
    pub features: usize,
}

/// Follows `next` from the first page of `limit` to the last.
///
/// # Errors
/// An answer that is not 200.
pub fn pages(server: SocketAddr, limit: usize) -> Result<Pages> {
    let mut client = Client::new(server);
    let mut pages = Pages::default();
    let mut target = Some(format!("{ITEMS}?limit={limit}"));
    while let Some(asked) = target {
        let (body, took) = timed(&mut client, &asked)?;
        pages.times.push(took);
        pages.bytes += body.len();
        pages.features += body.matches("\"type\":\"Feature\",").count();
        target = next_of(&body).map(str::to_owned);
    }
    Ok(pages)
}

/// How long each of `filters` took, and how many features there are for it. None of them may have been asked before:
/// counts are remembered.
///
/// # Errors
/// An answer that is not 200.
pub fn filters(server: SocketAddr, filters: &[String]) -> Result<Vec<(Duration, u64)>> {
    let mut client = Client::new(server);
    let ask = |filter: &String| asked(&mut client, &format!("{ITEMS}?limit=1&filter={}", encoded(filter)));
    filters.iter().map(ask).collect()
}

/// How long it took to count what is in each of `boxes`, and how many there are.
///
/// # Errors
/// An answer that is not 200.
pub fn counts(server: SocketAddr, boxes: &[String]) -> Result<Vec<(Duration, u64)>> {
    let mut client = Client::new(server);
    let ask = |bbox: &String| asked(&mut client, &format!("{ITEMS}?limit=1&bbox={bbox}"));
    boxes.iter().map(ask).collect()
}

fn asked(client: &mut Client, target: &str) -> Result<(Duration, u64)> {
    let (body, took) = timed(client, target)?;
    let rest = body.split("\"numberMatched\":").nth(1).context("there is no count")?;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    Ok((took, digits.parse()?))
}

fn timed(client: &mut Client, target: &str) -> Result<(String, Duration)> {
    let began = Instant::now();
    let (status, body) = client.get(target)?;
    let took = began.elapsed();
    let body = String::from_utf8(body)?;
    ensure!(status == 200, "{target}: {status}: {body}");
    Ok((body, took))
}

/// The path of the link to the next page.
fn next_of(page: &str) -> Option<&str> {
    let links = page.rsplit("\"links\":").next()?;
    let link = links.split('{').find(|link| link.contains("\"rel\":\"next\""))?;
    let href = link.split("\"href\":\"").nth(1)?.split('"').next()?;
    let path = href
        .find("//")
        .and_then(|at| href[at + 2..].find('/').map(|slash| at + 2 + slash))?;
    Some(&href[path..])
}

fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}
