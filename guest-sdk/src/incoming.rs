//! The rest of the request being handled, asked for when wanted: each question is a call to the host. Where there is
//! no host, in a native test, everything is empty.

use crate::bindings::switchback::plugin::incoming as host;

/// The method in capitals.
pub fn method() -> String {
    ask(host::method)
}

/// Path and query exactly as the client sent them, the mount's prefix included.
pub fn uri() -> String {
    ask(host::uri)
}

/// The prefix under which the plugin is mounted: empty, or `/shop`.
pub fn prefix() -> String {
    ask(host::prefix)
}

/// The first value of a header, its name in any case.
pub fn header(name: &str) -> Option<String> {
    ask(|| host::header(name)).into_iter().next()
}

/// Every header in the order sent: its name in lower case, its value as the exact bytes.
pub fn headers() -> Vec<(String, Vec<u8>)> {
    ask(host::headers)
}

/// The address of the peer, `192.0.2.1:50000`, where the host knows it.
pub fn peer() -> Option<String> {
    ask(host::peer)
}

/// The id of this request, as in the host's log.
pub fn request_id() -> String {
    ask(host::request_id)
}

/// Who is asking, as JSON, where the host or the program around it has established that.
pub fn identity() -> Option<String> {
    ask(host::identity)
}

fn ask<T: Default>(question: impl FnOnce() -> T) -> T {
    if cfg!(target_arch = "wasm32") {
        question()
    } else {
        T::default()
    }
}
