//! Random filters on a layer, each written twice: in CQL2 and, by hand and from the standard's text, in PostgreSQL's SQL.
//!
//! Where SQL means something else than the standard, it is written so that it means the same, and said here why:
//! - a quotient by zero is an error in SQL and null in ours: `NULLIF`;
//! - `lower` (in C.UTF-8, which the cluster has) maps letter by letter; case folding (Unicode) also makes `ß` two letters and all sigmas one;
//! - PostgreSQL has no accents of its own (`unaccent` is a list of somebody's choice): decomposed, without combining
//!   marks, with the strokes of eight letters taken off;
//! - texts are ordered by code points: `COLLATE "C"`;
//! - `ST_Crosses` and `ST_Overlaps` say false where the standard leaves a pair of dimensions open, and so do we.

use onemap_e2e::rng::Rng;
use onemap_model::{Feature, FieldType, Geometry, Layer, Value};

/// One filter, in both languages.
#[derive(Debug, Clone)]
pub struct Pair {
    pub cql: String,
    pub sql: String,
}

/// Makes filters for one layer out of the values that it has.
pub struct Pairs<'a> {
    pub layer: &'a Layer,
    pub features: &'a [Feature],
    pub srid: i32,
    pub rng: Rng,
}

fn pair(cql: impl Into<String>, sql: impl Into<String>) -> Pair {
    Pair {
        cql: cql.into(),
        sql: sql.into(),
    }
}

fn same(text: String) -> Pair {
    pair(text.clone(), text)
}

const RELATIONS: [(&str, &str); 8] = [
    ("S_INTERSECTS", "ST_Intersects"),
    ("S_DISJOINT", "ST_Disjoint"),
    ("S_EQUALS", "ST_Equals"),
    ("S_TOUCHES", "ST_Touches"),
    ("S_WITHIN", "ST_Within"),
    ("S_CONTAINS", "ST_Contains"),
    ("S_OVERLAPS", "ST_Overlaps"),
    ("S_CROSSES", "ST_Crosses"),
];

/// Relations of closed intervals (21-065r2, table 12) with the ends `s` and `e` of `a` and `b`.
const TIMES: [(&str, &str); 15] = [
    ("T_AFTER", "as > be"),
    ("T_BEFORE", "ae < bs"),
    ("T_CONTAINS", "as < bs AND ae > be"),
    ("T_DISJOINT", "ae < bs OR as > be"),
    ("T_DURING", "as > bs AND ae < be"),
    ("T_EQUALS", "as = bs AND ae = be"),
    ("T_FINISHEDBY", "as < bs AND ae = be"),
    ("T_FINISHES", "as > bs AND ae = be"),
    ("T_INTERSECTS", "NOT (ae < bs OR as > be)"),
    ("T_MEETS", "ae = bs"),
    ("T_METBY", "as = be"),
    ("T_OVERLAPPEDBY", "as > bs AND as < be AND ae > be"),
    ("T_OVERLAPS", "as < bs AND ae > bs AND ae < be"),
    ("T_STARTEDBY", "as = bs AND ae > be"),
    ("T_STARTS", "as = bs AND ae < be"),
];

