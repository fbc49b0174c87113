# containerd runs its containers with carte-oci: the shim runc.v2 with another binary.

load lib
load lib_oci
load lib_engine

engine() {
    timeout --foreground -k 5 90 ctr --address "$CARTE_TEST/sock" "$@" 3>&-
}
create() {
    engine run --runtime io.containerd.runc.v2 --runc-binary "$(command -v carte-oci)" \
        --cgroup "/$(cgroup_name)/$RANDOM" --rootfs "$@"
}
is_task() {
    engine task ls | grep -qE "^$1 .*$2"
}

setup_file() {
    command -v containerd >/dev/null || skip 'needs containerd'
    remember_inventory
    make_bundle "$CARTE_TEST/bundle"
    mkdir -p "$CARTE_TEST/config"
    printf 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n' >"$CARTE_TEST/config/c.toml"
    daemon containerd --config "$CARTE_TEST/config/c.toml" --root "$CARTE_TEST/data" \
        --state "$CARTE_TEST/state" --address "$CARTE_TEST/sock"
    eventually 60 engine version
}

teardown_file() {
    stop_daemon
    remove_cgroups "$(cgroup_name)"
    no_leaks
}

teardown() {
    engine task kill -s KILL c 2>/dev/null || true
    engine task rm -f c 2>/dev/null || true
    engine container rm c 2>/dev/null || true
}

@test "containerd: run, its output and its exit status" {
    # It lives until its output has come: ctr may forget the last words of one that ends at once.
    local client status=0
    cd "$CARTE_TEST"
    mkfifo in
    create --rm "$CARTE_TEST/bundle/rootfs" c sh -c 'echo hello; read -r word; echo "$word"; read -r word; exit 37' <in >out &
    client=$!
    exec 7>in
    eventually 20 grep -qx hello out
    echo more >&7
    eventually 20 grep -qx more out
    echo end >&7
    wait "$client" || status=$?
    exec 7>&-
    [ "$status" -eq 37 ]
    run ! create --rm "$CARTE_TEST/bundle/rootfs" c /missing
    [[ "$output" == *'executable file not found'* ]]
}

@test "containerd: a task is executed in, paused, resumed, measured, killed" {
    create -d --memory-limit 67108864 "$CARTE_TEST/bundle/rootfs" c sleep 1000
    is_task c RUNNING
    run -3 engine task exec --exec-id one c sh -c 'hostname; exit 3'
    engine task pause c
    is_task c PAUSED
    engine task resume c
    is_task c RUNNING
    engine task ps c | grep -qE '^[0-9]+'
    engine task metrics c | grep -E 'memory' | grep -q 67108864
    engine task kill -s KILL c
    eventually 20 is_task c STOPPED
}
