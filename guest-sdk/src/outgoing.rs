//! The answer in pieces, on its way to the host. In a native test the `TestClient` (feature `test`) keeps what goes out.

use crate::bindings::switchback::plugin::types::IoError;

/// Sends status and headers.
pub(crate) fn start(status: u16, headers: &[(String, String)]) -> Result<(), IoError> {
    #[cfg(target_arch = "wasm32")]
    {
        host::start(status, headers)
    }
    #[cfg(not(target_arch = "wasm32"))]
    native(|sent| {
        sent.head = Some((status, headers.to_vec()));
    })
}

/// Sends a piece, and leaves the buffer empty for the next. An empty piece is none.
pub(crate) fn write(piece: &mut Vec<u8>) -> Result<(), IoError> {
    if piece.is_empty() {
        return Ok(());
    }
    #[cfg(target_arch = "wasm32")]
    let sent = {
        let payload = types::Payload::Bytes(std::mem::take(piece));
        let sent = host::write(&payload);
        if let types::Payload::Bytes(buffer) = payload {
            *piece = buffer;
        }
        sent
    };
    #[cfg(not(target_arch = "wasm32"))]
    let sent = native(|sent| sent.pieces.push(piece.clone()));
    piece.clear();
    sent
}

/// Ends the answer badly.
pub(crate) fn abort(reason: &str) {
    #[cfg(target_arch = "wasm32")]
    host::abort(reason);
    #[cfg(not(target_arch = "wasm32"))]
    let _ = native(|sent| sent.aborted = Some(reason.to_owned()));
}

#[cfg(target_arch = "wasm32")]
use crate::bindings::switchback::plugin::{outgoing as host, types};

/// What went out in a native test.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Debug, Default)]
pub(crate) struct Sent {
    pub(crate) head: Option<(u16, Vec<(String, String)>)>,
    pub(crate) pieces: Vec<Vec<u8>>,
    pub(crate) aborted: Option<String>,
    /// After how many pieces the client goes away.
    pub(crate) patience: Option<usize>,
}

#[cfg(not(target_arch = "wasm32"))]
thread_local! {
    static NATIVE: std::cell::RefCell<Option<Sent>> = const { std::cell::RefCell::new(None) };
}

#[cfg(not(target_arch = "wasm32"))]
fn native(change: impl FnOnce(&mut Sent)) -> Result<(), IoError> {
    NATIVE.with_borrow_mut(|sent| match sent {
        Some(sent) if sent.patience.is_some_and(|most| sent.pieces.len() >= most) => {
            Err(IoError::Closed)
        }
        Some(sent) => {
            change(sent);
            Ok(())
        }
        None => Err(IoError::Other("there is no host: use `TestClient`".into())),
    })
}

/// Does something, and tells what went out meanwhile.
#[cfg(all(any(feature = "test", test), not(target_arch = "wasm32")))]
pub(crate) fn during<R>(patience: Option<usize>, run: impl FnOnce() -> R) -> (R, Sent) {
    NATIVE.set(Some(Sent {
        patience,
        ..Sent::default()
    }));
    let done = run();
    (done, NATIVE.take().unwrap_or_default())
}
