#!/usr/bin/env bash
# Runs the benches; see README.md.
#   run.sh                                       all parts, from nothing, and then RESULTS.md and its plots
#   run.sh resume                                the parts that the last run has not, and then the same
#   run.sh SUBJECT [ROUNDS [TIMES [SIDE]]]       one of them; with a SIDE nothing is recorded
#   run.sh report                                RESULTS.md and its plots, of what there is
# In the environment:
#   QUICK=yes         few rounds: to see that everything runs
#   PIN=one|two|any   where client and server run, instead of where each part has them
#   LIBRARY=FILE      another C library than a fresh release build; JAR=FILE another jar; PYTHON=FILE one that has the package and what
#                     python.txt names
#   RUN_UNDER=COMMAND goes before the measured program, such as "strace -c"
set -euo pipefail
# shellcheck source=benches/lib.sh
. "$(dirname "$0")/lib.sh"

subjects=(header token warm get threads cold system stream growth command load memory store instructions size counts python java)
kept=$out/results

# Of each subject when QUICK: rounds, and times.
quick() {
    case $1 in
        stream) echo 3 1 ;;
        token | header) echo 5 200 ;;
        threads | growth) echo 3 1 ;;
        store) echo 3 50 ;;
        python) echo 5 20 ;;
        java) echo 2 100 ;;
        command) echo 30 ;;
        load) echo 15 ;;
        *) echo 7 100 ;;
    esac
}

# The instructions of one call: instructions PROGRAM SIDE FUNCTION. Of a run with 100 calls more than another, so that what comes once is not
# counted.
instructions() {
    local times counted=()
    for times in 100 200; do
        RUN_UNDER="valgrind --tool=callgrind --toggle-collect=$3 --callgrind-out-file=/dev/null" \
            bench one "$out/$1" -- 1 "$times" "$2" 2>"$out/callgrind.log" || { cat "$out/callgrind.log" >&2; return 1; }
        counted+=("$(sed -n 's/.*Collected : *//p' "$out/callgrind.log")")
    done
    # Before its round each has a quarter of one to warm up.
    echo $(((counted[1] - counted[0]) / 125 / ${4:-1}))
}

instructions_beside() { # WORK PROGRAM CALLS PEER SIDE FUNCTION [PEER SIDE FUNCTION]...
    local work=$1 program=$2 calls=$3 ours theirs
    shift 3
    ours=$(instructions "$program" boomi boomi_once "$calls")
    while [ $# -gt 0 ]; do
        theirs=$(instructions "$program" "$2" "$3" "$calls")
        figure "$work" "ours" "$ours" "$1" "$theirs" instructions
        shift 3
    done
}

# The time of many accounts' tokens is also the memory's, which a processor has nearer or farther; their instructions are the code's alone.
instructions_of_accounts() {
    local many counted
    needs valgrind valgrind || return 1
    for many in 10 100 1000 10000; do
        RUN_UNDER="valgrind --tool=callgrind --toggle-collect=kept_tokens --callgrind-out-file=/dev/null" \
            bench one "$out/growth" -- 1 "$many" counted 2>"$out/callgrind.log" || { cat "$out/callgrind.log" >&2; return 1; }
        counted=$(sed -n 's/.*Collected : *//p' "$out/callgrind.log")
        printf '%-28s %-40s %8d accounts: %s\n' 'accounts, instructions' 'a kept token of each, in no order' "$many" "$counted"
        record kind point curve 'accounts, instructions' of accounts what 'a kept token of each, in no order' unit instructions \
            x "$many" y "$counted" low "$counted" high "$counted" pinning 'one processor'
    done
}

# figure WORK OURS VALUE PEER VALUE UNIT: a row of one value for each side.
figure() {
    local ratio
    ratio=$(awk -v ours="$3" -v theirs="$5" 'BEGIN { printf "%.4g", ours / theirs }')
    printf '%-40s %-36s %6.3f; %s beside %s %s\n' "$1" "$4" "$ratio" "$3" "$5" "$6"
    record kind row work "$1" ours "$2" ours_value "$3" peer "$4" peer_value "$5" unit "$6" ratio "$ratio" limit 0 rounds 1 \
        pinning "${BENCH_PINNING:-}"
}

# part SUBJECT [ROUNDS [TIMES [SIDE]]]
part() {
    local subject=$1
    shift
    build_server
    case $subject in
        header | token | warm | get | threads | cold | stream) build_c "$subject" ;;
        system) build_c cold ;;
        growth) build_c growth ;;
        load) build_c load ;;
        python | counts) build_python ;;
        java) build_java ;;
    esac
    case $subject in
        # Nothing is timed.
        size | instructions | counts | memory) ;;
        *) spin ;;
    esac
    case $subject in
        header | cold | stream) bench one "$out/$subject" -- "$@" ;;
        system) CA_FILE=system bench one "$out/cold" -- "$@" ;;
        token | threads) bench any "$out/$subject" -- "$@" ;;
        warm | get)
            bench one "$out/$subject" -- "$@"
            [ -n "${PIN:-}" ] || [ $# -gt 2 ] || bench two "$out/$subject" -- "$@" ;;
        growth)
            for curve in tokens accounts body; do bench one "$out/growth" -- "${1:-9}" 1 "$curve"; done
            bench any "$out/growth" -- "${1:-9}" 1 threads
            instructions_of_accounts ;;
        *) "part_$subject" "$@" ;;
    esac
}

