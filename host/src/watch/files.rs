//! What to do about the files of a plugins folder, decided from what is seen of them. No clock and no I/O: the
//! caller looks, reads and applies, and says what came of it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::config::{NAME_RULE, is_plugin_name};

/// How long a file must look the same before it is read, unless its writer has said that it is done.
const WRITE_REST: Duration = Duration::from_millis(200);
/// How long a file must be missing before its plugin goes: editors and copies delete and create.
const REMOVAL_REST: Duration = Duration::from_millis(500);

/// SHA-256 of a file's content.
pub(super) type Hash = [u8; 32];

/// What changes whenever a file's content may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) inode: u64,
    pub(super) bytes: u64,
    /// The time of the last change to content or attributes, in seconds and nanoseconds: no program can set it back.
    pub(super) changed: (i64, i64),
}

/// One thing in the folder, links followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    File(Stat),
    Folder,
    /// Something that cannot be read as a file, in words.
    Other(String),
}

/// What is in the folder, by file name; or why that cannot be known.
pub(super) type Listing = Result<BTreeMap<String, Entry>, String>;

/// Something to tell the operator, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    Warning(String),
    Error(String),
}

/// What to do after a look.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// Plugins whose files are to be read.
    pub(super) read: Vec<String>,
    /// Plugins whose files have been gone for long enough.
    pub(super) remove: Vec<String>,
    pub(super) notices: Vec<Notice>,
    /// When to look again because something has to rest until then.
    pub(super) again: Option<Instant>,
}

/// What was read, and what the host is to be told.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) deploy: Vec<String>,
    pub(super) remove: Vec<String>,
}

/// The folder's files as far as they are known.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// By plugin.
    known: BTreeMap<String, Known>,
    /// What was said last about a file, so that it is said once; about the folder under the empty name.
    told: BTreeMap<String, Notice>,
}

#[derive(Debug)]
struct Known {
    /// The file as last seen, since when, and whether its writer said that it is done.
    stat: Stat,
    since: Instant,
    done: bool,
    /// The state in which it was last read, or found not to be readable.
    read: Option<Stat>,
    /// The content that was last offered to the host.
    offered: Option<Hash>,
    missing: Option<Instant>,
    /// Offers that the host has not answered yet.
    asked: usize,
    served: bool,
    /// The host refused it because of what else is served: worth another try when that changes.
    clashed: bool,
}

impl Files {
    /// Compares the folder with what is known. `done` says of a file whether its writer has closed it or moved it in;
    /// `limit` is the most bytes that a plugin's file may have.
    pub(super) fn look(
        &mut self,
        now: Instant,
        listing: &Listing,
        done: impl Fn(&str, &Stat) -> bool,
        limit: impl Fn(&str) -> u64,
    ) -> Plan {
        let mut plan = Plan::default();
        let listing = match listing {
            Ok(listing) => listing,
            Err(why) => {
                let message =
                    format!("the plugins folder cannot be read: {why}; what was served still is");
                self.tell("", Notice::Error(message), &mut plan);
                self.expect_all_back();
                return plan;
            }
        };
        self.told
            .retain(|file, _| file.is_empty() || listing.contains_key(file));
        if self.known.values().any(|known| known.served)
            && !listing.iter().any(|(file, entry)| is_offer(file, entry))
        {
            let message = "the plugins folder is empty; what was served still is (stop the host to serve nothing)";
            self.tell("", Notice::Warning(message.into()), &mut plan);
            self.expect_all_back();
            return plan;
        }
        self.told.remove("");

        for (file, entry) in listing.iter().filter(|(file, _)| !file.starts_with('.')) {
            match (entry, file.strip_suffix(".wasm")) {
                (Entry::Folder, _) => {
                    let message = format!(
                        "the folder `{file}` is left alone: a plugin is one file, `NAME.wasm`"
                    );
                    self.tell(file, Notice::Warning(message), &mut plan);
                }
                (_, None) => {}
                (_, Some(name)) if !is_plugin_name(name) => {
                    let message = format!("`{file}` is not served: {NAME_RULE}; rename the file");
                    self.tell(file, Notice::Error(message), &mut plan);
                }
                (Entry::Other(what), Some(name)) => {
                    let message = format!(
                        "`{file}` is not served: it is {what}; put a component in its place"
                    );
                    self.tell(file, Notice::Error(message), &mut plan);
                    if let Some(known) = self.known.get_mut(name) {
                        known.missing = None;
                    }
                }
                (Entry::File(stat), Some(name)) => {
                    self.see(now, name, *stat, done(file, stat));
                    self.weigh(now, file, name, limit(name), &mut plan);
                }
            }
        }
        self.miss(now, listing, &mut plan);
        if !plan.read.is_empty() || !plan.remove.is_empty() {
            // What stood in their way may be about to go, and then all of it is one change.
            let clashed = self
                .known
                .iter()
                .filter(|(name, known)| known.clashed && !plan.read.contains(name));
            let clashed: Vec<String> = clashed.map(|(name, _)| name.clone()).collect();
            plan.read.extend(clashed);
        }
        plan
    }

