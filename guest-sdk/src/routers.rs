//! Routers: many routes under one prefix, nested, and made into one list when the plugin is compiled.

use crate::operation::broken;
use crate::{Answers, Operation};

/// Routes and what they share: a prefix, tags, answers. [`router!`](crate::router) makes one, and `routes: […]` of
/// [`plugin!`](crate::plugin) or of another router takes it.
#[derive(Clone, Copy)]
pub struct Router {
    /// What stands before each path: empty, or `/admin`.
    pub prefix: &'static str,
    /// Added to the tags of each route, before its own.
    pub tags: &'static [&'static str],
    /// Adds the answers that each route can give to the contract.
    pub responses: fn(&mut Answers<'_>),
    /// Whether clients should leave all of them.
    pub deprecated: bool,
    /// The routes.
    pub routes: &'static [Entry],
}

/// One entry of `routes: […]`.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub enum Entry {
    Operation(Operation),
    Router(Router),
}

/// How deep routers nest, the plugin included.
const DEPTH: usize = 8;

/// An operation and the routers around it.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Listed {
    pub operation: &'static Operation,
    /// From the outermost in.
    around: [Option<&'static Router>; DEPTH],
    /// The entry of the outermost router by which it is there.
    entry: usize,
}

impl Listed {
    /// The routers around it, from the outermost in.
    pub(crate) fn around(&self) -> impl DoubleEndedIterator<Item = &'static Router> {
        self.around.iter().copied().flatten()
    }

    /// A hash of the method and the path's shape: two routes with the same are one to the host.
    const fn shape(&self) -> u64 {
        hashed(self.before(true), self.operation.shape, false)
    }

    /// The same of the path as it is written: the contract has room for one such route.
    const fn path(&self) -> u64 {
        hashed(self.before(false), self.operation.path, false)
    }

    const fn before(&self, without_names: bool) -> u64 {
        let mut hash = hashed(START, self.operation.method, false);
        let mut i = 0;
        while i < DEPTH {
            if let Some(router) = self.around[i] {
                hash = hashed(hash, router.prefix, without_names);
            }
            i += 1;
        }
        hash
    }

    /// Which parameter of the path it takes that no path has, or has and does not take.
    const fn misses_a_parameter(&self) -> Option<Message> {
        let outer = self.operation.outer;
        let mut i = 0;
        while i < outer.len() {
            if !self.prefixes_name(outer[i]) {
                let mut message = Message::new();
                message.push("`");
                message.push(self.operation.id);
                message.push("` takes `{");
                message.push(outer[i]);
                message.push("}` from a path that does not name it");
                return Some(message);
            }
            i += 1;
        }
        let mut depth = 0;
        while depth < DEPTH {
            if let Some(router) = self.around[depth]
                && let Some(message) = self.leaves(router.prefix)
            {
                return Some(message);
            }
            depth += 1;
        }
        None
    }

    const fn prefixes_name(&self, name: &str) -> bool {
        let mut depth = 0;
        while depth < DEPTH {
            if let Some(router) = self.around[depth] {
                let mut at = 0;
                while let Some((begin, end)) = parameter(router.prefix, at) {
                    if is_at(router.prefix, begin, end, name) {
                        return true;
                    }
                    at = end;
                }
            }
            depth += 1;
        }
        false
    }

    /// Whether it takes all parameters of a prefix.
    const fn leaves(&self, prefix: &str) -> Option<Message> {
        let outer = self.operation.outer;
        let mut at = 0;
        while let Some((begin, end)) = parameter(prefix, at) {
            let mut taken = false;
            let mut i = 0;
            while i < outer.len() {
                taken = taken || is_at(prefix, begin, end, outer[i]);
                i += 1;
            }
            if !taken {
                let mut message = Message::new();
                message.push("the prefix `");
                message.push(prefix);
                message.push("` has a parameter that `");
                message.push(self.operation.id);
                message.push("` does not take: add an argument of its name with `#[path]`");
                return Some(message);
            }
            at = end;
        }
        None
    }

    /// Whether nothing of a path is there.
    const fn has_no_path(&self) -> bool {
        let mut i = 0;
        while i < DEPTH {
            if let Some(router) = self.around[i]
                && !router.prefix.is_empty()
            {
                return false;
            }
            i += 1;
        }
        self.operation.path.is_empty()
    }
}

