//! What a host remembers between starts, on disk: the past of each plugin, what its kept revisions consist of, and who
//! changed what.
//!
//! ```text
//! STATE/lock                      held by the host that uses the folder
//! STATE/plugins/NAME.json         a plugin's past
//! STATE/contents/SHA256/          a plugin's folder, as it could lie in the plugins folder
//! STATE/audit.jsonl               every change that was asked for, a line each
//! ```
//!
//! Each file is written beside its place and renamed into it, so that it is there whole or as it was before. What cannot
//! be written is told and harms nothing that is served.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::component::{Component, FILES, STATIC};
use crate::config::is_plugin_name;
use crate::error::{Error, ErrorKind};
use crate::history::{Content, Past};
use crate::spool::Disk;

/// An audit log that is longer is put aside, in the place of the one before.
const AUDIT_BYTES: u64 = 16 << 20;

pub(crate) struct State {
    dir: PathBuf,
    /// Held while something is written, so that what is newest is written last. Whether the host has ended: then another may
    /// use the folder, and nothing more is written.
    writing: Mutex<bool>,
    /// Locked until the host has ended.
    lock: File,
}

/// A state, and the past of each plugin that is written there.
type Opened = (State, BTreeMap<String, Past>);

impl State {
    /// Opens the folder, making it if need be, with what is written there; none if it cannot be written, which is only
    /// a warning.
    ///
    /// # Errors
    ///
    /// Another host uses it.
    pub(crate) fn open(dir: &Path) -> Result<Option<Opened>, Error> {
        match State::try_open(dir) {
            Ok(Some(state)) => {
                let pasts = state.read();
                Ok(Some((state, pasts)))
            }
            Ok(None) => {
                let message = format!(
                    "`host.state_dir`: another host uses `{}`; stop it, or choose another folder",
                    dir.display()
                );
                Err(Error::new(ErrorKind::Config, message))
            }
            Err(error) => {
                tracing::warn!(
                    dir = %dir.display(), %error,
                    "history, rollbacks and who is disabled are not written down, and are forgotten with the next start"
                );
                Ok(None)
            }
        }
    }

    /// None if another has it.
    fn try_open(dir: &Path) -> io::Result<Option<State>> {
        make_folder(dir)?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(dir.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Ok(None),
            Err(fs::TryLockError::Error(error)) => return Err(error),
        }
        let state = State {
            dir: dir.to_owned(),
            writing: Mutex::default(),
            lock,
        };
        state.make_folders()?;
        state.sweep();
        Ok(Some(state))
    }

    /// One by one: a folder around that was removed is not made again.
    fn make_folders(&self) -> io::Result<()> {
        make_folder(&self.dir)?;
        make_folder(&self.plugins())?;
        make_folder(&self.contents())
    }

    fn plugins(&self) -> PathBuf {
        self.dir.join("plugins")
    }

    fn contents(&self) -> PathBuf {
        self.dir.join("contents")
    }

