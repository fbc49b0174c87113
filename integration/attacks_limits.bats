# What a container can use up, and what it cannot. The numbers are those of docs/security.md.

load lib

setup_file() {
    remember_inventory
    cd "$CARTE_TEST" || return 1
    make_web_context "$CARTE_TEST/web"
    cat >carte.yaml <<'YAML'
name: greedy
x-box: &box {build: ./web, stop_signal: SIGKILL, restart: "no"}
services:
  calm:
    <<: *box
    healthcheck: {test: ["CMD", "true"], interval: 1s}
  flood:
    <<: *box
    command: ["yes"]
    deploy: {replicas: 2, resources: {limits: {cpus: "0.3"}}}
  bomb:
    <<: *box
    deploy: {resources: {limits: {cpus: "0.5"}}}
YAML
    carte-stack up -d --wait calm bomb
}

teardown_file() {
    cd "$CARTE_TEST" || return 1
    carte-stack down -t 0
    no_leaks
}

setup() {
    cd "$CARTE_TEST" || return 1
}

said() { # SERVICE TEXT
    grep -qF "$2" "$CARTE_ROOT/stacks/greedy/logs/$1"-1*.jsonl
}
# The file of a controller for the container of a replica, on either version.
limit_of() { # REPLICA CONTROLLER FILE
    local groups
    groups=/proc/$(field greedy "$1" Pid)/cgroup
    find /sys/fs/cgroup -path "*$(sed -n 's/^0:://p' "$groups")/$3" -o \
        -path "*/$2$(sed -n "s/^[0-9]*:$2://p" "$groups")/$3" | head -n 1
}

@test "S31 floods of lines are dropped in part, the log says so, and others are heard" {
    before=$(supervisor_pid greedy)
    carte-stack up -d
    eventually 30 said flood 'carte: output is dropped'
    carte-stack exec -T calm sh -c 'echo heard >/proc/1/fd/1'
    eventually 10 said calm heard
    healthy greedy calm 1
    eventually 30 said flood 'bytes of output were dropped'
    # Three files of 10 MiB for each replica, and what one record is longer.
    for i in 1 2; do
        [ "$(cat "$CARTE_ROOT/stacks/greedy/logs/flood-$i"*.jsonl | wc -c)" -le $((31 << 20)) ]
    done
    carte-stack stop -t 0 flood
    [ "$(supervisor_pid greedy)" = "$before" ]
}

# More than half of the processes it may have.
is_full() {
    [ "$(cat "$(limit_of greedy-bomb-1 pids pids.current)")" -gt 256 ]
}
@test "S32 a fork bomb has 512 processes, and ends with its replica" {
    [ "$(cat "$(limit_of greedy-bomb-1 pids pids.max)")" = 512 ]
    carte-stack exec -T bomb sh -c 'bomb() { bomb | bomb & }; bomb' 2>/dev/null || true
    eventually 20 is_full
    healthy greedy calm 1
    carte-stack exec -T calm true
    carte-stack stop -t 0 bomb
    [ "$(count greedy bomb running)" = 0 ]
    run ! ls "$CARTE_TEST/nothing"
}

@test "S35 a stack leaves the machine some of its memory" {
    all=$(($(awk '/^MemTotal:/ { print $2 }' /proc/meminfo) * 1024))
    file=$(limit_of greedy-calm-1 memory memory.max)
    file=${file:-$(limit_of greedy-calm-1 memory memory.limit_in_bytes)}
    limit=$(cat "$(dirname "$file")/../${file##*/}")
    [ "$limit" -le $((all - (256 << 20) + 4096)) ]
    [ "$limit" -ge $((all - (256 << 20) - all / 20)) ]
}

is_full_disk() {
    run ! carte-stack -p full exec -T hog sh -c 'echo more >/more'
}
@test "S36 a replica that fills the disk stops neither the others nor down" {
    mkdir small
    mount -t tmpfs -o size=32m tmpfs small
    export CARTE_ROOT=$PWD/small
    cat >full.yaml <<'YAML'
name: full
services:
  calm: {build: ./web, stop_signal: SIGKILL, healthcheck: {test: ["CMD", "true"], interval: 1s}}
  hog:
    build: ./web
    stop_signal: SIGKILL
    command: [sh, -c, "cat /dev/zero >/big; sleep 1000"]
YAML
    carte-stack -f full.yaml up -d --wait
    eventually 20 is_full_disk
    healthy full calm 1
    carte-stack -p full exec -T calm true
    # What is needed to go on stands in CARTE_RUN, and what is written whole stays whole.
    before=$(field full full-hog-1 Pid)
    old=$(supervisor_pid full)
    kill -KILL "$old"
    eventually 10 healthy full calm 1
    [ "$(field full full-hog-1 Pid)" = "$before" ]
    [ "$(supervisor_pid full)" != "$old" ]
    carte-stack -p full down -t 0
    [ "$(df --output=avail -k small | tail -n 1)" -gt 20000 ]
    carte fsck
    umount small
}

@test "S33 a supervisor with few descriptors says so, and goes on" {
    cat >few.yaml <<'YAML'
name: few
services:
  box: {build: ./web, stop_signal: SIGKILL, deploy: {replicas: 2}}
YAML
    prlimit --nofile=64:64 carte-stack -f few.yaml up -d --wait
    [ "$(count few box running)" = 2 ]
    before=$(supervisor_pid few)
    carte-stack -f few.yaml scale box=40 >log 2>&1 || true
    grep -q 'few-box-.*: Too many open files' log
    [ "$(supervisor_pid few)" = "$before" ]
    carte-stack -f few.yaml scale box=2
    eventually 20 has_count few box running 2
    [ "$(supervisor_pid few)" = "$before" ]
    carte-stack -p few down -t 0
}
