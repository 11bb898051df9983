//! What is deployed: a component, and what lies beside it.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::error::{Error, ErrorKind};
use crate::files::{Most, Tree};
use crate::spool::Disk;

/// The files of a plugin's folder, the component first. A plugin that is one file has only that.
pub(crate) const FILES: [&str; 4] = [
    "plugin.wasm",
    "openapi.json",
    "plugin.toml",
    "plugin.wasm.minisig",
];
/// The place in it of the component's signature, which lies beside a plugin that is one file, too: `NAME.wasm.minisig`.
pub(crate) const SIGNATURE: usize = 3;
/// What the name of a signature ends with.
pub(crate) const MINISIG: &str = ".minisig";
/// The folder in it whose files are served as they are.
pub(crate) const STATIC: &str = "static";
/// All that a plugin's folder may have: [`FILES`], then [`STATIC`].
pub(crate) const PARTS: [&str; FILES.len() + 1] =
    [FILES[0], FILES[1], FILES[2], FILES[SIGNATURE], STATIC];

/// A component, with the document, the settings and the static files that may lie beside it: what the files of a plugin's folder hold.
///
/// ```
/// # async fn example(host: switchback::Host, wasm: Vec<u8>) -> Result<(), switchback::Error> {
/// let document = r#"{"openapi": "3.1.0", "paths": {"/pages": {"get": {"operationId": "pages"}}}}"#;
/// let wiki = switchback::Component::new(wasm).document(document).settings("prefix = \"/wiki\"");
/// host.deploy("wiki", wiki).await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    pub(crate) bytes: Bytes,
    pub(crate) document: Option<Bytes>,
    pub(crate) settings: Option<Bytes>,
    pub(crate) signature: Option<Bytes>,
    pub(crate) files: Option<Arc<Tree>>,
    /// Whether it serves although its contract breaks clients of the one before.
    pub(crate) accepts_breaking: bool,
    /// Whether it serves without its examples being run.
    pub(crate) skips_smoke_test: bool,
    /// The file or folder that it comes from, as a refusal tells it: `wiki.wasm`, `wiki/`.
    pub(crate) place: Option<String>,
}

impl Component {
    /// A component alone.
    pub fn new(bytes: impl Into<Bytes>) -> Component {
        Component {
            bytes: bytes.into(),
            document: None,
            settings: None,
            signature: None,
            files: None,
            accepts_breaking: false,
            skips_smoke_test: false,
            place: None,
        }
    }

    /// Lets it serve although its contract breaks clients of the one that serves, where the plugin's
    /// [`ChangePolicy`](crate::ChangePolicy) would refuse it.
    pub fn accepting_breaking_changes(mut self) -> Component {
        self.accepts_breaking = true;
        self
    }

    /// Lets it serve without the examples of its contract being run, where the plugin's [`SmokeTest`](crate::SmokeTest) would have
    /// them.
    pub fn without_smoke_test(mut self) -> Component {
        self.skips_smoke_test = true;
        self
    }

    /// An OpenAPI 3.1 document in JSON, as in `openapi.json`. A standard component (`wasi:http`) is routed, checked and
    /// documented by it. For a component that has a contract, it may only narrow that.
    pub fn document(mut self, json: impl Into<Bytes>) -> Component {
        self.document = Some(json.into());
        self
    }

    /// Settings in TOML, as in `plugin.toml`: `prefix`, `instances` and a table `limits`. The host's configuration comes
    /// before them, and its limits can only be lowered.
    pub fn settings(mut self, toml: impl Into<Bytes>) -> Component {
        self.settings = Some(toml.into());
        self
    }

    /// The component's signature, as minisign writes it (`plugin.wasm.minisig`): for a host that serves only what it knows
    /// ([`TrustConfig`](crate::TrustConfig)).
    pub fn signature(mut self, minisig: impl Into<Bytes>) -> Component {
        self.signature = Some(minisig.into());
        self
    }

    /// Adds a static file, as in the folder `static`: `app.js`, `images/logo.svg`. It is served under
    /// [`FilesConfig::path`](crate::FilesConfig::path).
    pub fn file(mut self, path: impl Into<String>, content: impl Into<Bytes>) -> Component {
        let files = self.files.get_or_insert_default();
        Arc::make_mut(files).put(path.into(), content.into());
        self
    }

    /// Adds all files of a folder, as those of `static`: what lies in it now, without what begins with a dot.
    ///
    /// # Errors
    ///
    /// Something in it cannot be read, or is a link ([`ErrorKind::File`]).
    pub fn static_folder(mut self, folder: &Path) -> Result<Component, Error> {
        self.files = Some(tree(folder, &Disk(None))?);
        Ok(self)
    }

