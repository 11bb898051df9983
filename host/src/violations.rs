//! The broken rules of one request, as many as an answer tells, their inputs cut to size.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::config::Limits;
use crate::large::Large;
use crate::problem::{Loc, Violation};

/// Collects violations in the order in which they are told, up to the limits.
pub(crate) struct Violations {
    list: Vec<Violation>,
    most: usize,
    input_bytes: usize,
}

impl Violations {
    pub(crate) fn new(limits: &Limits) -> Violations {
        Violations {
            list: Vec::new(),
            // At least one, or a request that breaks a rule would pass for good.
            most: limits.violations.max(1),
            input_bytes: limits.input_bytes,
        }
    }

    /// For whom the first one is enough.
    pub(crate) fn one(limits: &Limits) -> Violations {
        Violations {
            most: 1,
            ..Violations::new(limits)
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether further violations would be dropped: who walks on does it in vain.
    pub(crate) fn is_full(&self) -> bool {
        self.list.len() >= self.most
    }

    /// Forgets what was found after `len`: a union's earlier branches once a later one fits.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.list.truncate(len);
    }

    /// Brings what was found after `len` into another order; what ranks the same keeps its own.
    pub(crate) fn sort_behind(&mut self, len: usize, rank: impl Fn(&Violation) -> u64) {
        self.list[len..].sort_by_key(rank);
    }

    pub(crate) fn push(
        &mut self,
        rule: Rule,
        loc: impl FnOnce() -> Vec<Loc>,
        input: impl FnOnce(usize) -> Value,
    ) {
        if !self.is_full() {
            self.list.push(Violation {
                kind: rule.kind.into(),
                loc: loc(),
                msg: rule.msg,
                input: input(self.input_bytes),
                ctx: rule.ctx,
            });
        }
    }

    pub(crate) fn into_vec(self) -> Vec<Violation> {
        self.list
    }
}

/// A broken rule, without place and input.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) kind: &'static str,
    pub(crate) msg: Cow<'static, str>,
    pub(crate) ctx: Option<Map<String, Value>>,
}

impl Rule {
    pub(crate) fn plain(kind: &'static str, msg: &'static str) -> Rule {
        Rule {
            kind,
            msg: msg.into(),
            ctx: None,
        }
    }

    pub(crate) fn with<const N: usize>(
        kind: &'static str,
        msg: String,
        ctx: [(&str, Value); N],
    ) -> Rule {
        let ctx = ctx.map(|(name, value)| (name.to_owned(), value));
        Rule {
            kind,
            msg: msg.into(),
            ctx: Some(Map::from_iter(ctx)),
        }
    }

    pub(crate) fn missing() -> Rule {
        Rule::plain("missing", "Field required")
    }
}

/// A value as a violation shows it: whole if its JSON takes at most `most` bytes, else the beginning as text. An integer of
/// more than 64 bits, which no [`Value`] can hold, is the text of its digits.
pub(crate) fn shorten(value: &Value, large: &Large, most: usize) -> Value {
    match value {
        Value::String(text) => shorten_text(text, most),
        Value::Array(_) | Value::Object(_) => {
            let mut writer = Prefix {
                bytes: Vec::new(),
                most,
            };
            match large.write(value, &mut writer) {
                Ok(()) => {
                    let mut value = value.clone();
                    large.tell(&mut value);
                    value
                }
                Err(_) => Value::String(cut(&String::from_utf8_lossy(&writer.bytes), most)),
            }
        }
        Value::Number(number) => match large.digits(number) {
            Some(digits) => shorten_text(&digits, most),
            None => value.clone(),
        },
        Value::Null | Value::Bool(_) => value.clone(),
    }
}

/// The same for a text that is not JSON yet.
pub(crate) fn shorten_text(text: &str, most: usize) -> Value {
    if text.len() <= most {
        Value::String(text.to_owned())
    } else {
        Value::String(cut(text, most))
    }
}

fn cut(text: &str, most: usize) -> String {
    let text = text.trim_end_matches(char::REPLACEMENT_CHARACTER);
    format!("{}…", &text[..text.floor_char_boundary(most)])
}

/// A writer that fails once it has enough, so that a huge value is never written out.
struct Prefix {
    bytes: Vec<u8>,
    most: usize,
}

impl std::io::Write for Prefix {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let room = self.most - self.bytes.len();
        if bytes.len() > room {
            self.bytes.extend_from_slice(&bytes[..room]);
            return Err(std::io::ErrorKind::WriteZero.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_input_over_the_limit_is_told_as_the_beginning_of_its_text() {
        let large = Large::default();
        assert_eq!(shorten(&json!([1, 2, 3]), &large, 7), json!([1, 2, 3]));
        assert_eq!(shorten(&json!([1, 2, 3]), &large, 6), json!("[1,2,3…"));
        assert_eq!(shorten(&json!("äöü"), &large, 3), json!("ä…"));
        assert_eq!(shorten(&json!({"ä": "ö"}), &large, 3), json!("{\"…"));
    }

    #[test]
    fn violations_beyond_the_limit_are_dropped() {
        let limits = Limits {
            violations: 2,
            ..Limits::default()
        };
        let mut violations = Violations::new(&limits);
        for _ in 0..3 {
            violations.push(Rule::missing(), Vec::new, |_| Value::Null);
        }
        assert!(violations.is_full());
        assert_eq!(violations.into_vec().len(), 2);
    }
}
