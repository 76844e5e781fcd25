# Functions that start Apache Kafka from its Maven jars. Scripts source this file from the top
# folder, under `set -euo pipefail`. Needs java and javac (17 or newer), mvn and kcat; Go and npm
# for the consumers in those languages.
#
#   start_kafka DIR NODES HEAP_MB [PORT]
#                                     starts NODES brokers on free ports, or a single one at PORT;
#                                     exports KAFKA_BOOTSTRAP, KAFKA_NODES (= DIR) and the variables
#                                     below
#   stop_kafka DIR                    kills the brokers and removes the folder
#   archive_classes                   makes the Java clients in the tests start faster
#   fetch_python                      installs Kafka's Python client; exports KAFKA_PYTHON
#   fetch_go                          downloads franz-go; exports KAFKA_GO, the folder with go.mod
#   fetch_node                        installs KafkaJS; exports KAFKA_NODE, the folder with node_modules
#
# If Go or npm is not installed, the variable is empty and the tests skip that consumer; with
# REQUIRE_TOOLS=true, the function fails.
#
# DIR/N contains the files of node N: the script `start` starts or restarts the node, `pid` contains
# its process id, and `out` its log. A single node has three more listeners:
#
#   proxied   advertises KAFKA_PROXY, where a test can run a proxy; listens at KAFKA_PROXIED
#   SASL      KAFKA_SASL; accepts the user `limited` with the password `right` (mechanism PLAIN)
#   TLS       KAFKA_TLS; its certificate is for the host `broker.invalid`. KAFKA_CA is the CA that
#             signed the certificate, KAFKA_OTHER_CA is one that did not.

