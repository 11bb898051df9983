//! `docs/fastapi-parity.md`: what was found, as a page.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::Found;

/// By what it is written anew.
pub(super) const COMMAND: &str = "SWITCHBACK_WRITE_PARITY=1 cargo test --test it parity";

/// How a reason begins that is none to stay.
const MISSING: &str = "not there yet: ";

const BEGINNING: &str = "# Parity with FastAPI

Apps whose answers by FastAPI are recorded, written anew with the Rust SDK (`tests/guests/fastapi`, contracts from types), served by
a real host and sent the same requests over a socket. A step is one request and its answer. It is the same if status, `content-type`
and body are: JSON by its value, any other body byte by byte. The other recorded headers are compared too, and listed below.
All apps run with `json = \"lax\"`, by which bodies are taken as FastAPI takes them, and without the host's index at `/`. What
FastAPI is told when an app is made, a root path or places for its pages, the host's settings say.

Documents are compared with every `$ref` written out, without the `title`s of schemas, formats of numbers, operation ids,
`x-switchback-…` and what OpenAPI has by default (`servers`, `required: false`). A type that may be null is one whether it is spelt
by `anyOf` or by a list of types, and a parameter or a field of a form is never null; `enum` of one value is `const`,
`format: binary` is `contentMediaType`, a discriminator may name schemas, a limit of 0 is 0.0, parameters have no order, and
neither have the names under `required`.

";

pub(super) fn of(
    found: &[Found],
    answers: &BTreeMap<&str, &str>,
    headers: &BTreeMap<&str, &str>,
    documents: &BTreeMap<&str, &str>,
) -> String {
    let mut page = BEGINNING.to_owned();
    apps(&mut page, found);
    page.push_str("\n## Answers that differ\n\n");
    reasons(&mut page, found, answers);
    page.push_str("\nEach of them:\n\n");
    each(&mut page, answers);
    page.push_str("\n## Headers that differ, of answers that are the same\n\n");
    each(&mut page, headers);
    page.push_str("\n## Documents that differ\n\n");
    places(&mut page, documents);
    let _ = write!(page, "\nThis page is written by `{COMMAND}`.\n");
    page
}

/// How many steps are the same, of all and of each app.
fn apps(page: &mut String, found: &[Found]) {
    let steps = |found: &Found| found.app.steps().count();
    let different = |found: &Found| {
        let compared = found.compared.as_ref();
        compared.map_or(steps(found), |compared| compared.answers.len())
    };
    let all: usize = found.iter().map(steps).sum();
    let same = all - found.iter().map(different).sum::<usize>();
    let unwritten = found.iter().filter(|found| found.compared.is_none());
    let _ = writeln!(
        page,
        "**{same} of {all} steps are the same: {}.{} %.** Apps not written yet: {}; all of their steps count as different.\n",
        same * 100 / all,
        same * 1000 / all % 10,
        unwritten.count()
    );
    let recorded = || found.iter().filter(|found| found.app.openapi.is_some());
    let alike = recorded().filter(|found| {
        let compared = found.compared.as_ref();
        compared.is_some_and(|compared| compared.document.is_empty())
    });
    let _ = writeln!(
        page,
        "**{} of {} documents are the same**; the others differ in the places counted here.\n",
        alike.count(),
        recorded().count()
    );
    page.push_str("| app | steps | same | different | places that differ in the document |\n|---|---|---|---|---|\n");
    for found in found {
        let (name, all, different) = (&found.app.name, steps(found), different(found));
        let document = match &found.compared {
            None => "not written yet".into(),
            Some(_) if found.app.openapi.is_none() => "not recorded".into(),
            Some(compared) => compared.document.len().to_string(),
        };
        let same = all - different;
        let _ = writeln!(
            page,
            "| {name} | {all} | {same} | {different} | {document} |"
        );
    }
}

/// How many answers differ for each reason.
fn reasons(page: &mut String, found: &[Found], answers: &BTreeMap<&str, &str>) {
    let steps = found.iter().flat_map(|found| found.app.steps());
    let differ = steps.filter(|(name, _)| answers.contains_key(&**name));
    let crashes = differ.filter(|(_, step)| step.expect.status == 500);
    let missing = answers
        .values()
        .filter(|reason| reason.starts_with(MISSING));
    let _ = writeln!(
        page,
        "To {} of these requests FastAPI itself answers 500. {} wait for what is not there yet; the others are as they are meant.\n",
        crashes.count(),
        missing.count()
    );
    page.push_str("| why | steps |\n|---|---|\n");
    let mut most: Vec<_> = by_reason(answers).into_iter().collect();
    most.sort_by_key(|(_, names)| std::cmp::Reverse(names.len()));
    for (reason, names) in most {
        let _ = writeln!(page, "| {reason} | {} |", names.len());
    }
}

/// How many places of documents differ for each reason.
fn places(page: &mut String, documents: &BTreeMap<&str, &str>) {
    page.push_str("Which places they are, `tests/golden/fastapi/differences.json` says.\n\n");
    page.push_str("| why | places | apps |\n|---|---|---|\n");
    for (reason, names) in by_reason(documents) {
        let apps = names.iter().filter_map(|name| name.split_once(": "));
        let apps: BTreeSet<_> = apps.map(|(app, _)| app).collect();
        let apps = apps.into_iter().collect::<Vec<_>>().join(", ");
        let _ = writeln!(page, "| {reason} | {} | {apps} |", names.len());
    }
}

/// A row for each difference.
fn each(page: &mut String, reasons: &BTreeMap<&str, &str>) {
    page.push_str("| which | why |\n|---|---|\n");
    for (reason, names) in by_reason(reasons) {
        for name in names {
            let _ = writeln!(page, "| {} | {reason} |", code(name));
        }
    }
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