# From start to end, without a connection.
part_command() {
    needs hyperfine hyperfine curl curl
    cargo build --quiet --locked --release --manifest-path "$root/Cargo.toml" -p boomi-auth-cli
    pin one
    env -i PATH="$PATH" HOME="$out" BOOMI_USERNAME=user@example.com BOOMI_API_TOKEN=token "${client_on[@]}" \
        hyperfine -N --style none --warmup 20 --runs "${1:-300}" --export-json "$out/command.json" \
        "$target/release/boomi-auth header" "curl --version" >/dev/null
    python3 "$here/figures.py" command "$out/command.json"
}

part_load() {
    pin one
    "${client_on[@]}" "$out/load" "$(build_library "$out/lib")" libcurl.so.4 "${1:-101}"
}

# Two programs, each linked with one library alone.
part_memory() {
    local library side ours theirs
    library=$(build_library "$out/lib")
    cc "${flags[@]}" -I"$root/include" -o "$out/memory-boomi" "$here/memory.c" "$library" "-Wl,-rpath,$out/lib"
    cc "${flags[@]}" -DWITH_CURL -o "$out/memory-curl" "$here/memory.c" -lcurl
    for side in boomi curl; do
        # It takes the port of TLS and the CA.
        # shellcheck disable=SC2016
        bench one sh -c '"$0" "$1" "$3"' "$out/memory-$side" -- >"$out/memory-$side.txt"
    done
    read -r -a ours <"$out/memory-boomi.txt"
    read -r -a theirs <"$out/memory-curl.txt"
    figure 'memory of a process with one warm client' resident "${ours[0]}" libcurl "${theirs[0]}" KiB
    figure 'memory of a process, without files' 'resident, anonymous' "${ours[1]}" libcurl "${theirs[1]}" KiB
}

# With the feature redis, and a server of its own.
part_store() {
    local library redis port
    redis=$(command -v valkey-server || command -v redis-server) || { needs redis-server redis-server; return 1; }
    library=$(LIBRARY='' build_library "$out/with-redis" --features redis --target-dir "$out/redis")
    cc "${flags[@]}" -I"$root/include" -o "$out/store" "$here/store.c" "$library" "-Wl,-rpath,$out/with-redis" -lcurl -lssl -lcrypto
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    "$redis" --port "$port" --bind 127.0.0.1 --save '' --appendonly no >/dev/null &
    redis=$!
    STORE=redis://127.0.0.1:$port bench any "$out/store" -- "$@" || { kill "$redis"; return 1; }
    kill "$redis"
}

# They do not vary from run to run. valgrind's processor has no AVX-512, which both sides would use.
part_instructions() {
    needs valgrind valgrind
    build_c header
    build_c get
    build_c warm
    instructions_beside 'instructions of a header' header 100 'snprintf, EVP_EncodeBlock' openssl openssl_once
    instructions_beside 'instructions of a GET of 1 KiB' get 1 libcurl curl curl_once 'floor: bare rustls' rustls floor_once
    instructions_beside 'instructions of a JWT exchange' warm 1 libcurl curl curl_once 'floor: bare rustls' rustls rustls_exchange \
        'floor: bare OpenSSL' tls tls_exchange
}

