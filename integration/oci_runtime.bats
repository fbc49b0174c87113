# runtime.md of the OCI runtime specification: each test is named after its section.

load lib_bundle

@test "runtime.md#scope: another process can use the container" {
    oci create box </dev/null
    setsid -w "$(command -v "$OCI")" --root "$CARTE_TEST/oci" start box
    has_status box running
}

@test "runtime.md#state: ociVersion, id, status, pid, bundle, annotations" {
    edit '.annotations = {"a.b": "c"}'
    oci create box </dev/null
    oci state box >state
    jq -e '.ociVersion == "1.3.0" and .id == "box" and .status == "created"' state
    jq -e --arg b "$PWD" '.bundle == $b and .annotations["a.b"] == "c"' state
    [ -d "/proc/$(jq .pid state)" ]
}

@test "runtime.md#state: status is created, running, stopped" {
    edit "$(sh_args 'read x <>/tmp/fifo')"
    mkfifo rootfs/tmp/fifo
    oci create box </dev/null
    has_status box created
    oci start box
    has_status box running
    echo go >rootfs/tmp/fifo
    eventually 10 has_status box stopped
    rm rootfs/tmp/fifo
}

@test "runtime.md#state: a pid that belongs to another process now is not the container's" {
    oci create box </dev/null
    oci kill box KILL
    eventually 10 has_status box stopped
    jq --argjson p $$ '.pid = $p' "$CARTE_TEST/oci/box/record.json" >new
    cat new >"$CARTE_TEST/oci/box/record.json"
    has_status box stopped
    refused 'container not running' oci kill box TERM
}

@test "runtime.md#state: an id is one container's, a pid is the first process, a bundle is absolute" {
    cd ..
    oci create --bundle bundle box </dev/null
    [ "$(oci state box | jq -r .bundle)" = "$CARTE_TEST/bundle" ]
    [ "$(oci exec box sh -c 'readlink /proc/self/ns/pid')" = "$(readlink "/proc/$(oci state box | jq .pid)/ns/pid")" ]
    [ "$(oci list -q)" = box ]
}

@test "runtime.md#state: paused is a status of our own, for what no other one means" {
    oci create box </dev/null
    oci start box
    oci pause box
    has_status box paused
    oci resume box
    has_status box running
}

@test "runtime.md#warnings: what was warned of goes on as if it had not been" {
    edit '.process.capabilities.bounding += ["CAP_MOON"]' '.hooks.poststop = [{"path": "/bin/false"}]'
    oci create box </dev/null 2>warning
    grep -q 'warning: .*CAP_MOON' warning
    has_status box created
    oci start box
    has_status box running
    oci delete --force box 2>warning
    grep -q 'warning: .*poststop' warning
}

@test "runtime.md#kill: a signal to a paused container is delivered once it goes on" {
    edit "$(sh_args 'trap "exit 3" TERM; echo >/tmp/ready; while :; do sleep 0.1; done')"
    oci create box </dev/null
    oci start box
    eventually 10 test -e rootfs/tmp/ready
    oci pause box
    oci kill box TERM
    oci resume box
    eventually 10 has_status box stopped
}

@test "runtime.md#lifecycle: later edits of config.json have no effect" {
    edit "$(sh_args 'echo first >/tmp/said')"
    oci create box </dev/null
    edit "$(sh_args 'echo second >/tmp/said')"
    oci start box
    eventually 10 has_status box stopped
    [ "$(cat rootfs/tmp/said)" = first ]
}

@test "runtime.md#errors: an operation that fails leaves nothing" {
    for expression in '.process.args = []' '.root.path = "missing"' \
        '.mounts += [{"destination": "/x", "type": "nosuchfs", "source": "x"}]' \
        '.mounts += [{"destination": "/x", "type": "bind", "source": "/missing", "options": ["bind"]}]' \
        '.linux.namespaces += [{"type": "moon"}]' \
        '.linux.sysctl = {"net.no.such": "1"}' \
        '.hooks.createRuntime = [{"path": "/bin/false"}]' \
        '.hooks.createContainer = [{"path": "/bin/false"}]' \
        '.linux.resources.memory.limit = -5' \
        '.linux.namespaces |= map(if .type == "network" then .path = "/proc/self/ns/uts" else . end)'; do
        edit "$expression"
        echo "$expression"
        fails oci create box </dev/null
        nothing_left
    done
}

@test "runtime.md#state-operation: an error without an id, and of an unknown container" {
    refused 'needs ID' oci state
    refused 'does not exist' oci state nobody
}

@test "runtime.md#create: an error without an id or a bundle" {
    refused 'needs ID' oci create
    refused '/does/not/exist' oci create --bundle /does/not/exist box
    nothing_left
}

@test "runtime.md#create: an id that is taken or not valid makes no container" {
    oci create box </dev/null
    pid=$(oci state box | jq .pid)
    refused 'exists' oci create box </dev/null
    [ "$(oci state box | jq .pid)" = "$pid" ]
    has_status box created
    for id in ../x a/b .x '' 'a b' $'a\nb'; do
        fails oci create "$id" </dev/null
    done
    [ "$(ls "$CARTE_TEST/oci")" = box ]
}