kafka_here=$PWD/tests/broker
kafka_sources=$(cat "$kafka_here"/pom.xml "$kafka_here"/*.java "$kafka_here/kafka.sh" | cksum | cut -d' ' -f1)
kafka_jars=${CARGO_TARGET_DIR:-$PWD/target}/kafka/jars-$kafka_sources

# Downloads the jars and builds another one with the Java classes of the tests, unless they exist.
fetch_kafka() {
    if [ ! -e "$kafka_jars/complete" ]; then
        mvn -B -q -f "$kafka_here/pom.xml" dependency:copy-dependencies \
            -DincludeScope=runtime -DoutputDirectory="$kafka_jars" </dev/null
        javac -cp "$kafka_jars/*" -d "$kafka_jars/tests" "$kafka_here"/*.java
        jar --create --file "$kafka_jars/tests.jar" -C "$kafka_jars/tests" .
        touch "$kafka_jars/complete"
    fi
    export KAFKA_CLASSPATH="$kafka_jars/*" KAFKA_CLASSES=$kafka_jars/classes.jsa
}

# Writes the classes that a client loads to the archive KAFKA_CLASSES, unless it exists. Java loads
# them from the archive in half the time; the suite starts more than a hundred clients. Needs a
# running broker.
archive_classes() {
    if [ ! -e "$KAFKA_CLASSES" ]; then
        java -Xlog:disable -XX:+UseSerialGC "-XX:ArchiveClassesAtExit=$KAFKA_CLASSES.part" \
            -cp "$KAFKA_CLASSPATH" Outside "$KAFKA_BOOTSTRAP" read_committed >/dev/null
        mv "$KAFKA_CLASSES.part" "$KAFKA_CLASSES"
    fi
}

# Installs Kafka's Python client unless it is installed, and exports KAFKA_PYTHON. Needs python3
# with venv.
fetch_python() {
    local pinned=confluent-kafka==2.16.1
    local venv=${CARGO_TARGET_DIR:-$PWD/target}/kafka/python-$pinned
    if [ ! -e "$venv/complete" ]; then
        python3 -m venv --clear "$venv"
        "$venv/bin/pip" --quiet --disable-pip-version-check install "$pinned" </dev/null
        touch "$venv/complete"
    fi
    export KAFKA_PYTHON=$venv/bin/python
}

# missing COMMAND WHAT: whether the command is not installed. Says that WHAT is skipped.
missing() {
    command -v "$1" >/dev/null && return 1
    if [ "${REQUIRE_TOOLS:-}" = true ]; then
        echo "$1 is not installed" >&2
        exit 1
    fi
    echo "SKIPPED: $1 is not installed, so the tests do not run $2" >&2
}

# Downloads the Go client unless it is there, and exports KAFKA_GO.
fetch_go() {
    local pinned=v1.22.3
    export KAFKA_GO=
    if missing go "the consumer in Go"; then return; fi
    local module=${CARGO_TARGET_DIR:-$PWD/target}/kafka/go-$pinned
    if [ ! -e "$module/complete" ]; then
        rm -rf "$module"
        mkdir -p "$module"
        (cd "$module" && go mod init site && go get "github.com/twmb/franz-go/pkg/kgo@$pinned") \
            </dev/null >/dev/null 2>&1
        touch "$module/complete"
    fi
    KAFKA_GO=$module
}

# Installs the JavaScript client unless it is installed, and exports KAFKA_NODE.
fetch_node() {
    local pinned="kafkajs@2.2.4 lz4-napi@2.10.0"
    export KAFKA_NODE=
    if missing npm "the consumer in JavaScript"; then return; fi
    local folder=${CARGO_TARGET_DIR:-$PWD/target}/kafka/node-${pinned// /-}
    if [ ! -e "$folder/complete" ]; then
        rm -rf "$folder"
        mkdir -p "$folder"
        echo '{"private": true}' >"$folder/package.json"
        # shellcheck disable=SC2086 # a list of words
        npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$folder" $pinned </dev/null
        touch "$folder/complete"
    fi
    KAFKA_NODE=$folder
}

# Prints a port that nothing listens on.
free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 12000))
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            echo "$port"
            return
        fi
    done
}

# Runs a command; prints its output only if it fails.
quietly() {
    local output
    output=$("$@" </dev/null 2>&1) || { echo "$* failed: $output" >&2 && return 1; }
}

# Makes a key with a self-signed certificate in folder $1: $2.p12 (key store) and $2.pem.
certificate() {
    quietly keytool -genkeypair -keystore "$1/$2.p12" -storetype PKCS12 -storepass changeit -alias own \
        -keyalg EC -groupname secp256r1 -dname CN=broker.invalid -ext san=dns:broker.invalid \
        -ext bc:c=ca:true -validity 30
    quietly keytool -exportcert -rfc -keystore "$1/$2.p12" -storepass changeit -alias own \
        -file "$1/$2.pem"
}

start_kafka() {
    local dir=$1 nodes=$2 heap=$3 id n voters= bootstrap= spread=$(($2 < 3 ? $2 : 3))
    local plain=() controller=() proxied advertised
    fetch_kafka
    for ((n = 1; n <= nodes; n++)); do
        plain[n]=${4:-$(free_port)}
        controller[n]=$(free_port)
        voters+=${voters:+,}$n@127.0.0.1:${controller[n]}
        bootstrap+=${bootstrap:+,}127.0.0.1:${plain[n]}
    done
    proxied=$(free_port)
    advertised=$(free_port)
    local sasl=127.0.0.1:$(free_port) tls=127.0.0.1:$(free_port)
    mkdir -p "$dir/certificates"
    certificate "$dir/certificates" broker
    certificate "$dir/certificates" other
    local java=(java "-Xmx${heap}m" -XX:TieredStopAtLevel=1 -XX:+UseSerialGC
        "-Dlog4j2.configurationFile=$kafka_here/log4j2.properties" -cp "$KAFKA_CLASSPATH")
    id=$("${java[@]}" kafka.tools.StorageTool random-uuid </dev/null)
    for ((n = 1; n <= nodes; n++)); do
        mkdir -p "$dir/$n"
        {
            cat "$kafka_here/server.properties"
            echo "node.id=$n"
            echo "controller.quorum.voters=$voters"
            echo "log.dirs=$dir/$n/log"
            echo "default.replication.factor=$spread"
            echo "offsets.topic.replication.factor=$spread"
            echo "transaction.state.log.replication.factor=$spread"
            echo "min.insync.replicas=$((spread / 2 + 1))"
            echo "transaction.state.log.min.isr=$((spread / 2 + 1))"
            local clients=PLAINTEXT://127.0.0.1:${plain[n]}
            local internal=CONTROLLER://127.0.0.1:${controller[n]}
            if [ "$nodes" -eq 1 ]; then
                local secured=SASL://$sasl,TLS://$tls
                local login=org.apache.kafka.common.security.plain.PlainLoginModule
                local jaas="$login required user_limited=\"right\";"
                echo "listeners=$clients,$internal,PROXIED://127.0.0.1:$proxied,$secured"
                echo "advertised.listeners=$clients,PROXIED://127.0.0.1:$advertised,$secured"
                echo "listener.name.sasl.sasl.enabled.mechanisms=PLAIN"
                echo "listener.name.sasl.plain.sasl.jaas.config=$jaas"
                echo "listener.name.tls.ssl.keystore.location=$dir/certificates/broker.p12"
                echo "listener.name.tls.ssl.keystore.type=PKCS12"
                echo "listener.name.tls.ssl.keystore.password=changeit"
                # Everything is allowed unless an ACL forbids it.
                echo "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer"
                echo "allow.everyone.if.no.acl.found=true"
            else
                echo "listeners=$clients,$internal"
                echo "advertised.listeners=$clients"
            fi
        } >"$dir/$n/server.properties"
        quietly "${java[@]}" kafka.tools.StorageTool format -t "$id" -c "$dir/$n/server.properties"
        {
            echo '#!/usr/bin/env bash'
            printf '%q ' "${java[@]}" kafka.Kafka "$dir/$n/server.properties"
            printf '</dev/null >>%q 2>&1 &\n' "$dir/$n/out"
            printf 'echo $! >%q\n' "$dir/$n/pid"
        } >"$dir/$n/start"
        chmod +x "$dir/$n/start"
        "$dir/$n/start"
    done
    local deadline=$((SECONDS + 90))
    until kcat -b "$bootstrap" -L -m 2 2>/dev/null | grep -q " $nodes brokers"; do
        if [ "$SECONDS" -ge "$deadline" ]; then
            echo "the brokers did not start within 90 s:" >&2
            tail -n 50 "$dir"/*/out >&2
            return 1
        fi
        sleep 0.2
    done
    export KAFKA_BOOTSTRAP=$bootstrap KAFKA_NODES=$dir
    export KAFKA_PROXY=127.0.0.1:$advertised KAFKA_PROXIED=127.0.0.1:$proxied
    export KAFKA_SASL=$sasl KAFKA_TLS=$tls
    export KAFKA_CA=$dir/certificates/broker.pem KAFKA_OTHER_CA=$dir/certificates/other.pem
}

stop_kafka() {
    local pid
    for pid in "$1"/*/pid "$1"/*/*/pid; do
        [ -e "$pid" ] || continue
        kill -KILL "$(cat "$pid")" 2>/dev/null || true
    done
    rm -rf "$1"
}
