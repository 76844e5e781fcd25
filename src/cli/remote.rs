//! A client of the daemon's HTTP API, for `tap` and `top`.
//!
//! In: the address, such as `http://127.0.0.1:9464`, which may include the path of a proxy, and the
//! token. Out: response bodies, and the messages of a stream of server-sent events.
//!
//! The daemon and this client use plain HTTP/1.1, without TLS. Every wait has a time limit. A
//! stream counts as lost if nothing arrives for [`SILENCE_MAX`], because the daemon sends a comment
//! every 15 seconds.

use crate::config::Config;
use anyhow::{Context, anyhow, bail};
use axum::body::Body;
use axum::http::{Request, Response, StatusCode, Uri};
use futures_util::StreamExt;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::time::timeout;

/// Maximum time to wait for a connection, and for the head of a response.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// Maximum time to wait for the next part of a response.
const READ_WITHIN: Duration = Duration::from_secs(15);
/// How long a stream may be silent.
const SILENCE_MAX: Duration = Duration::from_secs(45);
/// Maximum size of a response that is read as a whole, in bytes.
const BODY_BYTES_MAX: usize = 16 << 20;
/// Maximum size of a message of a stream, in bytes.
const MESSAGE_BYTES_MAX: usize = 16 << 20;

/// How to reach the daemon.
#[derive(Debug, clap::Args)]
pub(super) struct RemoteArgs {
    /// Address of the daemon's page and API. The default is that of `http.listen` and `http.path`.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// File with the token. The default is `http.token_file`.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

/// A message of a stream.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct StreamMessage {
    /// The position after this message.
    pub(super) id: String,
    /// The name of the message.
    pub(super) event: String,
    /// The data of the message.
    pub(super) data: String,
}

/// A client of one daemon.
pub(super) struct Remote {
    /// Host and port as given in the address, for the `Host` header and for messages.
    authority: String,
    /// Host and port to connect to.
    address: (String, u16),
    /// The path before `/api` and `/metrics`.
    path: String,
    /// The value of the `Authorization` header.
    authorization: Option<String>,
    runtime: Runtime,
}

impl Remote {
    /// Creates a client for the daemon given by `args` or, if it is not given there, by `config`.
    /// Does not connect yet.
    ///
    /// # Errors
    /// If the address cannot be used, or the token cannot be read.
    pub(super) fn new(config: &Config, args: &RemoteArgs) -> anyhow::Result<Self> {
        let configured = || format!("http://{}{}", config.http.listen, config.http.path);
        let url = args.url.clone().unwrap_or_else(configured);
        let cannot = || format!("`{url}` is not an address such as `http://127.0.0.1:9464`");
        let uri: Uri = url.parse().with_context(cannot)?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => bail!(
                "`{url}`: https is not supported; use the http address of the daemon itself, for \
                 example through an SSH tunnel"
            ),
            _ => bail!(cannot()),
        }
        let authority = uri.authority().with_context(cannot)?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let configured = Some(&config.http.token_file).filter(|path| !path.as_os_str().is_empty());
        let token = args.token_file.as_ref().or(configured).map(|path| {
            let text = std::fs::read_to_string(path);
            let text = text.with_context(|| format!("cannot read `{}`", path.display()))?;
            Ok::<_, anyhow::Error>(format!("Bearer {}", text.trim()))
        });
        Ok(Self {
            address: (host, authority.port_u16().unwrap_or(80)),
            authority: authority.to_string(),
            path: uri.path().trim_end_matches('/').to_owned(),
            authorization: token.transpose()?,
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build()?,
        })
    }

    /// The address of the daemon, for messages.
    pub(super) fn shown(&self) -> String {
        format!("http://{}{}", self.authority, self.path)
    }

    /// The body of the response to a GET request.
    ///
    /// # Errors
    /// If the daemon cannot be reached, or does not answer with 200.
    pub(super) fn get(&self, path: &str) -> anyhow::Result<String> {
        self.runtime.block_on(async {
            let response = self.send(path, None).await?;
            let body = read(response, READ_WITHIN).await?;
            String::from_utf8(body).context("the response is not text")
        })
    }

    /// Follows a stream from the position `after` and calls `each` with every message, until the
    /// stream ends or `each` returns `Break`. Returns whether `each` ended it.
    ///
    /// # Errors
    /// If the daemon cannot be reached or does not answer with 200, if the stream is silent for too
    /// long, or if `each` fails.
    pub(super) fn follow(
        &self,
        path: &str,
        after: Option<&str>,
        mut each: impl FnMut(StreamMessage) -> anyhow::Result<ControlFlow<()>>,
    ) -> anyhow::Result<ControlFlow<()>> {
        self.runtime.block_on(async {
            let mut body = self.send(path, after).await?.into_body().into_data_stream();
            let mut reader = StreamReader::default();
            loop {
                let next = timeout(SILENCE_MAX, body.next())
                    .await
                    .context("the daemon has gone silent")?;
                let next = next.transpose().context("the connection to the daemon was lost")?;
                let Some(bytes) = next else {
                    return Ok(ControlFlow::Continue(()));
                };
                for message in reader.read(&bytes)? {
                    if each(message)?.is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
            }
        })
    }

    /// Sends a GET request and returns the response when its head has arrived.
    async fn send(&self, path: &str, after: Option<&str>) -> anyhow::Result<Response<Body>> {
        let cannot = || format!("cannot reach {}", self.shown());
        let connect = TcpStream::connect((self.address.0.as_str(), self.address.1));
        let stream = timeout(CONNECT_WITHIN, connect).await.context("no connection within 5 s");
        let stream = stream.with_context(cannot)?.with_context(cannot)?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.with_context(cannot)?;
        tokio::spawn(connection);
        let mut request =
            Request::get(format!("{}{path}", self.path)).header("host", &self.authority);
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        if let Some(after) = after {
            request = request.header("last-event-id", after);
        }
        let response = sender.send_request(request.body(Body::empty())?);
        let response = timeout(CONNECT_WITHIN, response).await.context("no answer within 5 s");
        let response = response.with_context(cannot)?.with_context(cannot)?.map(Body::new);
        if response.status() == StatusCode::OK {
            return Ok(response);
        }
        let status = response.status();
        let body = read(response, READ_WITHIN).await.unwrap_or_default();
        Err(refusal(status, &body)).with_context(|| format!("{}{path}", self.shown()))
    }
}

