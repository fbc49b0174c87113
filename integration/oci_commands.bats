# The command line of carte-oci, as engines and people use it.

load lib_bundle

start_box() {
    edit "$@"
    oci create box </dev/null
    oci start box
}
value_of() {
    find /sys/fs/cgroup -path "*$(cgroup_name)/$1" -o -path "*$(cgroup_name)/$2" | head -n 1 | xargs cat
}

# receive SOCKET: take one descriptor there, as an engine does; its file goes to `seen`, and what
# can be read from it until its end to `read`.
receive() {
    cat >receive.py <<'PYTHON'
import array, os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen(1)
open("ready", "w").close()
peer, _ = server.accept()
_, control, _, _ = peer.recvmsg(4096, 64)
fd = array.array("i", control[0][2])[0]
with open("seen.new", "w") as seen:
    seen.write(os.readlink("/proc/self/fd/%d" % fd))
os.rename("seen.new", "seen")
with open("read", "wb") as out:
    while True:
        try:
            piece = os.read(fd, 4096)
        except OSError:
            break
        if not piece:
            break
        out.write(piece)
        out.flush()
PYTHON
    timeout 40 python3 receive.py "$1" 3>&- &
    eventually 10 test -e ready
}

@test "create --pid-file: the id of the process" {
    oci create --pid-file pid box </dev/null
    [ "$(cat pid)" = "$(oci state box | jq .pid)" ]
}

@test "create --console-socket: the master of the terminal, of the right size" {
    command -v python3 >/dev/null || skip 'needs python3'
    receive console.sock
    edit '.process.terminal = true | .process.consoleSize = {height: 33, width: 77}' "$(sh_args 'tty; stty size')"
    oci create --console-socket console.sock box
    eventually 10 grep -q ptmx seen
    oci start box
    wait
    grep -q '/dev/pts/0' read
    grep -q '33 77' read
}

@test "create --console-socket: nobody listens, or no terminal is wanted: an error, and nothing is left" {
    edit '.process.terminal = true'
    refused 'missing.sock' oci create --console-socket missing.sock box
    nothing_left
    edit
    touch file
    refused 'terminal' oci create --console-socket file box
    nothing_left
}

@test "create --pidfd-socket: a descriptor of the process" {
    command -v python3 >/dev/null || skip 'needs python3'
    receive pidfd.sock
    oci create --pidfd-socket pidfd.sock box </dev/null
    eventually 10 test -s seen
    grep -q pidfd seen
    wait
}

@test "create -f: another file than config.json" {
    edit '.annotations = {"which": "other"}'
    mv config.json other.json
    oci create -f other.json box </dev/null
    [ "$(oci state box | jq -r .annotations.which)" = other ]
}

@test "create --no-pivot is refused, --no-new-keyring shares the keyring" {
    refused 'no-pivot' oci create --no-pivot box </dev/null
    oci create --no-new-keyring box </dev/null
}

@test "run: --detach, --keep, and the foreground" {
    edit "$(sh_args 'cat >/tmp/got; echo out; echo err >&2; exit 4')"
    run -4 --separate-stderr oci run box < <(echo text)
    [ "$output" = out ] && [ "$stderr" = err ] && [ "$(cat rootfs/tmp/got)" = text ]
    nothing_left
    run -4 oci run --keep box </dev/null
    has_status box stopped
    oci delete box
    edit
    oci run --detach box </dev/null >/dev/null 2>&1
    has_status box running
}

@test "run: signals are passed on" {
    edit "$(sh_args 'trap "echo got; exit 7" TERM; echo >/tmp/ready; while :; do sleep 0.1; done')"
    "$OCI" --root "$CARTE_TEST/oci" run box </dev/null >seen 3>&- &
    runner=$!
    eventually 10 test -e rootfs/tmp/ready
    kill -TERM "$runner"
    code=0
    wait "$runner" || code=$?
    [ "$code" = 7 ]
    [ "$(cat seen)" = got ]
}

@test "exec: the process by options" {
    start_box '.process.env += ["A=1"]'
    [ "$(oci exec --env B=2 --cwd /tmp --user 5:6 -g 7 box sh -c 'echo $A$B; pwd; id -u; id -g' | tr '\n' ' ')" = '12 /tmp 5 6 ' ]
    oci exec --user 5:6 -g 7 box id -G | grep -qw 7
    run -9 oci exec box sh -c 'exit 9'
    run -127 oci exec box /missing
    run -126 oci exec box /etc/passwd
    [ "$(echo text | oci exec box cat)" = text ]
    refused 'a command is needed' oci exec box
}

