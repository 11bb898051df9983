//! A folder of plugins, kept served: `NAME.wasm` is the plugin `NAME`, and so is a folder `NAME/` of `plugin.wasm`,
//! `openapi.json`, `plugin.toml` and `static/`.
//!
//! An event of the file system only means "look again", and so does a slow clock, because events get lost. One look is
//! one [`Host::apply`]: files that were renamed or dropped in together are swapped together. What to do is decided in
//! `files.rs`; here it is seen, read and done.

mod disk;
mod files;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind, RenameMode};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;
use tokio::task::{JoinSet, spawn_blocking};

use crate::change::{Applied, Change};
use crate::component::{Component, FILES};
use crate::config::Config;
use crate::error::{Error, ErrorKind};
use crate::host::Host;
use crate::prepare::Wanted;
use crate::spool::Disk;
use disk::{Identity, bytes_allowed, identity, list, name_of, read_settled};
use files::{Files, Notice, Stat};

/// The folder is looked at this often even if no event says so: links, overlays and network folders lose events.
const RESCAN: Duration = Duration::from_secs(2);

/// A plugins folder: what is in it and what the host was told of it.
pub struct Folder {
    path: PathBuf,
    config: Arc<Config>,
    files: Files,
    events: Arc<Events>,
    watch: Option<Watch>,
}

/// What became of one look at the folder.
#[derive(Debug)]
#[non_exhaustive]
pub struct Scan {
    /// What the host was told, and said; none if there was nothing to tell.
    pub applied: Option<Applied>,
    /// What is in the folder and cannot be served, and why, in words; already logged.
    pub refused: Vec<String>,
}

/// What the host is told of a plugin.
enum Offered {
    Plugin(String, Component),
    Gone(String),
}

/// What one look found.
struct Seen {
    changes: Vec<Offered>,
    /// What could not be offered to the host at all.
    refused: Vec<String>,
    /// When to look again because something has to rest until then.
    again: Option<Instant>,
}

/// What the host said to a change.
struct Answer {
    /// The plugins that it was offered; the others were to go.
    deployed: Vec<String>,
    applied: Applied,
}

async fn apply(host: Host, changes: Vec<Offered>) -> Answer {
    let deployed = changes.iter().filter_map(|change| match change {
        Offered::Plugin(name, _) => Some(name.clone()),
        Offered::Gone(_) => None,
    });
    let deployed = deployed.collect();
    let wanted = changes.into_iter().map(|change| match change {
        Offered::Plugin(name, component) => {
            let change = Change::Deploy {
                name: name.clone(),
                component,
            };
            (name.into(), Wanted::Asked(change))
        }
        Offered::Gone(name) => (name.into(), Wanted::FileGone),
    });
    let applied = host.carry_out("folder", wanted.collect()).await;
    Answer { deployed, applied }
}

/// The watch on one folder: a folder of the same name that comes later needs another.
struct Watch {
    folder: Identity,
    watcher: RecommendedWatcher,
    /// The folders in it that are watched, by name.
    inside: BTreeMap<String, Identity>,
}

/// What the file system said since the last look.
#[derive(Default)]
struct Events {
    /// What its writers have closed, or moved in.
    done: Mutex<BTreeSet<String>>,
    wake: Notify,
}

impl Folder {
    /// A folder that is there; nothing is read yet. The configuration says how large a plugin's file may be.
    ///
    /// # Errors
    ///
    /// The folder does not exist, is a file, or may not be read.
    pub fn open(path: impl Into<PathBuf>, config: &Config) -> Result<Folder, Error> {
        let path = path.into();
        if let Err(why) = fs::read_dir(&path) {
            let message = match why.kind() {
                io::ErrorKind::NotFound => {
                    format!(
                        "the plugins folder `{}` does not exist: make it, or name another",
                        path.display()
                    )
                }
                _ => format!(
                    "the plugins folder `{}` cannot be read: {why}",
                    path.display()
                ),
            };
            return Err(Error::with_source(ErrorKind::File, message, why));
        }
        Ok(Folder {
            path,
            config: Arc::new(config.clone()),
            files: Files::default(),
            events: Arc::default(),
            watch: None,
        })
    }

