//! Tests the spans that a daemon exports over OTLP, with a minimal collector in the test process.

use crate::deployment::{Deployment, PATIENCE, bootstrap, eventually};
use crate::feed::payload;
use crossbeam_channel::{Receiver, Sender, unbounded};
use rdkafka::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const TRACE: [u8; 16] = 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c_u128.to_be_bytes();
const SPAN: [u8; 8] = 0xb7ad_6b71_6920_3331_u64.to_be_bytes();

/// Starts a collector for `/v1/traces` on a free port. Returns its URL and the received bodies.
fn collector() -> (String, Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (send, bodies) = unbounded();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, send) = (stream.unwrap(), send.clone());
            std::thread::spawn(move || serve(stream, &send));
        }
    });
    (url, bodies)
}

/// Answers the requests of one connection and passes their bodies on.
fn serve(stream: TcpStream, send: &Sender<Vec<u8>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut stream, mut line) = (stream, String::new());
    while reader.read_line(&mut line).unwrap_or(0) > 0 {
        assert!(line.starts_with("POST /v1/traces "), "{line}");
        let mut length = 0;
        while line.trim_end() != "" {
            line.clear();
            reader.read_line(&mut line).unwrap();
            let lower = line.to_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
        if send.send(body).is_err() {
            return;
        }
        line.clear();
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn restore_batch_and_transaction_spans_are_exported_and_linked_to_the_senders_spans() {
    let deployment = Deployment::new("traces", "exactly_once");
    let producer: BaseProducer =
        ClientConfig::new().set("bootstrap.servers", bootstrap()).create().unwrap();
    let (topic, payload) = (deployment.topic("articles"), payload(1));
    let traced = Header { key: "traceparent", value: Some(PARENT) };
    let record: BaseRecord<'_, str, _> = BaseRecord::to(&topic).payload(&payload);
    let record = record.headers(OwnedHeaders::new().insert(traced));
    producer.send(record).map_err(|(error, _)| error).unwrap();
    producer.flush(PATIENCE).unwrap();
    let (url, bodies) = collector();
    let env = [("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str()), ("OTEL_BSP_SCHEDULE_DELAY", "100")];
    let daemon = deployment.start_in(&env, "", &[]);
    let mut all = Vec::new();
    let seen = eventually(|| {
        bodies.try_iter().for_each(|body| all.extend(body));
        let names: [&[u8]; 4] = [b"restore", b"batch", b"transaction", b"wirefold"];
        let named = names.iter().all(|name| contains(&all, name));
        (named && contains(&all, &TRACE) && contains(&all, &SPAN)).then_some(())
    });
    assert!(seen.is_some(), "spans missing in {} bytes\n{}", all.len(), daemon.log());
    let own_spans = contains(&all, b"reqwest") || contains(&all, b"hyper");
    assert!(!own_spans, "the exporter must not trace itself");
    daemon.stops();
}