@test "runtime.md#create: resources are made, the program does not run" {
    edit "$(sh_args 'touch /tmp/ran')"
    rm -f rootfs/tmp/ran
    oci create box </dev/null
    has_status box created
    [ ! -e rootfs/tmp/ran ]
    [ -n "$(find /sys/fs/cgroup -type d -path "*$(cgroup_name)")" ]
}

@test "runtime.md#create: a created container survives its maker and keeps nothing open of it" {
    exec 7<plain.json
    oci create box </dev/null
    exec 7<&-
    pid=$(oci state box | jq .pid)
    ls -l "/proc/$pid/fd"
    fails grep -qE 'plain.json|lock$|record.json' <(ls -l "/proc/$pid/fd")
}

@test "runtime.md#create: every property but process.args is applied" {
    edit '.hostname = "made"'
    oci create box </dev/null
    [ "$(oci exec box hostname)" = made ]
}

@test "runtime.md#start: an error without an id, and of an unknown container" {
    refused 'needs ID' oci start
    refused 'does not exist' oci start nobody
}

@test "runtime.md#start: an error when it is not created, without an effect" {
    oci create box </dev/null
    oci start box
    pid=$(oci state box | jq .pid)
    refused 'running' oci start box
    has_status box running
    [ "$(oci state box | jq .pid)" = "$pid" ]
    oci kill box KILL
    eventually 10 has_status box stopped
    refused 'stopped' oci start box
}

@test "runtime.md#start: an error when process is not set" {
    edit 'del(.process)'
    oci create box </dev/null
    has_status box created
    refused 'no process' oci start box
    oci delete box
}

@test "runtime.md#start: runs the program" {
    edit "$(sh_args 'echo ran >/tmp/ran')"
    oci create box </dev/null
    oci start box
    eventually 10 has_status box stopped
    [ "$(cat rootfs/tmp/ran)" = ran ]
}

@test "runtime.md#start: a program that is not there or cannot be executed is an error" {
    edit '.process.args = ["/no/such/program"]'
    oci create box </dev/null || true
    [ ! -d "$CARTE_TEST/oci/box" ] || refused '/no/such/program' oci start box
    remove_containers
    edit '.process.args = ["/etc/passwd"]'
    oci create box </dev/null || true
    [ ! -d "$CARTE_TEST/oci/box" ] || refused 'permission denied' oci start box
}

@test "runtime.md#kill: an error without an id, of an unknown container, and of a stopped one" {
    refused 'needs ID' oci kill
    refused 'does not exist' oci kill nobody TERM
    edit '.process.args = ["true"]'
    oci create box </dev/null
    oci start box
    eventually 10 has_status box stopped
    refused 'container not running' oci kill box TERM
    has_status box stopped
}

@test "runtime.md#kill: sends the signal, by name and by number" {
    for signal in USR1 SIGUSR1 10; do
        edit "$(sh_args 'trap "echo got >/tmp/got; exit" USR1; echo >/tmp/ready; while :; do sleep 1; done')"
        rm -f rootfs/tmp/{got,ready}
        oci create box </dev/null
        oci start box
        eventually 10 test -e rootfs/tmp/ready
        oci kill box "$signal"
        eventually 10 has_status box stopped
        [ -e rootfs/tmp/got ]
        oci delete box
    done
    refused 'no signal' oci kill box MOON
}

@test "runtime.md#kill: also a created container" {
    oci create box </dev/null
    oci kill box KILL
    eventually 10 has_status box stopped
    oci delete box
}

@test "runtime.md#kill: --all reaches every process" {
    edit "$(sh_args 'sleep 1000 & sleep 1000 & echo >/tmp/ready; wait')"
    rm -f rootfs/tmp/ready
    oci create box </dev/null
    oci start box
    eventually 10 test -e rootfs/tmp/ready
    [ "$(oci ps --format json box | jq length)" = 3 ]
    oci kill --all box KILL
    eventually 10 has_status box stopped
}

# The runtime stops itself once it has looked who is in the cgroup: it opens the first process to see
# whether it lives, and then each of the cgroup.
@test "kill --all: who has left the cgroup meanwhile gets no signal" {
    local pid left tracer
    oci create box </dev/null
    oci start box
    pid=$(oci state box | jq .pid)
    strace -o trace -e trace=pidfd_open,pidfd_send_signal -e inject=pidfd_open:signal=STOP:when=2 \
        "$OCI" --root "$CARTE_TEST/oci" kill --all box KILL 3>&- &
    tracer=$!
    eventually 10 grep -q 'stopped by SIGSTOP' trace
    for left in $(find_cgroups -mindepth 1 -maxdepth 4 -type d -path "*/$(cgroup_name)"); do
        echo "$pid" >"$(dirname "$left")/cgroup.procs"
    done
    pkill -CONT -P "$tracer"
    wait "$tracer"
    [ "$(grep -c pidfd_open trace)" = 2 ]
    fails grep pidfd_send_signal trace
    kill -KILL "$pid"
    eventually 10 has_status box stopped
}

