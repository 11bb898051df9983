//! What every guest may import: the request at hand, the log, and WASI 0.2 with nothing preopened.

use wasmtime::StoreContextMut;
use wasmtime::component::Linker;

use super::bindings::{INCOMING, IoError, LOG, Level};
use super::outlet;
use super::state::{CallContext, GuestState};
use crate::identity::{Identity, Peer};

/// Links all of it. Everything is always there: toolchains keep the imports that a guest never calls.
pub(super) fn link(linker: &mut Linker<GuestState>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    incoming(linker)?;
    outlet::link(linker)?;
    log(linker)
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
        Ok((ask(&store, |call| {
            let target = call
                .head
                .uri
                .path_and_query()
                .map_or("/", |target| target.as_str());
            format!("{}{target}", call.base_path)
        }),))
    })?;
    incoming.func_wrap("prefix", |store: Store<'_>, (): ()| {
        Ok((ask(&store, |call| {
            format!("{}{}", call.base_path, call.prefix)
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
        let peer = |call: &CallContext| {
            call.head
                .extensions
                .get::<Peer>()
                .map(|peer| peer.0.to_string())
        };
        Ok((ask(&store, peer),))
    })?;
    incoming.func_wrap("request-id", |store: Store<'_>, (): ()| {
        Ok((ask(&store, |call| call.request_id.to_string()),))
    })?;
    incoming.func_wrap("identity", |store: Store<'_>, (): ()| {
        let who = |call: &CallContext| {
            call.head
                .extensions
                .get::<Identity>()
                .map(|who| who.0.clone())
        };
        Ok((ask(&store, who),))
    })?;
    // No contract with a streamed body is served, so there is never anything to read.
    incoming.func_wrap("read", |store: Store<'_>, (_max,): (u32,)| {
        let why = match store.data().call {
            Some(_) => IoError::Other("the request's body is no stream: it came whole".into()),
            None => IoError::Closed,
        };
        Ok((Err::<Vec<u8>, IoError>(why),))
    })?;
    incoming.func_wrap(
        "read-file",
        |store: Store<'_>, (index, offset, max): (u32, u32, u32)| {
            if store.data().call.is_none() {
                return Ok((Err(IoError::Closed),));
            }
            let Some(file) = store.data().files.get(index as usize) else {
                let why = format!("the request has no file number {index}");
                return Ok((Err(IoError::Other(why)),));
            };
            let rest = file.get(offset as usize..).unwrap_or_default();
            let piece = &rest[..rest.len().min(max as usize)];
            Ok((Ok(piece.to_vec()),))
        },
    )
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
