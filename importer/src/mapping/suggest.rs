//! Which columns look like which fields of a definition: for people to agree to, never to be assumed.
//!
//! A column looks like a field by the first of these that holds: its name is the field's, without regard to case and
//! signs; it is the field's title in Chinese or English, or an alias of the definition; it is the initials of the
//! Chinese title's pinyin, or its pinyin (`ZDDM`, `zongdidaima` for 宗地代码); it is one of those cut off, as a DBF file
//! cuts names after ten bytes. Where two columns look like one field equally well, or one like two, nothing is suggested.

use super::{FieldMapping, LayerMapping, Others, Turned};
use crate::definition::Definition;
use onemap_model::Layer;
use pinyin::ToPinyin;
use std::collections::BTreeMap;
use std::fmt;

/// Longest name of a column in a DBF file, in bytes.
const DBF_NAME: usize = 10;

/// Why a column looks like a field; the better reason first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Because {
    /// It is called so.
    Name,
    /// It is called as its title, or as an alias.
    Title,
    /// It is called as its title in pinyin, or by the initials of that.
    Pinyin,
    /// It begins so, and was cut off.
    Cut,
}

/// A column that looks like a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// The column, by its name in the source.
    pub column: String,
    /// The field.
    pub field: String,
    /// What people call the field.
    pub title: String,
    /// Why.
    pub because: Because,
}

/// What a layer's columns look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// The layer's name in the source.
    pub source: String,
    /// What it looks like, in the order of the definition.
    pub matches: Vec<Match>,
    /// Fields of the definition that no column looks like, or several do equally well, with those.
    pub unmatched: Vec<(String, Vec<String>)>,
    /// Columns that look like no field.
    pub others: Vec<String>,
}

/// Compares the columns of a source layer with the fields of `definition`.
pub fn suggest(source: &str, columns: &[&str], definition: &Definition) -> Suggestion {
    let names: Vec<Known> = known(definition);
    let looks = |column: &str| -> Vec<(usize, Because)> {
        let plain = plain(column);
        let because = |known: &Known| known.because(&plain, column.len());
        let all: Vec<_> = names
            .iter()
            .enumerate()
            .filter_map(|(at, known)| Some((at, because(known)?)))
            .collect();
        let best = all.iter().map(|(_, because)| *because).min();
        all.into_iter().filter(|(_, because)| Some(*because) == best).collect()
    };
    let looks: Vec<Vec<(usize, Because)>> = columns.iter().map(|column| looks(column)).collect();
    let (mut matches, mut unmatched) = (Vec::new(), Vec::new());
    let mut taken = vec![false; columns.len()];
    for (at, known) in names.iter().enumerate() {
        let claims = |column: &usize| {
            looks[*column]
                .iter()
                .find(|(field, _)| *field == at)
                .map(|(_, because)| *because)
        };
        let best = (0..columns.len()).filter_map(|column| claims(&column)).min();
        let claiming: Vec<usize> = (0..columns.len())
            .filter(|column| best.is_some() && claims(column) == best)
            .collect();
        match (claiming.as_slice(), best) {
            // A column that looks like two fields is neither.
            (&[column], Some(because)) if looks[column].len() == 1 => {
                taken[column] = true;
                matches.push(Match {
                    column: columns[column].to_owned(),
                    field: known.field.clone(),
                    title: known.title.clone(),
                    because,
                });
            }
            (claiming, _) => {
                let claiming = claiming.iter().map(|&column| columns[column].to_owned()).collect();
                unmatched.push((known.field.clone(), claiming));
            }
        }
    }
    let others = columns.iter().zip(&taken).filter(|(_, taken)| !**taken);
    Suggestion {
        source: source.to_owned(),
        matches,
        unmatched,
        others: others.map(|(column, _)| (*column).to_owned()).collect(),
    }
}

impl Suggestion {
    /// Whether anything is called otherwise than in the definition.
    pub fn says_anything(&self) -> bool {
        self.matches.iter().any(|found| found.because != Because::Name)
    }

    /// What would have to be agreed to.
    pub fn to_mapping(&self, layer: &Layer) -> LayerMapping {
        let field = |found: &Match| {
            let (from, turned) = (found.column.clone(), Turned::default());
            (found.field.clone(), FieldMapping::Column { from, turned })
        };
        LayerMapping {
            source: self.source.clone(),
            layer: Some(layer.name().clone()),
            others: Others::Keep,
            fields: self.matches.iter().map(field).collect::<BTreeMap<_, _>>(),
        }
    }
}

/// A table for people.
impl fmt::Display for Suggestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for found in &self.matches {
            let why = match found.because {
                Because::Name => "",
                Because::Title => "  (title 名称相同)",
                Because::Pinyin => "  (pinyin 拼音)",
                Because::Cut => "  (cut off 名称截断)",
            };
            writeln!(f, "  {} <- {:?}{why}  {}", found.field, found.column, found.title)?;
        }
        for (field, claiming) in &self.unmatched {
            match claiming.is_empty() {
                true => writeln!(f, "  {field} <- nothing 无对应列")?,
                false => writeln!(f, "  {field} <- several 不唯一: {}", claiming.join(", "))?,
            }
        }
        match self.others.is_empty() {
            true => Ok(()),
            false => writeln!(f, "  kept as they are 保留: {}", self.others.join(", ")),
        }
    }
}

