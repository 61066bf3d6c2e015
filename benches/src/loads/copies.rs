//! A larger extract of OpenStreetMap: one beside the other, copies of a small one with numbers of their own.
//!
//! osmium tells the extract in its line format (OPL: one element a line, its parts told apart by their first letter) and
//! writes the copies as PBF again.

use super::Programs;
use crate::program;
use anyhow::{Context, Result, ensure};
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;

/// Above every number of an element there is.
const NUMBERS: u64 = 1 << 36;
/// Copies lie in rows of so many,
const IN_A_ROW: u64 = 6;
/// and so far apart, in degrees.
const STEP_DEGREES: f64 = 0.5;

/// Writes `copies` copies of `extract` into one file; gives its path.
///
/// # Errors
/// Where osmium fails or the file cannot be written.
pub fn make(programs: Programs<'_>, extract: &Path, copies: u64) -> Result<String> {
    ensure!(copies < 1 << 8, "at most 255 copies have room");
    let extract = extract.to_str().context("the extract's name is not UTF-8")?;
    let (one, all, made) = (
        programs.path("extract.opl")?,
        programs.path("copies.opl")?,
        programs.path("copies.osm.pbf")?,
    );
    let convert = |from: &str, to: &str| {
        program::run(
            Path::new("osmium"),
            &["cat", "--overwrite", "--no-progress", from, "-o", to],
        )
    };
    convert(extract, &one)?;
    let mut out = BufWriter::new(File::create(&all)?);
    for kind in ['n', 'w', 'r'] {
        for copy in 0..copies {
            for line in BufReader::new(File::open(&one)?).lines() {
                let line = line?;
                if line.starts_with(kind) {
                    writeln!(out, "{}", moved(&line, copy))?;
                }
            }
        }
    }
    out.flush()?;
    convert(&all, &made)?;
    std::fs::remove_file(&one)?;
    std::fs::remove_file(&all)?;
    Ok(made)
}

/// The line of an element as it is in a copy.
fn moved(line: &str, copy: u64) -> String {
    let words = line.split(' ').enumerate().map(|(at, word)| {
        let rest = word.get(1..).unwrap_or_default();
        match word.as_bytes().first() {
            Some(b'n' | b'w' | b'r') if at == 0 => format!("{}{}", &word[..1], number(rest, copy)),
            Some(b'x') => format!("x{:.7}", degrees(rest) + STEP_DEGREES * (copy % IN_A_ROW) as f64),
            Some(b'y') => format!("y{:.7}", degrees(rest) + STEP_DEGREES * (copy / IN_A_ROW) as f64),
            Some(b'N') => format!("N{}", members(rest, copy)),
            Some(b'M') => format!("M{}", members(rest, copy)),
            _ => word.to_owned(),
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// References, each a letter, a number, and for members of relations `@` and a role.
fn members(list: &str, copy: u64) -> String {
    let one = |member: &str| match member.get(..1) {
        None => String::new(),
        Some(kind) => {
            let (id, role) = member[1..]
                .split_once('@')
                .map_or((&member[1..], ""), |(id, role)| (id, role));
            let at = if member.contains('@') { "@" } else { "" };
            format!("{kind}{}{at}{role}", number(id, copy))
        }
    };
    list.split(',').map(one).collect::<Vec<_>>().join(",")
}

fn number(text: &str, copy: u64) -> u64 {
    text.parse::<u64>().expect("osmium writes numbers") + copy * NUMBERS
}

fn degrees(text: &str) -> f64 {
    // A deleted element has no place.
    text.parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_has_numbers_and_a_place_of_its_own() {
        let node = "n17 v1 dV c0 t i0 u Tname=x%20%y x9.5 y47.1";
        assert_eq!(
            moved(node, 0),
            "n17 v1 dV c0 t i0 u Tname=x%20%y x9.5000000 y47.1000000"
        );
        let shifted = format!(
            "n{} v1 dV c0 t i0 u Tname=x%20%y x10.0000000 y47.6000000",
            17 + 7 * NUMBERS
        );
        assert_eq!(moved(node, 7), shifted);
        let way = moved("w5 v1 T Nn1,n2", 1);
        assert_eq!(way, format!("w{} v1 T Nn{},n{}", 5 + NUMBERS, 1 + NUMBERS, 2 + NUMBERS));
        let relation = moved("r5 v1 T Mw3@outer,n2@", 1);
        let (w, n) = (3 + NUMBERS, 2 + NUMBERS);
        assert_eq!(relation, format!("r{} v1 T Mw{w}@outer,n{n}@", 5 + NUMBERS));
        assert_eq!(moved("w5 v1 T N", 0), "w5 v1 T N");
    }
}
