# What every integration test loads: waiting for conditions, a small stack to play with, and
# the search for leaks that each file ends with.

bats_require_minimum_version 1.5.0
export TOP
: "${CARTE_TEST:?run the tests by integration/run}"
TOP=$(cd "$BATS_TEST_DIRNAME/.." && pwd)

# eventually SECONDS COMMAND...: succeeds as soon as the command does; fails at the deadline.
eventually() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        if [ "$SECONDS" -ge "$deadline" ]; then
            echo "not within the deadline: $*" >&2
            return 1
        fi
        read -rt 0.05 <> <(:) || true
    done
}

# with_host_network COMMAND...: for the packages of a distribution, from the mirror that the
# machine is set up with; nothing else may go there.
with_host_network() {
    nsenter --net="$CARTE_HOST_NET" -- "$@"
}

# field PROJECT REPLICA KEY: a member of the replica's line of `ps --format json`.
field() {
    carte-stack -p "$1" ps -a --format json | jq -r --arg n "$2" --arg k "$3" 'select(.Name == $n)[$k]'
}

# count PROJECT SERVICE STATE: how many replicas are in that state.
count() {
    carte-stack -p "$1" ps -a --format json |
        jq -s --arg s "$2" --arg t "$3" 'map(select(.Service == $s and .State == $t)) | length'
}

has_count() {
    [ "$(count "$1" "$2" "$3")" = "$4" ]
}

# has_exit_code PROJECT REPLICA N
has_exit_code() {
    [ "$(field "$1" "$2" ExitCode)" = "$3" ]
}

# healthy PROJECT SERVICE N: exactly N replicas run and are healthy.
healthy() {
    [ "$(carte-stack -p "$1" ps -a --format json |
        jq -s --arg s "$2" 'map(select(.Service == $s and .State == "running" and .Health == "healthy")) | length')" = "$3" ]
}

# Build contexts made here: a busybox with a web server that answers with its host name.
make_web_context() {
    mkdir -p "$1/www/cgi-bin"
    cp /bin/busybox "$1/busybox"
    printf '#!/bin/sh\necho "Content-Type: text/plain"\necho\nhostname\n' >"$1/www/cgi-bin/who"
    chmod +x "$1/www/cgi-bin/who"
    echo "$1" >"$1/www/index.html"
    cat >"$1/Cartefile" <<'CARTEFILE'
FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
COPY www /www
EXPOSE 80
CMD ["httpd", "-f", "-p", "80", "-h", "/www"]
CARTEFILE
}

# fails COMMAND...: bats does not notice when a command behind `!` succeeds.
fails() {
    if "$@"; then
        echo "succeeded: $*"
        return 1
    fi
}

# in_terminal COMMAND: run it with a terminal, its input from here. The end of the input is typed,
# and so echoed: what shall have none gets <> <(:), which never ends.
in_terminal() {
    TERM=dumb script -qec "$1" /dev/null
}

# The pid of the supervisor or keeper of a project, found by its command line in this network
# namespace: other runs on the machine are none of our business.
process_of() {
    local pid mine
    mine=$(readlink /proc/self/ns/net)
    for pid in $(pgrep -f "$1"); do
        [ "$(readlink "/proc/$pid/ns/net")" = "$mine" ] && [ "$pid" != "$$" ] && echo "$pid"
    done
    return 0
}
supervisor_pid() {
    process_of "^[^ ]*carte-stack supervise.* $1\$" | head -n 1
}

# The supervisor of single containers is another program than that of stacks.
single_pid() {
    process_of '^[^ ]*carte supervise.* carte$' | head -n 1
}
keeper_pid() {
    process_of "^[^ ]*carte-keeper .*$1" | head -n 1
}

# The name of a project's kernel objects: FNV-1a over CARTE_ROOT and the project, each with its
# closing zero, as in supervisor_object_name().
object_name() {
    local LC_ALL=C hash=2166136261 part i byte
    for part in "$(realpath "$CARTE_ROOT")" "$1"; do
        for ((i = 0; i < ${#part}; i++)); do
            printf -v byte %d "'${part:i:1}"
            hash=$((((hash ^ byte) * 16777619) & 0xffffffff))
        done
        hash=$(((hash * 16777619) & 0xffffffff))
    done
    printf 'carte%08x\n' "$hash"
}

# find_cgroups EXPRESSION...: those of others come and go while it looks, which is no failure.
find_cgroups() {
    find /sys/fs/cgroup "$@" 2>/dev/null || true
}

# The cgroups of this test's stacks: they are the whole machine's, other runs have theirs there.
own_cgroups() {
    local project
    for project in "$CARTE_ROOT"/stacks/*; do
        [ -d "$project" ] || continue
        find /sys/fs/cgroup -mindepth 2 -maxdepth 6 -type d \
            -path "*$(object_name "${project##*/}")*" 2>/dev/null
    done
    # Whose a build's is cannot be seen; while it works there are processes in it.
    while read -r project; do
        [ -n "$(cat "$project/cgroup.procs" 2>/dev/null)" ] || echo "$project"
    done < <(find /sys/fs/cgroup -mindepth 2 -maxdepth 6 -type d -path '*carte*/build-*' 2>/dev/null)
}

# Everything of ours that the kernel or the disk can hold, one line each.
inventory() {
    ip -o link | awk -F ': ' '{ print "link " $2 }' | sed 's/@.*//'
    nft list tables | sed 's/^/nft /'
    own_cgroups | sed 's/^/cgroup /'
    awk '{ print "mount " $5 }' /proc/self/mountinfo
    process_of 'carte-keeper|carte-stack supervise' | sed 's/^/process /'
    find "$CARTE_RUN" -mindepth 1 ! -path "$CARTE_RUN/stacks" ! -path "$CARTE_RUN/filters*" | sed 's/^/file /'
    for f in net/ipv4/ip_forward net/ipv4/conf/all/route_localnet; do
        echo "sysctl $f $(cat /proc/sys/$f)"
    done
}
remember_inventory() {
    inventory | sort >"$CARTE_TEST/inventory"
}
nothing_new() {
    inventory | sort | comm -13 "$CARTE_TEST/inventory" - >"$CARTE_TEST/leaks"
    [ ! -s "$CARTE_TEST/leaks" ]
}
# The end of every file: what was there before is there now, and nothing else. Namespaces are
# torn down by the kernel in the background, so it gets two seconds.
no_leaks() {
    eventually 2 nothing_new || { cat "$CARTE_TEST/leaks" >&2; return 1; }
}