impl Pairs<'_> {
    /// A filter of up to so many levels.
    pub fn condition(&mut self, depth: usize) -> Pair {
        match self.rng.below(if depth == 0 { 1 } else { 4 }) {
            0 => self.test(),
            1 => {
                let inner = self.condition(depth - 1);
                pair(format!("NOT ({})", inner.cql), format!("NOT ({})", inner.sql))
            }
            either => {
                let (a, b) = (self.condition(depth - 1), self.condition(depth - 1));
                let op = if either == 2 { "AND" } else { "OR" };
                pair(
                    format!("({}) {op} ({})", a.cql, b.cql),
                    format!("({}) {op} ({})", a.sql, b.sql),
                )
            }
        }
    }

    fn test(&mut self) -> Pair {
        loop {
            let made = match self.rng.below(12) {
                0 | 1 => self.compare(Self::number),
                2 | 3 => self.compare(Self::text),
                4 => self.like(),
                5 => self.between(),
                6 => self.among(),
                7 => self.is_null(),
                8 => self.of_time(FieldType::DateTime),
                9 => self.of_time(FieldType::Date),
                10 => self.truth(),
                _ => self.spatial(),
            };
            if let Some(made) = made {
                return made;
            }
        }
    }

    fn pick<'x, T>(&mut self, all: &'x [T]) -> Option<&'x T> {
        (!all.is_empty()).then(|| &all[self.rng.below(all.len())])
    }

    /// A field of such a type, quoted, and a value of it that a feature has.
    fn field(&mut self, kinds: &[FieldType]) -> Option<(String, Value)> {
        let fields: Vec<usize> = (0..self.layer.fields().len())
            .filter(|&at| kinds.contains(&self.layer.fields()[at].field_type))
            .collect();
        let at = *self.pick(&fields)?;
        let value = self.pick(self.features)?.row.values[at].clone();
        Some((format!("\"{}\"", self.layer.fields()[at].name), value))
    }

    fn compare(&mut self, term: fn(&mut Self, usize) -> Option<Pair>) -> Option<Pair> {
        let op = *self.pick(&["=", "<>", "<", "<=", ">", ">="])?;
        let (a, b) = (term(self, 2)?, term(self, 2)?);
        Some(pair(
            format!("{} {op} {}", a.cql, b.cql),
            format!("{} {op} {}", a.sql, b.sql),
        ))
    }

    fn number(&mut self, depth: usize) -> Option<Pair> {
        if depth > 0 && self.rng.below(3) == 0 {
            let (a, b) = (self.number(depth - 1)?, self.number(depth - 1)?);
            let (a, b, c, d) = (a.cql, b.cql, a.sql, b.sql);
            return Some(match self.rng.below(6) {
                0 => pair(
                    format!("({a} / {b})"),
                    format!("(({c})::float8 / NULLIF(({d})::float8, 0))"),
                ),
                1 => pair(format!("abs({a})"), format!("abs({c})")),
                2 => pair(format!("floor({a})"), format!("floor(({c})::float8)")),
                3 => pair(format!("({a} * {b})"), format!("(({c})::float8 * ({d})::float8)")),
                4 => pair(format!("({a} - {b})"), format!("({c} - {d})")),
                _ => pair(format!("({a} + {b})"), format!("({c} + {d})")),
            });
        }
        let kinds = [FieldType::Int, FieldType::Float];
        let Some((name, value)) = self.field(&kinds) else {
            return Some(match self.rng.below(2) {
                0 => same("fid".to_owned()),
                _ => same(self.rng.below(100).to_string()),
            });
        };
        let literal = match (self.rng.below(2), value) {
            (0, _) => return Some(same(name)),
            (_, Value::Int(whole)) => whole.to_string(),
            (_, Value::Float(float)) => format!("{:?}", float.get()),
            _ => format!("{:?}", self.rng.unit() * 100.0),
        };
        let sql = format!(
            "({literal})::{}",
            if literal.contains(['.', 'e']) { "float8" } else { "int8" }
        );
        Some(pair(literal, sql))
    }

    fn text(&mut self, depth: usize) -> Option<Pair> {
        if depth > 0 {
            match self.rng.below(5) {
                0 => return Some(case(&self.text(depth - 1)?)),
                1 => return Some(accents(&self.text(depth - 1)?)),
                _ => {}
            }
        }
        let (name, value) = self.field(&[FieldType::Text])?;
        match (self.rng.below(2), value) {
            (0, Value::Text(text)) if !text.contains('\\') => Some(literal(&text)),
            _ => Some(pair(&name, format!("{name} COLLATE \"C\""))),
        }
    }

    fn like(&mut self) -> Option<Pair> {
        let text = self.text(2)?;
        let (_, value) = self.field(&[FieldType::Text])?;
        let Value::Text(value) = value else { return None };
        // A piece of a text that is there, with characters taken out and wildcards put in.
        let chars: Vec<char> = value.chars().filter(|c| *c != '\\').collect();
        let from = self.rng.below(chars.len() + 1);
        let mut pattern = String::new();
        for c in chars[from..].iter().take(6) {
            match self.rng.below(5) {
                0 => pattern.push('_'),
                1 => pattern.push('%'),
                _ => pattern.push(*c),
            }
        }
        let pattern = match self.rng.below(3) {
            0 => format!("%{pattern}%"),
            1 => format!("{pattern}%"),
            _ => pattern,
        };
        let pattern = literal(&pattern);
        let pattern = match self.rng.below(3) {
            0 => case(&pattern),
            1 => accents(&pattern),
            _ => pattern,
        };
        Some(pair(
            format!("{} LIKE {}", text.cql, pattern.cql),
            format!("{} LIKE {}", text.sql, pattern.sql),
        ))
    }

    fn between(&mut self) -> Option<Pair> {
        let [a, b, c] = [self.number(1)?, self.number(1)?, self.number(1)?];
        Some(pair(
            format!("{} BETWEEN {} AND {}", a.cql, b.cql, c.cql),
            format!("{} BETWEEN {} AND {}", a.sql, b.sql, c.sql),
        ))
    }

    fn among(&mut self) -> Option<Pair> {
        let term = if self.rng.below(2) == 0 {
            Self::number
        } else {
            Self::text
        };
        let value = term(self, 1)?;
        let list: Vec<Pair> = (0..=self.rng.below(4)).map(|_| term(self, 0)).collect::<Option<_>>()?;
        let join = |of: fn(&Pair) -> &str| list.iter().map(of).collect::<Vec<_>>().join(", ");
        Some(pair(
            format!("{} IN ({})", value.cql, join(|one| &one.cql)),
            format!("{} IN ({})", value.sql, join(|one| &one.sql)),
        ))
    }

    fn is_null(&mut self) -> Option<Pair> {
        use FieldType::{Date, DateTime, Float, Int, Text};
        let (name, _) = self.field(&[Text, Int, Float, Date, DateTime])?;
        let not = *self.pick(&["", "NOT "])?;
        Some(same(format!("{name} IS {not}NULL")))
    }

    fn truth(&mut self) -> Option<Pair> {
        let (name, _) = self.field(&[FieldType::Bool])?;
        let value = *self.pick(&["true", "false"])?;
        Some(same(format!("{name} = {value}")))
    }

    /// A relation of times of one kind: a field or an interval of fields and values, beside another one.
    fn of_time(&mut self, kind: FieldType) -> Option<Pair> {
        let (name, relation) = *self.pick(&TIMES)?;
        let (a, [a_start, a_end]) = self.period(kind)?;
        let (b, [b_start, b_end]) = self.period(kind)?;
        let ends = [("as", a_start), ("ae", a_end), ("bs", b_start), ("be", b_end)];
        let words = relation.split(' ').map(|word| {
            let bare = word.trim_matches(['(', ')']);
            let end = ends.iter().find(|(end, _)| *end == bare);
            end.map_or_else(|| word.to_owned(), |(_, sql)| word.replace(bare, sql))
        });
        // What is not known of one end is known of nothing.
        let known = ends.iter().map(|(_, sql)| sql.as_str()).collect::<Vec<_>>().join(", ");
        let sql = format!(
            "CASE WHEN num_nulls({known}) > 0 THEN NULL ELSE {} END",
            words.collect::<Vec<_>>().join(" ")
        );
        Some(pair(format!("{name}({a}, {b})"), sql))
    }

    fn period(&mut self, kind: FieldType) -> Option<(String, [String; 2])> {
        let (cql_word, sql_type) = match kind {
            FieldType::Date => ("DATE", "date"),
            _ => ("TIMESTAMP", "timestamptz"),
        };
        let end = |pairs: &mut Self, open: Option<&str>| {
            let (name, value) = pairs.field(&[kind])?;
            match (pairs.rng.below(4), open, &value) {
                (0, Some(open), _) => Some(("'..'".to_owned(), format!("'{open}'::{sql_type}"), true)),
                (1 | 2, _, Value::Date(_) | Value::DateTime(_)) => {
                    Some((format!("'{value}'"), format!("'{value}'::{sql_type}"), false))
                }
                _ => Some((name.clone(), name, true)),
            }
        };
        if self.rng.below(2) == 0 {
            let (cql, sql, is_bare) = end(self, None)?;
            let cql = if is_bare { cql } else { format!("{cql_word}({cql})") };
            return Some((cql, [sql.clone(), sql]));
        }
        let (from, from_sql, _) = end(self, Some("-infinity"))?;
        let (until, until_sql, _) = end(self, Some("infinity"))?;
        Some((format!("INTERVAL({from}, {until})"), [from_sql, until_sql]))
    }

    fn spatial(&mut self) -> Option<Pair> {
        let (ours, theirs) = *self.pick(&RELATIONS)?;
        let wkt = self.shape()?;
        let given = format!("ST_GeomFromText('{wkt}', {})", self.srid);
        Some(match self.rng.below(2) {
            0 => pair(format!("{ours}(geom, {wkt})"), format!("{theirs}(geom, {given})")),
            _ => pair(format!("{ours}({wkt}, geom)"), format!("{theirs}({given}, geom)")),
        })
    }

    /// A geometry with vertices of the layer's, so that it touches, shares edges, or is the same as one of them.
    fn shape(&mut self) -> Option<String> {
        let features: Vec<&Feature> = self.features.iter().filter(|one| one.row.geometry.is_some()).collect();
        let geometry = self.pick(&features)?.row.geometry.clone()?;
        let vertices: Vec<_> = geometry.coords().collect();
        let (a, b) = (*self.pick(&vertices)?, *self.pick(&vertices)?);
        let size = self.rng.unit() * 20.0;
        let point = |x: f64, y: f64| format!("{x:?} {y:?}");
        let box_of = |w: f64, s: f64, e: f64, n: f64| {
            format!(
                "POLYGON(({}, {}, {}, {}, {}))",
                point(w, s),
                point(e, s),
                point(e, n),
                point(w, n),
                point(w, s)
            )
        };
        Some(match (self.rng.below(5), &geometry) {
            (0, _) => format!("POINT({})", point(a.x, a.y)),
            (1, _) if a != b => format!("LINESTRING({}, {})", point(a.x, a.y), point(b.x, b.y)),
            (2, _) if a.x != b.x && a.y != b.y => box_of(a.x.min(b.x), a.y.min(b.y), a.x.max(b.x), a.y.max(b.y)),
            (3, Geometry::Polygons(polygons)) if polygons.len() == 1 && vertices.len() < 80 => {
                let ring = polygons[0].rings[0].coords();
                let ring: Vec<_> = ring.iter().map(|at| point(at.x, at.y)).collect();
                format!("POLYGON(({}))", ring.join(", "))
            }
            _ => box_of(a.x - size, a.y - size, a.x + size, a.y),
        })
    }
}

fn literal(text: &str) -> Pair {
    let quoted = format!("'{}'", text.replace('\'', "''"));
    pair(&quoted, format!("{quoted}::text COLLATE \"C\""))
}

fn case(text: &Pair) -> Pair {
    let sql = format!(
        "replace(replace(lower({} COLLATE \"default\"), 'ς', 'σ'), 'ß', 'ss') COLLATE \"C\"",
        text.sql
    );
    pair(format!("CASEI({})", text.cql), sql)
}

fn accents(text: &Pair) -> Pair {
    let marks = "[\u{300}-\u{36f}\u{1ab0}-\u{1aff}\u{1dc0}-\u{1dff}\u{20d0}-\u{20ff}\u{fe20}-\u{fe2f}]";
    let bare = format!("regexp_replace(normalize({}, NFD), '{marks}', '', 'g')", text.sql);
    let sql = format!("normalize(translate({bare}, 'ØøĐđŁłĦħŦŧ', 'OoDdLlHhTt'), NFC) COLLATE \"C\"");
    pair(format!("ACCENTI({})", text.cql), sql)
}
