//! What every guest may import: the request at hand, the log, WASI 0.2 with nothing preopened and `wasi:http` that
//! refuses by name; on the second engine the same of WASI 0.3.

use std::future::poll_fn;
use std::io;

use wasmtime::StoreContextMut;
use wasmtime::component::Linker;

use super::bindings::{INCOMING, IoError, LOG, Level};
use super::state::{CallContext, GuestState};
use super::{inlet, outlet};
use crate::admit::AdmittedBody;
use crate::arrival::ReadError;
use crate::forwarded;
use crate::identity::Identity;
use crate::limit::Limit;

/// Links all of it. Everything is always there: toolchains keep the imports that a guest never calls.
pub(super) fn link(linker: &mut Linker<GuestState>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)?;
    incoming(linker)?;
    outlet::link(linker)?;
    log(linker)
}

/// What only the engine with concurrency can link.
pub(super) fn link_concurrent(linker: &mut Linker<GuestState>) -> wasmtime::Result<()> {
    wasmtime_wasi::p3::add_to_linker(linker)?;
    wasmtime_wasi_http::p3::add_to_linker(linker)
}

type Store<'a> = StoreContextMut<'a, GuestState>;

/// What `pick` finds in the call at hand; outside of one, nothing.
fn ask<T: Default>(store: &Store<'_>, pick: impl FnOnce(&CallContext) -> T) -> T {
    store.data().call.as_ref().map(pick).unwrap_or_default()
}

fn incoming(linker: &mut Linker<GuestState>) -> wasmtime::Result<()> {
    let mut incoming = linker.instance(INCOMING)?;
    incoming.func_wrap("method", |store: Store<'_>, (): ()| {
        Ok((ask(&store, |call| call.head.method.to_string()),))
    })?;
    incoming.func_wrap("uri", |store: Store<'_>, (): ()| {
        // As the client sent it: the router around the host has cut its own path off `head.uri`.
        let base_path = &store.data().owner.base_path;
        Ok((ask(&store, |call| {
            let target = call
                .head
                .uri
                .path_and_query()
                .map_or("/", |target| target.as_str());
            let root = forwarded::root(&call.extensions, base_path);
            format!("{root}{target}")
        }),))
    })?;
    incoming.func_wrap("prefix", |store: Store<'_>, (): ()| {
        let owner = &store.data().owner;
        Ok((ask(&store, |call| {
            let root = forwarded::root(&call.extensions, &owner.base_path);
            format!("{root}{}", owner.prefix)
        }),))
    })?;
    incoming.func_wrap("header", |store: Store<'_>, (name,): (String,)| {
        let lossy =
            |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        Ok((ask(&store, |call| {
            call.head
                .headers
                .get_all(name.as_str())
                .iter()
                .map(lossy)
                .collect::<Vec<_>>()
        }),))
    })?;
    incoming.func_wrap("headers", |store: Store<'_>, (): ()| {
        let pair = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
            (name.to_string(), value.as_bytes().to_vec())
        };
        Ok((ask(&store, |call| {
            call.head.headers.iter().map(pair).collect::<Vec<_>>()
        }),))
    })?;
    incoming.func_wrap("peer", |store: Store<'_>, (): ()| {
        Ok((store.data().peer().map(|peer| peer.0.to_string()),))
    })?;
    incoming.func_wrap("request-id", |store: Store<'_>, (): ()| {
        Ok((ask(&store, |call| call.request_id.to_string()),))
    })?;
    incoming.func_wrap("identity", |store: Store<'_>, (): ()| {
        let who = |call: &CallContext| {
            let who = call.extensions.get::<Identity>();
            who.map(|who| who.0.clone())
        };
        Ok((ask(&store, who),))
    })?;
    incoming.func_wrap_async("read", |store: Store<'_>, (most,): (u32,)| {
        Box::new(async move { Ok((read(store, most as usize).await,)) })
    })?;
    incoming.func_wrap_async(
        "read-file",
        |store: Store<'_>, (index, offset, most): (u32, u32, u32)| {
            Box::new(async move { Ok((read_file(store, index, offset, most).await,)) })
        },
    )?;
    incoming.func_wrap("file-headers", |store: Store<'_>, (index,): (u32,)| {
        Ok((ask(&store, |call| match &call.asked.admitted.body {
            AdmittedBody::Form { files, .. } => files
                .get(index as usize)
                .map_or(Vec::new(), |file| file.headers.clone()),
            _ => Vec::new(),
        }),))
    })
}

/// The most of a file that is handed over at once: it is copied, whatever the guest's own memory is.
const PIECE: usize = 1 << 20;

/// A piece of a file of the form. A file that is on disk is read off the serving threads.
async fn read_file(
    store: Store<'_>,
    index: u32,
    offset: u32,
    most: u32,
) -> Result<Vec<u8>, IoError> {
    if store.data().call.is_none() {
        return Err(IoError::Closed);
    }
    let Some(file) = store.data().files.get(index as usize) else {
        let why = format!("the request has no file number {index}");
        return Err(IoError::Other(why));
    };
    let read = {
        let file = file.clone();
        move || file.piece(offset.into(), PIECE.min(most as usize))
    };
    let piece = match file.is_on_disk() {
        false => read(),
        true => tokio::task::spawn_blocking(read)
            .await
            .unwrap_or_else(|error| Err(io::Error::other(error))),
    };
    let why = |error: io::Error| IoError::Other(format!("the file cannot be read: {error}"));
    piece.map(Vec::from).map_err(why)
}

/// The next piece of a body that is a stream. The wait for it is the client's time, and not the call's.
async fn read(mut store: Store<'_>, most: usize) -> Result<Vec<u8>, IoError> {
    let GuestState {
        call,
        outlet,
        meter,
        ..
    } = store.data_mut();
    let Some(call) = call else {
        return Err(IoError::Closed);
    };
    let Some(stream) = &mut call.stream else {
        let why = "the request's body is no stream: it came whole";
        return Err(IoError::Other(why.into()));
    };
    if most == 0 {
        let why = "a piece of no bytes would look like the end: ask for one at least";
        return Err(IoError::Other(why.into()));
    }
    outlet.is_stream(meter);
    if let Some(rest) = meter.rest() {
        tokio::time::sleep(rest).await;
    }
    let piece = poll_fn(|cx| inlet::poll_read(stream, meter, cx, most)).await;
    outlet.moved();
    piece.map(Vec::from).map_err(|error| match error {
        ReadError::Closed => IoError::Closed,
        ReadError::Limit(limit) => {
            meter.note(limit);
            match limit {
                Limit::BodyTime => IoError::TimedOut,
                _ => IoError::TooLarge,
            }
        }
    })
}

fn log(linker: &mut Linker<GuestState>) -> wasmtime::Result<()> {
    let mut log = linker.instance(LOG)?;
    log.func_wrap(
        "write",
        |store: Store<'_>, (level, message, fields): (Level, String, String)| {
            store.data().log.write(level, &message, &fields);
            Ok(())
        },
    )
}
