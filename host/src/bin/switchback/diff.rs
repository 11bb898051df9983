//! `switchback diff`: what a new component, or document, breaks of an old one.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use switchback::{Config, ContractChange, Host, Judgement, Verdict};

use crate::check::read;
use crate::cli::{DiffArgs, FailOn};
use crate::say;
use crate::settings::Wrong;

/// Prints what differs; fails on what it is told to fail on.
pub(crate) async fn diff(config: Config, args: &DiffArgs) -> Result<ExitCode, Wrong> {
    let host = Host::new(config.clone())?;
    let (old, new) = (
        contract(&host, &args.old).await?,
        contract(&host, &args.new).await?,
    );
    let judgement = Judgement::between(&old, &new, &config.limits)?;
    let text = match args.json {
        true => serde_json::to_string_pretty(&judgement.changes).unwrap_or_default(),
        false => list(&judgement),
    };
    say(&mut io::stdout(), &text);
    let worst = judgement.changes.iter().map(|change| change.verdict).min();
    let fails = match args.fail_on {
        FailOn::Never => false,
        FailOn::Breaking => worst == Some(Verdict::Breaking),
        FailOn::Unknown => worst.is_some_and(|worst| worst <= Verdict::Unknown),
    };
    Ok(match fails {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    })
}

/// The document in a file, or of the component in it.
async fn contract(host: &Host, file: &Path) -> Result<Vec<u8>, Wrong> {
    let wrong = |why: String| Wrong(vec![format!("{}: {why}", file.display())]);
    if file.extension() == Some(OsStr::new("json")) {
        return std::fs::read(file).map_err(|why| wrong(format!("it cannot be read: {why}")));
    }
    let (name, component) = read(file).map_err(wrong)?;
    let document = host.contract(&name, component).await;
    document.map_err(|error| wrong(error.to_string()))
}

/// By operation, the worst first.
fn list(judgement: &Judgement) -> String {
    let mut groups: Vec<Vec<&ContractChange>> = Vec::new();
    for change in &judgement.changes {
        let place = |one: &ContractChange| (one.method.clone(), one.path.clone());
        match groups.last_mut() {
            Some(group) if place(group[0]) == place(change) => group.push(change),
            _ => groups.push(vec![change]),
        }
    }
    for group in &mut groups {
        group.sort_by_key(|change| change.verdict);
    }
    groups.sort_by_key(|group| group[0].verdict);
    let mut text = String::new();
    for group in groups {
        match group[0].path.as_str() {
            "" => text.push_str("the document\n"),
            path => text.push_str(&format!("{} {path}\n", group[0].method)),
        }
        for change in group {
            let verdict = word(change.verdict);
            text.push_str(&format!(
                "  {verdict:<8}  {}: {}\n",
                change.rule, change.message
            ));
            let pointers = [("old", &change.old), ("new", &change.new)];
            let told = pointers
                .into_iter()
                .filter_map(|(which, at)| Some(format!("{which} #{}", at.as_ref()?)));
            let told: Vec<String> = told.collect();
            text.push_str(&format!("            {}\n", told.join(", ")));
        }
    }
    let count = |verdict| format!("{} {}", judgement.count(verdict), word(verdict));
    text.push_str(&format!(
        "{}, {}, {}",
        count(Verdict::Breaking),
        count(Verdict::Unknown),
        count(Verdict::Harmless)
    ));
    text
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Breaking => "breaking",
        Verdict::Unknown => "unknown",
        Verdict::Harmless => "harmless",
    }
}