/// What a field is called, in every way.
struct Known {
    field: String,
    title: String,
    name: String,
    titles: Vec<String>,
    sounds: Vec<String>,
}

impl Known {
    /// Why a column called `plain`, of `bytes` in the source, looks like the field; none where it does not.
    fn because(&self, plain: &str, bytes: usize) -> Option<Because> {
        if plain.is_empty() {
            return None;
        }
        let is_cut_of = |whole: &String| bytes == DBF_NAME && whole.len() > plain.len() && whole.starts_with(plain);
        let mut all = std::iter::once(&self.name).chain(&self.titles).chain(&self.sounds);
        if plain == self.name {
            Some(Because::Name)
        } else if self.titles.iter().any(|title| title == plain) {
            Some(Because::Title)
        } else if self.sounds.iter().any(|sound| sound == plain) {
            Some(Because::Pinyin)
        } else {
            all.any(is_cut_of).then_some(Because::Cut)
        }
    }
}

fn known(definition: &Definition) -> Vec<Known> {
    let fields = definition.layer.fields().iter().zip(&definition.words);
    let known = fields.map(|(field, words)| {
        // 宗地面积（平方米）: what stands in brackets is the unit.
        let short = |title: &str| {
            title
                .split(['（', '(', ',', '，'])
                .next()
                .unwrap_or_default()
                .to_owned()
        };
        let zh = short(&words.zh);
        let mut titles: Vec<String> = [&words.zh, &words.en, &zh, &short(&words.en)]
            .map(|title| plain(title))
            .into();
        titles.extend(words.aliases.iter().map(|alias| plain(alias)));
        titles.retain(|title| !title.is_empty());
        Known {
            field: field.name.to_string(),
            title: field.title.clone(),
            name: plain(field.name.as_str()),
            titles,
            sounds: sounds(&zh),
        }
    });
    known.collect()
}

/// The initials of a Chinese title's pinyin, and all of it; nothing for a title that is not all Chinese.
fn sounds(zh: &str) -> Vec<String> {
    let syllables: Option<Vec<&str>> = zh.to_pinyin().map(|sound| sound.map(|sound| sound.plain())).collect();
    match syllables {
        Some(syllables) if syllables.len() > 1 => {
            let initials = syllables
                .iter()
                .filter_map(|syllable| syllable.chars().next())
                .collect();
            vec![initials, syllables.concat()]
        }
        _ => Vec::new(),
    }
}

/// Letters and digits only, in lower case.
fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition;

    fn parcels(columns: &[&str]) -> Suggestion {
        suggest("ZD", columns, &definition::built_in("parcels").unwrap())
    }

    fn field_of(columns: &[&str], column: &str) -> Option<(String, Because)> {
        let found = parcels(columns);
        let found = found.matches.iter().find(|found| found.column == column)?;
        Some((found.field.clone(), found.because))
    }

    #[test]
    fn a_column_is_known_in_chinese_pinyin_and_english() {
        let check = |column: &str, field: &str, because| {
            assert_eq!(
                field_of(&[column], column),
                Some((field.to_owned(), because)),
                "{column}"
            );
        };
        check("ZDDM", "zddm", Because::Name);
        check("宗地代码", "zddm", Because::Title);
        check("parcel_code", "zddm", Because::Title);
        check("ZongDiDaiMa", "zddm", Because::Pinyin);
        check("宗地面积", "zdmj", Because::Title);
        check("registered_area", "zdmj", Because::Title);
        // Cut after ten bytes: registered_area.
        check("registered", "zdmj", Because::Cut);
        assert_eq!(field_of(&["register"], "register"), None);
        assert_eq!(field_of(&["附注"], "附注"), None);
    }

    #[test]
    fn what_is_not_clear_is_not_suggested() {
        let found = parcels(&["宗地代码", "parcel code", "坐落", "x"]);
        assert_eq!(found.matches.len(), 1);
        let several = found.unmatched.iter().find(|(field, _)| field == "zddm").unwrap();
        assert_eq!(several.1, ["宗地代码", "parcel code"]);
        assert_eq!(found.others, ["宗地代码", "parcel code", "x"]);
        // The better reason wins.
        assert_eq!(
            field_of(&["zddm", "宗地代码"], "zddm"),
            Some(("zddm".into(), Because::Name))
        );
        assert!(!parcels(&["ZDDM", "note"]).says_anything() && found.says_anything());
    }

    #[test]
    fn a_suggestion_is_a_mapping_that_can_be_written() {
        let definition = definition::built_in("parcels").unwrap();
        let found = parcels(&["宗地代码", "坐落"]);
        let mapping = super::super::Mapping {
            file: "m.toml".into(),
            layers: vec![found.to_mapping(&definition.layer)],
        };
        let text = mapping.to_string();
        assert_eq!(super::super::Mapping::read("m.toml", &text).unwrap(), mapping, "{text}");
        assert!(text.contains("zddm = \"宗地代码\""), "{text}");
    }
}
