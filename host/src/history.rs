//! What a plugin was: its last revisions, as far as they can be served again, and who may say what serves now.
//!
//! Plain data with its rules. It is kept in memory with the compiled code, and written down by `state.rs` without it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::files::Tree;
use crate::runtime::Code;

/// SHA-256 of all that a plugin consists of (component, document, settings), in hex.
pub(crate) type Content = String;

/// The most revisions of a plugin that are told of, whatever is kept of them.
const ENTRIES: usize = 100;

/// One revision of a plugin, serving or not, that can be served again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct HistoryEntry {
    /// The revision, as in `x-switchback-revision`.
    pub revision: u64,
    /// SHA-256 of all that it consists of (component, document, settings), in hex: the same for the same files.
    pub content: String,
    /// When it began to serve, in milliseconds since 1970 (UTC).
    pub at_ms: u64,
    /// Who asked for it.
    pub by: String,
    /// What was asked for.
    pub how: How,
    /// Whether it serves now.
    pub serving: bool,
    /// Whether it is tried beside what serves.
    pub candidate: bool,
    /// Why it serves no more, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// What keeping it takes: the component and, once it was loaded, its compiled code.
    pub bytes: u64,
}

/// How a revision came to serve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum How {
    /// Its component was deployed.
    Deployed,
    /// An earlier revision was made to serve again.
    RolledBack {
        /// That revision.
        to: u64,
        /// Why, where the host did it by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// The plugin was enabled again.
    Enabled,
    /// It is what a revision of another plugin was.
    Mounted {
        /// That plugin.
        of: String,
        /// Its revision.
        revision: u64,
    },
    /// What served got other limits.
    Reconfigured,
}

/// A plugin's past, and what of it holds.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Past {
    /// The number of its newest revision.
    pub(crate) number: u64,
    /// It is not served until it is enabled.
    pub(crate) disabled: bool,
    /// The revision that serves, or that the next start serves.
    pub(crate) serving: Option<u64>,
    /// The revision that is tried beside it.
    trial: Option<u64>,
    /// Whether what serves was found in the plugins folder: then it goes when its file goes.
    pub(crate) from_folder: bool,
    /// What lies in the plugins folder and does not count, since the operator has said otherwise after it came.
    pub(crate) aside: Option<Content>,
    /// The oldest first.
    entries: Vec<Entry>,
    /// What the plugins folder has offered last.
    #[serde(skip)]
    pub(crate) offered: Option<Content>,
}

/// One revision that is kept.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) revision: u64,
    pub(crate) content: Content,
    at_ms: u64,
    by: String,
    pub(crate) how: How,
    /// Where its paths begin, if that was said when it was mounted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) prefix: Option<String>,
    ended: Option<String>,
    /// Of its files.
    pub(crate) bytes: u64,
    /// None: it has to be loaded from what was written down.
    #[serde(skip)]
    pub(crate) code: Option<Arc<Code>>,
    #[serde(skip)]
    pub(crate) settings: Option<Bytes>,
    #[serde(skip)]
    pub(crate) files: Option<Arc<Tree>>,
}

impl Entry {
    fn takes(&self) -> u64 {
        self.bytes + self.code.as_ref().map_or(0, |code| code.image_bytes)
    }
}

/// What came to serve, or could.
pub(crate) struct New {
    pub(crate) content: Content,
    pub(crate) by: String,
    pub(crate) how: How,
    pub(crate) prefix: Option<String>,
    pub(crate) bytes: u64,
    pub(crate) code: Arc<Code>,
    pub(crate) settings: Option<Bytes>,
    pub(crate) files: Option<Arc<Tree>>,
}