@test "runtime.md#delete: an error without an id, and of an unknown container" {
    refused 'needs ID' oci delete
    refused 'does not exist' oci delete nobody
    oci delete --force nobody
}

# The specification wants an error for a created container, too. Engines delete such containers
# when they give up between create and start, and all runtimes let them.
@test "runtime.md#delete: an error for a running container, without an effect" {
    oci create box </dev/null
    oci start box
    refused 'running' oci delete box
    has_status box running
}

@test "runtime.md#delete: a created container is deleted, as other runtimes do" {
    oci create box </dev/null
    pid=$(oci state box | jq .pid)
    oci delete box
    eventually 10 is_gone "$pid"
}

@test "runtime.md#delete: removes what create made; the id is free" {
    edit '.process.args = ["true"]'
    for _ in 1 2; do
        oci create box </dev/null
        oci start box
        eventually 10 has_status box stopped
        oci delete box
        nothing_left
    done
}

@test "runtime.md#delete: does not remove what create did not make" {
    mkdir -p keep
    touch keep/file
    edit ".mounts += [{\"destination\": \"/keep\", \"type\": \"bind\", \"source\": \"$PWD/keep\", \"options\": [\"rbind\"]}]"
    oci create box </dev/null
    oci delete box
    [ -e keep/file ] && [ -x rootfs/bin/sh ] && [ -e config.json ]
}

@test "runtime.md#delete: --force ends a running container with all its processes" {
    edit "$(sh_args 'sleep 1000 & echo >/tmp/ready; wait')"
    rm -f rootfs/tmp/ready
    oci create box </dev/null
    oci start box
    eventually 10 test -e rootfs/tmp/ready
    pids=$(oci ps --format json box | jq -r '.[]')
    oci delete --force box
    for pid in $pids; do eventually 10 is_gone "$pid"; done
}

@test "a record of another boot is deleted without touching what has its names now" {
    oci create box </dev/null
    pid=$(oci state box | jq .pid)
    jq '.bootId = "00000000-0000-0000-0000-000000000000"' "$CARTE_TEST/oci/box/record.json" >new
    cat new >"$CARTE_TEST/oci/box/record.json"
    has_status box stopped
    oci delete box
    [ ! -e "$CARTE_TEST/oci/box" ]
    fails is_gone "$pid"
    kill -KILL "$pid"
    eventually 10 is_gone "$pid"
    remove_containers
}

@test "a create that is killed half-way leaves what delete removes" {
    edit '.hooks.createRuntime = [{"path": "/bin/sh", "args": ["sh", "-c", "echo >'"$PWD"'/reached; read x <>'"$PWD"'/gate"]}]'
    rm -f reached gate
    mkfifo gate
    oci create box </dev/null >/dev/null 2>&1 3>&- &
    eventually 10 test -e reached
    has_status box creating
    kill -KILL "$(jq .creator "$CARTE_TEST/oci/box/record.json")"
    wait
    has_status box stopped
    oci delete box
    nothing_left
    echo >gate # the hook, which nobody waits for, ends
}

# kill_at CALL NUMBER COMMAND...: carte-oci is killed when it comes to the system call.
kill_at() {
    run strace -qq -o /dev/null -e "trace=$1" -e "inject=$1:signal=KILL:when=$2" "$OCI" --root "$CARTE_TEST/oci" "${@:3}" </dev/null
    [ "$status" -ne 0 ]
}

# fail_at CALL COMMAND...: whenever carte-oci makes the system call it fails.
fail_at() {
    fails strace -qq -o /dev/null -e "trace=$1" -e "inject=$1:error=EIO" "$OCI" --root "$CARTE_TEST/oci" "${@:2}" </dev/null
}

@test "runtime.md#errors: a create that cannot lock, and a run that cannot start, leave nothing" {
    fail_at fcntl create box
    nothing_left
    fail_at connect run --detach box
    nothing_left
}

@test "runtime.md#delete: who cannot find out whose a cgroup is does not say that it is gone" {
    oci run --detach box </dev/null
    one=$(find /sys/fs/cgroup -mindepth 2 -maxdepth 2 -name "$(cgroup_name)" | head -n 1)
    fails strace -qq -o /dev/null -P "$one" -e trace=newfstatat -e inject=newfstatat:error=EIO \
        "$OCI" --root "$CARTE_TEST/oci" delete --force box
    oci delete --force box
    nothing_left
}

@test "a create that is killed leaves alone who lives in the cgroup that it asks for" {
    oci create first </dev/null
    oci start first
    for call in mkdirat unlinkat renameat; do
        for number in 1 2 3 4 5 6; do
            kill_at "$call" "$number" create second
            oci delete --force second || [ ! -e "$CARTE_TEST/oci/second" ]
            has_status first running
        done
    done
}

@test "who has stopped does not take along who lives in the same cgroup now" {
    oci create first </dev/null
    oci kill first KILL
    eventually 10 has_status first stopped
    oci create second </dev/null
    oci start second
    oci kill --all first KILL
    has_status second running
    [ "$(oci ps --format json first)" = '[]' ]
    oci delete first
    has_status second running
    [ -n "$(oci ps --format json second | jq '.[]')" ]
}
