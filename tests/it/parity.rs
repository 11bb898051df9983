//! FastAPI's apps, written with the SDK and served by a real host: each is sent the requests that FastAPI's answers are
//! recorded of, and has to answer and to be documented as FastAPI's is, but for what `differences.json` lists with its
//! reason. `docs/fastapi-parity.md` is what was found.

pub(crate) mod document;
mod page;
mod recorded;
mod replay;

use std::collections::BTreeMap;

use serde::Deserialize;
use switchback_tests::tools;

use recorded::App;

/// Set, the page is written anew rather than compared.
const WRITE: &str = "SWITCHBACK_WRITE_PARITY";

/// What is known to differ: by reason, the cases and places, each behind the name of its app.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Differences {
    /// Status, media type or body.
    answers: BTreeMap<String, Vec<String>>,
    /// Another header, of an answer that is the same.
    headers: BTreeMap<String, Vec<String>>,
    documents: BTreeMap<String, Vec<String>>,
}

/// What became of an app.
struct Found {
    app: App,
    /// None of an app that is not written yet.
    compared: Option<Compared>,
}

/// An app beside its recording: what is named is different, and how.
struct Compared {
    answers: Vec<Difference>,
    headers: Vec<Difference>,
    document: Vec<Difference>,
}

struct Difference {
    /// The app and its case, or the app and a place in its document.
    name: String,
    /// For who wonders why.
    how: String,
}

impl Differences {
    fn read() -> Differences {
        let text = recorded::file("differences.json");
        serde_json::from_str(&text).expect("differences.json is well formed")
    }
}

/// The reason of each, by name.
fn reasons(by_reason: &BTreeMap<String, Vec<String>>) -> BTreeMap<&str, &str> {
    let named = by_reason
        .iter()
        .flat_map(|(reason, names)| names.iter().map(|name| (name.as_str(), reason.as_str())));
    named.collect()
}

/// What differs and is not listed, and what is listed and does not differ.
fn unexplained<'a>(
    found: impl Iterator<Item = &'a Difference>,
    listed: &BTreeMap<&str, &str>,
) -> Vec<String> {
    let found: BTreeMap<&str, &str> = found
        .map(|different| (&*different.name, &*different.how))
        .collect();
    let news = found.iter().filter(|(name, _)| !listed.contains_key(*name));
    let news = news.map(|(name, how)| format!("{name}\n    {how}"));
    let gone = listed.keys().filter(|name| !found.contains_key(*name));
    let gone = gone.map(|name| format!("{name}\n    is listed and no longer differs"));
    news.chain(gone).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn apps_written_with_the_sdk_answer_as_fastapi_does_but_for_what_is_listed() {
    let written = recorded::written();
    let mut found = Vec::new();
    for app in recorded::apps() {
        let compared = match written.contains(&app.component()) {
            true => Some(replay::compared(&app).await),
            false => None,
        };
        found.push(Found { app, compared });
    }

    let differences = Differences::read();
    let (answers, headers, documents) = (
        reasons(&differences.answers),
        reasons(&differences.headers),
        reasons(&differences.documents),
    );
    let compared = || found.iter().filter_map(|found| found.compared.as_ref());
    let mut wrong = Vec::new();
    wrong.extend(unexplained(
        compared().flat_map(|app| &app.answers),
        &answers,
    ));
    wrong.extend(unexplained(
        compared().flat_map(|app| &app.headers),
        &headers,
    ));
    wrong.extend(unexplained(
        compared().flat_map(|app| &app.document),
        &documents,
    ));
    assert!(
        wrong.is_empty(),
        "{}\n{} are not as tests/golden/fastapi/differences.json says",
        wrong.join("\n"),
        wrong.len()
    );

    let page = page::of(&found, &answers, &headers, &documents);
    let path = tools::in_repository("docs/fastapi-parity.md");
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(path, page).expect("docs can be written");
    } else {
        let is = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            is == page,
            "docs/fastapi-parity.md is out of date: write it by `{}`",
            page::COMMAND
        );
    }
}
