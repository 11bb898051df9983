//! `switchback check --budget`: what each operation takes of what it may, measured with the examples of the contract.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use http::{Request, StatusCode};
use http_body::Body as _;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use switchback::{Body, Config, Event, Events, Host, Limits, example_requests};

use crate::check::read;
use crate::routes::{aligned, memory, time};
use crate::say;
use crate::settings::Wrong;

/// So often each example is run before it counts: the first call makes the instance.
const WARM_UPS: u32 = 3;

/// For so long a streamed answer is read; some never end.
const STREAM: Duration = Duration::from_secs(1);

/// What came of one operation.
struct Used {
    method: String,
    path: String,
    operation: String,
    plugin: String,
    limits: Limits,
    statuses: BTreeSet<u16>,
    /// Of each run that counts, in milliseconds; sorted in the end.
    cpu_ms: Vec<f64>,
    memory_bytes: u64,
    answer_bytes: u64,
    /// Its answer has other limits.
    streamed: bool,
    /// Why it was not run.
    skipped: Vec<String>,
    faults: Vec<String>,
}

/// Runs the examples of each file by itself, and prints what they took.
pub(crate) async fn budget(
    config: Config,
    files: &[PathBuf],
    runs: u32,
    as_json: bool,
) -> Result<ExitCode, Wrong> {
    let host = Host::new(config)?;
    let mut wrong = Vec::new();
    let mut all = Vec::new();
    for file in files {
        match plugin(&host, file, runs).await {
            Ok(used) => all.extend(used),
            Err(why) => wrong.push(format!("{}: {why}", file.display())),
        }
    }
    let text = match as_json {
        true => format!("{:#}", Value::Array(all.iter().map(Used::json).collect())),
        false => told(&all, io::stdout().is_terminal()),
    };
    if !text.is_empty() {
        say(&mut io::stdout(), &text);
    }
    for used in &all {
        let faults = used.faults.iter().cloned().chain(used.overdrawn());
        wrong.extend(faults.map(|fault| format!("{}: {fault}", used.name())));
    }
    match wrong.is_empty() {
        true => Ok(ExitCode::SUCCESS),
        false => Err(Wrong(wrong)),
    }
}

/// What the operations of one component take, alone in the host.
async fn plugin(host: &Host, file: &std::path::Path, runs: u32) -> Result<Vec<Used>, String> {
    let (name, component) = read(file)?;
    let refused = |why: switchback::Error| why.to_string();
    host.deploy(&name, component).await.map_err(refused)?;
    let document: Value = serde_json::from_slice(&host.openapi())
        .map_err(|why| format!("its document cannot be read: {why}"))?;
    let mut all = Vec::new();
    let served = host.plugins().into_iter().flat_map(|plugin| {
        let limits = plugin.limits;
        plugin
            .operations
            .into_iter()
            .map(move |operation| (operation, limits.clone()))
    });
    for ((method, path, operation), limits) in served {
        let mut used = Used {
            method: method.to_string(),
            path: path.clone(),
            operation,
            plugin: name.clone(),
            limits,
            statuses: BTreeSet::new(),
            cpu_ms: Vec::new(),
            memory_bytes: 0,
            answer_bytes: 0,
            streamed: false,
            skipped: Vec::new(),
            faults: Vec::new(),
        };
        match example_requests(&document, &method, &path) {
            Err(missing) => used.skipped = missing,
            Ok(examples) => {
                let several = examples.len() > 1;
                for (index, example) in examples.iter().enumerate() {
                    let outcome = used.run(host, example, runs).await;
                    used.faults.extend(outcome.err().map(|why| match several {
                        true => format!("example {}: {why}", index + 1),
                        false => why,
                    }));
                }
            }
        }
        used.cpu_ms.sort_by(f64::total_cmp);
        all.push(used);
    }
    host.remove(&name).await.map_err(refused)?;
    Ok(all)
}

