//! `switchback faults` and `replay`: what went wrong in a running host, and whether it still does.

use std::process::ExitCode;

use http::Method;
use serde_json::Value;

use crate::cli::{FaultsArgs, ReplayArgs};
use crate::remote::{NOTHING, Remote, moment, plugin, read};
use crate::say;
use crate::settings::Wrong;

/// What is shown of a body, in characters.
const SHOWN: usize = 2_000;

/// All of a plugin's, or of all; or a single one as a whole.
pub(crate) async fn faults(args: FaultsArgs) -> Result<ExitCode, Wrong> {
    let remote = Remote::new(&args.remote);
    let heads = ["ID", "WHEN", "PLUGIN", "REQUEST", "STATUS", "CAUSE"];
    let row = |fault: &Value| {
        [
            fault["id"].to_string(),
            moment(fault["at_ms"].as_u64().unwrap_or(0)),
            format!("{}@{}", text(&fault["plugin"]), fault["revision"]),
            asked(fault),
            fault["status"].to_string(),
            text(&fault["cause"]),
        ]
    };
    let path = match args.which.as_deref() {
        None => "/faults".into(),
        Some(id) if id.bytes().all(|byte| byte.is_ascii_digit()) => {
            let fault = remote
                .ask(Method::GET, &format!("/faults/{id}"), NOTHING)
                .await?;
            let shown = match args.remote.json {
                true => fault.to_string(),
                false => whole(&fault),
            };
            say(&mut std::io::stdout(), &shown);
            return Ok(ExitCode::SUCCESS);
        }
        Some(name) => format!("/faults?plugin={}", plugin(name)?),
    };
    remote.list(&path, heads, row).await
}

/// Sends a fault's request once more. Success is that nothing goes wrong with it any more.
pub(crate) async fn replay(args: ReplayArgs) -> Result<ExitCode, Wrong> {
    let remote = Remote::new(&args.remote);
    let sent = match &args.against {
        Some(path) => read(path)?,
        None => NOTHING,
    };
    let mut path = format!("/faults/{}/replay?force={}", args.id, args.force);
    if let Some(revision) = args.revision {
        path.push_str(&format!("&revision={revision}"));
    }
    let replay = remote.ask(Method::POST, &path, sent).await?;
    let shown = match args.remote.json {
        true => replay.to_string(),
        false => side_by_side(&replay),
    };
    say(&mut std::io::stdout(), &shown);
    Ok(match replay["verdict"] == "mended" {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// A fault with all that is kept of it.
fn whole(fault: &Value) -> String {
    let request = &fault["request"];
    let mut lines = vec![
        format!("fault {}: {}", fault["id"], text(&fault["cause"])),
        line(
            "plugin",
            &format!(
                "{}@{}, operation {}",
                text(&fault["plugin"]),
                fault["revision"],
                text(&fault["operation"])
            ),
        ),
        line("when", &moment(fault["at_ms"].as_u64().unwrap_or(0))),
        line("request", &text(&fault["request_id"])),
        line("asked", &asked(request)),
    ];
    lines.extend(message(request));
    lines.push(line("status", &fault["status"].to_string()));
    lines.extend(message(&fault["answer"]));
    lines.extend(each("in", &fault["frames"]));
    lines.extend(each("logged", &fault["log"]));
    lines.extend(each("hidden", &fault["hidden"]));
    lines.join("\n")
}

/// How a request was answered then, and how it is now.
fn side_by_side(replay: &Value) -> String {
    let mut lines = vec![format!(
        "fault {} of {}, asked of {}",
        replay["fault"],
        text(&replay["plugin"]),
        text(&replay["against"])
    )];
    for when in ["then", "now"] {
        let outcome = &replay[when];
        let cause = match text(&outcome["cause"]) {
            none if none.is_empty() => String::new(),
            cause => format!(": {cause}"),
        };
        lines.push(line(when, &format!("{}{cause}", outcome["status"])));
        lines.extend(body(&outcome["answer"]["body"]));
        lines.extend(each("in", &outcome["frames"]));
        lines.extend(each("logged", &outcome["log"]));
    }
    for differs in replay["differences"].as_array().into_iter().flatten() {
        let place = match text(&differs["pointer"]) {
            whole if whole.is_empty() => String::new(),
            pointer => format!("{pointer}: "),
        };
        let (then, now) = (text(&differs["then"]), text(&differs["now"]));
        lines.push(line("differs", &format!("{place}{then}, now {now}")));
    }
    for hidden in replay["hidden"].as_array().into_iter().flatten() {
        let told = format!("{} is not kept; `**********` was sent for it", text(hidden));
        lines.push(line("hidden", &told));
    }
    lines.push(match text(&replay["verdict"]).as_str() {
        "mended" => "mended".into(),
        "same" => "it goes wrong as it did".into(),
        "other" => "it goes wrong otherwise".into(),
        _ => {
            "the host refused the request before it reached the plugin, which shows nothing".into()
        }
    });
    lines.join("\n")
}

/// Headers and body.
fn message(of: &Value) -> Vec<String> {
    let headers = of["headers"].as_array().into_iter().flatten();
    let headers = headers.map(|pair| line("", &format!("{}: {}", text(&pair[0]), text(&pair[1]))));
    headers.chain(body(&of["body"])).collect()
}

fn body(body: &Value) -> Option<String> {
    let shown = match (&body["text"], &body["left_out"]) {
        (Value::String(text), _) => match text.char_indices().nth(SHOWN) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text.clone(),
        },
        (_, Value::String(why)) => format!("(a body that is not kept: {why})"),
        _ if body.is_null() => return None,
        _ => "(a body that is no text)".into(),
    };
    Some(line("", &plain(&shown)))
}

fn asked(request: &Value) -> String {
    format!("{} {}", text(&request["method"]), text(&request["uri"]))
}

/// A list, its name before the first line.
fn each(name: &str, list: &Value) -> Vec<String> {
    let list = list.as_array().into_iter().flatten().enumerate();
    list.map(|(at, one)| line(if at == 0 { name } else { "" }, &text(one)))
        .collect()
}

fn line(name: &str, told: &str) -> String {
    format!("  {name:7}  {told}")
}

fn text(value: &Value) -> String {
    plain(value.as_str().unwrap_or_default())
}

/// What clients and plugins say must not talk to the operator's terminal.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char.is_control() {
            true => out.extend(char.escape_default()),
            false => out.push(char),
        }
    }
    out
}
