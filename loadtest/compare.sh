#!/bin/bash
# Measures servers beside each other in one run: each server alone on core 0, the load tester on core 1. Prints a table
# of medians with ratios to the first server, a second one of roomwire alone, and a third one of servers over TLS. See
# README.md beside this file.
#
#   loadtest/compare.sh [OPTION...] [SERVER...]
#
#   SERVER          yardstick, roomwire, nchan, node; default: all that can run here
#   -n RUNS         how many runs the medians are of (3)
#   -s STREAMS      streams of the costs of a stream, a delivery, a resume (5000)
#   -l COUNTS       streams at which latency is measured besides ("1000 10000")
#   -r RATE         deliveries a second in paced scenarios, so that both cores have room left (50000)
#   -t SECONDS      how long each paced scenario lasts (10)
#   -b BUDGETS      which tables: all, servers, roomwire, tls (all)
#   -m STREAMS      "many" streams beside those that the second table measures (10000)
#   -k STALLED      stalled readers in the second table (1000)
#   ROOMWIRE_BUILD  where the relay's binary is (.build/release)
#   LOADTEST_BUILD  where the load tester's is (.build/loadtest/release)
#   -o FILE         keeps the reports, a line of JSON each: `roomwire-load compare [--all] FILE` prints them again
set -eu

runs=3 streams=5000 counts="1000 10000" rate=50000 seconds=10 tables=all many=10000 stalled=1000 out=
usage() { sed -n '2,/^set/{/^set/!s/^# \{0,1\}//p}' "$0"; }
while getopts n:s:l:r:t:b:m:k:o:h option; do
    case $option in
        n) runs=$OPTARG ;;
        s) streams=$OPTARG ;;
        l) counts=$OPTARG ;;
        r) rate=$OPTARG ;;
        t) seconds=$OPTARG ;;
        b) tables=$OPTARG ;;
        m) many=$OPTARG ;;
        k) stalled=$OPTARG ;;
        o) out=$OPTARG ;;
        h) usage && exit 0 ;;
        *) usage >&2 && exit 2 ;;
    esac
done
shift $((OPTIND - 1))
here=$(cd "$(dirname "$0")" && pwd)
roomwire=${ROOMWIRE_BUILD:-$here/../.build/release}/roomwire
roomwire_load=${LOADTEST_BUILD:-$here/../.build/loadtest/release}/roomwire-load
# The relay takes settings from the environment, and refuses those that it does not know.
for name in ${!ROOMWIRE_@} ${!LIVEKIT_@} ${!DAILY_@} ${!WHEREBY_@}; do unset "$name"; done
nchan_module=/usr/lib/nginx/modules/ngx_nchan_module.so
if [ $# -eq 0 ]; then
    set -- yardstick roomwire
    [ -e "$nchan_module" ] && set -- "$@" nchan
    command -v node >/dev/null && set -- "$@" node
fi
case $tables in all | servers | roomwire | tls) ;; *) usage >&2 && exit 2 ;; esac
# wants TABLE: whether it is one of those to be made.
wants() { [ "$tables" = all ] || [ "$tables" = "$1" ]; }
for binary in "$roomwire" "$roomwire_load"; do
    [ -x "$binary" ] || {
        echo "compare.sh: $binary is not there; README.md beside this script says how to build it" >&2
        exit 1
    }
done
if [ "$(nproc)" -lt 2 ]; then
    echo "compare.sh: server and load tester need a core each" >&2
    exit 1
fi

scratch=$(mktemp -d)
chmod 755 "$scratch"
server= measured=
stop_server() {
    [ -z "$server" ] && return
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    server=
}
trap 'stop_server; rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM
ulimit -n "$(ulimit -Hn)"
[ -n "$out" ] || out=$scratch/reports.jsonl
: >"$out"
: >"$scratch/budgets.jsonl"
: >"$scratch/tls.jsonl"

# A certificate that is its own CA. Without the command there is no third table.
certificate=$scratch/certificate.pem key=$scratch/key.pem can_tls=yes
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
    -addext subjectAltName=IP:127.0.0.1 -keyout "$key" -out "$certificate" 2>"$scratch/log" || can_tls=
if wants tls && [ -z "$can_tls" ]; then
    echo "compare.sh: openssl made no certificate, so nothing is measured over TLS" >&2
    cat "$scratch/log" >&2
    [ "$tables" = all ] || exit 1
fi

cc -O2 -o "$scratch/yardstick" "$here/yardstick.c"

