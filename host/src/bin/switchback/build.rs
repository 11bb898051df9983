//! `switchback build`: a folder → a component, checked as the host would.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use switchback::{Config, Host};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::check::describe;
use crate::group::Group;
use crate::life::Signals;
use crate::project::{Language, Project};
use crate::say;
use crate::settings::Wrong;
use crate::toolchain::{self, Toolchain};

/// How a component is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Build {
    /// Built quickly. `quiet`: of what is going well nothing is said.
    Quick { quiet: bool },
    /// Optimised.
    Release,
}

/// Why there is no component.
#[derive(Debug)]
pub(crate) enum Unbuilt {
    /// The source is wrong; the compiler has said so.
    Source,
    /// Something else.
    Other(String),
}

/// Builds, checks, and puts the component where it was asked for.
pub(crate) async fn build(
    config: Config,
    folder: &Path,
    out: Option<PathBuf>,
    allowed: &[String],
) -> Result<ExitCode, Wrong> {
    let mut signals = Signals::listen()?;
    tokio::select! {
        built = whole(config, folder, out, allowed) => built,
        // What was started ends with the future that started it.
        () = signals.stop() => Ok(ExitCode::from(130)),
    }
}

async fn whole(
    config: Config,
    folder: &Path,
    out: Option<PathBuf>,
    allowed: &[String],
) -> Result<ExitCode, Wrong> {
    let wrong = |why: String| Wrong(vec![why]);
    let host = Host::new(config)?;
    let project = Project::open(folder).map_err(wrong)?;
    let toolchain = toolchain::find(&project).await.map_err(wrong)?;
    say(
        &mut io::stderr(),
        &format!("building {} with {}", project.shown, toolchain.is),
    );
    let start = Instant::now();
    let made = component(&project, &toolchain, Build::Release)
        .await
        .map_err(|why| match why {
            Unbuilt::Source => wrong(format!("{}: it is not built, see above", project.shown)),
            Unbuilt::Other(why) => wrong(why),
        })?;
    let took = start.elapsed();
    let bytes = std::fs::read(&made)
        .map_err(|why| wrong(format!("{}: it cannot be read: {why}", made.display())))?;
    let size = bytes.len();
    let out = out.unwrap_or_else(|| format!("{}.wasm", project.name).into());
    let status = host
        .check(&project.name, bytes.clone(), allowed)
        .await
        .map_err(|why| {
            wrong(format!(
                "{}: what was built cannot be served, so {} is not written: {why}",
                project.shown,
                out.display()
            ))
        })?;
    write_whole(&out, &bytes)
        .map_err(|why| wrong(format!("{}: it cannot be written: {why}", out.display())))?;
    let text = format!(
        "{}\n{} KiB, built in {}",
        describe(&out, &status),
        size.div_ceil(1024),
        seconds(took)
    );
    say(&mut io::stdout(), &text);
    Ok(ExitCode::SUCCESS)
}

/// Builds, and says where the component is.
pub(crate) async fn component(
    project: &Project,
    toolchain: &Toolchain,
    build: Build,
) -> Result<PathBuf, Unbuilt> {
    match project.language {
        Language::Rust => cargo(project, toolchain, build).await,
        Language::Python => {
            let sdk = project.sdk("python").map_err(Unbuilt::Other)?;
            let world = match speaks_of_lifespan(&project.folder) {
                true => "plugin-with-lifecycle",
                false => "plugin",
            };
            run_for(project, toolchain, |command, out| {
                // What is wrong is in Python's traceback; one of the tool itself would only hide it.
                command
                    .env("RUST_BACKTRACE", "0")
                    .arg("--quiet")
                    .arg("-d")
                    .arg(sdk.join("wit"))
                    .args(["-w", world, "componentize", "-p"])
                    .arg(&project.folder)
                    .arg("-p")
                    .arg(&sdk)
                    .arg("switchback.entry")
                    .arg("-o")
                    .arg(out);
            })
            .await
        }
        Language::JavaScript => {
            run_for(project, toolchain, |command, out| {
                command.arg(&project.folder).arg("-o").arg(out);
            })
            .await
        }
    }
}

/// Whether an app in Python may have a `lifespan`. One that has and is not seen here is told by its own build.
fn speaks_of_lifespan(folder: &Path) -> bool {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut sources = files.filter(|file| file.path().extension().is_some_and(|it| it == "py"));
    sources.any(|source| {
        std::fs::read_to_string(source.path()).is_ok_and(|source| source.contains("lifespan"))
    })
}

