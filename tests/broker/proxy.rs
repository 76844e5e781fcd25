//! A proxy between a Kafka client and the broker. It tampers with one request, `EndTxn`, which
//! commits or aborts a transaction.
//!
//! Input: a [`Trick`] to apply to the next commit of a `transactional.id`. Output: its [`Outcome`].
//! All other requests and responses pass unchanged.
//!
//! A frame starts with its length (32 bits). A request continues with `api_key` (16 bits),
//! `api_version` (16 bits), `correlation_id` (32 bits), `client_id` (16-bit length, then text) and
//! the body. The bodies of `EndTxn` and, since version 3, of `Produce` begin with the
//! `transactional.id` (16-bit length, then text). In flexible versions (`EndTxn` since 3, `Produce`
//! since 9), tagged fields precede the body, and a length in the body is a varint of length + 1. A
//! response begins with the `correlation_id`.
//!
//! Sources: the Kafka protocol guide and its message definitions `EndTxnRequest`, `ProduceRequest`.

use crate::deployment::PATIENCE;
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::time::Duration;

/// `api_key` of `Produce`.
const PRODUCE: i16 = 0;
/// `api_key` of `EndTxn`.
const END_TXN: i16 = 26;
/// The bytes of a request frame that hold the `correlation_id`.
const CORRELATION: std::ops::Range<usize> = 8..12;

/// How to tamper with a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trick {
    /// The broker commits; its response is dropped and the connection closed.
    DropAnswer,
    /// The broker commits; its response is delayed by this time.
    DelayAnswer(Duration),
    /// The request is held back and the connection closed. The request reaches the broker during
    /// the next transaction of the same id.
    HoldRequest,
}

/// The result of a trick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The response was dropped or delayed.
    Played,
    /// The broker's error code for the delayed request; 0 is success.
    Answered(i16),
}

/// The state of the tricks, by `transactional.id`.
#[derive(Debug, Default)]
struct Ids {
    /// Tricks for the next commit.
    tricks: BTreeMap<String, Trick>,
    /// `EndTxn` frames that were held back.
    held: BTreeMap<String, Vec<u8>>,
    outcomes: BTreeMap<String, Outcome>,
}

/// The proxy of the test process; there is only one.
pub(crate) struct Proxy {
    ids: Mutex<Ids>,
    /// Notified when an outcome is added.
    outcome_added: Condvar,
    /// The broker's address.
    broker: String,
}

/// The proxy; the first call starts it.
pub(crate) fn proxy() -> &'static Arc<Proxy> {
    static PROXY: OnceLock<Arc<Proxy>> = OnceLock::new();
    PROXY.get_or_init(|| {
        let address =
            |name| std::env::var(name).expect("the proxy's addresses; use tests/broker/run");
        let listener = TcpListener::bind(address("KAFKA_PROXY")).unwrap();
        let (ids, outcome_added) = (Mutex::default(), Condvar::new());
        let proxy = Arc::new(Proxy { ids, outcome_added, broker: address("KAFKA_PROXIED") });
        let serving = proxy.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                serving.clone().serve(client);
            }
        });
        proxy
    })
}

impl Proxy {
    /// The address that clients connect to.
    pub(crate) fn address() -> String {
        std::env::var("KAFKA_PROXY").unwrap()
    }

    /// Applies a trick to the next commit of `id`.
    pub(crate) fn play(&self, id: &str, trick: Trick) {
        let mut ids = self.ids.lock().unwrap();
        ids.outcomes.remove(id);
        ids.tricks.insert(id.to_owned(), trick);
    }

    /// Waits for the outcome of the trick.
    pub(crate) fn outcome(&self, id: &str) -> Outcome {
        let ids = self.ids.lock().unwrap();
        let pending = |ids: &mut Ids| !ids.outcomes.contains_key(id);
        let (ids, timeout) = self.outcome_added.wait_timeout_while(ids, PATIENCE, pending).unwrap();
        assert!(!timeout.timed_out(), "no outcome of the trick on `{id}`");
        ids.outcomes[id]
    }

    fn add_outcome(&self, id: &str, outcome: Outcome) {
        self.ids.lock().unwrap().outcomes.insert(id.to_owned(), outcome);
        self.outcome_added.notify_all();
    }

    /// Forwards frames in both directions until one side closes.
    fn serve(self: Arc<Self>, client: TcpStream) {
        let Ok(broker) = TcpStream::connect(&self.broker) else { return };
        let answers = Arc::new(Answers::default());
        let both = || (client.try_clone().unwrap(), broker.try_clone().unwrap());
        let (mut from_client, mut to_broker) = both();
        let (mut to_client, mut from_broker) = both();
        let (proxy, asked) = (self.clone(), answers.clone());
        std::thread::spawn(move || {
            while let Ok(frame) = read(&mut from_client) {
                if proxy.request(&frame, &asked).is_none() || to_broker.write_all(&frame).is_err() {
                    break;
                }
            }
            close(&from_client, &to_broker);
        });
        std::thread::spawn(move || {
            while let Ok(frame) = read(&mut from_broker) {
                if self.answer(&frame, &answers).is_none() || to_client.write_all(&frame).is_err() {
                    break;
                }
            }
            close(&to_client, &from_broker);
        });
    }

