//! Connections that a proxy announces: before their first byte comes a header of the PROXY protocol, version 1 or 2, which
//! says who the client is. Of it the client's address is all that counts here.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::connection;
use super::socket::Accepted;
use crate::host::Host;
use crate::identity::Peer;

/// A proxy sends its header with the connection.
const PATIENCE: Duration = Duration::from_secs(5);
/// What a header of version 2 begins with.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// A header of version 1 has a line of 107 bytes at most.
const LINE: usize = 107;
/// Addresses of version 2, and what more a proxy may say: far above what any does.
const MOST: usize = 4096;

/// What a header says of the client; none: nothing, the connection is the proxy's own.
type Said = Option<SocketAddr>;

/// What came is no such header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no header of the PROXY protocol")]
struct Broken;

/// Serves a connection of a trusted proxy under the address that it tells. Any other is closed without a word: whoever
/// sent it is no client of this listener.
pub(super) async fn serve(mut accepted: Accepted, host: Host, mut goodbye: oneshot::Receiver<()>) {
    let proxy = accepted.peer;
    let why = if host.0.api.load().setup.proxies.trusts(proxy) {
        let read = tokio::select! {
            read = timeout(PATIENCE, read(&mut accepted.socket)) => read,
            _ = &mut goodbye => return,
        };
        match read {
            Ok(Ok(said)) => {
                accepted.peer = said.map(Peer).or(proxy);
                return connection::serve(accepted, host, goodbye).await;
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("nothing of the PROXY protocol came for {PATIENCE:?}"),
        }
    } else {
        "it is not among `host.trusted_proxies`".into()
    };
    let peer = proxy.map(tracing::field::display);
    tracing::warn!(
        peer,
        why,
        "a connection to a listener for proxies was closed"
    );
}

/// Reads a header and nothing behind it.
async fn read(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Said> {
    let mut head = [0; SIGNATURE.len()];
    from.read_exact(&mut head).await?;
    let said = if head == SIGNATURE {
        let mut rest = [0; 4];
        from.read_exact(&mut rest).await?;
        let length = usize::from(u16::from_be_bytes([rest[2], rest[3]]));
        if length > MOST {
            return Err(io::Error::other(Broken));
        }
        let mut addresses = vec![0; length];
        from.read_exact(&mut addresses).await?;
        second(rest[0], rest[1], &addresses)
    } else if head.starts_with(b"PROXY ") {
        let mut line = head.to_vec();
        // Byte by byte: what follows is the client's.
        while !line.ends_with(b"\r\n") {
            if line.len() == LINE {
                return Err(io::Error::other(Broken));
            }
            line.push(from.read_u8().await?);
        }
        first(&line)
    } else {
        Err(Broken)
    };
    said.map_err(io::Error::other)
}

/// Version 1, a line: `PROXY TCP4 192.0.2.7 192.0.2.1 5000 80`.
fn first(line: &[u8]) -> Result<Said, Broken> {
    let text = std::str::from_utf8(line).map_err(|_| Broken)?;
    let text = text.strip_suffix("\r\n").ok_or(Broken)?;
    let words: Vec<&str> = text.split(' ').collect();
    match words[..] {
        ["PROXY", "UNKNOWN", ..] => Ok(None),
        ["PROXY", "TCP4", from, to, port, at] => {
            let client = (from.parse::<Ipv4Addr>(), number(port)?);
            let server = (to.parse::<Ipv4Addr>(), number(at)?);
            match (client, server) {
                ((Ok(ip), port), (Ok(_), _)) => Ok(Some((ip, port).into())),
                _ => Err(Broken),
            }
        }
        ["PROXY", "TCP6", from, to, port, at] => {
            let client = (from.parse::<Ipv6Addr>(), number(port)?);
            let server = (to.parse::<Ipv6Addr>(), number(at)?);
            match (client, server) {
                ((Ok(ip), port), (Ok(_), _)) => Ok(Some((ip, port).into())),
                _ => Err(Broken),
            }
        }
        _ => Err(Broken),
    }
}

/// A port as the protocol writes it: digits alone.
fn number(text: &str) -> Result<u16, Broken> {
    match text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => text.parse().map_err(|_| Broken),
        false => Err(Broken),
    }
}

/// Version 2, in bytes: version and command, family and protocol, then addresses as long as those are.
fn second(command: u8, family: u8, addresses: &[u8]) -> Result<Said, Broken> {
    match (command, family) {
        // The proxy's own: it asks whether anybody is there.
        (0x20, _) => Ok(None),
        (0x21, 0x11) => {
            let [ip, port] = parts::<4, 12>(addresses)?;
            let ip: [u8; 4] = ip.try_into().map_err(|_| Broken)?;
            Ok(Some((IpAddr::from(ip), be(port)).into()))
        }
        (0x21, 0x21) => {
            let [ip, port] = parts::<16, 36>(addresses)?;
            let ip: [u8; 16] = ip.try_into().map_err(|_| Broken)?;
            Ok(Some((IpAddr::from(ip), be(port)).into()))
        }
        // Of no family that has addresses, or of Unix sockets, both ends of which are on the proxy's machine.
        (0x21, 0x00 | 0x31) => Ok(None),
        _ => Err(Broken),
    }
}

/// The client's address and port, of two addresses of that many bytes and two ports.
fn parts<const IP: usize, const ALL: usize>(addresses: &[u8]) -> Result<[&[u8]; 2], Broken> {
    match addresses.get(..ALL) {
        Some(all) => Ok([&all[..IP], &all[2 * IP..2 * IP + 2]]),
        None => Err(Broken),
    }
}

fn be(port: &[u8]) -> u16 {
    port.iter()
        .fold(0, |port, byte| port << 8 | u16::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(bytes: &[u8]) -> (io::Result<Said>, usize) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let mut left = bytes;
        let said = runtime.block_on(read(&mut left));
        (said, bytes.len() - left.len())
    }

    /// What is told of the client, and what is left behind it.
    fn said(bytes: &[u8]) -> Option<(String, &[u8])> {
        let (said, taken) = read_all(bytes);
        let said = said.ok()?;
        let said = said.map_or("nobody".into(), |address| address.to_string());
        Some((said, &bytes[taken..]))
    }

    fn of_2(command: u8, family: u8, addresses: &[u8]) -> Vec<u8> {
        let length = (addresses.len() as u16).to_be_bytes();
        [
            &SIGNATURE[..],
            &[command, family],
            &length,
            addresses,
            b"GET /",
        ]
        .concat()
    }

    const V4: [u8; 12] = [192, 0, 2, 7, 192, 0, 2, 1, 0x13, 0x88, 0, 80];

    #[test]
    fn a_line_of_version_1_names_the_client() {
        for (line, expected) in [
            (
                "PROXY TCP4 192.0.2.7 192.0.2.1 5000 80\r\n",
                "192.0.2.7:5000",
            ),
            (
                "PROXY TCP6 2001:db8::7 ::1 5000 80\r\n",
                "[2001:db8::7]:5000",
            ),
            ("PROXY UNKNOWN\r\n", "nobody"),
            ("PROXY UNKNOWN ffff:: ffff:: 1 2\r\n", "nobody"),
        ] {
            let bytes = format!("{line}GET /");
            assert_eq!(
                said(bytes.as_bytes()),
                Some((expected.into(), &b"GET /"[..])),
                "{line}"
            );
        }
        for wrong in [
            "PROXY TCP4 192.0.2.7 192.0.2.1 5000\r\n",
            "PROXY TCP4 192.0.2.7 192.0.2.1 +5000 80\r\n",
            "PROXY TCP4 192.0.2.7 192.0.2.1 65536 80\r\n",
            "PROXY TCP4 2001:db8::7 ::1 5000 80\r\n",
            "PROXY TCP4  192.0.2.7 192.0.2.1 5000 80\r\n",
            "PROXY TCP6 192.0.2.7 192.0.2.1 5000 80\r\n",
            "PROXY TCP5 192.0.2.7 192.0.2.1 5000 80\r\n",
            "PROXY TCP4 192.0.2.7 192.0.2.1 5000 80\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            &format!("PROXY UNKNOWN {}\r\n", "x".repeat(100)),
        ] {
            assert_eq!(said(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn a_header_of_version_2_names_the_client() {
        let mut v6 = [0; 36];
        (v6[15], v6[33]) = (7, 80);
        let longer = [&V4[..], &[0x04, 0, 1, 0]].concat();
        for (command, family, addresses, expected) in [
            (0x21, 0x11, &V4[..], "192.0.2.7:5000"),
            (0x21, 0x11, &longer, "192.0.2.7:5000"),
            (0x21, 0x21, &v6, "[::7]:80"),
            (0x21, 0x31, &[0; 216], "nobody"),
            (0x21, 0x00, &[], "nobody"),
            (0x20, 0x00, &[], "nobody"),
            (0x20, 0x11, &V4, "nobody"),
        ] {
            let bytes = of_2(command, family, addresses);
            assert_eq!(
                said(&bytes),
                Some((expected.into(), &b"GET /"[..])),
                "{command:x} {family:x}"
            );
        }
        for (command, family, addresses) in [
            (0x11, 0x11, &V4[..]),
            (0x22, 0x11, &V4),
            (0x21, 0x12, &V4),
            (0x21, 0x11, &V4[..11]),
            (0x21, 0x21, &V4),
            (0x21, 0x00, &[0; MOST + 1]),
        ] {
            let bytes = of_2(command, family, addresses);
            assert_eq!(said(&bytes), None, "{command:x} {family:x}");
        }
    }

    /// Headers that are right but for a few bytes: whatever comes, it is read or refused, and nothing behind it is taken.
    #[test]
    fn no_header_is_read_beyond_its_end() {
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let mut random = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        let right = [
            of_2(0x21, 0x11, &V4),
            of_2(0x21, 0x21, &[7; 36]),
            of_2(0x20, 0, &[]),
            b"PROXY TCP4 192.0.2.7 192.0.2.1 5000 80\r\nGET /".to_vec(),
            b"PROXY TCP6 2001:db8::7 ::1 5000 80\r\nGET /".to_vec(),
        ];
        for _ in 0..20_000 {
            let mut bytes = right[random() as usize % right.len()].clone();
            for _ in 0..random() % 4 {
                let at = random() as usize % bytes.len();
                match random() % 3 {
                    0 => bytes[at] = random() as u8,
                    1 => bytes.insert(at, random() as u8),
                    _ => bytes.truncate(at + 1),
                }
            }
            let (said, taken) = read_all(&bytes);
            assert!(taken <= bytes.len().min(16 + MOST));
            if said.is_ok() && bytes.starts_with(&SIGNATURE) {
                assert_eq!(
                    taken,
                    16 + usize::from(bytes[14]) * 256 + usize::from(bytes[15])
                );
            } else if said.is_ok() {
                assert!(
                    bytes[..taken].ends_with(b"\r\n") && taken <= LINE,
                    "{bytes:?}"
                );
            }
        }
    }
}
