//! Which file a path asks for: text that names one inside its folder, or none. Pure.

use percent_encoding::percent_decode_str;

/// Deeper folders, and longer names, are none of ours: the system has no longer names, and shallow walks are short.
const DEPTH: usize = 32;
const NAME_BYTES: usize = 255;

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Names with `/` between, without dots and links; empty for the folder itself.
    pub(super) path: String,
    /// Whether a `/` is at its end, as of a folder.
    pub(super) slash: bool,
}

impl Wanted {
    /// Whether its last name has an end, as those of scripts and pictures have: no page of a single-page app.
    pub(super) fn names_a_file(&self) -> bool {
        let name = self.path.rsplit('/').next();
        name.is_some_and(|name| name.contains('.'))
    }
}

/// Reads what stands behind the site, percent-encoded. As in Starlette, it is decoded once, then split, and `.`, `..`
/// and empty names are resolved; whatever would lead out of the folder, or names something hidden, is not there.
pub(super) fn wanted(encoded: &str) -> Option<Wanted> {
    let decoded = percent_decode_str(encoded).decode_utf8().ok()?;
    let mut names: Vec<&str> = Vec::new();
    for name in decoded.split('/') {
        match name {
            "" | "." => {}
            ".." => drop(names.pop()?),
            name if is_name(name) && names.len() < DEPTH => names.push(name),
            _ => return None,
        }
    }
    Some(Wanted {
        path: names.join("/"),
        slash: decoded.is_empty() || decoded.ends_with('/'),
    })
}

/// Whether something in a folder of files may be served under this name. A backslash separates names elsewhere.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= NAME_BYTES
        && !name.starts_with('.')
        && !name.contains(['/', '\\'])
        && !name.chars().any(char::is_control)
}

/// Whether a path is one that [`wanted`] could come to.
pub(super) fn is_path(path: &str) -> bool {
    path.split('/').all(is_name) && path.split('/').count() <= DEPTH
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(encoded: &str) -> Option<String> {
        wanted(encoded).map(|wanted| wanted.path)
    }

    #[test]
    fn a_path_is_resolved_inside_its_folder() {
        for (encoded, expected) in [
            ("", ""),
            ("/a.txt", "a.txt"),
            ("/a/b%20c/%C3%A9.txt", "a/b c/é.txt"),
            ("//a//./b/", "a/b"),
            ("/a/../b", "b"),
            ("/a%2Fb", "a/b"),
            ("/%252e%252e/a", "%2e%2e/a"),
        ] {
            assert_eq!(path(encoded).as_deref(), Some(expected), "{encoded}");
        }
        assert!(wanted("/a/").unwrap().slash && !wanted("/a").unwrap().slash);
    }

    #[test]
    fn what_leads_out_or_is_hidden_or_no_name_is_not_there() {
        let long = format!("/{}", "a".repeat(256));
        let deep = "/a".repeat(33);
        for encoded in [
            "/..",
            "/a/../../b",
            "/%2e%2e/a",
            "/..%2fa",
            "/.env",
            "/a/.git/config",
            "/%2Egit",
            "/a%00.txt",
            "/a%5Cb",
            "/a\\b",
            "/a%0Ab",
            "/%FF",
            "/%C0%AE%C0%AE/a",
            &long,
            &deep,
        ] {
            assert_eq!(path(encoded), None, "{encoded}");
        }
    }
}