impl Router {
    /// How many operations there are, nested ones included.
    #[doc(hidden)]
    pub const fn count(&self) -> usize {
        let mut count = 0;
        let mut i = 0;
        while i < self.routes.len() {
            count += match &self.routes[i] {
                Entry::Operation(_) => 1,
                Entry::Router(router) => router.count(),
            };
            i += 1;
        }
        count
    }

    /// All operations, nested ones included; `N` is [`count`](Router::count).
    #[doc(hidden)]
    pub const fn list<const N: usize>(&'static self) -> [Listed; N] {
        let blank = Listed {
            operation: &const { broken("") },
            around: [None; DEPTH],
            entry: 0,
        };
        let mut listed = [blank; N];
        self.fill(&mut listed, 0, blank, 0);
        listed
    }

    /// Lists what is in this router from `at` on, and says where the next free place is.
    const fn fill(
        &'static self,
        listed: &mut [Listed],
        mut at: usize,
        mut outer: Listed,
        depth: usize,
    ) -> usize {
        assert!(depth < DEPTH, "routers nest seven deep at most");
        outer.around[depth] = Some(self);
        let mut i = 0;
        while i < self.routes.len() {
            if depth == 0 {
                outer.entry = i;
            }
            match &self.routes[i] {
                Entry::Operation(operation) => {
                    listed[at] = Listed { operation, ..outer };
                    at += 1;
                }
                Entry::Router(router) => at = router.fill(listed, at, outer, depth + 1),
            }
            i += 1;
        }
        at
    }
}

/// Why an entry of a router cannot stand there.
#[doc(hidden)]
pub struct Clash {
    entry: usize,
    message: Message,
}

/// The first entry that claims what another one has. What clashes within one entry was found where that was made.
#[doc(hidden)]
pub const fn clash<const N: usize>(listed: &[Listed; N]) -> Option<Clash> {
    let mut shapes = [(0, 0); N];
    let mut paths = [(0, 0); N];
    let mut ids = [(0, 0); N];
    let mut i = 0;
    while i < N {
        shapes[i] = (listed[i].shape(), i);
        paths[i] = (listed[i].path(), i);
        ids[i] = (hashed(START, listed[i].operation.id, false), i);
        i += 1;
    }
    let of_one_shape = twins(shapes, listed);
    let of_one_path = twins(paths, listed);
    if let Some((first, second)) = first_of(of_one_shape, of_one_path) {
        let (first, second) = (&listed[first], &listed[second]);
        let mut message = Message::new();
        message.push("the route `");
        message.push(first.operation.id);
        message.push("` has this method and path already");
        return Some(Clash {
            entry: second.entry,
            message,
        });
    }
    if let Some((_, second)) = twins(ids, listed) {
        let second = &listed[second];
        let mut message = Message::new();
        message.push("another route has the operation id `");
        message.push(second.operation.id);
        message.push("` (the function's name): give one of them `operation_id = \"…\"`");
        return Some(Clash {
            entry: second.entry,
            message,
        });
    }
    None
}

/// Refuses the entry if it is the one that clashes.
///
/// # Panics
/// At compile time, where the author wrote the entry.
#[doc(hidden)]
#[track_caller]
pub const fn refuse(clash: &Option<Clash>, entry: usize) {
    if let Some(clash) = clash
        && clash.entry == entry
    {
        panic!("{}", clash.message.text());
    }
}

