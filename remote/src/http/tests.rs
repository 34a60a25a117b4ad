//! Tests of `http` with a small server of this process.

use super::*;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};

/// Answers each request by its path and the first byte that it asks for, and notes both.
struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(mut answer: impl FnMut(&str, Option<usize>, &mut TcpStream) + Send + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = asked.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                let Some(Ok(first)) = lines.next() else { continue };
                let mut from = None;
                while let Some(Ok(line)) = lines.next().filter(|line| line.as_ref().is_ok_and(|line| !line.is_empty()))
                {
                    let range = line.to_lowercase();
                    from =
                        from.or(range.strip_prefix("range: bytes=").map(|r| r.trim_end_matches('-').parse().unwrap()));
                }
                let path = first.split(' ').nth(1).unwrap().to_owned();
                noted.lock().unwrap().push(from.map_or(path.clone(), |from| format!("{path} from {from}")));
                answer(&path, from, &mut stream);
            }
        });
        Server { address, asked }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn reply(stream: &mut TcpStream, status: &str, headers: &str, body: &[u8]) {
    let length = body.len();
    let _ = write!(stream, "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n");
    let _ = stream.write_all(body);
}

fn plain() -> Server {
    Server::start(|path, _, stream| match path {
        "/good" | "/elsewhere" => reply(stream, "200 OK", "", b"content"),
        "/other" => reply(stream, "200 OK", "", b"something else"),
        "/moved" => reply(stream, "302 Found", "location: /elsewhere\r\n", b""),
        "/loop" => reply(stream, "302 Found", "location: /loop\r\n", b""),
        "/short" => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 70\r\nconnection: close\r\n\r\ncontent");
        }
        "/busy" => reply(stream, "503 Service Unavailable", "", b"later"),
        "/huge" => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999999\r\n\r\n");
        }
        _ => reply(stream, "404 Not Found", "", b"no"),
    })
}

fn fetcher() -> HttpFetcher {
    HttpFetcher { pauses: vec![Duration::ZERO; 2], ..HttpFetcher::default() }
}

fn request(urls: &[String]) -> Fetch {
    use sha2::Digest;
    Fetch {
        fetcher: "http".to_owned(),
        parameters: BTreeMap::from([("urls".to_owned(), urls.join("\n"))]),
        sha256: hex::encode(sha2::Sha256::digest(b"content")),
    }
}

fn run(urls: &[String]) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("file");
    let done = fetcher().fetch(&request(urls), &Surroundings::default(), &to, &Cancel::new());
    assert_eq!(done.is_ok(), to.exists(), "a file is left only when it is right");
    done.map(|()| std::fs::read_to_string(&to).unwrap()).map_err(|e| e.to_string())
}

#[test]
fn bytes_come_directly_by_redirect_and_from_the_next_mirror() {
    let server = plain();
    for urls in [&["/good"][..], &["/moved"], &["/missing", "/other", "/good"]] {
        let urls: Vec<String> = urls.iter().map(|path| server.url(path)).collect();
        assert_eq!(run(&urls).as_deref(), Ok("content"), "{urls:?}");
    }
}

#[test]
fn only_faults_that_may_pass_are_tried_again() {
    let server = plain();
    for path in ["/missing", "/other", "/busy", "/short"] {
        run(&[server.url(path)]).unwrap_err();
    }
    let asked = server.asked();
    let count = |path: &str| asked.iter().filter(|asked| *asked == path).count();
    assert_eq!([count("/missing"), count("/other"), count("/busy")], [1, 1, 3], "{asked:?}");
    assert_eq!([count("/short"), count("/short from 7")], [1, 2], "{asked:?}");
}

#[test]
fn errors_tell_what_each_source_answered() {
    let server = plain();
    let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let cases = [
        run(&[server.url("/other")]),
        run(&[server.url("/missing"), server.url("/busy")]),
        run(&[server.url("/short")]),
        run(&[server.url("/loop")]),
        run(&[server.url("/huge")]),
        run(&[format!("http://user:secret@{unused}/x")]),
        run(&["ftp://example.invalid/x".to_owned()]),
        run(&["file://relative/x".to_owned()]),
        run(&["file:///nowhere/at%20all".to_owned()]),
        run(&["file:///".to_owned()]),
        run(&[]),
    ];
    let said: Vec<String> = cases.into_iter().map(|case| case.unwrap_err()).collect();
    let said = said.join("\n").replace(&server.address.to_string(), "SERVER").replace(&unused.to_string(), "UNUSED");
    insta::assert_snapshot!(said);
}

