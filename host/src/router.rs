//! Method and path → what serves it, and the path's parameters, still percent-encoded.
//!
//! One table per method, because OpenAPI routes by method first: with `GET /users/me` and `DELETE /users/{id}`, the
//! request `DELETE /users/me` is for the second. Within a method, fixed text comes before a parameter, and a parameter
//! before one that takes the rest of the path. Parameters are known by position, so that plugins may name them
//! differently. Routes that differ only by the kinds of their parameters (`{n:int}` and `{name}`) share a place in the
//! table, and the narrower is asked first; where none of them takes the path, others are looked for. What no other route
//! takes goes to a plugin that takes every method, if one is there.

use std::collections::{HashMap, HashSet};
use std::ops::Deref;

use http::Method;

use crate::path::{Kind, PathTemplate, RequestPath, canonical};

/// The method of a route that takes every method.
pub(crate) const ANY: &str = "*";

/// In the table of [`ANY`]: what belongs to a plugin that has no such route there.
const NOBODY: usize = usize::MAX;

/// One thing to route to.
#[derive(Clone, Debug)]
pub(crate) struct Route<'a, T> {
    /// The plugin whose route it is: named where two clash.
    pub(crate) plugin: &'a str,
    /// What stands before the plugin's own paths: empty, or `/shop`.
    pub(crate) prefix: &'a str,
    /// The only method it answers, or [`ANY`].
    pub(crate) method: Method,
    /// The path as the contract writes it: named where two clash.
    pub(crate) path: &'a str,
    /// The same, read.
    pub(crate) template: &'a PathTemplate,
    /// What is found there.
    pub(crate) target: T,
}

/// Two routes that match the same requests.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{method} {path}` of plugin `{plugin}` clashes with `{method} {other_path}` of plugin `{other_plugin}`: change one \
     of the paths, or give a plugin a `prefix` of its own"
)]
pub(crate) struct RouteClash {
    /// The method of both.
    pub(crate) method: Method,
    /// The plugin whose route came later.
    pub(crate) plugin: String,
    /// Its path, prefix included.
    pub(crate) path: String,
    /// The plugin whose route was there.
    pub(crate) other_plugin: String,
    /// Its path, prefix included.
    pub(crate) other_path: String,
}

/// What a request that found nothing is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoRoute {
    /// 404.
    Unknown,
    /// 405: the path is there, but only for these methods, in alphabetical order.
    Method(Vec<Method>),
    /// 307: there is such a path with a `/` more at its end, or without. Percent-encoded, begins with exactly one `/`.
    Slash(String),
}

/// A route that was found, and the raw values of its path parameters in the order of the template.
#[derive(Debug)]
pub(crate) struct Found<'r, 'p, T> {
    /// What is served there.
    pub(crate) target: &'r T,
    /// Percent-encoded, not empty (but for a rest of the path, which may be).
    pub(crate) segments: Segments<'p>,
}

