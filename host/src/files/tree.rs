//! A plugin's static files: a part of what the plugin is, read when it is loaded, so that a request meets files and code of
//! one revision, and a rollback brings both back.

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use http::HeaderValue;
use sha2::{Digest, Sha256};

use super::beneath;
use super::wanted::is_path;
use crate::etag;
use crate::spool::{Disk, FileContent};

/// A larger file is not held in memory: what a page is made of is smaller.
const SMALL_BYTES: u64 = 256 << 10;
/// What of a plugin's files is held in memory; the rest is on disk, in one file without a name.
const MEMORY_BYTES: u64 = 16 << 20;

/// How much of them there may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Most {
    pub(crate) files: usize,
    pub(crate) bytes: u64,
}

impl Most {
    /// Where the limits are asked for later.
    pub(crate) const ANY: Most = Most {
        files: 1_000_000,
        bytes: u64::MAX,
    };
}

/// All of them, by path.
#[derive(Clone, Default)]
pub(crate) struct Tree(BTreeMap<String, Kept>);

#[derive(Clone)]
pub(super) struct Kept {
    pub(super) content: FileContent,
    pub(super) etag: HeaderValue,
    pub(super) modified: SystemTime,
    digest: [u8; 32],
}

/// What a folder has at one moment: files and folders by path. No link is followed.
pub(crate) struct Listing {
    pub(crate) files: Vec<(String, Metadata)>,
    pub(crate) folders: Vec<(String, Metadata)>,
}

impl Listing {
    /// Lists a folder, and all that is in it and not hidden.
    ///
    /// # Errors
    ///
    /// In words: it has what cannot be served, or too much.
    pub(crate) fn of(folder: &Path, most: usize) -> Result<Listing, String> {
        let mut listing = Listing {
            files: Vec::new(),
            folders: Vec::new(),
        };
        let meta = fs::symlink_metadata(folder).map_err(|why| why.to_string())?;
        if !meta.is_dir() {
            return Err("it is no folder (links are not followed)".into());
        }
        listing.folders.push((String::new(), meta));
        let mut next = 0;
        while let Some((path, _)) = listing.folders.get(next) {
            let path = path.clone();
            listing.look(folder, &path, most)?;
            next += 1;
        }
        listing.files.sort_by(|one, other| one.0.cmp(&other.0));
        Ok(listing)
    }

    fn look(&mut self, root: &Path, folder: &str, most: usize) -> Result<(), String> {
        let cannot = |why: io::Error| format!("`{folder}` in it cannot be read: {why}");
        for entry in fs::read_dir(root.join(folder)).map_err(cannot)? {
            let entry = entry.map_err(cannot)?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                return Err(format!("{name:?} in it is no text; rename it"));
            };
            if name.starts_with('.') {
                continue;
            }
            let path = match folder {
                "" => name.to_owned(),
                folder => format!("{folder}/{name}"),
            };
            if !is_path(&path) {
                return Err(format!("{path:?} in it is no path of a URL; rename it"));
            }
            let meta = match entry.metadata() {
                Err(why) if why.kind() == io::ErrorKind::NotFound => continue,
                meta => meta.map_err(cannot)?,
            };
            let into = match () {
                () if meta.is_dir() => &mut self.folders,
                () if meta.is_file() => &mut self.files,
                () => {
                    let message = format!("`{path}` in it is neither a file nor a folder");
                    return Err(format!("{message}; links are not followed there"));
                }
            };
            into.push((path, meta));
            if self.files.len() + self.folders.len() > most.saturating_add(1) {
                return Err(format!(
                    "it has more files and folders than `limits.files` = {most}; raise the limit"
                ));
            }
        }
        Ok(())
    }

    /// What changes whenever a file's path or content may have, and all their bytes.
    pub(crate) fn mark(&self) -> (u64, u64) {
        let mut digest = Sha256::new();
        for (path, meta) in &self.files {
            let changed = (meta.ctime(), meta.ctime_nsec());
            digest.update(format!(
                "{path}\0{}\0{}\0{changed:?}\0",
                meta.ino(),
                meta.len()
            ));
        }
        let [a, b, c, d, e, f, g, h, ..] = <[u8; 32]>::from(digest.finalize());
        let bytes = self.files.iter().map(|(_, meta)| meta.len());
        (
            u64::from_le_bytes([a, b, c, d, e, f, g, h]),
            bytes.fold(0, u64::saturating_add),
        )
    }
}