#[test]
fn local_files_are_checked_too() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a b"), "content").unwrap();
    std::fs::write(folder.path().join("bad"), "other").unwrap();
    let url = |name: &str| format!("file://{}/{name}", folder.path().display());
    assert_eq!(run(&[url("bad"), url("a%20b")]).as_deref(), Ok("content"));
    assert!(run(&[url("bad")]).unwrap_err().contains("has SHA-256"));
}

#[test]
fn cancelling_does_not_wait_for_a_silent_server() {
    let (reached, silent): (_, Receiver<TcpStream>) = channel();
    let server = Server::start(move |_, _, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 70\r\n\r\nsome");
        reached.send(stream.try_clone().unwrap()).unwrap();
    });
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("file");
    let cancel = Cancel::new();
    let other = cancel.clone();
    let canceller = std::thread::spawn(move || {
        let mut open = silent.recv().unwrap();
        other.cancel();
        // The connection stays open until the client goes.
        let _ = open.read(&mut [0u8; 1]);
    });
    let done = fetcher().fetch(&request(&[server.url("/x")]), &Surroundings::default(), &to, &cancel);
    assert!(matches!(done, Err(FetchError::Cancelled)), "{done:?}");
    assert!(!to.exists());
    drop(canceller);
}

/// Breaks off after each three bytes; `/honest` goes on where it was asked to.
fn breaking(version: fn(usize) -> &'static [u8]) -> Server {
    let mut times = 0;
    Server::start(move |path, from, stream| {
        let content = version(times);
        times += 1;
        let from = from.filter(|_| path != "/stubborn").unwrap_or(0);
        let rest = content.get(from..).unwrap_or_default();
        let end = content.len() - 1;
        let wrong = if path == "/confused" { 1 } else { 0 };
        let head = match from {
            0 => "200 OK\r\netag: \"1\"".to_owned(),
            _ => format!("206 Partial Content\r\ncontent-range: bytes {}-{end}/{}", from + wrong, content.len()),
        };
        let length = rest.len();
        let _ = write!(stream, "HTTP/1.1 {head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
        let _ = stream.write_all(rest.get(..3).unwrap_or(rest));
    })
}

#[test]
fn a_transfer_that_broke_off_goes_on_where_it_was() {
    let same = breaking(|_| b"content");
    assert_eq!(run(&[same.url("/honest")]).as_deref(), Ok("content"));
    assert_eq!(same.asked(), ["/honest", "/honest from 3", "/honest from 6"]);
    // A server that knows no ranges begins anew, and one that sends another part is not believed.
    let stubborn = breaking(|_| b"content");
    run(&[stubborn.url("/stubborn")]).unwrap_err();
    let confused = breaking(|_| b"content");
    assert!(run(&[confused.url("/confused")]).is_err());
    // A file that changed between two parts is fetched from its beginning.
    let changed = breaking(|times| if times == 0 { b"CONtent" } else { b"con" });
    run(&[changed.url("/honest")]).unwrap_err();
    assert_eq!(changed.asked().last().map(String::as_str), Some("/honest"));
}

#[test]
fn a_size_that_is_declared_is_held() {
    let server = plain();
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("file");
    let fetch = |size: &str| {
        let mut fetch = request(&[server.url("/good")]);
        fetch.parameters.insert("size".to_owned(), size.to_owned());
        fetcher().fetch(&fetch, &Surroundings::default(), &to, &Cancel::new()).map_err(|e| e.to_string())
    };
    assert_eq!(fetch("7"), Ok(()));
    assert!(fetch("6").unwrap_err().contains("7 bytes, but the limit is 6"));
    assert!(fetch("many").unwrap_err().contains("no size"));
}
