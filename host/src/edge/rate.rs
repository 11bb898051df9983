//! How often one client may ask: a bucket of tokens for each, refilled all the time. A request takes one.
//!
//! There are so many buckets and no more. A client without one takes that of whoever would be the first to have all
//! tokens back, so that a crowd of new addresses pushes out itself before those who ask often.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::config::{HostConfig, Limits};
use crate::identity::Peer;

/// Buckets of one limiter: 1 MiB, and more clients than one host has at once.
const BUCKETS: usize = 64 << 10;
/// Locks, so that cores seldom meet.
const SHARDS: usize = 64;
/// Buckets among which a client's is looked for.
const WAYS: usize = 8;

static RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");
static RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// So many requests in so much time, for each client.
#[derive(Debug)]
pub(crate) struct Limiter {
    /// `"host"` or `"plugin"`: how the headers name it.
    name: &'static str,
    requests: u64,
    window_s: u64,
    /// The header by whose value clients are told apart; none: by their addresses.
    key: Option<HeaderName>,
    /// The time in which one token comes back, in nanoseconds.
    interval: u64,
    began: Instant,
    /// Secret, so that nobody can find values that share a bucket.
    hasher: RandomState,
    shards: Box<[Mutex<Box<[Bucket]>>]>,
}

/// Of one client.
#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    /// A hash of who it is; who that was is not kept.
    client: u64,
    /// When it will be full, in nanoseconds since the limiter began: all that has to be known of it.
    full_at: u64,
}

/// What a request found in its bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quota {
    name: &'static str,
    requests: u64,
    window_s: u64,
    /// Tokens that are left.
    remaining: u64,
    /// Until all are back.
    full_in: Duration,
    /// Until the next is there, if there was none.
    pub(crate) wait: Option<Duration>,
}

impl Limiter {
    /// None if there is no limit.
    pub(crate) fn of_host(host: &HostConfig) -> Option<Limiter> {
        Limiter::new(
            "host",
            host.rate_requests,
            host.rate_window_s,
            &host.rate_key,
        )
    }

    /// The same of a plugin.
    pub(crate) fn of_plugin(limits: &Limits) -> Option<Limiter> {
        let Limits {
            rate_requests,
            rate_window_s,
            rate_key,
            ..
        } = limits;
        Limiter::new("plugin", *rate_requests, *rate_window_s, rate_key)
    }

    /// Whether it is what these limits ask for.
    pub(crate) fn is_of(&self, limits: &Limits) -> bool {
        self.counts(limits.rate_requests, limits.rate_window_s, &limits.rate_key)
    }

    /// The same of the host's.
    pub(crate) fn is_of_host(&self, host: &HostConfig) -> bool {
        self.counts(host.rate_requests, host.rate_window_s, &host.rate_key)
    }

    fn counts(&self, requests: u64, window_s: u64, key: &str) -> bool {
        let own = self.key.as_ref().map_or("", HeaderName::as_str);
        (self.requests, self.window_s) == (requests, window_s) && own.eq_ignore_ascii_case(key)
    }

    /// `key` is empty or the name of a header.
    fn new(name: &'static str, requests: u64, window_s: u64, key: &str) -> Option<Limiter> {
        let interval = (window_s * 1_000_000_000).checked_div(requests)?;
        let shard = || Mutex::new(vec![Bucket::default(); BUCKETS / SHARDS].into());
        Some(Limiter {
            name,
            requests,
            window_s,
            key: HeaderName::from_bytes(key.as_bytes()).ok(),
            interval: interval.max(1),
            began: Instant::now(),
            hasher: RandomState::new(),
            shards: std::iter::repeat_with(shard).take(SHARDS).collect(),
        })
    }

    /// Takes a token of whoever asks.
    pub(crate) fn take(&self, headers: &HeaderMap, peer: Option<Peer>) -> Quota {
        let now = self.began.elapsed().as_nanos() as u64;
        self.take_at(now, self.client(headers, peer))
    }

    /// A hash of who asks. Who leaves the header away is told by address, or it would be the way around the limit.
    fn client(&self, headers: &HeaderMap, peer: Option<Peer>) -> u64 {
        let value = self.key.as_ref().and_then(|key| headers.get(key));
        match (value, peer) {
            (Some(value), _) => self.hasher.hash_one(value.as_bytes()),
            (None, Some(Peer(address))) => self.hasher.hash_one(network(address.ip())),
            (None, None) => self.hasher.hash_one(0_u128),
        }
    }

    fn take_at(&self, now: u64, client: u64) -> Quota {
        let shard = &self.shards[(client as usize) % SHARDS];
        let mut buckets = shard.lock().expect("nothing panics with this lock");
        let sets = buckets.len() / WAYS;
        let set = (client as usize / SHARDS) % sets * WAYS;
        let set = &mut buckets[set..set + WAYS];
        let known = set.iter_mut().position(|bucket| bucket.client == client);
        let place = known.unwrap_or_else(|| {
            let first = (0..WAYS).min_by_key(|at| set[*at].full_at).unwrap_or(0);
            set[first] = Bucket { client, full_at: 0 };
            first
        });
        let bucket = &mut set[place];

        let whole = self.interval * self.requests;
        let missing = bucket.full_at.saturating_sub(now);
        let after = missing + self.interval;
        let (missing, wait) = match after.checked_sub(whole) {
            None | Some(0) => {
                bucket.full_at = now + after;
                (after, None)
            }
            Some(too_much) => (missing, Some(Duration::from_nanos(too_much))),
        };
        Quota {
            name: self.name,
            requests: self.requests,
            window_s: self.window_s,
            // Another core's clock may have been a little ahead.
            remaining: whole.saturating_sub(missing) / self.interval,
            full_in: Duration::from_nanos(missing),
            wait,
        }
    }
}

