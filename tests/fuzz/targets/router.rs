//! Routes and requests as lines of text: `GET /items/{id}` … an empty line, `GET /items/7` …. The router finds what a
//! naive matcher finds, hands over the values that stand there, and says 405, 307 and 404 where that is so.

#![no_main]

use http::{Method, StatusCode};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};
use switchback::{Checks, GuestAnswer, Limits};
use switchback_fuzz::check_refusal;

const METHODS: [&str; 8] = [
    "GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE",
];
/// As many routes and requests, and as long: the naive matcher tries everything.
const MOST: usize = 8;
const LONGEST: usize = 40;

fuzz_target!(|text: &str| {
    let (routes, requests) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut routes: Vec<Route> = routes.lines().take(MOST).filter_map(Route::read).collect();
    // Of a document's key that stands there twice, only the last counts.
    let mut known = std::collections::HashSet::new();
    routes.retain(|route| known.insert((route.method.clone(), route.path.clone())));
    let Ok(checks) = Checks::new(&contract(&routes), Limits::default()) else {
        return;
    };
    for line in requests.lines().take(MOST) {
        let Some((method, target)) = line.split_once(' ') else {
            continue;
        };
        let request = http::Request::builder().method(method).uri(target);
        if let Ok(request) = request.body(bytes::Bytes::new())
            && target.starts_with('/')
            && target.len() <= LONGEST
        {
            check(&routes, &checks, request);
        }
    }
});

/// Whether digits of an escape may be text behind a parameter to the router: then it finds nothing, where a better look
/// may find another route.
fn is_ambiguous(routes: &[Route], path: &str) -> bool {
    let digits = |two: &[Piece]| match two {
        [Piece::Value, Piece::Fixed(token)] => {
            u8::try_from(*token).is_ok_and(|byte| byte.is_ascii_hexdigit())
        }
        _ => false,
    };
    path.contains('%')
        && routes
            .iter()
            .any(|route| route.pieces.windows(2).any(digits))
}

fn check(routes: &[Route], checks: &Checks, request: http::Request<bytes::Bytes>) {
    let method = request.method().clone();
    let path = tokens(request.uri().path());
    let ambiguous = is_ambiguous(routes, request.uri().path());
    let mut found = None;
    let answer = checks.dispatch(request, |call| {
        let place: usize = call.operation[1..]
            .parse()
            .expect("an id of the target's own");
        let params: Value =
            serde_json::from_str(&call.admitted.params).expect("parameters are JSON");
        // A place without parameters is left out.
        let path = params.get("path").cloned();
        found = Some((place, path.unwrap_or_else(|| json!({}))));
        GuestAnswer {
            status: 200,
            headers: Vec::new(),
            body: "".into(),
        }
    });
    check_refusal(&answer, &Limits::default());

    let fitting: Vec<(usize, &Route)> = routes
        .iter()
        .enumerate()
        .filter(|(_, route)| !route.ways(&path).is_empty())
        .collect();
    let mut here = fitting
        .iter()
        .filter(|(_, route)| route.method == method)
        .peekable();
    let Some((place, values)) = found else {
        if ambiguous {
            return;
        }
        assert!(here.peek().is_none(), "no route was found");
        let status = answer.status();
        if !fitting.is_empty() {
            let mut allowed: Vec<&str> = fitting
                .iter()
                .map(|(_, route)| route.method.as_str())
                .collect();
            allowed.sort_unstable();
            allowed.dedup();
            assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
            assert_eq!(answer.headers()["allow"], allowed.join(", "));
        } else if let Some(other) = other_slash(&path)
            && routes.iter().any(|route| !route.ways(&other).is_empty())
        {
            assert_eq!(status, StatusCode::TEMPORARY_REDIRECT);
            let location = answer.headers()["location"]
                .to_str()
                .expect("a path is ASCII");
            assert!(
                location.starts_with('/') && !location.starts_with("//"),
                "{location}"
            );
        } else {
            assert_eq!(status, StatusCode::NOT_FOUND);
        }
        return;
    };

    assert_eq!(answer.status(), StatusCode::OK);
    let route = &routes[place];
    assert_eq!(route.method, method);
    let possible = route.ways(&path);
    assert!(
        possible.iter().any(|way| route.values(way) == values),
        "{values} do not stand in the path"
    );
    // Fixed text before a parameter, and a parameter before the rest, segment by segment. With parameters inside of
    // segments there is no such plain order.
    if here.clone().all(|(_, route)| route.order().is_some()) {
        let best = here
            .min_by_key(|(_, route)| route.order())
            .map(|(place, _)| *place);
        assert_eq!(best, Some(place), "a better route was there");
    }
}

struct Route {
    method: Method,
    path: String,
    pieces: Vec<Piece>,
    names: Vec<String>,
}

enum Piece {
    Fixed(u16),
    Value,
    Rest,
}

