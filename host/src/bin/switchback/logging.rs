//! Where the library's `tracing` goes: to stderr, for people or as JSON.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::settings::{LogFormat, Serve, Wrong};

/// Installs the program's logger.
pub(crate) fn start(settings: &Serve) -> Result<(), Wrong> {
    let mut directives = settings.log.clone();
    if !settings.access_log {
        directives.push_str(",switchback::access=off");
    }
    let filter = EnvFilter::try_new(&directives).map_err(|why| {
        Wrong(vec![format!("`serve.log` is \"{}\": {why}; write a level (info) or directives (warn,switchback=debug)", settings.log)])
    })?;
    let logger = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match settings.log_format {
        LogFormat::Human => {
            let colours = std::io::stderr().is_terminal()
                && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
            logger.with_ansi(colours).with_target(false).init();
        }
        LogFormat::Json => logger.json().flatten_event(true).init(),
    }
    Ok(())
}
