//! What an embedder or operator gets when loading, configuring or swapping failed.

use std::fmt;

use crate::config::ConfigError;

/// Why a component, a setting or a change was refused. Its text is one sentence for an operator: what is wrong, where,
/// and what to do.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What an [`Error`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting that cannot be used.
    Config,
    /// A plugin's name is not `[a-z][a-z0-9-]*`.
    Name,
    /// The bytes are no WebAssembly component that this host can compile.
    Component,
    /// The component imports or exports something else than this host serves.
    Interface,
    /// The component did not say what it serves: `openapi()` trapped, or ran out of a limit.
    Describe,
    /// The host serves only components that it knows, and this is none of them.
    Untrusted,
    /// The component compiles, and no instance of it can be made.
    Start,
    /// What the component says it serves cannot be served.
    Contract,
    /// Its contract breaks clients of the one that serves, and the plugin's policy refuses that.
    Breaking,
    /// An example of its contract fails, or is answered otherwise than it says.
    SmokeTest,
    /// A fault's request cannot be sent once more: it is not kept whole, or may change something.
    Replay,
    /// Another plugin, or the host itself, serves that path already.
    Clash,
    /// A newer change of the same plugin came first.
    Superseded,
    /// No such plugin.
    NotFound,
    /// The file cannot be read.
    File,
    /// The host is shutting down.
    Closed,
    /// Something that should not happen: a defect of the host, or of its machine.
    Internal,
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Error {
        Error::with_source(ErrorKind::Config, error.to_string(), error)
    }
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Error {
        Error(Box::new(Inner {
            kind,
            message: message.into(),
            source: None,
        }))
    }

    pub(crate) fn with_source(
        kind: ErrorKind,
        message: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Error {
        Error(Box::new(Inner {
            kind,
            message: message.into(),
            source: Some(source.into()),
        }))
    }

    /// What it is about.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("source", &self.0.source)
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
