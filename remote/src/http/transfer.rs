//! One transfer from one server.
//!
//! A thread talks to the server and hands chunks over; whoever asked writes them, and leaves at once when cancelled:
//! the thread then ends by itself at its next chunk or time-out. Invariant: a body that is shorter than the server
//! said is a fault that may pass, never a file.
//! This file does not know retries nor other sources.

use super::{HttpFetcher, route};
use crate::sink::{Fault, Sink};
use gx_store::{Cancel, FetchError, Surroundings};
use std::io::Read;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

/// Chunks that may wait to be written.
const QUEUE: usize = 16;
/// Longest time to connect.
const CONNECT: Duration = Duration::from_secs(30);

enum Message {
    /// The server's answer has this many bytes, if it said so.
    Length(Option<u64>),
    Chunk(Vec<u8>),
    End,
    Fault(Fault),
    Cancelled,
}

/// Says so when its thread dies, so that nobody waits for it for ever.
struct Goodbye(SyncSender<Message>);

impl Drop for Goodbye {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = self.0.send(Message::Fault(Fault::Refused("the transfer failed within gx".to_owned())));
        }
    }
}

/// Gets `url` into the file `to`.
pub(super) fn transfer(
    fetcher: &HttpFetcher,
    url: &str,
    sha256: &str,
    surroundings: &Surroundings,
    to: &Path,
    cancel: &Cancel,
) -> Result<(), Fault> {
    let agent = agent(fetcher, url, surroundings)?;
    let mut sink = Sink::create(to, fetcher.limit)?;
    let (sender, receiver) = sync_channel(QUEUE);
    let for_cancel = sender.clone();
    let url = url.to_owned();
    std::thread::Builder::new()
        .name("gx-fetch".to_owned())
        .spawn(move || {
            let _goodbye = Goodbye(sender.clone());
            let last = match receive(&agent, &url, &sender) {
                Ok(()) => Message::End,
                Err(fault) => Message::Fault(fault),
            };
            // Nobody listens any more: cancelled.
            let _ = sender.send(last);
        })
        .map_err(|e| Fault::Refused(format!("no thread can be started: {e}")))?;
    // A full queue holds chunks, and the flag is looked at with each of them.
    let _guard = cancel.on_cancel(move || {
        let _ = for_cancel.try_send(Message::Cancelled);
    });
    write(&receiver, &mut sink, fetcher.limit, cancel)?;
    sink.finish(sha256)
}

fn write(receiver: &Receiver<Message>, sink: &mut Sink, limit: u64, cancel: &Cancel) -> Result<(), Fault> {
    let mut said = None;
    while let Ok(message) = receiver.recv() {
        if cancel.is_cancelled() {
            return Err(Fault::Stop(FetchError::Cancelled));
        }
        match message {
            Message::Length(Some(length)) if length > limit => {
                return Err(Fault::Refused(format!("{length} bytes, but the limit is {limit}")));
            }
            Message::Length(length) => said = length,
            Message::Chunk(bytes) => sink.add(&bytes)?,
            Message::Fault(fault) => return Err(fault),
            Message::Cancelled => return Err(Fault::Stop(FetchError::Cancelled)),
            Message::End => {
                return match said {
                    Some(said) if said != sink.size() => {
                        Err(Fault::Passing(format!("the server sent {} of {said} bytes", sink.size())))
                    }
                    _ => Ok(()),
                };
            }
        }
    }
    Err(Fault::Passing("the transfer ended without a word".to_owned()))
}

fn agent(fetcher: &HttpFetcher, url: &str, surroundings: &Surroundings) -> Result<ureq::Agent, Fault> {
    let tls = ureq::tls::TlsConfig::builder().root_certs(route::roots(surroundings)?).build();
    let config = ureq::Agent::config_builder()
        .tls_config(tls)
        .proxy(route::proxy(url, surroundings)?)
        .user_agent(concat!("gx/", env!("CARGO_PKG_VERSION")))
        .accept_encoding("identity")
        .http_status_as_error(false)
        .timeout_resolve(Some(CONNECT))
        .timeout_connect(Some(CONNECT))
        .timeout_recv_response(Some(fetcher.patience))
        .timeout_per_read(Some(fetcher.patience))
        .build();
    Ok(config.into())
}

/// Talks to the server.
fn receive(agent: &ureq::Agent, url: &str, to: &SyncSender<Message>) -> Result<(), Fault> {
    let mut response = agent.get(url).call().map_err(fault)?;
    let status = response.status();
    if !status.is_success() {
        let said = format!("the server answered {status}");
        let passing = status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429);
        return Err(if passing { Fault::Passing(said) } else { Fault::Refused(said) });
    }
    let plain = response.headers().get("content-encoding").is_none_or(|encoding| encoding == "identity");
    let length = response.headers().get("content-length").filter(|_| plain);
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    if to.send(Message::Length(length)).is_err() {
        return Ok(());
    }
    let mut body = response.body_mut().with_config().limit(u64::MAX).reader();
    loop {
        let mut chunk = vec![0u8; 1 << 16];
        let read = match body.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(read) => read,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(Fault::Passing(format!("the transfer broke off: {e}"))),
        };
        chunk.truncate(read);
        if to.send(Message::Chunk(chunk)).is_err() {
            return Ok(());
        }
    }
}

/// What an error of the client means.
fn fault(error: ureq::Error) -> Fault {
    match error {
        ureq::Error::HostNotFound => Fault::Passing("the host is not known".to_owned()),
        ureq::Error::BadUri(_) | ureq::Error::TooManyRedirects | ureq::Error::InvalidProxyUrl => {
            Fault::Refused(error.to_string())
        }
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => {
            Fault::Refused(format!("{error} (certificates come from SSL_CERT_FILE or the system)"))
        }
        other => Fault::Passing(other.to_string()),
    }
}