/// An address as far as it tells clients apart: of IPv6 the first 64 bits, since whoever has one has all that begin so.
fn network(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits() & !u128::from(u64::MAX),
    }
}

/// Tells a client what it has left, by draft-ietf-httpapi-ratelimit-headers.
pub(crate) fn tell(quotas: &[Quota], headers: &mut HeaderMap) {
    let list = |write: &dyn Fn(&Quota) -> String| {
        let items: Vec<String> = quotas.iter().map(write).collect();
        HeaderValue::try_from(items.join(", ")).expect("names and numbers")
    };
    headers.insert(
        RATELIMIT_POLICY.clone(),
        list(&|one| format!("\"{}\";q={};w={}", one.name, one.requests, one.window_s)),
    );
    let full_in = |one: &Quota| seconds(one.full_in);
    headers.insert(
        RATELIMIT.clone(),
        list(&|one| format!("\"{}\";r={};t={}", one.name, one.remaining, full_in(one))),
    );
}

/// Whole seconds after which it is surely over.
pub(crate) fn seconds(time: Duration) -> u64 {
    time.as_nanos().div_ceil(1_000_000_000) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn of(requests: u64, window_s: u64) -> Limiter {
        Limiter::new("host", requests, window_s, "").expect("a limit")
    }

    fn peer(address: &str) -> Option<Peer> {
        Some(Peer(format!("{address}:1").parse().expect("an address")))
    }

    #[test]
    fn a_bucket_gives_what_it_holds_and_then_what_comes_back() {
        let limiter = of(3, 6);
        let found: Vec<_> = [0, 0, 0, 0, 1, 2, 2, 3, 9]
            .map(|at| {
                let quota = limiter.take_at(at * SECOND, 7);
                (
                    quota.remaining,
                    seconds(quota.full_in),
                    quota.wait.map(seconds),
                )
            })
            .into();
        assert_eq!(
            found,
            [
                (2, 2, None),
                (1, 4, None),
                (0, 6, None),
                (0, 6, Some(2)),
                (0, 5, Some(1)),
                (0, 6, None),
                (0, 6, Some(2)),
                (0, 5, Some(1)),
                (2, 2, None),
            ]
        );
    }

    #[test]
    fn a_crowd_of_new_clients_does_not_push_out_who_has_asked_often() {
        let limiter = of(10, 3600);
        for _ in 0..10 {
            assert_eq!(limiter.take_at(0, 7).wait, None);
        }
        // A million others, each once, all over the buckets.
        for other in 1..1_000_000_u64 {
            let quota = limiter.take_at(other, other.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            assert_eq!(quota.wait, None);
        }
        assert!(limiter.take_at(SECOND, 7).wait.is_some());
    }

    #[test]
    fn clients_are_told_apart_by_address_or_network_or_by_what_they_send() {
        let limiter = of(1, 60);
        let client = |address| limiter.client(&HeaderMap::new(), peer(address));
        assert_eq!(client("192.0.2.1"), client("[::ffff:192.0.2.1]"));
        assert_ne!(client("192.0.2.1"), client("192.0.2.2"));
        assert_eq!(client("[2001:db8::1]"), client("[2001:db8::ffff:1]"));
        assert_ne!(client("[2001:db8::1]"), client("[2001:db8:0:1::1]"));

        let limiter = Limiter::new("host", 1, 60, "x-api-key").expect("a limit");
        let client = |key: Option<&'static str>, address| {
            let key = key.map(|key| ("x-api-key".parse().unwrap(), HeaderValue::from_static(key)));
            limiter.client(&key.into_iter().collect(), peer(address))
        };
        assert_eq!(
            client(Some("a"), "192.0.2.1"),
            client(Some("a"), "192.0.2.2")
        );
        assert_ne!(
            client(Some("a"), "192.0.2.1"),
            client(Some("b"), "192.0.2.1")
        );
        assert_ne!(client(None, "192.0.2.1"), client(None, "192.0.2.2"));
    }

    #[test]
    fn what_is_told_is_as_the_draft_writes_it() {
        let mut headers = HeaderMap::new();
        let quotas = [
            of(100, 60).take_at(0, 1),
            Limiter::new("plugin", 2, 1, "").unwrap().take_at(0, 1),
        ];
        tell(&quotas, &mut headers);
        assert_eq!(
            headers["ratelimit-policy"],
            "\"host\";q=100;w=60, \"plugin\";q=2;w=1"
        );
        assert_eq!(
            headers["ratelimit"],
            "\"host\";r=99;t=1, \"plugin\";r=1;t=1"
        );
    }
}
