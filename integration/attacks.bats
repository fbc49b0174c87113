# Attacks from inside of single containers and of stacks, on their default posture (docs/security.md).

load lib
load lib_single

: "${ATTACK_STARTS:=40}"

setup_file() {
    remember_inventory
    make -s -C "$TOP" attack-programs >&2
    cd "$CARTE_TEST" || return 1
    make_web_context "$CARTE_TEST/box"
    mkdir box/attack
    find "$TOP/build/release/integration/attacks" -type f -executable -exec cp -t box/attack {} +
    printf '%s\n' root:x:0:0::/root:/bin/sh one:x:1001:1001::/: twice:x:1002:1002::/: \
        twice:x:0:0::/: over:x:4294967296:0::/: minus:x:-1:0::/: >box/passwd
    printf '%s\n' root:x:0: one:x:1001: first:x:2001:one second:x:2002:two,one \
        third:x:2003:twice over:x:4294967296:one >box/group
    printf 'COPY attack /attack\nCOPY passwd group /etc/\n' >>box/Cartefile
    carte build -q -t box box
}

teardown() {
    remove_singles
    eventually 20 gone
}

# with_filter CAPABILITIES: what `syscalls` finds with and without a filter, side by side.
with_filter() {
    local options=(--cap-drop ALL) capability
    for capability in $1; do
        options+=(--cap-add "$capability")
    done
    carte run --rm "${options[@]}" box /attack/syscalls >filtered
    carte run --rm "${options[@]}" --security-opt seccomp=unconfined box /attack/syscalls >open
    [ "$(wc -l <filtered)" = "$(wc -l <open)" ]
    [ "$(wc -l <filtered)" -gt 500 ]
    paste -d ' ' filtered open
}

# Each system call is let through, or answers what the table says; and those with conditions.
judge() { # CAPABILITIES
    awk -v capabilities=" $1 " '
        function has(list, i, n, names) {
            n = split(list, names, ",")
            for (i = 1; i <= n; i++)
                if (index(capabilities, " " names[i] " ") || capabilities == " ALL ") return 1
            return 0
        }
        function expect(what, got, want) {
            if (got != want) { print what ": " got " instead of " want; bad = 1 }
            judged++
        }
        NR == FNR { if ($1 ~ /^[0-9]+$/) { name[$1] = $2; verdict[$1] = $3 } next }
        { half = NF / 2; got = $half; free = $NF; admin = has("CAP_SYS_ADMIN") }
        $(half - 1) == "signal" { got = "signal " got; free = "signal " free }
        $1 ~ /^[0-9]+$/ {
            v = verdict[$1]
            if (v == "allow" || (v ~ /^CAP/ && has(v))) expect(name[$1], got, free)
            else if (v == "eperm" || v ~ /^CAP/) expect(name[$1], got, "EPERM")
            else if (v == "enosys") expect($1 " " name[$1], got, "ENOSYS")
            else if (v == "args" && name[$1] == "clone3") expect("clone3", got, admin ? free : "ENOSYS")
            else if (v != "args") { print "no row for " $1; bad = 1 }
        }
        $1 == "socket" && $2 == "audit" { expect($1 $2, got, has("CAP_AUDIT_WRITE") ? free : "EINVAL") }
        $1 == "socket" && $2 != "audit" {
            expect($1 $2, got, $2 == 38 || $2 == 40 ? "EPERM" : $2 > 45 ? "ENOSYS" : free)
        }
        $1 == "personality" { expect($1 $2, got, $2 ~ /^(0|8|20000|20008|ffffffff)$/ ? free : "ENOSYS") }
        $1 == "clone" { expect($1 $2, got, $2 == 0 || admin ? free : "ENOSYS") }
        END { print judged " judged"; exit bad || judged < 500 }
    ' "$TOP/integration/attacks/syscalls.table" both
}

@test "S0 each system call answers what the profile says, with these capabilities and without" {
    default='CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER CAP_FSETID CAP_KILL CAP_SETGID CAP_SETUID CAP_SETPCAP CAP_NET_BIND_SERVICE CAP_SYS_CHROOT CAP_SETFCAP'
    sets=('' "$default" CAP_SYS_ADMIN "CAP_SYS_PTRACE CAP_SYSLOG CAP_SYS_NICE" \
        "CAP_DAC_READ_SEARCH CAP_SYS_RAWIO CAP_SYS_TTY_CONFIG CAP_AUDIT_WRITE" ALL)
    if [ "$ATTACK_STARTS" -ge 1000 ]; then
        mapfile -t sets < <(echo; echo "$default"; carte-oci features | jq -r '.linux.capabilities[]'; echo ALL)
    fi
    for set in "${sets[@]}"; do
        echo "with: $set"
        with_filter "$set" >both
        judge "$set"
    done
}

