//! How static files are served, a plugin's and those of folders.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// How a plugin's static files are served.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct FilesConfig {
    /// Under which path they are, behind the plugin's prefix; `/` for every path that no operation takes. `/static`, where
    /// FastAPI's apps have theirs.
    pub path: String,
    /// Whether a folder is answered with its `index.html`, and what is not there with the `404.html`. Off, as Starlette.
    pub html: bool,
    /// The file that a browser gets whose user goes to a path that is not there: `index.html` for a single-page app, which
    /// reads the path itself. Empty: none.
    pub fallback: String,
    /// `Cache-Control` of the files; empty: none, as Starlette, and browsers guess.
    pub cache_control: String,
    /// Folders of files that never change under one name (`assets/`, as Vite builds them), kept by browsers for a year
    /// without asking again.
    pub immutable: Vec<String>,
}

impl Default for FilesConfig {
    fn default() -> FilesConfig {
        FilesConfig {
            path: "/static".into(),
            html: false,
            fallback: String::new(),
            cache_control: String::new(),
            immutable: Vec::new(),
        }
    }
}

/// A folder on disk whose files are served, read anew for each request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct FolderConfig {
    /// Under which path: `/assets`; `/` for every path that nothing else takes.
    pub path: String,
    /// The folder.
    pub folder: PathBuf,
    /// Whether links may lead out of the folder. Off: who may write there may else show all that the host may read.
    pub follow_symlink: bool,
    /// As of [`FilesConfig`].
    pub html: bool,
    /// As of [`FilesConfig`].
    pub fallback: String,
    /// As of [`FilesConfig`].
    pub cache_control: String,
    /// As of [`FilesConfig`].
    pub immutable: Vec<String>,
}

impl FolderConfig {
    /// The same in the words of a plugin's files.
    pub(crate) fn rules(&self) -> FilesConfig {
        FilesConfig {
            path: self.path.clone(),
            html: self.html,
            fallback: self.fallback.clone(),
            cache_control: self.cache_control.clone(),
            immutable: self.immutable.clone(),
        }
    }
}
