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
    let plugins = api.revisions();
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
    let page = match purpose {
        Purpose::Index => "docs",
        Purpose::Choice => {
            html.push_str(
                "<p>ReDoc lays a document out whole, which takes long for so many operations: \
                 choose a plugin, or <a href=\"redoc?plugin=\">wait for all of them</a>.</p>\n",
            );
            "redoc"
        }
    };
    html.push_str("<ul>\n");
    for plugin in plugins {
        line(&mut html, root, page, plugin);
    }
    html.push_str("</ul>\n</main>\n</body>\n</html>\n");
    html
}

fn line(html: &mut String, root: &str, page: &str, plugin: &Revision) {
    let root = escape(root);
    let name = &plugin.name;
    let title = shortened(title(plugin));
    let version = plugin.code.contract.info("version").unwrap_or_default();
    let version = shortened(version);
    let prefix = match &*plugin.prefix {
        "" => String::new(),
        prefix => format!(" under <code>{}</code>", escape(prefix)),
    };
    let operations = counted(operations(plugin), "operation");
    // A name is `[a-z][a-z0-9-]*`.
    let line = write!(
        html,
        "<li>\n<h3><a href=\"{root}{page}?plugin={name}\">{title}</a> <small>{version}</small></h3>\n\
         <p><code>{name}</code> {operations}{prefix}</p>\n\
         <p class=\"links\"><a href=\"{root}docs?plugin={name}\" aria-label=\"Swagger UI of {name}\">Swagger UI</a> \
         <a href=\"{root}redoc?plugin={name}\" aria-label=\"ReDoc of {name}\">ReDoc</a> \
         <a href=\"{root}openapi/{name}.json\" aria-label=\"OpenAPI document of {name}\">OpenAPI</a></p>\n</li>\n"
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