# A port that is free now. Ours are above those that the system gives away.
free_port() {
    port=$((61000 + RANDOM % 4000))
    while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((61000 + RANDOM % 4000)); done
}

wait_for_server() {
    for _ in $(seq 200); do
        if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then return; fi
        sleep 0.1
    done
    echo "compare.sh: nothing listens on port $port" >&2
    cat "$scratch/log" >&2
    exit 1
}

# What the others publish is as long as what roomwire makes of a webhook, so that all write the same.
body='{"type":"participant_left","id":"1795201856123-0","source":"livekit","provider":"livekit","room":"load-0",'
body=$body'"timestamp":1795201856123,"receivedAt":1795201856124,"data":{"room":{"name":"load-0","id":"RM_load-0",'
body=$body'"startedAt":"2026-11-20T21:04:16.000Z"},"participant":{"id":"PA_0-100","identity":"guest-0-100",'
body=$body'"name":"{id}","kind":"standard","joinedAt":"2026-11-20T21:04:16.000Z"},"durationSeconds":0,'
body=$body'"providerEvent":"participant_left"}}'

start_yardstick() {
    taskset -c 0 "$scratch/yardstick" $port 2>"$scratch/log" &
    server=$! measured=$!
}

# $1: how many loops. Several share the one core: what is measured is what more of them cost. $2: https:// for TLS.
start_roomwire() {
    rm -rf "$scratch/data"
    export LIVEKIT_API_KEY=APIload LIVEKIT_API_SECRET=load-test-secret-of-32-characters
    export ROOMWIRE_TOKEN_SECRET=load-test-token-secret-of-32-chars
    # An earlier one may have spoken TLS.
    unset ROOMWIRE_TLS_CERTIFICATE ROOMWIRE_TLS_KEY
    [ -z "${2:-}" ] || export ROOMWIRE_TLS_CERTIFICATE="$certificate" ROOMWIRE_TLS_KEY="$key"
    # No cap is to be met.
    ROOMWIRE_LOOPS=${1:-1} ROOMWIRE_STREAMS_TOTAL=19000 \
        taskset -c 0 "$roomwire" serve --listen "${2:-}127.0.0.1:$port" --data "$scratch/data" >"$scratch/log" 2>&1 &
    server=$! measured=$!
}

# $1: https:// for TLS.
start_nchan() {
    mkdir -p "$scratch/nginx"
    local tls='s|@SSL@||; /@CERTIFICATE@/,/@END@/d'
    [ -z "${1:-}" ] || tls="s|@SSL@|ssl|; s|@CERTIFICATE@|$certificate|; s|@KEY@|$key|; /@END@/d"
    sed "s|@PORT@|$port|; s|@DIR@|$scratch/nginx|g; s|@MODULE@|$nchan_module|; $tls" "$here/nchan.conf" \
        >"$scratch/nginx.conf"
    taskset -c 0 nginx -c "$scratch/nginx.conf" -g 'daemon off;' 2>"$scratch/log" &
    server=$!
    wait_for_server
    # The worker does the work; the master only waits.
    measured=
    while [ -z "$measured" ]; do measured=$(cat "/proc/$server/task/$server/children"); done
}

start_node() {
    taskset -c 0 node "$here/nodehub.js" $port 2>"$scratch/log" &
    server=$! measured=$!
}

start() {
    stop_server
    free_port
    "start_$@"
    wait_for_server
}

# load FILE LABEL SCENARIO OPTION...: a scenario against the server that runs.
load() {
    local file=$1 label=$2 scenario="$3 $4 $5" base=http://127.0.0.1:$port pids= pid
    shift 2
    for pid in $measured; do pids="$pids --server-pid $pid"; done
    case $label in
        *TLS) base=https://127.0.0.1:$port && set -- "$@" --ca-file "$certificate" ;;
    esac
    case $label in
        roomwire*) set -- "$@" --url "$base" ;;
        nchan*)
            set -- "$@" --subscribe-url "$base/events" --publish-url "$base/publish" --publish-body "$body"
            ;;
        *) set -- "$@" --subscribe-url "$base/" --publish-url "$base/" --publish-body "$body" ;;
    esac
    echo "  $label: $scenario" >&2
    # Faults are counted in the report; they do not end the comparison.
    taskset -c 1 "$roomwire_load" "$@" $pids --label "$label" --json >>"$file" || failed=1
}

# load_paced FILE LABEL STREAMS: events at the rate at which deliveries are as many as for any other number of streams.
load_paced() {
    load "$1" "$2" fanout --streams "$3" --rate "$(((rate + $3 - 1) / $3))" --seconds "$seconds"
}

