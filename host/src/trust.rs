//! Which components may serve at all, where not any may: those that are listed by their hash, and those that are signed with a
//! known key, as minisign signs files (<https://jedisct1.github.io/minisign/>, ed25519).

use std::collections::HashSet;

use minisign_verify::{PublicKey, Signature};
use sha2::{Digest, Sha256};

use crate::component::{Component, FILES, SIGNATURE, STATIC};
use crate::config::TrustConfig;
use crate::error::{Error, ErrorKind};
use crate::runtime::hex;

/// Nobody is asked for anything where neither keys nor components are set.
#[derive(Default)]
pub(crate) struct Trust {
    keys: Vec<PublicKey>,
    components: HashSet<String>,
}

impl Trust {
    /// What is no key was refused with the configuration.
    pub(crate) fn new(config: &TrustConfig) -> Trust {
        let keys = config.keys.iter();
        Trust {
            keys: keys.filter_map(|key| key_of(key)).collect(),
            components: config.components.iter().cloned().collect(),
        }
    }

    /// Whether only some components may serve.
    fn is_on(&self) -> bool {
        !self.keys.is_empty() || !self.components.is_empty()
    }

    /// Refuses a component that may not serve; `content` is the hash of all that it consists of. It takes time: the component
    /// is hashed.
    pub(crate) fn check(&self, component: &Component, content: &str) -> Result<(), Error> {
        if !self.is_on() || self.components.contains(content) {
            return Ok(());
        }
        let refuse = |why: String| Err(Error::new(ErrorKind::Untrusted, why));
        let hash = hex(&Sha256::digest(&component.bytes));
        if !self.components.contains(&hash) {
            let Some(signature) = &component.signature else {
                return refuse(match self.keys.is_empty() {
                    true => format!(
                        "its SHA-256 is not listed in `trust.components` ({hash}); add it there if you trust it"
                    ),
                    false => "it has no signature, and only signed components serve here (`trust.keys`): sign it with \
                         `minisign -Sm FILE`, and put the `.minisig` beside it"
                        .into(),
                });
            };
            let text = std::str::from_utf8(signature).ok();
            let Some(signature) = text.and_then(|text| Signature::decode(text).ok()) else {
                return refuse(format!(
                    "`{}` is no signature of minisign",
                    FILES[SIGNATURE]
                ));
            };
            let signed = |key: &PublicKey| key.verify(&component.bytes, &signature, true).is_ok();
            if !self.keys.iter().any(signed) {
                return refuse(
                    "its signature is not by any key of `trust.keys`, or it was changed after it was signed".into(),
                );
            }
        }
        if component.files.is_some() {
            return refuse(format!(
                "it is known, and its `{STATIC}` is not: a signature is of the component alone; list the whole in \
                 `trust.components` ({content})"
            ));
        }
        Ok(())
    }
}

/// A public key as minisign prints it, in one line of base64.
pub(crate) fn key_of(text: &str) -> Option<PublicKey> {
    PublicKey::from_base64(text).ok()
}
