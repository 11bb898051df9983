//! Paths, as contracts write them and as clients send them, brought into one spelling so that they can be compared.
//!
//! A contract says `/café`, one client sends `/caf%C3%A9` and another `/caf%c3%a9`: all three are the same path. The
//! one spelling is the percent-encoded one, with capital digits and without needless escapes. An encoded `/` stays
//! encoded: parameters are split on the raw path and decoded afterwards.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The most bytes that the shape of a path may have. Longer ones could nest the router deeper than a thread's stack bears.
const SHAPE_BYTES: usize = 512;

/// The most parameters a path may have: each is one more level at which the router may have to try again.
const PATH_PARAMETERS: usize = 16;

/// A path of a contract: fixed text with parameters between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PathTemplate {
    /// The path with each parameter as `<0>`, `<1>` … (`<*1>` where it takes the rest), fixed text in the one
    /// spelling. Two paths with the same shape and kinds match the same requests.
    shape: String,
    /// Names of the parameters, in order.
    names: Vec<String>,
    /// The shape up to a last parameter that takes the rest of the path, which may be empty.
    before_rest: Option<usize>,
    /// Which parameters, by position, are no more than of this kind.
    kinds: Vec<(usize, Kind)>,
    /// Whether nobody is led to it who asks with a slash more at its end, or less.
    exact: bool,
}

/// What a parameter of the path is, where a path in which it is not does not fit: Starlette's convertors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    /// Digits.
    Int,
    /// Digits, and a point among them.
    Float,
    /// 32 hexadecimal digits, with hyphens or without.
    Uuid,
}

impl Kind {
    /// By the name that Starlette and contracts have for it.
    pub(crate) fn named(name: &str) -> Option<Kind> {
        match name {
            "int" => Some(Kind::Int),
            "float" => Some(Kind::Float),
            "uuid" => Some(Kind::Uuid),
            _ => None,
        }
    }

    /// Whether a text of a path is of this kind.
    pub(crate) fn takes(self, text: &str) -> bool {
        let digits =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match self {
            Kind::Int => digits(text),
            Kind::Float => match text.split_once('.') {
                Some((whole, fraction)) => digits(whole) && digits(fraction),
                None => digits(text),
            },
            Kind::Uuid => {
                let mut rest = text;
                let groups = [8, 4, 4, 4, 12].into_iter().enumerate();
                let fits = groups.into_iter().all(|(index, length)| {
                    if index > 0 {
                        rest = rest.strip_prefix('-').unwrap_or(rest);
                    }
                    let Some((group, after)) = rest.split_at_checked(length) else {
                        return false;
                    };
                    rest = after;
                    group.bytes().all(|byte| byte.is_ascii_hexdigit())
                });
                fits && rest.is_empty()
            }
        }
    }
}

impl PathTemplate {
    /// Reads `/items/{id}`. `takes_rest` tells of each parameter whether it takes the rest of the path.
    ///
    /// # Errors
    ///
    /// In words, without the path itself: the caller knows where it stands.
    pub(crate) fn parse(text: &str, takes_rest: impl Fn(&str) -> bool) -> Result<Self, String> {
        if !text.starts_with('/') {
            return Err("a path starts with `/`".into());
        }
        if let Some(found) = text.chars().find(|c| matches!(c, '?' | '#')) {
            return Err(format!(
                "`{found}` cannot be in a path; declare query parameters with `in: query`"
            ));
        }

        let mut template = PathTemplate {
            shape: String::new(),
            names: Vec::new(),
            before_rest: None,
            kinds: Vec::new(),
            exact: false,
        };
        let mut rest = text;
        while !rest.is_empty() {
            if template.before_rest.is_some() {
                let name = template.names.last().map_or("", String::as_str);
                return Err(format!(
                    "parameter `{name}` takes the rest of the path, so nothing can follow it"
                ));
            }
            let fixed = &rest[..rest.find(['{', '}']).unwrap_or(rest.len())];
            template.shape.push_str(&canonical(fixed));
            rest = &rest[fixed.len()..];
            if let Some(after) = rest.strip_prefix('{') {
                rest = template.push_parameter(after, &takes_rest)?;
            } else if rest.starts_with('}') {
                return Err("a `}` has no `{` before it".into());
            }
        }
        if template.shape.len() > SHAPE_BYTES {
            return Err(format!(
                "the path is longer than {SHAPE_BYTES} bytes, names of parameters not counted; shorten it"
            ));
        }
        Ok(template)
    }

