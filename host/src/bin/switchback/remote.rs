//! The operator's commands: what they ask of a running host, by its API, and how they print what it says.

mod parcel;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anyhow::{Context, bail};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

pub(crate) use self::parcel::read;
use crate::cli::{
    DeployArgs, DrainArgs, MountArgs, PluginArgs, RemoteArgs, RollbackArgs, RolloutArgs, TryArgs,
    WeighArgs,
};
use crate::serve::{SOCKET, STATE};
use crate::settings::Wrong;
use crate::{routes, say};

/// A running host.
pub(crate) struct Remote {
    place: Place,
    token: Option<String>,
    by: String,
    json: bool,
}

enum Place {
    Address(String),
    Socket(PathBuf),
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Place::Address(address) => f.write_str(address),
            Place::Socket(path) => write!(f, "{}", path.display()),
        }
    }
}

/// A request's body, and of which media type it is.
pub(crate) type Sent = (Bytes, &'static str);

impl Remote {
    pub(crate) fn new(args: &RemoteArgs) -> Remote {
        let place = match &args.admin {
            Some(named) if named.contains('/') => Place::Socket(named.into()),
            Some(named) => Place::Address(named.clone()),
            None => Place::Socket(args.plugins.join(STATE).join(SOCKET)),
        };
        let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        Remote {
            place,
            token: variable("SWITCHBACK_ADMIN_TOKEN"),
            by: variable("USER").unwrap_or_else(|| "operator".into()),
            json: args.json,
        }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        sent: Sent,
    ) -> anyhow::Result<Response<Incoming>> {
        let unreachable = || {
            format!(
                "no host can be reached at {}: is one serving this folder? --plugins names another, --admin an address",
                self.place
            )
        };
        match &self.place {
            Place::Address(address) => {
                let stream = TcpStream::connect(address)
                    .await
                    .with_context(unreachable)?;
                self.send_on(stream, address, method, path, sent).await
            }
            Place::Socket(socket) => {
                let stream = UnixStream::connect(socket)
                    .await
                    .with_context(unreachable)?;
                self.send_on(stream, "localhost", method, path, sent).await
            }
        }
    }

    async fn send_on(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        host: &str,
        method: Method,
        path: &str,
        (body, media_type): Sent,
    ) -> anyhow::Result<Response<Incoming>> {
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", host)
            .header("x-switchback-by", &self.by);
        if !media_type.is_empty() {
            request = request.header("content-type", media_type);
        }
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        Ok(sender.send_request(request.body(Full::new(body))?).await?)
    }

    /// What the host says, as JSON; what it refuses is an error in its words.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        sent: Sent,
    ) -> anyhow::Result<Value> {
        let response = self.send(method, path, sent).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        let answer: Value =
            serde_json::from_slice(&body).context("the host's answer is no JSON")?;
        if status.is_success() {
            return Ok(answer);
        }
        match &answer["detail"] {
            Value::String(detail) if status == StatusCode::UNAUTHORIZED => {
                bail!("{detail}; put it into SWITCHBACK_ADMIN_TOKEN")
            }
            Value::String(detail) => bail!("{detail}"),
            Value::Array(violations) if !violations.is_empty() => {
                let one = &violations[0];
                bail!("{}: {}", one["loc"], one["msg"].as_str().unwrap_or(""))
            }
            _ => bail!("the host answered {status}"),
        }
    }

    /// Asks for a change, and says what came of it.
    async fn change(
        &self,
        method: Method,
        path: &str,
        sent: Sent,
        done: impl Fn(&Value) -> String,
    ) -> Result<ExitCode, Wrong> {
        let answer = self.ask(method, path, sent).await?;
        let out = &mut std::io::stdout();
        if self.json {
            say(out, &answer.to_string());
            return Ok(ExitCode::SUCCESS);
        }
        say(out, &done(&answer["revision"]));
        for warning in answer["warnings"].as_array().into_iter().flatten() {
            say(out, &format!("warning: {}", warning.as_str().unwrap_or("")));
        }
        Ok(ExitCode::SUCCESS)
    }

    pub(crate) async fn list<const N: usize>(
        &self,
        path: &str,
        heads: [&str; N],
        row: impl Fn(&Value) -> [String; N],
    ) -> Result<ExitCode, Wrong> {
        let answer = self.ask(Method::GET, path, NOTHING).await?;
        let out = &mut std::io::stdout();
        if self.json {
            say(out, &answer.to_string());
            return Ok(ExitCode::SUCCESS);
        }
        let rows: Vec<[String; N]> = answer.as_array().into_iter().flatten().map(row).collect();
        let table = routes::aligned(heads, &rows, out.is_terminal());
        say(out, &table);
        Ok(ExitCode::SUCCESS)
    }
}

