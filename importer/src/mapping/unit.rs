//! Units that columns are measured in, and what they are in the unit that layers keep: metres, square metres, yuan.

/// The units by their names.
const UNITS: [(&str, f64); 16] = [
    ("m", 1.0),
    ("km", 1e3),
    ("cm", 1e-2),
    ("mm", 1e-3),
    ("m2", 1.0),
    ("km2", 1e6),
    ("ha", 1e4),
    ("公顷", 1e4),
    ("mu", 10_000.0 / 15.0),
    ("亩", 10_000.0 / 15.0),
    ("平方米", 1.0),
    ("平方公里", 1e6),
    ("米", 1.0),
    ("公里", 1e3),
    ("元", 1.0),
    ("万元", 1e4),
];

/// What a number in this unit is multiplied with; none for a unit that is not known.
pub(super) fn factor(unit: &str) -> Option<f64> {
    UNITS.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor)
}

/// All units, for messages.
pub(super) fn names() -> String {
    UNITS.map(|(name, _)| name).join(", ")
}
