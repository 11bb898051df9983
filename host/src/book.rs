//! What outlives a plugin's revisions, by plugin.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::config::Limits;
use crate::contract::Judgement;
use crate::edge::Limiter;
use crate::history::{self, Content, Past};
use crate::hits::Hits;
use crate::runtime::{Lane, Lanes};

/// Of all plugins. Locked while a set is built from another and shown, never across an await.
#[derive(Default)]
pub(crate) struct Books {
    plugins: HashMap<Arc<str>, Book>,
    /// What was written down before this start.
    before: BTreeMap<String, Past>,
    /// Changes asked for so far: of two changes of one plugin, the later wins.
    changes: u64,
}

/// Of one plugin.
pub(crate) struct Book {
    /// The newest change that was carried out.
    pub(crate) done: u64,
    pub(crate) lanes: Arc<Lanes>,
    pub(crate) hits: Arc<Hits>,
    pub(crate) past: Past,
    /// What was asked for last, if it was refused.
    pub(crate) refused: Option<Refused>,
    /// How often clients may call it, and have.
    limiter: Option<Arc<Limiter>>,
}

/// Something that was to serve, or to be tried, and does not.
#[derive(Clone)]
pub(crate) struct Refused {
    pub(crate) at_ms: u64,
    pub(crate) by: String,
    /// The file or folder that it came from.
    pub(crate) from: Option<String>,
    pub(crate) why: String,
    /// What the gate found, if it was the gate that refused it.
    pub(crate) judgement: Option<Judgement>,
}

impl Book {
    /// What counts the calls of each client, over all revisions with the same limits.
    pub(crate) fn limiter(&mut self, limits: &Limits) -> Option<Arc<Limiter>> {
        let same = |limiter: &Arc<Limiter>| limiter.is_of(limits);
        if !self.limiter.as_ref().is_some_and(same) {
            self.limiter = Limiter::of_plugin(limits).map(Arc::new);
        }
        self.limiter.clone()
    }
}

impl Books {
    pub(crate) fn new(before: BTreeMap<String, Past>) -> Books {
        Books {
            before,
            ..Books::default()
        }
    }

    /// A number for a change: of two changes of one plugin, the higher wins.
    pub(crate) fn ask(&mut self) -> u64 {
        self.changes += 1;
        self.changes
    }

    /// A plugin's book, opened if need be.
    pub(crate) fn of(&mut self, name: &Arc<str>, lane: &Lane) -> &mut Book {
        let before = &mut self.before;
        self.plugins.entry(name.clone()).or_insert_with(|| Book {
            done: 0,
            lanes: lane.join(),
            hits: Arc::default(),
            past: before.remove(&**name).unwrap_or_default(),
            refused: None,
            limiter: None,
        })
    }

    pub(crate) fn past(&self, name: &str) -> Option<&Past> {
        let book = self.plugins.get(name).map(|book| &book.past);
        book.or_else(|| self.before.get(name))
    }

    /// What waits of each plugin of which something was refused.
    pub(crate) fn refused(&self) -> impl Iterator<Item = (&str, &Refused)> {
        let books = self.plugins.iter();
        books.filter_map(|(name, book)| Some((&**name, book.refused.as_ref()?)))
    }

    /// What was refused of a plugin is not there any more.
    pub(crate) fn forget_refused(&mut self, name: &str) {
        if let Some(book) = self.plugins.get_mut(name) {
            book.refused = None;
        }
    }

    pub(crate) fn is_disabled(&self, name: &str) -> bool {
        self.past(name).is_some_and(|past| past.disabled)
    }

    /// Every plugin that is known, with its past.
    pub(crate) fn pasts(&self) -> impl Iterator<Item = (&str, &Past)> {
        let books = self.plugins.iter();
        let books = books.map(|(name, book)| (&**name, &book.past));
        books.chain(self.before.iter().map(|(name, past)| (&**name, past)))
    }

    /// Forgets what is beyond the bounds of history: so many revisions of each plugin, so many bytes in all.
    pub(crate) fn shorten(&mut self, revisions: usize, bytes: u64) {
        let books = self.plugins.values_mut().map(|book| &mut book.past);
        let mut pasts: Vec<&mut Past> = books.chain(self.before.values_mut()).collect();
        for past in &mut pasts {
            past.shorten(revisions);
        }
        history::shrink(pasts.into_iter(), bytes);
    }

    /// What all kept revisions consist of.
    pub(crate) fn contents(&self) -> BTreeSet<Content> {
        let contents = self.pasts().flat_map(|(_, past)| past.contents());
        contents.cloned().collect()
    }
}
