//! What the program speaks TLS with: files that the settings name, or a certificate that it makes for this machine.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use switchback::{Config, Tls, TlsFiles};

use crate::say;
use crate::settings::{Serve, Wrong};

/// A certificate of our own is made anew when it is older: it is good for a year at the least.
const OLD: Duration = Duration::from_secs(180 * 24 * 60 * 60);

/// The certificates that the settings name; none: no TLS.
pub(crate) fn named(settings: &Serve) -> Result<Option<Tls>, Wrong> {
    let Serve {
        tls_certificates: certificates,
        tls_keys: keys,
        hsts_s,
        ..
    } = settings;
    if !keys.is_empty() && keys.len() != certificates.len() {
        return Err(Wrong(vec![format!(
            "`serve.tls_keys` has {} files and `serve.tls_certificates` {}: each certificate has one key, in the same \
             order; without `tls_keys` each is in the file of its certificate",
            keys.len(),
            certificates.len()
        )]));
    }
    if certificates.is_empty() {
        return match hsts_s {
            0 => Ok(None),
            _ => Err(Wrong(vec![
                "`serve.hsts_s` tells browsers to come by TLS, and there is none: set `serve.tls_certificates`"
                    .into(),
            ])),
        };
    }
    let files = certificates
        .iter()
        .enumerate()
        .map(|(at, certificate)| TlsFiles {
            certificate: certificate.into(),
            key: keys.get(at).unwrap_or(certificate).into(),
        });
    let tls = Tls::load(files.collect())
        .map_err(|why| Wrong(vec![format!("`serve.tls_certificates`: {why}")]))?;
    Ok(Some(match hsts_s {
        0 => tls,
        seconds => tls.strict_transport(Duration::from_secs(*seconds)),
    }))
}

/// A certificate for this machine that nobody has signed: made once, kept beside the compiled code, and told by its
/// fingerprint, since browsers ask whether to trust it.
pub(crate) fn own(config: &Config) -> Result<Tls, Wrong> {
    let kept = config.host.cache_dir.as_ref();
    let kept = kept.map_or_else(std::env::temp_dir, Clone::clone);
    let file = kept.join("localhost.pem");
    let cannot = |why: io::Error| {
        let what = format!(
            "{}: no certificate can be kept there: {why}",
            file.display()
        );
        Wrong(vec![what])
    };
    if !is_recent(&file) {
        make(&kept, &file).map_err(cannot)?;
    }
    let files = TlsFiles {
        certificate: file.clone(),
        key: file.clone(),
    };
    let tls = Tls::load(vec![files])?;
    say(
        &mut io::stdout(),
        &format!(
            "certificate for localhost in {}, signed by nobody, SHA-256 {}",
            file.display(),
            tls.fingerprint()
        ),
    );
    Ok(tls)
}

fn is_recent(file: &Path) -> bool {
    let made = fs::metadata(file).and_then(|meta| meta.modified());
    made.is_ok_and(|made| made.elapsed().is_ok_and(|age| age < OLD))
}

fn make(folder: &Path, file: &PathBuf) -> io::Result<()> {
    let names = ["localhost", "127.0.0.1", "::1"].map(String::from);
    let key = rcgen::KeyPair::generate().map_err(io::Error::other)?;
    let mut params = rcgen::CertificateParams::new(names).map_err(io::Error::other)?;
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let year = 1970 + (now.as_secs() / (365 * 24 * 60 * 60 + 6 * 60 * 60)) as i32;
    params.not_before = rcgen::date_time_ymd(year - 1, 1, 1);
    params.not_after = rcgen::date_time_ymd(year + 2, 1, 1);
    let name = rcgen::DnType::CommonName;
    params
        .distinguished_name
        .push(name, "switchback dev on this machine");
    let certificate = params.self_signed(&key).map_err(io::Error::other)?;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    // With another's key in it, it would be of no use: written whole, then renamed.
    let half = file.with_extension("new");
    let _ = fs::remove_file(&half);
    let mut written = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&half)?;
    written.write_all(certificate.pem().as_bytes())?;
    written.write_all(key.serialize_pem().as_bytes())?;
    fs::rename(&half, file)
}
