//! What stands between the server and the plugins: which pages of other origins may call, and what is compressed.

use serde::{Deserialize, Serialize};

/// Which pages of other origins may call, by the names and rules of Starlette's `CORSMiddleware`. Off while neither
/// `allow_origins` nor `allow_origin_regex` names any.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cors {
    /// Origins whose pages may call, as browsers write them (`https://shop.example`); `*`: all.
    pub allow_origins: Vec<String>,
    /// A pattern that the whole of an origin may fit instead (`https://.*\.shop\.example`), of the `regex` crate: without
    /// looking around or back. Empty: none.
    pub allow_origin_regex: String,
    /// Methods that such pages may use; `*`: all that are usual. `GET` alone, as Starlette.
    pub allow_methods: Vec<String>,
    /// Headers that such pages may send, beside those that they always may; `*`: whichever they ask for.
    pub allow_headers: Vec<String>,
    /// Whether they may send cookies and `Authorization`. Then no answer says `*` for the origin, but the origin itself.
    pub allow_credentials: bool,
    /// Headers of answers that such pages may read.
    pub expose_headers: Vec<String>,
    /// How long a browser may remember what it was told, in seconds. 600, as Starlette.
    pub max_age: u64,
    /// Whether pages of the internet may call although this is a private network.
    pub allow_private_network: bool,
}

impl Default for Cors {
    fn default() -> Cors {
        Cors {
            allow_origins: Vec::new(),
            allow_origin_regex: String::new(),
            allow_methods: vec!["GET".into()],
            allow_headers: Vec::new(),
            allow_credentials: false,
            expose_headers: Vec::new(),
            max_age: 600,
            allow_private_network: false,
        }
    }
}

/// Which answers are compressed, and how. Off unless `codings` names any: an answer that mixes what a client sent with
/// what it must not know gives the latter away by its length (the attack BREACH), and which do so the host cannot know.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Compression {
    /// The codings, those first that are taken where a client likes several alike.
    pub codings: Vec<Coding>,
    /// Bytes below which an answer stays as it is. 500, as Starlette: a packet is no smaller for it.
    pub min_bytes: u64,
}

impl Default for Compression {
    fn default() -> Compression {
        Compression {
            codings: Vec::new(),
            min_bytes: 500,
        }
    }
}

/// A way to compress an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Coding {
    /// gzip, which every client knows.
    Gzip,
    /// Brotli.
    Br,
    /// Zstandard: the quickest.
    Zstd,
}
