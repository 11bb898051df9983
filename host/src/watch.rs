//! A folder of components, kept served: `NAME.wasm` is the plugin `NAME`.
//!
//! An event of the file system only means "look again", and so does a slow clock, because events get lost. One look is
//! one [`Host::apply`]: files that were renamed or dropped in together are swapped together. What to do is decided in
//! `files.rs`; here it is seen, read and done.

mod files;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::future::Future;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind, RenameMode};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use sha2::{Digest, Sha256};
use tokio::sync::Notify;
use tokio::task::{JoinSet, spawn_blocking};

use crate::config::Config;
use crate::error::{Error, ErrorKind};
use crate::host::{Applied, Change, Host};
use crate::swap::Origin;
use files::{Entry, Files, Hash, Listing, Notice, Stat};

/// The folder is looked at this often even if no event says so: links, overlays and network folders lose events.
const RESCAN: Duration = Duration::from_secs(2);

/// A plugins folder: what is in it and what the host was told of it.
pub struct Folder {
    path: PathBuf,
    config: Config,
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
    /// Files that could not be offered to the host at all, in words; already logged.
    pub refused: Vec<String>,
}

/// What one look found.
struct Seen {
    changes: Vec<Change>,
    /// As in [`Scan`].
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

async fn apply(host: Host, changes: Vec<Change>) -> Answer {
    let deployed = changes.iter().filter_map(|change| match change {
        Change::Deploy { name, .. } => Some(name.clone()),
        Change::Remove { .. } => None,
    });
    Answer {
        deployed: deployed.collect(),
        applied: host.apply_from(Origin::Folder, changes).await,
    }
}

/// The watch on one folder: a folder of the same name that comes later needs another.
struct Watch {
    folder: (u64, u64),
    _watcher: RecommendedWatcher,
}

/// What the file system said since the last look.
#[derive(Default)]
struct Events {
    /// Files whose writers have closed them, or moved them in.
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
            config: config.clone(),
            files: Files::default(),
            events: Arc::default(),
            watch: None,
        })
    }

    /// Offers the host everything that is in the folder, taking each file as finished: the look at the start.
    pub async fn scan(&mut self, host: &Host) -> Scan {
        // First the watch, then the look: what changes in between is seen twice rather than never.
        self.arm();
        let seen = self.look(|_, _| true).await;
        let mut applied = None;
        if !seen.changes.is_empty() {
            let answer = apply(host.clone(), seen.changes).await;
            self.answered(&answer);
            applied = Some(answer.applied);
        }
        let refused = seen.refused;
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
            let done = self.events.take();
            // An empty file was only created or truncated: its writer is about to come back.
            let seen = self
                .look(|file, stat| stat.bytes > 0 && done.contains(file))
                .await;
            if !seen.changes.is_empty() {
                applying.spawn(apply(host.clone(), seen.changes));
            }
            let slow = Instant::now() + RESCAN;
            again = seen.again.map_or(slow, |next| next.min(slow));
        }
    }

    /// One look: what makes one change of what is served.
    async fn look(&mut self, done: impl Fn(&str, &Stat) -> bool) -> Seen {
        let path = self.path.clone();
        let listing = off_thread(move || list(&path)).await;
        let config = &self.config;
        let limit = |name: &str| config.limits_of(name).component_bytes;
        let plan = self.files.look(Instant::now(), &listing, done, limit);
        let mut refused: Vec<String> = plan.notices.into_iter().filter_map(log).collect();

        let mut contents = BTreeMap::new();
        let mut read = BTreeMap::new();
        let mut again = plan.again;
        for name in plan.read {
            let path = self.path.join(format!("{name}.wasm"));
            let limit = self.config.limits_of(&name).component_bytes;
            match off_thread(move || read_settled(&path, limit)).await {
                Ok(Some(file)) => {
                    contents.insert(name.clone(), file.bytes);
                    read.insert(name, (file.stat, file.hash));
                }
                Ok(None) => {
                    self.files.unsettled(Instant::now(), &name);
                    again = Some(Instant::now());
                }
                Err(why) => refused.extend(self.files.unreadable(&name, &why).and_then(log)),
            }
        }
        let offer = self.files.offer(&read, plan.remove);
        let removes = offer.remove.into_iter().map(|name| Change::Remove { name });
        let deploys = offer.deploy.into_iter().filter_map(|name| {
            let bytes = contents.remove(&name)?;
            Some(Change::Deploy { name, bytes })
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
        let Ok(folder) = fs::metadata(&self.path).map(|folder| (folder.dev(), folder.ino())) else {
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
        let events = self.events.clone();
        let watcher = notify::recommended_watcher(move |event| events.heard(event)).and_then(
            |mut watcher| {
                watcher.watch(&self.path, RecursiveMode::NonRecursive)?;
                Ok(watcher)
            },
        );
        self.watch = match watcher {
            Ok(watcher) => Some(Watch {
                folder,
                _watcher: watcher,
            }),
            Err(error) => {
                tracing::debug!(%error, "the plugins folder cannot be watched: it is looked at every 2 s");
                None
            }
        };
    }
}

impl Events {
    /// Called on the watcher's own thread.
    fn heard(&self, event: notify::Result<notify::Event>) {
        if let Ok(event) = event {
            let file = event
                .paths
                .last()
                .and_then(|path| path.file_name())
                .map(name_of)
                .unwrap_or_default();
            let done = match event.kind {
                EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
                // Reading, ours too, changes nothing.
                EventKind::Access(_) => return,
                EventKind::Modify(ModifyKind::Name(RenameMode::To | RenameMode::Both)) => true,
                // Each piece that some other program writes to some other file.
                EventKind::Modify(ModifyKind::Data(_)) if !file.ends_with(".wasm") => return,
                _ => false,
            };
            if done {
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

/// A file's content, and the state it was in both before and after it was read.
struct Settled {
    stat: Stat,
    hash: Hash,
    bytes: Bytes,
}

fn list(folder: &Path) -> Listing {
    let mut listing = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(|why| why.to_string())? {
        let entry = entry.map_err(|why| why.to_string())?;
        // Links are followed; what goes away meanwhile is not there.
        let entry_is = match fs::metadata(entry.path()) {
            Ok(meta) if meta.is_file() => Entry::File(stat(&meta)),
            Ok(meta) if meta.is_dir() => Entry::Folder,
            Ok(_) => Entry::Other("neither a file nor a folder".into()),
            Err(_) if entry.file_type().is_ok_and(|kind| kind.is_symlink()) => {
                Entry::Other("a link to something that is not there or cannot be reached".into())
            }
            Err(_) => continue,
        };
        listing.insert(name_of(&entry.file_name()), entry_is);
    }
    Ok(listing)
}

/// Reads a file whole, or not at all if it changes meanwhile.
fn read_settled(path: &Path, limit: u64) -> Result<Option<Settled>, String> {
    let in_words = |why: io::Error| match why.kind() {
        io::ErrorKind::NotFound => {
            "it was deleted before it could be read; put it back".to_string()
        }
        io::ErrorKind::PermissionDenied => {
            "this user may not read it; change its mode or owner".to_string()
        }
        _ => format!("it cannot be read: {why}"),
    };
    let mut file = File::open(path).map_err(in_words)?;
    let before = stat(&file.metadata().map_err(in_words)?);
    if before.bytes > limit {
        return Ok(None);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(before.bytes).unwrap_or(0));
    (&mut file)
        .take(limit)
        .read_to_end(&mut bytes)
        .map_err(in_words)?;
    let after = stat(&file.metadata().map_err(in_words)?);
    if before != after || after.bytes != bytes.len() as u64 {
        return Ok(None);
    }
    let hash = Sha256::digest(&bytes).into();
    Ok(Some(Settled {
        stat: before,
        hash,
        bytes: bytes.into(),
    }))
}

fn stat(meta: &Metadata) -> Stat {
    Stat {
        inode: meta.ino(),
        bytes: meta.len(),
        changed: (meta.ctime(), meta.ctime_nsec()),
    }
}

/// A name that is no UTF-8 is no plugin's either, and is told as well as it can be.
fn name_of(file: &OsStr) -> String {
    file.to_string_lossy().into_owned()
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