/// Raw values of path parameters: a slice of strings, which costs no allocation unless there are many.
#[derive(Clone, Debug)]
pub(crate) enum Segments<'p> {
    /// The values, and how many there are.
    Few([&'p str; FEW], usize),
    /// More than hardly any path has.
    Many(Vec<&'p str>),
}

/// How many path parameters cost no allocation.
const FEW: usize = 4;

impl<'p> Deref for Segments<'p> {
    type Target = [&'p str];

    fn deref(&self) -> &[&'p str] {
        match self {
            Segments::Few(values, count) => &values[..*count],
            Segments::Many(values) => values,
        }
    }
}

/// Where [`Segments`] stand in their path: begin and end of each.
#[derive(Debug)]
pub(crate) enum SegmentPlaces {
    Few([(u32, u32); FEW], usize),
    Many(Vec<(u32, u32)>),
}

impl SegmentPlaces {
    /// The places in the path that was routed.
    pub(crate) fn of(segments: &[&str], path: &str) -> SegmentPlaces {
        let place = |segment: &&str| {
            // One that is empty may be a text of its own.
            let begin = segment.as_ptr().addr().wrapping_sub(path.as_ptr().addr());
            let begin = begin.min(path.len().saturating_sub(segment.len()));
            (begin as u32, (begin + segment.len()) as u32)
        };
        if segments.len() > FEW {
            return SegmentPlaces::Many(segments.iter().map(place).collect());
        }
        let mut few = [(0, 0); FEW];
        few.iter_mut()
            .zip(segments)
            .for_each(|(into, segment)| *into = place(segment));
        SegmentPlaces::Few(few, segments.len())
    }

    /// The segments of the path that was routed.
    pub(crate) fn within<'p>(&self, path: &'p str) -> Segments<'p> {
        let text =
            |(begin, end): &(u32, u32)| path.get(*begin as usize..*end as usize).unwrap_or("");
        match self {
            SegmentPlaces::Few(places, count) => {
                let mut few = [""; FEW];
                few.iter_mut()
                    .zip(&places[..*count])
                    .for_each(|(into, place)| *into = text(place));
                Segments::Few(few, *count)
            }
            SegmentPlaces::Many(places) => Segments::Many(places.iter().map(text).collect()),
        }
    }
}

/// What a number in a table stands for.
struct Target<T> {
    target: T,
    /// How many parameters its template has.
    parameters: usize,
    /// Which of them have to be of a kind for the path to fit.
    kinds: Box<[(usize, Kind)]>,
    /// Whether nobody is led to it who asks with a slash more at its end, or less.
    exact: bool,
    /// The route of the same shape that is asked next, if they are not.
    next: Option<usize>,
}

/// The routes of one method.
struct Table {
    method: Method,
    all: wayfind::Router<usize>,
    /// The same in parts, for a path that fits a shape and no route of it: each shape of which this can be, then all others.
    parts: Vec<wayfind::Router<usize>>,
}

/// Routes of one shape.
struct Place<'a> {
    method: Method,
    shape: String,
    routes: Vec<Placed<'a>>,
}

/// One of them, and its number.
struct Placed<'a> {
    id: usize,
    plugin: &'a str,
    prefix: &'a str,
    path: &'a str,
    template: &'a PathTemplate,
}

/// All routes of all plugins. Immutable: a change builds another.
pub(crate) struct Router<T> {
    tables: Vec<Table>,
    /// What the tables' numbers mean.
    targets: Vec<Target<T>>,
    /// Whether any route wants a parameter to be of a kind.
    asks_kinds: bool,
}

