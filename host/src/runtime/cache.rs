//! Compiled code and contracts on disk, under the component's hash, the engine and this host's version.
//!
//! What is in here is executed: the folder is the host's own (mode 0700), and each file carries the digest of what
//! follows, so that a damaged one is made anew instead of trusted. One file is
//! `MAGIC, SHA-256 of the rest, length of the contract (u64, little endian), contract, code`.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest, Sha256};
use wasmtime::Engine;

use super::engine::Calls;
use crate::error::{Error, ErrorKind};

const MAGIC: &[u8; 8] = b"swbkcode";
const HEAD: usize = MAGIC.len() + 32 + 8;

pub(crate) struct Cache {
    dir: PathBuf,
    bytes: u64,
    /// The engine's settings and this host's version: part of each file's name.
    engine: u64,
}

/// A file of the cache that is whole.
pub(super) struct Cached {
    file: Vec<u8>,
    contract: usize,
}

impl Cached {
    pub(super) fn contract(&self) -> Option<&str> {
        std::str::from_utf8(&self.file[HEAD..HEAD + self.contract]).ok()
    }

    pub(super) fn code(&self) -> &[u8] {
        &self.file[HEAD + self.contract..]
    }
}

impl Cache {
    /// Opens the folder, making it if need be. None if it cannot be written, which is only a warning.
    ///
    /// # Errors
    ///
    /// Others may write there, or it belongs to someone else.
    pub(crate) fn open(dir: &Path, bytes: u64, engine: &Engine) -> Result<Option<Cache>, Error> {
        if let Err(error) = fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)
        {
            tracing::warn!(dir = %dir.display(), %error, "no cache: the folder cannot be made; each start compiles anew");
            return Ok(None);
        }
        let refuse = |why: &str| {
            let message = format!(
                "cache folder {}: {why}, and what is in it is executed; give it to the user who runs the host, \
                 with mode 0700, or choose another",
                dir.display()
            );
            Err(Error::new(ErrorKind::Config, message))
        };
        match fs::metadata(dir) {
            Ok(found) if found.uid() != rustix::process::geteuid().as_raw() => {
                return refuse("it belongs to another user");
            }
            Ok(found) if found.mode() & 0o022 != 0 => return refuse("others may write there"),
            Ok(_) => {}
            Err(error) => return refuse(&error.to_string()),
        }
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        env!("CARGO_PKG_VERSION").hash(&mut hasher);
        let cache = Cache {
            dir: dir.to_owned(),
            bytes,
            engine: hasher.finish(),
        };
        let probe = cache.dir.join(format!(".probe-{}", std::process::id()));
        if let Err(error) = fs::write(&probe, b"").and_then(|()| fs::remove_file(&probe)) {
            tracing::warn!(dir = %dir.display(), %error, "no cache: the folder cannot be written; each start compiles anew");
            return Ok(None);
        }
        Ok(Some(cache))
    }

    fn path(&self, hash: &str, calls: Calls) -> PathBuf {
        // The settings of the two engines differ in nothing else.
        let engine = match calls {
            Calls::Plain => "",
            Calls::Concurrent => "-concurrent",
        };
        self.dir
            .join(format!("{hash}-{:016x}{engine}.code", self.engine))
    }

    /// What is kept for a component, if it is whole. Reading it makes it the last used.
    pub(super) fn read(&self, hash: &str, calls: Calls) -> Option<Cached> {
        let path = self.path(hash, calls);
        let mut opened = File::open(&path).ok()?;
        let mut file = Vec::new();
        let read = opened.read_to_end(&mut file).ok().and_then(|_| whole(file));
        if read.is_none() {
            tracing::warn!(file = %path.display(), "a damaged file in the cache is made anew");
            let _ = fs::remove_file(&path);
        } else {
            let _ = opened.set_modified(SystemTime::now());
        }
        read
    }

    /// Keeps a component's code and contract. Failing is no harm but a warning: the next start compiles again.
    pub(super) fn write(&self, hash: &str, calls: Calls, contract: &str, code: &[u8]) {
        if let Err(error) = self
            .try_write(&self.path(hash, calls), contract, code)
            .and_then(|()| self.shrink())
        {
            tracing::warn!(dir = %self.dir.display(), %error, "compiled code could not be kept");
        }
    }

    fn try_write(&self, path: &Path, contract: &str, code: &[u8]) -> io::Result<()> {
        static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let turn = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let temporary = self.dir.join(format!(".{}-{turn}.new", std::process::id()));
        let length = (contract.len() as u64).to_le_bytes();
        let mut digest = Sha256::new();
        digest.update(length);
        digest.update(contract);
        digest.update(code);
        let written = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&temporary)
            .and_then(|mut file| {
                file.write_all(MAGIC)?;
                file.write_all(&digest.finalize())?;
                file.write_all(&length)?;
                file.write_all(contract.as_bytes())?;
                file.write_all(code)
            })
            .and_then(|()| fs::rename(&temporary, path));
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    /// Removes the longest unused files until the rest fits.
    fn shrink(&self) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            let Ok(found) = entry.metadata() else {
                continue;
            };
            if found.is_file() {
                files.push((found.modified()?, found.len(), entry.path()));
            }
        }
        let mut total: u64 = files.iter().map(|(_, size, _)| size).sum();
        files.sort();
        for (_, size, path) in files {
            if total <= self.bytes {
                break;
            }
            fs::remove_file(path)?;
            total -= size;
        }
        Ok(())
    }
}

/// The file with the length of its contract, if it is what was written.
fn whole(file: Vec<u8>) -> Option<Cached> {
    let rest = file.strip_prefix(MAGIC)?;
    let (digest, rest) = rest.split_at_checked(32)?;
    if Sha256::digest(rest)[..] != *digest {
        return None;
    }
    let length = u64::from_le_bytes(rest.get(..8)?.try_into().ok()?);
    let contract = usize::try_from(length).ok()?;
    (rest.len() - 8 >= contract).then_some(Cached { file, contract })
}
