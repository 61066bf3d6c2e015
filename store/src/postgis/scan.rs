//! Reading rows by `COPY … TO STDOUT (FORMAT binary)`, the fastest way out of PostgreSQL.

use super::connect::Link;
use crate::{Error, Result};
use std::ops::ControlFlow;

/// What a binary COPY begins with: signature, flags, length of the extension.
const HEADER: &[u8; 19] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// Runs a query and hands every row to `each`, as its columns' bytes, until it breaks off.
pub(super) fn scan(
    link: &mut Link,
    query: &str,
    each: &mut dyn FnMut(&[Option<&[u8]>]) -> Result<ControlFlow<()>>,
) -> Result<()> {
    let mut rest: Vec<u8> = Vec::new();
    let mut begun = false;
    let store = link.store().to_owned();
    let broken = || Error::Unreachable {
        store: store.clone(),
        reason: "it sent something that is no binary COPY".to_owned(),
    };
    link.copy_out(&format!("COPY ({query}) TO STDOUT (FORMAT binary)"), &mut |piece| {
        // Pieces mostly are whole rows: then nothing is copied.
        let joined = !rest.is_empty();
        if joined {
            rest.extend_from_slice(piece);
        }
        let mut bytes = if joined { rest.as_slice() } else { piece };
        if !begun && bytes.len() >= HEADER.len() {
            bytes = bytes.strip_prefix(HEADER).ok_or_else(broken)?;
            begun = true;
        }
        let mut columns = Vec::new();
        while begun {
            match row(bytes, &mut columns).map_err(|()| broken())? {
                None | Some(0) => break,
                Some(used) => {
                    bytes = &bytes[used..];
                    if each(&columns)?.is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
            }
        }
        let left = bytes.to_vec();
        rest = left;
        Ok(ControlFlow::Continue(()))
    })
}

/// Reads one row; gives how many bytes it took, 0 at the end, none where it is not whole yet.
fn row<'b>(bytes: &'b [u8], columns: &mut Vec<Option<&'b [u8]>>) -> Result<Option<usize>, ()> {
    columns.clear();
    let Some((count, mut rest)) = bytes.split_first_chunk::<2>() else {
        return Ok(None);
    };
    let count = i16::from_be_bytes(*count);
    if count < 0 {
        return Ok(Some(0));
    }
    for _ in 0..count {
        let Some((length, after)) = rest.split_first_chunk::<4>() else {
            return Ok(None);
        };
        let length = i32::from_be_bytes(*length);
        if length == -1 {
            columns.push(None);
            rest = after;
            continue;
        }
        let length = usize::try_from(length).map_err(|_| ())?;
        let Some((value, after)) = after.split_at_checked(length) else {
            return Ok(None);
        };
        columns.push(Some(value));
        rest = after;
    }
    Ok(Some(bytes.len() - rest.len()))
}