    /// Takes note of what was read, and says what the host should be told: only what it was not told before.
    pub(super) fn offer(
        &mut self,
        read: &BTreeMap<String, (Stat, Hash)>,
        mut remove: Vec<String>,
    ) -> Offer {
        let mut deploy = Vec::new();
        for (name, (stat, hash)) in read {
            let Some(known) = self.known.get_mut(name) else {
                continue;
            };
            known.read = Some(*stat);
            self.told.remove(&format!("{name}.wasm"));
            if known.offered != Some(*hash) {
                known.offered = Some(*hash);
                deploy.push(name.clone());
            }
        }
        // A file that was renamed: the plugin of the old name makes room for the new one in the same step.
        for name in &deploy {
            let content = self.known[name].offered;
            let renamed = self.known.iter().filter(|(_, old)| {
                old.missing.is_some() && old.offered == content && old.asked == 0
            });
            let renamed: Vec<String> = renamed
                .map(|(old, _)| old.clone())
                .filter(|old| !remove.contains(old))
                .collect();
            remove.extend(renamed);
        }
        if !deploy.is_empty() || !remove.is_empty() {
            let again = read
                .keys()
                .filter(|name| !deploy.contains(name) && self.known[*name].clashed);
            let again: Vec<String> = again.cloned().collect();
            deploy.extend(again);
        }
        for name in &deploy {
            if let Some(known) = self.known.get_mut(name) {
                known.asked += 1;
            }
        }
        for name in &remove {
            self.known.remove(name);
        }
        Offer { deploy, remove }
    }

    /// Takes note of a file that could not be read, and says so once.
    pub(super) fn unreadable(&mut self, name: &str, why: &str) -> Option<Notice> {
        let file = format!("{name}.wasm");
        let kept = if self.known.get(name).is_some_and(|known| known.served) {
            "; what was served before still is"
        } else {
            ""
        };
        let mut plan = Plan::default();
        self.tell(
            &file,
            Notice::Error(format!("`{file}` is not served: {why}{kept}")),
            &mut plan,
        );
        plan.notices.pop()
    }

    /// Takes note of a file that changed while it was read: it has to rest first.
    pub(super) fn unsettled(&mut self, now: Instant, name: &str) {
        if let Some(known) = self.known.get_mut(name) {
            (known.since, known.done) = (now, false);
        }
    }

    /// Takes note of what the host said to an offered plugin.
    pub(super) fn answered(&mut self, name: &str, served: bool, clashed: bool) {
        if let Some(known) = self.known.get_mut(name) {
            known.asked = known.asked.saturating_sub(1);
            known.served |= served;
            known.clashed = clashed;
        }
    }

    /// A file is there: in the state it was, or in another since now.
    fn see(&mut self, now: Instant, name: &str, stat: Stat, done: bool) {
        let known = self.known.entry(name.into()).or_insert(Known {
            stat,
            since: now,
            done,
            read: None,
            offered: None,
            missing: None,
            asked: 0,
            served: false,
            clashed: false,
        });
        known.missing = None;
        if known.stat != stat {
            (known.stat, known.since, known.done) = (stat, now, false);
        }
        known.done |= done;
    }

    /// Whether a file that is there should be read now, later or not.
    fn weigh(&mut self, now: Instant, file: &str, name: &str, limit: u64, plan: &mut Plan) {
        let known = &self.known[name];
        let rested = known.since + WRITE_REST;
        if known.read == Some(known.stat) {
            return;
        }
        if !known.done && now < rested {
            plan.again = plan.again.into_iter().chain([rested]).min();
            return;
        }
        let bytes = known.stat.bytes;
        if bytes > limit {
            let message = format!(
                "`{file}` is not served: it has {bytes} bytes, and `limits.component_bytes` allows {limit}; \
                 build it for release and stripped, or raise the limit"
            );
            self.tell(file, Notice::Error(message), plan);
        } else {
            plan.read.push(name.into());
        }
    }

    /// Which plugins' files are gone for long enough.
    fn miss(&mut self, now: Instant, listing: &BTreeMap<String, Entry>, plan: &mut Plan) {
        self.known.retain(|name, known| {
            if listing.contains_key(&format!("{name}.wasm")) {
                return true;
            }
            let rested = *known.missing.get_or_insert(now) + REMOVAL_REST;
            if known.asked > 0 {
                // Once the host has answered, it is known whether there is something to remove.
                return true;
            }
            if !known.served {
                return false;
            }
            if now < rested {
                plan.again = plan.again.into_iter().chain([rested]).min();
            } else {
                plan.remove.push(name.clone());
            }
            true
        });
    }

    /// The folder as a whole is in no state to conclude that a single file was removed.
    fn expect_all_back(&mut self) {
        for known in self.known.values_mut() {
            known.missing = None;
        }
    }

    fn tell(&mut self, file: &str, notice: Notice, plan: &mut Plan) {
        if self.told.get(file) != Some(&notice) {
            self.told.insert(file.into(), notice.clone());
            plan.notices.push(notice);
        }
    }
}

/// Whether something looks like a plugin, well named or not.
fn is_offer(file: &str, entry: &Entry) -> bool {
    *entry != Entry::Folder && !file.starts_with('.') && file.ends_with(".wasm")
}

#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;