    /// Offers the host everything that is in the folder, taking all of it as finished: the look at the start.
    pub async fn scan(&mut self, host: &Host) -> Scan {
        // First the watch, then the look: what changes in between is seen twice rather than never.
        self.arm();
        let seen = self.look(host, |_, _| true).await;
        let mut refused = seen.refused;
        let mut applied = None;
        if !seen.changes.is_empty() {
            let answer = apply(host.clone(), seen.changes).await;
            self.answered(&answer);
            for (name, outcome) in &answer.applied.outcomes {
                if let (Err(error), Some((place, _))) = (outcome, self.files.place(name)) {
                    refused.push(format!("`{place}` is not served: {error}"));
                }
            }
            applied = Some(answer.applied);
        }
        let resumed = host.resume(|name| self.files.is_there(name)).await;
        for (name, outcome) in &resumed.outcomes {
            if let Err(error) = outcome {
                refused.push(format!("plugin `{name}` does not serve as before: {error}"));
            }
        }
        Scan { applied, refused }
    }

    /// Keeps the host serving what is in the folder until `stop` is ready.
    pub async fn watch(mut self, host: &Host, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        let mut again = Instant::now();
        // Beside the looking: a component that compiles for seconds keeps no other waiting.
        let mut applying = JoinSet::new();
        loop {
            tokio::select! {
                () = &mut stop => return,
                () = self.events.wake.notified() => {}
                () = tokio::time::sleep_until(again.into()) => {}
                Some(answer) = applying.join_next() => match answer {
                    Ok(answer) => self.answered(&answer),
                    Err(panic) => std::panic::resume_unwind(panic.into_panic()),
                }
            }
            self.arm();
            let config = host.0.config.load_full();
            if *config != *self.config {
                self.config = config;
                self.files.reconsider();
            }
            let done = self.events.take();
            // An empty file was only created or truncated: its writer is about to come back.
            let seen = self
                .look(host, |file, stat| stat.bytes > 0 && done.contains(file))
                .await;
            if !seen.changes.is_empty() {
                applying.spawn(apply(host.clone(), seen.changes));
            }
            let slow = Instant::now() + RESCAN;
            again = seen.again.map_or(slow, |next| next.min(slow));
        }
    }

    /// One look: what makes one change of what is served.
    async fn look(&mut self, host: &Host, done: impl Fn(&str, &Stat) -> bool) -> Seen {
        let (path, config) = (self.path.clone(), self.config.clone());
        let (listing, inside) = off_thread(move || list(&path, &config)).await;
        self.arm_inside(inside);
        let config = self.config.clone();
        let most = |name: &str| bytes_allowed(&config, name);
        let plan = self.files.look(Instant::now(), &listing, done, most);
        for name in plan.forget {
            host.0.books().forget_refused(&name);
        }
        let mut refused: Vec<String> = plan.notices.into_iter().filter_map(log).collect();

        let mut contents = BTreeMap::new();
        let mut read = BTreeMap::new();
        let mut again = plan.again;
        for name in plan.read {
            let Some((place, stats)) = self.files.place(&name) else {
                continue;
            };
            let (path, most) = (self.path.clone(), bytes_allowed(&config, &name));
            let files = config.limits_of(&name).files;
            let disk = Disk(config.host.spool_dir.clone());
            let reading = move || read_settled(&path, place, stats, most, files, &disk);
            match off_thread(reading).await {
                Ok(Some(found)) => {
                    contents.insert(name.clone(), found.component);
                    read.insert(name, (found.stats, found.hash));
                }
                Ok(None) => {
                    self.files.unsettled(Instant::now(), &name);
                    again = Some(Instant::now());
                }
                Err(why) => refused.extend(self.files.unreadable(&name, &why).and_then(log)),
            }
        }
        let offer = self.files.offer(&read, plan.remove);
        let removes = offer.remove.into_iter().map(Offered::Gone);
        let deploys = offer.deploy.into_iter().filter_map(|name| {
            let component = contents.remove(&name)?;
            Some(Offered::Plugin(name, component))
        });
        let changes = removes.chain(deploys).collect();
        Seen {
            changes,
            refused,
            again,
        }
    }