    /// Reads `NAME.wasm`, or a folder `NAME/` of `plugin.wasm` and, where they are there, `openapi.json`, `plugin.toml` and
    /// a folder `static`; with it comes the name that the path gives the plugin.
    ///
    /// # Errors
    ///
    /// The path names no plugin, or a file cannot be read ([`ErrorKind::File`]).
    pub fn read(path: &Path) -> Result<(String, Component), Error> {
        Component::read_with(path, &Disk(None))
    }

    /// The same; large static files are kept in a file of `disk`.
    pub(crate) fn read_with(path: &Path, disk: &Disk) -> Result<(String, Component), Error> {
        let wrong = |why: String| Error::new(ErrorKind::File, why);
        let cannot = |why| wrong(format!("it cannot be read: {why}"));
        let no_name = || wrong("its name is no text; rename it".into());
        if !path.is_dir() {
            let name = path.file_stem().and_then(|stem| stem.to_str());
            let name = name.ok_or_else(no_name)?;
            let mut component = Component::new(std::fs::read(path).map_err(cannot)?);
            let mut beside = path.as_os_str().to_owned();
            beside.push(MINISIG);
            component.signature = there(Path::new(&beside)).map_err(cannot)?;
            return Ok((name.into(), component));
        }
        let folder = match path.file_name() {
            Some(_) => path.to_owned(),
            // `.` has a name as well.
            None => path.canonicalize().map_err(cannot)?,
        };
        let name = folder.file_name().and_then(|name| name.to_str());
        let name = name.ok_or_else(no_name)?;
        let mut found = [const { None }; FILES.len()];
        for (file, found) in FILES.iter().zip(&mut found) {
            let read = there(&folder.join(file));
            *found = read.map_err(|why| wrong(format!("`{file}` in it cannot be read: {why}")))?;
        }
        let [Some(bytes), document, settings, signature] = found else {
            return Err(wrong(format!(
                "there is no `{}` in this folder; put the component there",
                FILES[0]
            )));
        };
        let files = match std::fs::symlink_metadata(folder.join(STATIC)) {
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => None,
            _ => Some(tree(&folder.join(STATIC), disk)?),
        };
        let component = Component {
            bytes,
            document,
            settings,
            signature,
            files,
            accepts_breaking: false,
            skips_smoke_test: false,
            place: None,
        };
        Ok((name.into(), component))
    }
}

/// A file's content; none if it is not there.
fn there(path: &Path) -> std::io::Result<Option<Bytes>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes.into())),
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(why) => Err(why),
    }
}

/// The files of a folder, of which those that are too large are refused when they are loaded.
fn tree(folder: &Path, disk: &Disk) -> Result<Arc<Tree>, Error> {
    let wrong = |why: String| {
        let name = folder.file_name().unwrap_or(folder.as_os_str());
        Error::new(ErrorKind::File, format!("`{}`: {why}", name.display()))
    };
    let read = Tree::read(folder, disk, Most::ANY).map_err(wrong)?;
    let changed = || wrong("it changed while it was read; try again".into());
    read.map(Arc::new).ok_or_else(changed)
}

impl Component {
    /// SHA-256 of all that it consists of.
    pub(crate) fn digest(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        for (part, bytes) in self.parts().into_iter().enumerate() {
            if let Some(bytes) = bytes {
                digest.update([part as u8]);
                digest.update((bytes.len() as u64).to_le_bytes());
                digest.update(bytes);
            }
        }
        if let Some(files) = &self.files {
            digest.update([FILES.len() as u8]);
            files.add_to(&mut digest);
        }
        digest.finalize().into()
    }

    /// The content of each of [`FILES`] that is there.
    pub(crate) fn parts(&self) -> [Option<&Bytes>; FILES.len()] {
        [
            Some(&self.bytes),
            self.document.as_ref(),
            self.settings.as_ref(),
            self.signature.as_ref(),
        ]
    }

    pub(crate) fn len(&self) -> u64 {
        let parts = self.parts().into_iter().flatten();
        let parts: u64 = parts.map(|bytes| bytes.len() as u64).sum();
        parts + self.files.as_ref().map_or(0, |files| files.bytes())
    }
}

impl From<Bytes> for Component {
    fn from(bytes: Bytes) -> Component {
        Component::new(bytes)
    }
}

impl From<Vec<u8>> for Component {
    fn from(bytes: Vec<u8>) -> Component {
        Component::new(bytes)
    }
}

impl From<&'static [u8]> for Component {
    fn from(bytes: &'static [u8]) -> Component {
        Component::new(bytes)
    }
}