impl<T> Router<T> {
    /// Builds the tables, all or nothing.
    ///
    /// # Errors
    ///
    /// If two routes have the same method and match the same paths, or are written the same.
    pub(crate) fn new<'a>(
        routes: impl IntoIterator<Item = Route<'a, T>>,
    ) -> Result<Self, RouteClash> {
        let mut places: Vec<Place<'a>> = Vec::new();
        let mut known: HashMap<(Method, String), usize> = HashMap::new();
        let mut targets = Vec::new();
        let (mut prefixes, mut open) = (HashSet::new(), HashSet::new());

        for route in routes {
            let before = canonical(route.prefix);
            if route.method == ANY {
                open.insert(before.clone());
            }
            let shape = format!("{before}{}", route.template.shape());
            prefixes.insert(before);
            let at = *known
                .entry((route.method.clone(), shape.clone()))
                .or_insert_with(|| {
                    places.push(Place {
                        method: route.method.clone(),
                        shape,
                        routes: Vec::new(),
                    });
                    places.len() - 1
                });
            let placed = Placed {
                id: targets.len(),
                plugin: route.plugin,
                prefix: route.prefix,
                path: route.path,
                template: route.template,
            };
            places[at].add(placed)?;
            targets.push(Target {
                target: route.target,
                parameters: route.template.names().len(),
                kinds: route.template.kinds().into(),
                exact: route.template.is_exact(),
                next: None,
            });
        }
        for place in &mut places {
            place.routes.sort_by_key(|route| route.template.rank());
            for pair in place.routes.windows(2) {
                targets[pair[0].id].next = Some(pair[1].id);
            }
        }
        let owned = prefixes.difference(&open).filter(|owned| !owned.is_empty());
        let owned: Vec<&str> = owned.map(|owned| &**owned).collect();
        Ok(Router {
            tables: tables(&places, &owned),
            asks_kinds: targets.iter().any(|target| !target.kinds.is_empty()),
            targets,
        })
    }

    /// Finds what serves a request.
    ///
    /// # Errors
    ///
    /// What to tell the client instead.
    pub(crate) fn find<'r, 'p>(
        &'r self,
        method: &Method,
        path: &'p RequestPath<'_>,
    ) -> Result<Found<'r, 'p, T>, NoRoute> {
        let search = |method: &str| {
            let table = self.tables.iter().find(|table| table.method == method)?;
            self.search(table, path.as_str())
        };
        let found = search(method.as_str()).or_else(|| search(ANY));
        let Some((found, id)) = found.filter(|(_, id)| *id != NOBODY) else {
            return Err(self.instead(path.as_str()));
        };

        let Target {
            target, parameters, ..
        } = &self.targets[id];
        let values = found.parameters().iter().map(|(_, segment)| *segment);
        let segments = if *parameters <= FEW {
            let mut few = [""; FEW];
            few.iter_mut()
                .zip(values)
                .for_each(|(place, value)| *place = value);
            Segments::Few(few, *parameters)
        } else {
            // One value less than parameters where the rest of the path is empty.
            Segments::Many(values.chain([""]).take(*parameters).collect())
        };
        Ok(Found { target, segments })
    }

    /// What a table has for a path, and the number of the route.
    fn search<'r, 'p>(
        &'r self,
        table: &'r Table,
        path: &'p str,
    ) -> Option<(wayfind::Match<'r, 'p, usize>, usize)> {
        let of = |part: &'r wayfind::Router<usize>| {
            let found = search(part, path)?;
            Some((self.fitting(&found), found))
        };
        let (fitting, found) = of(&table.all)?;
        if let Some(id) = fitting {
            return Some((found, id));
        }
        let mut parts = table.parts.iter().filter_map(of);
        parts.find_map(|(fitting, found)| Some((found, fitting?)))
    }

    /// The first of the routes of one shape whose parameters are of the kinds that it wants.
    fn fitting(&self, found: &wayfind::Match<'_, '_, usize>) -> Option<usize> {
        let first = *found.data();
        if !self.asks_kinds || first == NOBODY {
            return Some(first);
        }
        let text = |at: usize| found.parameters().get(at).map_or("", |(_, text)| *text);
        let mut next = Some(first);
        while let Some(id) = next {
            let target = &self.targets[id];
            if target.kinds.iter().all(|(at, kind)| kind.takes(text(*at))) {
                return Some(id);
            }
            next = target.next;
        }
        None
    }

    /// What to tell a client whose method and path fit nothing.
    #[cold]
    fn instead(&self, path: &str) -> NoRoute {
        let allowed = self.methods(path);
        if !allowed.is_empty() {
            return NoRoute::Method(allowed);
        }
        match toggle_slash(path) {
            Some(other) if self.leads_to(&other) => NoRoute::Slash(other),
            _ => NoRoute::Unknown,
        }
    }

    /// Whether something is at a path to which clients are led.
    fn leads_to(&self, path: &str) -> bool {
        self.tables.iter().any(|table| {
            let found = self.search(table, path);
            table.method != ANY && found.is_some_and(|(_, id)| !self.targets[id].exact)
        })
    }

    fn methods(&self, path: &str) -> Vec<Method> {
        let fitting = self
            .tables
            .iter()
            .filter(|table| table.method != ANY && self.search(table, path).is_some());
        let mut methods: Vec<Method> = fitting.map(|table| table.method.clone()).collect();
        methods.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        methods
    }
}

