//! What to do about the plugins of a folder, decided from what is seen of their files. No clock and no I/O: the caller
//! looks, reads and applies, and says what came of it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::component::{MINISIG, PARTS};
use crate::config::{NAME_RULE, is_plugin_name};

/// How long a plugin must look the same before it is read, unless its writer has said that it is done.
const WRITE_REST: Duration = Duration::from_millis(200);
/// How long something must be missing before it is taken as removed: editors and copies delete and create.
const REMOVAL_REST: Duration = Duration::from_millis(500);

/// SHA-256 of what a plugin consists of.
pub(super) type Hash = [u8; 32];

/// What changes whenever a file's content may have. Of the folder with static files, `inode` stands for the state of all
/// of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) inode: u64,
    pub(super) bytes: u64,
    /// The time of the last change to content or attributes, in seconds and nanoseconds: no program can set it back.
    pub(super) changed: (i64, i64),
}

/// The state of each of a plugin's [`PARTS`] that is there.
pub(super) type Stats = [Option<Stat>; PARTS.len()];

/// One thing in the folder, links followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    File(Stat),
    /// A folder, and what of a plugin is in it.
    Folder(Stats),
    /// Something that cannot be read, in words.
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
    /// Plugins that never served, and whose files are gone.
    pub(super) forget: Vec<String>,
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
    /// `NAME.wasm`, or `NAME/`.
    place: String,
    /// Its files as last seen, since when, and whether their writer said that it is done.
    stats: Stats,
    since: Instant,
    done: bool,
    /// The state in which they were last read.
    read: Option<Stats>,
    /// The content that was last offered to the host.
    offered: Option<Hash>,
    missing: Option<Instant>,
    /// Offers that the host has not answered yet.
    asked: usize,
    served: bool,
    /// The host refused what it was offered last.
    refused: bool,
    /// The host refused it because of what else is served: worth another try when that changes.
    clashed: bool,
}

