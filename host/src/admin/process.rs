//! What the process takes of the machine, from `/proc/self`, under the names that all of Prometheus' clients give it
//! (<https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics>). Without that file system: nothing.

use std::fs;

use rustix::param::{clock_ticks_per_second, page_size};
use rustix::process::{Resource, getrlimit};

use crate::metrics::{Kind, Text};

/// As text; empty where it cannot be read.
pub(super) fn metrics() -> String {
    let mut text = Text::default();
    // Known where the others are: whatever cannot be read is left out.
    let _ = tell(&mut text);
    text.finish()
}

fn tell(text: &mut Text) -> Option<()> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is the program's name in parentheses, which may hold anything.
    let (_, rest) = stat.rsplit_once(") ")?;
    let fields: Vec<&str> = rest.split(' ').collect();
    // By their numbers in proc(5), of which the first two are gone.
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    let seconds = |ticks: u64| ticks as f64 / clock_ticks_per_second() as f64;
    text.one(
        "process_cpu_seconds_total",
        Kind::Counter,
        "CPU time, of the user and of the system.",
        seconds(field(14)? + field(15)?),
    );
    text.one(
        "process_resident_memory_bytes",
        Kind::Gauge,
        "Memory that is resident.",
        field(24)? * page_size() as u64,
    );
    text.one(
        "process_virtual_memory_bytes",
        Kind::Gauge,
        "Address space; a host reserves much that it never uses.",
        field(23)?,
    );
    text.one(
        "process_threads",
        Kind::Gauge,
        "Threads of the operating system.",
        field(20)?,
    );
    let open = fs::read_dir("/proc/self/fd").ok()?.count();
    text.one(
        "process_open_fds",
        Kind::Gauge,
        "Files and sockets that are open.",
        open,
    );
    if let Some(most) = getrlimit(Resource::Nofile).current {
        text.one(
            "process_max_fds",
            Kind::Gauge,
            "How many may be open.",
            most,
        );
    }
    let booted = fs::read_to_string("/proc/stat").ok()?;
    let booted = booted
        .lines()
        .find_map(|line| line.strip_prefix("btime "))?;
    let booted: f64 = booted.trim().parse().ok()?;
    text.one(
        "process_start_time_seconds",
        Kind::Gauge,
        "When it was started, in seconds of Unix time.",
        booted + seconds(field(22)?),
    );
    Some(())
}