/// Cargo says by itself where it has put what it made. What is wrong it tells the user, coloured on a terminal.
async fn cargo(project: &Project, toolchain: &Toolchain, build: Build) -> Result<PathBuf, Unbuilt> {
    let mut command = command(project, toolchain);
    command
        .args(["build", "--target", "wasm32-wasip2"])
        .args(["--message-format", "json-render-diagnostics"])
        .args(match build {
            Build::Release => Some("--release"),
            Build::Quick { quiet: true } => Some("--quiet"),
            Build::Quick { quiet: false } => None,
        })
        .stdout(Stdio::piped());
    let mut cargo = start(&mut command)?;
    let mut made = None;
    if let Some(stdout) = cargo.stdout() {
        let mut lines = BufReader::new(stdout).lines();
        let manifest = project.folder.join("Cargo.toml");
        while let Some(line) = lines.next_line().await.map_err(|why| unfollowed(&why))? {
            if let Ok(message) = serde_json::from_str(&line) {
                made = component_of(&message, &manifest).or(made);
            }
        }
    }
    if !cargo
        .wait()
        .await
        .map_err(|why| unfollowed(&why))?
        .success()
    {
        return Err(Unbuilt::Source);
    }
    made.ok_or_else(|| {
        Unbuilt::Other(format!(
            "{}: cargo made no component; its Cargo.toml needs `crate-type = [\"cdylib\"]` in `[lib]`",
            project.shown
        ))
    })
}

/// The component, if the message is about the library of the package with this manifest.
fn component_of(message: &Value, manifest: &Path) -> Option<PathBuf> {
    let is_own = message["reason"] == "compiler-artifact"
        && message["manifest_path"].as_str().map(Path::new) == Some(manifest);
    let files = message["filenames"].as_array().filter(|_| is_own)?;
    files
        .iter()
        .filter_map(Value::as_str)
        .find(|file| file.ends_with(".wasm"))
        .map(PathBuf::from)
}

/// Runs a tool that writes where it is told to.
async fn run_for(
    project: &Project,
    toolchain: &Toolchain,
    arguments: impl FnOnce(&mut Command, &Path),
) -> Result<PathBuf, Unbuilt> {
    let folder = project.folder.join(".switchback/build");
    std::fs::create_dir_all(&folder).map_err(|why| unfollowed(&why))?;
    let out = folder.join(format!("{}.wasm", project.name));
    let mut command = command(project, toolchain);
    // What tools have to say is no result of ours.
    arguments(&mut command, &out);
    command.stdout(io::stderr());
    let mut tool = start(&mut command)?;
    if tool.wait().await.map_err(|why| unfollowed(&why))?.success() {
        Ok(out)
    } else {
        Err(Unbuilt::Source)
    }
}

fn command(project: &Project, toolchain: &Toolchain) -> Command {
    let mut words = toolchain.command.iter();
    let mut command = Command::new(words.next().map_or("", String::as_str));
    command
        .args(words)
        .current_dir(&project.folder)
        .stdin(Stdio::null());
    command
}

fn start(command: &mut Command) -> Result<Group, Unbuilt> {
    let program = command.as_std().get_program().to_owned();
    Group::start(command).map_err(|why| {
        let program = Path::new(&program).display();
        Unbuilt::Other(match why.kind() {
            io::ErrorKind::NotFound => {
                format!("there is no `{program}` on the PATH: install it, or put it there")
            }
            _ => format!("`{program}` does not start: {why}"),
        })
    })
}

fn unfollowed(why: &io::Error) -> Unbuilt {
    Unbuilt::Other(format!("the build cannot be followed: {why}"))
}

/// A host may be watching the folder: a file appears whole.
fn write_whole(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut beside = file.as_os_str().to_owned();
    beside.push(".new");
    std::fs::write(&beside, bytes)?;
    std::fs::rename(&beside, file)
}

/// `0.84 s`, `31.2 s`
pub(crate) fn seconds(took: Duration) -> String {
    match took.as_secs_f64() {
        long @ 10.0.. => format!("{long:.1} s"),
        short => format!("{short:.2} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_all_that_cargo_made_the_component_of_the_package_is_taken() {
        let message = |manifest: &str| {
            serde_json::json!({
                "reason": "compiler-artifact",
                "manifest_path": manifest,
                "filenames": ["/shop/target/libshop.rlib", "/shop/target/shop.wasm"],
            })
        };
        let own = Path::new("/shop/Cargo.toml");
        assert_eq!(
            component_of(&message("/shop/Cargo.toml"), own),
            Some("/shop/target/shop.wasm".into())
        );
        assert_eq!(component_of(&message("/serde/Cargo.toml"), own), None);
        let finished = serde_json::json!({ "reason": "build-finished", "success": true });
        assert_eq!(component_of(&finished, own), None);
    }
}