@test "exec: the process by a file" {
    start_box
    jq '.process.args = ["sh", "-c", "id -u; echo $X"] | .process.env += ["X=y"] | .process.user.uid = 9 | .process' plain.json >process.json
    [ "$(oci exec --process process.json box | tr '\n' ' ')" = '9 y ' ]
    jq '.args = []' process.json >bad.json
    refused 'args' oci exec --process bad.json box
    refused 'exclude' oci exec --process process.json box true
}

@test "exec: in the container's namespaces and cgroup, with no more rights" {
    start_box
    pid=$(oci state box | jq .pid)
    for ns in mnt net pid ipc uts cgroup; do
        [ "$(oci exec box readlink "/proc/self/ns/$ns")" = "$(readlink "/proc/$pid/ns/$ns")" ]
    done
    oci exec box cat /proc/1/cgroup >first
    oci exec box cat /proc/self/cgroup >second
    diff first second
    [ "$(oci exec box grep CapEff /proc/self/status)" = "$(oci exec box grep CapEff /proc/1/status)" ]
    [ "$(oci exec --cap CAP_NET_RAW box grep CapEff /proc/self/status)" != "$(oci exec box grep CapEff /proc/1/status)" ]
    oci exec --no-new-privs box grep -E 'NoNewPrivs:.*1' /proc/self/status
}

@test "exec: only descriptors 0, 1 and 2, and --preserve-fds" {
    start_box
    exec 8</dev/null
    oci exec box ls -l /proc/self/fd >fds
    exec 8<&-
    fails grep -qE ' ([4-9]|[1-9][0-9]+) -> ' fds
    echo third >third
    [ "$(oci exec --preserve-fds 1 box sh -c 'cat <&3' 3<third)" = third ]
}

@test "exec: --detach, --pid-file, --console-socket" {
    command -v python3 >/dev/null || skip 'needs python3'
    start_box
    oci exec --detach --pid-file pid box sleep 500 </dev/null >/dev/null 2>&1
    grep -q sleep "/proc/$(cat pid)/comm"
    receive console.sock
    oci exec --detach --tty --console-socket console.sock box sh -c 'tty; exit'
    wait
    grep -q /dev/pts/ read
}

@test "exec: not in a stopped or paused container" {
    start_box
    oci pause box
    refused 'paused' oci exec box true
    oci resume box
    oci kill box KILL
    eventually 10 has_status box stopped
    refused 'stopped' oci exec box true
}

@test "ps and list" {
    start_box
    pid=$(oci state box | jq .pid)
    [ "$(oci ps --format json box)" = "[$pid]" ]
    oci ps box | grep -qE "^$pid +sleep 1000"
    [ "$(oci list -q)" = box ]
    [ "$(oci list --format json | jq -r '.[0] | "\(.id) \(.status) \(.pid)"')" = "box running $pid" ]
    oci list | grep -qE "^box +$pid +running"
}

@test "pause and resume" {
    start_box
    oci pause box
    has_status box paused
    refused 'paused' oci pause box
    refused 'paused' oci delete box
    oci resume box
    has_status box running
    refused 'not paused' oci resume box
    oci pause box
    oci kill box KILL
    eventually 10 has_status box stopped
}

@test "delete --force of a paused container" {
    start_box
    oci pause box
    oci delete --force box
}

@test "update: by options, by a file, by the standard input" {
    start_box '.linux.resources.memory.limit = 134217728'
    oci update --memory 64M --pids-limit 11 box
    [ "$(value_of memory.limit_in_bytes memory.max)" = 67108864 ]
    [ "$(value_of pids.max pids.max)" = 11 ]
    echo '{"memory": {"limit": 33554432}}' | oci update --resources - box
    [ "$(value_of memory.limit_in_bytes memory.max)" = 33554432 ]
    [ "$(value_of pids.max pids.max)" = 11 ]
    echo '{"pids": {"limit": 12}}' >limits
    oci update --resources=limits box
    [ "$(value_of pids.max pids.max)" = 12 ]
    refused 'nothing to change' oci update box
    refused 'pids.limit' oci update --resources - box <<<'{"pids": {"limit": "x"}}'
    refused '--memory' oci update --memory much box
}

@test "events: figures once, and an end with the container" {
    start_box
    oci events --stats box >stats
    jq -e '.type == "stats" and .id == "box" and .data.pids.current == 1 and .data.memory.usage.usage > 0 and .data.cpu.usage.total > 0' stats
    oci events --interval 100ms box >lines 3>&- &
    watcher=$!
    eventually 10 test -s lines
    oci kill box KILL
    wait "$watcher"
    refused 'not running' oci events --stats box
}