impl Route {
    /// `GET /items/{id}`, `GET /files/{*rest}`; none if that is no path that could be served.
    fn read(line: &str) -> Option<Route> {
        let (method, text) = line.split_once(' ')?;
        if !METHODS.contains(&method) || text.len() > LONGEST || !text.starts_with('/') {
            return None;
        }
        let (mut path, mut pieces, mut names) = (String::new(), Vec::new(), Vec::new());
        let mut rest = text;
        while let Some((fixed, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}')?;
            let takes_rest = name.starts_with('*');
            let name = name.trim_start_matches('*');
            path.push_str(&format!("{fixed}{{{name}}}"));
            pieces.extend(tokens(fixed).into_iter().map(Piece::Fixed));
            pieces.push(if takes_rest {
                Piece::Rest
            } else {
                Piece::Value
            });
            names.push(format!("{}{name}", if takes_rest { "*" } else { "" }));
            rest = after;
        }
        path.push_str(rest);
        pieces.extend(tokens(rest).into_iter().map(Piece::Fixed));
        Some(Route {
            method: method.parse().ok()?,
            path,
            pieces,
            names,
        })
    }

    /// Every way to read a path by this template: the values, in order.
    fn ways<'p>(&self, path: &'p [u16]) -> Vec<Vec<&'p [u16]>> {
        fn go<'p>(
            pieces: &[Piece],
            path: &'p [u16],
            so_far: &mut Vec<&'p [u16]>,
            all: &mut Vec<Vec<&'p [u16]>>,
        ) {
            match pieces {
                [] if path.is_empty() => all.push(so_far.clone()),
                [] => {}
                [Piece::Fixed(token), after @ ..] => {
                    if let [first, rest @ ..] = path
                        && first == token
                    {
                        go(after, rest, so_far, all);
                    }
                }
                [Piece::Rest, after @ ..] => {
                    so_far.push(path);
                    go(after, &[], so_far, all);
                    so_far.pop();
                }
                [Piece::Value, after @ ..] => {
                    let segment = path
                        .iter()
                        .take_while(|token| **token != u16::from(b'/'))
                        .count();
                    for end in 1..=segment {
                        so_far.push(&path[..end]);
                        go(after, &path[end..], so_far, all);
                        so_far.pop();
                    }
                }
            }
        }
        let mut all = Vec::new();
        go(&self.pieces, path, &mut Vec::new(), &mut all);
        all
    }

    fn values(&self, way: &[&[u16]]) -> Value {
        let decoded = way.iter().map(|value| {
            let bytes: Vec<u8> = value.iter().map(|token| *token as u8).collect();
            Value::String(String::from_utf8_lossy(&bytes).into_owned())
        });
        let names = self
            .names
            .iter()
            .map(|name| name.trim_start_matches('*').to_owned());
        Value::Object(names.zip(decoded).collect())
    }

    /// By segments: 0 for fixed text, 1 for a parameter, 2 for the rest. None where a segment is of both.
    fn order(&self) -> Option<Vec<u8>> {
        let mut order = Vec::new();
        for segment in self
            .pieces
            .split(|piece| matches!(piece, Piece::Fixed(token) if *token == u16::from(b'/')))
        {
            order.push(match segment {
                [Piece::Value] => 1,
                [Piece::Rest] => 2,
                all if all.iter().all(|piece| matches!(piece, Piece::Fixed(_))) => 0,
                _ => return None,
            });
        }
        Some(order)
    }
}

fn contract(routes: &[Route]) -> String {
    let mut paths = Map::new();
    for (place, route) in routes.iter().enumerate() {
        let parameters: Vec<Value> = route
            .names
            .iter()
            .map(|name| {
                json!({
                    "name": name.trim_start_matches('*'), "in": "path", "required": true,
                    "x-switchback-wildcard": name.starts_with('*'), "schema": { "type": "string" },
                })
            })
            .collect();
        let methods = paths.entry(route.path.clone()).or_insert_with(|| json!({}));
        let operation = json!({ "operationId": format!("r{place}"), "parameters": parameters, "responses": {} });
        methods[route.method.as_str().to_ascii_lowercase()] = operation;
    }
    json!({ "openapi": "3.1.0", "info": { "title": "Routes", "version": "1" }, "paths": paths })
        .to_string()
}

/// A path byte by byte; what must be escaped, or was although it means something, is apart from what stands there bare.
fn tokens(path: &str) -> Vec<u16> {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let mut tokens = Vec::new();
    let mut rest = path.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = rest
            .get(1..3)
            .filter(|digits| *first == b'%' && digits.iter().all(u8::is_ascii_hexdigit))
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let token = match escaped {
            Some(byte) if bare(byte) => u16::from(byte),
            Some(byte) => 256 + u16::from(byte),
            None if bare(*first) || b"/!$&'()*+,;=:@".contains(first) => u16::from(*first),
            None => 256 + u16::from(*first),
        };
        tokens.push(token);
        rest = if escaped.is_some() { &rest[3..] } else { after };
    }
    tokens
}

/// The path with a slash more at its end, or without any; none where it would begin with two.
fn other_slash(path: &[u16]) -> Option<Vec<u16>> {
    let slash = u16::from(b'/');
    let mut other = path.to_vec();
    match other.last() {
        Some(last) if *last == slash => {
            while other.last() == Some(&slash) {
                other.pop();
            }
        }
        _ => other.push(slash),
    }
    (other.first() == Some(&slash) && other.get(1) != Some(&slash)).then_some(other)
}