impl Files {
    /// Compares the folder with what is known. `done` says of something in it whether its writer has closed it or moved
    /// it in; `most` is how many bytes each of a plugin's [`PARTS`] may have.
    pub(super) fn look(
        &mut self,
        now: Instant,
        listing: &Listing,
        done: impl Fn(&str, &Stat) -> bool,
        most: impl Fn(&str) -> [u64; PARTS.len()],
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
            && !listing
                .iter()
                .any(|(file, entry)| self.is_offer(file, entry))
        {
            let message = "the plugins folder is empty; what was served still is (stop the host to serve nothing)";
            self.tell("", Notice::Warning(message.into()), &mut plan);
            self.expect_all_back();
            return plan;
        }
        self.told.remove("");

        for (file, entry) in listing.iter().filter(|(file, _)| !file.starts_with('.')) {
            let (name, place, stats) = match (entry, file.strip_suffix(".wasm")) {
                (Entry::Folder([None, ..]), _) => {
                    let message = format!(
                        "the folder `{file}/` is left alone: there is no `{}` in it{}",
                        PARTS[0],
                        self.kept(file)
                    );
                    self.tell(file, Notice::Warning(message), &mut plan);
                    continue;
                }
                (Entry::Folder(stats), _) => (file.as_str(), format!("{file}/"), *stats),
                (Entry::File(stat), Some(name)) => {
                    let signature = match listing.get(&format!("{file}{MINISIG}")) {
                        Some(Entry::File(stat)) => Some(*stat),
                        _ => None,
                    };
                    (
                        name,
                        file.clone(),
                        [Some(*stat), None, None, signature, None],
                    )
                }
                (Entry::Other(what), name) if name.is_some() || is_plugin_name(file) => {
                    let message = format!(
                        "`{file}` is not served: it is {what}; put a component in its place{}",
                        self.kept(file)
                    );
                    self.tell(file, Notice::Error(message), &mut plan);
                    continue;
                }
                (Entry::File(_) | Entry::Other(_), _) => continue,
            };
            if !is_plugin_name(name) {
                let message = format!("`{place}` is not served: {NAME_RULE}; rename it");
                self.tell(file, Notice::Error(message), &mut plan);
                continue;
            }
            let alone = format!("{name}.wasm");
            if place != alone
                && matches!(listing.get(&alone), Some(Entry::File(_) | Entry::Other(_)))
            {
                let message = format!(
                    "`{place}` is not served: `{alone}` is there too, and comes first; remove one of them"
                );
                self.tell(file, Notice::Error(message), &mut plan);
                continue;
            }
            let done = stats[0].is_some_and(|component| done(file, &component));
            self.see(now, name, &place, stats, done);
            self.weigh(now, file, name, most(name), &mut plan);
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
        read: &BTreeMap<String, (Stats, Hash)>,
        mut remove: Vec<String>,
    ) -> Offer {
        let mut deploy = Vec::new();
        for (name, (stats, hash)) in read {
            let Some(known) = self.known.get_mut(name) else {
                continue;
            };
            known.read = Some(*stats);
            self.told.remove(known.file());
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

    /// Whether there is something in the folder that is the plugin, or would be if it could be read.
    pub(super) fn is_there(&self, name: &str) -> bool {
        let told = |file: &str| self.told.contains_key(file);
        self.known.contains_key(name) || told(name) || told(&format!("{name}.wasm"))
    }

    /// Where a plugin is, and its files as last seen.
    pub(super) fn place(&self, name: &str) -> Option<(String, Stats)> {
        let known = self.known.get(name)?;
        Some((known.place.clone(), known.stats))
    }

    /// Takes note of a plugin that could not be read, and says so once.
    pub(super) fn unreadable(&mut self, name: &str, why: &str) -> Option<Notice> {
        let known = self.known.get(name)?;
        let (file, place) = (known.file().to_owned(), &known.place);
        let message = format!("`{place}` is not served: {why}{}", self.kept(&file));
        let mut plan = Plan::default();
        self.tell(&file, Notice::Error(message), &mut plan);
        plan.notices.pop()
    }

    /// Takes note of a plugin that changed while it was read: it has to rest first.
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
            known.refused = !served;
            known.clashed = clashed;
        }
    }

    /// What was refused may be served by now: it is read and offered once more.
    pub(super) fn reconsider(&mut self) {
        for known in self.known.values_mut() {
            if known.refused || known.offered.is_none() {
                (known.read, known.offered) = (None, None);
            }
        }
    }

    /// A plugin is there: in the state it was, or in another since now.
    fn see(&mut self, now: Instant, name: &str, place: &str, stats: Stats, done: bool) {
        let known = self.known.entry(name.into()).or_insert(Known {
            place: place.into(),
            stats,
            since: now,
            done,
            read: None,
            offered: None,
            missing: None,
            asked: 0,
            served: false,
            refused: false,
            clashed: false,
        });
        if known.stats != stats || known.place != place {
            (known.stats, known.since, known.done) = (stats, now, false);
            known.place = place.into();
        }
        known.done |= done;
    }

    /// Whether a plugin that is there should be read now, later or not.
    fn weigh(
        &mut self,
        now: Instant,
        file: &str,
        name: &str,
        most: [u64; PARTS.len()],
        plan: &mut Plan,
    ) {
        let known = &self.known[name];
        if known.read == Some(known.stats) {
            return;
        }
        // Without its document a plugin serves something else: no editor's dance may do that.
        let lacks = |read: &Stats| {
            (read.iter().zip(&known.stats)).any(|(was, is)| was.is_some() && is.is_none())
        };
        let rest = match known.read.as_ref().is_some_and(lacks) {
            true => REMOVAL_REST,
            false => WRITE_REST,
        };
        let rested = known.since + rest;
        if !known.done && now < rested {
            plan.again = plan.again.into_iter().chain([rested]).min();
            return;
        }
        for (part, (stat, most)) in known.stats.iter().zip(most).enumerate() {
            let bytes = stat.map_or(0, |stat| stat.bytes);
            if bytes <= most {
                continue;
            }
            let place = match known.place.ends_with('/') {
                true => format!("{}{}", known.place, PARTS[part]),
                false => known.place.clone(),
            };
            let (limit, advice) = match part {
                0 => (
                    "`limits.component_bytes` allows",
                    "; build it for release and stripped, or raise the limit",
                ),
                1 => ("`limits.contract_bytes` allows", "; raise the limit"),
                3 => ("`limits.files_bytes` allows", "; raise the limit"),
                _ => ("settings may have", ""),
            };
            let message = format!(
                "`{place}` is not served: it has {bytes} bytes, and {limit} {most}{advice}{}",
                self.kept(file)
            );
            self.tell(file, Notice::Error(message), plan);
            return;
        }
        plan.read.push(name.into());
    }

    /// Which plugins are gone for long enough.
    fn miss(&mut self, now: Instant, listing: &BTreeMap<String, Entry>, plan: &mut Plan) {
        self.known.retain(|name, known| {
            if listing.contains_key(known.file()) {
                known.missing = None;
                return true;
            }
            let rested = *known.missing.get_or_insert(now) + REMOVAL_REST;
            if known.asked > 0 {
                // Once the host has answered, it is known whether there is something to remove.
                return true;
            }
            if !known.served {
                plan.forget.push(name.clone());
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

    /// What to add to a refusal of what is there.
    fn kept(&self, file: &str) -> &'static str {
        let mut served = self.known.values().filter(|known| known.served);
        match served.any(|known| known.file() == file) {
            true => "; what was served before still is",
            false => "",
        }
    }

    /// Whether something looks like a plugin, well named or not.
    fn is_offer(&self, file: &str, entry: &Entry) -> bool {
        if file.starts_with('.') {
            return false;
        }
        match entry {
            Entry::File(_) => file.ends_with(".wasm"),
            Entry::Folder([Some(_), ..]) => true,
            Entry::Folder([None, ..]) => self.known.values().any(|known| known.file() == file),
            Entry::Other(_) => file.ends_with(".wasm") || is_plugin_name(file),
        }
    }

    fn tell(&mut self, file: &str, notice: Notice, plan: &mut Plan) {
        if self.told.get(file) != Some(&notice) {
            self.told.insert(file.into(), notice.clone());
            plan.notices.push(notice);
        }
    }
}

impl Known {
    /// The file or folder that it is, by the name that it has in the listing.
    fn file(&self) -> &str {
        self.place.trim_end_matches('/')
    }
}

#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;
