//! What one client sees of what is served. A layer that it may not see is not there: for no route, in no message.

use crate::client::Sees;
use crate::problem::Problem;
use crate::published::{Published, ServedLayer};
use std::sync::Arc;

/// More layers than one tile is meant to have.
const MAX_LAYERS: usize = 200;

/// The layers that one client may know of.
#[derive(Clone)]
pub(crate) struct View {
    /// All that is served. Its layers are to be reached through this view only.
    published: Arc<Published>,
    sees: Sees,
    /// The newest state, where `published` is an earlier one: who may see a layer now is what counts.
    newest: Option<Arc<Published>>,
}

/// Who may be given an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Everybody: only public layers are in it.
    Everybody,
    /// This client alone.
    Asker,
}

/// Some layers that were asked for by name, to be put into one tile.
#[derive(Clone)]
pub(crate) struct Selection {
    /// What was asked for: `roads,pois` or `basemap`.
    pub name: String,
    /// The layers, in the order asked for, each once.
    pub layers: Vec<ServedLayer>,
}

impl View {
    /// What `sees` leaves of `published`.
    pub(crate) fn new(published: Arc<Published>, sees: Sees) -> Self {
        Self {
            published,
            sees,
            newest: None,
        }
    }

    /// What the same client sees of an earlier state: of it, what everybody may see today too.
    pub(crate) fn back_to(self, past: Arc<Published>) -> Self {
        if Arc::ptr_eq(&self.published, &past) {
            return self;
        }
        Self {
            published: past,
            sees: self.sees,
            newest: Some(self.published),
        }
    }

    /// All that is served, whoever may see it.
    pub(crate) fn published(&self) -> &Arc<Published> {
        &self.published
    }

    /// Whether this is an earlier state.
    pub(crate) fn is_past(&self) -> bool {
        self.newest.is_some()
    }

    /// The layers, in the order of their names.
    pub(crate) fn layers(&self) -> impl Iterator<Item = &ServedLayer> {
        let visible = |layer: &&ServedLayer| self.sees == Sees::Everything || self.is_public(layer);
        self.published.layers.iter().filter(visible)
    }

    fn is_public(&self, layer: &ServedLayer) -> bool {
        let today = self.newest.as_ref().map(|newest| newest.layer(layer.name()));
        layer.is_public() && today.is_none_or(|today| today.is_some_and(ServedLayer::is_public))
    }

    /// The layer of this name.
    ///
    /// # Errors
    /// 404 where there is none that this client may see.
    pub(crate) fn layer(&self, name: &str) -> Result<&ServedLayer, Problem> {
        self.layers()
            .find(|layer| layer.name() == name)
            .ok_or_else(|| Problem::no_layer(name))
    }

    /// The layers that have geometry.
    pub(crate) fn mapped(&self) -> impl Iterator<Item = &ServedLayer> {
        self.layers().filter(|layer| layer.has_geometry())
    }

    /// The basemap: every layer whose definition says so, and where none does, all of them.
    pub(crate) fn basemap(&self) -> Selection {
        let mut layers: Vec<_> = self
            .mapped()
            .filter(|layer| layer.snapshot.layer().basemap)
            .cloned()
            .collect();
        if layers.is_empty() {
            layers = self.mapped().cloned().collect();
        }
        Selection {
            name: "basemap".to_owned(),
            layers,
        }
    }

    /// The layers of a list such as `roads,pois`, or the basemap.
    ///
    /// # Errors
    /// 404 where one of them is not there or has no geometry, 400 where there are too many.
    pub(crate) fn select(&self, list: &str) -> Result<Selection, Problem> {
        if list == "basemap" {
            return Ok(self.basemap());
        }
        let mut layers: Vec<ServedLayer> = Vec::new();
        for (i, name) in list.split(',').enumerate() {
            if i == MAX_LAYERS {
                return Err(Problem::bad_request(format!(
                    "more than {MAX_LAYERS} layers in one tile"
                )));
            }
            let layer = self.layer(name)?;
            if !layer.has_geometry() {
                return Err(Problem::not_found(format!(
                    "layer {name:?} has no geometry, so it has no tiles"
                )));
            }
            if layers.iter().all(|known| known.name() != name) {
                layers.push(layer.clone());
            }
        }
        Ok(Selection {
            name: list.to_owned(),
            layers,
        })
    }

    /// Who may be given an answer made of these layers, which are of this view.
    pub(crate) fn audience_of<'a>(&self, layers: impl IntoIterator<Item = &'a ServedLayer>) -> Audience {
        if layers.into_iter().all(|layer| self.is_public(layer)) {
            Audience::Everybody
        } else {
            Audience::Asker
        }
    }

    /// Who may be given an answer made of all that this client sees.
    pub(crate) fn audience(&self) -> Audience {
        self.audience_of(self.layers())
    }

    /// The moment that "now" is.
    pub(crate) fn now(&self) -> onemap_model::Instant {
        self.published.snapshot.now()
    }

    /// The number of the publication.
    pub(crate) fn sequence(&self) -> u64 {
        self.published.sequence
    }

    /// The version served.
    pub(crate) fn version(&self) -> onemap_model::Version {
        self.published.snapshot.version()
    }

    /// The life of the store that is served.
    pub(crate) fn epoch(&self) -> &onemap_model::Epoch {
        self.published.snapshot.epoch()
    }
}

impl Selection {
    /// The names of the layers.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.layers.iter().map(ServedLayer::name)
    }
}

impl Audience {
    /// Who may be given an answer made of these layers.
    pub(crate) fn of<'a>(layers: impl IntoIterator<Item = &'a ServedLayer>) -> Self {
        if layers.into_iter().all(ServedLayer::is_public) {
            Audience::Everybody
        } else {
            Audience::Asker
        }
    }
}
