//! The pages `/docs` (Swagger UI), `/redoc` (ReDoc) and the index at `/`, whole from the binary: nothing is asked of
//! another host, and the pages' own policy forbids it.

mod assets;
mod index;

use std::borrow::Cow;
use std::hash::{BuildHasher, RandomState};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, Uri, header};

use crate::api::Api;
use crate::config::HostConfig;
use crate::etag;
use crate::revision::Revision;
use assets::Asset;
use index::Purpose;

const DOCS: &str = include_str!("assets/docs.html");
const REDOC: &str = include_str!("assets/redoc.html");

/// What no page needs to be allowed, and what all do.
const POLICY: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
                      script-src 'self'; img-src 'self' data:; connect-src 'self'";

/// A style sheet that ReDoc 2.5.4 makes without its nonce, looked at when it is still empty and once it is filled, by
/// its hashes: the content is always the same, and without these each view would break the policy.
const REDOC_STYLES: &str = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' \
                            'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='";

/// The most operations that ReDoc lays out unasked: it takes about a second for a hundred.
const MANY: usize = 300;

/// Answers for the pages and what they load; none for any other path, or if the pages are switched off. A `GET`'s
/// answer: for `HEAD` the server leaves the body away.
pub(crate) fn answer(
    uri: &Uri,
    headers: &HeaderMap,
    api: &Api,
    host: &HostConfig,
) -> Option<Response<Bytes>> {
    if !host.pages || host.openapi_path.is_empty() {
        return None;
    }
    match uri.path() {
        "/" if host.index && !api.serves_root() => {
            Some(index::answer(Purpose::Index, headers, api, host))
        }
        path if path == host.docs_path => {
            let subject = Subject::of(uri, api, host)?;
            let mut values = subject.values().to_vec();
            let settings = serde_json::to_string(&host.swagger_ui);
            values.push(("settings", settings.unwrap_or_default().into()));
            Some(page(&fill(DOCS, &values), "style-src 'self'"))
        }
        path if path == host.redoc_path => {
            let subject = Subject::of(uri, api, host)?;
            let several = api.shown().nth(1).is_some();
            if several && uri.query().is_none() && subject.operations > MANY {
                return Some(index::answer(Purpose::Choice, headers, api, host));
            }
            let nonce = nonce();
            let mut values = subject.values().to_vec();
            values.push(("nonce", nonce.as_str().into()));
            // Its search runs in a worker that it makes from a blob; workers inherit the page's policy.
            let extra =
                format!("style-src 'self' 'nonce-{nonce}' {REDOC_STYLES}; worker-src blob:");
            Some(page(&fill(REDOC, &values), &extra))
        }
        path => asset(path, headers),
    }
}

/// Swagger UI over a document at `/openapi.json` beside it, and what it loads; none for any other path.
pub(crate) fn over(uri: &Uri, headers: &HeaderMap, title: &str) -> Option<Response<Bytes>> {
    if uri.path() != "/docs" {
        return asset(uri.path(), headers);
    }
    let subject = Subject {
        title,
        plugin: "",
        root: String::new(),
        document: "openapi.json".into(),
        operations: 0,
    };
    let mut values = subject.values().to_vec();
    values.push(("settings", "{}".into()));
    Some(page(&fill(DOCS, &values), "style-src 'self'"))
}

fn asset(path: &str, headers: &HeaderMap) -> Option<Response<Bytes>> {
    let asset = path.strip_prefix("/-/docs/").and_then(assets::find)?;
    Some(serve(asset, headers))
}

/// What a page is about: all that is served, or with `?plugin=NAME` one plugin; `?plugin=` is all, however many.
struct Subject<'a> {
    title: &'a str,
    /// The plugin's name; empty for all.
    plugin: &'a str,
    /// The way from the page to the host's root: `../` for each folder that the page is in.
    root: String,
    /// The address of the document, from the page's own.
    document: String,
    operations: usize,
}

