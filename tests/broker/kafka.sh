# Starts Apache Kafka from its Maven jars. Sourced by the scripts that need one; they run with
# `set -euo pipefail` and from the top folder. Needs java and javac (17 or newer), mvn and kcat.
#
#   start_kafka DIR NODES HEAP_MB     on free ports; sets KAFKA_BOOTSTRAP and KAFKA_NODES
#   stop_kafka DIR                    ends its nodes and removes the folder
#   fetch_python                      a Python with Kafka's client; sets KAFKA_PYTHON
#
# Node N lives in DIR/N: `start` starts it (again), `pid` names its process, `out` holds its log.
# A single node has a third listener whose clients are sent to KAFKA_PROXY, so that a test can stand
# between them; KAFKA_PROXIED is where that listener really is.

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
                echo "listeners=$own,CONTROLLER://127.0.0.1:${controller[n]},PROXIED://127.0.0.1:$proxied"
                echo "advertised.listeners=$own,PROXIED://127.0.0.1:$advertised"
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
}

stop_kafka() {
    local pid
    for pid in "$1"/*/pid "$1"/*/*/pid; do
        [ -e "$pid" ] || continue
        kill -KILL "$(cat "$pid")" 2>/dev/null || true
    done
    rm -rf "$1"
}
