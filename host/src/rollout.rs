//! A candidate beside what serves: which requests it gets, and how it comes to serve alone or goes.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use http::request::Parts;
use http::{HeaderName, header};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use crate::cookie;
use crate::error::{Error, ErrorKind};
use crate::identity::Peer;
use crate::revision::Revision;
use crate::router::{Route, Router};
use crate::shadow::Compared;

/// Which requests a candidate gets.
///
/// ```
/// let tenth: switchback::Rollout = serde_json::from_str(r#"{"percent": 10, "sticky": "cookie:session"}"#).unwrap();
/// assert!(tenth.promote);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rollout {
    /// The part of requests that it gets, 0 to 100; with `shadow`, the part that is copied to it.
    pub percent: f64,
    /// By what a client is known, so that it stays with one of the two: `header:NAME`, `cookie:NAME` or `peer` (its address).
    /// Who lacks it gets what serves already. None: each request by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sticky: Option<String>,
    /// Requests with this header and value (`x-try: yes`) get the candidate whatever the percentage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// It answers nobody: requests that are safe (GET, HEAD) are copied to it once they are answered, and its answers are
    /// compared with those that were sent.
    pub shadow: bool,
    /// In shadow: members of JSON answers that may differ, as JSON pointers (`/at`, `/items/*/id`).
    pub ignore: Vec<String>,
    /// Whether it comes to serve alone when its time (`probation.window_ms`) is over and it does no worse. A shadow never does.
    pub promote: bool,
}

impl Default for Rollout {
    fn default() -> Rollout {
        Rollout {
            percent: 10.0,
            sticky: None,
            header: None,
            shadow: false,
            ignore: Vec::new(),
            promote: true,
        }
    }
}

/// Copies that may run at once: what is for comparison must not crowd out what is asked for.
const SHADOWS: usize = 2;

/// A candidate that is served beside a plugin's stable revision.
pub(crate) struct Candidate {
    pub(crate) revision: Arc<Revision>,
    /// Its own operations, by their places in its contract.
    pub(crate) router: Router<usize>,
    pub(crate) rollout: Rollout,
    share: Share,
    /// Of copies.
    pub(crate) shadows: Arc<Semaphore>,
    pub(crate) compared: Arc<Compared>,
}

struct Share {
    /// Of 2³².
    part: u64,
    sticky: Option<Sticky>,
    testers: Option<(HeaderName, String)>,
    turn: AtomicU64,
}

enum Sticky {
    Header(HeaderName),
    Cookie(String),
    Peer,
}

const WHOLE: u64 = 1 << 32;

impl Candidate {
    /// # Errors
    ///
    /// The rollout cannot be read, in words.
    pub(crate) fn new(revision: Arc<Revision>, rollout: Rollout) -> Result<Candidate, Error> {
        let operations = revision.code.contract.routed();
        let router = Router::new(operations.map(|(target, operation)| Route {
            plugin: &revision.name,
            prefix: &revision.prefix,
            method: operation.method.clone(),
            path: &operation.path,
            template: &operation.template,
            target,
        }))
        .map_err(|clash| Error::new(ErrorKind::Clash, clash.to_string()))?;
        Ok(Candidate {
            share: Share::read(&rollout)?,
            shadows: Arc::new(Semaphore::new(SHADOWS)),
            compared: Arc::default(),
            revision,
            router,
            rollout,
        })
    }

    /// The same candidate under other rules.
    pub(crate) fn under(&self, rollout: Rollout) -> Result<Candidate, Error> {
        Candidate::new(self.revision.clone(), rollout)
    }

    /// Whether it answers a request that is for its plugin.
    pub(crate) fn takes(&self, head: &Parts, peer: Option<Peer>) -> bool {
        !self.rollout.shadow && self.share.takes(head, peer)
    }

    /// Whether a request is copied to it.
    pub(crate) fn watches(&self, head: &Parts, peer: Option<Peer>) -> bool {
        self.rollout.shadow && self.share.takes(head, peer)
    }
}

impl Share {
    fn read(rollout: &Rollout) -> Result<Share, Error> {
        let wrong = |what: String| Error::new(ErrorKind::Config, what);
        if !(0.0..=100.0).contains(&rollout.percent) {
            let percent = rollout.percent;
            return Err(wrong(format!(
                "`percent` is {percent}; it must be 0 to 100"
            )));
        }
        let name = |text: &str| {
            HeaderName::try_from(text).map_err(|_| wrong(format!("`{text}` is no header's name")))
        };
        let sticky = match rollout.sticky.as_deref().map(|text| text.split_once(':')) {
            None => None,
            Some(Some(("header", header))) => Some(Sticky::Header(name(header)?)),
            Some(Some(("cookie", cookie))) => Some(Sticky::Cookie(cookie.to_owned())),
            Some(_) if rollout.sticky.as_deref() == Some("peer") => Some(Sticky::Peer),
            Some(_) => {
                return Err(wrong(
                    "`sticky` is `header:NAME`, `cookie:NAME` or `peer`".into(),
                ));
            }
        };
        let testers = match &rollout.header {
            None => None,
            Some(text) => {
                let (header, value) = text
                    .split_once(':')
                    .ok_or_else(|| wrong("`header` is a name and a value: `x-try: yes`".into()))?;
                Some((name(header.trim())?, value.trim().to_owned()))
            }
        };
        Ok(Share {
            part: (rollout.percent / 100.0 * WHOLE as f64) as u64,
            sticky,
            testers,
            turn: AtomicU64::new(0),
        })
    }