impl<'a> Subject<'a> {
    /// None if no plugin of the name is served.
    fn of(uri: &Uri, api: &'a Api, host: &'a HostConfig) -> Option<Subject<'a>> {
        let folders = uri.path().matches('/').count().saturating_sub(1);
        let root = "../".repeat(folders);
        let document = |path: &str| format!("{root}{}", path.trim_start_matches('/'));
        let query = uri.query().unwrap_or_default().as_bytes();
        let wanted = form_urlencoded::parse(query).find(|(key, _)| key == "plugin");
        let Some((_, name)) = wanted.filter(|(_, name)| !name.is_empty()) else {
            return Some(Subject {
                title: &host.title,
                plugin: "",
                document: document(&host.openapi_path),
                root,
                operations: api.shown().map(|one| operations(one)).sum(),
            });
        };
        let plugin = api.find(&name).filter(|plugin| !plugin.hidden)?;
        Some(Subject {
            title: title(plugin),
            plugin: &plugin.name,
            document: document(&host.openapi_path_of(&name)),
            root,
            operations: operations(plugin),
        })
    }

    fn values(&self) -> [(&'static str, Cow<'_, str>); 5] {
        [
            ("root", self.root.as_str().into()),
            ("title", self.title.into()),
            ("plugin", self.plugin.into()),
            ("document", self.document.as_str().into()),
            ("operations", self.operations.to_string().into()),
        ]
    }
}

/// What a plugin calls itself, else its name.
fn title(plugin: &Revision) -> &str {
    plugin.code.contract.info("title").unwrap_or(&plugin.name)
}

fn operations(plugin: &Revision) -> usize {
    let operations = plugin.code.contract.operations.iter();
    operations.filter(|operation| operation.public).count()
}

fn page(html: &str, policy: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::copy_from_slice(html.as_bytes()));
    let policy = format!("{POLICY}; {policy}");
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, &policy),
        (header::REFERRER_POLICY, "no-referrer"),
        // Small, and one of them is never the same twice.
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        set(&mut response, name, value);
    }
    response
}

fn serve(asset: &Asset, headers: &HeaderMap) -> Response<Bytes> {
    let (content, gzipped) = asset.content(accepts_gzip(headers));
    let mut response = Response::new(Bytes::new());
    if etag::matches(headers, &content.etag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        *response.body_mut() = content.bytes.clone();
        set(&mut response, header::CONTENT_TYPE, asset.media_type);
        set(&mut response, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        if gzipped {
            set(&mut response, header::CONTENT_ENCODING, "gzip");
        }
    }
    response
        .headers_mut()
        .insert(header::ETAG, content.etag.clone());
    set(&mut response, header::VARY, "accept-encoding");
    // The address of what is large carries its version, so that it never changes; what is small is asked for anew.
    let keep = if asset.is_versioned() {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    set(&mut response, header::CACHE_CONTROL, keep);
    response
}

fn set(response: &mut Response<Bytes>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// Whether `accept-encoding` names gzip, or anything, with a weight above 0.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let weight = |wanted: &str| {
        let values = headers
            .get_all(header::ACCEPT_ENCODING)
            .iter()
            .filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).find_map(|item| {
            let mut parts = item.split(';').map(str::trim);
            if !parts.next()?.eq_ignore_ascii_case(wanted) {
                return None;
            }
            let weight =
                parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
            Some(weight.map_or(1.0, |weight| weight.parse().unwrap_or(0.0)))
        })
    };
    weight("gzip")
        .or_else(|| weight("*"))
        .is_some_and(|weight: f32| weight > 0.0)
}

/// Hard to guess, and another for each page: the standard library's own seed of hash tables, which is random.
fn nonce() -> String {
    format!(
        "{:016x}{:016x}",
        RandomState::new().hash_one(1),
        RandomState::new().hash_one(2)
    )
}