part_size() {
    build_python
    build_java
    local wheel=("$out"/wheels/*.whl) jar=${JAR:-}
    [ -n "$jar" ] || jar=$(ls "$root"/bindings/java/boomi-auth/target/boomi-auth-[0-9.]*[0-9].jar)
    "$PYTHON" -Es "$here/figures.py" size "$(build_library "$out/lib")" "${wheel[0]}" "$jar" "$out/java/lib"
}

# No times: what the emulator was asked, in an hour that passes as fast as the calls.
part_counts() {
    needs faketime faketime curl curl
    build_java
    cargo build --quiet --locked --manifest-path "$root/Cargo.toml" -p boomi-emulator
    local preload
    preload=$(faketime -f +0 printenv LD_PRELOAD)
    pin any
    echo +0 >"$out/faketime"
    "$root/tests/emulator/with-emulator.sh" "$emulator" env LD_PRELOAD="$preload" FAKETIME_NO_CACHE=1 \
        FAKETIME_TIMESTAMP_FILE="$out/faketime" "$PYTHON" -Es "$here/counts.py" \
        "$JAVA" -cp "$out/java/*:$out/java/lib/*" org.boomiauth.bench.WrongPassword
}

part_python() {
    bench one "$PYTHON" -Es "$here/python.py" -- "$@"
}

part_java() {
    local java=("$JAVA" --sun-misc-unsafe-memory-access=allow "-Dbench.log=$out/java.log" -cp "$out/java/*:$out/java/lib/*")
    bench one "${java[@]}" org.boomiauth.bench.Main -- "$@"
    # On two processors every client jumps between two levels, even within one process.
    [ -n "${PIN:-}" ] || bench two "${java[@]}" -Dbench.subjects=get org.boomiauth.bench.Main -- "${1:-3}" "${@:2}"
}

# Runs one part, and keeps its rows when it is whole.
run() {
    local subject=$1 began result=0
    shift
    case " ${subjects[*]} " in *" $subject "*) ;; *) say "no subject \"$subject\": ${subjects[*]}"; return 2 ;; esac
    # shellcheck disable=SC2046
    [ -z "${QUICK:-}" ] || [ $# -gt 0 ] || set -- $(quick "$subject")
    mkdir -p "$kept"
    unset BENCH_RESULTS
    if [ $# -lt 3 ]; then
        export BENCH_RESULTS=$kept/$subject.new
        : >"$BENCH_RESULTS"
    fi
    began=$(date +%s)
    say "$subject ..."
    # In a process of its own, which -e ends at its first failure.
    "$BASH" "$0" part "$subject" "$@" || result=$?
    if [ $result != 0 ]; then
        say "$subject: FAILED"
        return 1
    fi
    say "$subject: $(($(date +%s) - began)) s"
    [ -n "${BENCH_RESULTS:-}" ] || return 0
    record kind part subject "$subject" began "$began" seconds "$(($(date +%s) - began))" quick "${QUICK:-no}" \
        commit "$(git -C "$root" rev-parse --short HEAD 2>/dev/null || echo unknown)" load "$(cut -d' ' -f1 /proc/loadavg)"
    mv "$BENCH_RESULTS" "$kept/$subject.jsonl"
}

report() { python3 "$here/report.py" "$kept" "$here" "${subjects[@]}"; }

all() {
    local subject failed=
    for subject in "${subjects[@]}"; do
        [ ! -e "$kept/$subject.jsonl" ] || continue
        run "$subject" || failed="$failed $subject"
    done
    report
    [ -z "$failed" ] || { say "failed:$failed; benches/run.sh resume runs them again"; return 1; }
}

case ${1:-all} in
    all)
        rm -rf "$kept"
        all ;;
    resume) all ;;
    report) report ;;
    part)
        trap end_spinners EXIT
        trap 'exit 1' HUP INT TERM
        shift
        part "$@" ;;
    *) run "$@" ;;
esac
