# podman runs its containers with carte-oci.

load lib
load lib_oci
load lib_engine

# podman's own default for these two needs CAP_SYS_RESOURCE, which a container's root may lack.
LIMITS=(--ulimit nofile=1024:1024 --ulimit nproc=1024:1024)

engine() {
    timeout --foreground -k 5 90 podman --root "$CARTE_TEST/s" --runroot "$CARTE_TEST/r" \
        --tmpdir "$CARTE_TEST/t" --storage-driver vfs --cgroup-manager cgroupfs \
        --events-backend none --runtime "$(command -v carte-oci)" "$@" 3>&-
}
create() {
    engine "$1" "${LIMITS[@]}" --network none --cgroup-parent "/$(cgroup_name)" "${@:2}"
}

setup_file() {
    remember_inventory
    make_image_tar "$CARTE_TEST/image.tar"
    engine import "$CARTE_TEST/image.tar" box:1
}

teardown_file() {
    engine rm --all --force --time 0 || true
    engine unmount --all || true
    remove_cgroups "$(cgroup_name)"
    findmnt -rno TARGET | grep "^$CARTE_TEST/" | sort -r | xargs -r umount -l
    no_leaks
}

teardown() {
    engine rm --all --force --time 0
}

@test "podman: run, its output and its exit status" {
    [ "$(create run --rm box:1 echo hello)" = hello ]
    run -37 create run --rm box:1 sh -c 'exit 37'
    run -126 create run --rm box:1 /etc/passwd
    run -127 create run --rm box:1 /missing
    [ "$(echo text | create run --rm -i box:1 cat)" = text ]
}

@test "podman: run -t gives a terminal" {
    create run --rm -t box:1 sh -c 'tty; test -c /dev/console' | grep -q /dev/pts/0
}

@test "podman: exec, its output, its exit status, its terminal" {
    create run -d --name c box:1 sleep 1000
    [ "$(engine exec c hostname)" = "$(engine inspect -f '{{.Config.Hostname}}' c)" ]
    run -5 engine exec c sh -c 'exit 5'
    run -137 engine exec c sh -c 'kill -9 $$'
    run -126 engine exec c /etc/passwd
    run -127 engine exec c /missing
    engine exec -t c tty | grep -q /dev/pts/
    [ "$(engine exec --user 12:34 --env A=b --workdir /tmp c sh -c 'id -u; id -g; echo $A; pwd' |
        tr '\n' ' ')" = '12 34 b /tmp ' ]
}

@test "podman: pause, unpause, top, stats, logs" {
    create run -d --name c box:1 sh -c 'echo said; exec sleep 1000'
    engine pause c
    [ "$(engine inspect -f '{{.State.Status}}' c)" = paused ]
    engine unpause c
    [ "$(engine inspect -f '{{.State.Status}}' c)" = running ]
    engine top c | grep -q 'sleep 1000'
    engine stats --no-stream --format '{{.PIDS}}' c | grep -qx 1
    [ "$(engine logs c)" = said ]
}

@test "podman: stop, start, kill, restart, rm" {
    create run -d --name c box:1 sh -c 'trap "exit 9" TERM; while :; do sleep 0.1; done'
    engine stop -t 30 c
    [ "$(engine inspect -f '{{.State.ExitCode}}' c)" = 9 ]
    engine start c
    engine kill --signal KILL c
    engine wait c
    [ "$(engine inspect -f '{{.State.ExitCode}}' c)" = 137 ]
    engine restart -t 0 c
    [ "$(engine inspect -f '{{.State.Status}}' c)" = running ]
    engine rm -f -t 0 c
}

@test "podman: limits, and their update" {
    create run -d --name c --memory 64m --pids-limit 20 --cpus 0.5 box:1 sleep 1000
    dir=$(find_cgroups -type d -path "*$(cgroup_name)*" -name '*libpod-*' ! -name '*conmon*')
    limit=$(cat $(sed 's/$/\/memory.max/' <<<"$dir") $(sed 's/$/\/memory.limit_in_bytes/' <<<"$dir") 2>/dev/null | grep -x 67108864)
    [ -n "$limit" ]
    cat $(sed 's/$/\/pids.max/' <<<"$dir") 2>/dev/null | grep -qx 20
    engine update --memory 32m c
    cat $(sed 's/$/\/memory.max/' <<<"$dir") $(sed 's/$/\/memory.limit_in_bytes/' <<<"$dir") 2>/dev/null | grep -qx 33554432
}

@test "podman: a health check" {
    create run -d --name c --health-cmd 'test -e /tmp/ok' --health-interval disable box:1 sleep 1000
    run -1 engine healthcheck run c
    engine exec c touch /tmp/ok
    engine healthcheck run c
}

@test "podman: a user namespace" {
    create run --rm --uidmap 0:100000:65536 --gidmap 0:100000:65536 box:1 \
        sh -c 'id -u; cat /proc/self/uid_map; touch /tmp/mine && stat -c %u /tmp/mine' >seen
    cat seen
    [ "$(head -n 1 seen)" = 0 ]
    grep -qE '^ +0 +100000 +65536$' seen
    [ "$(tail -n 1 seen)" = 0 ]
    create run -d --name c --uidmap 0:100000:65536 --gidmap 0:100000:65536 box:1 sleep 1000
    [ "$(stat -c %u "/proc/$(engine inspect -f '{{.State.Pid}}' c)")" = 100000 ]
    [ "$(engine exec c id -u)" = 0 ]
}

@test "podman: volumes, read-only roots, tmpfs, users, dropped capabilities" {
    mkdir -p "$CARTE_TEST/volume"
    echo in >"$CARTE_TEST/volume/file"
    run -1 create run --rm --read-only --tmpfs /run --user 1000:1000 --cap-drop all \
        -v "$CARTE_TEST/volume:/volume:ro" box:1 \
        sh -c 'cat /volume/file; id -u; grep CapBnd /proc/self/status; mount | grep " /run "; touch /volume/x'
    echo "$output"
    [ "${lines[0]}" = in ] && [ "${lines[1]}" = 1000 ]
    [[ "$output" == *CapBnd:*0000000000000000* && "$output" == *'tmpfs on /run type tmpfs'* ]]
    [[ "$output" == *'Read-only file system'* ]]
}

@test "podman: namespaces of the host and of another container" {
    [ "$(create run --rm --uts host box:1 hostname)" = "$(hostname)" ]
    create run -d --name c box:1 sleep 1000
    create run --rm --pid container:c --ipc container:c box:1 ps | grep -q 'sleep 1000'
}

@test "podman: --privileged" {
    create run --rm --privileged box:1 grep -E '^(CapBnd|Seccomp):' /proc/self/status >seen
    cat seen
    grep -qE 'Seccomp:\s+0' seen
    [ "$(awk '/CapBnd/ { print $2 }' seen)" = "$(awk '/CapBnd/ { print $2 }' /proc/self/status)" ]
}

@test "podman: its default filter of system calls is in force" {
    create run --rm box:1 grep -E '^Seccomp:' /proc/self/status | grep -qE '\s2$'
    run -1 create run --rm box:1 unshare -n true
}
