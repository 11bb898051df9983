//! A connection on which a test writes bytes as it likes, and reads only when it is told to.

use std::io::ErrorKind;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{Harness, PATIENCE};

/// One connection.
#[derive(Debug)]
pub struct Raw {
    /// The socket.
    pub stream: TcpStream,
    seen: Vec<u8>,
}

impl Raw {
    /// Connects, and sends this.
    pub async fn send(harness: &Harness, text: &str) -> Raw {
        Raw::to(harness.address, text).await
    }

    /// The same with whatever listens there.
    pub async fn to(address: SocketAddr, text: &str) -> Raw {
        let stream = TcpStream::connect(address).await;
        let mut raw = Raw {
            stream: stream.expect("the server listens"),
            seen: Vec::new(),
        };
        raw.write(text.as_bytes()).await;
        raw
    }

    /// Sends more.
    pub async fn write(&mut self, bytes: &[u8]) {
        let written = self.stream.write_all(bytes).await;
        written.expect("the server reads");
    }

    /// Sends a piece of a chunked body.
    pub async fn chunk(&mut self, text: &str) {
        let chunk = format!("{:x}\r\n{text}\r\n", text.len());
        self.write(chunk.as_bytes()).await;
    }

    /// Reads until `text` has come.
    pub async fn sees(&mut self, text: &str) {
        while !self.all().contains(text) {
            let more = self.read().await;
            assert_eq!(more, Ok(true), "{text:?} never came: {}", self.all());
        }
    }

    /// Reads to the end; whether the chunked answer was whole.
    pub async fn ends_well(&mut self) -> bool {
        self.to_the_end().await.is_ok() && self.seen.ends_with(b"0\r\n\r\n")
    }

    /// Reads until the server closes, or breaks off.
    pub async fn to_the_end(&mut self) -> Result<(), ErrorKind> {
        while self.read().await? {}
        Ok(())
    }

    /// All that came so far.
    pub fn all(&self) -> String {
        String::from_utf8_lossy(&self.seen).into_owned()
    }

    /// The same, byte for byte.
    pub fn bytes(&self) -> &[u8] {
        &self.seen
    }

    /// How many bytes came so far.
    pub fn count(&self) -> usize {
        self.seen.len()
    }

    /// Reads what is there, up to 64 KiB; false at the end.
    pub async fn read(&mut self) -> Result<bool, ErrorKind> {
        let mut bytes = vec![0; 64 << 10];
        let read = tokio::time::timeout(PATIENCE, self.stream.read(&mut bytes));
        let read = read.await.expect("something comes in time");
        let count = read.map_err(|error| error.kind())?;
        self.seen.extend_from_slice(&bytes[..count]);
        Ok(count > 0)
    }
}
