//! What is kept of calls that went wrong.

use serde::{Deserialize, Serialize};

/// What is kept of calls that went wrong by their plugin's doing, in memory, until the host ends.
///
/// Values of `authorization`, `proxy-authorization`, `cookie` and `set-cookie` are never kept, nor are those of fields and parameters
/// that a contract marks by `format: password` or `writeOnly`, nor keys of its `securitySchemes`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct FaultConfig {
    /// The most that are kept; 0: none. Of one kind of one operation a fifth of them, so that what always fails leaves
    /// room for what fails once. 100: more than anybody looks at.
    pub kept: usize,
    /// What all of them may take, in bytes. 16 MiB: 100 with bodies of 64 KiB both ways.
    pub bytes: u64,
    /// The longest body of a request or an answer that is kept, in bytes; of a longer one it is only told how long it was, and
    /// such a request cannot be replayed. 64 KiB: JSON is seldom longer.
    pub body_bytes: usize,
    /// Further headers whose values are not kept.
    pub hidden_headers: Vec<String>,
}

impl Default for FaultConfig {
    fn default() -> FaultConfig {
        FaultConfig {
            kept: 100,
            bytes: 16 << 20,
            body_bytes: 64 << 10,
            hidden_headers: vec!["x-api-key".into()],
        }
    }
}