    fn takes(&self, head: &Parts, peer: Option<Peer>) -> bool {
        if let Some((name, value)) = &self.testers
            && head.headers.get(name).is_some_and(|sent| sent == value)
        {
            return true;
        }
        let place = match &self.sticky {
            // In turns that are spread evenly: of any hundred requests, as many as the percentage says.
            None => self.turn.fetch_add(1, Relaxed).wrapping_mul(0x9E37_79B9) % WHOLE,
            Some(Sticky::Header(name)) => match head.headers.get(name) {
                Some(value) => hash(value.as_bytes()),
                None => return false,
            },
            Some(Sticky::Cookie(wanted)) => {
                let sent = head.headers.get_all(header::COOKIE).iter();
                let sent = sent.filter_map(|value| value.to_str().ok());
                let mut pairs = sent.flat_map(cookie::parse);
                match pairs.find(|(name, _)| name == wanted) {
                    Some((_, value)) => hash(value.as_bytes()),
                    None => return false,
                }
            }
            Some(Sticky::Peer) => match peer.map(|Peer(address)| address.ip()) {
                Some(IpAddr::V4(address)) => hash(&address.octets()),
                Some(IpAddr::V6(address)) => hash(&address.octets()),
                None => return false,
            },
        };
        place < self.part
    }
}

/// Where of 2³² a client stands: the same for each host and after each start (FNV-1a, its halves folded).
fn hash(key: &[u8]) -> u64 {
    let hash = key.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    (hash ^ (hash >> 32)) % WHOLE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(rollout: &Rollout) -> Share {
        Share::read(rollout).unwrap()
    }

    fn head(headers: &[(&str, &str)]) -> Parts {
        let request = headers
            .iter()
            .fold(http::Request::get("/"), |request, (name, value)| {
                request.header(*name, *value)
            });
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn of_any_thousand_requests_as_many_are_taken_as_the_percentage_says() {
        for percent in [0.0, 0.5, 10.0, 33.0, 99.0, 100.0] {
            let share = share(&Rollout {
                percent,
                ..Rollout::default()
            });
            let taken = (0..1_000).filter(|_| share.takes(&head(&[]), None)).count();
            let wanted = percent * 10.0;
            assert!((taken as f64 - wanted).abs() <= 3.0, "{percent}: {taken}");
        }
    }

    #[test]
    fn who_is_known_stays_with_one_and_who_is_not_with_what_serves() {
        for (sticky, name, value) in [
            ("header:x-user", "x-user", "N"),
            ("cookie:sid", "cookie", "a=b; sid=N"),
        ] {
            let share = share(&Rollout {
                percent: 30.0,
                sticky: Some(sticky.into()),
                ..Rollout::default()
            });
            let takes = |user: u32| {
                share.takes(
                    &head(&[(name, &value.replace('N', &format!("user-{user}")))]),
                    None,
                )
            };
            let taken = (0..2_000).filter(|user| takes(*user)).count();
            assert!((500..700).contains(&taken), "{sticky}: {taken}");
            assert!((0..100).all(|user| takes(user) == takes(user)));
            assert!(!share.takes(&head(&[]), None));
        }
    }

    #[test]
    fn testers_get_it_whatever_the_percentage() {
        let share = share(&Rollout {
            percent: 0.0,
            header: Some("x-try: yes".into()),
            ..Rollout::default()
        });
        assert!(share.takes(&head(&[("x-try", "yes")]), None));
        assert!(!share.takes(&head(&[("x-try", "no")]), None));
    }

    #[test]
    fn rules_that_mean_nothing_are_refused_in_words() {
        for (rollout, words) in [
            (r#"{"percent": 101}"#, "`percent` is 101"),
            (r#"{"sticky": "session"}"#, "`sticky` is `header:NAME`"),
            (r#"{"sticky": "header:not a name"}"#, "no header's name"),
            (r#"{"header": "x-try"}"#, "`header` is a name and a value"),
        ] {
            let rollout = serde_json::from_str(rollout).unwrap();
            let error = Share::read(&rollout).err().unwrap().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