pub(crate) const NOTHING: Sent = (Bytes::new(), "");

impl From<anyhow::Error> for Wrong {
    fn from(why: anyhow::Error) -> Wrong {
        Wrong(vec![format!("{why:#}")])
    }
}

pub(crate) async fn plugins(args: RemoteArgs) -> Result<ExitCode, Wrong> {
    let heads = [
        "PLUGIN", "REVISION", "PREFIX", "ROUTES", "CALLS", "ANSWERS", "FAILED", "P95 MS",
        "WARNINGS",
    ];
    let row = |plugin: &Value| {
        let text = |value: &Value| match value {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let answers = &plugin["answers"];
        let warnings = plugin["warnings"].as_array().map_or(0, Vec::len);
        let revision = match (&plugin["state"], &plugin["candidate"]["revision"]) {
            (Value::String(state), _) if state != "serving" => state.clone(),
            (_, Value::Number(candidate)) => format!("{} (tried: {candidate})", plugin["revision"]),
            _ => text(&plugin["revision"]),
        };
        [
            text(&plugin["name"]),
            revision,
            text(&plugin["prefix"]),
            text(&plugin["routes"]),
            text(&plugin["calls"]),
            text(&answers["answers"]),
            text(&answers["failed"]),
            text(&answers["p95_ms"]),
            if warnings == 0 {
                String::new()
            } else {
                warnings.to_string()
            },
        ]
    };
    Remote::new(&args).list("/plugins", heads, row).await
}

pub(crate) async fn history(args: PluginArgs) -> Result<ExitCode, Wrong> {
    let heads = ["REVISION", "CONTENT", "SINCE", "BY", "HOW", "STATE"];
    let row = |entry: &Value| {
        let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
        let how = match &entry["how"] {
            Value::String(how) => how.clone(),
            how => match (&how["rolled-back"]["to"], &how["mounted"]) {
                (Value::Number(to), _) => format!("rollback to {to}"),
                (_, mounted) => format!("as {}@{}", text(&mounted["of"]), mounted["revision"]),
            },
        };
        let state = match (entry["serving"] == true, entry["candidate"] == true) {
            (true, _) => "serving".into(),
            (_, true) => "candidate".into(),
            _ => text(&entry["ended"]),
        };
        [
            entry["revision"].to_string(),
            text(&entry["content"]).chars().take(12).collect(),
            moment(entry["at_ms"].as_u64().unwrap_or(0)),
            text(&entry["by"]),
            how,
            state,
        ]
    };
    let path = format!("/plugins/{}/history", plugin(&args.name)?);
    Remote::new(&args.remote).list(&path, heads, row).await
}

pub(crate) async fn rollback(args: RollbackArgs) -> Result<ExitCode, Wrong> {
    let name = plugin(&args.name)?;
    let path = match args.revision {
        Some(revision) => format!("/plugins/{name}/rollback?revision={revision}"),
        None => format!("/plugins/{name}/rollback"),
    };
    let done = |revision: &Value| format!("{name}@{revision} serves");
    Remote::new(&args.remote)
        .change(Method::POST, &path, NOTHING, done)
        .await
}

pub(crate) async fn mount(args: MountArgs) -> Result<ExitCode, Wrong> {
    let name = plugin(&args.name)?;
    let (of, revision) = match args.of.split_once('@') {
        Some((of, revision)) => {
            let wrong = |_| {
                let what = format!("`{}` is no revision; write it like items@3", args.of);
                Wrong(vec![what])
            };
            (of, Some(revision.parse::<u64>().map_err(wrong)?))
        }
        None => (&*args.of, None),
    };
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("of", plugin(of)?);
    if let Some(revision) = revision {
        query.append_pair("revision", &revision.to_string());
    }
    if let Some(prefix) = &args.prefix {
        query.append_pair("prefix", prefix);
    }
    let path = format!("/plugins/{name}/mount?{}", query.finish());
    let done = |revision: &Value| format!("{name}@{revision} serves");
    Remote::new(&args.remote)
        .change(Method::POST, &path, NOTHING, done)
        .await
}

pub(crate) async fn drain(args: DrainArgs) -> Result<ExitCode, Wrong> {
    let (method, said) = match args.undo {
        false => (
            Method::POST,
            "the host says that it is not ready, and serves on",
        ),
        true => (Method::DELETE, "the host says that it is ready"),
    };
    Remote::new(&args.remote)
        .change(method, "/drain", NOTHING, |_| said.into())
        .await
}

pub(crate) async fn switch(args: PluginArgs, verb: &str) -> Result<ExitCode, Wrong> {
    let name = plugin(&args.name)?;
    let path = format!("/plugins/{name}/{verb}");
    let done = |revision: &Value| match verb {
        "enable" => format!("{name}@{revision} serves"),
        _ => format!("{name} is disabled"),
    };
    Remote::new(&args.remote)
        .change(Method::POST, &path, NOTHING, done)
        .await
}

pub(crate) async fn deploy(args: DeployArgs) -> Result<ExitCode, Wrong> {
    let name = plugin(&args.name)?;
    let sent = read(&args.file)?;
    let path = format!("/plugins/{name}?force={}", args.force);
    let done = |revision: &Value| format!("{name}@{revision} serves");
    Remote::new(&args.remote)
        .change(Method::PUT, &path, sent, done)
        .await
}

pub(crate) async fn try_out(args: TryArgs) -> Result<ExitCode, Wrong> {
    let name = plugin(&args.deploy.name)?;
    let sent = read(&args.deploy.file)?;
    let path = format!(
        "/plugins/{name}/candidate?force={}&{}",
        args.deploy.force,
        query(&args.rollout)
    );
    let done = |revision: &Value| format!("{name}@{revision} is tried");
    let remote = Remote::new(&args.deploy.remote);
    remote.change(Method::PUT, &path, sent, done).await
}

pub(crate) async fn weigh(args: WeighArgs) -> Result<ExitCode, Wrong> {
    let name = plugin(&args.plugin.name)?;
    let path = format!("/plugins/{name}/candidate?{}", query(&args.rollout));
    let percent = args.rollout.percent;
    let done = |revision: &Value| match args.rollout.shadow {
        true => format!("{name}@{revision} gets copies of {percent} %"),
        false => format!("{name}@{revision} gets {percent} %"),
    };
    let remote = Remote::new(&args.plugin.remote);
    remote.change(Method::PATCH, &path, NOTHING, done).await
}

pub(crate) async fn promote(args: PluginArgs) -> Result<ExitCode, Wrong> {
    let name = plugin(&args.name)?;
    let path = format!("/plugins/{name}/candidate/promote");
    let done = |revision: &Value| format!("{name}@{revision} serves");
    let remote = Remote::new(&args.remote);
    remote.change(Method::POST, &path, NOTHING, done).await
}

pub(crate) async fn withdraw(args: PluginArgs) -> Result<ExitCode, Wrong> {
    let name = plugin(&args.name)?;
    let path = format!("/plugins/{name}/candidate");
    let done = |revision: &Value| format!("{name}@{revision} is withdrawn");
    let remote = Remote::new(&args.remote);
    remote.change(Method::DELETE, &path, NOTHING, done).await
}

/// As the API takes it.
fn query(rollout: &RolloutArgs) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("percent", &rollout.percent.to_string());
    query.append_pair("shadow", &rollout.shadow.to_string());
    query.append_pair("promote", &(!rollout.no_promote).to_string());
    for (name, value) in [("sticky", &rollout.sticky), ("header", &rollout.header)] {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    for pointer in &rollout.ignore {
        query.append_pair("ignore", pointer);
    }
    query.finish()
}

pub(crate) async fn events(args: RemoteArgs) -> Result<ExitCode, Wrong> {
    let remote = Remote::new(&args);
    let told = async {
        let mut body = remote
            .send(Method::GET, "/events", NOTHING)
            .await?
            .into_body();
        let mut text = String::new();
        while let Some(frame) = body.frame().await {
            let Ok(piece) = frame?.into_data() else {
                continue;
            };
            text.push_str(&String::from_utf8_lossy(&piece));
            while let Some((event, rest)) = text.split_once("\n\n") {
                if let Some(json) = event.strip_prefix("data: ") {
                    say(&mut std::io::stdout(), json);
                }
                text = rest.to_owned();
            }
        }
        anyhow::Ok(())
    };
    told.await?;
    Ok(ExitCode::SUCCESS)
}

/// A name that can stand in a path.
pub(crate) fn plugin(name: &str) -> Result<&str, Wrong> {
    let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    match !name.is_empty() && name.bytes().all(is_name) {
        true => Ok(name),
        false => Err(Wrong(vec![format!(
            "`{name}` is no plugin's name: letters a to z, digits and `-`"
        )])),
    }
}

/// A moment, as HTTP writes it.
pub(crate) fn moment(ms: u64) -> String {
    httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_millis(ms))
}
