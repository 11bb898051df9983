//! The interface `outgoing`: an answer that a guest sends in pieces.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Response};
use wasmtime::StoreContextMut;
use wasmtime::component::Linker;

use super::bindings::{IoError, OUTGOING, Payload};
use super::instance::CallError;
use super::meter::Meter;
use super::state::{Asked, GuestState};
use crate::answer;
use crate::config::Limits;
use crate::limit::Limit;
use crate::pipe::{Closed, Pipe, Source, pipe};

/// A streamed answer whose head is known.
#[derive(Debug)]
pub(crate) struct Begun {
    /// Its head, and where its pieces come out; none where no body goes with this method and status.
    pub(crate) answer: Response<Option<Source>>,
    /// Where they go in.
    pub(crate) pipe: Arc<Pipe>,
    /// To which request.
    pub(crate) asked: Arc<Asked>,
}

/// How far the call at hand is with its answer.
#[derive(Default)]
pub(super) struct Outlet {
    pipe: Option<Arc<Pipe>>,
    /// Why it ends badly, whatever the guest returns.
    broken: Option<CallError>,
    /// `limits.stream_bytes`
    most: u64,
    /// `limits.stream_cpu_percent`
    share: u64,
}

impl Outlet {
    pub(super) fn new(limits: &Limits) -> Outlet {
        Outlet {
            most: limits.stream_bytes,
            share: limits.stream_cpu_percent,
            ..Outlet::default()
        }
    }

    /// Whether the answer went out here, as the guest says that it did or did not.
    pub(super) fn finish(self, streamed: bool) -> Result<(), CallError> {
        match (self.broken, self.pipe.is_some()) {
            (Some(broken), _) => Err(broken),
            (None, true) if !streamed => Err(CallError::FullAfterStart),
            (None, false) if streamed => Err(CallError::NotStreamed),
            (None, _) => Ok(()),
        }
    }

    /// From here on the call computes as streams do.
    pub(super) fn is_stream(&self, meter: &Meter) {
        meter.share(self.share);
    }

    /// A stream that reads does not stand still.
    pub(super) fn moved(&self) {
        if let Some(pipe) = &self.pipe {
            pipe.touch();
        }
    }

    /// From now on nothing more is sent; the client learns of it when the guest has returned, with the reason known.
    fn break_off(&mut self, why: CallError) {
        self.broken.get_or_insert(why);
    }
}

type Store<'a> = StoreContextMut<'a, GuestState>;

pub(super) fn link(linker: &mut Linker<GuestState>) -> wasmtime::Result<()> {
    let mut outgoing = linker.instance(OUTGOING)?;
    outgoing.func_wrap_async(
        "start",
        |store: Store<'_>, (status, headers): (u16, Vec<(String, String)>)| {
            Box::new(async move { Ok((start(store, status, headers).await,)) })
        },
    )?;
    outgoing.func_wrap_async("write", |store: Store<'_>, (chunk,): (Payload,)| {
        Box::new(async move { Ok((write(store, chunk.into()).await,)) })
    })?;
    outgoing.func_wrap("abort", |mut store: Store<'_>, (reason,): (String,)| {
        let outlet = &mut store.data_mut().outlet;
        outlet.break_off(CallError::Aborted(in_one_line(&reason)));
        Ok(())
    })
}

async fn start(
    mut store: Store<'_>,
    status: u16,
    headers: Vec<(String, String)>,
) -> Result<(), IoError> {
    let GuestState {
        call,
        outlet,
        meter,
        ..
    } = store.data_mut();
    let Some(call) = call else {
        return Err(IoError::Closed);
    };
    if outlet.pipe.is_some() || outlet.broken.is_some() {
        return Err(IoError::Other(
            "the answer has begun already: call `outgoing.start` once".into(),
        ));
    }
    let head = answer::head(status, headers, ()).map_err(IoError::Other)?;
    let (pipe, source) = pipe();
    let has_body = call.head.method != Method::HEAD && !answer::has_no_body(head.status());
    let begun = Begun {
        // Without a body the source is dropped here: the first `write` says `closed`.
        answer: head.map(|()| has_body.then_some(source)),
        pipe: pipe.clone(),
        asked: call.asked.clone(),
    };
    outlet.pipe = Some(pipe);
    meter.clone().begin(begun, outlet.share).await;
    Ok(())
}

async fn write(mut store: Store<'_>, piece: Bytes) -> Result<(), IoError> {
    let GuestState {
        call,
        outlet,
        meter,
        ..
    } = store.data_mut();
    let Some(pipe) = outlet.pipe.clone() else {
        return Err(match call {
            Some(_) => IoError::Other("`outgoing.start` comes before `outgoing.write`".into()),
            None => IoError::Closed,
        });
    };
    if outlet.broken.is_some() {
        return Err(IoError::Closed);
    }
    if pipe.written() + piece.len() as u64 > outlet.most {
        outlet.break_off(CallError::Limit(Limit::StreamBytes));
        return Err(IoError::TooLarge);
    }
    if let Some(rest) = meter.rest() {
        tokio::time::sleep(rest).await;
    }
    pipe.write(piece).await.map_err(|Closed| IoError::Closed)
}

/// A guest's reason, for one line of the log.
pub(super) fn in_one_line(reason: &str) -> String {
    reason
        .chars()
        .take(1_000)
        .flat_map(char::escape_debug)
        .collect()
}
