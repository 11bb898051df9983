//! A path template: `/items/{id}`.

use syn::{Error, LitStr, Result};

/// A path template, read.
pub(crate) struct Template {
    /// As the contract has it.
    pub(crate) path: String,
    /// The names in braces, in order.
    pub(crate) names: Vec<String>,
    /// Whether the last one takes the rest of the path, slashes included: `{name:path}`.
    pub(crate) takes_rest: bool,
    /// The path without names: two routes with the same are one to the host, `/items/{int}` and `/items/{}` are two.
    pub(crate) shape: String,
    /// What those are that decide whether the path fits, by name: `{name:int}`.
    pub(crate) kinds: Vec<(String, String)>,
}

/// What a parameter of a path may have to be.
const KINDS: [&str; 3] = ["int", "float", "uuid"];

/// The name of a webhook or the expression of a callback: no parameters of its own.
pub(crate) fn whole(text: &LitStr) -> Template {
    Template {
        path: text.value(),
        shape: text.value(),
        names: Vec::new(),
        takes_rest: false,
        kinds: Vec::new(),
    }
}

/// Reads `/items/{id}`.
pub(crate) fn read(template: &LitStr) -> Result<Template> {
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
    let mut takes_rest = false;
    let mut kinds = Vec::new();
    let mut rest = text.as_str();
    let mut shape = String::new();
    while let Some(at) = rest.find(['{', '}']) {
        let Some(inside) = rest[at..].strip_prefix('{') else {
            return wrong("a `}` without its `{`");
        };
        let Some((name, after)) = inside.split_once('}') else {
            return wrong("a `{` without its `}`: a path parameter is written `{name}`");
        };
        let kind = name.split_once(':').map_or("", |(_, kind)| kind);
        shape.push_str(&rest[..at]);
        shape.push_str(&format!("{{{}}}", if kind == "str" { "" } else { kind }));
        let name = match name.split_once(':') {
            Some((name, "path")) if after.is_empty() => {
                takes_rest = true;
                name
            }
            Some((_, "path")) => {
                return wrong("`{name:path}` takes the rest of the path: it stands at the end");
            }
            Some((name, kind)) if KINDS.contains(&kind) => {
                kinds.push((name.to_owned(), kind.to_owned()));
                name
            }
            Some((name, "str")) => name,
            Some(_) => {
                return wrong(
                    "a path parameter is written `{name}`, its type is the argument's; or `{name:int}`, `{name:float}`, \
                     `{name:uuid}`, where a path without one does not fit",
                );
            }
            None => name,
        };
        if name.is_empty() || name.contains(['{', '/', '*']) {
            return wrong("a path parameter is written `{name}`");
        }
        if names.iter().any(|known| known == name) {
            return wrong("a path names each parameter once");
        }
        names.push(name.to_owned());
        rest = after;
    }
    shape.push_str(rest);
    let mut path = text.clone();
    for kind in KINDS.into_iter().chain(["path", "str"]) {
        path = path.replace(&format!(":{kind}}}"), "}");
    }
    Ok(Template {
        path,
        shape,
        names,
        takes_rest,
        kinds,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(path: &str) -> std::result::Result<Vec<String>, String> {
        read(&LitStr::new(path, proc_macro2::Span::call_site()))
            .map(|template| template.names)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_names_in_braces_are_the_parameters() {
        assert_eq!(names("/a/{b}/{c}.json").unwrap(), ["b", "c"]);
        assert_eq!(names("/").unwrap(), [""; 0]);
    }

    #[test]
    fn the_last_parameter_may_take_the_rest() {
        let path = LitStr::new("/files/{file:path}", proc_macro2::Span::call_site());
        let template = read(&path).unwrap();
        assert_eq!(template.path, "/files/{file}");
        assert!(template.takes_rest);
        assert_eq!(names("/files/{file:path}").unwrap(), ["file"]);
    }

    #[test]
    fn a_parameter_may_decide_whether_the_path_fits() {
        let path = LitStr::new("/{a:int}/{b:str}-{c:uuid}", proc_macro2::Span::call_site());
        let template = read(&path).unwrap();
        assert_eq!(template.path, "/{a}/{b}-{c}");
        let kinds = [("a", "int"), ("c", "uuid")].map(|(name, kind)| (name.into(), kind.into()));
        assert_eq!(template.kinds, kinds);
    }

    #[test]
    fn a_path_that_is_none_is_refused_in_words() {
        for path in [
            "items",
            "/{a",
            "/a}",
            "/{}",
            "/{a}/{a}",
            "/{a:path}/b",
            "/{a:i64}",
            "/a?q={q}",
        ] {
            assert!(names(path).is_err(), "{path}");
        }
        assert_eq!(names("items").unwrap_err(), "a path starts with `/`");
    }
}