/// Puts values, escaped, where a template says `{{name}}`.
fn fill(template: &str, values: &[(&str, Cow<'_, str>)]) -> String {
    let mut html = String::with_capacity(template.len() + 256);
    let mut pieces = template.split("{{");
    html.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let (name, rest) = piece.split_once("}}").expect("a template of ours");
        let value = values.iter().find(|(known, _)| *known == name);
        let (_, value) = value.expect("a template names what its page has");
        html.push_str(&escape(value));
        html.push_str(rest);
    }
    html
}

fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return text.into();
    }
    let escaped = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    escaped.replace('"', "&quot;").replace('\'', "&#39;").into()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn get(path: &str, headers: &[(HeaderName, &str)]) -> Option<Response<Bytes>> {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.clone(), value.parse().unwrap()))
            .collect();
        let host = HostConfig {
            title: "A <b> & \"c\" {{nonce}}".into(),
            ..HostConfig::default()
        };
        answer(&path.parse().unwrap(), &headers, &nothing(), &host)
    }

    fn nothing() -> Api {
        Api::empty(std::sync::Arc::default(), std::sync::Arc::default())
    }

    fn text(response: &Response<Bytes>) -> &str {
        std::str::from_utf8(response.body()).unwrap()
    }

    /// What a page loads, by its `src` and `href`.
    fn loads(html: &str) -> Vec<&str> {
        let values = html.split(['"']).skip(1).step_by(2);
        values
            .filter(|value| value.starts_with("-/docs/"))
            .collect()
    }

    #[test]
    fn a_page_loads_only_what_is_served_here() {
        for path in ["/", "/docs", "/redoc"] {
            let page = get(path, &[]).unwrap();
            let loaded = loads(text(&page));
            assert!(loaded.len() >= 2, "{path} loads {loaded:?}");
            for file in loaded {
                assert_eq!(
                    get(&format!("/{file}"), &[]).unwrap().status(),
                    200,
                    "{file}"
                );
            }
            assert!(!text(&page).contains("//"));
        }
    }

    #[test]
    fn a_title_cannot_break_out_of_its_page() {
        assert!(
            text(&get("/redoc", &[]).unwrap())
                .contains("<title>A &lt;b&gt; &amp; &quot;c&quot; {{nonce}} - ReDoc</title>")
        );
    }

    #[test]
    fn the_policy_allows_nothing_inline() {
        let page = get("/docs", &[]).unwrap();
        let policy = page.headers()[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap();
        assert!(
            policy.starts_with("default-src 'none';") && !policy.contains("unsafe"),
            "{policy}"
        );
    }

    #[test]
    fn a_nonce_is_used_once() {
        let nonce = || {
            let page = get("/redoc", &[]).unwrap();
            let policy = page.headers()[header::CONTENT_SECURITY_POLICY]
                .to_str()
                .unwrap()
                .to_owned();
            let nonce = policy
                .split("'nonce-")
                .nth(1)
                .unwrap()
                .split('\'')
                .next()
                .unwrap()
                .to_owned();
            assert!(text(&page).contains(&format!("nonce=\"{nonce}\"")));
            nonce
        };
        assert_ne!(nonce(), nonce());
    }

    #[test]
    fn a_client_without_gzip_gets_the_same_content() {
        let path = "/-/docs/redoc-2.5.4.js";
        let gzipped = get(path, &[(header::ACCEPT_ENCODING, "br, gzip;q=0.5")]).unwrap();
        assert_eq!(gzipped.headers()[header::CONTENT_ENCODING], "gzip");
        let plain = get(path, &[(header::ACCEPT_ENCODING, "gzip;q=0, *")]).unwrap();
        assert!(!plain.headers().contains_key(header::CONTENT_ENCODING));
        assert_ne!(
            plain.headers()[header::ETAG],
            gzipped.headers()[header::ETAG]
        );
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(&gzipped.body()[..])
            .read_to_end(&mut unpacked)
            .unwrap();
        assert_eq!(&unpacked[..], &plain.body()[..]);
        assert!(unpacked.len() > 1_000_000);
    }

    #[test]
    fn what_a_browser_has_already_is_not_sent_again() {
        let path = "/-/docs/swagger-ui-5.35.0.css";
        let first = get(path, &[]).unwrap();
        let tag = first.headers()[header::ETAG].to_str().unwrap();
        let second = get(path, &[(header::IF_NONE_MATCH, tag)]).unwrap();
        assert_eq!(
            (second.status(), second.body().len()),
            (StatusCode::NOT_MODIFIED, 0)
        );
    }

    #[test]
    fn what_changes_under_its_address_is_asked_for_anew() {
        let kept = |path: &str| {
            get(path, &[]).unwrap().headers()[header::CACHE_CONTROL]
                .to_str()
                .unwrap()
                .to_owned()
        };
        assert!(kept("/-/docs/swagger-ui-5.35.0.js").contains("immutable"));
        assert_eq!(kept("/-/docs/docs.js"), "no-cache");
    }

    #[test]
    fn other_paths_are_not_answered() {
        for path in [
            "/docs/",
            "/docsx",
            "/docs?plugin=nobody",
            "/-/docs/",
            "/-/docs/../mod.rs",
            "/openapi.json",
        ] {
            assert!(get(path, &[]).is_none(), "{path}");
        }
    }

    #[test]
    fn pages_can_be_switched_off() {
        let host = HostConfig {
            pages: false,
            ..HostConfig::default()
        };
        for path in ["/", "/docs", "/-/docs/docs.js"] {
            let uri = path.parse().unwrap();
            assert!(
                answer(&uri, &HeaderMap::new(), &nothing(), &host).is_none(),
                "{path}"
            );
        }
    }
}