impl Past {
    pub(crate) fn entry(&self, revision: u64) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.revision == revision)
    }

    pub(crate) fn newest(&self) -> Option<&Entry> {
        self.entries.last()
    }

    /// Whether it can be what was written down: contents name folders.
    pub(crate) fn is_sound(&self) -> bool {
        let contents = self.contents().chain(&self.aside);
        let mut hashes = contents.map(|content| content.as_bytes());
        hashes.all(|hash| hash.len() == 64 && hash.iter().all(u8::is_ascii_hexdigit))
    }

    /// Whether what lies in the plugins folder does not count.
    pub(crate) fn waits(&self) -> bool {
        self.aside.is_some() && self.aside == self.offered
    }

    pub(crate) fn contents(&self) -> impl Iterator<Item = &Content> {
        self.entries.iter().map(|entry| &entry.content)
    }

    /// What `rollback` without a number goes to: the newest that is older than what serves, and differs from it.
    /// After going back twice, it is older by two.
    pub(crate) fn before(&self) -> Option<&Entry> {
        let serving = self.entry(self.serving?)?;
        let from = self.origin(serving);
        let older = self.entries.iter().rev();
        older
            .filter(|entry| entry.revision < from.revision)
            .find(|entry| entry.content != serving.content)
    }

    /// The revision that an entry was a rollback to.
    fn origin<'p>(&'p self, mut entry: &'p Entry) -> &'p Entry {
        while let How::RolledBack { to, .. } = &entry.how
            && let Some(earlier) = self.entry(*to)
            && earlier.revision < entry.revision
        {
            entry = earlier;
        }
        entry
    }

    /// Notes a revision that begins to serve; what served until now has ended.
    pub(crate) fn serves(&mut self, revision: u64, new: New) {
        let ended = match &new.how {
            How::RolledBack {
                to,
                reason: Some(reason),
            } => format!("rolled back to revision {to}: {reason}"),
            How::RolledBack { to, .. } => format!("rolled back to revision {to}"),
            How::Deployed | How::Enabled | How::Mounted { .. } | How::Reconfigured => {
                format!("replaced by revision {revision}")
            }
        };
        self.ends(&ended);
        self.serving = Some(revision);
        self.note(revision, new, None);
    }

    /// Notes a revision that could serve, and does not.
    pub(crate) fn note(&mut self, revision: u64, new: New, ended: Option<String>) {
        self.number = self.number.max(revision);
        let of_before = self.entries.iter().position(|old| old.revision == revision);
        let (at_ms, by, how) = match of_before {
            // A start that takes up what served before it.
            Some(at) => {
                let old = self.entries.remove(at);
                (old.at_ms, old.by, old.how)
            }
            None => (now_ms(), new.by, new.how),
        };
        // One content is held once, whichever of its revisions is gone back to.
        for same in &mut self.entries {
            if same.content == new.content {
                same.code = Some(new.code.clone());
                same.files.clone_from(&new.files);
            }
        }
        self.entries.push(Entry {
            revision,
            content: new.content,
            at_ms,
            by,
            how,
            prefix: new.prefix,
            ended,
            bytes: new.bytes,
            code: Some(new.code),
            settings: new.settings,
            files: new.files,
        });
        self.entries.sort_by_key(|entry| entry.revision);
    }

    /// Notes a candidate that begins; one before it has ended.
    pub(crate) fn tries(&mut self, revision: u64, new: New) {
        self.withdraw(&format!("replaced by candidate {revision}"));
        self.note(revision, new, None);
        self.trial = Some(revision);
    }

    /// The candidate serves no more.
    pub(crate) fn withdraw(&mut self, why: &str) {
        self.end(self.trial, why);
        self.trial = None;
    }

    /// The candidate serves alone.
    pub(crate) fn promote(&mut self, revision: u64, how: &str) {
        self.trial = None;
        self.ends(&format!("replaced by revision {revision}, {how}"));
        self.serving = Some(revision);
        self.from_folder = false;
    }

    /// What serves now serves no more, nor what was tried beside it.
    pub(crate) fn ends(&mut self, why: &str) {
        self.withdraw(why);
        let serving = self.serving.take();
        self.end(serving, why);
    }

    fn end(&mut self, revision: Option<u64>, why: &str) {
        let ended = self
            .entries
            .iter_mut()
            .find(|entry| Some(entry.revision) == revision);
        if let Some(entry) = ended {
            entry.ended = Some(why.to_owned());
        }
    }

    pub(crate) fn told(&self) -> Vec<HistoryEntry> {
        let told = self.entries.iter().map(|entry| HistoryEntry {
            revision: entry.revision,
            content: entry.content.clone(),
            at_ms: entry.at_ms,
            by: entry.by.clone(),
            how: entry.how.clone(),
            serving: self.serving == Some(entry.revision),
            candidate: self.trial == Some(entry.revision),
            ended: entry.ended.clone(),
            bytes: entry.takes(),
        });
        told.collect()
    }

    /// Forgets the oldest until at most `most` contents are kept beside the one that serves.
    pub(crate) fn shorten(&mut self, most: usize) {
        let distinct = |past: &Past| past.contents().collect::<BTreeSet<_>>().len();
        while distinct(self) > most + 1 && self.forget() {}
        while self.entries.len() > ENTRIES
            && let Some(at) = self.entries.iter().position(|entry| !self.stays(entry))
        {
            self.entries.remove(at);
        }
    }

    /// Forgets the content that served the longest ago, with all revisions that it was.
    fn forget(&mut self) -> bool {
        let Some(at) = self.oldest() else {
            return false;
        };
        let content = self.entries[at].content.clone();
        self.entries.retain(|entry| entry.content != content);
        true
    }

    /// The last revision of the content that would be forgotten first.
    fn oldest(&self) -> Option<usize> {
        let stays = self.entries.iter().filter(|entry| self.stays(entry));
        let stays: Vec<&Content> = stays.map(|entry| &entry.content).collect();
        (0..self.entries.len()).find(|at| {
            let content = &self.entries[*at].content;
            let later = &self.entries[at + 1..];
            !stays.contains(&content) && later.iter().all(|entry| entry.content != *content)
        })
    }

    /// Whether an entry is never forgotten: it serves, or is what would be enabled.
    fn stays(&self, entry: &Entry) -> bool {
        let stays = self.serving.or(self.newest().map(|newest| newest.revision));
        Some(entry.revision) == stays || Some(entry.revision) == self.trial
    }

    /// What keeping its entries takes, each content counted once.
    fn takes(&self) -> u64 {
        let entries = self.entries.iter().enumerate();
        let first = entries.filter(|(at, entry)| {
            let earlier = &self.entries[..*at];
            !earlier.iter().any(|other| other.content == entry.content)
        });
        first.map(|(_, entry)| entry.takes()).sum()
    }
}

/// Forgets what is oldest over all plugins until the rest takes at most so many bytes; what serves is never forgotten.
pub(crate) fn shrink<'p>(pasts: impl Iterator<Item = &'p mut Past>, bytes: u64) {
    let mut pasts: Vec<&mut Past> = pasts.collect();
    let mut total: u64 = pasts.iter().map(|past| past.takes()).sum();
    while total > bytes {
        let oldest = pasts.iter_mut().filter(|past| past.oldest().is_some());
        let Some(past) = oldest.min_by_key(|past| past.oldest().map(|at| past.entries[at].at_ms))
        else {
            return;
        };
        let before = past.takes();
        past.forget();
        total -= before - past.takes();
    }
}

pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}