    /// Handles a request before it is forwarded; `None` closes the connection instead.
    fn request(&self, frame: &[u8], answers: &Answers) -> Option<()> {
        let Some((api, id)) = transactional(frame) else { return Some(()) };
        let mut ids = self.ids.lock().unwrap();
        if api == PRODUCE {
            if let Some(held) = ids.held.remove(&id) {
                drop(ids);
                let answered = self.deliver(&held).expect("a response to the delayed request");
                self.add_outcome(&id, Outcome::Answered(answered));
            }
            return Some(());
        }
        match ids.tricks.remove(&id) {
            None => Some(()),
            Some(Trick::HoldRequest) => {
                ids.held.insert(id, frame.to_vec());
                None
            }
            Some(trick) => {
                let correlation = frame[CORRELATION].to_vec();
                answers.0.lock().unwrap().insert((correlation, id), trick);
                Some(())
            }
        }
    }

    /// Handles a response before it is forwarded; `None` closes the connection instead.
    fn answer(&self, frame: &[u8], answers: &Answers) -> Option<()> {
        let mut waiting = answers.0.lock().unwrap();
        let asked = waiting.keys().find(|(correlation, _)| frame[4..8] == correlation[..]).cloned();
        let Some(asked) = asked else { return Some(()) };
        let trick = waiting.remove(&asked);
        drop(waiting);
        self.add_outcome(&asked.1, Outcome::Played);
        match trick {
            Some(Trick::DelayAnswer(time)) => {
                std::thread::park_timeout(time);
                Some(())
            }
            _ => None,
        }
    }

    /// Sends a delayed request on a new connection and returns the error code of the response.
    fn deliver(&self, held: &[u8]) -> io::Result<i16> {
        let mut broker = TcpStream::connect(&self.broker)?;
        broker.set_read_timeout(Some(PATIENCE))?;
        broker.write_all(held)?;
        // Length, correlation, throttle time, error code.
        let answer = read(&mut broker)?;
        Ok(i16::from_be_bytes([answer[12], answer[13]]))
    }
}

/// The responses of one connection that a trick applies to, by `correlation_id` and
/// `transactional.id`.
#[derive(Debug, Default)]
struct Answers(Mutex<BTreeMap<(Vec<u8>, String), Trick>>);

fn close(client: &TcpStream, broker: &TcpStream) {
    // A side that is already closed is fine.
    for side in [client, broker] {
        drop(side.shutdown(Shutdown::Both));
    }
}

/// Reads the next frame, length included.
fn read(from: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut frame = vec![0; 4];
    from.read_exact(&mut frame)?;
    let length = u32::from_be_bytes([frame[0], frame[1], frame[2], frame[3]]) as usize;
    frame.resize(4 + length, 0);
    from.read_exact(&mut frame[4..])?;
    Ok(frame)
}

/// The `api_key` and `transactional.id` of an `EndTxn` or `Produce` request; `None` for others.
fn transactional(frame: &[u8]) -> Option<(i16, String)> {
    let mut body = Body(frame.get(4..)?);
    let (api, version) = (body.short()?, body.short()?);
    let flexible = match api {
        PRODUCE if version >= 3 => version >= 9,
        END_TXN => version >= 3,
        _ => return None,
    };
    body.cut(4)?;
    let length = usize::try_from(body.short()?).unwrap_or(0);
    body.cut(length)?;
    let length = if flexible {
        let tags = body.varint()?;
        assert_eq!(tags, 0, "tagged fields in a request header are not supported");
        body.varint()?.checked_sub(1)?
    } else {
        usize::try_from(body.short()?).ok()?
    };
    Some((api, String::from_utf8_lossy(body.cut(length)?).into_owned()))
}

/// The unread rest of a request.
struct Body<'a>(&'a [u8]);

impl<'a> Body<'a> {
    fn cut(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(head)
    }

    fn short(&mut self) -> Option<i16> {
        Some(i16::from_be_bytes(self.cut(2)?.try_into().ok()?))
    }

    /// Reads an unsigned varint: seven bits per byte, lowest bits first; the eighth bit is set if
    /// another byte follows.
    fn varint(&mut self) -> Option<usize> {
        let mut value = 0;
        for shift in (0..28).step_by(7) {
            let byte = usize::from(self.cut(1)?[0]);
            value |= (byte & 127) << shift;
            if byte < 128 {
                return Some(value);
            }
        }
        None
    }
}
