# Attacks on the runtime with what it is asked for and what it is given (docs/security.md).

load lib
load lib_oci
load lib_attacks

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
