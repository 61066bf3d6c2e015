//! A page of features, from question to bytes.

use super::MAX_PAGE_BYTES;
use super::counts::Counts;
use super::query::PageQuery;
use super::selection::Selection;
use crate::formats::{Foot, Format};
use crate::links::Link;
use crate::pool::Waiting;
use crate::problem::Problem;
use onemap_atlas::FeatureView;
use onemap_model::{Fid, TimeSpan};

/// What links need to know of a page.
pub(super) struct Page {
    /// How many features there are on all pages.
    pub matched: u64,
    /// How many on this one.
    pub returned: u64,
    /// The first and the last on it.
    pub ends: Option<(Fid, Fid)>,
    /// Whether there are others before it.
    pub before: bool,
    /// Whether there are others after it.
    pub after: bool,
}

impl Page {
    /// Makes a page. It has no `timeStamp`, which is optional: equal pages have equal bytes and one strong tag; when it
    /// was made is in the `Date` header.
    ///
    /// # Errors
    /// What [`Selection`] gives, and 400 where a feature cannot be written as it is asked for.
    pub fn write(
        query: &PageQuery,
        counts: &Counts,
        format: Format,
        waiting: &Waiting<'_>,
        links: impl FnOnce(&Page) -> Vec<Link>,
    ) -> Result<(Page, Vec<u8>, Vec<Link>), Problem> {
        let when = |span: TimeSpan| query.when.meets(span);
        let selection = Selection::new(query, &when, waiting)?;
        if let Some(near) = &query.near {
            return Self::of_nearest(query, &selection.nearest(near)?, format, links);
        }
        let (matched, picked) = match counts.get(&query.epoch, query) {
            Some(matched) => (matched, selection.pick_of(matched)?),
            None => {
                let (matched, picked) = selection.count_and_pick()?;
                // What was broken off because nobody waits is no count.
                if !waiting.is_over() {
                    counts.put(&query.epoch, query, matched);
                }
                (matched, picked)
            }
        };
        let mut bytes = Vec::new();
        let mut writer = format.writer(&mut bytes, query.shown())?;
        let mut returned = 0;
        for feature in &picked.features {
            // A page ends early where it would grow beyond all measure; its `next` link goes on from there.
            if writer.size() >= MAX_PAGE_BYTES || waiting.is_over() {
                break;
            }
            writer.feature(feature, None)?;
            returned += 1;
        }
        let written = &picked.features[..returned];
        let page = Page {
            matched,
            returned: returned as u64,
            ends: written.first().zip(written.last()).map(|(a, b)| (a.fid(), b.fid())),
            before: picked.before,
            after: picked.after || returned < picked.features.len(),
        };
        let links = links(&page);
        writer.finish(&Foot {
            matched: Some(matched),
            links: &links,
        })?;
        Ok((page, bytes, links))
    }

    /// All of those found: there are no other pages.
    fn of_nearest(
        query: &PageQuery,
        found: &[(FeatureView<'_>, f64)],
        format: Format,
        links: impl FnOnce(&Page) -> Vec<Link>,
    ) -> Result<(Page, Vec<u8>, Vec<Link>), Problem> {
        let mut bytes = Vec::new();
        let mut writer = format.writer(&mut bytes, query.shown())?;
        for (feature, metres) in found {
            writer.feature(feature, Some(*metres))?;
        }
        let count = found.len() as u64;
        let page = Page {
            matched: count,
            returned: count,
            ends: None,
            before: false,
            after: false,
        };
        let links = links(&page);
        writer.finish(&Foot {
            matched: Some(count),
            links: &links,
        })?;
        Ok((page, bytes, links))
    }
}
