//! The rest of the request being handled, asked for when wanted: each question is a short call to the host, which
//! answers at once. In a native test it is what the `TestClient` (feature `test`) sent; without one, everything is
//! empty.
//!
//! ```
//! use switchback_sdk::prelude::*;
//!
//! /// Say who is asking
//! #[get("/whoami")]
//! fn whoami() -> Result<String, Problem> {
//!     let agent = incoming::header("user-agent").or_404("you did not say")?;
//!     Ok(format!("{agent}, in request {}", incoming::request_id()))
//! }
//! ```
//!
//! A handler works on one request at a time, so there is no question which request is meant. What the contract should
//! tell, and the host check, is better taken as an argument: `#[header] user_agent: String`.

use crate::bindings::switchback::plugin::incoming as host;
use crate::bindings::switchback::plugin::types::IoError;

/// The method in capitals.
pub fn method() -> String {
    ask(host::method, |native| native.method.clone())
}

/// Path and query exactly as the client sent them, the mount's prefix included.
pub fn uri() -> String {
    ask(host::uri, |native| native.uri.clone())
}

/// The prefix under which the plugin is mounted: empty, or `/shop`.
pub fn prefix() -> String {
    ask(host::prefix, |_| String::new())
}

/// The first value of a header, its name in any case.
pub fn header(name: &str) -> Option<String> {
    header_values(name).into_iter().next()
}

/// Every value of a header, its name in any case. Bytes that are no UTF-8 become U+FFFD.
pub fn header_values(name: &str) -> Vec<String> {
    ask(
        || host::header(name),
        |native| {
            let values = native.headers.iter();
            values
                .filter(|(known, _)| known.eq_ignore_ascii_case(name))
                .map(|(_, value)| String::from_utf8_lossy(value).into_owned())
                .collect()
        },
    )
}

/// Every header in the order sent: its name in lower case, its value as the exact bytes.
pub fn headers() -> Vec<(String, Vec<u8>)> {
    ask(host::headers, |native| native.headers.clone())
}

/// The address of the peer, `192.0.2.1:50000`, where the host knows it.
pub fn peer() -> Option<String> {
    ask(host::peer, |native| native.peer.clone())
}

/// The id of this request, as in the host's log.
pub fn request_id() -> String {
    ask(host::request_id, |native| native.request_id.clone())
}

/// Who is asking, as JSON, where the host or the program around it has established that.
pub fn identity() -> Option<String> {
    ask(host::identity, |native| native.identity.clone())
}

/// The next piece of a body that is a stream; nothing at the end.
pub(crate) fn read(max: u32) -> Result<Vec<u8>, IoError> {
    #[cfg(target_arch = "wasm32")]
    {
        host::read(max)
    }
    #[cfg(not(target_arch = "wasm32"))]
    NATIVE.with_borrow_mut(|known| match known {
        Some(native) => {
            let most = native.body.len().min(max as usize);
            Ok(native.body.drain(..most).collect())
        }
        None => Err(IoError::Closed),
    })
}

/// Asks the host, or where there is none, in a native test, what stands for it.
fn ask<T: Default>(host: impl FnOnce() -> T, native: impl FnOnce(&Incoming) -> T) -> T {
    #[cfg(target_arch = "wasm32")]
    {
        let _ = native;
        host()
    }
    #[cfg(not(target_arch = "wasm32"))]
    {
        let _ = host;
        NATIVE.with_borrow(|known| known.as_ref().map(native).unwrap_or_default())
    }
}

/// What a native test sent.
#[derive(Debug, Default)]
pub(crate) struct Incoming {
    pub(crate) method: String,
    pub(crate) uri: String,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) peer: Option<String>,
    pub(crate) request_id: String,
    pub(crate) identity: Option<String>,
    /// What is left to be read of a body that is a stream.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) body: Vec<u8>,
}

#[cfg(not(target_arch = "wasm32"))]
thread_local! {
    static NATIVE: std::cell::RefCell<Option<Incoming>> = const { std::cell::RefCell::new(None) };
}

/// Does something while this is the request being handled.
#[cfg(all(feature = "test", not(target_arch = "wasm32")))]
pub(crate) fn during<R>(incoming: Incoming, run: impl FnOnce() -> R) -> R {
    /// A handler that panics must leave nothing behind for a test that goes on.
    struct Over;
    impl Drop for Over {
        fn drop(&mut self) {
            NATIVE.with_borrow_mut(|known| *known = None);
        }
    }
    NATIVE.with_borrow_mut(|known| *known = Some(incoming));
    let _over = Over;
    run()
}
