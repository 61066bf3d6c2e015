//! Where a page begins or ends: after or before a feature, in one life of the store.
//!
//! A page costs the same wherever it begins, and what is written meanwhile moves nothing: links name the version, too.

use crate::params::Params;
use crate::problem::{Problem, shorten};
use onemap_atlas::Direction;
use onemap_model::{Epoch, Fid};

/// The place after which a page begins.
pub(crate) const AFTER: &str = "after";
/// The place before which a page ends.
pub(crate) const BEFORE: &str = "before";

/// Where a page lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// The feature that it begins after, or, going backwards, ends before; none for the first page.
    pub from: Option<Fid>,
    /// Which way it goes from there.
    pub direction: Direction,
}

impl Place {
    /// Reads the two parameters.
    ///
    /// # Errors
    /// 400 for what is no place, 410 for one in another life of the store.
    pub fn read(params: &Params, epoch: &Epoch) -> Result<Self, Problem> {
        let (direction, name, text) = match (params.get(AFTER), params.get(BEFORE)) {
            (None, None) => {
                let direction = Direction::Forward;
                return Ok(Self { from: None, direction });
            }
            (Some(text), None) => (Direction::Forward, AFTER, text),
            (None, Some(text)) => (Direction::Backward, BEFORE, text),
            (Some(_), Some(_)) => return Err(Problem::bad_request(format!("{AFTER} and {BEFORE} exclude each other"))),
        };
        let from = parse(name, text, epoch)?;
        Ok(Self {
            from: Some(from),
            direction,
        })
    }
}

/// The place of a feature, as links have it: its number, and the life of the store that it has it in.
pub(super) fn written(fid: Fid, epoch: &Epoch) -> String {
    format!("{fid}.{epoch}")
}

fn parse(name: &str, text: &str, epoch: &Epoch) -> Result<Fid, Problem> {
    let wrong = || {
        let text = shorten(text);
        Problem::bad_request(format!("{name}: {text:?} is no place: expected one as a link gave it"))
    };
    let (number, life) = match text.split_once('.') {
        Some((number, life)) => (number, Some(life)),
        None => (text, None),
    };
    let digits = number.bytes().all(|b| b.is_ascii_digit());
    let fid = number
        .parse()
        .ok()
        .filter(|_| digits)
        .and_then(|fid| Fid::new(fid).ok());
    let fid = fid.ok_or_else(wrong)?;
    match life {
        Some(life) if life != epoch.as_str() => Err(Problem::gone(format!(
            "{name}: the store was restored since this link was made: begin at the first page"
        ))),
        _ => Ok(fid),
    }
}
