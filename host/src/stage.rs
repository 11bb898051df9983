//! What each change comes to, before the next set is built of all of them.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use crate::api::{Api, Served};
use crate::book::{Book, Books};
use crate::change::{Deployed, Ready, closed};
use crate::error::{Error, ErrorKind};
use crate::history::{How, New};
use crate::host::Inner;
use crate::load::Loaded;
use crate::revision::{Revision, Ties};
use crate::rollout::Candidate;

/// A plugin as the next set has it; none where it goes.
pub(crate) struct Staged {
    pub(crate) served: Option<Served>,
    pub(crate) noted: Noted,
}

/// What its history is told once that is served.
pub(crate) enum Noted {
    Nothing,
    /// It ends: its file is gone.
    FileGone,
    /// It ends, as somebody wants it.
    Removed,
    /// It ends, and is not served again until it is enabled.
    Disabled,
    Serves {
        new: New,
        /// It served before the host started.
        resumed: bool,
    },
    /// A candidate begins.
    Tried(New),
    /// The candidate gets other requests.
    Weighed,
    /// The candidate serves alone from now on.
    Promoted(String),
    /// The candidate is gone, in words.
    Withdrawn(String),
}

const STAYS: &str = "its file is gone from the plugins folder, and it serves on: what serves was deployed or promoted by other means, \
                     and is removed by them (`DELETE /plugins/NAME`, `switchback disable`)";
const DISABLED: &str = "it is disabled: this is kept, and serves once it is enabled";

impl Inner {
    /// One change, as far as it can be carried out without knowing of the others.
    pub(crate) fn stage(
        &self,
        books: &mut Books,
        api: &Api,
        who: &str,
        name: &Arc<str>,
        turn: u64,
        ready: Result<Ready, Error>,
    ) -> Result<(Deployed, Option<Staged>), Error> {
        let ready = ready?;
        if self.closed.load(Relaxed) {
            return Err(closed());
        }
        let book = books.of(name, &self.lane);
        if book.done > turn {
            return Err(superseded(format!(
                "a newer change of plugin `{name}` came before this one was ready"
            )));
        }
        let stable = api.find(name);
        let candidate = api.candidate(name);
        let done = |revision| Deployed {
            revision,
            warnings: Vec::new(),
        };
        let unknown = |what: String| Error::new(ErrorKind::NotFound, what);
        let not_served = || unknown(format!("no plugin `{name}` is served"));
        let stage = |served, noted| Some(Staged { served, noted });
        let staged = match ready {
            Ready::Same(why) => {
                let mut same = done(stable.map_or(book.past.number, |stable| stable.number));
                same.warnings.push(why.into());
                (same, None)
            }
            // Its file goes while it is disabled.
            // The operator's: what lies in the folder has no say in it until it changes.
            Ready::FileGone if stable.is_some() && !book.past.from_folder => {
                (book.past.aside, book.past.offered) = (None, None);
                let mut deployed = done(stable.map_or(0, |stable| stable.number));
                deployed.warnings.push(STAYS.into());
                (deployed, None)
            }
            Ready::Gone | Ready::FileGone if book.past.disabled => (done(book.past.number), None),
            Ready::Off if book.past.disabled => {
                return Err(unknown(format!("plugin `{name}` is disabled already")));
            }
            Ready::Gone => {
                let stable = stable.ok_or_else(not_served)?;
                (done(stable.number), stage(None, Noted::Removed))
            }
            Ready::FileGone => {
                let stable = stable.ok_or_else(not_served)?;
                (done(stable.number), stage(None, Noted::FileGone))
            }
            Ready::Off => {
                let stable = stable.ok_or_else(not_served)?;
                (done(stable.number), stage(None, Noted::Disabled))
            }
            Ready::Plugin(loaded) => {
                let serving = stable.map(|stable| stable.number);
                if loaded.replaces.is_some_and(|it| serving != Some(it)) {
                    return Err(superseded(format!(
                        "plugin `{name}` was changed in the meantime"
                    )));
                }
                let (resumed, new) = (loaded.resumes.is_some(), New::of(&loaded, who));
                let number = loaded.resumes.unwrap_or(book.past.number + 1);
                let mut deployed = done(number);
                deployed.warnings.clone_from(&loaded.code.contract.warnings);
                deployed.warnings.extend(loaded.warnings.iter().cloned());
                if book.past.disabled && loaded.how == How::Deployed {
                    book.past.note(number, new, Some("disabled".into()));
                    deployed.warnings.push(DISABLED.into());
                    (deployed, None)
                } else {
                    book.past.number = number.max(book.past.number);
                    let served = Served {
                        stable: self.revision(book, name, number, *loaded),
                        candidate: None,
                    };
                    (
                        deployed,
                        stage(Some(served), Noted::Serves { new, resumed }),
                    )
                }
            }
            Ready::Candidate(loaded, rollout) => {
                let stable = stable.ok_or_else(|| {
                    unknown(format!(
                        "no plugin `{name}` is served that it could be tried beside: deploy it"
                    ))
                })?;
                let new = New::of(&loaded, who);
                let number = book.past.number + 1;
                let mut deployed = done(number);
                deployed.warnings.clone_from(&loaded.code.contract.warnings);
                deployed.warnings.extend(loaded.warnings.iter().cloned());
                let revision = self.revision(book, name, number, *loaded);
                let served = Served {
                    stable: stable.clone(),
                    candidate: Some(Arc::new(Candidate::new(revision, rollout)?)),
                };
                book.past.number = number;
                (deployed, stage(Some(served), Noted::Tried(new)))
            }
            Ready::Trial(change, expected) => {
                let stable = stable.ok_or_else(not_served)?.clone();
                let candidate = candidate
                    .ok_or_else(|| unknown(format!("plugin `{name}` has no candidate")))?;
                let number = candidate.revision.number;
                if expected.is_some_and(|expected| expected != number) {
                    return Err(superseded(format!(
                        "the candidate of plugin `{name}` was changed in the meantime"
                    )));
                }
                let (served, noted) = change.of(stable, candidate)?;
                (done(number), stage(Some(served), noted))
            }
        };
        book.done = turn;
        Ok(staged)
    }

    pub(crate) fn revision(
        &self,
        book: &mut Book,
        name: &Arc<str>,
        number: u64,
        loaded: Loaded,
    ) -> Arc<Revision> {
        let ties = Ties {
            lanes: book.lanes.clone(),
            hits: book.hits.clone(),
            limiter: book.limiter(&loaded.terms.limits),
        };
        let revision = Revision::new(
            name.clone(),
            number,
            loaded.terms,
            loaded.code,
            ties,
            &self.commons,
        );
        let mut warm = loaded.warm;
        for instance in warm.take() {
            revision.pool.welcome(instance);
        }
        revision
    }
}

fn superseded(what: String) -> Error {
    Error::new(ErrorKind::Superseded, what)
}

impl New {
    fn of(loaded: &Loaded, who: &str) -> New {
        New {
            content: loaded.content.clone(),
            by: who.into(),
            how: loaded.how.clone(),
            prefix: loaded.prefix.clone(),
            bytes: loaded.bytes,
            code: loaded.code.clone(),
            settings: loaded.settings.clone(),
            files: loaded.files.clone(),
        }
    }
}
