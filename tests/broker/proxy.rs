//! A proxy between a client and the broker that understands one request of the Kafka protocol:
//! `EndTxn`, by which a transaction is committed or aborted.
//!
//! In: what to do with the next commit of a `transactional.id` ([`Trick`]). Out: what came of it
//! ([`Outcome`]). Everything else passes untouched.
//!
//! A frame is four bytes of length, then for a request: `api_key` (16 bits), `api_version` (16),
//! `correlation_id` (32), `client_id` (length of 16 bits, text), and the body. The bodies of `EndTxn`
//! and, from version 3 on, of `Produce` begin with the `transactional.id` (length of 16 bits, text).
//! From version 3 and 9 on, tagged fields stand before the body, and lengths are varints, one larger.
//! A response begins with the `correlation_id`.
//!
//! Sources: the Kafka protocol guide, and its message definitions `EndTxnRequest`, `ProduceRequest`.

use crate::deployment::PATIENCE;
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::time::Duration;

const PRODUCE: i16 = 0;
const END_TXN: i16 = 26;
/// Where the correlation of a request lies in its frame.
const CORRELATION: std::ops::Range<usize> = 8..12;

/// What is done to a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trick {
    /// The broker commits; its answer is dropped with the connection.
    DropAnswer,
    /// The broker commits; its answer comes so much later.
    DelayAnswer(Duration),
    /// The request is held back and the connection cut. It reaches the broker in the middle of the
    /// next transaction of the same id.
    HoldRequest,
}

/// What came of a trick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was played.
    Played,
    /// The broker answered the request held back with this error code, 0 for none.
    Answered(i16),
}

#[derive(Debug, Default)]
struct Ids {
    tricks: BTreeMap<String, Trick>,
    held: BTreeMap<String, Vec<u8>>,
    outcomes: BTreeMap<String, Outcome>,
}

/// The one proxy of the test process.
pub(crate) struct Proxy {
    ids: Mutex<Ids>,
    told: Condvar,
    broker: String,
}

/// The proxy, which listens from the first call on.
pub(crate) fn proxy() -> &'static Arc<Proxy> {
    static PROXY: OnceLock<Arc<Proxy>> = OnceLock::new();
    PROXY.get_or_init(|| {
        let address = |name| std::env::var(name).expect("tests/broker/run says where to stand");
        let listener = TcpListener::bind(address("KAFKA_PROXY")).unwrap();
        let (ids, told) = (Mutex::default(), Condvar::new());
        let proxy = Arc::new(Proxy { ids, told, broker: address("KAFKA_PROXIED") });
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
    /// Where its clients connect.
    pub(crate) fn address() -> String {
        std::env::var("KAFKA_PROXY").unwrap()
    }

    /// Plays a trick on the next commit of `id`.
    pub(crate) fn play(&self, id: &str, trick: Trick) {
        let mut ids = self.ids.lock().unwrap();
        ids.outcomes.remove(id);
        ids.tricks.insert(id.to_owned(), trick);
    }

    /// Waits for what comes of it.
    pub(crate) fn outcome(&self, id: &str) -> Outcome {
        let ids = self.ids.lock().unwrap();
        let waits = |ids: &mut Ids| !ids.outcomes.contains_key(id);
        let (ids, timed_out) = self.told.wait_timeout_while(ids, PATIENCE, waits).unwrap();
        assert!(!timed_out.timed_out(), "the trick on `{id}` was not played to its end");
        ids.outcomes[id]
    }

    fn tell(&self, id: &str, outcome: Outcome) {
        self.ids.lock().unwrap().outcomes.insert(id.to_owned(), outcome);
        self.told.notify_all();
    }

    /// Passes frames both ways until one side closes.
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

    /// Looks at a request; `None` cuts the connection.
    fn request(&self, frame: &[u8], answers: &Answers) -> Option<()> {
        let Some((api, id)) = transactional(frame) else { return Some(()) };
        let mut ids = self.ids.lock().unwrap();
        if api == PRODUCE {
            if let Some(held) = ids.held.remove(&id) {
                drop(ids);
                let answered = self.deliver(&held).expect("the broker answers what was held back");
                self.tell(&id, Outcome::Answered(answered));
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

    /// Looks at a response; `None` cuts the connection.
    fn answer(&self, frame: &[u8], answers: &Answers) -> Option<()> {
        let mut waiting = answers.0.lock().unwrap();
        let asked = waiting.keys().find(|(correlation, _)| frame[4..8] == correlation[..]).cloned();
        let Some(asked) = asked else { return Some(()) };
        let trick = waiting.remove(&asked);
        drop(waiting);
        self.tell(&asked.1, Outcome::Played);
        match trick {
            Some(Trick::DelayAnswer(time)) => {
                std::thread::park_timeout(time);
                Some(())
            }
            _ => None,
        }
    }

    /// Sends a request held back, on a connection of its own, and gives its error code.
    fn deliver(&self, held: &[u8]) -> io::Result<i16> {
        let mut broker = TcpStream::connect(&self.broker)?;
        broker.set_read_timeout(Some(PATIENCE))?;
        broker.write_all(held)?;
        // Length, correlation, throttle time, error code.
        let answer = read(&mut broker)?;
        Ok(i16::from_be_bytes([answer[12], answer[13]]))
    }
}

/// The answers that a trick waits for, by correlation and `transactional.id`.
#[derive(Debug, Default)]
struct Answers(Mutex<BTreeMap<(Vec<u8>, String), Trick>>);

fn close(client: &TcpStream, broker: &TcpStream) {
    // Either side may be gone already, which is as well.
    for side in [client, broker] {
        drop(side.shutdown(Shutdown::Both));
    }
}

/// The next frame with its length.
fn read(from: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut frame = vec![0; 4];
    from.read_exact(&mut frame)?;
    let length = u32::from_be_bytes([frame[0], frame[1], frame[2], frame[3]]) as usize;
    frame.resize(4 + length, 0);
    from.read_exact(&mut frame[4..])?;
    Ok(frame)
}

/// The kind and the `transactional.id` of a request that has one.
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
        assert_eq!(tags, 0, "a tagged field in the header of a request");
        body.varint()?.checked_sub(1)?
    } else {
        usize::try_from(body.short()?).ok()?
    };
    Some((api, String::from_utf8_lossy(body.cut(length)?).into_owned()))
}

/// The bytes of a request that are not read yet.
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

    /// Seven bits a byte, the lowest first; the eighth says that more follow.
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