impl Used {
    /// Runs one example; ends at the first run that goes wrong.
    async fn run(
        &mut self,
        host: &Host,
        example: &Request<Bytes>,
        runs: u32,
    ) -> Result<(), String> {
        for run in 0..WARM_UPS.saturating_add(runs) {
            let mut events = host.events();
            let (response, cost) = host.measure(example.clone().map(Body::from)).await;
            let cpu = cost.as_ref().map(|cost| cost.cpu());
            let (head, body) = response.into_parts();
            self.statuses.insert(head.status.as_u16());
            let exact = body.size_hint().exact();
            self.streamed |= exact.is_none();
            let answer = body_of(body).await;
            let length = answer.as_ref().map_or(0, |answer| answer.length);
            self.answer_bytes = self.answer_bytes.max(length);
            let memory = cost.as_ref().map_or(0, |cost| cost.memory_bytes());
            self.memory_bytes = self.memory_bytes.max(memory);
            let failed = head.status.is_server_error() || answer.is_err();
            if run >= WARM_UPS || failed {
                self.cpu_ms.extend(cpu.map(|cpu| cpu.as_secs_f64() * 1e3));
            }
            let begin = match &answer {
                Ok(answer) => &answer.begin[..],
                Err(_) => &[],
            };
            match cost {
                _ if failed => return Err(why_failed(head.status, &mut events)),
                None => return Err(why_refused(head.status, begin)),
                Some(_) => {}
            }
        }
        Ok(())
    }

    fn name(&self) -> String {
        format!("{} {} ({})", self.method, self.path, self.plugin)
    }

    fn median_ms(&self) -> Option<f64> {
        self.cpu_ms.get(self.cpu_ms.len() / 2).copied()
    }

    fn answer_limit(&self) -> (&'static str, u64) {
        match self.streamed {
            true => ("stream_bytes", self.limits.stream_bytes),
            false => ("answer_bytes", self.limits.answer_bytes),
        }
    }

    /// Each limit by name, what was used of it, and all of it.
    fn shares(&self) -> [(&'static str, f64, u64); 3] {
        let (answer, limit) = self.answer_limit();
        let worst = self.cpu_ms.last().copied().unwrap_or_default();
        [
            ("cpu_ms", worst, self.limits.cpu_ms),
            (
                "memory_bytes",
                self.memory_bytes as f64,
                self.limits.memory_bytes,
            ),
            (answer, self.answer_bytes as f64, limit),
        ]
    }

    /// What was used beyond a limit, unless a fault says it already.
    fn overdrawn(&self) -> impl Iterator<Item = String> + '_ {
        let over = move |(name, used, limit): (&str, f64, u64)| {
            let percent = percent(used, limit);
            (percent > 100.0 && self.faults.is_empty())
                .then(|| format!("it uses {percent:.0} % of `limits.{name}` = {limit}"))
        };
        self.shares().into_iter().filter_map(over)
    }

    fn row(&self) -> [String; 8] {
        let [cpu, space, answer] = self.shares();
        let statuses: Vec<String> = self.statuses.iter().map(u16::to_string).collect();
        let share = |(_, used, limit), amount: String, all: String| {
            format!("{amount}, {} of {all}", shown(percent(used, limit)))
        };
        let worst = format!("{:.2} ms", cpu.1);
        let median = self.median_ms().map(|ms| format!("{ms:.2} ms"));
        [
            self.method.clone(),
            self.path.clone(),
            self.plugin.clone(),
            statuses.join(", "),
            median.clone().unwrap_or_else(|| "-".into()),
            median.map_or_else(|| "-".into(), |_| share(cpu, worst, time(cpu.2))),
            share(space, amount(space.1), memory(space.2)),
            share(answer, amount(answer.1), memory(answer.2)),
        ]
    }

    fn json(&self) -> Value {
        let [cpu, space, answer] = self.shares();
        let share = |(name, used, limit)| json!({ "limit": name, "used": used, "of": limit, "percent": percent(used, limit) });
        json!({
            "method": self.method,
            "path": self.path,
            "operation": self.operation,
            "plugin": self.plugin,
            "statuses": self.statuses,
            "runs": self.cpu_ms.len(),
            "median_cpu_ms": self.median_ms(),
            "cpu": share(cpu),
            "memory": share(space),
            "answer": share(answer),
            "skipped": self.skipped,
            "faults": self.faults.iter().cloned().chain(self.overdrawn()).collect::<Vec<_>>(),
        })
    }
}

