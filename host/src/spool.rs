//! What a part of a form holds: in memory, or in a file without a name once it is large.

use std::io;
#[cfg(feature = "runtime")]
use std::{fs::File, io::Write, path::PathBuf, sync::Arc};

use bytes::{Bytes, BytesMut};

/// The content of a file of a form.
#[derive(Clone, Debug)]
pub struct FileContent(Held);

#[derive(Clone, Debug)]
enum Held {
    Memory(Bytes),
    /// Nobody else has the file: it lost its name when it was made.
    #[cfg(feature = "runtime")]
    Disk {
        file: Arc<File>,
        /// Where in the file it begins.
        from: u64,
        size: u64,
    },
}

impl FileContent {
    /// How long it is, in bytes.
    pub fn size(&self) -> u64 {
        match &self.0 {
            Held::Memory(bytes) => bytes.len() as u64,
            #[cfg(feature = "runtime")]
            Held::Disk { size, .. } => *size,
        }
    }

    /// A piece from `offset` on, of `most` bytes or fewer; none behind the end. What is on disk is waited for.
    ///
    /// # Errors
    /// The disk cannot be read.
    pub fn piece(&self, offset: u64, most: usize) -> io::Result<Bytes> {
        let rest = self.size().saturating_sub(offset);
        let len = usize::try_from(rest).unwrap_or(usize::MAX).min(most);
        if len == 0 {
            return Ok(Bytes::new());
        }
        match &self.0 {
            Held::Memory(bytes) => {
                let begin = offset as usize;
                Ok(bytes.slice(begin..begin + len))
            }
            #[cfg(feature = "runtime")]
            Held::Disk { file, from, .. } => {
                let mut piece = BytesMut::zeroed(len);
                std::os::unix::fs::FileExt::read_exact_at(&**file, &mut piece, from + offset)?;
                Ok(piece.freeze())
            }
        }
    }

    /// The same, if nothing has to be waited for: of what is on disk, only what the system has in memory.
    #[cfg(feature = "runtime")]
    pub(crate) fn piece_at_hand(&self, offset: u64, len: usize) -> Option<Bytes> {
        let Held::Disk { file, from, .. } = &self.0 else {
            return self.piece(offset, len).ok();
        };
        let mut piece = BytesMut::zeroed(len);
        let whole = read_at_hand(file, &mut piece, from + offset).is_ok_and(|read| read == len);
        whole.then(|| piece.freeze())
    }

    /// What is in a file from a place on.
    #[cfg(feature = "runtime")]
    pub(crate) fn in_file(file: Arc<File>, from: u64, size: u64) -> FileContent {
        FileContent(Held::Disk { file, from, size })
    }

    /// Whether it is on disk.
    #[cfg(feature = "runtime")]
    pub(crate) fn is_on_disk(&self) -> bool {
        matches!(self.0, Held::Disk { .. })
    }
}

#[cfg(all(feature = "runtime", target_os = "linux"))]
fn read_at_hand(file: &File, piece: &mut [u8], offset: u64) -> rustix::io::Result<usize> {
    use rustix::io::{ReadWriteFlags, preadv2};
    let pieces = &mut [io::IoSliceMut::new(piece)];
    preadv2(file, pieces, offset, ReadWriteFlags::NOWAIT)
}

/// Nobody says here what has to be waited for.
#[cfg(all(feature = "runtime", not(target_os = "linux")))]
fn read_at_hand(_: &File, _: &mut [u8], _: u64) -> rustix::io::Result<usize> {
    Err(rustix::io::Errno::OPNOTSUPP)
}

impl From<Bytes> for FileContent {
    fn from(bytes: Bytes) -> FileContent {
        FileContent(Held::Memory(bytes))
    }
}

impl PartialEq for FileContent {
    fn eq(&self, other: &FileContent) -> bool {
        match (&self.0, &other.0) {
            (Held::Memory(one), Held::Memory(other)) => one == other,
            #[cfg(feature = "runtime")]
            (
                Held::Disk { file, from, .. },
                Held::Disk {
                    file: other,
                    from: begin,
                    ..
                },
            ) => Arc::ptr_eq(file, other) && from == begin,
            #[cfg(feature = "runtime")]
            _ => false,
        }
    }
}

/// Where large files of a form go: a folder, the system's own for what is temporary unless said.
#[cfg(feature = "runtime")]
#[derive(Clone, Debug)]
pub(crate) struct Disk(pub(crate) Option<PathBuf>);

#[cfg(feature = "runtime")]
impl Disk {
    /// A new file that has no name.
    pub(crate) fn file(&self) -> io::Result<File> {
        match &self.0 {
            Some(folder) => tempfile::tempfile_in(folder),
            None => tempfile::tempfile(),
        }
    }
}

/// A part that is arriving.
#[derive(Default)]
pub(crate) struct Spool {
    memory: BytesMut,
    #[cfg(feature = "runtime")]
    disk: Option<(File, u64)>,
}

impl Spool {
    /// What is held in memory.
    pub(crate) fn in_memory(&self) -> usize {
        self.memory.len()
    }

    /// All that came, where nothing of it went to disk.
    pub(crate) fn memory(&self) -> &[u8] {
        &self.memory
    }

    /// Takes another piece into memory.
    pub(crate) fn push(&mut self, piece: &[u8]) {
        self.memory.extend_from_slice(piece);
    }

    /// Writes to disk what is held in memory, off the serving threads.
    #[cfg(feature = "runtime")]
    pub(crate) async fn flush(&mut self, disk: &Disk) -> io::Result<()> {
        let memory = std::mem::take(&mut self.memory).freeze();
        let (opened, disk) = (self.disk.take(), disk.clone());
        let written = tokio::task::spawn_blocking(move || {
            let (mut file, size) = match opened {
                Some(opened) => opened,
                None => (disk.file()?, 0),
            };
            file.write_all(&memory)?;
            Ok::<_, io::Error>((file, size + memory.len() as u64))
        });
        self.disk = Some(written.await.map_err(io::Error::other)??);
        Ok(())
    }

    /// Whether a part of it is on disk.
    #[cfg(feature = "runtime")]
    pub(crate) fn has_begun_on_disk(&self) -> bool {
        self.disk.is_some()
    }

    /// The whole; what went to disk was flushed.
    pub(crate) fn finish(self) -> FileContent {
        #[cfg(feature = "runtime")]
        if let Some((file, size)) = self.disk {
            return FileContent::in_file(Arc::new(file), 0, size);
        }
        self.memory.freeze().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "runtime")]
    #[tokio::test]
    async fn what_is_on_disk_reads_as_what_is_in_memory() {
        let text: Vec<u8> = (0..=255).collect();
        let disk = Disk(None);
        let mut spool = Spool::default();
        for piece in text.chunks(60) {
            spool.push(piece);
            if spool.in_memory() > 100 {
                spool.flush(&disk).await.unwrap();
            }
        }
        spool.flush(&disk).await.unwrap();
        let (written, held) = (spool.finish(), FileContent::from(Bytes::from(text)));
        assert!(written.is_on_disk());
        assert_eq!(written.size(), 256);
        for (offset, most) in [(0, 10), (0, 1000), (250, 10), (256, 1), (300, 1), (5, 0)] {
            let piece = written.piece(offset, most).unwrap();
            assert_eq!(piece, held.piece(offset, most).unwrap(), "{offset} {most}");
        }
    }
}
