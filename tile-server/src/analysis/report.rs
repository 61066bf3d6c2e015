//! The groups of an aggregate as they are told.

use super::counting::{Group, Notes, Summary};
use super::measured::rounded;
use super::question::{Op, Question, Share};
use super::table::{Column, Table, cell, object};
use super::tally::Total;
use crate::ask::Ask;
use crate::links::Link;
use serde_json::{Value, json};

impl Question {
    fn count_of(&self, group: &Group) -> Value {
        if self.is_shared() {
            ((group.count * 1e9).round() / 1e9).into()
        } else {
            (group.count as u64).into()
        }
    }

    /// What is wanted of a field, in a group.
    fn value(&self, group: &Group, at: usize) -> Value {
        match self.wanted[at].0 {
            Op::Sum => group.sums[at].total().map_or(Value::Null, |total| match total {
                Total::Whole(whole) => i64::try_from(whole).map_or_else(|_| (whole as f64).into(), Value::from),
                Total::Float(float) => float.into(),
            }),
            Op::Avg => group.sums[at].mean().map_or(Value::Null, Value::from),
            Op::Min => group.ends[at].min().map_or(Value::Null, cell),
            Op::Max => group.ends[at].max().map_or(Value::Null, cell),
        }
    }

    /// The answer for programs.
    pub fn document(&self, ask: &Ask, summary: &Summary) -> Value {
        let names = self.names();
        let group = |group: &Group| {
            let shown = names
                .iter()
                .zip(&group.shown)
                .map(|(column, value)| (column.name.as_str(), cell(value)));
            let mut one = json!({"group": object(shown), "count": self.count_of(group)});
            for op in Op::ALL {
                let of_op = (0..self.wanted.len()).filter(|&at| self.wanted[at].0 == op);
                let values: Vec<_> = of_op
                    .map(|at| (self.field_name(self.wanted[at].1), self.value(group, at)))
                    .collect();
                if !values.is_empty() {
                    one[op.names().0] = object(values);
                }
            }
            if self.area.is_some() {
                one["area"] = rounded(group.area.float()).into();
            }
            if self.length.is_some() {
                one["length"] = rounded(group.length.float()).into();
            }
            one
        };
        let by_version = self.by.as_ref().map_or(self.query.layer.changed, |by| by.layer.changed);
        let mut document = json!({
            "layer": self.query.layer.name(),
            "version": self.query.layer.changed.max(by_version).0,
            "numberMatched": summary.matched,
            "groups": summary.groups.iter().map(group).collect::<Vec<_>>(),
            "notes": self.notes(&summary.notes),
            "links": ask.own_links("application/json").iter().map(Link::to_json).collect::<Vec<_>>(),
        });
        let area = self.area.map(|measured| ("area", measured.describe("m²")));
        let length = self.length.map(|measured| ("length", measured.describe("m")));
        let shares = self.is_shared().then(|| ("share", self.share_measure().describe("1")));
        let measured: Vec<_> = [area, length, shares].into_iter().flatten().collect();
        if !measured.is_empty() {
            document["measured"] = object(measured);
        }
        if let Some(by) = &self.by {
            let share = if by.share == Share::Area { "area" } else { "point" };
            document["by"] = json!({"layer": by.layer.name(), "share": share});
        }
        document
    }

    fn notes(&self, notes: &Notes) -> Value {
        let by = self.by.as_ref().map_or("", |by| by.layer.name());
        let texts = [
            (
                "in-several",
                notes.in_several,
                format!("features that lie in several areas of {by:?} count in the one with the smallest number"),
            ),
            (
                "overlapping",
                notes.overlapping,
                format!("features lie where areas of {by:?} overlap: there they count more than once"),
            ),
            (
                "not-measured",
                notes.unplaced,
                "features have no place in the system that is measured in: their areas or lengths are left out"
                    .to_owned(),
            ),
            (
                "no-number",
                notes.no_numbers,
                "values are no numbers, and left out of sums and means".to_owned(),
            ),
        ];
        let shown = texts.into_iter().filter(|(_, count, _)| *count > 0);
        shown
            .map(|(code, count, text)| json!({"code": code, "count": count, "text": text}))
            .collect()
    }

    /// The answer for spreadsheets and people.
    pub fn table(&self, summary: &Summary) -> Table {
        let mut columns = self.names();
        columns.push(Column::new("count", "要素数 · Count"));
        columns.extend(self.wanted.iter().map(|&(op, field)| {
            let (name, title) = op.names();
            let field = Column::of_field(&self.query.layer.definition().fields()[field]);
            Column::new(format!("{name}_{}", field.name), format!("{title}: {}", field.title))
        }));
        columns.extend(self.area.map(|_| Column::new("area_m2", "面积 · Area [m²]")));
        columns.extend(self.length.map(|_| Column::new("length_m", "长度 · Length [m]")));
        let row = |group: &Group| {
            let mut row: Vec<Value> = group.shown.iter().map(cell).collect();
            row.push(self.count_of(group));
            row.extend((0..self.wanted.len()).map(|at| self.value(group, at)));
            row.extend(self.area.map(|_| rounded(group.area.float()).into()));
            row.extend(self.length.map(|_| rounded(group.length.float()).into()));
            row
        };
        Table {
            columns,
            rows: summary.groups.iter().map(row).collect(),
        }
    }
}