    /// What is left of writing that was cut off.
    fn sweep(&self) {
        for folder in [self.plugins(), self.contents()] {
            for name in names(&folder).filter(|name| name.starts_with('.')) {
                let path = folder.join(name);
                let _ = fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path));
            }
        }
    }

    fn read(&self) -> BTreeMap<String, Past> {
        let mut pasts = BTreeMap::new();
        for file in names(&self.plugins()) {
            let Some(name) = file
                .strip_suffix(".json")
                .filter(|name| is_plugin_name(name))
            else {
                continue;
            };
            let path = self.plugins().join(&file);
            let read = fs::read(&path).map_err(|why| why.to_string());
            let parse = |json: Vec<u8>| {
                let past: Past = serde_json::from_slice(&json).map_err(|why| why.to_string())?;
                past.is_sound()
                    .then_some(past)
                    .ok_or_else(|| "it names contents by no SHA-256".to_owned())
            };
            match read.and_then(parse) {
                Ok(mut past) => {
                    past.withdraw("the host was started anew");
                    pasts.insert(name.to_owned(), past);
                }
                Err(error) => tracing::error!(
                    file = %path.display(), error,
                    "a plugin's history cannot be read, and begins anew"
                ),
            }
        }
        pasts
    }

    /// What a kept revision consists of.
    pub(crate) fn component(&self, content: &str, disk: &Disk) -> Result<Component, Error> {
        let folder = self.contents().join(content);
        let (_, component) = Component::read_with(&folder, disk)?;
        if crate::runtime::hex(&component.digest()) != content {
            let message = format!(
                "`{}` is not what was kept there: some file in it has changed",
                folder.display()
            );
            return Err(Error::new(ErrorKind::File, message));
        }
        Ok(component)
    }

    /// Writes down what some plugins came to, as `past` tells at that moment, and what is new of what they consist of.
    pub(crate) fn write(
        &self,
        new: &BTreeMap<Content, Component>,
        plugins: &[String],
        past: impl Fn(&str) -> Option<Past>,
    ) -> io::Result<()> {
        let _turn = self.turn()?;
        self.make_folders()?;
        for (content, component) in new {
            self.keep(content, component)?;
        }
        for name in plugins {
            if let Some(past) = past(name) {
                let json = serde_json::to_vec_pretty(&past)?;
                replace(&self.plugins(), &format!("{name}.json"), &json)?;
            }
        }
        Ok(())
    }

    fn keep(&self, content: &str, component: &Component) -> io::Result<()> {
        let (folder, place) = (self.contents(), self.contents().join(content));
        if place.is_dir() {
            return Ok(());
        }
        let half = folder.join(format!(".{content}"));
        let _ = fs::remove_dir_all(&half);
        make_folder(&half)?;
        for (file, bytes) in FILES.iter().zip(component.parts()) {
            if let Some(bytes) = bytes {
                write_new(&half.join(file), bytes)?;
            }
        }
        if let Some(files) = &component.files {
            files.write(&half.join(STATIC))?;
        }
        sync(&half)?;
        fs::rename(&half, &place)?;
        sync(&folder)
    }

    /// Whose turn it is to write.
    fn turn(&self) -> io::Result<MutexGuard<'_, bool>> {
        let ended = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        match *ended {
            false => Ok(ended),
            true => Err(io::Error::other("the host has ended")),
        }
    }

    /// Leaves the folder to another host.
    pub(crate) fn end(&self) {
        let mut ended = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        *ended = true;
        // If it cannot be unlocked now, it is once the file is closed.
        let _ = self.lock.unlock();
    }

    /// Removes what no kept revision consists of.
    pub(crate) fn clear(&self, kept: impl Fn() -> BTreeSet<Content>) {
        let Ok(_turn) = self.turn() else {
            return;
        };
        let kept = kept();
        for content in names(&self.contents()).filter(|name| !kept.contains(name.as_str())) {
            // One that stays takes room and is tried again by the next change.
            let _ = fs::remove_dir_all(self.contents().join(content));
        }
    }

    /// Adds a line to the audit log.
    pub(crate) fn audit(&self, line: &serde_json::Value) -> io::Result<()> {
        let _turn = self.turn()?;
        let path = self.dir.join("audit.jsonl");
        if fs::metadata(&path).is_ok_and(|log| log.len() > AUDIT_BYTES) {
            fs::rename(&path, self.dir.join("audit.before.jsonl"))?;
        }
        let mut log = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(path)?;
        log.write_all(format!("{line}\n").as_bytes())
    }
}

fn names(folder: &Path) -> impl Iterator<Item = String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok())
}

fn make_folder(folder: &Path) -> io::Result<()> {
    match fs::DirBuilder::new().mode(0o700).create(folder) {
        Err(why) if why.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        made => made,
    }
}

fn write_new(path: &Path, bytes: &Bytes) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Puts a file in the place of one of the same name, whole.
fn replace(folder: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    let half = folder.join(format!(".{name}"));
    let _ = fs::remove_file(&half);
    write_new(&half, &Bytes::copy_from_slice(content))?;
    fs::rename(&half, folder.join(name))?;
    sync(folder)
}

/// That a name is there survives a crash only once its folder is written.
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
