//! What cannot be read in rows that other programs wrote: told one by one as long as that is of use, then counted.

/// How many problems of one reading are told one by one.
const TOLD: u64 = 5;

/// The problems of one reading of a layer; dropping it tells how many more there were.
#[derive(Debug)]
pub(crate) struct Problems {
    layer: String,
    count: u64,
}

impl Problems {
    /// None yet.
    pub fn of(layer: &str) -> Self {
        Self {
            layer: layer.to_owned(),
            count: 0,
        }
    }

    /// Tells what is wrong with the feature of this number.
    pub fn tell(&mut self, fid: i64, what: &str) {
        self.count += 1;
        if self.count <= TOLD {
            tracing::warn!(layer = self.layer, fid, "{what}");
        }
    }
}

impl Drop for Problems {
    fn drop(&mut self) {
        if self.count > TOLD {
            let more = self.count - TOLD;
            tracing::warn!(layer = self.layer, "{more} more values could not be read");
        }
    }
}
