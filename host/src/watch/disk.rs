//! A plugins folder as it is on disk: what is in it, and what its plugins consist of.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use super::files::{Entry, Hash, Listing, Stat, Stats};
use crate::component::{Component, FILES, MINISIG, PARTS, SIGNATURE, STATIC};
use crate::config::Config;
use crate::files::{self, Most, Tree};
use crate::spool::Disk;

/// The most bytes that a `plugin.toml` may have.
const SETTINGS_BYTES: u64 = 64 << 10;
/// The most bytes that a signature may have; minisign writes some 300.
const SIGNATURE_BYTES: u64 = 4 << 10;
/// Folders with static files that are watched, of one plugin; what changes in others is seen by the slow clock.
const WATCHED: usize = 64;

/// Device and inode: what a name stands for, which may be another folder tomorrow.
pub(super) type Identity = (u64, u64);

/// What a plugin consists of, and the state in which its files were both before and after they were read.
pub(super) struct Settled {
    pub(super) stats: Stats,
    pub(super) hash: Hash,
    pub(super) component: Component,
}

/// What is in the folder, and which folders are.
pub(super) fn list(folder: &Path, config: &Config) -> (Listing, BTreeMap<String, Identity>) {
    let mut inside = BTreeMap::new();
    let listing = entries(folder, config, &mut inside).map_err(|why| why.to_string());
    (listing, inside)
}

fn entries(
    folder: &Path,
    config: &Config,
    inside: &mut BTreeMap<String, Identity>,
) -> io::Result<BTreeMap<String, Entry>> {
    let mut listing = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = name_of(&entry.file_name());
        // Links are followed; what goes away meanwhile is not there.
        let is = match seen(&entry.path()) {
            Ok(Some(meta)) if meta.is_dir() && !name.starts_with('.') => {
                inside.insert(name.clone(), identity(&meta));
                let most = config.limits_of(&name).files;
                match parts(&entry.path(), &name, most, inside) {
                    Ok(stats) => Entry::Folder(stats),
                    Err(why) => Entry::Other(format!("a folder with {why}")),
                }
            }
            Ok(Some(meta)) if meta.is_file() => Entry::File(stat(&meta)),
            Ok(Some(meta)) if meta.is_dir() => Entry::Folder([None; PARTS.len()]),
            Ok(Some(_)) => Entry::Other("neither a file nor a folder".into()),
            Ok(None) => continue,
            Err(why) => Entry::Other(why),
        };
        listing.insert(name, is);
    }
    Ok(listing)
}

/// What a path leads to, links followed; none if there is nothing.
fn seen(path: &Path) -> Result<Option<Metadata>, String> {
    match (fs::metadata(path), fs::symlink_metadata(path)) {
        (Ok(meta), _) => Ok(Some(meta)),
        (Err(_), Ok(link)) if link.is_symlink() => {
            Err("a link to something that is not there or cannot be reached".into())
        }
        (Err(why), _) if why.kind() == io::ErrorKind::NotFound => Ok(None),
        (Err(why), _) => Err(format!("something that cannot be looked at ({why})")),
    }
}

/// What of a plugin is in a folder.
fn parts(
    folder: &Path,
    name: &str,
    most: usize,
    inside: &mut BTreeMap<String, Identity>,
) -> Result<Stats, String> {
    let mut stats = [None; PARTS.len()];
    for (file, into) in FILES.iter().zip(&mut stats) {
        *into = match seen(&folder.join(file)) {
            Ok(Some(meta)) if meta.is_file() => Some(stat(&meta)),
            Ok(Some(_)) => return Err(format!("a `{file}` that is no file")),
            Ok(None) => None,
            Err(why) => return Err(format!("a `{file}` that is {why}")),
        };
    }
    let place = folder.join(STATIC);
    if stats[0].is_some() && fs::symlink_metadata(&place).is_ok() {
        let listing = files::Listing::of(&place, most);
        let listing =
            listing.map_err(|why| format!("a `{STATIC}` that cannot be served: {why}"))?;
        for (path, meta) in listing.folders.iter().take(WATCHED) {
            let watched = format!("{name}/{STATIC}/{path}");
            inside.insert(watched.trim_end_matches('/').into(), identity(meta));
        }
        let (mark, bytes) = listing.mark();
        stats[FILES.len()] = Some(Stat {
            inode: mark,
            bytes,
            changed: (0, 0),
        });
    }
    Ok(stats)
}