impl Tree {
    /// Reads a folder, whole; none if it changes meanwhile. What `disk` is for: large files.
    ///
    /// # Errors
    ///
    /// In words: it cannot be read, or has what cannot be served, or too much.
    pub(crate) fn read(folder: &Path, disk: &Disk, most: Most) -> Result<Option<Tree>, String> {
        let listing = Listing::of(folder, most.files)?;
        let (mark, bytes) = listing.mark();
        if bytes > most.bytes {
            let most = most.bytes;
            return Err(format!(
                "it has {bytes} bytes, and `limits.files_bytes` allows {most}; raise the limit"
            ));
        }
        let mut reader = Reader::new(disk);
        let mut files = BTreeMap::new();
        for (path, meta) in &listing.files {
            let read = beneath::open(folder, path).and_then(|file| reader.read(file, meta));
            match read {
                Ok(Some(kept)) => drop(files.insert(path.clone(), kept)),
                Ok(None) => return Ok(None),
                Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(why) => return Err(format!("`{path}` in it cannot be read: {why}")),
            }
        }
        let after = Listing::of(folder, most.files)?;
        let settled = after.mark().0 == mark;
        Ok(settled.then_some(Tree(files)))
    }

    /// Adds a file, or replaces it.
    pub(crate) fn put(&mut self, path: String, bytes: Bytes) {
        let digest = Sha256::digest(&bytes).into();
        let kept = Kept {
            etag: etag::of_digest(&digest),
            modified: SystemTime::now(),
            content: bytes.into(),
            digest,
        };
        self.0.insert(path, kept);
    }

    /// The same with no more of it in memory than what is read from a folder has.
    pub(crate) fn sparing_memory(self: Arc<Tree>, disk: &Disk) -> io::Result<Arc<Tree>> {
        let in_memory = || self.0.values().filter(|kept| !kept.content.is_on_disk());
        let bytes: u64 = in_memory().map(|kept| kept.content.size()).sum();
        if bytes <= MEMORY_BYTES && in_memory().all(|kept| kept.content.size() <= SMALL_BYTES) {
            return Ok(self);
        }
        let mut reader = Reader::new(disk);
        let mut files = BTreeMap::new();
        for (path, kept) in &self.0 {
            let size = kept.content.size();
            let whole = kept
                .content
                .piece(0, usize::try_from(size).unwrap_or(usize::MAX))?;
            if let Some(kept) = reader.take(&whole[..], size, kept.modified)? {
                files.insert(path.clone(), kept);
            }
        }
        Ok(Arc::new(Tree(files)))
    }

    /// Whether it may be served under these limits.
    pub(crate) fn check(&self, most: Most) -> Result<(), String> {
        if let Some(path) = self.0.keys().find(|path| !is_path(path)) {
            return Err(format!("{path:?} in it is no path of a URL; rename it"));
        }
        let bytes = self.bytes();
        if bytes > most.bytes || self.0.len() > most.files {
            return Err(format!(
                "it has {} files of {bytes} bytes, and `limits.files` = {}, `limits.files_bytes` = {}: raise the limit",
                self.0.len(),
                most.files,
                most.bytes
            ));
        }
        Ok(())
    }

    pub(super) fn get(&self, path: &str) -> Option<&Kept> {
        self.0.get(path)
    }

