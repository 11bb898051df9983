//! How many connections there are, in all and of each client: one who could open any number would take the sockets and
//! the memory of all others.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::config::ConnectionLimits;
use crate::host::Host;
use crate::identity::Peer;

/// How often the log says that connections are refused.
const TOLD: Duration = Duration::from_secs(10);

/// The connections that are open.
#[derive(Debug, Default)]
pub(super) struct Crowd(Mutex<Open>);

#[derive(Debug, Default)]
struct Open {
    all: usize,
    by_peer: HashMap<IpAddr, usize>,
    /// Refused since the log said so, and when it did.
    refused: usize,
    told: Option<Instant>,
}

/// One connection's place among them. Dropping it gives it back.
#[derive(Debug)]
pub(super) struct Place {
    crowd: Arc<Crowd>,
    peer: Option<IpAddr>,
}

impl Crowd {
    /// A place for one more, if there is one. A trusted proxy's are not counted as one client's.
    pub(super) fn enter(self: &Arc<Crowd>, peer: Option<Peer>, host: &Host) -> Option<Place> {
        let counted = peer.filter(|_| !host.0.api.load().setup.proxies.trusts(peer));
        self.take(counted, &host.0.config.load().connections)
    }

    fn take(self: &Arc<Crowd>, counted: Option<Peer>, limits: &ConnectionLimits) -> Option<Place> {
        let peer = counted.map(|Peer(address)| network(address.ip()));
        let mut open = self.lock();
        let of_peer = peer.map_or(0, |peer| open.by_peer.get(&peer).copied().unwrap_or(0));
        let (limit, most) = match () {
            () if open.all >= limits.most => ("connections.most", limits.most),
            () if of_peer >= limits.most_per_peer => {
                ("connections.most_per_peer", limits.most_per_peer)
            }
            () => {
                open.all += 1;
                if let Some(peer) = peer {
                    *open.by_peer.entry(peer).or_default() += 1;
                }
                drop(open);
                return Some(Place {
                    crowd: self.clone(),
                    peer,
                });
            }
        };
        open.refused += 1;
        if open.told.is_none_or(|told| told.elapsed() >= TOLD) {
            let refused = std::mem::take(&mut open.refused);
            open.told = Some(Instant::now());
            drop(open);
            tracing::warn!(
                refused,
                limit,
                most,
                peer = peer.map(tracing::field::display),
                "too many connections: more are closed at once"
            );
        }
        None
    }

    /// Nothing panics while it is held.
    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.crowd.lock();
        open.all -= 1;
        if let Some(peer) = self.peer
            && let Entry::Occupied(mut of_peer) = open.by_peer.entry(peer)
        {
            *of_peer.get_mut() -= 1;
            if *of_peer.get() == 0 {
                of_peer.remove();
            }
        }
    }
}

/// What one client has of addresses: of IPv6 a network of 64 bits.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(most: usize, most_per_peer: usize) -> ConnectionLimits {
        ConnectionLimits {
            most,
            most_per_peer,
            ..ConnectionLimits::default()
        }
    }

    fn peer(address: &str) -> Option<Peer> {
        Some(Peer(address.parse().unwrap()))
    }

    #[test]
    fn a_place_is_free_again_once_its_connection_is_gone() {
        let (crowd, limits) = (Arc::<Crowd>::default(), limits(2, 2));
        let first = crowd.take(None, &limits);
        let second = crowd.take(peer("192.0.2.1:1"), &limits);
        assert!(first.is_some() && second.is_some());
        assert!(crowd.take(None, &limits).is_none());
        drop(second);
        assert!(crowd.take(None, &limits).is_some());
        assert!(crowd.lock().by_peer.is_empty());
    }

    #[test]
    fn a_client_has_one_count_whatever_its_port_spelling_and_address_in_its_network() {
        let (crowd, limits) = (Arc::<Crowd>::default(), limits(9, 1));
        let held = ["192.0.2.1:1", "[2001:db8::1]:1"].map(|one| crowd.take(peer(one), &limits));
        assert!(held.iter().all(Option::is_some));
        for another in ["192.0.2.1:2", "[::ffff:192.0.2.1]:3", "[2001:db8::2]:1"] {
            assert!(crowd.take(peer(another), &limits).is_none(), "{another}");
        }
        assert!(crowd.take(peer("[2001:db8:0:1::1]:1"), &limits).is_some());
    }
}