/// The most bytes that each of a plugin's parts may have.
pub(super) fn bytes_allowed(config: &Config, plugin: &str) -> [u64; PARTS.len()] {
    let limits = config.limits_of(plugin);
    [
        limits.component_bytes,
        limits.contract_bytes,
        SETTINGS_BYTES,
        SIGNATURE_BYTES,
        limits.files_bytes,
    ]
}

/// Reads a plugin whole, or not at all if it changes meanwhile.
pub(super) fn read_settled(
    folder: &Path,
    place: String,
    seen: Stats,
    most: [u64; PARTS.len()],
    files: usize,
    disk: &Disk,
) -> Result<Option<Settled>, String> {
    let mut stats = [None; PARTS.len()];
    let mut contents = [const { None }; FILES.len()];
    for part in (0..FILES.len()).filter(|part| seen[*part].is_some()) {
        let read = match place.ends_with('/') {
            false => {
                let beside = if part == SIGNATURE { MINISIG } else { "" };
                let path = folder.join(format!("{place}{beside}"));
                read_file(&path, most[part]).map_err(|why| in_words(&why))?
            }
            true => match read_file(&folder.join(&place).join(FILES[part]), most[part]) {
                // Editors delete and create.
                Err(why) if why.kind() == io::ErrorKind::NotFound => None,
                read => read.map_err(|why| format!("`{}`: {}", FILES[part], in_words(&why)))?,
            },
        };
        let Some((stat, bytes)) = read else {
            return Ok(None);
        };
        stats[part] = Some(stat);
        contents[part] = Some(bytes);
    }
    let [Some(bytes), document, settings, signature] = contents else {
        return Ok(None);
    };
    let mut tree = None;
    if let Some(seen) = seen[FILES.len()] {
        let most = Most {
            files,
            bytes: most[FILES.len()],
        };
        let read = Tree::read(&folder.join(&place).join(STATIC), disk, most);
        let Some(read) = read.map_err(|why| format!("`{STATIC}`: {why}"))? else {
            return Ok(None);
        };
        stats[FILES.len()] = Some(seen);
        tree = Some(Arc::new(read));
    }
    let component = Component {
        bytes,
        document,
        settings,
        signature,
        files: tree,
        accepts_breaking: false,
        skips_smoke_test: false,
        place: Some(place),
    };
    Ok(Some(Settled {
        stats,
        hash: component.digest(),
        component,
    }))
}

/// Reads a file whole, or not at all if it changes meanwhile.
fn read_file(path: &Path, limit: u64) -> io::Result<Option<(Stat, Bytes)>> {
    let mut file = File::open(path)?;
    let before = stat(&file.metadata()?);
    if before.bytes > limit {
        return Ok(None);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(before.bytes).unwrap_or(0));
    (&mut file).take(limit).read_to_end(&mut bytes)?;
    let after = stat(&file.metadata()?);
    let whole = before == after && after.bytes == bytes.len() as u64;
    Ok(whole.then(|| (before, bytes.into())))
}

fn in_words(why: &io::Error) -> String {
    match why.kind() {
        io::ErrorKind::NotFound => {
            "it was deleted before it could be read; put it back".to_string()
        }
        io::ErrorKind::PermissionDenied => {
            "this user may not read it; change its mode or owner".to_string()
        }
        _ => format!("it cannot be read: {why}"),
    }
}

pub(super) fn identity(folder: &Metadata) -> Identity {
    (folder.dev(), folder.ino())
}

fn stat(meta: &Metadata) -> Stat {
    Stat {
        inode: meta.ino(),
        bytes: meta.len(),
        changed: (meta.ctime(), meta.ctime_nsec()),
    }
}

/// A name that is no UTF-8 is no plugin's either, and is told as well as it can be.
pub(super) fn name_of(file: &OsStr) -> String {
    file.to_string_lossy().into_owned()
}
