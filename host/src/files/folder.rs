//! A folder of the configuration, looked at anew for each request.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use http::HeaderValue;

use super::beneath;
use super::find::{Look, There};
use crate::spool::FileContent;

/// A file that is no larger is read at once, in the same turn off the serving threads.
const SMALL_BYTES: u64 = 64 << 10;

pub(super) struct Folder {
    pub(super) path: PathBuf,
    pub(super) follow_symlink: bool,
}

impl Folder {
    /// What is at a path in it; waits for the disk.
    pub(super) fn look(&self, path: &str) -> io::Result<Look> {
        let open = match self.follow_symlink {
            true => beneath::open_anywhere,
            false => beneath::open_by_links,
        };
        let file = match open(&self.path, path) {
            Ok(file) => file,
            Err(why) if is_absence(&why) => return Ok(Look::Nothing),
            Err(why) => return Err(why),
        };
        let meta = file.metadata()?;
        if meta.is_dir() {
            return Ok(Look::Folder);
        }
        if !meta.is_file() {
            return Ok(Look::Nothing);
        }
        let modified = meta.modified()?;
        Ok(Look::File(There {
            content: content(file, meta.len())?,
            etag: tag(modified, meta.len()),
            modified,
        }))
    }
}

fn content(file: File, size: u64) -> io::Result<FileContent> {
    let content = FileContent::in_file(Arc::new(file), 0, size);
    match size <= SMALL_BYTES {
        true => Ok(content.piece(0, SMALL_BYTES as usize)?.into()),
        false => Ok(content),
    }
}

/// What changes whenever the file is written again: nobody could hash a large file for each request.
fn tag(modified: SystemTime, size: u64) -> HeaderValue {
    let since = modified.duration_since(SystemTime::UNIX_EPOCH);
    let nanoseconds = since.map_or(0, |since| since.as_nanos());
    HeaderValue::from_str(&format!("\"{nanoseconds:x}-{size:x}\"")).expect("digits and quotes")
}

/// Nothing is there that could be served: gone, behind a link that may not be followed, or not for this user to read.
fn is_absence(why: &io::Error) -> bool {
    use rustix::io::Errno;
    let absent = [
        Errno::NOENT,
        Errno::NOTDIR,
        Errno::LOOP,
        Errno::NAMETOOLONG,
        Errno::ACCESS,
        Errno::PERM,
        Errno::NXIO,
    ];
    let number = why.raw_os_error();
    why.kind() == io::ErrorKind::NotFound
        || absent
            .iter()
            .any(|errno| number == Some(errno.raw_os_error()))
}
