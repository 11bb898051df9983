//! A process together with all that it starts: cargo and its compilers end as one.

use std::io;
use std::process::ExitStatus;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, ChildStdout, Command};

/// A process that leads a group of its own. Dropping it ends the whole group.
pub(crate) struct Group(Child);

impl Group {
    pub(crate) fn start(command: &mut Command) -> io::Result<Group> {
        command.process_group(0).spawn().map(Group)
    }

    /// What it writes, if that was piped and not taken before.
    pub(crate) fn stdout(&mut self) -> Option<ChildStdout> {
        self.0.stdout.take()
    }

    pub(crate) async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.0.wait().await
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // None once it was waited for: the number may be another's by then.
        let leader = self.0.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        if let Some(leader) = leader {
            // At once: cargo keeps nothing that is half done.
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }
}
