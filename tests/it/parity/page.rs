//! `docs/fastapi-parity.md`: what was found, as a page.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::Found;

/// By what it is written anew.
pub(super) const COMMAND: &str = "SWITCHBACK_WRITE_PARITY=1 cargo test --test it parity";

const BEGINNING: &str = "# Parity with FastAPI

Apps whose answers by FastAPI are recorded, written anew with the Rust SDK (`tests/guests/fastapi`, contracts from types), served by
a real host and sent the same requests over a socket. A step is one request and its answer. It is the same if status, `content-type`
and body are: JSON by its value, any other body byte by byte. The other recorded headers are compared too, and listed below.
All apps run with `json = \"lax\"`, by which bodies are taken as FastAPI takes them, and without the host's index at `/`.

Documents are compared with every `$ref` written out, without the `title`s of schemas, formats of numbers and operation ids. A type
that may be null is one whether it is spelt by `anyOf` or by a list of types, and a parameter is never null; `enum` of one value is
`const`, `format: binary` is `contentMediaType`, a discriminator may name schemas, parameters have no order, and neither have the names under `required`.

";

pub(super) fn of(
    found: &[Found],
    answers: &BTreeMap<&str, &str>,
    headers: &BTreeMap<&str, &str>,
    documents: &BTreeMap<&str, &str>,
) -> String {
    let mut page = BEGINNING.to_owned();
    let different = |found: &Found| {
        let steps = found.app.steps().count();
        found
            .compared
            .as_ref()
            .map_or(steps, |compared| compared.answers.len())
    };
    let all: usize = found.iter().map(|found| found.app.steps().count()).sum();
    let same = all - found.iter().map(different).sum::<usize>();
    let unwritten = found.iter().filter(|found| found.compared.is_none());
    let _ = writeln!(
        page,
        "**{same} of {all} steps are the same: {}.{} %.** Apps not written yet: {}; all of their steps count as different.\n",
        same * 100 / all,
        same * 1000 / all % 10,
        unwritten.count()
    );
    page.push_str("| app | steps | same | different | places that differ in the document |\n|---|---|---|---|---|\n");
    for app in found {
        let (steps, different) = (app.app.steps().count(), different(app));
        let document = match &app.compared {
            None => "not written yet".into(),
            Some(_) if app.app.openapi.is_none() => "not recorded".into(),
            Some(compared) => compared.document.len().to_string(),
        };
        let (name, same) = (&app.app.name, steps - different);
        let _ = writeln!(
            page,
            "| {name} | {steps} | {same} | {different} | {document} |"
        );
    }
    for (title, reasons) in [
        ("Answers that differ", answers),
        ("Headers that differ, of answers that are the same", headers),
    ] {
        let _ = write!(page, "\n## {title}\n\n| which | why |\n|---|---|\n");
        for (reason, names) in by_reason(reasons) {
            for name in names {
                let _ = writeln!(page, "| {} | {reason} |", code(name));
            }
        }
    }
    page.push_str("\n## Documents that differ\n\nWhich places they are, `tests/golden/fastapi/differences.json` says.\n\n");
    page.push_str("| why | places | apps |\n|---|---|---|\n");
    for (reason, names) in by_reason(documents) {
        let apps: BTreeSet<_> = names
            .iter()
            .filter_map(|name| Some(name.split_once(": ")?.0))
            .collect();
        let apps = apps.into_iter().collect::<Vec<_>>().join(", ");
        let _ = writeln!(page, "| {reason} | {} | {apps} |", names.len());
    }
    let _ = write!(page, "\nThis page is written by `{COMMAND}`.\n");
    page
}

fn by_reason<'a>(reasons: &BTreeMap<&'a str, &'a str>) -> BTreeMap<&'a str, Vec<&'a str>> {
    let mut by_reason = BTreeMap::<_, Vec<_>>::new();
    for (name, reason) in reasons {
        by_reason.entry(*reason).or_default().push(*name);
    }
    by_reason
}

/// As it stands, within a cell of a table.
fn code(text: &str) -> String {
    let text = text.replace('|', "\\|").replace(['\r', '\n'], " ");
    match text.contains('`') {
        true => format!("`` {text} ``"),
        false => format!("`{text}`"),
    }
}