    /// Takes one parameter, whose `{` is gone already, and answers what comes after its `}`.
    fn push_parameter<'t>(
        &mut self,
        text: &'t str,
        takes_rest: &impl Fn(&str) -> bool,
    ) -> Result<&'t str, String> {
        let (name, after) = text.split_once('}').ok_or("a `{` is never closed by `}`")?;
        if name.is_empty() || name.contains(['{', '/']) {
            return Err(format!(
                "`{{{name}}}` is no parameter: between `{{` and `}}` stands its name"
            ));
        }
        if self.names.iter().any(|known| known == name) {
            return Err(format!(
                "parameter `{name}` is there twice; give each its own name"
            ));
        }
        if self.shape.ends_with('>') {
            return Err(format!(
                "nothing separates parameter `{name}` from the one before it"
            ));
        }
        if self.names.len() == PATH_PARAMETERS {
            return Err(format!(
                "the path has more than {PATH_PARAMETERS} parameters"
            ));
        }

        let position = self.names.len();
        if takes_rest(name) {
            if !self.shape.ends_with('/') {
                return Err(format!(
                    "parameter `{name}` takes the rest of the path, so a `/` must stand before it"
                ));
            }
            self.before_rest = Some(self.shape.len());
            let _ = write!(self.shape, "<*{position}>");
        } else {
            let _ = write!(self.shape, "<{position}>");
        }
        self.names.push(name.into());
        Ok(after)
    }

    /// Names of the parameters, in the order in which they stand in the path.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// The same, with parameters that are of a kind.
    pub(crate) fn of_kinds(mut self, kind: impl Fn(&str) -> Option<Kind>) -> Self {
        let kinds = self.names.iter().enumerate();
        self.kinds = kinds
            .filter_map(|(at, name)| Some((at, kind(name)?)))
            .collect();
        self
    }

    /// The same, to which nobody is led who asks with a slash more at its end, or less.
    pub(crate) fn exactly(mut self, exact: bool) -> Self {
        self.exact = exact;
        self
    }

    /// Whether nobody is led to it.
    pub(crate) fn is_exact(&self) -> bool {
        self.exact
    }

    /// The parameters that are of a kind, by position.
    pub(crate) fn kinds(&self) -> &[(usize, Kind)] {
        &self.kinds
    }

    /// What two paths have in common that match the same requests.
    pub(crate) fn key(&self) -> (&str, &[(usize, Kind)]) {
        (&self.shape, &self.kinds)
    }

    /// By which of two paths with one shape the router asks first for the one that takes less: parameter by parameter, in
    /// the order of [`Kind`].
    pub(crate) fn rank(&self) -> Vec<(bool, Option<Kind>)> {
        let kind = |at| self.kinds.iter().find(|(known, _)| *known == at);
        let ranks = (0..self.names.len()).map(|at| match kind(at) {
            Some((_, kind)) => (false, Some(*kind)),
            None => (true, None),
        });
        ranks.collect()
    }

    /// The path with its parameters by position: what the router matches.
    pub(crate) fn shape(&self) -> &str {
        &self.shape
    }

    /// Where the last parameter takes the rest of the path: the shape that matches if that rest is empty.
    pub(crate) fn shape_without_rest(&self) -> Option<&str> {
        self.before_rest.map(|at| &self.shape[..at])
    }
}

/// The path of a request, in the one spelling.
#[derive(Clone, Debug)]
pub(crate) struct RequestPath<'u>(Cow<'u, str>);

impl<'u> RequestPath<'u> {
    /// Takes the path as the client sent it, without its query.
    pub(crate) fn new(raw: &'u str) -> Self {
        RequestPath(canonical(raw))
    }

    /// The path, if it is not as the client sent it.
    pub(crate) fn rewritten(self) -> Option<String> {
        match self.0 {
            Cow::Owned(path) => Some(path),
            Cow::Borrowed(_) => None,
        }
    }

    /// The path in the one spelling: still percent-encoded, nothing but ASCII.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Escapes what has to be, and nothing else, with capital digits. Allocates only if something changes.
pub(crate) fn canonical(raw: &str) -> Cow<'_, str> {
    let bytes = raw.as_bytes();
    let mut at = 0;
    while let Some(more) = bytes[at..]
        .iter()
        .position(|byte| !stands_for_itself(*byte))
    {
        at += more;
        if !is_canonical_escape(&bytes[at..]) {
            return Cow::Owned(rewrite(&raw[..at], &bytes[at..]));
        }
        at += 3;
    }
    Cow::Borrowed(raw)
}

