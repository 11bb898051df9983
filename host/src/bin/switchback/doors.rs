//! Where `serve` listens: what `serve.listen` names, or what whoever started the program has opened for it.

use std::fmt;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::io::{FdFlags, fcntl_setfd};
use serde::de::{self, SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use switchback::{Listener, Tls};

use crate::settings::{Serve, Wrong};

/// `serve.listen`: one text or a list of them, each `HOST:PORT` or `unix:PATH`, with `proxy:` before it where connections
/// begin with a header of the PROXY protocol, and `http:` or `redirect:` where no TLS is spoken although there are
/// certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listen(pub(crate) Vec<String>);

/// Sockets that one process leaves to the next, which has the same id: it is the same process with another program.
const LEFT: &str = "SWITCHBACK_SOCKETS";

#[derive(Serialize, Deserialize)]
struct Left {
    process: u32,
    sockets: Vec<LeftSocket>,
}

#[derive(Serialize, Deserialize)]
struct LeftSocket {
    number: RawFd,
    /// As it stands in `serve.listen`; none: whoever started the first process had opened it.
    listen: Option<String>,
    announced: bool,
    #[serde(default)]
    manner: Manner,
}

/// A listener, and where it is from.
pub(crate) struct Door {
    pub(crate) listener: Listener,
    listen: Option<String>,
    announced: bool,
    manner: Manner,
    /// Whether it was open before this program was there.
    pub(crate) was_passed: bool,
}

/// What is spoken at a door.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Manner {
    /// TLS, if there are certificates.
    #[default]
    Usual,
    Plain,
    /// Clients are sent to the first door that speaks TLS.
    Redirect,
}

