//! The cookies that a client sends, read as Starlette reads them, which is as browsers write them.

use std::borrow::Cow;

/// The pairs of one `cookie` header, in its order. What has no `=` is a value without a name.
pub(crate) fn parse(header: &str) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
    header.split(';').filter_map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or(("", pair));
        let (name, value) = (name.trim(), value.trim());
        (!name.is_empty() || !value.is_empty()).then(|| (name, unquote(value)))
    })
}

/// A value in quotes without them; `\ooo` in it is a character by its octal number, any other `\x` is `x`.
fn unquote(value: &str) -> Cow<'_, str> {
    let Some(inner) = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    else {
        return value.into();
    };
    let mut parts = inner.split('\\');
    let first = parts.next().unwrap_or_default();
    if first.len() == inner.len() {
        return inner.into();
    }
    let mut out = first.to_owned();
    while let Some(part) = parts.next() {
        let octal = part
            .get(..3)
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()))
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match octal {
            Some(character) => {
                out.push(char::from(character));
                out.push_str(&part[3..]);
            }
            // A backslash that was escaped: what comes after it is as it stands.
            None if part.is_empty() => {
                out.push('\\');
                out.push_str(parts.next().unwrap_or_default());
            }
            None => out.push_str(part),
        }
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_read_as_starlette_reads_them() {
        for (header, wanted) in [
            ("a=1; b=2", &[("a", "1"), ("b", "2")][..]),
            (
                " a = 1 ;b;; =;c==x",
                &[("a", "1"), ("", "b"), ("c", "=x")][..],
            ),
            (
                r#"a="x y"; b="; c=""; d="a\"b\\c\351\073""#,
                &[("a", "x y"), ("b", "\""), ("c", ""), ("d", "a\"b\\cé;")][..],
            ),
            (
                r#"a="\400\12x"; b="x\"; c=\101"#,
                &[("a", "40012x"), ("b", "x\\"), ("c", "\\101")][..],
            ),
            ("", &[][..]),
        ] {
            let read: Vec<_> = parse(header).collect();
            let read: Vec<_> = read.iter().map(|(name, value)| (*name, &**value)).collect();
            assert_eq!(read, wanted, "{header}");
        }
    }
}
