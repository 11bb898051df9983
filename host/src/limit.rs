//! The limits that are told of when a call runs into one.

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
    /// `body_bytes`
    Body,
    /// `body_time_ms`
    BodyTime,
    /// `answer_bytes`
    Answer,
    /// `concurrency`, after `queue_ms` of waiting
    Concurrency,
    /// `stream_idle_ms`
    StreamIdle,
    /// `stream_ms`
    StreamTime,
    /// `stream_bytes`
    StreamBytes,
}

impl Limit {
    /// The setting that sets it.
    pub fn name(self) -> &'static str {
        match self {
            Limit::Cpu => "cpu_ms",
            Limit::Time => "time_ms",
            Limit::Memory => "memory_bytes",
            Limit::Body => "body_bytes",
            Limit::BodyTime => "body_time_ms",
            Limit::Answer => "answer_bytes",
            Limit::Concurrency => "concurrency",
            Limit::StreamIdle => "stream_idle_ms",
            Limit::StreamTime => "stream_ms",
            Limit::StreamBytes => "stream_bytes",
        }
    }
}
