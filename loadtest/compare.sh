#!/bin/bash
# Measures roomwire beside the yardstick and Nchan in one run: each server alone on core 0, the load tester on core 1.
# Prints medians and ratios. See README.md beside this file.
#
#   loadtest/compare.sh [-n RUNS] [-s STREAMS] [-r RATE] [-t SECONDS] [-o FILE] [SERVER...]
#
# SERVER: yardstick, roomwire, nchan; default: all that are installed. The reports go to FILE, a line each.
set -eu

runs=3 streams=5000 rate=10 seconds=10 out=
while getopts n:s:r:t:o: option; do
    case $option in
        n) runs=$OPTARG ;;
        s) streams=$OPTARG ;;
        r) rate=$OPTARG ;;
        t) seconds=$OPTARG ;;
        o) out=$OPTARG ;;
        *) exit 2 ;;
    esac
done
shift $((OPTIND - 1))
here=$(cd "$(dirname "$0")" && pwd)
build=${ROOMWIRE_BUILD:-$here/../.build/release}
nchan_module=/usr/lib/nginx/modules/ngx_nchan_module.so
[ $# -gt 0 ] || set -- yardstick roomwire $([ -e "$nchan_module" ] && echo nchan)

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

cc -O2 -o "$scratch/yardstick" "$here/yardstick.c"

wait_for() {
    for _ in $(seq 100); do
        if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then return; fi
        sleep 0.1
    done
    echo "compare.sh: nothing listens on port $1" >&2
    cat "$scratch/log" >&2
    exit 1
}

# What the yardstick and Nchan publish is as long as what roomwire makes of a webhook, so that all write the same.
body='{"type":"participant_left","id":"1795201856123-0","source":"livekit","provider":"livekit","room":"load",'
body=$body'"timestamp":1795201856123,"receivedAt":1795201856124,"data":{"room":{"name":"load","id":"RM_loadtest00001",'
body=$body'"startedAt":"2026-11-20T21:04:16.000Z"},"participant":{"id":"PA_load100","identity":"guest-100",'
body=$body'"name":"{marker}","kind":"standard","joinedAt":"2026-11-20T21:04:16.000Z"},"durationSeconds":0,'
body=$body'"providerEvent":"participant_left"}}'

start_yardstick() {
    port=9101
    taskset -c 0 "$scratch/yardstick" $port 2>"$scratch/log" &
    server=$! measured=$!
    wait_for $port
}

start_roomwire() {
    port=9102
    rm -rf "$scratch/data"
    export LIVEKIT_API_KEY=APIload LIVEKIT_API_SECRET=load-test-secret-of-32-characters
    export ROOMWIRE_TOKEN_SECRET=load-test-token-secret-of-32-chars
    # No cap is to be met, and one core has one loop.
    ROOMWIRE_LOOPS=1 ROOMWIRE_STREAMS_TOTAL=19000 \
        taskset -c 0 "$build/roomwire" serve --listen 127.0.0.1:$port --data "$scratch/data" >"$scratch/log" 2>&1 &
    server=$! measured=$!
    wait_for $port
}

start_nchan() {
    port=9103
    mkdir -p "$scratch/nginx"
    sed "s|@PORT@|$port|; s|@DIR@|$scratch/nginx|; s|@MODULE@|$nchan_module|" "$here/nchan.conf" >"$scratch/nginx.conf"
    sed -i "s|@DIR@|$scratch/nginx|" "$scratch/nginx.conf"
    taskset -c 0 nginx -c "$scratch/nginx.conf" -g 'daemon off;' 2>"$scratch/log" &
    server=$!
    wait_for $port
    # The worker does the work; the master only waits.
    measured=$(cat "/proc/$server/task/$server/children")
}

load() {
    scenario=$1
    shift
    pids=
    for pid in $measured; do pids="$pids --server-pid $pid"; done
    case $label in
        roomwire) set -- --url http://127.0.0.1:$port "$@" ;;
        nchan)
            set -- --subscribe-url http://127.0.0.1:$port/events --publish-url http://127.0.0.1:$port/publish "$@"
            [ -n "$published" ] && set -- --publish-body "$body" "$@"
            ;;
        *)
            set -- --subscribe-url http://127.0.0.1:$port/ --publish-url http://127.0.0.1:$port/ "$@"
            [ -n "$published" ] && set -- --publish-body "$body" "$@"
            ;;
    esac
    # Faults are counted in the report; they do not end the comparison.
    taskset -c 1 "$build/roomwire-load" "$scenario" $pids --streams "$streams" --label "$label" --json "$@" \
        >>"$out" || failed=1
}

failed=0 published=1
for run in $(seq "$runs"); do
    for label in "$@"; do
        echo "run $run of $runs: $label" >&2
        # A fresh server for idle: memory that an earlier scenario left free would be taken again unseen.
        "start_$label"
        load idle
        stop_server
        "start_$label"
        load connect
        load fanout --rate "$rate" --seconds "$seconds"
        load fanout --burst 100
        # The yardstick keeps nothing that one could resume from.
        [ "$label" = yardstick ] || load resume
        stop_server
    done
done
"$build/roomwire-load" compare "$out"
exit $failed
