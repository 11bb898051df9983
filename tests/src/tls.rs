//! Certificates that a test signs itself, and clients that trust just these.

use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, version};

/// A certificate and its key, in PEM.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The certificate.
    pub certificate: String,
    /// Its key.
    pub key: String,
}

/// A certificate for these names, good in these years.
pub fn issued_in(names: &[&str], years: (i32, i32)) -> Issued {
    let key = KeyPair::generate().expect("a key");
    let names: Vec<String> = names.iter().map(|name| name.to_string()).collect();
    let mut params = CertificateParams::new(names).expect("names that can be");
    params.not_before = rcgen::date_time_ymd(years.0, 1, 1);
    params.not_after = rcgen::date_time_ymd(years.1, 1, 1);
    let certificate = params.self_signed(&key).expect("it can be signed");
    Issued {
        certificate: certificate.pem(),
        key: key.serialize_pem(),
    }
}

/// A certificate for these names.
pub fn issued(names: &[&str]) -> Issued {
    issued_in(names, (2020, 2120))
}

/// What a client trusts and speaks.
#[derive(Clone)]
pub struct Trusting(Arc<ClientConfig>);

impl Trusting {
    /// Trusts these, and speaks this version of TLS and one of these protocols.
    pub fn speaking(
        issued: &[&Issued],
        version: &'static SupportedProtocolVersion,
        protocols: &[&str],
    ) -> Trusting {
        let mut roots = RootCertStore::empty();
        for one in issued {
            let certificate = CertificateDer::from_pem_slice(one.certificate.as_bytes());
            roots.add(certificate.expect("PEM")).expect("a certificate");
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .expect("a version that is spoken")
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = protocols
            .iter()
            .map(|one| one.as_bytes().to_vec())
            .collect();
        Trusting(Arc::new(config))
    }

    /// Trusts these, and speaks what most clients do.
    pub fn new(issued: &[&Issued]) -> Trusting {
        Trusting::speaking(issued, &version::TLS13, &["http/1.1"])
    }

    /// Connects, and asks for a name.
    ///
    /// # Errors
    ///
    /// There is no TLS with this server, or it is not whom it was taken for.
    pub async fn connect(
        &self,
        address: SocketAddr,
        name: &str,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(address).await?;
        let name = ServerName::try_from(name.to_owned()).expect("a name");
        TlsConnector::from(self.0.clone())
            .connect(name, stream)
            .await
    }
}

impl std::fmt::Debug for Trusting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Trusting(..)")
    }
}
