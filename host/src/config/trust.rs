//! Which components may serve.

use serde::{Deserialize, Serialize};

/// Which components may serve: with any key or hash here, only those that are signed or listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrustConfig {
    /// Public keys of minisign, each the line of base64 that is in `minisign.pub`: a component that is signed with one of them
    /// may serve. The signature is of the component alone.
    pub keys: Vec<String>,
    /// SHA-256 in hex, of a component's file, or of all that a plugin consists of (as its history tells it).
    pub components: Vec<String>,
}