# measure_server SERVER STEP: what a stream, a delivery and a resume cost, how soon webhooks are answered, and how late
# events are.
measure_server() {
    # A fresh server for each step: memory that an earlier one left free would be taken again unseen.
    start "$1"
    case $2 in
        idle) load "$out" "$1" idle --streams "$streams" ;;
        deliveries)
            load_paced "$out" "$1" "$streams"
            load "$out" "$1" fanout --streams "$streams" --burst 100
            # The yardstick keeps nothing that one could resume from.
            [ "$1" = yardstick ] || load "$out" "$1" storm --streams "$streams"
            ;;
        # How soon a server answers that verifies nothing and keeps nothing is what there is to compare roomwire's
        # answers with. All streams follow, since not every server here has rooms.
        answers) load "$out" "$1" ingest --streams 4 --seconds "$seconds" --rate 10000 ;;
        *) load_paced "$out" "$1" "$2" ;;
    esac
    stop_server
}

# roomwire alone: what has no counterpart elsewhere.
measure_roomwire() {
    local label="roomwire, $1 loop$([ "$1" = 1 ] || echo s)" file=$scratch/budgets.jsonl
    # An event for one room of ten, beside as many other streams as fit, and beside ten.
    local all=$((many * 3 / 2))
    for count in 20 $((all < 18000 ? all : 18000)); do
        start roomwire "$1"
        load "$file" "$label" rooms --streams "$count" --active 1 --rate 500 --seconds "$seconds"
    done
    for count in $counts; do
        start roomwire "$1"
        load_paced "$file" "$label" "$count"
    done
    for count in 0 "$many"; do
        start roomwire "$1"
        load "$file" "$label" ingest --streams "$count" --seconds "$seconds"
        load "$file" "$label" ingest --streams "$count" --seconds "$seconds" --rate 5000
        load "$file" "$label" ingest --streams "$count" --seconds "$seconds" --rate 10000
    done
    start roomwire "$1"
    load "$file" "$label" storm --streams "$many"
    start roomwire "$1"
    # Fills what the relay keeps in memory, whoever listens.
    load "$scratch/unused.jsonl" "$label" ingest --streams 0 --seconds 4
    # Eight connections, since one waits for the disk at each event.
    load "$file" "$label" stall --streams $((stalled + 10)) --stalled "$stalled" --rate 1000 --connections 8 \
        --seconds "$seconds" --timeout 180
    stop_server
}

# The same over TLS, and what a handshake costs: everybody's first one; one that resumes; a new one of who was here.
measure_tls() {
    local file=$scratch/tls.jsonl label="$1, TLS"
    case $1 in
        roomwire) set -- roomwire 1 https:// ;;
        *) set -- "$1" https:// ;;
    esac
    start "$@"
    load "$file" "$label" idle --streams "$streams"
    start "$@"
    load_paced "$file" "$label" "$streams"
    load "$file" "$label" fanout --streams "$streams" --burst 100
    start "$@"
    load "$file" "$label" storm --streams "$streams" --missed 1
    start "$@"
    load "$file" "$label" storm --streams "$streams" --missed 1 --no-resumption
    stop_server
}

failed=0
for run in $(seq "$runs"); do
    if wants servers; then
        # The servers take turns at each step, so that a machine which grows slower or faster does so for all.
        for step in idle deliveries answers $counts; do
            [ "$step" != "$streams" ] || continue
            echo "run $run of $runs: $step" >&2
            for name in "$@"; do measure_server "$name" "$step"; done
        done
    fi
    if wants roomwire; then
        for loops in 1 2; do
            echo "run $run of $runs: roomwire with $loops loop(s)" >&2
            measure_roomwire "$loops"
        done
    fi
    if wants tls && [ -n "$can_tls" ]; then
        for name in "$@"; do
            case $name in roomwire | nchan) ;; *) continue ;; esac
            echo "run $run of $runs: $name over TLS" >&2
            measure_tls "$name"
        done
    fi
done
# Each table's reports are in a file of their own, so that ratios are to the first server of the table.
if wants servers; then "$roomwire_load" compare "$out"; fi
for file in "$scratch/budgets.jsonl" "$scratch/tls.jsonl"; do
    [ -s "$file" ] || continue
    [ "$tables" != all ] || echo
    "$roomwire_load" compare "$file"
    cat "$file" >>"$out"
done
exit $failed
