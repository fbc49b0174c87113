# What a container is given by default, seen from inside.

load lib

setup_file() {
    remember_inventory
    cd "$CARTE_TEST" || return 1
    make_web_context "$CARTE_TEST/web"
    cat >carte.yaml <<'YAML'
name: safe
services:
  box:
    build: ./web
    stop_signal: SIGKILL
    read_only: true
    tmpfs: [/tmp]
    cap_drop: [ALL]
    cap_add: [NET_BIND_SERVICE]
    user: "1000:1000"
    hostname: boxed
    deploy: {resources: {limits: {cpus: "0.5", memory: 32M, pids: 16}}}
    secrets: [{source: token, target: token, uid: "1000", mode: 0400}]
    configs: [{source: motd, target: /etc/motd}]
  plain:
    build: ./web
    stop_signal: SIGKILL
secrets:
  token: {file: ./token}
configs:
  motd: {content: "welcome"}
YAML
    echo hush >token
    carte-stack up -d --wait
}

teardown_file() {
    cd "$CARTE_TEST" || return 1
    carte-stack down -t 1
    no_leaks
}

setup() {
    cd "$CARTE_TEST" || return 1
}

@test "capabilities, seccomp and no-new-privileges" {
    carte-stack exec -T plain grep -E '^(CapBnd|CapInh|CapAmb|Seccomp|NoNewPrivs):' /proc/self/status >status
    cat status
    grep -qE 'CapBnd:\s+00000000800405fb' status
    grep -qE 'CapInh:\s+0000000000000000' status
    grep -qE 'Seccomp:\s+2' status
    grep -qE 'NoNewPrivs:\s+1' status
    carte-stack exec -T plain grep -E '^(CapBnd|NoNewPrivs|Seccomp):' /proc/1/status | diff - <(grep -vE 'CapInh|CapAmb' status | sort -k1,1) || true
    carte-stack exec -T box grep CapBnd /proc/1/status | grep -qE '0000000000000400$'
}

@test "only the standard descriptors are open" {
    [ "$(carte-stack exec -T plain sh -c 'ls /proc/1/fd' | tr '\n' ' ')" = '0 1 2 ' ] ||
        carte-stack exec -T plain ls -l /proc/1/fd
    [ -z "$(carte-stack exec -T plain ls -l /proc/1/fd | grep -E ' [3-9] ->' | grep -v socket)" ]
}

@test "the host's null device keeps its owner and mode" {
    before=$(stat -c '%a %u %Y' /dev/null)
    carte-stack exec -T plain sh -c 'chmod 600 /proc/1/fd/0; chown 1000 /proc/1/fd/0' || true
    carte-stack exec -T plain sh -c 'chmod 600 /proc/self/fd/0; chown 1000 /proc/self/fd/0' </dev/null || true
    carte-stack exec -T plain sh -c 'chmod 600 /proc/self/fd/1; touch /proc/self/fd/1' >/dev/null || true
    [ "$(stat -c '%a %u %Y' /dev/null)" = "$before" ]
    carte-stack exec -T plain sh -c 'echo gone >/proc/1/fd/0; echo gone' >/dev/null </dev/null
}

@test "the host's files behind exec keep their owner and mode" {
    echo in >file.in
    chmod 640 file.in
    : >file.out
    : >file.err
    chmod 640 file.out file.err
    carte-stack exec -T plain sh -c 'for i in 0 1 2; do chmod 4755 /proc/self/fd/$i; chown 1000 /proc/self/fd/$i; done; cat; echo err >&2' \
        <file.in >file.out 2>file.err
    [ "$(stat -c '%a %u' file.in file.out file.err | sort -u)" = '640 0' ]
    [ "$(cat file.out)" = in ]
    [ "$(cat file.err)" = err ]
    carte-stack exec -T plain sh -c 'chmod 4755 /proc/self/fd/1' >file.out
    [ "$(stat -c '%a' file.out)" = 640 ]
}

@test "folders deeper than paths and descriptors reach are removed" {
    carte-stack exec -T plain sh -c 'd=$(printf %0200d 0); i=0; while [ $i -lt 80 ]; do mkdir $d && cd -P $d || exit 1; i=$((i + 1)); done'
    carte-stack restart -t 0 plain
    carte-stack up -d --wait --force-recreate plain
    [ "$(find "$CARTE_ROOT/stacks/safe/replicas" -name '0000*' -prune | wc -l)" = 0 ]
}

@test "the kernel's own files are masked or read-only" {
    run ! carte-stack exec -T plain sh -c 'echo 1 >/proc/sys/kernel/core_pattern'
    run ! carte-stack exec -T plain sh -c 'echo b >/proc/sysrq-trigger'
    [ -z "$(carte-stack exec -T plain cat /proc/kcore 2>/dev/null | head -c 1)" ]
    run ! carte-stack exec -T plain mkdir /sys/fs/cgroup/mine
    run ! carte-stack exec -T plain mount -t tmpfs tmpfs /mnt
    run ! carte-stack exec -T plain unshare -m true
}

@test "user, host name, limits, secrets and configs are as asked" {
    [ "$(carte-stack exec -T box id -u)" = 1000 ]
    [ "$(carte-stack exec -T box hostname)" = boxed ]
    [ "$(carte-stack exec -T box cat /run/secrets/token)" = hush ]
    [ "$(carte-stack exec -T box cat /etc/motd)" = welcome ]
    run ! carte-stack exec -T box touch /file
    carte-stack exec -T box touch /tmp/file
    run ! carte-stack exec -T box sh -c 'for i in $(seq 40); do sleep 1 >/dev/null 2>&1 & done; wait'
}

@test "a container sees its own processes, network and cgroup only" {
    [ "$(carte-stack exec -T plain ls /proc | grep -cE '^[0-9]+$')" -le 4 ]
    carte-stack exec -T plain cat /proc/1/cgroup | awk -F : '{ print $3 }' | sort -u | diff - <(echo /)
    [ "$(carte-stack exec -T plain ls /sys/class/net | tr '\n' ' ')" = 'eth0 lo ' ]
    [ "$(carte-stack exec -T plain ls /dev | grep -cE '^(sd|vd|mem|kmsg)')" -eq 0 ]
}

@test "S16 nobody else can read the store or use the socket" {
    [ "$(stat -c %a "$CARTE_RUN/stacks/safe/control.sock")" = 600 ]
    setpriv --reuid 65534 --regid 65534 --clear-groups sh -c '! ls "$CARTE_ROOT/images"' 2>/dev/null
}

@test "S30 rules that another program removes come back" {
    nft flush ruleset
    eventually 10 grep -q rules_lost "$CARTE_ROOT/stacks/safe/events.jsonl"
    eventually 5 nft list table inet "$(object_name safe)"
    nft delete table bridge "$(object_name safe)"
    eventually 10 nft list table bridge "$(object_name safe)"
}

@test "S41 messages carry no control characters of a file" {
    printf 'name: safe\nservices: {s: {image: "\\e[31mevil"}}\n' >evil.yaml
    run ! carte-stack -f evil.yaml -p evil up -d
    [[ $output == *evil* ]]
    [[ $output != *$'\e'* ]]
}
