//! How to get to a host: proxies and certificates, as the environment of the person who asks says.
//!
//! Proxies: `https_proxy` and `http_proxy` by scheme, then `all_proxy`, upper case too; `no_proxy` names hosts and
//! domains that are reached directly. Certificates: `SSL_CERT_FILE`, else `SSL_CERT_DIR`, else the system's bundle,
//! else Mozilla's as compiled in. This file does not know transfers.

use crate::sink::Fault;
use gx_store::Surroundings;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use ureq::tls::{Certificate, PemItem, RootCerts, parse_pem};

/// Where systems keep their bundle.
const BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The variable `name`, in lower or upper case, when it is not empty.
fn variable<'a>(surroundings: &'a Surroundings, name: &str) -> Option<&'a str> {
    let get = |name: &str| surroundings.environment.get(name).map(|value| value.trim()).filter(|v| !v.is_empty());
    get(name).or_else(|| get(&name.to_ascii_uppercase()))
}

/// The proxy for `url`.
pub(super) fn proxy(url: &str, surroundings: &Surroundings) -> Result<Option<ureq::Proxy>, Fault> {
    let name = if url.starts_with("https://") { "https_proxy" } else { "http_proxy" };
    let found = [name, "all_proxy"].into_iter().find_map(|name| variable(surroundings, name).map(|v| (name, v)));
    let Some((name, address)) = found else { return Ok(None) };
    if variable(surroundings, "no_proxy").is_some_and(|list| bypassed(list, host_of(url))) {
        return Ok(None);
    }
    match ureq::Proxy::new(address) {
        Ok(proxy) => Ok(Some(proxy)),
        // The address may hold a password: it is not shown.
        Err(error) => Err(Fault::Refused(format!("the proxy in '{name}' is not usable: {error}"))),
    }
}

/// The host in a URL, without user and port.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    }
}

/// Does a `no_proxy` list name the host, or a domain that it is in?
fn bypassed(list: &str, host: &str) -> bool {
    list.split([',', ' ']).map(str::trim).filter(|entry| !entry.is_empty()).any(|entry| {
        let domain = entry.trim_start_matches('*').trim_start_matches('.').to_ascii_lowercase();
        let host = host.to_ascii_lowercase();
        entry == "*" || (!domain.is_empty() && (host == domain || host.ends_with(&format!(".{domain}"))))
    })
}

/// The certificates to trust.
pub(super) fn roots(surroundings: &Surroundings) -> Result<RootCerts, Fault> {
    let get = |name: &str| surroundings.environment.get(name).filter(|value| !value.is_empty());
    if let Some(file) = get("SSL_CERT_FILE") {
        let certificates =
            read(Path::new(file)).map_err(|e| Fault::Refused(format!("SSL_CERT_FILE '{file}' cannot be read: {e}")))?;
        return trust(certificates).ok_or_else(|| Fault::Refused(format!("SSL_CERT_FILE '{file}' has no certificate")));
    }
    if let Some(roots) = get("SSL_CERT_DIR").and_then(|folder| trust(folder_of(Path::new(folder)))) {
        return Ok(roots);
    }
    let bundle = BUNDLES.iter().find_map(|bundle| trust(read(Path::new(bundle)).ok()?));
    Ok(bundle.unwrap_or(RootCerts::WebPki))
}

fn trust(certificates: Vec<Certificate<'static>>) -> Option<RootCerts> {
    (!certificates.is_empty()).then(|| RootCerts::Specific(Arc::new(certificates)))
}

/// The certificates of a file; what is not one is passed over, as other programs do.
fn read(file: &Path) -> std::io::Result<Vec<Certificate<'static>>> {
    let text = std::fs::read(file)?;
    Ok(parse_pem(&text)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect())
}

fn folder_of(folder: &Path) -> Vec<Certificate<'static>> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| matches!(file.extension().and_then(|e| e.to_str()), Some("pem" | "crt" | "cer")));
    files.sort();
    files.iter().filter_map(|file| read(file).ok()).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn surroundings(pairs: &[(&str, &str)]) -> Surroundings {
        let environment = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Surroundings { environment, ..Surroundings::default() }
    }

    #[test]
    fn proxies_follow_scheme_and_exceptions() {
        let surroundings = surroundings(&[
            ("http_proxy", "http://one:1"),
            ("HTTPS_PROXY", "http://user:secret@two:2"),
            ("no_proxy", "localhost, .inner.example,10.0.0.1"),
        ]);
        let host = |url: &str| proxy(url, &surroundings).unwrap().map(|p| p.host().to_owned());
        assert_eq!(host("http://a.example/x").as_deref(), Some("one"));
        assert_eq!(host("https://a.example/x").as_deref(), Some("two"));
        for direct in
            ["http://localhost:80/", "https://u@b.inner.example/", "http://10.0.0.1:8/", "http://inner.example"]
        {
            assert_eq!(host(direct), None, "{direct}");
        }
        assert!(proxy("http://a", &Surroundings::default()).unwrap().is_none());
    }

    #[test]
    fn a_named_bundle_must_be_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("bundle.pem");
        std::fs::write(&file, "nothing").unwrap();
        let surroundings = surroundings(&[("SSL_CERT_FILE", file.to_str().unwrap())]);
        assert!(matches!(roots(&surroundings), Err(Fault::Refused(why)) if why.ends_with("has no certificate")));
    }
}
