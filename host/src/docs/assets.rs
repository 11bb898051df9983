//! The files that the pages load: what is large is kept compressed, and unpacked for the rare client without gzip.

use std::io::Read;
use std::sync::LazyLock;

use bytes::Bytes;
use http::HeaderValue;

use crate::etag;

/// A file of the pages.
pub(super) struct Asset {
    name: &'static str,
    pub(super) media_type: &'static str,
    plain: LazyLock<Content, fn() -> Content>,
    gzipped: Option<LazyLock<Content, fn() -> Content>>,
}

/// One form of a file, with the tag of exactly these bytes.
pub(super) struct Content {
    pub(super) bytes: Bytes,
    pub(super) etag: HeaderValue,
}

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

macro_rules! small {
    ($name:literal, $media_type:expr) => {
        Asset {
            name: $name,
            media_type: $media_type,
            plain: LazyLock::new(|| {
                Content::new(Bytes::from_static(include_bytes!(concat!(
                    "assets/", $name
                ))))
            }),
            gzipped: None,
        }
    };
}

macro_rules! large {
    ($name:literal, $media_type:expr) => {
        Asset {
            name: $name,
            media_type: $media_type,
            plain: LazyLock::new(|| {
                Content::new(unpack(include_bytes!(concat!("assets/", $name, ".gz"))))
            }),
            gzipped: Some(LazyLock::new(|| {
                Content::new(Bytes::from_static(include_bytes!(concat!(
                    "assets/", $name, ".gz"
                ))))
            })),
        }
    };
}

static ASSETS: [Asset; 10] = [
    large!("swagger-ui-5.35.0.js", SCRIPT),
    large!("swagger-ui-5.35.0.css", STYLE),
    large!("redoc-2.5.4.js", SCRIPT),
    small!("docs.js", SCRIPT),
    small!("redoc.js", SCRIPT),
    small!("index.js", SCRIPT),
    small!("changes.js", SCRIPT),
    small!("pages.css", STYLE),
    small!("ground.css", STYLE),
    small!("index.css", STYLE),
];

/// The file of that name.
pub(super) fn find(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

impl Asset {
    /// The file, compressed if that is possible and wanted, and whether it is.
    pub(super) fn content(&self, gzip: bool) -> (&Content, bool) {
        match &self.gzipped {
            Some(gzipped) if gzip => (gzipped, true),
            _ => (&self.plain, false),
        }
    }

    /// Whether its name changes with its content.
    pub(super) fn is_versioned(&self) -> bool {
        self.gzipped.is_some()
    }
}

impl Content {
    fn new(bytes: Bytes) -> Self {
        Content {
            etag: etag::of(&bytes),
            bytes,
        }
    }
}

fn unpack(gzipped: &[u8]) -> Bytes {
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(gzipped)
        .read_to_end(&mut plain)
        .expect("the file was compressed by us and is in the binary");
    plain.into()
}