/// Where a listener is, by what stands in `serve.listen`.
enum Place<'l> {
    Address(&'l str),
    Unix(&'l str),
}

/// A text of `serve.listen`, taken apart: whether it is for proxies that announce their clients, what is spoken, and where.
fn read(text: &str) -> (bool, Manner, Place<'_>) {
    let bare = text.strip_prefix("proxy:");
    let (announced, text) = (bare.is_some(), bare.unwrap_or(text));
    let prefixes = [("http:", Manner::Plain), ("redirect:", Manner::Redirect)];
    let prefixed = prefixes
        .into_iter()
        .find_map(|(prefix, manner)| Some((Some(manner), text.strip_prefix(prefix)?)));
    let (manner, text) = prefixed.unwrap_or((None, text));
    match text.strip_prefix("unix:") {
        // Who reaches it is on this machine.
        Some(path) => (
            announced,
            manner.unwrap_or(Manner::Plain),
            Place::Unix(path),
        ),
        None => (announced, manner.unwrap_or_default(), Place::Address(text)),
    }
}

/// Has each door speak what it should.
///
/// # Errors
///
/// A door sends clients to TLS, and none speaks it.
pub(crate) fn equip(doors: Vec<Door>, tls: Option<&Tls>) -> Result<Vec<(Listener, String)>, Wrong> {
    let speaks_tls = |door: &&Door| tls.is_some() && door.manner == Manner::Usual;
    let first = doors.iter().find(speaks_tls);
    let port = first.map(|door| door.listener.local_addr().map_or(443, |at| at.port()));
    let equipped = doors.into_iter().map(|door| {
        let bound = door.listener.local_addr();
        let told = |scheme| match bound {
            Some(bound) => format!("{scheme}://{bound}"),
            None => door.listener.to_string(),
        };
        Ok(match (door.manner, tls, port) {
            (Manner::Usual, Some(tls), _) => {
                let told = told("https");
                (door.listener.tls(tls.clone()), told)
            }
            (Manner::Redirect, _, Some(port)) => {
                let told = told("http");
                (door.listener.redirect_to_tls(port), told)
            }
            (Manner::Redirect, _, None) => {
                return Err(Wrong(vec![
                    "`serve.listen` sends clients to TLS by `redirect:`, and nothing speaks it: set \
                     `serve.tls_certificates`"
                        .into(),
                ]));
            }
            (Manner::Usual | Manner::Plain, _, _) => {
                let told = told("http");
                (door.listener, told)
            }
        })
    });
    equipped.collect()
}

/// Opens all doors.
pub(crate) async fn open(settings: &Serve) -> Result<Vec<Door>, Wrong> {
    let mut left = left_sockets().map_err(|why| passed_wrongly(&why))?;
    if left.is_empty() {
        left = passed_sockets().map_err(|why| passed_wrongly(&why))?;
    }
    let (mut doors, mut named): (Vec<Door>, Vec<Door>) =
        left.into_iter().partition(|door| door.listen.is_none());
    if !doors.is_empty() {
        tracing::info!(
            sockets = doors.len(),
            "sockets were passed, and take the place of `serve.listen`"
        );
        return Ok(doors);
    }
    let mode = mode(&settings.socket_mode)?;
    for listen in &settings.listen.0 {
        let same = |door: &Door| door.listen.as_ref() == Some(listen);
        match named.iter().position(same) {
            Some(at) => doors.push(named.swap_remove(at)),
            None => doors.push(Door::bind(listen, mode).await?),
        }
    }
    if doors.is_empty() {
        return Err(Wrong(vec!["`serve.listen` names no address".into()]));
    }
    Ok(doors)
}

impl Door {
    async fn bind(listen: &str, mode: u32) -> Result<Door, Wrong> {
        let (announced, manner, place) = read(listen);
        let (bound, at) = match place {
            Place::Unix(path) => (Listener::bind_unix(path, mode), path),
            Place::Address(address) => (Listener::bind(address).await, address),
        };
        let listener = bound.map_err(|why| Wrong(vec![cannot_bind(at, &why)]))?;
        Ok(Door {
            listener: listener.proxy_protocol(announced),
            listen: Some(listen.into()),
            announced,
            manner,
            was_passed: false,
        })
    }

    /// The same door, kept open for the process that comes after.
    pub(crate) fn keep(&self) -> io::Result<Door> {
        Ok(Door {
            listener: self.listener.try_clone()?,
            listen: self.listen.clone(),
            announced: self.announced,
            manner: self.manner,
            was_passed: self.was_passed,
        })
    }
}

/// Becomes another program that finds the doors open. It comes back only if that fails.
pub(crate) fn become_program(mut program: Command, doors: &[Door]) -> io::Error {
    let socket = |door: &Door| {
        let socket = &door.listener;
        // Else the system would close it on the way.
        fcntl_setfd(socket, FdFlags::empty())?;
        Ok(LeftSocket {
            number: std::os::fd::AsFd::as_fd(socket).as_raw_fd(),
            listen: door.listen.clone(),
            announced: door.announced,
            manner: door.manner,
        })
    };
    let sockets: io::Result<Vec<_>> = doors.iter().map(socket).collect();
    let left = sockets.and_then(|sockets| {
        let process = std::process::id();
        Ok(serde_json::to_string(&Left { process, sockets })?)
    });
    match left {
        Ok(left) => program.env(LEFT, left).exec(),
        Err(error) => error,
    }
}

/// What the process before this one has left; nothing if there was none.
fn left_sockets() -> io::Result<Vec<Door>> {
    let Ok(json) = std::env::var(LEFT) else {
        return Ok(Vec::new());
    };
    let left: Left = serde_json::from_str(&json)?;
    if left.process != std::process::id() {
        return Ok(Vec::new());
    }
    let doors = left.sockets.into_iter().map(|socket| {
        let mut listener = Listener::from_fd(taken(socket.number)?)?;
        if let Some((.., Place::Unix(path))) = socket.listen.as_deref().map(read) {
            listener = listener.owning(path);
        }
        Ok(Door {
            listener: listener.proxy_protocol(socket.announced),
            listen: socket.listen,
            announced: socket.announced,
            manner: socket.manner,
            was_passed: true,
        })
    });
    doors.collect()
}

/// What a service manager has passed (`LISTEN_FDS`). A socket whose name there begins with `proxy` is one for proxies, with
/// `http` one without TLS, with `redirect` one that sends clients there.
fn passed_sockets() -> io::Result<Vec<Door>> {
    let doors = sd_notify::listen_fds_with_names()?.map(|(number, name)| {
        let announced = name.starts_with("proxy");
        let listener = Listener::from_fd(taken(number)?)?;
        let listens_here = listener.local_addr().is_none();
        Ok(Door {
            listener: listener.proxy_protocol(announced),
            listen: None,
            announced,
            manner: match &*name {
                name if name.starts_with("redirect") => Manner::Redirect,
                name if name.starts_with("http") || listens_here => Manner::Plain,
                _ => Manner::Usual,
            },
            was_passed: true,
        })
    });
    doors.collect()
}

/// Takes an open file by its number.
fn taken(number: RawFd) -> io::Result<OwnedFd> {
    if number < 3 {
        return Err(io::Error::other(format!(
            "{number} is the number of no passed socket"
        )));
    }
    #[allow(unsafe_code)]
    // SAFETY: whoever started the program says that it has opened this file for it alone, and it is asked for once, before
    // this program opens any by itself that could have got the number. If it is not open, the next line says so.
    let socket = unsafe { OwnedFd::from_raw_fd(number) };
    fcntl_setfd(&socket, FdFlags::CLOEXEC)?;
    Ok(socket)
}

fn passed_wrongly(why: &io::Error) -> Wrong {
    Wrong(vec![format!(
        "the sockets that were passed to this program cannot be used: {why}"
    )])
}

/// `0660`.
pub(crate) fn mode(text: &str) -> Result<u32, Wrong> {
    match u32::from_str_radix(text, 8) {
        Ok(mode) if mode <= 0o777 => Ok(mode),
        _ => Err(Wrong(vec![format!(
            "`serve.socket_mode` is `{text}`; write it like 0660"
        )])),
    }
}

pub(crate) fn cannot_bind(address: &str, why: &io::Error) -> String {
    match why.kind() {
        io::ErrorKind::AddrInUse => {
            format!(
                "{address} is taken by another program; stop it, or choose another with --listen (port 0 takes a free one)"
            )
        }
        io::ErrorKind::PermissionDenied => {
            format!(
                "{address} may not be bound by this user; ports below 1024 often may not, choose another with --listen"
            )
        }
        io::ErrorKind::AddrNotAvailable => {
            format!("{address} is no address of this machine; choose another with --listen")
        }
        io::ErrorKind::InvalidInput => {
            format!(
                "`{address}` is no address to listen on; write it like 127.0.0.1:8000 or unix:/run/switchback.sock"
            )
        }
        _ => format!("cannot listen on {address}: {why}"),
    }
}

/// One is a text, several are a list.
impl Serialize for Listen {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if let [one] = &self.0[..] {
            return to.serialize_str(one);
        }
        let mut list = to.serialize_seq(Some(self.0.len()))?;
        for one in &self.0 {
            list.serialize_element(one)?;
        }
        list.end()
    }
}

impl<'de> Deserialize<'de> for Listen {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Listen, D::Error> {
        from.deserialize_any(Texts)
    }
}

struct Texts;

impl<'de> Visitor<'de> for Texts {
    type Value = Listen;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, or a list of them")
    }

    /// The environment has no lists: there commas stand between them.
    fn visit_str<E: de::Error>(self, text: &str) -> Result<Listen, E> {
        let texts = text.split(',').map(|one| one.trim().to_owned());
        Ok(Listen(texts.collect()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Listen, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = list.next_element()? {
            texts.push(text);
        }
        Ok(Listen(texts))
    }
}
