//! What builds a plugin: found, or installed by the SDK's own scripts, which say so before they do.

use std::path::Path;
use std::process::Stdio;

use tokio::io::AsyncReadExt;
use tokio::process::Command;

use crate::carried;
use crate::group::Group;
use crate::project::{Language, Project};

/// A toolchain that is there.
pub(crate) struct Toolchain {
    /// The command that builds, and its first arguments.
    pub(crate) command: Vec<String>,
    /// In words.
    pub(crate) is: String,
}

/// Finds the toolchain for a project.
///
/// # Errors
///
/// There is none, and none can be installed; the script has said on stderr what to do.
pub(crate) async fn find(project: &Project) -> Result<Toolchain, String> {
    match project.language {
        Language::Rust => {
            let script = carried::text("guest-sdk/toolchain.sh");
            let toolchain = said(Command::new("sh").args(["-c", script]), project).await?;
            let chosen = (!toolchain.is_empty()).then_some(toolchain);
            let command = ["cargo".into()].into_iter().chain(chosen.clone()).collect();
            let rustc = said(Command::new("rustc").args(chosen).arg("--version"), project).await?;
            let version = rustc.split(" (").next().unwrap_or_default();
            Ok(Toolchain {
                command,
                is: format!("{version} for wasm32-wasip2"),
            })
        }
        Language::Python => {
            let script = project.sdk("python")?.join("toolchain.sh");
            let tool = said(Command::new("sh").arg(script), project).await?;
            let version = said(Command::new(&tool).arg("--version"), project).await?;
            Ok(Toolchain {
                command: vec![tool],
                is: version,
            })
        }
        Language::JavaScript => {
            let sdk = project.sdk("javascript")?;
            let command = said(Command::new("sh").arg(sdk.join("toolchain.sh")), project).await?;
            // `node FOLDER/build.js`: the folder may have spaces in its name.
            let (node, script) = command.split_once(' ').unwrap_or((&command, ""));
            let version = said(Command::new(node).arg("--version"), project).await?;
            Ok(Toolchain {
                command: vec![node.into(), script.into()],
                is: format!("componentize-qjs on Node {version}"),
            })
        }
    }
}

/// The one line that a command prints; what it says on stderr goes to the user's.
async fn said(command: &mut Command, project: &Project) -> Result<String, String> {
    let cannot = |why: &dyn std::fmt::Display| {
        format!(
            "{}: there is no toolchain to build it: {why}",
            project.shown
        )
    };
    command
        .current_dir(&project.folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let program = command.as_std().get_program().to_owned();
    let mut group = Group::start(command).map_err(|why| {
        let program = Path::new(&program).display();
        cannot(&format_args!("`{program}` does not start: {why}"))
    })?;
    let mut text = String::new();
    if let Some(mut stdout) = group.stdout() {
        stdout
            .read_to_string(&mut text)
            .await
            .map_err(|why| cannot(&why))?;
    }
    match group.wait().await {
        Ok(status) if status.success() => Ok(text.trim().into()),
        Ok(_) => Err(cannot(&"do what the lines above say, then try again")),
        Err(why) => Err(cannot(&why)),
    }
}