/// An answer that was read.
struct Answer {
    length: u64,
    /// Its first piece: all of what the host itself says.
    begin: Bytes,
}

/// An error if it breaks off.
async fn body_of(mut body: Body) -> Result<Answer, ()> {
    let end = tokio::time::Instant::now() + STREAM;
    let mut answer = Answer {
        length: 0,
        begin: Bytes::new(),
    };
    while let Ok(Some(frame)) = tokio::time::timeout_at(end, body.frame()).await {
        if let Ok(data) = frame.map_err(drop)?.into_data() {
            answer.length += data.len() as u64;
            if answer.begin.is_empty() {
                answer.begin = data;
            }
        }
    }
    Ok(answer)
}

/// The limits that were hit and the guest's failures, for the operator.
fn why_failed(status: StatusCode, events: &mut Events) -> String {
    let mut why = Vec::new();
    while let Some(Some(event)) = events.recv().now_or_never() {
        match event {
            Event::LimitHit { limit, value, .. } => {
                why.push(format!("limit `{}` = {value} was hit", limit.name()));
            }
            Event::Failed { reason, .. } => why.push(reason),
            Event::OffContract { pointer, what, .. } => {
                let at = pointer.map_or(String::new(), |at| format!(" at `{at}`"));
                why.push(format!("it breaks the contract{at}: {what}"));
            }
            _ => {}
        }
    }
    match why.is_empty() {
        true => format!("it is answered {status}"),
        false => format!("it is answered {status}: {}", why.join("; ")),
    }
}

/// What the host says to a request that does not reach the plugin.
fn why_refused(status: StatusCode, answer: &[u8]) -> String {
    let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
    let violations: Vec<String> = match &answer["detail"] {
        Value::Array(violations) => violations.iter().map(violation).collect(),
        Value::String(detail) => vec![detail.clone()],
        _ => Vec::new(),
    };
    format!(
        "the host refuses the contract's own example with {status}: {}",
        violations.join("; ")
    )
}

fn violation(violation: &Value) -> String {
    let steps = violation["loc"].as_array().into_iter().flatten();
    let steps: Vec<String> = steps
        .map(|step| step.as_str().map_or_else(|| step.to_string(), String::from))
        .collect();
    let message = violation["msg"].as_str().unwrap_or_default();
    format!("{}: {message}", steps.join("."))
}

/// The table of what was run, then what was not.
fn told(all: &[Used], on_terminal: bool) -> String {
    let heads = [
        "METHOD",
        "PATH",
        "PLUGIN",
        "STATUS",
        "CPU",
        "WORST CPU",
        "MEMORY",
        "ANSWER",
    ];
    let (run, skipped): (Vec<&Used>, Vec<&Used>) =
        all.iter().partition(|used| used.skipped.is_empty());
    let rows: Vec<[String; 8]> = run.into_iter().map(Used::row).collect();
    let mut lines = Vec::new();
    if !rows.is_empty() {
        lines.push(aligned(heads, &rows, on_terminal));
    }
    lines.extend(
        skipped
            .into_iter()
            .map(|used| format!("skipped: {}: {}", used.name(), used.skipped.join("; "))),
    );
    lines.join("\n")
}

fn percent(used: f64, limit: u64) -> f64 {
    used / limit as f64 * 100.0
}

fn shown(percent: f64) -> String {
    match percent {
        ..0.1 => "under 0.1 %".into(),
        ..10.0 => format!("{percent:.1} %"),
        _ => format!("{percent:.0} %"),
    }
}

/// Bytes in words, rounded.
fn amount(bytes: f64) -> String {
    const UNITS: [(f64, &str); 2] = [(1_048_576.0, "MiB"), (1_024.0, "KiB")];
    UNITS
        .iter()
        .find(|(size, _)| bytes >= *size)
        .map_or(format!("{bytes:.0} B"), |(size, unit)| {
            format!("{:.1} {unit}", bytes / size)
        })
}
