//! Finds out why a broker cannot be reached.
//!
//! In: librdkafka's log lines and errors while a client tries to connect. Out: a [`ConnectFailure`]
//! with a remedy. Kinds of failure are ordered, so that the caller can keep the most specific one:
//! a wrong password also shows up as a closed connection, and a closed connection also as "all
//! brokers are down".
//!
//! ```text
//! [thrd:b:9092/bootstrap]: b:9092/bootstrap: Failed to resolve 'b:9092': ... (after 3ms in ...)
//! -> Kind::Name, "b:9092/bootstrap: Failed to resolve 'b:9092': ..."
//! ```

/// The kinds of failure, from the vaguest to the most specific.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum FailureKind {
    /// Nothing answers at the address.
    Connection,
    /// The host name does not resolve.
    Name,
    /// Only one side uses TLS or SASL.
    Protocol,
    /// The broker's certificate is not accepted.
    Certificate,
    /// The user, the password or the SASL mechanism is not accepted.
    Authentication,
}

/// The reason a broker cannot be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ConnectFailure {
    /// The kind of failure.
    pub(super) kind: FailureKind,
    /// librdkafka's message, which begins with the broker's address.
    pub(super) text: String,
}

impl FailureKind {
    fn of(text: &str) -> Self {
        let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
        if has(&["SSL listener?", "PLAINTEXT broker listener?", "might require SASL"]) {
            Self::Protocol
        } else if has(&["SASL", "uthentication"]) {
            Self::Authentication
        } else if has(&["certificate", "unknown ca", "hostname mismatch", "IP address mismatch"]) {
            Self::Certificate
        } else if has(&["SSL", "ApiVersion", "Disconnected"]) {
            // If a server accepts a connection and closes it, it expected another protocol.
            Self::Protocol
        } else if has(&["Failed to resolve"]) {
            Self::Name
        } else {
            Self::Connection
        }
    }

    /// Whether only a person can fix the failure, so that retrying is pointless.
    pub(super) fn needs_a_person(self) -> bool {
        self >= Self::Certificate
    }

    fn remedy(self) -> &'static str {
        match self {
            Self::Connection => {
                "check that the broker is running and that `kafka.bootstrap.servers` is correct"
            }
            Self::Name => {
                "check the host name in `kafka.bootstrap.servers` and the broker's \
                 `advertised.listeners`"
            }
            Self::Protocol => {
                "check that `kafka.security.protocol` matches the broker's listener on this port"
            }
            Self::Certificate => {
                "check `kafka.ssl.ca.location`, and that the broker's certificate is valid for the \
                 host name in `kafka.bootstrap.servers`"
            }
            Self::Authentication => {
                "check `kafka.sasl.mechanism`, `kafka.sasl.username` and `kafka.sasl.password`"
            }
        }
    }
}

impl ConnectFailure {
    /// Classifies a log line or an error of a failed connection.
    pub(super) fn of(line: &str) -> Self {
        let text = without_attempt_details(line);
        Self { kind: FailureKind::of(text), text: text.to_owned() }
    }
}

impl std::fmt::Display for ConnectFailure {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}; {}", self.text, self.kind.remedy())
    }
}

/// A log line of librdkafka without the thread name at its start and the duration and state at its
/// end, which change with every attempt.
pub(super) fn without_attempt_details(line: &str) -> &str {
    let line = line.trim();
    let line = match line.strip_prefix("[thrd:").and_then(|rest| rest.split_once("]: ")) {
        Some((_, rest)) => rest,
        None => line,
    };
    match line.rfind(" (after ") {
        Some(at) if line.ends_with(')') => &line[..at],
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, kind: FailureKind, text: &str) {
        assert_eq!(ConnectFailure::of(line), ConnectFailure { kind, text: text.into() });
    }

    #[test]
    fn librdkafka_messages_are_classified() {
        check(
            "[thrd:127.0.0.1:9/bootstrap]: 127.0.0.1:9/bootstrap: Connect to ipv4#127.0.0.1:9 \
             failed: Connection refused (after 0ms in state CONNECT)",
            FailureKind::Connection,
            "127.0.0.1:9/bootstrap: Connect to ipv4#127.0.0.1:9 failed: Connection refused",
        );
        check(
            "b.invalid:9092/bootstrap: Failed to resolve 'b.invalid:9092': Name or service not \
             known (after 3ms in state CONNECT, 2 identical error(s) suppressed)",
            FailureKind::Name,
            "b.invalid:9092/bootstrap: Failed to resolve 'b.invalid:9092': Name or service not \
             known",
        );
        let kinds = [
            (
                "sasl_plaintext://b:1/bootstrap: SASL authentication error: Authentication failed \
                 during authentication due to invalid credentials (after 5ms in state AUTH_REQ)",
                FailureKind::Authentication,
            ),
            (
                "sasl_plaintext://b:1/bootstrap: SASL PLAIN mechanism handshake failed: Broker: \
                 Unsupported SASL mechanism: broker's supported mechanisms: SCRAM-SHA-256",
                FailureKind::Authentication,
            ),
            (
                "ssl://b:1/bootstrap: SSL handshake failed: error:0A000086:SSL \
                 routines::certificate verify failed: broker certificate could not be verified, \
                 verify that ssl.ca.location is correctly configured (after 8ms in state \
                 SSL_HANDSHAKE)",
                FailureKind::Certificate,
            ),
            (
                "ssl://b:1/bootstrap: SSL handshake failed: Disconnected: connecting to a \
                 PLAINTEXT broker listener? (after 1ms in state SSL_HANDSHAKE)",
                FailureKind::Protocol,
            ),
            (
                "b:1/bootstrap: Disconnected: requesting ApiVersion: might be caused by incorrect \
                 security.protocol configuration (connecting to a SSL listener?) or broker version \
                 is < 0.10 (see api.version.request) (after 2ms in state APIVERSION_QUERY)",
                FailureKind::Protocol,
            ),
            (
                "b:1/bootstrap: Disconnected: connection closed by peer: receive 0 after POLLIN \
                 (after 6ms in state APIVERSION_QUERY)",
                FailureKind::Protocol,
            ),
            (
                "b:1/1: Disconnected: verify that security.protocol is correctly configured, \
                 broker might require SASL authentication (after 9ms in state UP)",
                FailureKind::Protocol,
            ),
            (
                "b:1/bootstrap: Connection setup timed out in state CONNECT (after 30000ms in \
                 state CONNECT)",
                FailureKind::Connection,
            ),
        ];
        for (line, kind) in kinds {
            assert_eq!(ConnectFailure::of(line).kind, kind, "{line}");
        }
        assert!(
            FailureKind::Authentication.needs_a_person()
                && FailureKind::Certificate.needs_a_person()
        );
        assert!(
            !FailureKind::Protocol.needs_a_person() && !FailureKind::Connection.needs_a_person()
        );
    }
}
