# Attacks on the runtime from inside of containers, and at the moments of a start (docs/security.md).
#
# ATTACK_STARTS: how many containers or processes are started while each race goes on; `make torture`
# asks for more.

load lib
load lib_oci

: "${ATTACK_STARTS:=60}"

setup_file() {
    remember_inventory
    make -s -C "$TOP" attack-programs >&2
    make_bundle "$CARTE_TEST/bundle"
    cd "$CARTE_TEST/bundle" || return 1
    add_attacks rootfs
    # What an attack overwrites shall be a copy.
    mkdir -p "$CARTE_TEST/bin"
    cp "$TOP"/build/bin/* "$CARTE_TEST/bin"
    sha256sum "$CARTE_TEST"/bin/* >"$CARTE_TEST/digests"
}

teardown_file() {
    remove_containers
    no_leaks
}

setup() {
    cd "$CARTE_TEST/bundle" || return 1
    PATH=$CARTE_TEST/bin:$PATH
    cp plain.json config.json
}

teardown() {
    remove_containers
    nothing_left
}

add_attacks() { # ROOTFS
    mkdir -p "$1/attack"
    find "$TOP/build/release/integration/attacks" -type f -executable -exec cp -t "$1/attack" {} +
}

# attacker PROGRAM-AND-WORDS-AS-JSON EXPRESSION...: a container "box" that attacks; what it finds is in
# `seen` when stop_attacker returns.
attacker() {
    local program=$1
    shift
    edit ".process.args = $program" "$@"
    oci create box </dev/null >seen 2>&1
    oci start box
}
stop_attacker() {
    oci kill box TERM
    eventually 20 has_status box stopped
    cat seen
    oci delete box
}

all_capabilities() { # NAMES to leave out, as a regular expression
    carte-oci features | jq -c --arg x "$1" '[.linux.capabilities[] | select(test($x) | not)]'
}

@test "S1 the runtime's program, taken from processes that enter, cannot be written to" {
    all=$(all_capabilities '^$')
    for posture in '.' ".process.capabilities[] = $all"; do
        attacker '["/attack/overwrite", "watch", "/attack/overwrite", "/bin/busybox"]' "$posture"
        for _ in $(seq "$ATTACK_STARTS"); do
            oci exec box busybox true </dev/null
        done
        stop_attacker
        grep -q '^watched' seen
        fails grep -q WRITTEN seen
        sha256sum --quiet -c "$CARTE_TEST/digests"
    done
    # With all rights the attempts do reach it: each ended with the error of a read-only mount.
    grep -q '^held' seen
    grep -q '^open: EROFS' seen
}

# What `overwrite` got hold of is on a read-only mount, or just being executed.
only_read() {
    grep -q '^held' seen
    grep -q '^open: EROFS' seen
    sort -u seen | grep -vE '^(held|open: EROFS|open: ETXTBSY)$' | diff /dev/null -
}

# The container makes the runtime execute itself, with the container's own dynamic loader.
@test "S1 the runtime's program, executed by way of /proc/self/exe, cannot be opened for writing" {
    mkdir -p rootfs/lib64
    interpreter=$(readelf -l "$TOP/build/bin/carte-oci" | sed -n 's/.*interpreter: \(.*\)]/\1/p')
    cp "$TOP/build/release/integration/attacks/loader" "rootfs$interpreter"
    printf '#!/proc/self/exe\n' >rootfs/evil
    chmod +x rootfs/evil "rootfs$interpreter"
    for program in /evil /proc/self/exe; do
        edit ".process.args = [\"$program\"]" ".process.capabilities[] = $(all_capabilities '^$')"
        oci run box </dev/null >seen
        only_read
        edit ".process.capabilities[] = $(all_capabilities '^$')"
        oci create box </dev/null
        oci start box
        for _ in $(seq $((ATTACK_STARTS / 10))); do
            oci exec box "$program" </dev/null >seen
            only_read
        done
        oci delete --force box
    done
    rm -f "rootfs$interpreter" rootfs/evil
    sha256sum --quiet -c "$CARTE_TEST/digests"
}

@test "S2 a process that enters cannot be traced or looked into before its rights are given up" {
    user='.linux.namespaces += [{type: "user"}] |
        .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] |
        .linux.gidMappings = [{containerID: 0, hostID: 100000, size: 65536}]'
    for posture in '.' ".process.capabilities[] = $(all_capabilities PTRACE)" \
        "$user | .process.capabilities[] = $(all_capabilities '^$')"; do
        attacker '["/attack/trace", "/bin/busybox"]' "$posture"
        for _ in $(seq "$ATTACK_STARTS"); do
            oci exec box busybox true </dev/null >/dev/null 2>&1
        done
        stop_attacker
        grep -q '^denied ptrace' seen # the attempts did meet processes
        grep -q '^watched' seen
        fails grep -E '^(FOUND|TRACED)' seen
    done
}

@test "S2 nor can a container that is made in the attacker's namespace of processes" {
    attacker '["/attack/trace", "/bin/busybox"]' ".process.capabilities[] = $(all_capabilities PTRACE)"
    pid=$(oci state box | jq .pid)
    edit '.process.args = ["busybox", "true"]' ".linux.cgroupsPath = \"/$(cgroup_name)/other\"" \
        ".linux.namespaces |= map(if .type == \"pid\" then .path = \"/proc/$pid/ns/pid\" else . end)"
    for _ in $(seq "$ATTACK_STARTS"); do
        oci run other </dev/null >/dev/null 2>&1
    done
    stop_attacker
    grep -q '^denied ptrace' seen
    fails grep -E '^(FOUND|TRACED)' seen
}

# Descriptors of the host that the runtime itself is started with, a folder and a file among them.
with_descriptors() {
    local i
    for i in $(seq 10 210); do
        eval "exec $i<$CARTE_TEST"
    done
    "$@"
}

@test "S3 a working folder that is a descriptor of the host, also one that leaked, ends the start" {
    last=$((3 + ATTACK_STARTS / 2 > 1023 ? 1023 : 3 + ATTACK_STARTS / 2))
    for n in $(seq 3 "$last") 100 1000; do
        edit ".process.cwd = \"/proc/self/fd/$n\"" '.process.args = ["busybox", "ls"]'
        if (with_descriptors oci run box </dev/null >seen 2>said); then
            cat seen
            return 1
        fi
        nothing_left
    done
    edit '.process.cwd = "/proc/1/cwd"'
    fails oci run box </dev/null
    edit
    oci create box </dev/null
    oci start box
    for n in 3 4 5 6 7 8 9 10 100; do
        (with_descriptors fails oci exec --cwd "/proc/self/fd/$n" box ls </dev/null)
    done
    for path in /proc/self/fd/7/../../.. /proc/1/root/../.. /proc/self/task/1/cwd; do
        (with_descriptors fails oci exec --cwd "$path" box ls </dev/null)
    done
}

@test "S3 no descriptor but 0, 1 and 2 reaches a container whose maker has two hundred more" {
    # What `ls` has open itself is the folder it reads.
    list='ls -l /proc/self/fd/ 2>/dev/null | sed -n "s/.* \([0-9]*\) -> /\1 /p" | grep -v "^[0-9]* /proc/"'
    edit "$(sh_args "$list; exec sleep 1000")"
    (with_descriptors oci create box </dev/null >fds 2>&1)
    (with_descriptors oci start box)
    eventually 10 test -s fds
    (with_descriptors oci exec box sh -c "$list" </dev/null) >fds.exec
    cut -d ' ' -f 1 fds | diff - <(printf '0\n1\n2\n')
    cut -d ' ' -f 1 fds.exec | diff - <(printf '0\n1\n2\n')
    pid=$(oci state box | jq .pid)
    eventually 10 grep -q sleep "/proc/$pid/comm"
    ls "/proc/$pid/fd" | diff - <(printf '0\n1\n2\n')
}

# Two containers share a folder; in one of them a folder and a link change places all the time.
@test "S4 a mount below a shared folder, whose place is swapped for a link, stays in its container" {
    mkdir -p shared/folder decoy
    touch decoy/marker
    for target in / "$PWD/decoy" ../../../../../../../.. /proc/1/root; do
        rm -rf shared/*
        mkdir shared/folder
        ln -s "$target" shared/link
        share='.mounts += [{destination: "/shared", type: "bind", source: "'$PWD'/shared", options: ["rbind", "rw"]}]'
        attacker '["/attack/swap", "/shared/folder", "/shared/link"]' "$share"
        eventually 10 grep -q swapping seen
        before=$(host_state)
        edit "$share" '.mounts += [
            {destination: "/shared/folder/carte-a", type: "tmpfs", source: "tmpfs"},
            {destination: "/shared/folder/carte-b", type: "bind", source: "'$PWD'/plain.json", options: ["bind", "ro"]}]' \
            ".linux.cgroupsPath = \"/$(cgroup_name)/other\"" \
            "$(sh_args 'ls /decoy /marker /carte-a/marker; sed "s/^[^ ]* [^ ]* [^ ]* //" /proc/self/mountinfo')"
        for _ in $(seq $((ATTACK_STARTS / 2))); do
            oci run other </dev/null >mounts 2>said || continue # a place that vanishes may end a start
            fails grep -E '^/(decoy|marker|carte-a/marker)' mounts
            # What is mounted is the file of the spec, and nowhere but at its name.
            [ "$(grep -c 'carte-b' mounts)" -ge 1 ] || { cat mounts; return 1; }
        done
        host_state | diff <(echo "$before") -
        stop_attacker
        grep -q '^swapped' seen
    done
    [ "$(ls decoy)" = marker ]
}

# What an escape would change: mounts, the decoy, the root, and the host's kernel.
host_state() {
    awk '{ print $4, $5 }' /proc/self/mountinfo
    ls -a decoy /
    ls -d /carte-* 2>/dev/null || true
    cat /proc/sys/kernel/core_pattern
    stat -c '%n %t:%T %a %u' /dev/null /dev/zero
}

# trick_root COMMANDS: a root file system of its own that lies.
trick_root() {
    rm -rf trick
    mkdir -p trick/bin trick/tmp trick/x
    cp -a rootfs/bin/. trick/bin
    (cd trick && eval "$1")
}

# Each either does not start, or has its masks and read-only paths in force.
@test "S5 S6 an image whose /dev, /proc or /sys are links gets no further with them" {
    mkdir -p decoy
    before=$(host_state) ran=0
    while read -r trick; do
        trick_root "$trick"
        edit '.root.path = "trick"' "$(sh_args '
            for f in keys timer_list; do [ "$(stat -c %t:%T /proc/$f)" = 1:3 ] || echo "$f is open"; done
            head -c 1 /proc/timer_list | grep -q . && echo TIMERS
            (: >>/proc/sys/kernel/core_pattern) 2>/dev/null && echo PATTERN
            (: >>/proc/sysrq-trigger) 2>/dev/null && echo SYSRQ
            mount | grep -q " on /proc type proc" || echo no proc; echo ran')"
        if oci run box </dev/null >seen 2>said; then
            ran=$((ran + 1))
            diff <(echo ran) seen || { echo "$trick"; return 1; }
        else
            [ -s said ]
        fi
        nothing_left
        diff <(echo "$before") <(host_state)
    done <<'TRICKS'
ln -s /tmp/x dev
mkdir dev && ln -s /proc/sys/kernel/core_pattern dev/null
mkdir dev && ln -s / dev/pts
mkdir dev && ln -s / dev/shm
mkdir dev && ln -s /proc/sysrq-trigger dev/console
mkdir dev && mknod dev/null c 1 1
mkdir dev && echo >dev/null
ln -s /etc proc
ln -s /proc/self proc
ln -s / sys
ln -s ../../../../../../.. proc
ln -s /proc/1/root dev
mkdir proc && ln -s / proc/sys
TRICKS
    [ "$ran" -ge 5 ]
}

# The roots of both containers are one folder, in which the other changes what is mounted upon, for
# links or for empty folders: what was mounted goes along with its name.
@test "S5 the places of /dev, /proc and /sys that are swapped during the start" {
    mkdir -p decoy
    before=$(host_state)
    for other in 'ln -s /x' mkdir; do
        trick_root "mkdir dev proc sys; for d in d p s; do $other \$d; done"
        attacker '["/attack/swap", "/root/dev", "/root/d", "/root/proc", "/root/p", "/root/sys", "/root/s"]' \
            '.mounts += [{destination: "/root", type: "bind", source: "'$PWD'/trick", options: ["rbind", "rw"]}]'
        eventually 10 grep -q swapping seen
        edit '.root.path = "trick"' ".linux.cgroupsPath = \"/$(cgroup_name)/other\"" \
            "$(sh_args 'for d in /proc /p /x; do
                head -c 1 $d/timer_list 2>/dev/null | grep -q . && echo TIMERS
                [ -e $d/sys ] && (: >>$d/sys/kernel/core_pattern) 2>/dev/null && echo PATTERN
                [ -e $d/sysrq-trigger ] && (: >>$d/sysrq-trigger) 2>/dev/null && echo SYSRQ
            done
            [ -e /decoy ] && echo DECOY; echo ran')"
        for _ in $(seq "$ATTACK_STARTS"); do
            oci run other </dev/null >>inside.log 2>&1 || true
        done
        sort inside.log | uniq -c
        fails grep -E 'TIMERS|PATTERN|DECOY|SYSRQ' inside.log
        diff <(echo "$before") <(host_state)
        stop_attacker
    done
}

@test "S39 a process that got the id of a container's is never signalled" {
    # Since Linux 6.14 each namespace has its own highest id; before, this would change the machine's.
    [ "$(printf '6.14\n%s\n' "$(uname -r)" | sort -V | head -n 1)" = 6.14 ] || skip 'needs Linux 6.14'
    run timeout -k 5 300 unshare -p -f --kill-child --mount-proc \
        "$TOP/integration/attacks/pid_reuse" $((ATTACK_STARTS / 10))
    echo "$output"
    [ "$status" = 0 ]
    [[ $output == *'all well'* ]]
}

@test "S9 ids in config.json and for exec that are none, or overflow, are refused" {
    for id in 4294967295 4294967296 18446744073709551616 -1 1.5 1e40 '"0"'; do
        for key in '"uid": 111' '"gid": 222' '333'; do
            edit '.process.user = {uid: 111, gid: 222, additionalGids: [333]}'
            sed -i "s/$key/${key%[123]??}$id/" config.json
            fails grep -q "$key" config.json
            fails oci run box </dev/null
            nothing_left
        done
    done
    edit
    oci create box </dev/null
    oci start box
    for form in 4294967295 4294967296 0:4294967296 -1 +0 ' 0' 0x0 '' : 1:-1 root $'0\n'; do
        fails oci exec --user "$form" box id
    done
    [ "$(oci exec --user 4294967294:7 box id -u)" = 4294967294 ]
}

# Injected input would stand in the terminal that the container was given and did not own.
@test "S24 a terminal that is passed through takes no input from the container" {
    command -v python3 >/dev/null || skip 'needs python3'
    edit '.process.args = ["/attack/inject"]'
    cat >terminal.py <<'PYTHON'
import os, pty, sys
def until_end(master):
    while True:
        try:
            piece = os.read(master, 4096)
        except OSError:
            return
        if not piece:
            return
        sys.stdout.buffer.write(piece)
pid, master = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
until_end(master)
PYTHON
    if [ "$(cat /proc/sys/dev/tty/legacy_tiocsti)" != 0 ]; then # the attack is alive on this machine
        timeout 60 python3 terminal.py rootfs/attack/inject </dev/null | grep -q pushed
    fi
    timeout 60 python3 terminal.py "$OCI" --root "$CARTE_TEST/oci" run box >seen </dev/null
    tr -d '\r' <seen | diff - <(printf '0: ENOTTY\n1: ENOTTY\n2: ENOTTY\n')
    # A container that is created keeps what its maker had.
    printf '%s\n' "$OCI --root $CARTE_TEST/oci create box && $OCI --root $CARTE_TEST/oci start box" \
        "until $OCI --root $CARTE_TEST/oci state box | grep -q stopped; do :; done" >create.sh
    timeout 60 python3 terminal.py sh create.sh >seen </dev/null
    cat seen
    tr -d '\r' <seen | diff - <(printf '0: EPERM\n1: EPERM\n2: EPERM\n')
}

@test "S25 no parameter of the kernel that is the host's can be set" {
    find /proc/sys -type f ! -path '/proc/sys/net/*' | sed 's|/proc/sys/||; s|/|.|g' |
        grep -vE '^(kernel\.(msg(max|mnb|mni)|sem|shm(all|max|mni|_rmid_forced)|domainname)|fs\.mqueue\.)' >names
    [ "$(wc -l <names)" -gt 100 ]
    # As they are, so that nothing happens to the machine if one is let through.
    while read -r name; do
        value=$(cat "/proc/sys/${name//.//}" 2>/dev/null) || continue
        jq --arg n "$name" --arg v "$value" '.linux.sysctl = {($n): $v}' plain.json >config.json
        fails oci create box </dev/null 2>said
        grep -q 'sysctl' said || { cat said; return 1; }
    done < <(shuf -n "$ATTACK_STARTS" names; grep -E 'core_pattern|modprobe|hostname|sysrq|suid_dumpable|binfmt' names)
    nothing_left
    for name in ../kernel/core_pattern net/../kernel/core_pattern net..kernel.core_pattern net.../kernel.core_pattern \
        fs.mqueue/../../kernel/core_pattern kernel/core_pattern kernel.shmmni/../core_pattern ''; do
        jq --arg n "$name" '.linux.sysctl = {($n): "core"}' plain.json >config.json
        fails oci create box </dev/null
    done
    # What may be set is the container's own.
    before=$(cat /proc/sys/kernel/{msgmax,sem,shmmni} /proc/sys/fs/mqueue/* /proc/sys/net/ipv4/ip_forward \
        /proc/sys/net/ipv4/ping_group_range /proc/sys/net/core/somaxconn)
    [ "$(inside 'cat /proc/sys/kernel/msgmax /proc/sys/fs/mqueue/msg_max /proc/sys/net/core/somaxconn' \
        '.linux.sysctl = {"kernel.msgmax": "7777", "kernel.sem": "300 32000 50 99", "kernel.shmmni": "77",
            "fs.mqueue.msg_max": "7", "net.ipv4.ip_forward": "1", "net.core.somaxconn": "77",
            "net.ipv4.ping_group_range": "7 7"}' | tr '\n' ' ')" = '7777 7 77 ' ]
    [ "$(cat /proc/sys/kernel/{msgmax,sem,shmmni} /proc/sys/fs/mqueue/* /proc/sys/net/ipv4/ip_forward \
        /proc/sys/net/ipv4/ping_group_range /proc/sys/net/core/somaxconn)" = "$before" ]
}

@test "S40 hostile ids reach no file, cgroup or container" {
    edit
    printf 'x%.0s' {1..300} >long
    while IFS= read -r -d '' id; do
        for command in create state start pause resume ps; do
            fails oci "$command" "$id" </dev/null 2>>said || { echo "$command '$id'"; return 1; }
        done
        fails oci run -- "$id" </dev/null 2>>said
        fails oci kill -- "$id" KILL 2>>said
        fails oci exec -- "$id" true 2>>said
        fails oci delete -- "$id" 2>>said
        nothing_left
    done < <(printf '%s\0' ../x ../../bundle ../bundle . .. .x a/b /etc a/ '' ' ' 'a b' $'a\nb' $'a\tb' $'\e[31m' \
        -rf --force '%s%n%s' 'a;id' '$(id)' '`id`' '*' '?' '~' "a'b" 'a"b' 'a\b' ä ａ $'\xff\xfe' "$(cat long)" @ a:b a,b a=b)
    [ -x rootfs/bin/busybox ]
    fails grep -P '[\x00-\x09\x0b-\x1f\x7f]' said # nor do they reach the user's terminal
}