@test "features: what the tables know" {
    oci features >features.json
    jq -e '.ociVersionMin == "1.0.0" and (.hooks | length == 6) and (.linux.namespaces | length == 8)' features.json
    jq -e '.mountOptions | index("rro") and index("tmpcopyup") and index("idmap")' features.json
    jq -e '.linux.seccomp.actions | index("SCMP_ACT_NOTIFY")' features.json
    jq -e '.linux.capabilities | index("CAP_CHECKPOINT_RESTORE")' features.json
}

@test "spec: an example that runs, and is never written over" {
    mkdir -p fresh
    ln -sfn ../rootfs fresh/rootfs
    oci spec -b fresh
    refused 'already' oci spec -b fresh
    jq '.process.terminal = false | .process.args = ["echo", "example"]' fresh/config.json >new
    cat new >fresh/config.json
    [ "$(cd fresh && oci run "example-$(cgroup_name)")" = example ]
}

@test "spec --rootless: a user namespace of one id, and no resources" {
    chmod 755 "$CARTE_TEST" "$CARTE_TEST/bundle"
    mkdir -p alone
    ln -sfn ../rootfs alone/rootfs
    oci spec --rootless -b alone
    jq -e '(.linux.resources == null) and (.linux.uidMappings == [{containerID: 0, hostID: 0, size: 1}]) and
        ([.linux.namespaces[].type] | index("user") and (index("network") | not))' alone/config.json
    jq '.process.terminal = false | .process.args = ["cat", "/proc/self/uid_map"]' alone/config.json >new
    cat new >alone/config.json
    [ "$(cd alone && oci run "alone-$(cgroup_name)" | awk '{ print $1, $2, $3 }')" = '0 0 1' ]
}

@test "run: a terminal for who has none" {
    edit '.process.terminal = true | .process.consoleSize = {height: 11, width: 22}' \
        "$(sh_args 'tty; stty size; while read -r line; do echo "got $line"; done; exit 7')"
    run -7 bash -c "printf 'one\ntwo\n' | '$OCI' --root '$CARTE_TEST/oci' run box"
    echo "$output"
    [[ "$output" == *'/dev/pts/0'*'11 22'*'got one'*'got two'* ]]
    run -7 oci run box </dev/null
    refused 'console-socket' oci run --detach box </dev/null
    nothing_left
}

@test "errors say what engines look for" {
    refused 'does not exist' oci state nobody
    refused 'does not exist' oci kill nobody KILL
    refused 'does not exist' oci delete nobody
    refused 'does not exist' oci exec nobody true
    start_box
    refused 'container with given ID already exists' oci create box </dev/null
    refused 'executable file not found in $PATH' oci exec box /missing
    refused 'permission denied' oci exec box /etc/passwd
    oci kill box KILL
    eventually 10 has_status box stopped
    for command in 'kill box KILL' 'pause box' 'exec box true'; do
        refused 'container not running' oci $command
    done
}

@test "--version, and what is refused" {
    "$OCI" --version | grep -q '^carte-oci version'
    "$OCI" --version | grep -q '^spec: 1'
    refused 'cgroupfs' oci --systemd-cgroup create box </dev/null
    refused 'cgroupfs' oci --cgroup-manager systemd create box </dev/null
    refused 'not supported' oci checkpoint box
    refused 'not supported' oci restore box
    oci --cgroup-manager cgroupfs --rootless false --debug create box </dev/null
}

@test "--log: errors and warnings as lines of JSON or text" {
    fails oci --log log.json --log-format json state nobody
    jq -e '.level == "error" and (.msg | contains("does not exist")) and (.time | length > 10)' log.json
    fails oci --log log.text state nobody
    grep -q 'level=error msg="container' log.text
    edit "$(sh_args true)" '.process.capabilities.bounding += ["CAP_MOON"]'
    oci --log warn.json --log-format json run box </dev/null
    jq -e '.level == "warning" and (.msg | contains("CAP_MOON"))' warn.json
    rm -f log.json log.text warn.json
}

@test "two containers of one id are not made at once" {
    local jobs=()
    for _ in 1 2 3 4 5 6; do
        oci create box </dev/null >/dev/null 2>&1 3>&- &
        jobs+=($!)
    done
    failed=0
    for job in "${jobs[@]}"; do wait "$job" || failed=$((failed + 1)); done
    [ "$failed" = 5 ]
    has_status box created
}

@test "starting twice at once starts once" {
    oci create box </dev/null
    local jobs=()
    for _ in 1 2 3 4; do
        oci start box >/dev/null 2>&1 3>&- &
        jobs+=($!)
    done
    failed=0
    for job in "${jobs[@]}"; do wait "$job" || failed=$((failed + 1)); done
    [ "$failed" = 3 ]
    has_status box running
}
