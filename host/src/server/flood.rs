//! Frames of HTTP/2 that carry nothing: pings, settings, resets, windows, priorities, empty data. Each is answered or
//! looked at, costs its sender next to nothing, and no request limits how many there are. So they are weighed against
//! what else goes over the connection, and one that is made of little else is ended.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::linger::Lingering;

/// Bytes of such frames that are always allowed: some 60,000 pings.
const ALLOWED: u64 = 1 << 20;
/// Beyond them, one byte of such frames for so many of others, either way. A client that takes a large answer sends two
/// windows of 13 bytes for each 16 KiB.
const OTHERS_FOR_EACH: u64 = 8;
const PREFACE: usize = 24;
const HEAD: usize = 9;
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;

/// A stream that speaks HTTP/2 and ends when it is flooded.
pub(super) struct Weighed {
    stream: Lingering,
    scales: Scales,
}

/// Follows the frames of a client, whatever pieces they come in.
#[derive(Debug)]
struct Scales {
    /// Bytes until the next frame's head.
    skip: usize,
    head: [u8; HEAD],
    /// How much of the head is here.
    have: usize,
    empty: u64,
    others: u64,
}

impl Weighed {
    pub(super) fn new(stream: Lingering) -> Weighed {
        let scales = Scales::new();
        Weighed { stream, scales }
    }
}

impl Scales {
    fn new() -> Scales {
        Scales {
            skip: PREFACE,
            head: [0; HEAD],
            have: 0,
            empty: 0,
            others: 0,
        }
    }

    fn weigh(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.skip > 0 {
                let count = self.skip.min(bytes.len());
                self.skip -= count;
                bytes = &bytes[count..];
                continue;
            }
            let count = (HEAD - self.have).min(bytes.len());
            self.head[self.have..self.have + count].copy_from_slice(&bytes[..count]);
            self.have += count;
            bytes = &bytes[count..];
            if self.have == HEAD {
                let [a, b, c, kind, ..] = self.head;
                let length = u32::from_be_bytes([0, a, b, c]) as usize;
                let weight = (HEAD + length) as u64;
                match kind {
                    DATA | HEADERS | CONTINUATION if length > 0 => self.others += weight,
                    _ => self.empty += weight,
                }
                self.skip = length;
                self.have = 0;
            }
        }
    }

    fn is_flooded(&self) -> bool {
        self.empty > ALLOWED + self.others / OTHERS_FOR_EACH
    }
}

impl AsyncRead for Weighed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        let scales = &mut self.scales;
        scales.weigh(&buffer.filled()[before..]);
        match scales.is_flooded() {
            true => Poll::Ready(Err(io::Error::other("frames that carry nothing"))),
            false => Poll::Ready(Ok(())),
        }
    }
}

impl AsyncWrite for Weighed {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes));
        self.scales.others += *written.as_ref().unwrap_or(&0) as u64;
        Poll::Ready(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, pieces));
        self.scales.others += *written.as_ref().unwrap_or(&0) as u64;
        Poll::Ready(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_told_apart_in_whatever_pieces_they_come() {
        let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        for (kind, payload) in [(4, 0), (1, 5), (6, 8), (0, 300), (0, 0), (9, 1)] {
            bytes.extend([0, (payload >> 8) as u8, payload as u8, kind, 0, 0, 0, 0, 1]);
            bytes.extend(std::iter::repeat_n(6, payload));
        }
        for size in [1, 2, 7, 10, bytes.len()] {
            let mut scales = Scales::new();
            bytes.chunks(size).for_each(|piece| scales.weigh(piece));
            assert_eq!((scales.empty, scales.others), (9 + 17 + 9, 14 + 309 + 10));
        }
    }

    #[test]
    fn pings_alone_are_a_flood_and_windows_for_a_large_answer_are_none() {
        let mut scales = Scales::new();
        scales.skip = 0;
        let ping = [0, 0, 8, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        for _ in 0..200_000 {
            scales.weigh(&ping);
            // Its answer.
            scales.others += 17;
        }
        assert!(scales.is_flooded());
        let mut scales = Scales::new();
        scales.skip = 0;
        let window = [0, 0, 4, 8, 0, 0, 0, 0, 1, 0, 0, 64, 0];
        for _ in 0..1_000_000 {
            scales.weigh(&window);
            scales.weigh(&window);
            scales.others += 16 << 10;
        }
        assert!(!scales.is_flooded());
    }
}
