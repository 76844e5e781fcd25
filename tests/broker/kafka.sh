# Starts Apache Kafka from its Maven jars. Sourced by the scripts that need one; they run with
# `set -euo pipefail` and from the top folder. Needs java and javac (17 or newer), mvn and kcat.
#
#   start_kafka DIR NODES HEAP_MB     on free ports; sets KAFKA_BOOTSTRAP and KAFKA_NODES
#   stop_kafka DIR                    ends its nodes and removes the folder
#   fetch_python                      a Python with Kafka's client; sets KAFKA_PYTHON
#
# Node N lives in DIR/N: `start` starts it (again), `pid` names its process, `out` holds its log.
# A single node has a third listener whose clients are sent to KAFKA_PROXY, so that a test can stand
# between them; KAFKA_PROXIED is where that listener really is. It has a fourth and a fifth: KAFKA_SASL,
# which takes user `limited` with password `right` by PLAIN, and KAFKA_TLS, whose certificate is that of
# the host `broker.invalid`. KAFKA_CA is the certificate that signed it, KAFKA_OTHER_CA one that did not.

kafka_here=$PWD/tests/broker
kafka_jars=${CARGO_TARGET_DIR:-$PWD/target}/kafka/jars-$(cat "$kafka_here"/pom.xml "$kafka_here"/*.java | cksum | cut -d' ' -f1)

# Fetches the jars, once, and compiles the client of the checker beside them.
fetch_kafka() {
    if [ ! -e "$kafka_jars/complete" ]; then
        mvn -B -q -f "$kafka_here/pom.xml" dependency:copy-dependencies \
            -DincludeScope=runtime -DoutputDirectory="$kafka_jars" </dev/null
        javac -cp "$kafka_jars/*" -d "$kafka_jars" "$kafka_here"/*.java
        touch "$kafka_jars/complete"
    fi
    export KAFKA_CLASSPATH="$kafka_jars:$kafka_jars/*"
}

# Installs Kafka's client for Python, once, and sets KAFKA_PYTHON. Needs python3 with venv.
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

# A port that nobody listens on.
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

# A key with a certificate that it signs itself, in folder $1 as $2.p12 and $2.pem.
certificate() {
    keytool -genkeypair -keystore "$1/$2.p12" -storetype PKCS12 -storepass changeit -alias own \
        -keyalg EC -groupname secp256r1 -dname CN=broker.invalid -ext san=dns:broker.invalid \
        -ext bc:c=ca:true -validity 30 </dev/null 2>/dev/null
    keytool -exportcert -rfc -keystore "$1/$2.p12" -storepass changeit -alias own \
        -file "$1/$2.pem" </dev/null 2>/dev/null
}

start_kafka() {
    local dir=$1 nodes=$2 heap=$3 id n voters= bootstrap= spread=$(($2 < 3 ? $2 : 3))
    local plain=() controller=() proxied advertised
    fetch_kafka
    for ((n = 1; n <= nodes; n++)); do
        plain[n]=$(free_port)
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
            local own=PLAINTEXT://127.0.0.1:${plain[n]}
            if [ "$nodes" -eq 1 ]; then
                echo "listeners=$own,CONTROLLER://127.0.0.1:${controller[n]},PROXIED://127.0.0.1:$proxied,SASL://$sasl,TLS://$tls"
                echo "advertised.listeners=$own,PROXIED://127.0.0.1:$advertised,SASL://$sasl,TLS://$tls"
                echo "listener.name.sasl.sasl.enabled.mechanisms=PLAIN"
                echo "listener.name.sasl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_limited=\"right\";"
                echo "listener.name.tls.ssl.keystore.location=$dir/certificates/broker.p12"
                echo "listener.name.tls.ssl.keystore.type=PKCS12"
                echo "listener.name.tls.ssl.keystore.password=changeit"
                # What a rule names is refused; what none names is allowed.
                echo "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer"
                echo "allow.everyone.if.no.acl.found=true"
            else
                echo "listeners=$own,CONTROLLER://127.0.0.1:${controller[n]}"
                echo "advertised.listeners=$own"
            fi
        } >"$dir/$n/server.properties"
        "${java[@]}" kafka.tools.StorageTool format -t "$id" -c "$dir/$n/server.properties" \
            </dev/null >"$dir/$n/out" 2>&1
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
            echo "the broker did not start:" >&2
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
