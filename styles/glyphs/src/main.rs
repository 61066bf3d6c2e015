//! Makes SDF glyph ranges (`{stack}/{range}.pbf`, 24 px, as MapLibre asks for them) from font files.
//!
//! Every range of 256 code points in which the font has a glyph is written, so that Latin, Cyrillic, Greek, punctuation
//! and symbols are all there. Han is left to the browser's own fonts, and Noto Sans has none of it. Which font belongs
//! to which stack is said by the caller (`scripts/assets`).

use anyhow::{Context, Result, bail};
use pbf_font_tools::freetype::{Face, Library};
use pbf_font_tools::prost::Message;
use pbf_font_tools::{Glyphs, glyph_range_for_face};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Height in pixels that MapLibre takes every served glyph to have.
const GLYPH_SIZE_PX: usize = 24;
/// How far from the outline, in pixels, distances are recorded: what every MapLibre renderer expects.
const SDF_RADIUS_PX: usize = 8;
/// The share of the byte's values that stand for the inside of a glyph: what every MapLibre renderer expects.
const SDF_CUTOFF: f64 = 0.25;
/// MapLibre asks for ranges of the basic multilingual plane only.
const LAST_CODE_POINT: usize = 0xFFFF;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let Some((out, fonts)) = arguments.split_first().filter(|(_, fonts)| !fonts.is_empty()) else {
        bail!("usage: onemap-glyphs OUT_FOLDER \"STACK NAME=FONT_FILE\"...");
    };
    let library = Library::init().context("starting FreeType")?;
    for font in fonts {
        let Some((stack, file)) = font.split_once('=') else {
            bail!("{font:?}: expected STACK NAME=FONT_FILE");
        };
        let face = library
            .new_face(file, 0)
            .with_context(|| format!("opening the font {file}"))?;
        let written = write_stack(&face, &Path::new(out).join(stack)).with_context(|| format!("stack {stack}"))?;
        eprintln!("{stack}: {written} glyph ranges from {file}");
    }
    Ok(())
}

/// Writes every range in which `face` has glyphs into `folder`; gives their number.
fn write_stack(face: &Face, folder: &Path) -> Result<usize> {
    fs::create_dir_all(folder).with_context(|| format!("making the folder {}", folder.display()))?;
    let ranges = covered_ranges(face);
    for &start in &ranges {
        let end = start + 255;
        let path: PathBuf = folder.join(format!("{start}-{end}.pbf"));
        let bytes = glyph_range(face, start, end).with_context(|| format!("range {start}-{end}"))?;
        fs::write(&path, bytes).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(ranges.len())
}

/// First code points of the ranges in which `face` has a glyph, ascending.
fn covered_ranges(face: &Face) -> BTreeSet<u32> {
    face.chars()
        .filter(|(code, _)| *code <= LAST_CODE_POINT)
        .map(|(code, _)| code as u32 & !255)
        .collect()
}

fn glyph_range(face: &Face, start: u32, end: u32) -> Result<Vec<u8>> {
    let stack = glyph_range_for_face(face, start, end, GLYPH_SIZE_PX, SDF_RADIUS_PX, SDF_CUTOFF)?;
    Ok(Glyphs { stacks: vec![stack] }.encode_to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From Debian's fonts-noto-core, which `make test` installs.
    const FONT: &str = "/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf";

    fn face() -> Face {
        Library::init()
            .unwrap()
            .new_face(FONT, 0)
            .expect("fonts-noto-core is installed")
    }

    #[test]
    fn latin_greek_and_cyrillic_are_covered_and_han_is_not() {
        let ranges = covered_ranges(&face());
        for sample in ['A', 'é', 'Ω', 'Ж', '–'] {
            assert!(ranges.contains(&(sample as u32 & !255)), "{sample}");
        }
        assert!(!ranges.contains(&('黄' as u32 & !255)));
    }

    #[test]
    fn a_range_decodes_to_glyphs_with_bitmaps_of_their_size() {
        let bytes = glyph_range(&face(), 0, 255).unwrap();
        let stack = Glyphs::decode(bytes.as_slice()).unwrap().stacks.remove(0);
        assert_eq!(stack.range, "0-255");
        let letter = stack
            .glyphs
            .iter()
            .find(|glyph| glyph.id == u32::from(b'A'))
            .expect("Latin has an A");
        let bitmap = letter.bitmap.as_deref().expect("an A is not blank");
        assert_eq!(
            bitmap.len() as u32,
            (letter.width + 6) * (letter.height + 6),
            "three pixels of margin a side"
        );
        assert!(
            (12..=18).contains(&letter.advance),
            "an A at 24 px is {} wide",
            letter.advance
        );
    }

    #[test]
    fn making_a_range_twice_gives_the_same_bytes() {
        let face = face();
        assert_eq!(
            glyph_range(&face, 0x400, 0x4FF).unwrap(),
            glyph_range(&face, 0x400, 0x4FF).unwrap()
        );
    }
}
