//! One immutable snapshot of everything that is served: routes and documents change together because they are one
//! value.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

use bytes::Bytes;
use http::HeaderValue;
use http::request::Parts;

use crate::config::HostConfig;
use crate::contract;
use crate::error::{Error, ErrorKind};
use crate::files::Site;
use crate::identity::Peer;
use crate::revision::Revision;
use crate::rollout::Candidate;
use crate::router::{Route, Router};
use crate::setup::Setup;

/// What a route leads to, as places in this very [`Api`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    revision: usize,
    pub(crate) operation: usize,
}

pub(crate) struct Api {
    /// Counts the changes of the set.
    pub(crate) generation: u64,
    /// By name.
    revisions: Vec<Arc<Revision>>,
    /// Of some plugins a candidate beside what serves.
    pub(crate) trials: Vec<Trial>,
    pub(crate) router: Router<Target>,
    /// Static files, the longest path first.
    sites: Vec<Placed>,
    /// Those of them that the configuration names.
    folders: Arc<[Arc<Site>]>,
    /// How requests are met, and documents made.
    pub(crate) setup: Arc<Setup>,
    /// Made when first asked for: they are functions of the revisions above.
    merged: OnceLock<Document>,
    single: Vec<OnceLock<Document>>,
    /// What a proxy's clients asked for last: their path, the plugin or none, the document.
    elsewhere: Mutex<Option<(String, String, Document)>>,
}

/// A candidate, and the place of the plugin that it is beside.
pub(crate) struct Trial {
    pub(crate) plugin: usize,
    pub(crate) candidate: Arc<Candidate>,
}

/// Static files, and the place of the plugin whose they are; none of a folder that the configuration names.
struct Placed {
    site: Arc<Site>,
    plugin: Option<usize>,
}

impl Target {
    /// The place of its plugin among the revisions.
    pub(crate) fn plugin(self) -> usize {
        self.revision
    }
}

/// An OpenAPI document, ready to be sent.
#[derive(Clone)]
pub(crate) struct Document {
    pub(crate) json: Bytes,
    pub(crate) etag: HeaderValue,
}

impl Document {
    fn new(document: &serde_json::Value) -> Document {
        let json = serde_json::to_vec(document).expect("a JSON value is always written");
        Document {
            etag: crate::etag::of(&json),
            json: json.into(),
        }
    }
}

/// What is served, by plugin name.
pub(crate) type Set = BTreeMap<Arc<str>, Served>;

/// What serves a plugin.
#[derive(Clone)]
pub(crate) struct Served {
    pub(crate) stable: Arc<Revision>,
    pub(crate) candidate: Option<Arc<Candidate>>,
}

impl Served {
    /// Every revision in it.
    pub(crate) fn revisions(&self) -> impl Iterator<Item = &Arc<Revision>> {
        let candidate = self.candidate.as_ref().map(|candidate| &candidate.revision);
        [&self.stable].into_iter().chain(candidate)
    }
}

impl Api {
    /// Nothing but folders of the configuration, which are at different paths.
    pub(crate) fn empty(setup: Arc<Setup>, folders: Arc<[Arc<Site>]>) -> Api {
        Api::new(&Set::new(), 0, setup, folders)
            .unwrap_or_else(|_| unreachable!("no routes, no clash"))
    }

    fn new(
        set: &Set,
        generation: u64,
        setup: Arc<Setup>,
        folders: Arc<[Arc<Site>]>,
    ) -> Result<Api, Box<Clash>> {
        let revisions: Vec<_> = set.values().map(|served| served.stable.clone()).collect();
        let router = routed(&revisions)?;
        let sites = placed(&revisions, &folders)?;
        let mut trials = Vec::new();
        for (plugin, served) in set.values().enumerate() {
            if let Some(candidate) = &served.candidate {
                // In the place of what it is beside, it clashes with nothing.
                let mut alone = revisions.clone();
                alone[plugin] = candidate.revision.clone();
                routed(&alone)?;
                placed(&alone, &folders)?;
                trials.push(Trial {
                    plugin,
                    candidate: candidate.clone(),
                });
            }
        }
        let single = revisions.iter().map(|_| OnceLock::new()).collect();
        Ok(Api {
            generation,
            revisions,
            trials,
            router,
            sites,
            folders,
            setup,
            merged: OnceLock::new(),
            single,
            elsewhere: Mutex::default(),
        })
    }

