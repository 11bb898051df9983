//! Static files, of a plugin or of a folder of the configuration: which file a request gets (`wanted.rs`, `find.rs`), and
//! how (`answer.rs`, `part.rs`). They answer what no operation does.

mod answer;
mod beneath;
mod body;
mod find;
mod folder;
mod part;
mod range;
mod tree;
mod types;
mod wanted;

use std::sync::Arc;

use http::request::Parts;
use http::{Method, Response};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use self::find::{Found, Takes};
use self::folder::Folder;
pub(crate) use self::part::of_answer;
pub(crate) use self::tree::{Listing, Most, Tree};
use crate::answer::{self as told, Body};
use crate::config::{FilesConfig, FolderConfig};
use crate::path::{RequestPath, canonical};
use crate::serve_error::ServeError;

/// What stands in a path as it is.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Files under a path.
pub(crate) struct Site {
    /// Empty for all, or `/shop/static`, in the one spelling of paths.
    pub(crate) path: String,
    rules: FilesConfig,
    source: Source,
}

enum Source {
    Tree(Arc<Tree>),
    Folder(Folder),
}

impl Site {
    /// Where and how, whichever files they are.
    pub(crate) fn terms(&self) -> (&str, &FilesConfig) {
        (&self.path, &self.rules)
    }

    /// A plugin's files, behind its prefix.
    pub(crate) fn tree(prefix: &str, rules: FilesConfig, tree: Arc<Tree>) -> Site {
        let path = format!("{prefix}{}", rules.path);
        Site {
            path: canonical(path.trim_end_matches('/')).into_owned(),
            rules,
            source: Source::Tree(tree),
        }
    }

    /// A folder of the configuration.
    pub(crate) fn folder(config: &FolderConfig) -> Site {
        Site {
            path: canonical(config.path.trim_end_matches('/')).into_owned(),
            rules: config.rules(),
            source: Source::Folder(Folder {
                path: config.folder.clone(),
                follow_symlink: config.follow_symlink,
            }),
        }
    }

    /// Whether a path, in the one spelling, is this or below it.
    pub(crate) fn covers(&self, path: &str) -> bool {
        let rest = path.strip_prefix(&self.path);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Whether `/` is one of its pages.
    pub(crate) fn has_root(&self) -> bool {
        self.path.is_empty() && (self.rules.html || !self.rules.fallback.is_empty())
    }

    /// How many files a plugin's are, where that is known.
    pub(crate) fn count(&self) -> usize {
        match &self.source {
            Source::Tree(tree) => tree.len(),
            Source::Folder(_) => 0,
        }
    }

    /// Whether a plugin's file is there, for a plugin that takes every path itself.
    pub(crate) fn has(&self, head: &Parts) -> bool {
        let path = RequestPath::new(head.uri.path());
        let wanted = path
            .as_str()
            .strip_prefix(&self.path)
            .and_then(wanted::wanted);
        is_read(&head.method)
            && self.covers(path.as_str())
            && matches!(self.source, Source::Tree(_))
            && self
                .find(wanted.as_ref(), &Takes::of(&head.headers), false)
                .is_ok_and(|found| !matches!(found, Found::Nothing))
    }

    /// The answer to a request under the site's path; none where no file is one. `alone`: nothing else has to do with
    /// the path, so what is not there may be answered too. `root` is what clients know before the path.
    pub(crate) async fn answer(
        self: Arc<Self>,
        head: &Parts,
        root: &str,
        alone: bool,
    ) -> Option<Result<Response<Body>, ServeError>> {
        let path = RequestPath::new(head.uri.path());
        let rest = path.as_str().strip_prefix(&self.path)?;
        let elsewhere = |inside: &str| {
            let query = head
                .uri
                .query()
                .map_or(String::new(), |query| format!("?{query}"));
            let inside = utf8_percent_encode(inside, PATH);
            told::redirect(&format!("{root}{}{inside}/{query}", self.path))
        };
        if rest.is_empty() && !self.path.is_empty() {
            return alone.then(|| Ok(elsewhere("")));
        }
        if !is_read(&head.method) {
            let allowed = vec![Method::GET, Method::HEAD];
            return alone.then_some(Err(ServeError::MethodNotAllowed(allowed)));
        }
        let wanted = wanted::wanted(rest);
        let takes = Takes::of(&head.headers);
        let found = match &self.source {
            Source::Tree(_) => self.find(wanted.as_ref(), &takes, alone),
            Source::Folder(_) => {
                let this = self.clone();
                let found =
                    tokio::task::spawn_blocking(move || this.find(wanted.as_ref(), &takes, alone));
                found
                    .await
                    .unwrap_or_else(|stopped| Err(std::io::Error::other(stopped)))
            }
        };
        match found {
            Ok(Found::File(chosen)) => Some(Ok(self.respond(chosen, &head.headers))),
            Ok(Found::Slash(folder)) => Some(Ok(elsewhere(&format!("/{folder}")))),
            Ok(Found::Nothing) => None,
            Err(why) => Some(Err(ServeError::Disk(why))),
        }
    }
}

fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}