/// The error for a response other than 200, with the detail that the daemon gives.
fn refusal(status: StatusCode, body: &[u8]) -> anyhow::Error {
    let problem: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let detail = problem.and_then(|problem| Some(problem.get("detail")?.as_str()?.to_owned()));
    match detail {
        Some(detail) => anyhow!("{status}: {detail}"),
        None => anyhow!("{status}"),
    }
}

/// The whole body of a response.
async fn read(response: Response<Body>, within: Duration) -> anyhow::Result<Vec<u8>> {
    let body = axum::body::to_bytes(response.into_body(), BODY_BYTES_MAX);
    let body = timeout(within, body).await.context("the response did not arrive in time")?;
    Ok(body.context("cannot read the response")?.to_vec())
}

/// Parses server-sent events (WHATWG HTML, section 9.2) from parts of a body.
#[derive(Debug, Default)]
struct StreamReader {
    /// The bytes of an incomplete message.
    rest: Vec<u8>,
}

impl StreamReader {
    /// The messages that are complete after `bytes` have arrived.
    fn read(&mut self, bytes: &[u8]) -> anyhow::Result<Vec<StreamMessage>> {
        self.rest.extend_from_slice(bytes);
        anyhow::ensure!(
            self.rest.len() <= MESSAGE_BYTES_MAX,
            "a message of the stream has over {MESSAGE_BYTES_MAX} bytes"
        );
        let mut messages = Vec::new();
        while let Some(end) = self.rest.windows(2).position(|two| two == b"\n\n") {
            let block: Vec<u8> = self.rest.drain(..end + 2).collect();
            messages.extend(message(&String::from_utf8_lossy(&block)));
        }
        Ok(messages)
    }
}

/// The message in a block of lines; `None` if the block contains only comments.
fn message(block: &str) -> Option<StreamMessage> {
    let (mut message, mut data) = (StreamMessage::default(), Vec::new());
    for line in block.lines() {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" => value.clone_into(&mut message.id),
            "event" => value.clone_into(&mut message.event),
            "data" => data.push(value),
            _ => {}
        }
    }
    message.data = data.join("\n");
    (!data.is_empty()).then_some(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_however_the_body_is_split() {
        let body =
            ": still here\n\nid: 0.7\nevent: a\ndata: {\"x\": 1}\n\nevent:b\ndata:1\ndata: 2\n\n";
        let message = |id: &str, event: &str, data: &str| StreamMessage {
            id: id.into(),
            event: event.into(),
            data: data.into(),
        };
        let want = [message("0.7", "a", "{\"x\": 1}"), message("", "b", "1\n2")];
        for size in 1..body.len() {
            let mut reader = StreamReader::default();
            let parts = body.as_bytes().chunks(size).map(|part| reader.read(part).unwrap());
            assert_eq!(parts.flatten().collect::<Vec<_>>(), want, "parts of {size} bytes");
        }
    }

    fn remote(url: &str) -> anyhow::Result<Remote> {
        Remote::new(&Config::default(), &RemoteArgs { url: Some(url.into()), token_file: None })
    }

    #[test]
    fn addresses() {
        let with_path = remote("http://[::1]:9464/wires/").unwrap();
        assert_eq!(with_path.shown(), "http://[::1]:9464/wires");
        assert_eq!(with_path.address, ("::1".to_owned(), 9464));
        assert_eq!(remote("http://desk").unwrap().address, ("desk".to_owned(), 80));
        for (url, says) in [
            ("https://desk", "https is not supported"),
            ("desk:9464", "is not an address"),
            ("ftp://desk", "is not an address"),
            ("", "is not an address"),
        ] {
            let error = format!("{:#}", remote(url).err().unwrap());
            assert!(error.contains(says), "{url}: {error}");
        }
    }
}
