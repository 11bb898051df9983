//! The types of `wit/plugin.wit` as wasmtime passes them, written by hand: a request is lent to the guest from what
//! the host holds already, which generated types cannot do.

use wasmtime::component::{ComponentType, Lift, Lower};

/// The interfaces of the released versions that this host serves.
pub(super) const HANDLER: &str = "switchback:plugin/handler@0.1.0";
pub(super) const CONTRACT: &str = "switchback:plugin/contract@0.1.0";
pub(super) const LIFECYCLE: &str = "switchback:plugin/lifecycle@0.1.0";
pub(super) const INCOMING: &str = "switchback:plugin/incoming@0.1.0";
pub(super) const OUTGOING: &str = "switchback:plugin/outgoing@0.1.0";
pub(super) const LOG: &str = "switchback:plugin/log@0.1.0";

#[derive(ComponentType, Lower)]
#[component(record)]
pub(super) struct Request<'a> {
    pub(super) operation: &'a str,
    pub(super) params: &'a str,
    pub(super) body: Body<'a>,
}

#[derive(ComponentType, Lower)]
#[component(variant)]
pub(super) enum Body<'a> {
    #[component(name = "empty")]
    Empty,
    #[component(name = "text")]
    Text(Text<'a>),
    #[component(name = "bytes")]
    Bytes(Bytes<'a>),
    #[component(name = "form")]
    Form(Form<'a>),
    #[component(name = "stream")]
    Stream(&'a str),
}

#[derive(ComponentType, Lower)]
#[component(record)]
pub(super) struct Text<'a> {
    #[component(name = "media-type")]
    pub(super) media_type: &'a str,
    pub(super) data: &'a str,
}

#[derive(ComponentType, Lower)]
#[component(record)]
pub(super) struct Bytes<'a> {
    #[component(name = "media-type")]
    pub(super) media_type: &'a str,
    pub(super) data: &'a [u8],
}

#[derive(ComponentType, Lower)]
#[component(record)]
pub(super) struct Form<'a> {
    pub(super) fields: &'a str,
    pub(super) files: &'a [File<'a>],
}

#[derive(ComponentType, Lower)]
#[component(record)]
pub(super) struct File<'a> {
    pub(super) field: &'a str,
    pub(super) name: Option<&'a str>,
    #[component(name = "media-type")]
    pub(super) media_type: Option<&'a str>,
    pub(super) size: u32,
}

#[derive(ComponentType, Lift)]
#[component(variant)]
pub(super) enum Payload {
    #[component(name = "empty")]
    Empty,
    #[component(name = "text")]
    Text(String),
    #[component(name = "bytes")]
    Bytes(Vec<u8>),
}

impl From<Payload> for bytes::Bytes {
    fn from(payload: Payload) -> bytes::Bytes {
        match payload {
            Payload::Empty => bytes::Bytes::new(),
            Payload::Text(text) => text.into(),
            Payload::Bytes(bytes) => bytes.into(),
        }
    }
}

#[derive(ComponentType, Lift)]
#[component(record)]
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Payload,
}

#[derive(ComponentType, Lift)]
#[component(variant)]
pub(super) enum Answer {
    #[component(name = "full")]
    Full(Response),
    #[component(name = "streamed")]
    Streamed,
}

#[derive(ComponentType, Lower)]
#[component(variant)]
pub(super) enum IoError {
    #[component(name = "closed")]
    Closed,
    #[component(name = "too-large")]
    TooLarge,
    #[component(name = "timed-out")]
    TimedOut,
    #[component(name = "other")]
    Other(String),
}

#[expect(dead_code, reason = "guests make them")]
#[derive(Clone, Copy, ComponentType, Lift)]
#[component(enum)]
#[repr(u8)]
pub(super) enum Level {
    #[component(name = "trace")]
    Trace,
    #[component(name = "debug")]
    Debug,
    #[component(name = "info")]
    Info,
    #[component(name = "warn")]
    Warn,
    #[component(name = "error")]
    Error,
}