    /// The set of what is served.
    pub(crate) fn set(&self) -> Set {
        let served = self.revisions.iter().map(|revision| Served {
            stable: revision.clone(),
            candidate: self.candidate(&revision.name).cloned(),
        });
        served
            .map(|served| (served.stable.name.clone(), served))
            .collect()
    }

    /// What is tried beside a plugin.
    pub(crate) fn candidate(&self, name: &str) -> Option<&Arc<Candidate>> {
        let trial = self
            .trials
            .iter()
            .find(|trial| &*trial.candidate.revision.name == name);
        trial.map(|trial| &trial.candidate)
    }

    /// The revision that a route leads to.
    pub(crate) fn revision(&self, target: Target) -> &Arc<Revision> {
        &self.revisions[target.revision]
    }

    /// Whether something is served at `/`, by whatever method.
    #[cfg(feature = "docs")]
    pub(crate) fn serves_root(&self) -> bool {
        let path = crate::path::RequestPath::new("/");
        let found = self.router.find(&http::Method::GET, &path);
        matches!(found, Ok(_) | Err(crate::router::NoRoute::Method(_)))
            || self.sites.iter().any(|placed| placed.site.has_root())
    }

    /// The static files that may have an answer where no operation has, and the revision whose they are: of the longest path,
    /// but for what is under a plugin's own prefix. A candidate's are asked where it takes the request.
    pub(crate) fn files(
        &self,
        head: &Parts,
        peer: Option<Peer>,
    ) -> Option<(Arc<Site>, Option<Arc<Revision>>)> {
        let path = crate::path::RequestPath::new(head.uri.path());
        let path = path.as_str();
        let found = self.sites.iter().find(|placed| placed.site.covers(path));
        let plugin = found.and_then(|placed| placed.plugin);
        let reaches = found.map(|placed| placed.site.path.len());
        for trial in &self.trials {
            let candidate = &trial.candidate.revision;
            let theirs = candidate.site.as_ref().filter(|site| site.covers(path));
            let is_for_it = plugin == Some(trial.plugin)
                || theirs.is_some_and(|theirs| Some(theirs.path.len()) > reaches);
            if is_for_it && trial.candidate.takes(head, peer) {
                return theirs.map(|theirs| (theirs.clone(), Some(candidate.clone())));
            }
        }
        let Placed { site, plugin } = found?;
        let owns = |(at, revision): (usize, &Arc<Revision>)| {
            *plugin != Some(at)
                && revision.prefix.len() > site.path.len()
                && is_under(path, &revision.prefix)
        };
        if self.revisions.iter().enumerate().any(owns) {
            return None;
        }
        Some((site.clone(), plugin.map(|at| self.revisions[at].clone())))
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Arc<Revision>> {
        let at = self
            .revisions
            .binary_search_by(|revision| (*revision.name).cmp(name))
            .ok()?;
        Some(&self.revisions[at])
    }

    /// The revisions of a plugin that serve here and not in what is to come.
    pub(crate) fn left_by(&self, name: &str, next: Option<&Served>) -> Vec<Arc<Revision>> {
        let stays = |old: &Arc<Revision>| {
            let mut next = next.into_iter().flat_map(Served::revisions);
            next.any(|next| Arc::ptr_eq(next, old))
        };
        let candidate = self.candidate(name).map(|candidate| &candidate.revision);
        let served = self.find(name).into_iter().chain(candidate);
        served.filter(|old| !stays(old)).cloned().collect()
    }

    /// Whose a path is that no route takes: the plugin's under whose prefix it is; where nobody owns it so, that of the
    /// only plugin without a prefix.
    pub(crate) fn owner(&self, path: &str) -> Option<&Arc<Revision>> {
        let (bare, owning): (Vec<_>, Vec<_>) = self
            .revisions
            .iter()
            .filter(|one| is_under(path, &one.prefix))
            .partition(|one| one.prefix.is_empty());
        match (owning.as_slice(), bare.as_slice()) {
            ([owner], _) | ([], [owner]) => Some(owner),
            _ => None,
        }
    }

    /// The next snapshot, under another configuration; its folders, if they are others.
    pub(crate) fn with_setup(
        &self,
        setup: Arc<Setup>,
        folders: Option<Arc<[Arc<Site>]>>,
    ) -> Result<Api, Error> {
        let folders = folders.unwrap_or_else(|| self.folders.clone());
        let next = Api::new(&self.set(), self.generation + 1, setup, folders);
        next.map_err(|clash| Error::new(ErrorKind::Clash, clash.message))
    }

    /// The next snapshot: `removed` out, `candidates` in. A clash refuses the plugin that does not serve the place yet;
    /// among newcomers the alphabetically first name wins. What is refused keeps what it served; the rest goes on.
    pub(crate) fn with(
        &self,
        removed: &[Arc<str>],
        candidates: Set,
    ) -> (Api, Vec<(Arc<str>, Error)>) {
        let served = self.set();
        let mut candidates = candidates;
        let mut refused = Vec::new();
        loop {
            let mut set = served.clone();
            set.retain(|name, _| !removed.contains(name));
            let changed = candidates.iter();
            set.extend(changed.map(|(name, served)| (name.clone(), served.clone())));
            let clash = match Api::new(
                &set,
                self.generation + 1,
                self.setup.clone(),
                self.folders.clone(),
            ) {
                Ok(api) => return (api, refused),
                Err(clash) => clash,
            };
            let loser = self.loser(&clash, &candidates);
            candidates.remove(&loser);
            refused.push((loser, Error::new(ErrorKind::Clash, clash.message)));
        }
    }

    /// Which of two plugins has to give way.
    fn loser(&self, clash: &Clash, candidates: &Set) -> Arc<str> {
        let holds = |name: &str| {
            let Some(served) = self.find(name) else {
                return false;
            };
            match &clash.route {
                // A prefix: whoever is served under it holds it.
                None => candidates
                    .get(name)
                    .is_none_or(|new| new.stable.prefix == served.prefix),
                Some((method, path, other)) => {
                    served.code.contract.routed().any(|(_, operation)| {
                        let full = format!("{}{}", served.prefix, operation.path);
                        operation.method == *method && (full == *path || full == *other)
                    })
                }
            }
        };
        let [first, second] = &clash.plugins;
        let mut order = [first, second];
        // Last comes who loses: a candidate, one that holds nothing there, the later name.
        order.sort_by_key(|name| {
            (
                candidates.contains_key(name.as_str()),
                !holds(name),
                name.as_str(),
            )
        });
        order[1].as_str().into()
    }

    /// Those that documents and pages show.
    pub(crate) fn shown(&self) -> impl Iterator<Item = &Arc<Revision>> {
        self.revisions.iter().filter(|revision| !revision.hidden)
    }

    /// The document of all plugins.
    pub(crate) fn document(&self) -> &Document {
        self.merged.get_or_init(|| self.merge(&self.setup.host))
    }

    /// The same for clients that know the host under this path.
    pub(crate) fn document_under(&self, root: &str) -> Document {
        match self.setup.host.under(root) {
            Cow::Borrowed(_) => self.document().clone(),
            Cow::Owned(host) => self.elsewhere(root, "", || self.merge(&host)),
        }
    }

    /// The document of one plugin, for clients that know the host under this path.
    pub(crate) fn document_of(&self, name: &str, root: &str) -> Option<Document> {
        let at = self
            .revisions
            .binary_search_by(|revision| (*revision.name).cmp(name))
            .ok()
            .filter(|at| !self.revisions[*at].hidden)?;
        let make = |host: &HostConfig| {
            let revision = &self.revisions[at];
            Document::new(&contract::plugin_document(
                &revision.name,
                &revision.prefix,
                &revision.code.contract,
                host,
                contract::PUBLIC,
            ))
        };
        Some(match self.setup.host.under(root) {
            Cow::Borrowed(host) => self.single[at].get_or_init(|| make(host)).clone(),
            Cow::Owned(host) => self.elsewhere(root, name, || make(&host)),
        })
    }

    fn merge(&self, host: &HostConfig) -> Document {
        let plugins = self
            .shown()
            .map(|r| (&*r.name, &*r.prefix, &r.code.contract));
        Document::new(&contract::merge(plugins, host))
    }

    /// A document under a path that a proxy told: only what was asked for last is kept, since a proxy that lets its
    /// clients say the path must not fill the memory.
    fn elsewhere(&self, root: &str, plugin: &str, make: impl FnOnce() -> Document) -> Document {
        let kept = || {
            self.elsewhere
                .lock()
                .expect("nothing panics with this lock")
        };
        if let Some((known, of, document)) = &*kept()
            && (known.as_str(), of.as_str()) == (root, plugin)
        {
            return document.clone();
        }
        let document = make();
        *kept() = Some((root.into(), plugin.into(), document.clone()));
        document
    }
}

/// Two plugins that want the same place.
struct Clash {
    message: String,
    /// Method and the two full paths; none where it is about a prefix.
    route: Option<(http::Method, String, String)>,
    plugins: [String; 2],
}

/// The routes of all; the places of the targets are those in the list.
fn routed(revisions: &[Arc<Revision>]) -> Result<Router<Target>, Box<Clash>> {
    owned_prefixes(revisions)?;
    let routes = revisions.iter().enumerate().flat_map(|(at, revision)| {
        let operations = revision.code.contract.routed();
        operations.map(move |(operation, found)| Route {
            plugin: &revision.name,
            prefix: &revision.prefix,
            method: found.method.clone(),
            path: &found.path,
            template: &found.template,
            target: Target {
                revision: at,
                operation,
            },
        })
    });
    Router::new(routes).map_err(|clash| {
        Box::new(Clash {
            message: clash.to_string(),
            route: Some((clash.method, clash.path, clash.other_path)),
            plugins: [clash.other_plugin, clash.plugin],
        })
    })
}

/// All static files, the longest path first.
fn placed(revisions: &[Arc<Revision>], folders: &[Arc<Site>]) -> Result<Vec<Placed>, Box<Clash>> {
    let folders = folders.iter().map(|site| (site, None));
    let plugins = revisions.iter().enumerate();
    let plugins = plugins.filter_map(|(at, revision)| Some((revision.site.as_ref()?, Some(at))));
    let mut sites: Vec<Placed> = Vec::new();
    for (site, plugin) in folders.chain(plugins) {
        let taken = sites.iter().find(|other| other.site.path == site.path);
        if let (Some(taken), Some(at)) = (taken, plugin) {
            let name = |at: usize| revisions[at].name.to_string();
            let whose = match taken.plugin {
                Some(other) => format!("plugin `{}`", name(other)),
                None => "the host's `[[files]]`".into(),
            };
            return Err(Box::new(Clash {
                message: format!(
                    "the static files of plugin `{}` would be at `{}/`, where those of {whose} are: set its `files.path`, or give it a `prefix` of its own",
                    name(at),
                    site.path
                ),
                route: None,
                plugins: [name(taken.plugin.unwrap_or(at)), name(at)],
            }));
        }
        let site = site.clone();
        sites.push(Placed { site, plugin });
    }
    sites.sort_by_key(|placed| std::cmp::Reverse(placed.site.path.len()));
    Ok(sites)
}

/// A plugin whose prefix is not the root owns it: nobody else has a route under it, and prefixes do not nest.
fn owned_prefixes(revisions: &[Arc<Revision>]) -> Result<(), Box<Clash>> {
    for owner in revisions
        .iter()
        .filter(|revision| !revision.prefix.is_empty())
    {
        for other in revisions.iter().filter(|other| other.name != owner.name) {
            if let Some(intrusion) = intrusion(other, &owner.prefix) {
                return Err(Box::new(Clash {
                    message: format!(
                        "{intrusion} of plugin `{}` is under the prefix `{}`, which plugin `{}` owns: change it, or a \
                         `prefix`",
                        other.name, owner.prefix, owner.name
                    ),
                    route: None,
                    plugins: [owner.name.to_string(), other.name.to_string()],
                }));
            }
        }
    }
    Ok(())
}

/// Whether a path is a prefix, or goes on behind it.
fn is_under(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What of a plugin is under another's prefix.
fn intrusion(other: &Revision, prefix: &str) -> Option<String> {
    let under = |path: &str| is_under(path, prefix);
    if !other.prefix.is_empty() {
        return under(&other.prefix).then(|| format!("prefix `{}`", other.prefix));
    }
    if let Some(site) = other.site.as_ref().filter(|site| under(&site.path)) {
        return Some(format!("`{}/` with the static files", site.path));
    }
    let mut routed = other.code.contract.routed();
    let (_, operation) = routed.find(|(_, operation)| under(&operation.path))?;
    Some(format!("`{} {}`", operation.method, operation.path))
}
