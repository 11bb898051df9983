//! What a guest says, as lines of the host's log: its stdout as `info`, its stderr as `warn`, and what it writes
//! through `log.write`. Bounded per call, control characters escaped, each line under plugin and request id.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

use super::bindings::Level;
use super::state::Asked;

/// The log of one instance.
#[derive(Debug)]
pub(super) struct GuestLog {
    plugin: Arc<str>,
    lines: Mutex<Lines>,
}

#[derive(Debug, Default)]
struct Lines {
    asked: Option<Arc<Asked>>,
    /// Bytes that the call may still write.
    left: usize,
    dropped: usize,
    /// The begun lines of stdout and stderr.
    begun: [Vec<u8>; 2],
}

/// Which of a guest's outputs: the index of its begun line.
#[derive(Clone, Copy, Debug)]
enum Output {
    Stdout = 0,
    Stderr = 1,
}

impl GuestLog {
    pub(super) fn new(plugin: Arc<str>) -> Arc<GuestLog> {
        Arc::new(GuestLog {
            plugin,
            lines: Mutex::default(),
        })
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines
            .lock()
            .expect("nothing panics while it writes a log line")
    }

    /// A call begins: it may write `bytes`.
    pub(super) fn begin(&self, asked: Option<Arc<Asked>>, bytes: usize) {
        let mut lines = self.lines();
        lines.asked = asked;
        lines.left = bytes;
        lines.dropped = 0;
    }

    /// The call is over: lines without an end are written, and what was too much is counted. True if anything was.
    pub(super) fn end(&self) -> bool {
        let mut lines = self.lines();
        for output in [Output::Stdout, Output::Stderr] {
            let rest = std::mem::take(&mut lines.begun[output as usize]);
            if !rest.is_empty() {
                self.emit(&lines, output.level(), &String::from_utf8_lossy(&rest), "");
            }
        }
        if lines.dropped > 0 {
            let message = format!("{} more bytes of log were dropped", lines.dropped);
            self.emit(&lines, Level::Warn, &message, "");
        }
        lines.asked = None;
        lines.dropped > 0
    }

    /// A line with a level of its own; `fields` is JSON or empty.
    pub(super) fn write(&self, level: Level, message: &str, fields: &str) {
        let mut lines = self.lines();
        let size = message.len() + fields.len();
        if size > lines.left {
            lines.left = 0;
            lines.dropped += size;
            return;
        }
        lines.left -= size;
        self.emit(&lines, level, message, fields);
    }

    fn print(&self, output: Output, bytes: &[u8]) {
        let mut lines = self.lines();
        let taken = bytes.len().min(lines.left);
        lines.left -= taken;
        lines.dropped += bytes.len() - taken;
        let mut begun = std::mem::take(&mut lines.begun[output as usize]);
        begun.extend_from_slice(&bytes[..taken]);
        let whole = begun
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(0, |end| end + 1);
        for line in begun[..whole]
            .split(|&byte| byte == b'\n')
            .filter(|line| !line.is_empty())
        {
            self.emit(&lines, output.level(), &String::from_utf8_lossy(line), "");
        }
        begun.drain(..whole);
        lines.begun[output as usize] = begun;
    }

    fn emit(&self, lines: &Lines, level: Level, message: &str, fields: &str) {
        let (message, fields) = (escaped(message), escaped(fields));
        let asked = lines.asked.as_deref();
        let request_id = asked.map_or("", |asked| &asked.request_id);
        if let Some(asked) = asked {
            let apart = if fields.is_empty() { "" } else { " " };
            asked.say(format!("{} {message}{apart}{fields}", level.name()));
        }
        macro_rules! at {
            ($level:ident) => {
                tracing::event!(target: "switchback::guest", tracing::Level::$level,
                    plugin = &*self.plugin, request_id, fields = (!fields.is_empty()).then_some(&*fields), "{message}")
            };
        }
        match level {
            Level::Trace => at!(TRACE),
            Level::Debug => at!(DEBUG),
            Level::Info => at!(INFO),
            Level::Warn => at!(WARN),
            Level::Error => at!(ERROR),
        }
    }

    pub(super) fn stdout(self: &Arc<Self>) -> Printer {
        Printer {
            log: self.clone(),
            output: Output::Stdout,
        }
    }

    pub(super) fn stderr(self: &Arc<Self>) -> Printer {
        Printer {
            log: self.clone(),
            output: Output::Stderr,
        }
    }
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Level::Trace => "trace",
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        }
    }
}

impl Output {
    fn level(self) -> Level {
        match self {
            Output::Stdout => Level::Info,
            Output::Stderr => Level::Warn,
        }
    }
}

/// Control characters as `\n`, `\u{1b}`: a guest must not forge a line or talk to the operator's terminal.
fn escaped(text: &str) -> std::borrow::Cow<'_, str> {
    if !text.chars().any(char::is_control) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len() + 16);
    for char in text.chars() {
        if char.is_control() {
            out.extend(char.escape_default())
        } else {
            out.push(char)
        }
    }
    out.into()
}

/// A guest's stdout or stderr.
pub(super) struct Printer {
    log: Arc<GuestLog>,
    output: Output,
}

impl IsTerminal for Printer {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Printer {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(Printer {
            log: self.log.clone(),
            output: self.output,
        })
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(Printer {
            log: self.log.clone(),
            output: self.output,
        })
    }
}

impl OutputStream for Printer {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.log.print(self.output, &bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> Result<usize, StreamError> {
        Ok(64 << 10)
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Printer {
    async fn ready(&mut self) {}
}

impl AsyncWrite for Printer {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.log.print(self.output, bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