/// Refuses a route without any path, and one that does not take the parameters of the prefixes around it.
///
/// # Panics
/// At compile time.
#[doc(hidden)]
#[track_caller]
pub const fn refuse_unfit(listed: &[Listed], entry: usize) {
    let mut i = 0;
    while i < listed.len() {
        if listed[i].entry == entry {
            if listed[i].has_no_path() {
                panic!("an empty path is for routes of a router with a prefix");
            }
            if let Some(message) = listed[i].misses_a_parameter() {
                panic!("{}", message.text());
            }
        }
        i += 1;
    }
}

const fn first_of(
    one: Option<(usize, usize)>,
    other: Option<(usize, usize)>,
) -> Option<(usize, usize)> {
    match one {
        Some(_) => one,
        None => other,
    }
}

/// Two places in the list with one key, of different entries.
const fn twins<const N: usize>(
    mut keys: [(u64, usize); N],
    listed: &[Listed; N],
) -> Option<(usize, usize)> {
    // Shell's sort: the usual ones are not `const`, and every pair would be too many.
    let mut gap = N / 2;
    while gap > 0 {
        let mut i = gap;
        while i < N {
            let mut j = i;
            while j >= gap && is_after(keys[j - gap], keys[j]) {
                (keys[j - gap], keys[j]) = (keys[j], keys[j - gap]);
                j -= gap;
            }
            i += 1;
        }
        gap /= 2;
    }
    let mut i = 1;
    while i < N {
        let ((one, first), (other, second)) = (keys[i - 1], keys[i]);
        if one == other && listed[first].entry != listed[second].entry {
            return Some((first, second));
        }
        i += 1;
    }
    None
}

const fn is_after(one: (u64, usize), other: (u64, usize)) -> bool {
    one.0 > other.0 || (one.0 == other.0 && one.1 > other.1)
}

/// Where the next parameter's name begins and ends.
const fn parameter(path: &str, from: usize) -> Option<(usize, usize)> {
    let bytes = path.as_bytes();
    let mut begin = from;
    while begin < bytes.len() && bytes[begin] != b'{' {
        begin += 1;
    }
    let mut end = begin;
    while end < bytes.len() && bytes[end] != b'}' {
        end += 1;
    }
    if end < bytes.len() {
        Some((begin + 1, end))
    } else {
        None
    }
}

const fn is_at(path: &str, begin: usize, end: usize, name: &str) -> bool {
    let (path, name) = (path.as_bytes(), name.as_bytes());
    if end - begin != name.len() {
        return false;
    }
    let mut i = 0;
    while i < name.len() {
        if path[begin + i] != name[i] {
            return false;
        }
        i += 1;
    }
    true
}

/// FNV-1a.
const START: u64 = 0xcbf2_9ce4_8422_2325;

/// Adds a text to a hash, of a path without what parameters are called.
const fn hashed(mut hash: u64, text: &str, without_names: bool) -> u64 {
    let bytes = text.as_bytes();
    let mut inside = false;
    let mut i = 0;
    while i < bytes.len() {
        inside = inside && bytes[i] != b'}';
        if !inside {
            hash = (hash ^ bytes[i] as u64).wrapping_mul(0x0100_0000_01b3);
        }
        inside = inside || (without_names && bytes[i] == b'{');
        i += 1;
    }
    hash
}

/// A sentence put together at compile time.
struct Message {
    bytes: [u8; 256],
    length: usize,
}

impl Message {
    const fn new() -> Self {
        Message {
            bytes: [0; 256],
            length: 0,
        }
    }

    /// Adds a piece, if it fits.
    const fn push(&mut self, piece: &str) {
        let piece = piece.as_bytes();
        if piece.len() > self.bytes.len() - self.length {
            return;
        }
        let mut i = 0;
        while i < piece.len() {
            self.bytes[self.length] = piece[i];
            self.length += 1;
            i += 1;
        }
    }

    const fn text(&self) -> &str {
        let (text, _) = self.bytes.split_at(self.length);
        match std::str::from_utf8(text) {
            Ok(text) => text,
            Err(_) => "two routes clash",
        }
    }
}
