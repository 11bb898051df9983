//! Which file answers a request, by the rules of where it is.

use std::io;
use std::time::SystemTime;

use http::header::{ACCEPT, ACCEPT_ENCODING};
use http::{HeaderMap, HeaderValue};

use super::wanted::Wanted;
use super::{Site, Source};
use crate::spool::FileContent;

/// A file that is there.
pub(super) struct There {
    pub(super) content: FileContent,
    pub(super) etag: HeaderValue,
    pub(super) modified: SystemTime,
}

/// What is at a path.
pub(super) enum Look {
    File(There),
    Folder,
    Nothing,
}

/// What a request gets.
pub(super) enum Found {
    File(Chosen),
    /// A folder that has an index: its address ends in `/`.
    Slash(String),
    Nothing,
}

/// A file, in the coding that suits the client best.
pub(super) struct Chosen {
    pub(super) path: String,
    pub(super) there: There,
    /// The page that tells of what is not there.
    pub(super) is_missing_page: bool,
    /// How it is packed.
    pub(super) coding: Option<&'static str>,
    /// Whether another client might get it packed otherwise.
    pub(super) varies: bool,
}

/// What a client says of what it takes.
pub(super) struct Takes {
    /// The codings of [`CODINGS`] in the order in which it wants them.
    codings: Vec<usize>,
    /// It shows what it gets to somebody who went to this address.
    is_visit: bool,
}

/// What lies beside a file under its name with another end, the smallest first.
const CODINGS: [(&str, &str); 3] = [("br", ".br"), ("zstd", ".zst"), ("gzip", ".gz")];

impl Takes {
    pub(super) fn of(headers: &HeaderMap) -> Takes {
        Takes {
            codings: codings(headers),
            is_visit: is_visit(headers),
        }
    }
}

impl Source {
    fn look(&self, path: &str) -> io::Result<Look> {
        match self {
            Source::Folder(folder) => folder.look(path),
            Source::Tree(tree) => Ok(match tree.get(path) {
                Some(kept) => Look::File(There {
                    content: kept.content.clone(),
                    etag: kept.etag.clone(),
                    modified: kept.modified,
                }),
                None if tree.has_folder(path) => Look::Folder,
                None => Look::Nothing,
            }),
        }
    }
}

impl Site {
    /// As Starlette's `StaticFiles`, then the fallback. `alone`: nothing else has to do with the path.
    pub(super) fn find(
        &self,
        wanted: Option<&Wanted>,
        takes: &Takes,
        alone: bool,
    ) -> io::Result<Found> {
        let file = |path: &str, there| self.packed(path, there, takes).map(Found::File);
        if let Some(wanted) = wanted {
            match self.source.look(&wanted.path)? {
                Look::File(there) => return file(&wanted.path, there),
                Look::Folder if self.rules.html => {
                    let index = match wanted.path.as_str() {
                        "" => "index.html".to_owned(),
                        folder => format!("{folder}/index.html"),
                    };
                    match self.source.look(&index)? {
                        Look::File(there) if wanted.slash => return file(&index, there),
                        Look::File(_) => return Ok(Found::Slash(wanted.path.clone())),
                        Look::Folder | Look::Nothing => {}
                    }
                }
                Look::Folder | Look::Nothing => {}
            }
        }
        if !alone {
            return Ok(Found::Nothing);
        }
        let fallback = self.rules.fallback.as_str();
        if !fallback.is_empty()
            && takes.is_visit
            && wanted.is_some_and(|wanted| !wanted.names_a_file())
            && let Look::File(there) = self.source.look(fallback)?
        {
            return file(fallback, there);
        }
        if self.rules.html
            && let Look::File(there) = self.source.look("404.html")?
        {
            let mut page = self.packed("404.html", there, takes)?;
            page.is_missing_page = true;
            return Ok(Found::File(page));
        }
        Ok(Found::Nothing)
    }