impl<'a> Place<'a> {
    /// Adds a route, if it is another than those that are there.
    fn add(&mut self, route: Placed<'a>) -> Result<(), RouteClash> {
        let path = |one: &Placed<'_>| format!("{}{}", one.prefix, one.path);
        let clashes = |other: &&Placed<'_>| {
            other.template.kinds() == route.template.kinds() || path(other) == path(&route)
        };
        if let Some(other) = self.routes.iter().find(clashes) {
            return Err(RouteClash {
                method: self.method.clone(),
                plugin: route.plugin.into(),
                path: path(&route),
                other_plugin: other.plugin.into(),
                other_path: path(other),
            });
        }
        self.routes.push(route);
        Ok(())
    }

    /// Whether a path of this shape may be none of its routes'.
    fn is_of_kinds(&self) -> bool {
        !self
            .routes
            .iter()
            .any(|route| route.template.kinds().is_empty())
    }
}

/// A table for each method. Whoever takes every path at the root takes none under the prefixes that others own.
fn tables(places: &[Place<'_>], owned: &[&str]) -> Vec<Table> {
    let mut methods: Vec<&Method> = Vec::new();
    for place in places {
        if !methods.contains(&&place.method) {
            methods.push(&place.method);
        }
    }
    let table = |method: &Method| {
        let of_method = places.iter().filter(|place| place.method == *method);
        let of_method: Vec<&Place<'_>> = of_method.collect();
        let owned = if method == ANY { owned } else { &[] };
        let (of_kinds, others): (Vec<_>, Vec<_>) = of_method
            .iter()
            .copied()
            .partition(|place| place.is_of_kinds());
        let mut parts: Vec<_> = of_kinds.iter().map(|place| built(&[place], &[])).collect();
        if !parts.is_empty() {
            parts.push(built(&others, owned));
        }
        Table {
            method: method.clone(),
            all: built(&of_method, owned),
            parts,
        }
    };
    methods.into_iter().map(table).collect()
}

fn built(places: &[&Place<'_>], owned: &[&str]) -> wayfind::Router<usize> {
    let mut builder = wayfind::RouterBuilder::new();
    // Shapes are well-formed by construction, so the one error left is that the shape is taken, by what has the better
    // claim.
    let mut insert = |shape: &str, id: usize| {
        let _ = builder.insert(shape, id);
    };
    for place in places {
        insert(&place.shape, place.routes[0].id);
    }
    // `/files/{rest}` also serves `/files/`, unless somebody declares that path itself.
    for place in places {
        let Placed {
            id,
            prefix,
            template,
            ..
        } = &place.routes[0];
        if let Some(empty) = template.shape_without_rest() {
            let before = canonical(prefix);
            insert(&format!("{before}{empty}"), *id);
            if place.method == ANY {
                insert(&before, *id);
            }
        }
    }
    for prefix in owned {
        insert(prefix, NOBODY);
        insert(&format!("{prefix}/<*0>"), NOBODY);
    }
    builder.build()
}

/// What a table has for a path. Text that follows a parameter within its segment may be digits of an escape to it
/// (`/{x}A9` and `/%C3%A9`): that is no match, since an escape is one character.
fn search<'t, 'p>(
    table: &'t wayfind::Router<usize>,
    path: &'p str,
) -> Option<wayfind::Match<'t, 'p, usize>> {
    let cut = |value: &str| value.bytes().rev().take(2).any(|byte| byte == b'%');
    table
        .search(path)
        .filter(|found| !found.parameters().iter().any(|(_, value)| cut(value)))
}

/// The path without the slashes at its end, or with one. None where the result could be taken for another host:
/// browsers read a `Location` of `//evil.example` as one.
fn toggle_slash(path: &str) -> Option<String> {
    let other = match path.strip_suffix('/') {
        Some(_) => path.trim_end_matches('/').to_owned(),
        None => format!("{path}/"),
    };
    (other.starts_with('/') && !other.starts_with("//")).then_some(other)
}

#[cfg(test)]
mod tests;
