//! What is wrong with data: findings with stable codes.

use crate::Coord;
use std::collections::BTreeMap;
use std::fmt;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; nothing is wrong.
    Note,
    /// Loaded as it is, but wrong or doubtful.
    Warning,
    /// Not loaded: set aside.
    Error,
}

macro_rules! finding_codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $severity:ident;)+) => {
        /// What was found. The codes never change their meaning; new ones may be added.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum FindingCode {
            $($(#[doc = $doc])+ $name,)+
        }

        impl FindingCode {
            /// Every code.
            pub const ALL: &[FindingCode] = &[$(FindingCode::$name,)+];

            /// The stable code, as reports show it.
            pub fn as_str(self) -> &'static str {
                match self { $(FindingCode::$name => $code,)+ }
            }

            /// How bad it is.
            pub fn severity(self) -> Severity {
                match self { $(FindingCode::$name => Severity::$severity,)+ }
            }
        }
    };
}

finding_codes! {
    /// The source's CRS was taken as equal to the store's: they differ by less than a metre.
    CrsEquivalent = "crs-equivalent", Note;
    /// The CRS that the source declares was overridden by the operator.
    CrsForced = "crs-forced", Warning;
    /// Coordinates lie outside the area in which their CRS makes sense.
    CoordinateOutOfRange = "coordinate-out-of-range", Error;
    /// Text was decoded from another encoding than UTF-8.
    EncodingDetected = "encoding-detected", Note;
    /// Text has bytes that its encoding does not know; they were replaced by U+FFFD.
    EncodingInvalid = "encoding-invalid", Warning;
    /// A layer or field was renamed to a legal or free name.
    NameChanged = "name-changed", Note;
    /// A geometry cannot be decoded or has coordinates that are not finite.
    GeometryUndecodable = "geometry-undecodable", Error;
    /// A polygon or line is invalid in the sense of OGC Simple Features.
    GeometryInvalid = "geometry-invalid", Warning;
    /// A feature has no geometry, or an empty one, in a layer that has geometries.
    GeometryNull = "geometry-null", Warning;
    /// A geometry is of another kind than the layer declares.
    GeometryTypeDiffers = "geometry-type-differs", Note;
    /// A curve was replaced by a chain of straight segments.
    GeometryLinearised = "geometry-linearised", Note;
    /// M values were left out.
    MeasureDropped = "measure-dropped", Note;
    /// A number is not finite; the value was set to null.
    NumberNotFinite = "number-not-finite", Warning;
    /// A value does not fit its field; it was kept as null.
    ValueOutOfRange = "value-out-of-range", Warning;
    /// A time without an offset was taken to be in the layer's zone.
    TimeZoneAssumed = "time-zone-assumed", Note;
    /// The valid time of a feature ends before it begins; it was left open.
    ValidTimeInverted = "valid-time-inverted", Warning;
    /// The key is null.
    KeyNull = "key-null", Warning;
    /// Two features have the same key and overlapping valid times.
    KeyDuplicate = "key-duplicate", Warning;
    /// A row of the source could not be read.
    RowUnreadable = "row-unreadable", Error;
}

/// One thing that is wrong, with where it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// What was found.
    pub code: FindingCode,
    /// The layer.
    pub layer: String,
    /// The feature in the source: its own id, or its number there; none where it concerns the whole layer.
    pub feature: Option<String>,
    /// Where on the map, in the CRS of the source; none where that is not known.
    pub place: Option<Coord>,
    /// What exactly, with the offending value.
    pub message: String,
}

/// Findings gathered in bounded memory: all are counted, the first of each layer and code are kept whole.
#[derive(Debug, Clone)]
pub struct Findings {
    kept_each: usize,
    counts: BTreeMap<(String, FindingCode), u64>,
    kept: Vec<Finding>,
}

impl Findings {
    /// Gathers findings, keeping at most `kept_each` of each layer and code whole.
    pub fn keeping(kept_each: usize) -> Self {
        Self {
            kept_each,
            counts: BTreeMap::new(),
            kept: Vec::new(),
        }
    }

    /// Counts a finding, and keeps it where there is room.
    pub fn push(&mut self, finding: Finding) {
        let count = self.counts.entry((finding.layer.clone(), finding.code)).or_default();
        *count += 1;
        if *count <= self.kept_each as u64 {
            self.kept.push(finding);
        }
    }

    /// Counts a finding whose text is only made where there is room to keep it.
    pub fn push_with(&mut self, layer: &str, code: FindingCode, make: impl FnOnce() -> Finding) {
        match self.counts.get_mut(&(layer.to_owned(), code)) {
            Some(count) if *count >= self.kept_each as u64 => *count += 1,
            _ => self.push(make()),
        }
    }

    /// How many there are of each layer and code.
    pub fn counts(&self) -> impl Iterator<Item = (&str, FindingCode, u64)> {
        self.counts
            .iter()
            .map(|((layer, code), count)| (layer.as_str(), *code, *count))
    }

    /// How many there are of a code, over all layers.
    pub fn count(&self, code: FindingCode) -> u64 {
        self.counts()
            .filter(|(_, found, _)| *found == code)
            .map(|(.., count)| count)
            .sum()
    }

    /// The findings that were kept whole, in the order they were found.
    pub fn kept(&self) -> &[Finding] {
        &self.kept
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}

impl Severity {
    /// The word used in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

impl fmt::Display for Finding {
    /// `warning geometry-invalid roads 17 at (115.04, 30.2): …`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} {}",
            self.code.severity().as_str(),
            self.code.as_str(),
            self.layer
        )?;
        if let Some(feature) = &self.feature {
            write!(f, " {feature}")?;
        }
        if let Some(place) = self.place {
            write!(f, " at ({}, {})", place.x, place.y)?;
        }
        write!(f, ": {}", self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(code: FindingCode) -> Finding {
        let place = Some(Coord { x: 1.0, y: 2.0 });
        Finding {
            code,
            layer: "roads".into(),
            feature: Some("17".into()),
            place,
            message: "why".into(),
        }
    }

    #[test]
    fn codes_are_distinct_and_kebab_case() {
        let codes: std::collections::HashSet<_> = FindingCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(codes.len(), FindingCode::ALL.len());
        assert!(
            codes
                .iter()
                .all(|code| code.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'))
        );
    }

    #[test]
    fn all_findings_are_counted_and_the_first_kept() {
        let mut findings = Findings::keeping(2);
        for _ in 0..5 {
            findings.push(finding(FindingCode::GeometryInvalid));
        }
        findings.push_with("roads", FindingCode::GeometryInvalid, || {
            unreachable!("there is no room")
        });
        findings.push_with("roads", FindingCode::KeyNull, || finding(FindingCode::KeyNull));
        assert_eq!(findings.count(FindingCode::GeometryInvalid), 6);
        assert_eq!(findings.kept().len(), 3);
    }

    #[test]
    fn a_finding_says_what_and_where() {
        let text = finding(FindingCode::GeometryInvalid).to_string();
        assert_eq!(text, "warning geometry-invalid roads 17 at (1, 2): why");
    }
}
