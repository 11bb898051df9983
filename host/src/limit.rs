//! The limits that are told of when a call runs into one.

#[cfg(feature = "runtime")]
use crate::config::{HostConfig, Limits};

/// The limits that a call may run into, by the name of their setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// `cpu_ms`
    Cpu,
    /// `time_ms`
    Time,
    /// `memory_bytes`
    Memory,
    /// `table_elements`
    Tables,
    /// `core_instances`
    CoreInstances,
    /// `host.stack_bytes`
    Stack,
    /// `body_bytes`
    Body,
    /// `body_time_ms`
    BodyTime,
    /// `request_ms`, before the answer began
    Request,
    /// `json_depth`
    JsonDepth,
    /// `form_parts`
    FormParts,
    /// `form_memory_bytes`
    FormMemory,
    /// `answer_bytes`
    Answer,
    /// `log_bytes`: the call goes on, what is too much is dropped
    Log,
    /// `concurrency`: no place within `queue_ms`, or none to be expected
    Concurrency,
    /// `queue_calls`
    Queue,
    /// `rate_requests`
    Rate,
    /// `stream_idle_ms`
    StreamIdle,
    /// `stream_ms`
    StreamTime,
    /// `stream_bytes`
    StreamBytes,
    /// `host.bodies_bytes`
    Bodies,
    /// `host.spool_bytes`
    Spool,
    /// `host.concurrency`, which says how many instances there can be at once
    Pool,
}

impl Limit {
    /// Each of them, in the order in which they are counted.
    pub const ALL: [Limit; 23] = [
        Limit::Cpu,
        Limit::Time,
        Limit::Memory,
        Limit::Tables,
        Limit::CoreInstances,
        Limit::Stack,
        Limit::Body,
        Limit::BodyTime,
        Limit::Request,
        Limit::JsonDepth,
        Limit::FormParts,
        Limit::FormMemory,
        Limit::Answer,
        Limit::Log,
        Limit::Concurrency,
        Limit::Queue,
        Limit::Rate,
        Limit::StreamIdle,
        Limit::StreamTime,
        Limit::StreamBytes,
        Limit::Bodies,
        Limit::Spool,
        Limit::Pool,
    ];

    /// The setting that sets it.
    pub fn name(self) -> &'static str {
        match self {
            Limit::Cpu => "cpu_ms",
            Limit::Time => "time_ms",
            Limit::Memory => "memory_bytes",
            Limit::Tables => "table_elements",
            Limit::CoreInstances => "core_instances",
            Limit::Stack => "host.stack_bytes",
            Limit::Body => "body_bytes",
            Limit::BodyTime => "body_time_ms",
            Limit::Request => "request_ms",
            Limit::JsonDepth => "json_depth",
            Limit::FormParts => "form_parts",
            Limit::FormMemory => "form_memory_bytes",
            Limit::Answer => "answer_bytes",
            Limit::Log => "log_bytes",
            Limit::Concurrency => "concurrency",
            Limit::Queue => "queue_calls",
            Limit::Rate => "rate_requests",
            Limit::StreamIdle => "stream_idle_ms",
            Limit::StreamTime => "stream_ms",
            Limit::StreamBytes => "stream_bytes",
            Limit::Bodies => "host.bodies_bytes",
            Limit::Spool => "host.spool_bytes",
            Limit::Pool => "host.concurrency",
        }
    }

    /// What that setting is for one plugin.
    #[cfg(feature = "runtime")]
    pub(crate) fn value(self, limits: &Limits, host: &HostConfig) -> u64 {
        match self {
            Limit::Cpu => limits.cpu_ms,
            Limit::Time => limits.time_ms,
            Limit::Memory => limits.memory_bytes,
            Limit::Tables => limits.table_elements as u64,
            Limit::CoreInstances => limits.core_instances as u64,
            Limit::Stack => host.stack_bytes as u64,
            Limit::Body => limits.body_bytes,
            Limit::BodyTime => limits.body_time_ms,
            Limit::Request => limits.request_ms,
            Limit::JsonDepth => limits.json_depth as u64,
            Limit::FormParts => limits.form_parts as u64,
            Limit::FormMemory => limits.form_memory_bytes as u64,
            Limit::Answer => limits.answer_bytes,
            Limit::Log => limits.log_bytes as u64,
            Limit::Concurrency => limits.concurrency as u64,
            Limit::Queue => limits.queue_calls as u64,
            Limit::Rate => limits.rate_requests,
            Limit::Bodies => host.bodies_bytes,
            Limit::Spool => host.spool_bytes,
            Limit::Pool => host.concurrency as u64,
            Limit::StreamIdle => limits.stream_idle_ms,
            Limit::StreamTime => limits.stream_ms,
            Limit::StreamBytes => limits.stream_bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_has_its_own_place_and_name() {
        for (place, limit) in Limit::ALL.into_iter().enumerate() {
            assert_eq!(place, limit as usize);
        }
        let mut names = Limit::ALL.map(Limit::name).to_vec();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Limit::ALL.len());
    }
}