    fn answered(&mut self, answer: &Answer) {
        for name in &answer.deployed {
            let outcome = answer.applied.outcomes.iter().find(|(of, _)| of == name);
            let clashed = outcome.is_some_and(|(_, outcome)| {
                outcome
                    .as_ref()
                    .is_err_and(|error| error.kind() == ErrorKind::Clash)
            });
            let served = outcome.is_some_and(|(_, outcome)| outcome.is_ok());
            self.files.answered(name, served, clashed);
        }
    }

    /// Watches the folder that is there now, if it is not the one watched already. Without a watch the slow clock goes on.
    fn arm(&mut self) {
        let Ok(folder) = fs::metadata(&self.path).map(|folder| identity(&folder)) else {
            self.watch = None;
            return;
        };
        if self
            .watch
            .as_ref()
            .is_some_and(|watch| watch.folder == folder)
        {
            return;
        }
        let (events, root) = (self.events.clone(), absolute(&self.path));
        let heard = {
            let root = root.clone();
            move |event| events.heard(&root, event)
        };
        let watcher = notify::recommended_watcher(heard).and_then(|mut watcher| {
            watcher.watch(&root, RecursiveMode::NonRecursive)?;
            Ok(watcher)
        });
        self.watch = match watcher {
            Ok(watcher) => Some(Watch {
                folder,
                watcher,
                inside: BTreeMap::new(),
            }),
            Err(error) => {
                tracing::debug!(%error, "the plugins folder cannot be watched: it is looked at every 2 s");
                None
            }
        };
    }

    /// Watches the folders that are in it now, and no others.
    fn arm_inside(&mut self, found: BTreeMap<String, Identity>) {
        let Some(watch) = &mut self.watch else {
            return;
        };
        let root = absolute(&self.path);
        for (name, folder) in &watch.inside {
            if found.get(name) != Some(folder) {
                // One that is gone is not watched any more, which is all that is wanted.
                let _ = watch.watcher.unwatch(&root.join(name));
            }
        }
        for (name, folder) in &found {
            if watch.inside.get(name) != Some(folder) {
                let path = root.join(name);
                if let Err(error) = watch.watcher.watch(&path, RecursiveMode::NonRecursive) {
                    tracing::debug!(%error, folder = name, "a folder cannot be watched: it is looked at every 2 s");
                }
                // What changed in it before the watch was there is seen by another look.
                self.events.wake.notify_one();
            }
        }
        watch.inside = found;
    }
}

impl Events {
    /// Called on the watcher's own thread.
    fn heard(&self, root: &Path, event: notify::Result<notify::Event>) {
        if let Ok(event) = event {
            let path = event.paths.last();
            let file = path
                .and_then(|path| path.file_name())
                .map(name_of)
                .unwrap_or_default();
            let done = match event.kind {
                EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
                // Reading, ours too, changes nothing.
                EventKind::Access(_) => return,
                EventKind::Modify(ModifyKind::Name(RenameMode::To | RenameMode::Both)) => true,
                // Each piece that some other program writes to some other file.
                EventKind::Modify(ModifyKind::Data(_))
                    if !file.ends_with(".wasm") && !FILES.contains(&file.as_str()) =>
                {
                    return;
                }
                _ => false,
            };
            // Of several files in a plugin's folder, nobody says which is the last: they have to rest.
            if done && path.is_some_and(|path| path.parent() == Some(root)) {
                self.done
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(file);
            }
        }
        self.wake.notify_one();
    }

    fn take(&self) -> BTreeSet<String> {
        std::mem::take(&mut self.done.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Logs, and hands back what was refused.
fn log(notice: Notice) -> Option<String> {
    match notice {
        Notice::Warning(text) => {
            tracing::warn!("{text}");
            None
        }
        Notice::Error(text) => {
            tracing::error!("{text}");
            Some(text)
        }
    }
}

async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match spawn_blocking(work).await {
        Ok(done) => done,
        Err(stopped) if stopped.is_panic() => std::panic::resume_unwind(stopped.into_panic()),
        // The runtime is going down, and this future with it.
        Err(_) => std::future::pending().await,
    }
}

/// As the watch tells paths.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.into())
}
