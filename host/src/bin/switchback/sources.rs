//! What an author writes, watched. An event of the file system only means "look again", and so does a slow clock: a
//! change is a file that differs from what it was at the last look.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

/// The sources are looked at this often even if no event says so: network folders and links lose events.
const SLOW: Duration = Duration::from_secs(2);

/// A folder of sources, without what builds put there.
pub(crate) struct Sources {
    folder: PathBuf,
    wake: Arc<Notify>,
    /// None where nothing can be watched: then the slow clock goes on.
    watcher: Option<RecommendedWatcher>,
    watched: BTreeSet<PathBuf>,
}

/// How all files were at one moment.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen(BTreeMap<PathBuf, (u64, u64, (i64, i64))>);

impl Sources {
    pub(crate) fn new(folder: &Path) -> Sources {
        let wake = Arc::new(Notify::new());
        let told = wake.clone();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Reading, ours too, changes nothing.
            if !event.is_ok_and(|event| matches!(event.kind, EventKind::Access(_))) {
                told.notify_one();
            }
        });
        Sources {
            folder: folder.into(),
            wake,
            watcher: watcher.ok(),
            watched: BTreeSet::new(),
        }
    }

    /// Looks at every file. Folders are watched before they are read: what changes in between is seen twice rather than
    /// never.
    pub(crate) fn look(&mut self) -> Seen {
        let mut seen = Seen::default();
        let mut folders = vec![self.folder.clone()];
        let mut there = BTreeSet::new();
        while let Some(folder) = folders.pop() {
            // A folder that was moved away and made anew has to be watched anew: watching one twice does no harm.
            if let Some(watcher) = &mut self.watcher
                && !self.watched.contains(&folder)
                && watcher.watch(&folder, RecursiveMode::NonRecursive).is_ok()
            {
                self.watched.insert(folder.clone());
            }
            // What goes away meanwhile is not there.
            let Ok(entries) = std::fs::read_dir(&folder) else {
                continue;
            };
            for entry in entries.flatten() {
                let path = entry.path();
                if is_no_source(&entry.file_name().to_string_lossy()) {
                    continue;
                }
                match entry.metadata() {
                    Ok(meta) if meta.is_dir() => folders.push(path),
                    Ok(meta) => {
                        seen.0.insert(path, state(&meta));
                    }
                    Err(_) => {}
                }
            }
            there.insert(folder);
        }
        self.watched.retain(|folder| there.contains(folder));
        seen
    }

    /// Returns as soon as something is not as it was seen, with the moment at which that was noticed.
    pub(crate) async fn changed(&mut self, since: &Seen) -> Instant {
        loop {
            // Whether it was told or the time is over: look.
            let _ = tokio::time::timeout(SLOW, self.wake.notified()).await;
            let noticed = Instant::now();
            if self.look() != *since {
                return noticed;
            }
        }
    }
}

/// What builds, tools and editors write for themselves. Cargo.lock is among it: cargo writes it while it builds.
fn is_no_source(name: &str) -> bool {
    name.starts_with('.')
        || name.ends_with('~')
        || name.ends_with(".wasm")
        || ["target", "node_modules", "__pycache__", "Cargo.lock"].contains(&name)
}

fn state(meta: &Metadata) -> (u64, u64, (i64, i64)) {
    (meta.ino(), meta.len(), (meta.mtime(), meta.mtime_nsec()))
}
