# What the tests of carte-oci load besides lib.bash: a bundle to edit, and words for its life.

# Another runtime may be judged by the same tests: OCI=runc integration/run ...
: "${OCI:=carte-oci}"

oci() {
    timeout --foreground -k 5 60 "$OCI" --root "$CARTE_TEST/oci" "$@"
}

# A root file system of busybox at $1, and beside it a config.json without a terminal, writable,
# whose cgroup is the test's own.
make_bundle() {
    local applet
    mkdir -p "$1"/rootfs/{bin,proc,sys,dev,tmp,etc,root}
    cp /bin/busybox "$1/rootfs/bin/"
    for applet in $(/bin/busybox --list); do
        [ "$applet" = busybox ] || ln -s busybox "$1/rootfs/bin/$applet"
    done
    echo 'root:x:0:0:root:/root:/bin/sh' >"$1/rootfs/etc/passwd"
    carte-oci spec -b "$1"
    jq --arg cgroup "/$(cgroup_name)" '.process.terminal = false | .root.readonly = false |
        .process.args = ["sleep", "1000"] | .linux.cgroupsPath = $cgroup | del(.process.rlimits)' \
        "$1/config.json" >"$1/new"
    mv "$1/new" "$1/config.json"
    cp "$1/config.json" "$1/plain.json"
}

# The name of this run's cgroup in every hierarchy.
cgroup_name() {
    echo "carte-$(basename "$CARTE_TEST")"
}

# edit EXPRESSION...: config.json is the plain one changed by jq.
edit() {
    local expression
    cp plain.json config.json
    for expression in "$@"; do
        jq "$expression" config.json >edited.json || return 1
        mv edited.json config.json
    done
}

# sh_args SCRIPT: the jq expression of a process that is a shell.
sh_args() {
    jq -n --arg s "$1" '$s' | sed 's/^/.process.args = ["sh", "-c", /; s/$/]/'
}

# inside SCRIPT [EXPRESSION...]: run a shell in a container of its own, and show what it prints.
inside() {
    local script=$1
    shift
    edit "$(sh_args "$script")" "$@" || return 1
    oci run box </dev/null
}

status_of() {
    oci state "$1" | jq -r .status
}
has_status() {
    [ "$(status_of "$1")" = "$2" ]
}

# Dead, whether or not its parent has asked for its exit status.
is_gone() {
    ! grep -qv '^State:.*[ZX] ' <(grep '^State:' "/proc/$1/status" 2>/dev/null)
}

# refused TEXT COMMAND...: it fails, and says TEXT.
refused() {
    local text=$1
    shift
    if "$@" >refused.log 2>&1; then
        echo "not refused: $*"
        return 1
    fi
    grep -qiF -- "$text" refused.log || { cat refused.log; return 1; }
}

# Nothing of a container: no folder, no cgroup, no process that bears its name.
nothing_left() {
    local left
    left=$(ls "$CARTE_TEST/oci" 2>/dev/null
        find_cgroups -mindepth 1 -maxdepth 4 -type d -path "*$(cgroup_name)*")
    [ -z "$left" ] || { echo "left: $left"; return 1; }
}

# After each test, whether it failed or not.
remove_containers() {
    local id
    for id in $(ls "$CARTE_TEST/oci" 2>/dev/null); do
        oci delete --force "$id" || true
    done
    find /sys/fs/cgroup -mindepth 1 -maxdepth 4 -depth -type d -path "*$(cgroup_name)*" \
        -exec rmdir {} + 2>/dev/null || true
}
