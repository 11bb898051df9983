//! Opening what is in a folder, and nothing else, whoever may change the folder meanwhile.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, openat};

/// Opens a file or folder by its path inside a folder. No name on the way may be a link.
pub(super) fn open(folder: &Path, path: &str) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    // A pipe or a device is looked at before it is read, and opening it must not wait for another end.
    let last = flags | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let mut at = openat(CWD, folder, flags | OFlags::DIRECTORY, Mode::empty())?;
    let mut names = path.split('/').filter(|name| !name.is_empty()).peekable();
    while let Some(name) = names.next() {
        at = match names.peek() {
            Some(_) => openat(&at, name, last | OFlags::DIRECTORY, Mode::empty())?,
            None => openat(&at, name, last, Mode::empty())?,
        };
    }
    Ok(at.into())
}

/// The same where links may lead about inside the folder: where they lead is asked first, and opened by the way without
/// links, so that a link which is changed in between is not there.
pub(super) fn open_by_links(folder: &Path, path: &str) -> io::Result<File> {
    let root = fs::canonicalize(folder)?;
    let real = fs::canonicalize(root.join(path))?;
    let inside = real.strip_prefix(&root).ok().and_then(Path::to_str);
    match inside {
        Some(inside) if !inside.split('/').any(|name| name.starts_with('.')) => open(&root, inside),
        Some(_) | None => Err(io::ErrorKind::NotFound.into()),
    }
}

/// The same wherever links lead.
pub(super) fn open_anywhere(folder: &Path, path: &str) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    Ok(openat(CWD, folder.join(path), flags, Mode::empty())?.into())
}
