//! TLS as this server speaks it: 1.2 and 1.3, certificates by the name that a client asks for, and new ones as soon as
//! their files change.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderValue;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::{ServerConfig, version};
use tokio_rustls::server::TlsStream;

use super::attended::Attended;
use super::certificates::{Certificates, Seen};
use crate::error::{Error, ErrorKind};

/// How often the files are looked at. One that changed is read once it was the same at two looks.
const LOOK: Duration = Duration::from_secs(1);

/// A certificate with its chain, and its key: PEM files, or one that has both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's certificate first, then those that it is signed by.
    pub certificate: PathBuf,
    /// The private key of the first certificate.
    pub key: PathBuf,
}

/// What a [`Server`](crate::Server) speaks TLS with. A cheap clone: all share the certificates.
#[derive(Clone)]
pub struct Tls(Arc<Inner>);

struct Inner {
    files: Vec<TlsFiles>,
    certificates: Arc<Certificates>,
    config: Arc<ServerConfig>,
    /// How the files were when they were last read, whatever came of it.
    read: Mutex<Seen>,
    hsts: Option<HeaderValue>,
}

impl Tls {
    /// Reads certificates and keys. A client gets the first certificate that is for the name it asks for; the first of
    /// all if there is none, or if it asks for no name.
    ///
    /// # Errors
    ///
    /// A file cannot be read ([`ErrorKind::File`]); it has no certificate or no key, or they do not belong together
    /// ([`ErrorKind::Config`]). One that has expired is a warning in the log, since clients decide about that.
    pub fn load(files: Vec<TlsFiles>) -> Result<Tls, Error> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let seen = Seen::look(&files);
        let certificates = Arc::new(Certificates::load(&files, provider.clone())?);
        let internal = |why| Error::with_source(ErrorKind::Internal, "TLS cannot be set up", why);
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&version::TLS13, &version::TLS12])
            .map_err(internal)?
            .with_no_client_auth()
            .with_cert_resolver(certificates.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        // Sessions are taken up again by what the client keeps, so that they cost no memory here.
        config.ticketer = aws_lc_rs::Ticketer::new().map_err(internal)?;
        Ok(Tls(Arc::new(Inner {
            files,
            certificates,
            config: Arc::new(config),
            read: Mutex::new(seen),
            hsts: None,
        })))
    }

    /// Tells browsers in each answer to come by TLS alone for so long (`Strict-Transport-Security`). It cannot be taken
    /// back before that time is over; zero tells them to forget it.
    pub fn strict_transport(self, time: Duration) -> Tls {
        let value = format!("max-age={}", time.as_secs());
        let hsts = HeaderValue::try_from(value).expect("digits are a header's value");
        let Inner {
            files,
            certificates,
            config,
            read,
            ..
        } = &*self.0;
        Tls(Arc::new(Inner {
            files: files.clone(),
            certificates: certificates.clone(),
            config: config.clone(),
            read: Mutex::new(lock(read).clone()),
            hsts: Some(hsts),
        }))
    }

    /// Reads the files anew. Handshakes that are under way end with what they began with.
    ///
    /// # Errors
    ///
    /// As [`Tls::load`]; then the certificates of before go on serving.
    pub fn reload(&self) -> Result<(), Error> {
        let inner = &*self.0;
        *lock(&inner.read) = Seen::look(&inner.files);
        inner.certificates.reload(&inner.files)
    }

    /// SHA-256 of the first certificate, as browsers and `openssl x509 -fingerprint -sha256` show it.
    pub fn fingerprint(&self) -> String {
        self.0.certificates.fingerprint()
    }

    /// Reads the files anew whenever they change, and tells the log what came of it; never done.
    pub(super) async fn follow(&self) {
        let mut before = lock(&self.0.read).clone();
        loop {
            sleep(LOOK).await;
            let tls = self.clone();
            let looked = tokio::task::spawn_blocking(move || tls.look(&before));
            match looked.await {
                Ok(seen) => before = seen,
                // The runtime ends.
                Err(_) => return,
            }
        }
    }

    /// Of a certificate and its key one is written first: a change counts once nothing else comes.
    fn look(&self, before: &Seen) -> Seen {
        let seen = Seen::look(&self.0.files);
        if seen == *before && seen != *lock(&self.0.read) {
            match self.reload() {
                Ok(()) => {
                    tracing::info!(
                        fingerprint = self.fingerprint(),
                        "new certificates are served"
                    )
                }
                Err(error) => tracing::error!(
                    %error,
                    "the new certificates are refused; those of before are served on"
                ),
            }
        }
        seen
    }

    /// Whether both are of the same files, so that one of them is enough to follow.
    pub(super) fn is(&self, other: &Tls) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(super) fn hsts(&self) -> Option<HeaderValue> {
        self.0.hsts.clone()
    }

    /// Shakes hands. Who takes longer than this is cut.
    pub(super) async fn accept(
        &self,
        socket: Attended,
        time: Duration,
    ) -> io::Result<TlsStream<Attended>> {
        let handshake = TlsAcceptor::from(self.0.config.clone()).accept(socket);
        match timeout(time, handshake).await {
            Ok(done) => done,
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("files", &self.0.files)
            .finish_non_exhaustive()
    }
}

/// Nothing panics while it is held.
fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}
