# docker runs its containers with carte-oci: dockerd with --add-runtime, in namespaces of its own.

load lib
load lib_oci
load lib_engine

engine() {
    DOCKER_HOST=unix://$CARTE_TEST/sock timeout --foreground -k 5 90 /usr/bin/docker "$@" 3>&-
}
create() {
    engine "$1" --runtime carte --network none "${@:2}"
}
is_state() {
    [ "$(engine inspect -f "{{.State.$2}}" "$1")" = "$3" ]
}

setup_file() {
    [ -x /usr/sbin/dockerd ] || skip 'needs docker.io'
    remember_inventory
    make_image_tar "$CARTE_TEST/image.tar"
    daemon /usr/sbin/dockerd --data-root "$CARTE_TEST/data" --exec-root "$CARTE_TEST/exec" \
        --pidfile "$CARTE_TEST/pid" -H "unix://$CARTE_TEST/sock" --iptables=false --ip6tables=false --ip-forward=false \
        --bridge=none --storage-driver vfs --exec-opt native.cgroupdriver=cgroupfs \
        --cgroup-parent "/$(cgroup_name)" --add-runtime "carte=$(command -v carte-oci)"
    eventually 60 engine version
    engine import "$CARTE_TEST/image.tar" box:1
}

teardown_file() {
    engine ps -aq | xargs -r env DOCKER_HOST="unix://$CARTE_TEST/sock" /usr/bin/docker rm -f || true
    stop_daemon
    remove_cgroups "$(cgroup_name)"
    no_leaks
}

teardown() {
    engine ps -aq | xargs -r env DOCKER_HOST="unix://$CARTE_TEST/sock" /usr/bin/docker rm -f
}

@test "docker: run, its output and its exit status" {
    [ "$(create run --rm box:1 echo hello)" = hello ]
    run -37 create run --rm box:1 sh -c 'exit 37'
    run -126 create run --rm box:1 /etc/passwd
    run -127 create run --rm box:1 /missing
    [ "$(echo text | create run --rm -i box:1 cat)" = text ]
    create run --rm -t box:1 sh -c 'tty; test -c /dev/console' | grep -q /dev/pts/0
}

@test "docker: exec" {
    create run -d --name cell box:1 sleep 1000
    [ "$(engine exec cell hostname)" = "$(engine inspect -f '{{.Config.Hostname}}' cell)" ]
    run -5 engine exec cell sh -c 'exit 5'
    run -126 engine exec cell /etc/passwd
    fails engine exec cell /missing
    [ "$(engine exec --user 12:34 --env A=b --workdir /tmp cell sh -c 'id -u; id -g; echo $A; pwd' |
        tr '\n' ' ')" = '12 34 b /tmp ' ]
}

@test "docker: pause, unpause, top, stats, logs" {
    create run -d --name cell box:1 sh -c 'echo said; exec sleep 1000'
    engine pause cell
    is_state cell Status paused
    engine unpause cell
    is_state cell Status running
    engine top cell | grep -q 'sleep 1000'
    engine stats --no-stream --format '{{.PIDs}}' cell | grep -qx 1
    [ "$(engine logs cell)" = said ]
}

@test "docker: stop, start, kill, restart, rm" {
    create run -d --name cell box:1 sh -c 'trap "exit 9" TERM; while :; do sleep 0.1; done'
    engine stop -t 30 cell
    is_state cell ExitCode 9
    engine start cell
    engine kill cell
    eventually 20 is_state cell ExitCode 137
    engine restart -t 0 cell
    is_state cell Status running
    engine rm -f cell
}

@test "docker: limits, and their update" {
    create run -d --name cell --memory 64m --pids-limit 20 --cpus 0.5 box:1 sleep 1000
    dir=$(find_cgroups -type d -path "*$(cgroup_name)/$(engine inspect -f '{{.Id}}' cell)")
    cat $(sed 's/$/\/memory.max/' <<<"$dir") $(sed 's/$/\/memory.limit_in_bytes/' <<<"$dir") 2>/dev/null | grep -qx 67108864
    cat $(sed 's/$/\/pids.max/' <<<"$dir") 2>/dev/null | grep -qx 20
    engine update --memory 32m --memory-swap 64m cell
    cat $(sed 's/$/\/memory.max/' <<<"$dir") $(sed 's/$/\/memory.limit_in_bytes/' <<<"$dir") 2>/dev/null | grep -qx 33554432
}

@test "docker: a container that takes more memory than it may is killed, and docker knows why" {
    create run --name cell --memory 16m --memory-swap 16m box:1 \
        sh -c 'head -c 100m /dev/zero | tail' || true
    is_state cell OOMKilled true || is_state cell ExitCode 137
}

@test "docker: a health check" {
    create run -d --name cell --health-cmd 'test -e /tmp/ok' --health-interval 200ms --health-retries 1 \
        box:1 sleep 1000
    eventually 20 is_state cell Health.Status unhealthy
    engine exec cell touch /tmp/ok
    eventually 20 is_state cell Health.Status healthy
}

@test "docker: --privileged, --read-only, --init, --device" {
    create run --rm --privileged box:1 grep -E '^Seccomp:' /proc/self/status | grep -qE '\s0$'
    run -1 create run --rm --read-only box:1 touch /x
    create run --rm --device /dev/null:/dev/mine box:1 test -c /dev/mine
}

@test "docker: its default filter of system calls is in force" {
    create run --rm box:1 grep -E '^Seccomp:' /proc/self/status | grep -qE '\s2$'
    run -1 create run --rm box:1 unshare -n true
}
