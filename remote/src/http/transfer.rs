//! One transfer from one server.
//!
//! A thread talks to the server and hands chunks over; whoever asked writes them, and leaves at once when cancelled:
//! the thread then ends by itself at its next chunk or time-out. Invariant: a body that is shorter than the server
//! said is a fault that may pass, never a file.
//! This file does not know retries nor other sources.

use super::{HttpFetcher, Part, route};
use crate::sink::Fault;
use gx_store::{Cancel, FetchError, Surroundings};
use std::io::Read;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

/// Chunks that may wait to be written.
const QUEUE: usize = 16;
/// Longest time to connect.
const CONNECT: Duration = Duration::from_secs(30);

enum Message {
    /// The server's answer.
    Begin(Begin),
    Chunk(Vec<u8>),
    End,
    Fault(Fault),
    Cancelled,
}

/// What a server says before the bytes.
struct Begin {
    /// The place of the first byte in the file.
    from: u64,
    /// How many bytes follow, if it said so.
    length: Option<u64>,
    /// What names this very version of the file.
    validator: Option<String>,
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

/// Gets `url` into a file that may have its beginning already.
pub(super) fn transfer(
    fetcher: &HttpFetcher,
    url: &str,
    part: &mut Part,
    limit: u64,
    surroundings: &Surroundings,
    cancel: &Cancel,
) -> Result<(), Fault> {
    let agent = agent(fetcher, url, surroundings)?;
    let (sender, receiver) = sync_channel(QUEUE);
    let for_cancel = sender.clone();
    let (url, have, validator) = (url.to_owned(), part.sink.size(), part.validator.clone());
    std::thread::Builder::new()
        .name("gx-fetch".to_owned())
        .spawn(move || {
            let _goodbye = Goodbye(sender.clone());
            let last = match receive(&agent, &url, have, validator.as_deref(), &sender) {
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
    write(&receiver, part, limit, cancel)
}

fn write(receiver: &Receiver<Message>, part: &mut Part, limit: u64, cancel: &Cancel) -> Result<(), Fault> {
    let mut said = None;
    while let Ok(message) = receiver.recv() {
        if cancel.is_cancelled() {
            return Err(Fault::Stop(FetchError::Cancelled));
        }
        match message {
            Message::Begin(begin) => {
                if begin.from != part.sink.size() {
                    part.restart()?;
                }
                part.validator = begin.validator;
                if begin.from != part.sink.size() {
                    return Err(Fault::Passing("the server sent another part than was asked for".to_owned()));
                }
                said = begin.length.map(|length| length.saturating_add(begin.from));
                if let Some(said) = said.filter(|said| *said > limit) {
                    return Err(Fault::Refused(format!("{said} bytes, but the limit is {limit}")));
                }
            }
            Message::Chunk(bytes) => part.sink.add(&bytes)?,
            Message::Fault(fault) => return Err(fault),
            Message::Cancelled => return Err(Fault::Stop(FetchError::Cancelled)),
            Message::End => {
                return match said {
                    Some(said) if said != part.sink.size() => {
                        Err(Fault::Passing(format!("the server sent {} of {said} bytes", part.sink.size())))
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

/// Talks to the server: for the bytes from `have` on, of the version that `validator` names.
fn receive(
    agent: &ureq::Agent,
    url: &str,
    have: u64,
    validator: Option<&str>,
    to: &SyncSender<Message>,
) -> Result<(), Fault> {
    let mut request = agent.get(url);
    if have > 0 {
        request = request.header("range", format!("bytes={have}-"));
        if let Some(validator) = validator {
            request = request.header("if-range", validator);
        }
    }
    let mut response = request.call().map_err(fault)?;
    let status = response.status();
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
    let from = match status.as_u16() {
        206 => header("content-range").and_then(first_byte).unwrap_or(u64::MAX),
        // There is nothing after what we have: another file, or all of it.
        416 => u64::MAX,
        _ if status.is_success() => 0,
        code => {
            let said = format!("the server answered {status}");
            let passing = status.is_server_error() || matches!(code, 408 | 425 | 429);
            return Err(if passing { Fault::Passing(said) } else { Fault::Refused(said) });
        }
    };
    let plain = header("content-encoding").is_none_or(|encoding| encoding == "identity");
    let length = header("content-length").filter(|_| plain).and_then(|length| length.parse().ok());
    // A weak tag names no bytes.
    let tag = header("etag").filter(|tag| !tag.starts_with("W/"));
    let validator = tag.or(header("last-modified")).map(str::to_owned);
    if to.send(Message::Begin(Begin { from, length, validator })).is_err() {
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

/// The first place that `bytes 7-69/70` names.
fn first_byte(range: &str) -> Option<u64> {
    range.trim().strip_prefix("bytes ")?.split('-').next()?.trim().parse().ok()
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
