//! `/collections/{layer}/aggregate`: features counted and summed up by attributes, and by the areas of another layer.

use super::page::{Page, told};
use super::question::{PARAMS, Question};
use super::regions::MAX_REGIONS;
use super::table::{Column, Form, deliver};
use crate::ask::{Answer, Ask};
use crate::items::PageQuery;
use crate::pool::Waiting;
use crate::published::ServedLayer;
use axum::extract::Path;
use onemap_model::GeometryType;

/// Answers with sums over a layer's features.
pub(crate) async fn aggregate(ask: Ask, Path(name): Path<String>) -> Answer {
    let form = Form::of(&ask)?;
    let view = ask.view_of_version().await?;
    let layer = view.layer(&name)?.clone();
    let by = ask.params.get("by").map(|by| view.layer(by).cloned()).transpose()?;
    let audience = view.audience_of(std::iter::once(&layer).chain(&by));
    let query = PageQuery::read_of(&ask, layer, view.epoch(), view.now(), PARAMS)?;
    // Who is shown which layers there are gets an answer of his own.
    let areas: Vec<(String, String)> = view
        .layers()
        .filter(|layer| is_of_areas(layer))
        .map(|layer| (layer.definition().title.clone(), layer.name().to_owned()))
        .collect();
    let audience = if form == Form::Html { view.audience() } else { audience };
    let question = Question::read(&ask, query, by)?;
    let asked = ask.clone();
    let work = move |waiting: &Waiting<'_>| {
        let summary = question.answer(waiting)?;
        let (document, table) = (question.document(&asked, &summary), question.table(&summary));
        let page = || {
            let page = Page {
                layer: &question.query.layer,
                title: "统计 · Statistics",
                document: &document,
                table: &table,
                bars: question.names().len(),
                others: question.others(&asked, &areas),
            };
            page.write(&asked)
        };
        form.write(&asked, &document, &table, page)
    };
    let made = ask.app.pool.run(work).await?;
    deliver(&ask, &made, audience)
}

/// Whether sums by the areas of a layer are worth a link.
fn is_of_areas(layer: &ServedLayer) -> bool {
    let kind = layer.definition().geometry_type;
    let has_areas = matches!(kind, GeometryType::MultiPolygon | GeometryType::Geometry);
    has_areas && layer.count <= MAX_REGIONS as u64
}

impl Question {
    /// What else may be asked: by another field, by the areas of another layer, with areas and lengths.
    fn others(&self, ask: &Ask, areas: &[(String, String)]) -> Vec<(String, Vec<(String, String)>)> {
        let with = |name: &str, value: &str| ask.params.edited(&[], &[(name, value)]);
        let fields = self.query.layer.definition().fields().iter().map(Column::of_field);
        let fields = fields.map(|field| (field.title, with("group-by", &field.name)));
        let areas = areas.iter().map(|(title, name)| (title.clone(), with("by", name)));
        let sizes = ["area", "length"].map(|name| (told(name).to_owned(), with(name, "ellipsoidal")));
        vec![
            ("分组 · Group by".to_owned(), fields.collect()),
            ("按区域 · By the areas of".to_owned(), areas.collect()),
            ("测量 · Measure".to_owned(), sizes.into()),
        ]
    }
}