    /// The file itself, or what lies packed beside it.
    fn packed(&self, path: &str, plain: There, takes: &Takes) -> io::Result<Chosen> {
        let mut beside = [None, None, None];
        if !CODINGS.iter().any(|(_, end)| path.ends_with(end)) {
            for ((_, end), beside) in CODINGS.iter().zip(&mut beside) {
                if let Look::File(there) = self.source.look(&format!("{path}{end}"))? {
                    *beside = Some(there);
                }
            }
        }
        let varies = beside.iter().any(Option::is_some);
        let wanted = takes
            .codings
            .iter()
            .find(|coding| beside[**coding].is_some());
        let packed = wanted.and_then(|coding| Some((beside[*coding].take()?, CODINGS[*coding].0)));
        let (there, coding) = match packed {
            Some((there, coding)) => (there, Some(coding)),
            None => (plain, None),
        };
        Ok(Chosen {
            path: path.to_owned(),
            there,
            is_missing_page: false,
            coding,
            varies,
        })
    }
}

/// RFC 9110, 12.5.3; of what a client wants as much, the one that packs best.
fn codings(headers: &HeaderMap) -> Vec<usize> {
    let values = headers.get_all(ACCEPT_ENCODING).iter();
    let texts = values.filter_map(|value| value.to_str().ok());
    let items: Vec<(&str, f32)> = texts
        .flat_map(|text| text.split(','))
        .map(weighed)
        .collect();
    let weight = |coding: &str| {
        let named = |name: &str| {
            let found = items
                .iter()
                .find(|(known, _)| known.eq_ignore_ascii_case(name));
            found.map(|(_, weight)| *weight)
        };
        named(coding).or_else(|| named("*"))
    };
    let plain = weight("identity").filter(|_| items.iter().any(|(name, _)| *name == "identity"));
    let mut wanted: Vec<(usize, f32)> = (0..CODINGS.len())
        .filter_map(|at| Some((at, weight(CODINGS[at].0)?)))
        .filter(|(_, weight)| *weight > 0.0 && *weight >= plain.unwrap_or(0.0))
        .collect();
    wanted.sort_by(|one, other| other.1.total_cmp(&one.1));
    wanted.into_iter().map(|(at, _)| at).collect()
}

/// `gzip;q=0.5`: the name, and how much it is wanted.
fn weighed(item: &str) -> (&str, f32) {
    let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
    let weight = parameters.trim().strip_prefix("q=");
    let weight = weight.map_or(Some(1.0), |weight| weight.trim().parse().ok());
    (name.trim(), weight.unwrap_or(0.0))
}

/// Whether somebody went to the address: browsers say so, and others are taken at the media types that they accept.
fn is_visit(headers: &HeaderMap) -> bool {
    if let Some(mode) = headers.get("sec-fetch-mode") {
        return mode == "navigate";
    }
    let accepts = |value: &HeaderValue| {
        let text = value.to_str().unwrap_or_default();
        let mut types = text.split(',').map(|item| weighed(item).0);
        types.any(|media_type| matches!(media_type, "text/html" | "text/*" | "*/*"))
    };
    !headers.contains_key(ACCEPT) || headers.get_all(ACCEPT).iter().any(accepts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(accepted: &str) -> Vec<&'static str> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, accepted.parse().unwrap());
        codings(&headers)
            .into_iter()
            .map(|at| CODINGS[at].0)
            .collect()
    }

    #[test]
    fn a_client_gets_the_coding_that_it_wants_most() {
        for (accepted, expected) in [
            ("", &[][..]),
            ("gzip", &["gzip"]),
            ("gzip, deflate, br, zstd", &["br", "zstd", "gzip"]),
            ("br;q=0.5, gzip;q=0.8", &["gzip", "br"]),
            ("GZIP;q=1.0", &["gzip"]),
            ("*", &["br", "zstd", "gzip"]),
            ("*;q=0.1, br;q=0", &["zstd", "gzip"]),
            ("gzip;q=0", &[]),
            ("identity, gzip;q=0.5", &[]),
            ("identity;q=0, gzip;q=0.5", &["gzip"]),
            ("gzip;q=a", &[]),
        ] {
            assert_eq!(wanted(accepted), expected, "{accepted}");
        }
    }
}
