//! Certificates and their keys: read from PEM files, found by name, replaced as a whole.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use sha2::{Digest, Sha256};
use tokio_rustls::rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use tokio_rustls::rustls::crypto::CryptoProvider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, CertificateError, RootCertStore};

use super::tls::TlsFiles;
use crate::error::{Error, ErrorKind};

/// All that are served, the first of them to whoever asks for no name.
#[derive(Debug)]
pub(super) struct Certificates {
    provider: Arc<CryptoProvider>,
    served: ArcSwap<Vec<Arc<CertifiedKey>>>,
}

/// How files are, to see that they changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen(Vec<Option<(u64, u64, i64, i64)>>);

impl Seen {
    pub(super) fn look(files: &[TlsFiles]) -> Seen {
        let paths = files.iter().flat_map(|pair| [&pair.certificate, &pair.key]);
        let state = |path| {
            let meta = fs::metadata(path).ok()?;
            Some((meta.ino(), meta.len(), meta.mtime(), meta.mtime_nsec()))
        };
        Seen(paths.map(state).collect())
    }
}

impl Certificates {
    pub(super) fn load(
        files: &[TlsFiles],
        provider: Arc<CryptoProvider>,
    ) -> Result<Certificates, Error> {
        let served = ArcSwap::from_pointee(read_all(files, &provider)?);
        Ok(Certificates { provider, served })
    }

    pub(super) fn reload(&self, files: &[TlsFiles]) -> Result<(), Error> {
        let read = read_all(files, &self.provider)?;
        self.served.store(Arc::new(read));
        Ok(())
    }

    /// SHA-256 of the first, in pairs of capitals.
    pub(super) fn fingerprint(&self) -> String {
        let served = self.served.load();
        let first = served.first().and_then(|pair| pair.cert.first());
        let hash = Sha256::digest(first.map_or(&[][..], |certificate| certificate));
        let pairs: Vec<String> = hash.iter().map(|byte| format!("{byte:02X}")).collect();
        pairs.join(":")
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let served = self.served.load();
        let default = served.first()?;
        let name = hello.server_name().filter(|_| served.len() > 1);
        let named = name.and_then(|name| served.iter().find(|pair| is_for(pair, name)));
        Some(named.unwrap_or(default).clone())
    }
}

/// Whether a client that asks for this name takes the certificate.
fn is_for(pair: &CertifiedKey, name: &str) -> bool {
    let name = ServerName::try_from(name).ok();
    let certificate = pair.cert.first().map(ParsedCertificate::try_from);
    match (certificate, name) {
        (Some(Ok(certificate)), Some(name)) => verify_server_name(&certificate, &name).is_ok(),
        _ => false,
    }
}

fn read_all(
    files: &[TlsFiles],
    provider: &CryptoProvider,
) -> Result<Vec<Arc<CertifiedKey>>, Error> {
    if files.is_empty() {
        return Err(config("TLS needs a certificate, and none is named".into()));
    }
    let read = files.iter().map(|pair| read(pair, provider).map(Arc::new));
    read.collect()
}

fn config(what: String) -> Error {
    Error::new(ErrorKind::Config, what)
}

fn read(files: &TlsFiles, provider: &CryptoProvider) -> Result<CertifiedKey, Error> {
    let TlsFiles { certificate, key } = files;
    let chain = chain(certificate)?;
    let private = private(key)?;
    let pair = CertifiedKey::from_der(chain, private, provider).map_err(|why| match why {
        rustls::Error::InconsistentKeys(_) => config(format!(
            "{} is not the key of the first certificate in {} (the server's own certificate comes first, then those \
             that it is signed by)",
            key.display(),
            certificate.display()
        )),
        why => config(format!("{} has a key that cannot be used: {why}", key.display())),
    })?;
    if let Some(why) = stale(&pair, provider) {
        tracing::warn!("the certificate in {} {why}", certificate.display());
    }
    Ok(pair)
}

fn bytes(path: &Path) -> Result<Vec<u8>, Error> {
    let cannot = |why: io::Error| {
        let what = format!("{} cannot be read: {why}", path.display());
        Error::with_source(ErrorKind::File, what, why)
    };
    fs::read(path).map_err(cannot)
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let text = bytes(path)?;
    let chain = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|why| config(format!("{} is damaged: {why}", path.display())))?;
    let Some(first) = chain.first() else {
        return Err(config(format!(
            "{} has no certificate in PEM (`-----BEGIN CERTIFICATE-----`)",
            path.display()
        )));
    };
    match ParsedCertificate::try_from(first) {
        Ok(_) => Ok(chain),
        Err(why) => Err(config(format!(
            "{} has a first certificate that cannot be read: {why}",
            path.display()
        ))),
    }
}

fn private(path: &Path) -> Result<PrivateKeyDer<'static>, Error> {
    let text = bytes(path)?;
    let encrypted = b"-----BEGIN ENCRYPTED PRIVATE KEY-----";
    PrivateKeyDer::from_pem_slice(&text).map_err(|why| {
        let path = path.display();
        config(match why {
            _ if text.windows(encrypted.len()).any(|at| at == encrypted) => {
                format!("{path} has a key under a password, which nobody could type: write it without one, by `openssl pkey`")
            }
            rustls::pki_types::pem::Error::NoItemsFound => {
                format!("{path} has no private key in PEM (`-----BEGIN PRIVATE KEY-----`)")
            }
            why => format!("{path} is damaged: {why}"),
        })
    })
}

/// Whether the time of a certificate is over, or has not come. It is asked of a verifier that trusts nobody: before it
/// says so, it looks at the times.
fn stale(pair: &CertifiedKey, provider: &CryptoProvider) -> Option<&'static str> {
    let certificate = ParsedCertificate::try_from(pair.cert.first()?).ok()?;
    let verified = verify_server_cert_signed_by_trust_anchor(
        &certificate,
        &RootCertStore::empty(),
        &[],
        UnixTime::now(),
        provider.signature_verification_algorithms.all,
    );
    let Err(rustls::Error::InvalidCertificate(why)) = verified else {
        return None;
    };
    match why {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            Some("has expired: clients will refuse it")
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            Some("is not valid yet: clients will refuse it")
        }
        _ => None,
    }
}
