//! Method and path → what serves it, and the path's parameters, still percent-encoded.
//!
//! One table per method, because OpenAPI routes by method first: with `GET /users/me` and `DELETE /users/{id}`, the
//! request `DELETE /users/me` is for the second. Within a method, fixed text comes before a parameter, and a parameter
//! before one that takes the rest of the path. Parameters are known by position, so that plugins may name them
//! differently. What no other route takes goes to a plugin that takes every method, if one is there.

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
}

/// All routes of all plugins. Immutable: a change builds another.
pub(crate) struct Router<T> {
    tables: Vec<(Method, wayfind::Router<usize>)>,
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
    /// If two routes have the same method and the same shape of path.
    pub(crate) fn new<'a>(
        routes: impl IntoIterator<Item = Route<'a, T>>,
    ) -> Result<Self, RouteClash> {
        let mut builders: Vec<(Method, wayfind::RouterBuilder<usize>)> = Vec::new();
        let mut known: HashMap<(Method, String), (&'a str, &'a str, &'a str)> = HashMap::new();
        let mut empty_rests = Vec::new();
        let mut targets = Vec::new();
        let (mut prefixes, mut open) = (HashSet::new(), HashSet::new());

        for route in routes {
            let Route {
                plugin,
                prefix,
                method,
                path,
                template,
                target,
            } = route;
            let before = canonical(prefix);
            prefixes.insert(before.clone());
            if method == ANY {
                open.insert(before.clone());
            }
            let shape = format!("{before}{}", template.shape());
            if let Some((other_plugin, other_prefix, other_path)) =
                known.get(&(method.clone(), shape.clone()))
            {
                return Err(RouteClash {
                    method,
                    plugin: plugin.into(),
                    path: format!("{prefix}{path}"),
                    other_plugin: (*other_plugin).into(),
                    other_path: format!("{other_prefix}{other_path}"),
                });
            }
            insert(&mut builders, &method, &shape, targets.len());
            if let Some(empty) = template.shape_without_rest() {
                empty_rests.push((method.clone(), format!("{before}{empty}"), targets.len()));
                if method == ANY {
                    empty_rests.push((method.clone(), before.into_owned(), targets.len()));
                }
            }
            known.insert((method, shape), (plugin, prefix, path));
            targets.push(Target {
                target,
                parameters: template.names().len(),
                kinds: template.kinds().into(),
                exact: template.is_exact(),
            });
        }

        // `/files/{rest}` also serves `/files/`, unless somebody declares that path itself.
        for (method, shape, target) in empty_rests {
            insert(&mut builders, &method, &shape, target);
        }
        // Whoever takes every path at the root takes none under another plugin's prefix.
        if let Some((any, _)) = builders.iter().find(|(method, _)| method == ANY) {
            let any = any.clone();
            for prefix in prefixes.difference(&open).filter(|owned| !owned.is_empty()) {
                insert(&mut builders, &any, prefix, NOBODY);
                insert(&mut builders, &any, &format!("{prefix}/<*0>"), NOBODY);
            }
        }

        let tables = builders
            .into_iter()
            .map(|(method, builder)| (method, builder.build()))
            .collect();
        let asks_kinds = targets.iter().any(|target| !target.kinds.is_empty());
        Ok(Router {
            tables,
            targets,
            asks_kinds,
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
            let table = self.tables.iter().find(|(known, _)| known == method);
            let found = table.and_then(|(_, table)| search(table, path.as_str()));
            found.filter(|found| !self.asks_kinds || self.is_of_kinds(found))
        };
        let found = search(method.as_str()).or_else(|| search(ANY));
        let Some(found) = found.filter(|found| *found.data() != NOBODY) else {
            return Err(self.instead(path.as_str()));
        };

        let Target {
            target, parameters, ..
        } = &self.targets[*found.data()];
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

    /// Whether the parameters are of the kinds that their route wants.
    fn is_of_kinds(&self, found: &wayfind::Match<'_, '_, usize>) -> bool {
        let Some(target) = self.targets.get(*found.data()) else {
            return true;
        };
        let text = |at: usize| found.parameters().get(at).map_or("", |(_, text)| *text);
        target.kinds.iter().all(|(at, kind)| kind.takes(text(*at)))
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
        self.tables.iter().any(|(method, table)| {
            method != ANY
                && search(table, path).is_some_and(|found| {
                    let target = self.targets.get(*found.data());
                    self.is_of_kinds(&found) && !target.is_some_and(|target| target.exact)
                })
        })
    }

    fn methods(&self, path: &str) -> Vec<Method> {
        let fitting = self.tables.iter().filter(|(method, table)| {
            let found = search(table, path);
            method != ANY && found.is_some_and(|found| self.is_of_kinds(&found))
        });
        let mut methods: Vec<Method> = fitting.map(|(method, _)| method.clone()).collect();
        methods.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        methods
    }
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

fn insert(
    builders: &mut Vec<(Method, wayfind::RouterBuilder<usize>)>,
    method: &Method,
    shape: &str,
    target: usize,
) {
    let at = builders
        .iter()
        .position(|(known, _)| known == method)
        .unwrap_or_else(|| {
            builders.push((method.clone(), wayfind::RouterBuilder::new()));
            builders.len() - 1
        });
    // Shapes are well-formed by construction, so the one error left is that the shape is taken: by a route that
    // declares what for this one is an empty rest, and that route has the better claim.
    let _ = builders[at].1.insert(shape, target);
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
