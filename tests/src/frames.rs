//! HTTP/2 frame by frame: a client that sends whatever it is told, right or wrong.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::PATIENCE;

/// What each connection begins with.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Kinds of frames, by RFC 9113, section 6.
pub mod kind {
    #![allow(missing_docs)]
    pub const DATA: u8 = 0;
    pub const HEADERS: u8 = 1;
    pub const PRIORITY: u8 = 2;
    pub const RST_STREAM: u8 = 3;
    pub const SETTINGS: u8 = 4;
    pub const PUSH_PROMISE: u8 = 5;
    pub const PING: u8 = 6;
    pub const GOAWAY: u8 = 7;
    pub const WINDOW_UPDATE: u8 = 8;
    pub const CONTINUATION: u8 = 9;
}

/// Flags; `ACK` is `END_STREAM` of other frames.
pub mod flag {
    #![allow(missing_docs)]
    pub const END_STREAM: u8 = 1;
    pub const ACK: u8 = 1;
    pub const END_HEADERS: u8 = 4;
    pub const PADDED: u8 = 8;
    pub const PRIORITY: u8 = 32;
}

/// One frame that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its kind.
    pub kind: u8,
    /// Its flags.
    pub flags: u8,
    /// The stream that it is for; 0 for the connection.
    pub stream: u32,
    /// What it carries.
    pub payload: Vec<u8>,
}

impl Frame {
    /// The number at the end of the first so many bytes: an error code, an increment.
    pub fn number(&self, end: usize) -> u32 {
        let bytes = &self.payload[end - 4..end];
        u32::from_be_bytes(bytes.try_into().expect("four bytes"))
    }

    /// The status of an answer's head, of those that have a code of one byte, and 504 if it is a connection's first; else 0.
    pub fn status(&self) -> u16 {
        // A head may begin with a change of the table's size.
        let first = self.payload.iter().position(|byte| byte >> 5 != 1);
        match &self.payload[first.unwrap_or_default()..] {
            [0x88, ..] => 200,
            [0x89, ..] => 204,
            [0x8c, ..] => 400,
            [0x8d, ..] => 404,
            [0x8e, ..] => 500,
            [0x48, 0x83, 0x6c, 0x0d, 0x7f, ..] => 504,
            _ => 0,
        }
    }
}

/// A frame as bytes.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    let mut bytes = vec![length[1], length[2], length[3], kind, flags];
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// A list of headers, none of them compressed.
pub fn headers(list: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in list {
        bytes.push(0);
        for text in [name, value] {
            length(text.len(), &mut bytes);
            bytes.extend(text.as_bytes());
        }
    }
    bytes
}

/// RFC 7541, 5.1, in seven bits.
fn length(length: usize, bytes: &mut Vec<u8>) {
    if length < 127 {
        return bytes.push(length as u8);
    }
    bytes.push(127);
    let mut rest = length - 127;
    while rest >= 128 {
        bytes.push((rest % 128) as u8 | 128);
        rest /= 128;
    }
    bytes.push(rest as u8);
}

/// The headers of a request without a body, and more.
pub fn request(method: &str, path: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let mut list = vec![
        (":method", method),
        (":scheme", "http"),
        (":path", path),
        (":authority", "testserver"),
    ];
    list.extend(more);
    headers(&list)
}

/// A whole request in one frame.
pub fn get(stream: u32, path: &str) -> Vec<u8> {
    let flags = flag::END_STREAM | flag::END_HEADERS;
    frame(kind::HEADERS, flags, stream, &request("GET", path, &[]))
}

/// A settings frame.
pub fn settings(list: &[(u16, u32)]) -> Vec<u8> {
    let mut payload = Vec::new();
    for (name, value) in list {
        payload.extend(name.to_be_bytes());
        payload.extend(value.to_be_bytes());
    }
    frame(kind::SETTINGS, 0, 0, &payload)
}

/// One connection.
#[derive(Debug)]
pub struct Frames {
    /// The socket.
    pub stream: TcpStream,
    seen: Vec<u8>,
}

impl Frames {
    /// Connects, and begins with these settings.
    pub async fn connect(address: SocketAddr, list: &[(u16, u32)]) -> Frames {
        let stream = TcpStream::connect(address).await;
        let mut frames = Frames {
            stream: stream.expect("the server listens"),
            seen: Vec::new(),
        };
        frames.send(PREFACE).await;
        frames.send(&settings(list)).await;
        frames
    }

    /// Sends bytes; that the server has closed by then shows in what comes back.
    pub async fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
    }

    /// The next frame; none at the end, however it came.
    pub async fn next(&mut self) -> Option<Frame> {
        loop {
            if let [a, b, c, kind, flags, d, e, f, g, rest @ ..] = &self.seen[..] {
                let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
                if rest.len() >= length {
                    let frame = Frame {
                        kind: *kind,
                        flags: *flags,
                        stream: u32::from_be_bytes([*d, *e, *f, *g]),
                        payload: rest[..length].to_vec(),
                    };
                    self.seen.drain(..9 + length);
                    return Some(frame);
                }
            }
            let mut bytes = [0; 16 << 10];
            let read = tokio::time::timeout(PATIENCE, self.stream.read(&mut bytes));
            match read.await.expect("something comes in time") {
                Ok(count) if count > 0 => self.seen.extend(&bytes[..count]),
                _ => return None,
            }
        }
    }

    /// The next frame that is of this kind; none if the connection ends before.
    pub async fn next_of(&mut self, kind: u8) -> Option<Frame> {
        loop {
            let frame = self.next().await?;
            if frame.kind == kind && !(kind == kind::SETTINGS && frame.flags & flag::ACK == 0) {
                return Some(frame);
            }
        }
    }
}
