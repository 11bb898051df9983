//! A path template: `/items/{id}`.

use syn::{Error, LitStr, Result};

/// The names in braces, in order.
pub(crate) fn parameters(template: &LitStr) -> Result<Vec<String>> {
    let text = template.value();
    let wrong = |message: &str| Err(Error::new(template.span(), message));
    // Empty: the path of a router's prefix itself. The plugin's list refuses it elsewhere.
    if !text.is_empty() && !text.starts_with('/') {
        return wrong("a path starts with `/`");
    }
    if text.contains(['?', '#']) {
        return wrong(
            "a path ends before `?` and `#`: an argument that the path does not name is a query parameter",
        );
    }
    let mut names = Vec::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find(['{', '}']) {
        let Some(inside) = rest[at..].strip_prefix('{') else {
            return wrong("a `}` without its `{`");
        };
        let Some((name, after)) = inside.split_once('}') else {
            return wrong("a `{` without its `}`: a path parameter is written `{name}`");
        };
        if name.is_empty() || name.contains(['{', '/', ':', '*']) {
            return wrong("a path parameter is written `{name}`");
        }
        if names.iter().any(|known| known == name) {
            return wrong("a path names each parameter once");
        }
        names.push(name.to_owned());
        rest = after;
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(path: &str) -> std::result::Result<Vec<String>, String> {
        parameters(&LitStr::new(path, proc_macro2::Span::call_site()))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_names_in_braces_are_the_parameters() {
        assert_eq!(names("/a/{b}/{c}.json").unwrap(), ["b", "c"]);
        assert_eq!(names("/").unwrap(), [""; 0]);
    }

    #[test]
    fn a_path_that_is_none_is_refused_in_words() {
        for path in [
            "items",
            "/{a",
            "/a}",
            "/{}",
            "/{a}/{a}",
            "/{a:path}",
            "/a?q={q}",
        ] {
            assert!(names(path).is_err(), "{path}");
        }
        assert_eq!(names("items").unwrap_err(), "a path starts with `/`");
    }
}
