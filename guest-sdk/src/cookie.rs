//! Cookies on their way out.

use std::fmt::Write;

/// A cookie to be set: [`Response::cookie`](crate::Response::cookie) and [`With::cookie`](crate::With::cookie) take it.
///
/// ```
/// use switchback_sdk::prelude::*;
///
/// /// Sign in
/// #[post("/login")]
/// fn login(#[form] user: String) -> With<Json<String>> {
///     let session = Cookie::new("session", &user).max_age(3600).http_only().secure();
///     With::new(Json(user)).cookie(session)
/// }
///
/// let (name, value) = login("ann".into()).headers.remove(0);
/// assert_eq!(name, "set-cookie");
/// assert_eq!(value, "session=ann; Path=/; SameSite=Lax; Max-Age=3600; HttpOnly; Secure");
/// ```
///
/// As with FastAPI's `set_cookie`, it is for all paths and `SameSite=Lax` unless said otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cookie {
    pair: String,
    path: String,
    same_site: &'static str,
    rest: String,
}

impl Cookie {
    /// A cookie. What may not stand in its value as it is, is written in quotes, and read back by `#[cookie]` as it was.
    pub fn new(name: &str, value: &str) -> Self {
        Cookie {
            pair: format!("{name}={}", quoted(value)),
            path: "/".into(),
            same_site: "Lax",
            rest: String::new(),
        }
    }

    /// A cookie that makes the browser forget the one of this name.
    pub fn forget(name: &str) -> Self {
        Cookie::new(name, "").max_age(0)
    }

    /// How many seconds it is kept; unless set, until the browser is closed.
    pub fn max_age(self, seconds: u32) -> Self {
        self.with(&format!("Max-Age={seconds}"))
    }

    /// Scripts in pages do not see it.
    pub fn http_only(self) -> Self {
        self.with("HttpOnly")
    }

    /// It is sent by HTTPS only.
    pub fn secure(self) -> Self {
        self.with("Secure")
    }

    /// Also other hosts of this domain get it.
    pub fn domain(self, domain: &str) -> Self {
        self.with(&format!("Domain={domain}"))
    }

    /// Only below this path.
    pub fn path(mut self, path: &str) -> Self {
        self.path = path.into();
        self
    }

    /// Never from links of other sites.
    pub fn same_site_strict(mut self) -> Self {
        self.same_site = "Strict";
        self
    }

    /// Also from other sites; browsers want it [`secure`](Cookie::secure) then.
    pub fn same_site_none(mut self) -> Self {
        self.same_site = "None";
        self
    }

    fn with(mut self, attribute: &str) -> Self {
        self.rest.push_str("; ");
        self.rest.push_str(attribute);
        self
    }

    /// The header's value.
    pub(crate) fn written(self) -> String {
        let Cookie {
            pair,
            path,
            same_site,
            rest,
        } = self;
        format!("{pair}; Path={path}; SameSite={same_site}{rest}")
    }
}

/// As Python's `http.cookies` writes a value, which is how the host reads one.
fn quoted(value: &str) -> String {
    let special = |char: char| char.is_ascii_control() || " \",;\\".contains(char);
    if !value.contains(special) {
        return value.into();
    }
    let mut out = String::from("\"");
    for char in value.chars() {
        match char {
            '"' | '\\' => out.extend(['\\', char]),
            ',' | ';' => write_octal(&mut out, char),
            char if char.is_ascii_control() => write_octal(&mut out, char),
            char => out.push(char),
        }
    }
    out.push('"');
    out
}

fn write_octal(out: &mut String, char: char) {
    // Writing into a text cannot fail.
    let _ = write!(out, "\\{:03o}", u32::from(char));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_end_its_pair() {
        let written = Cookie::new("a", "x; Path=/evil\r\n\"\\").written();
        assert_eq!(
            written,
            r#"a="x\073 Path=/evil\015\012\"\\"; Path=/; SameSite=Lax"#
        );
    }

    #[test]
    fn a_plain_value_stays_as_it_is() {
        let cookie = Cookie::new("a", "é=1").path("/b").same_site_strict();
        assert_eq!(cookie.written(), "a=é=1; Path=/b; SameSite=Strict");
    }
}