    /// Whether there is something in a folder of this path.
    pub(super) fn has_folder(&self, path: &str) -> bool {
        if path.is_empty() {
            return true;
        }
        let within = format!("{path}/");
        let mut after = self.0.range(within.clone()..);
        after
            .next()
            .is_some_and(|(path, _)| path.starts_with(&within))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.0.values().map(|kept| kept.content.size()).sum()
    }

    /// Adds what they are, but for when they were written, to a digest.
    pub(crate) fn add_to(&self, digest: &mut Sha256) {
        for (path, kept) in &self.0 {
            digest.update((path.len() as u64).to_le_bytes());
            digest.update(path);
            digest.update(kept.digest);
        }
    }

    /// Writes them into a new folder, as they could be read again.
    pub(crate) fn write(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir(folder)?;
        for (path, kept) in &self.0 {
            let place = folder.join(path);
            if let Some(above) = place.parent() {
                fs::create_dir_all(above)?;
            }
            let mut file = File::options().write(true).create_new(true).open(place)?;
            let mut at = 0;
            while at < kept.content.size() {
                let piece = kept.content.piece(at, 1 << 20)?;
                file.write_all(&piece)?;
                at += piece.len() as u64;
            }
            file.set_modified(kept.modified)?;
            file.sync_all()?;
        }
        Ok(())
    }
}

/// Takes files in, one after the other.
struct Reader<'d> {
    disk: &'d Disk,
    /// What the large ones are in, and how much of it is taken.
    pack: Option<Arc<File>>,
    packed: u64,
    in_memory: u64,
}

impl<'d> Reader<'d> {
    fn new(disk: &'d Disk) -> Reader<'d> {
        Reader {
            disk,
            pack: None,
            packed: 0,
            in_memory: 0,
        }
    }

    /// None if it is not what was listed, or changes meanwhile.
    fn read(&mut self, file: File, listed: &Metadata) -> io::Result<Option<Kept>> {
        let is = file.metadata()?;
        if (is.ino(), is.len()) != (listed.ino(), listed.len()) {
            return Ok(None);
        }
        let modified = is.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        self.take(file, listed.len(), modified)
    }

    /// None if there is less of it.
    fn take(
        &mut self,
        mut from: impl Read,
        bytes: u64,
        modified: SystemTime,
    ) -> io::Result<Option<Kept>> {
        let mut digest = Sha256::new();
        let content = if bytes <= SMALL_BYTES && self.in_memory + bytes <= MEMORY_BYTES {
            let mut content = Vec::with_capacity(bytes as usize);
            from.take(bytes).read_to_end(&mut content)?;
            digest.update(&content);
            self.in_memory += bytes;
            FileContent::from(Bytes::from(content))
        } else {
            let pack = match &self.pack {
                Some(pack) => pack.clone(),
                None => self.pack.insert(Arc::new(self.disk.file()?)).clone(),
            };
            let (begin, mut left) = (self.packed, bytes);
            let mut piece = vec![0; 256 << 10];
            while left > 0 {
                let most = piece.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                let read = from.read(&mut piece[..most])?;
                if read == 0 {
                    return Ok(None);
                }
                digest.update(&piece[..read]);
                (&*pack).write_all(&piece[..read])?;
                (left, self.packed) = (left - read as u64, self.packed + read as u64);
            }
            FileContent::in_file(pack, begin, bytes)
        };
        let digest = digest.finalize().into();
        let whole = content.size() == bytes;
        Ok(whole.then(|| Kept {
            content,
            etag: etag::of_digest(&digest),
            modified,
            digest,
        }))
    }
}

/// Two are the same if their content is.
impl PartialEq for Tree {
    fn eq(&self, other: &Tree) -> bool {
        let digests = |tree: &Tree| -> Vec<(String, [u8; 32])> {
            let all = tree.0.iter();
            all.map(|(path, kept)| (path.clone(), kept.digest))
                .collect()
        };
        digests(self) == digests(other)
    }
}

impl Eq for Tree {}

impl std::fmt::Debug for Tree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