@test "S1 a container of carte cannot open the program that started it for writing" {
    interpreter=$(readelf -l "$TOP/build/bin/carte-stack" | sed -n 's/.*interpreter: \(.*\)]/\1/p')
    sha256sum "$TOP"/build/bin/* >digests
    mkdir -p evil
    cp box/attack/loader evil/loader
    printf '#!/proc/self/exe\n' >evil/evil
    chmod +x evil/evil
    printf 'FROM box\nCOPY loader %s\nCOPY evil /evil\n' "$interpreter" >evil/Cartefile
    carte build -q -t evil evil
    carte run --privileged --rm evil /evil >seen
    carte run --privileged -d --name evil evil sleep 1000
    carte exec evil /evil >>seen
    carte exec evil /proc/self/exe >>seen
    [ "$(grep -c '^held' seen)" = 3 ]
    [ "$(grep -c '^open: EROFS' seen)" = 3 ]
    fails grep -vE '^(held|open: EROFS|open: ETXTBSY)$' seen
    sha256sum --quiet -c digests
}

@test "S3 no descriptor of who calls, of keeper or of supervisor reaches a container" {
    mkdir -p leak
    printf 'name: leak\nservices: {box: {image: box, command: [sleep, "1000"], stop_signal: SIGKILL}}\n' >leak/carte.yaml
    (
        for i in $(seq 10 210); do
            eval "exec $i<$CARTE_TEST"
        done
        carte-stack -f leak/carte.yaml up -d
    )
    pid=$(field leak leak-box-1 Pid)
    ls "/proc/$pid/fd" | diff - <(printf '0\n1\n2\n')
    exec 20<"$CARTE_TEST"
    carte-stack -f leak/carte.yaml exec -T box ls /proc/self/fd/ 20<"$CARTE_TEST" | diff - <(printf '0\n1\n2\n3\n')
    for n in 3 4 5 6 7 8 9 10 20; do
        fails carte-stack -f leak/carte.yaml exec -T -w "/proc/self/fd/$n" box ls
        fails carte run --rm -w "/proc/self/fd/$n" box ls
    done
    exec 20<&-
    carte-stack -f leak/carte.yaml down -t 0
}

@test "S7 no step to a writable cgroup or its release_agent succeeds" {
    carte run --rm box /attack/escape >seen
    cat seen
    [ "$(wc -l <seen)" -ge 15 ]
    fails grep DONE seen
    # With CAP_SYS_ADMIN a container may mount; what it was given of cgroups is still read-only.
    carte run --rm --cap-add SYS_ADMIN box sh -c 'mkdir /sys/fs/cgroup/mine || mkdir /sys/fs/cgroup/memory/mine ||
        echo 1 >/sys/fs/cgroup/cgroup.procs || echo kept' 2>/dev/null | grep -qx kept
}

@test "S8 user forms give exactly these ids and groups, and no rights beside" {
    carte run -d --name box box sleep 1000
    while read -r form ids; do
        [ "$(carte exec -u "$form" box sh -c 'echo $(id -u):$(id -g):$(id -G)')" = "$ids" ] || { echo "$form"; return 1; }
        [ "$(carte run --rm -u "$form" box sh -c 'echo $(id -u):$(id -g):$(id -G)')" = "$ids" ] || { echo "run $form"; return 1; }
        [ "${ids%%:*}" = 0 ] && effective='00000000800405fb' || effective='0000000000000000'
        carte exec -u "$form" box sed -n 's/^Cap\(...\):\t/\1 /p' /proc/self/status |
            diff - <(printf 'Inh 0000000000000000\nPrm %s\nEff %s\nBnd 00000000800405fb\nAmb 0000000000000000\n' \
                $effective $effective)
    done <<'FORMS'
0 0:0:0
root 0:0:0
1 1:0:0
1:2 1:2:2
one 1001:1001:1001 2001 2002
1001 1001:1001:1001 2001 2002
one:third 1001:2003:2003
one:7 1001:7:7
twice 1002:1002:1002 2003
4294967294 4294967294:0:0
FORMS
}

@test "S9 a user or group that is none, or overflows, is refused and is never root" {
    carte run -d --name box box sleep 1000
    for form in 4294967295 4294967296 4294967297 8589934592 18446744073709551616 99999999999999999999 -1 -0 +0 ' 0' \
        '0 ' 0x0 0b0 1e3 1.5 0,0 nobody over minus '*' root/ ../root $'0\n' $'root\n' '٠' '０' 1:4294967296 1:-1 1:+0 \
        '1: 0' 1:nogroup 1:over 1:0x0 one:two:three 1:1:1 :4294967296 root:-1 'one,root' '%s' '%n%n'; do
        fails carte exec -u "$form" box id
    done
    for form in 4294967295 4294967296 18446744073709551616 -1 ' 0' over 1:4294967296; do
        fails timeout 60 carte run --rm -u "$form" box id
    done
}

# The user's side of a terminal: what stands in its input after the container has ended.
@test "S24 a container cannot push input into the user's terminal" {
    command -v python3 >/dev/null || skip 'needs python3'
    cat >terminal.py <<'PYTHON'
import os, pty, select, sys, termios
pid, master = pty.fork()
if pid == 0:
    child = os.fork()
    if child == 0:
        os.execvp(sys.argv[1], sys.argv[1:])
    os.waitpid(child, 0)
    termios.tcflow(0, termios.TCOON)
    attributes = termios.tcgetattr(0)
    attributes[3] &= ~termios.ICANON
    termios.tcsetattr(0, termios.TCSANOW, attributes)
    waiting = b""
    while select.select([0], [], [], 0)[0]:
        waiting += os.read(0, 100)
    os.write(1, b"waiting: %r\n" % waiting)
    os._exit(0)
while True:
    try:
        piece = os.read(master, 4096)
    except OSError:
        break
    if not piece:
        break
    sys.stdout.buffer.write(piece)
PYTHON
    carte run -d --name box box sleep 1000
    for words in 'run --rm -it box' 'run --rm -i box' 'run --rm box' 'exec -it box' 'exec -i box'; do
        for program in /attack/inject 'sh -c "/attack/inject; exec /attack/inject"'; do
            eval "timeout 60 python3 terminal.py carte $words $program" >seen </dev/null
            cat seen
            grep -q '^0: ' seen
            grep -q "^waiting: b''" seen
        done
    done
}

# hostile NAME...: none of these commands succeeds, whatever else the name looks like.
hostile() {
    local name=$1
    fails carte run --rm --name "$name" box true
    fails carte create "--name=$name" box
    for command in start stop kill rm inspect logs pause; do
        fails carte "$command" -- "$name"
    done
    fails carte exec -- "$name" true
    fails carte-stack -p "$name" -f ok.yaml up -d
}

@test "S40 hostile names of containers, projects, services and what a file names are refused" {
    printf 'services: {box: {image: box, command: [sleep, "1000"]}}\n' >ok.yaml
    find "$CARTE_TEST" -path "$CARTE_ROOT/stacks" -prune -o -print | sort >before
    printf 'x%.0s' {1..300} >long
    local wrong=''
    while IFS= read -r -d '' name; do
        hostile "$name" >>said 2>&1 || { echo "'$name'"; tail -n 3 said; return 1; }
        for file in '{name: "x", services: {($n): {image: "box"}}}' \
            '{name: "x", services: {box: {image: "box", container_name: $n}}}' \
            '{name: "x", services: {box: {image: "box", networks: [$n]}}, networks: {($n): {}}}' \
            '{name: "x", services: {box: {image: "box", volumes: [{type: "volume", source: $n, target: "/v"}]}}, volumes: {($n): {}}}' \
            '{name: "x", services: {box: {image: "box", hostname: $n}}}' \
            '{name: "x", services: {box: {image: "box", secrets: [{source: $n, target: "t"}]}}, secrets: {($n): {file: "long"}}}'; do
            jq -n --arg n "$name" "$file" >hostile.yaml
            fails carte-stack -f hostile.yaml config -q >>said 2>&1 || { echo "'$name' in $file"; wrong=1; }
        done
    done < <(printf '%s\0' ../x ../../etc . .. a/b /etc ' ' 'a b' $'a\nb' $'\e[31m' -rf '%s%n%s' 'a;id' '$(id)' \
        '*' '~' "a'b" 'a"b' 'a\b' ä ａ "$(cat long)" @)
    # Neither a file, nor a stack, nor a control character on the way to the terminal.
    [ -z "$wrong" ]
    rm -f hostile.yaml
    find "$CARTE_TEST" -path "$CARTE_ROOT/stacks" -prune -o -print | sort | grep -vE '/(said|long|before)$' |
        diff <(grep -vE '/(said|long|before)$' before) -
    fails grep -nP '[\x00-\x08\x0b-\x1f\x7f]' said
    [ -z "$(carte ps -aq)" ]
}
