# Engines that run containers with carte-oci: each has its storage below CARTE_TEST, no network,
# and is ended with all that it started.

setup() {
    cd "$CARTE_TEST" || return 1
}

# An image of busybox as a tar file at $1.
make_image_tar() {
    make_bundle "$CARTE_TEST/bundle"
    tar -C "$CARTE_TEST/bundle/rootfs" -cf "$1" .
}

# daemon COMMAND...: run it as process 1 of a namespace of its own, so that nothing of it is left
# when it ends.
daemon() {
    unshare -p -f --kill-child --mount-proc "$@" >"$CARTE_TEST/daemon.log" 2>&1 3>&- &
    echo $! >"$CARTE_TEST/daemon"
}

stop_daemon() {
    local pid
    pid=$(cat "$CARTE_TEST/daemon")
    pkill -TERM -P "$pid" || true
    eventually 20 is_gone "$pid" || kill -KILL "$pid"
    findmnt -rno TARGET | grep "^$CARTE_TEST/" | sort -r | xargs -r umount -l
}

# remove_cgroups PATH: what engines leave, when nothing runs in it.
remove_cgroups() {
    find /sys/fs/cgroup/"$1" /sys/fs/cgroup/*/"$1" -depth -type d -exec rmdir {} + 2>/dev/null || true
}
