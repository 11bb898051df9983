//! A real Chromium before a host: the scripts of `tests/browser`, run by Node.

use std::path::PathBuf;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::harness::PATIENCE;
use crate::tools;

/// Node and Chromium, and the packages that the scripts use.
#[derive(Debug)]
pub struct Browser {
    node: PathBuf,
    chromium: PathBuf,
}

/// A script under way.
#[derive(Debug)]
pub struct Visit {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    script: String,
}

impl Browser {
    /// What is there; none after saying that the test is skipped.
    #[track_caller]
    pub fn find() -> Option<Browser> {
        let packages = tools::in_repository("tests/browser/node_modules/playwright-core");
        let found = (tools::find("node"), tools::find("chromium"));
        let (Some(node), Some(chromium), true) = (found.0, found.1, packages.exists()) else {
            tools::skip(
                "it needs node, chromium and the packages of tests/browser: run tests/tools.sh",
            );
            return None;
        };
        Some(Browser { node, chromium })
    }

    /// Runs a script of `tests/browser` to its end.
    ///
    /// # Panics
    /// If it fails: with what it wrote.
    pub async fn run(&self, script: &str, arguments: &[&str]) {
        self.start(script, arguments).end().await;
    }

    /// Starts a script that says by lines how far it is.
    pub fn start(&self, script: &str, arguments: &[&str]) -> Visit {
        let mut child = Command::new(&self.node)
            .arg(tools::in_repository("tests/browser").join(script))
            .args(arguments)
            .env("CHROMIUM", &self.chromium)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("node starts");
        let stdout = child.stdout.take().expect("it was piped");
        Visit {
            child,
            lines: BufReader::new(stdout).lines(),
            script: script.into(),
        }
    }
}

impl Visit {
    /// Waits until the script has written a line, which must be this.
    pub async fn says(&mut self, wanted: &str) {
        match tokio::time::timeout(PATIENCE * 2, self.lines.next_line()).await {
            Ok(Ok(Some(line))) if line == wanted => {}
            said => self.fail(&format!("{said:?} instead of {wanted:?}")).await,
        }
    }

    /// Tells the script to go on.
    pub async fn tell(&mut self, line: &str) {
        let stdin = self.child.stdin.as_mut().expect("it was piped");
        stdin
            .write_all(format!("{line}\n").as_bytes())
            .await
            .expect("the script listens");
    }

    /// Waits until the script is done.
    pub async fn end(mut self) {
        let status = tokio::time::timeout(PATIENCE * 4, self.child.wait()).await;
        match status {
            Ok(Ok(status)) if status.success() => eprint!("{}", self.written().await),
            status => self.fail(&format!("{status:?}")).await,
        }
    }

    async fn fail(&mut self, what: &str) {
        let _ = self.child.start_kill();
        let written = self.written().await;
        panic!("tests/browser/{}: {what}\n{written}", self.script);
    }

    /// What the script wrote to stderr.
    async fn written(&mut self) -> String {
        let mut written = String::new();
        if let Some(stderr) = &mut self.child.stderr {
            let _ = stderr.read_to_string(&mut written).await;
        }
        written
    }
}
