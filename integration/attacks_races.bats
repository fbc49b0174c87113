# Attacks on the runtime at the moments of a start, from inside of containers (docs/security.md).

load lib
load lib_oci
load lib_attacks

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

# The static program has no loader: it is itself, and refuses its arguments or shows its help.
only_itself() {
    fails grep '^held' seen
    grep -qE '^(carte-oci: |Usage: carte-oci )' said seen
}

# The container makes the runtime execute itself, with the container's own dynamic loader where it
# has one: that of the sanitizers does.
@test "S1 the runtime's program, executed by way of /proc/self/exe, cannot be opened for writing" {
    interpreter=$(readelf -l "$(command -v carte-oci)" | sed -n 's/.*interpreter: \(.*\)]/\1/p')
    expected=only_itself
    if [ -n "$interpreter" ]; then
        mkdir -p rootfs/lib64
        cp "$TOP/build/release/integration/attacks/loader" "rootfs$interpreter"
        chmod +x "rootfs$interpreter"
        expected=only_read
    fi
    printf '#!/proc/self/exe\n' >rootfs/evil
    chmod +x rootfs/evil
    for program in /evil /proc/self/exe; do
        edit ".process.args = [\"$program\"]" ".process.capabilities[] = $(all_capabilities '^$')"
        oci run box </dev/null >seen 2>said || true
        "$expected"
        edit ".process.capabilities[] = $(all_capabilities '^$')"
        oci create box </dev/null
        oci start box
        for _ in $(seq $((ATTACK_STARTS / 10))); do
            oci exec box "$program" </dev/null >seen 2>said || true
            "$expected"
        done
        oci delete --force box
    done
    [ -z "$interpreter" ] || rm -f "rootfs$interpreter"
    rm -f rootfs/evil
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

# Two containers share a folder; in one of them a folder and a link change places all the time.
@test "S4 a mount below a shared folder, whose place is swapped for a link, stays in its container" {
    mkdir -p shared/folder decoy
    touch decoy/marker
    ran=0
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
            ran=$((ran + 1))
            fails grep -E '^/(decoy|marker|carte-a/marker)' mounts
            # What is mounted is the file of the spec, and nowhere but at its name.
            [ "$(grep -c 'carte-b' mounts)" -ge 1 ] || { cat mounts; return 1; }
        done
        host_state | diff <(echo "$before") -
        stop_attacker
        grep -q '^swapped' seen
    done
    [ "$(ls decoy)" = marker ]
    [ "$ran" -ge 1 ]
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
        grep -q '^ran' inside.log
        fails grep -E 'TIMERS|PATTERN|DECOY|SYSRQ' inside.log
        diff <(echo "$before") <(host_state)
        stop_attacker
    done
}

@test "S39 a process that got the id of a container's is never signalled" {
    run timeout -k 5 600 unshare -p -f --kill-child --mount-proc \
        "$TOP/integration/attacks/pid_reuse" $((ATTACK_STARTS / 10))
    echo "$output"
    [ "$status" = 0 ]
    [[ $output == *'all well'* ]]
}