fn rewrite(done: &str, bytes: &[u8]) -> String {
    let mut out = String::with_capacity(done.len() + bytes.len() + 16);
    out.push_str(done);
    let mut rest = bytes;
    while let Some((&first, after)) = rest.split_first() {
        let (byte, escaped, next) = match escape(rest) {
            Some(byte) => (byte, true, &rest[3..]),
            None => (first, false, after),
        };
        // What was escaped although it need not be loses its escape; `/` and the like keep theirs.
        let bare = if escaped {
            is_unreserved(byte)
        } else {
            stands_for_itself(byte)
        };
        if bare {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        rest = next;
    }
    out
}

/// The byte that `%XX` at the beginning stands for.
fn escape(bytes: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = bytes else {
        return None;
    };
    let digit = |byte: &u8| {
        char::from(*byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    Some(digit(high)? << 4 | digit(low)?)
}

fn is_canonical_escape(bytes: &[u8]) -> bool {
    escape(bytes).is_some_and(|byte| !is_unreserved(byte))
        && !bytes[1..3].iter().any(u8::is_ascii_lowercase)
}

/// RFC 3986, 2.3: escaping these changes nothing.
const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// RFC 3986, 3.3: what may stand in a path unescaped.
fn stands_for_itself(byte: u8) -> bool {
    STANDS_FOR_ITSELF[usize::from(byte)]
}

/// A table, because every byte of every request's path is looked at.
static STANDS_FOR_ITSELF: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte: u8 = 0;
    while byte < 128 {
        table[byte as usize] = is_unreserved(byte)
            || matches!(
                byte,
                b'/' | b'!'
                    | b'$'
                    | b'&'
                    | b'\''
                    | b'('
                    | b')'
                    | b'*'
                    | b'+'
                    | b','
                    | b';'
                    | b'='
                    | b':'
                    | b'@'
            );
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<PathTemplate, String> {
        PathTemplate::parse(text, |name| name == "rest")
    }

    #[test]
    fn parameters_are_named_by_position_in_the_shape() {
        let template = parse("/a/{x}/b-{y}.json").unwrap();
        assert_eq!(template.shape(), "/a/<0>/b-<1>.json");
        assert_eq!(template.names(), ["x", "y"]);
        assert_eq!(template.shape_without_rest(), None);
    }

    #[test]
    fn kinds_are_starlette_s_convertors() {
        for (kind, fits, not) in [
            (Kind::Int, &["0", "007"][..], &["", "-1", "1.0", "x"][..]),
            (
                Kind::Float,
                &["1", "1.5"],
                &[".5", "1.", "1e3", "1.5.2", ""],
            ),
            (
                Kind::Uuid,
                &[
                    "0d1c2e3f-4a5b-4c6d-8e7f-0123456789ab",
                    "0D1C2E3F4A5B4C6D8E7F0123456789AB",
                ],
                &[
                    "",
                    "0d1c2e3f--4a5b4c6d8e7f0123456789ab",
                    "0d1c2e3f",
                    "ääääääää",
                ],
            ),
        ] {
            assert!(fits.iter().all(|text| kind.takes(text)), "{kind:?}");
            assert!(!not.iter().any(|text| kind.takes(text)), "{kind:?}");
        }
    }

    #[test]
    fn a_parameter_that_takes_the_rest_may_find_it_empty() {
        let template = parse("/files/{id}/{rest}").unwrap();
        assert_eq!(template.shape(), "/files/<0>/<*1>");
        assert_eq!(template.shape_without_rest(), Some("/files/<0>/"));
    }

    #[test]
    fn fixed_text_of_any_script_gets_the_one_spelling() {
        assert_eq!(
            parse("/café/a b/<x>/%7e%2f%zz").unwrap().shape(),
            "/caf%C3%A9/a%20b/%3Cx%3E/~%2F%25zz"
        );
    }

    #[test]
    fn clients_may_spell_a_path_as_they_like() {
        for raw in ["/caf%C3%A9", "/caf%c3%a9", "/café", "/%63af%C3%A9"] {
            assert_eq!(RequestPath::new(raw).as_str(), "/caf%C3%A9", "{raw}");
        }
    }

    #[test]
    fn an_encoded_slash_is_no_slash() {
        assert_eq!(canonical("/a%2fb%2F"), "/a%2Fb%2F");
    }

    #[test]
    fn a_path_in_the_one_spelling_is_not_copied() {
        assert!(matches!(
            canonical("/items/7/caf%C3%A9;v=1"),
            Cow::Borrowed(_)
        ));
    }

    #[test]
    fn a_template_that_is_none_is_refused_in_words() {
        for (text, says) in [
            ("items", "a path starts with `/`"),
            ("", "a path starts with `/`"),
            ("/a{b", "never closed"),
            ("/a}b", "no `{` before it"),
            ("/{}", "between `{` and `}` stands its name"),
            ("/{a{b}}", "between `{` and `}` stands its name"),
            ("/{a/b}", "between `{` and `}` stands its name"),
            ("/{a}/{a}", "`a` is there twice"),
            ("/{a}{b}", "nothing separates parameter `b`"),
            ("/a?b={c}", "`?` cannot be in a path"),
            ("/a#b", "`#` cannot be in a path"),
            (
                "/{rest}/b",
                "`rest` takes the rest of the path, so nothing can follow",
            ),
            ("/x{rest}", "a `/` must stand before it"),
        ] {
            let message = parse(text).unwrap_err();
            assert!(message.contains(says), "{text}: {message}");
        }
    }

    #[test]
    fn a_template_without_end_is_refused() {
        assert!(
            parse(&format!("/{}", "a".repeat(2_000)))
                .unwrap_err()
                .contains("longer than 512 bytes")
        );
        let many: String = (0..17).map(|n| format!("/{{p{n}}}")).collect();
        assert!(
            parse(&many)
                .unwrap_err()
                .contains("more than 16 parameters")
        );
    }
}
