//! The index: what is served here, a line a plugin. It says nothing that the documents do not say.

use std::fmt::Write;

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, header};

use super::{escape, fill, operations, page, set, title};
use crate::api::Api;
use crate::config::HostConfig;
use crate::etag;
use crate::revision::Revision;

const INDEX: &str = include_str!("assets/index.html");

/// The longest title or version that is shown whole, in characters: a contract may hold millions.
const LONG: usize = 100;

/// Why the plugins are listed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// They are what is served here.
    Index,
    /// They are too many to be laid out by ReDoc at once.
    Choice,
}

pub(super) fn answer(
    purpose: Purpose,
    headers: &HeaderMap,
    api: &Api,
    host: &HostConfig,
) -> Response<Bytes> {
    let html = html(purpose, api, host);
    let tag = etag::of(html.as_bytes());
    let mut response = page(&html, "style-src 'self'");
    if etag::matches(headers, &tag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Bytes::new();
    }
    response.headers_mut().insert(header::ETAG, tag);
    // A swap changes it at any time: keep it, but ask.
    set(&mut response, header::CACHE_CONTROL, "no-cache");
    response
}

fn html(purpose: Purpose, api: &Api, host: &HostConfig) -> String {
    let plugins: Vec<_> = api.shown().collect();
    let served: usize = plugins.iter().map(|plugin| operations(plugin)).sum();
    let served = match plugins.len() {
        0 => "Nothing is served here yet.".to_owned(),
        count => format!(
            "{} from {}.",
            counted(served, "operation"),
            counted(count, "plugin")
        ),
    };
    // The index may be reached without a slash at its end: relative addresses would then lose `base_path`.
    let root = match host.base_path.as_str() {
        "" => "",
        base_path => &format!("{base_path}/"),
    };
    let values = [
        ("title", host.title.as_str().into()),
        ("version", host.version.as_str().into()),
        ("served", served.into()),
        ("root", root.into()),
    ];
    let mut html = fill(INDEX, &values);
    let links = Links { root, host };
    html.push_str("<nav aria-label=\"Documentation\">\n");
    for (address, name, words) in [
        (
            links.to(&host.docs_path),
            "Swagger UI",
            "Try every operation out",
        ),
        (
            links.to(&host.redoc_path),
            "ReDoc",
            "Read it as a reference",
        ),
        (
            links.to(&host.openapi_path),
            "OpenAPI",
            "The document itself, in JSON",
        ),
    ] {
        if let Some(address) = address {
            html.push_str(&format!(
                "<a href=\"{address}\"><strong>{name}</strong> {words}</a>\n"
            ));
        }
    }
    html.push_str("</nav>\n</header>\n<main>\n<h2>Plugins</h2>\n");
    let page = match purpose {
        Purpose::Index => links
            .to(&host.docs_path)
            .or_else(|| links.to(&host.redoc_path)),
        Purpose::Choice => {
            let redoc = links.to(&host.redoc_path).unwrap_or_default();
            html.push_str(&format!(
                "<p>ReDoc lays a document out whole, which takes long for so many operations: \
                 choose a plugin, or <a href=\"{redoc}?plugin=\">wait for all of them</a>.</p>\n",
            ));
            Some(redoc)
        }
    };
    html.push_str("<ul>\n");
    for plugin in plugins {
        line(&mut html, &links, page.as_deref(), plugin);
    }
    html.push_str("</ul>\n</main>\n</body>\n</html>\n");
    html
}

/// Addresses as they are written into the page.
struct Links<'a> {
    root: &'a str,
    host: &'a HostConfig,
}

impl Links<'_> {
    /// The address of one of the host's own paths; none where nothing is.
    fn to(&self, path: &str) -> Option<String> {
        let address = || format!("{}{}", self.root, path.trim_start_matches('/'));
        (!path.is_empty()).then(|| escape(&address()).into_owned())
    }
}

/// `page` is where a plugin's title leads.
fn line(html: &mut String, links: &Links<'_>, page: Option<&str>, plugin: &Revision) {
    let name = &plugin.name;
    let title = shortened(title(plugin));
    let title = match page {
        Some(page) => format!("<a href=\"{page}?plugin={name}\">{title}</a>"),
        None => title,
    };
    let version = plugin.code.contract.info("version").unwrap_or_default();
    let version = shortened(version);
    let prefix = match &*plugin.prefix {
        "" => String::new(),
        prefix => format!(" under <code>{}</code>", escape(prefix)),
    };
    let operations = counted(operations(plugin), "operation");
    let host = links.host;
    let of_plugin = |path: &str| Some(format!("{}?plugin={name}", links.to(path)?));
    let to: Vec<String> = [
        (of_plugin(&host.docs_path), "Swagger UI", "Swagger UI"),
        (of_plugin(&host.redoc_path), "ReDoc", "ReDoc"),
        (
            links.to(&host.openapi_path_of(name)),
            "OpenAPI",
            "OpenAPI document",
        ),
    ]
    .into_iter()
    .filter_map(|(address, text, words)| {
        let address = address?;
        Some(format!(
            "<a href=\"{address}\" aria-label=\"{words} of {name}\">{text}</a>"
        ))
    })
    .collect();
    let to = to.join(" ");
    // A name is `[a-z][a-z0-9-]*`.
    let line = write!(
        html,
        "<li>\n<h3>{title} <small>{version}</small></h3>\n\
         <p><code>{name}</code> {operations}{prefix}</p>\n\
         <p class=\"links\">{to}</p>\n</li>\n"
    );
    line.expect("a string takes all that is written");
}

fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

/// Escaped, and with its end left away if it is too long for a line.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONG) {
        Some((end, _)) => format!("{}…", escape(&text[..end])),
        None => escape(text).into_owned(),
    }
}
