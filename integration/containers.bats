# Single containers: carte run, create, start, stop, kill, wait, rm.

load lib
load lib_single

@test "run shows the output and ends with the program's exit status" {
    run --separate-stderr carte run --rm tool sh -c 'echo out; echo err >&2; exit 7'
    echo "$stderr"
    [ "$status" -eq 7 ]
    [ "$output" = out ]
    [ "$stderr" = err ]
    run carte run --rm tool sh -c 'sh -c "kill -KILL \$\$"; exit $?'
    [ "$status" -eq 137 ]
    run -127 carte run --rm tool nosuch
    [ "$status" -eq 127 ]
    [[ $output == *"'nosuch' is not in the container"* ]]
    run carte run --rm tool /etc
    [ "$status" -eq 126 ]
    run carte run --rm --pull never nosuchimage
    [ "$status" -eq 125 ]
    run carte run --rm -m lots tool true
    [ "$status" -eq 125 ]
    [[ $output == *--memory*lots* ]]
    [ -z "$(carte ps -aq)" ]
}

@test "run passes input and output on, byte by byte" {
    head -c 2000000 /dev/urandom >bytes
    carte run --rm -i tool cat <bytes >copy
    cmp bytes copy
    carte run --rm tool cat /bin/busybox >busybox
    cmp busybox web/busybox
    run timeout -k 5 60 carte run --rm tool cat <bytes # without -i there is no input
    [ "$status" -eq 0 ]
    [ -z "$output" ]
}

@test "options reach the container" {
    printf 'A=1\n# no\nB=two words\n' >env
    mkdir -p shared && echo hello >shared/file
    VIA=here carte run --rm --name box -e C=3 -e VIA --env-file env -v "$PWD/shared:/shared:ro" \
        -v ./shared:/writable -v kept:/kept --tmpfs /scratch:size=1m -w /tmp -u 12:34 -h host \
        -m 64m --pids-limit 33 --cpus 0.5 --entrypoint sh --cap-drop ALL --read-only tool -c '
            echo "$A $B $C $VIA"; cat /shared/file; pwd; id -u; id -g; hostname
            grep CapBnd /proc/self/status; touch /scratch/x && echo scratch
            touch /shared/x 2>/dev/null || echo sealed; touch /x 2>/dev/null || echo read-only' >out
    cat >expected <<'X'
1 two words 3 here
hello
/tmp
12
34
host
CapBnd:	0000000000000000
scratch
sealed
read-only
X
    diff expected out
}

@test "a container is created, started, stopped, started again, and removed" {
    id=$(carte create --name keep tool sh -c 'echo run >>/count; wc -l </count; trap "exit 3" TERM; sleep 1000 & wait')
    [ "${#id}" -eq 64 ]
    [ "$(carte ps -a --format json | jq -r .State)" != running ]
    [ "$(carte start keep)" = keep ]
    [ "$(carte ps --format json | jq -r .State)" = running ]
    eventually 10 said 1
    [ "$(carte stop "${id:0:12}")" = "${id:0:12}" ]
    [ "$(carte wait keep)" = 3 ]
    carte restart keep
    eventually 10 said 2
    run carte rm keep
    [ "$status" -eq 1 ]
    [[ $output == *"is running"*-f* ]]
    carte kill -s TERM keep
    [ "$(carte wait keep)" = 3 ]
    [ "$(carte start keep)" = keep ]
    [ "$(carte rm -f keep)" = keep ]
    [ -z "$(carte ps -aq)" ]
    run carte rm keep
    [ "$status" -eq 1 ]
    run --separate-stderr carte rm -f keep # as docker does: there is none, and that is told
    [ "$status" -eq 0 ]
    [ -z "$output" ]
    [[ $stderr == *"no such container: 'keep'"* ]]
}

@test "one that is stopping is not hurried by what is done to another" {
    mkdir -p flag
    carte run -d --name slow -v "$PWD/flag:/flag" tool sh -c 'trap "echo asked; until [ -e /flag/done ]; do sleep 0.05; done; exit 3" TERM
        while :; do sleep 0.05; done'
    carte run -d --name other tool sleep 1000
    carte stop -t 600 slow &
    eventually 10 has_said slow asked
    carte rm -f other
    touch flag/done
    wait $!
    [ "$(carte wait slow)" = 3 ]
}

@test "one that is stopping is still reached, and a second stop without time ends it" {
    carte run -d --name slow tool sh -c 'trap "echo heard" USR1; trap "echo asked" TERM; while :; do sleep 0.05; done'
    carte stop -t 600 slow &
    eventually 10 has_said slow asked
    [ "$(carte exec slow echo inside)" = inside ]
    carte kill -s USR1 slow
    eventually 10 has_said slow $'asked\nheard'
    carte kill slow
    wait $!
    [ "$(carte wait slow)" = 137 ]
}

@test "a new container has no lines of an old one of its name" {
    for line in old new; do
        carte run -d --name twice tool echo "$line"
        eventually 10 has_said twice "$line"
        carte rm -f twice
    done
    [ -z "$(find "$CARTE_ROOT/stacks/carte/logs" -name 'twice*')" ]
}

said() {
    carte-stack -p carte logs --no-log-prefix keep | grep -qx "$1"
}

@test "exec, logs and attach work by name, also in a stack" {
    carte run -d -i --name talk tool cat
    [ "$(carte exec talk echo inside)" = inside ]
    [ "$(echo piped | carte exec -i talk cat)" = piped ]
    [ -z "$(echo not | carte exec talk cat)" ]
    run carte exec -w /www -e X=y -u 5 talk sh -c 'echo $X; id -u; pwd; exit 4'
    [ "$status" -eq 4 ]
    [ "$output" = $'y\n5\n/www' ]
    echo words | carte attach talk
    [ "$(carte logs talk)" = words ]
    run carte exec talk true
    [ "$status" -eq 1 ]
    [[ $output == *"'talk' is not running"* ]]
    carte rm talk
    printf 'name: other\nservices:\n  a: {image: tool, command: [sh, -c, "echo said; sleep 1000"], stop_signal: SIGKILL}\n' >other.yaml
    carte-stack -f other.yaml up -d
    [ "$(carte exec other-a-1 echo there)" = there ]
    eventually 10 has_said other-a-1 said
    run carte stop other-a-1
    [ "$status" -eq 1 ]
    [[ $output == *"carte-stack -p other"* ]]
    carte-stack -f other.yaml down
}

@test "limits that contradict each other are refused while it runs, too" {
    carte run -d --name swapped -m 64m --memory-swap 128m tool sleep 1000
    run carte update -m 256m swapped
    [ "$status" -ne 0 ]
    [[ $output == *"container 'swapped': 'memswap_limit' is"*"less than 'mem_limit'"* ]]
    carte update -m 96m swapped
    carte run --rm tool true
    carte rm -f swapped
}

@test "limits and names change while it runs" {
    local id pid
    id=$(carte run -d --name grow -m 64m tool sleep 1000)
    pid=$(carte inspect -f '{{.State.Pid}}' grow)
    carte update -m 96m --pids-limit 77 grow
    [ "$(carte exec grow cat /sys/fs/cgroup/memory/memory.limit_in_bytes)" = 100663296 ] ||
        [ "$(carte exec grow cat /sys/fs/cgroup/memory.max)" = 100663296 ]
    carte rename grow grown
    [ "$(carte inspect -f '{{.State.Pid}}' grown)" = "$pid" ]
    run carte inspect grow
    [ "$status" -ne 0 ]
    carte create --name second tool
    for taken in grown grow; do # others find it by its first name
        run carte rename second "$taken"
        [ "$status" -eq 1 ]
        [[ $output == *"'$taken' is in use"* ]]
    done
    carte rename grown "${id:0:2}" # the beginning of an id is a name like any other
    carte rename "${id:0:2}" grow
    carte rm -f grow
}

@test "what a container writes does not drive the terminal that its log is read on" {
    carte run --name loud tool printf '\033]0;title\007\033[31mred\033[0m\033[2J\n' >/dev/null
    [ "$(carte logs loud)" = "$(printf '\033]0;title\007\033[31mred\033[0m\033[2J')" ]
    shown=$(in_terminal 'exec carte logs loud' <> <(:))
    [[ $shown == '?]0;title?'$'\033[31mred'*'?[2J'* ]]
    shown=$(in_terminal 'exec carte logs --raw loud' <> <(:))
    [[ $shown == *$'\033]0;title\007'* ]]
}

@test "pause stops the processes, unpause lets them go on, and stop does both" {
    carte run -d --name tick tool sh -c 'while :; do echo x; sleep 0.05; done'
    eventually 10 ticked_after 0
    carte pause tick
    is_frozen tick
    before=$(carte logs tick | wc -l)
    [ "$(carte ps --format json | jq -r .State)" = paused ]
    [ "$(carte inspect -f '{{.State.Status}}' tick)" = paused ]
    run carte exec tick true
    [[ $output == *paused* ]]
    carte unpause tick
    run ! is_frozen tick
    eventually 10 ticked_after "$before"
    carte pause tick
    carte stop -t 0 tick
    [ "$(carte wait tick)" = 137 ]
}

ticked_after() { # LINES
    [ "$(carte logs tick | wc -l)" -gt "$1" ]
}
# What the kernel says of the container's processes, on either version of cgroups.
is_frozen() {
    local own
    own=/proc/$(carte inspect -f '{{.State.Pid}}' "$1")/cgroup
    find /sys/fs/cgroup '(' -path "*$(sed -n 's/^0:://p' "$own")/cgroup.events" -o \
        -path "*/freezer$(sed -n 's/^[0-9]*:freezer://p' "$own")/freezer.state" ')' \
        -exec grep -qxE 'frozen 1|FROZEN' {} ';' -print | grep -q .
}

@test "cp from and to a container that runs, and one that does not" {
    mkdir -p tree/sub && echo one >tree/one && echo two >tree/sub/two && ln -s /etc/hostname tree/link
    carte run -d --name box -v held:/held tool sh -c 'mkdir /in /etc; echo inside >/in/file; ln -s /etc /evil; sleep 1000'
    eventually 10 carte exec box test -L /evil
    carte cp tree box:/in/
    [ "$(carte exec box sh -c 'cat /in/tree/one /in/tree/sub/two; stat -c %u /in/tree/one')" = $'one\ntwo\n0' ]
    carte cp tree/. box:/new
    [ "$(carte exec box cat /new/one)" = one ]
    carte cp tree/one box:/evil/carte-test
    [ "$(carte exec box cat /etc/carte-test)" = one ]
    [ ! -e /etc/carte-test ]
    carte cp tree/one box:/held/kept
    [ "$(cat "$CARTE_ROOT/volumes/held/data/kept")" = one ]
    carte cp box:/in/file back && [ "$(cat back)" = inside ]
    mkdir taken
    carte cp box:/in taken
    [ "$(cat taken/in/file taken/in/tree/sub/two)" = $'inside\ntwo' ]
    [ "$(readlink taken/in/tree/link)" = /etc/hostname ]
    carte cp box:/in - | tar tf - | grep -qx 'in/tree/sub/two'
    tar cf - tree | carte cp - box:/tmp 2>/dev/null || carte exec box mkdir /tmp
    tar cf - tree | carte cp - box:/tmp
    [ "$(carte exec box cat /tmp/tree/one)" = one ]
    run carte cp box:/nothing .
    [ "$status" -eq 1 ]
    run carte cp tree box:/no/such/folder
    [ "$status" -eq 1 ]
    run carte cp tree taken
    [ "$status" -eq 64 ]
    carte stop -t 0 box
    carte cp tree/sub/two box:/in/later
    carte cp box:/in/later again && [ "$(cat again)" = two ]
    carte cp box:/www/index.html page
    carte start box
    [ "$(carte exec box cat /in/later)" = two ]
}

@test "S12 cp runs nothing of a container, and links that are swapped lead no further than it" {
    mkdir -p decoy loot into && echo of-the-host >decoy/file && echo one >into/one
    ls -lR decoy >before
    carte run -d --name trap tool sh -c '
        mkdir -p /usr/bin /lib/x86_64-linux-gnu /in
        for p in /usr/bin/xz /usr/bin/tar /usr/bin/gzip /bin/xz /bin/tar /bin/gzip; do
            rm -f $p; printf "#!/bin/sh\\necho ran >/ran\\n" >$p; chmod 755 $p
        done
        echo junk >/lib/x86_64-linux-gnu/libnss_files.so.2
        while :; do
            rm -rf /in; ln -s '"$PWD"'/decoy /in; rm -f /in; mkdir /in; echo inside >/in/file
        done'
    eventually 10 carte exec trap test -e /lib/x86_64-linux-gnu/libnss_files.so.2
    for i in $(seq 40); do
        carte cp into/one trap:/in/ 2>/dev/null || true
        carte cp trap:/in/file loot/ 2>/dev/null || true
        carte cp trap:/in loot/ 2>/dev/null || true
    done
    xz -k into/one && tar cf - into | xz | carte cp - trap:/ 2>/dev/null || true
    run ! grep -r of-the-host loot
    [ "$(ls -lR decoy)" = "$(cat before)" ]
    run carte exec trap test -e /ran
    [ "$status" -eq 1 ]
    [ ! -e /ran ]
}

@test "S41 names of processes and commands reach no terminal as they are" {
    carte run -d --name loud tool sh -c \
        'exec sh -c "while :; do sleep 100; done" "$(printf "\033[31mred\007\010\177")"'
    eventually 10 grep -q red <(carte top loud)
    for shown in "$(carte top loud)" "$(carte ps)"; do
        [[ $shown == *[![:space:]]* ]]
        [[ $shown != *[$'\e\a\b\x7f']* ]]
    done
}

@test "inspect, port, top and stats" {
    carte run -d --name look -p 127.0.0.1:18081:80 -e A=b -m 50m tool sleep 1000
    [ "$(carte inspect -f '{{.Name}} {{.State.Status}} {{.Config.Image}}' look)" = "/look running tool" ]
    carte inspect look | jq -e '.[0].Config.Env | index("A=b")'
    [ "$(carte inspect look | jq -c '.[0] | [.Path, .Args]')" = '["sleep",["1000"]]' ]
    [ "$(carte port look)" = "80/tcp -> 127.0.0.1:18081" ]
    [ "$(carte port look 80)" = 127.0.0.1:18081 ]
    carte top look | grep -q 'root .*sleep 1000'
    [ "$(carte stats --no-stream --format '{{.Name}} {{.PIDs}}' look)" = "look 1" ]
    carte stats --no-stream | grep -q '/ 50'
}

@test "names are unique, and one that is mistyped is told" {
    carte run -d --name first tool sleep 1000
    run carte run --name first tool true
    [ "$status" -eq 125 ]
    [[ $output == *"'first' is in use"* ]]
    run carte stop frist
    [ "$status" -eq 1 ]
    [[ $output == *"did you mean 'first'"* ]]
    run carte run --name ../x tool true
    [ "$status" -eq 125 ]
}

@test "a terminal, its size and the detach keys" {
    run in_terminal 'stty rows 21 cols 57; exec carte run --rm -it tool sh' <<<$'stty size; exit 9\n'
    echo "$output"
    [ "$status" -eq 9 ]
    [[ $output == *"21 57"* ]]
    printf 'true\n\005z' >keys
    run in_terminal 'exec carte run --name left --detach-keys ctrl-e,z -it tool sh' <keys
    [ "$status" -eq 0 ]
    [ "$(carte ps --format json | jq -r .State)" = running ]
}

@test "Ctrl-C reaches the program" {
    mkfifo silent
    carte run --rm --name trap tool sh -c 'trap "exit 5" INT; echo ready; sleep 1000 & wait' <silent >out &
    client=$!
    exec 9>silent
    eventually 10 grep -q ready out
    kill -INT "$client"
    status=0
    wait "$client" || status=$?
    exec 9>&-
    [ "$status" -eq 5 ]
}

@test "one that is to be restarted is, and one that is to be removed is, also without its client" {
    carte run -d --name again --restart always tool sh -c 'sleep 0.1; exit 1'
    eventually 20 restarted again
    carte run -d --rm --name brief tool true
    eventually 10 removed brief
}

restarted() {
    [ "$(carte ps -a --format json | jq "select(.Name == \"$1\") | .Restarts")" -ge 2 ]
}

removed() {
    [ -z "$(carte ps -a --format json | jq "select(.Name == \"$1\")")" ]
}

@test "many at once" {
    for i in 1 2 3 4 5 6 7 8; do
        carte run --rm tool sh -c "echo $i; exit $i" >"many.$i" &
        clients[i]=$!
    done
    for i in 1 2 3 4 5 6 7 8; do
        status=0
        wait "${clients[i]}" || status=$?
        [ "$status" -eq "$i" ]
        [ "$(cat "many.$i")" = "$i" ]
    done
}

@test "one that ends before its supervisor has looked at it is started all the same" {
    local tracer
    carte run --rm tool true
    # It is held back behind the fork, until the keeper has long seen the end.
    strace -f -qq -o /dev/null -e trace=clone3 -e inject=clone3:delay_exit=500000 \
        -p "$(single_pid)" &
    tracer=$!
    eventually 10 grep -q '^TracerPid:.*[1-9]' "/proc/$(single_pid)/status"
    run carte run --rm tool sh -c 'exit 7'
    kill "$tracer"
    wait "$tracer" || true
    [ "$status" -eq 7 ]
}

@test "a published port, and a name that another container resolves" {
    carte run -d --name site -p 18080:80 tool httpd -f -p 80 -h /www
    eventually 10 curl -sf -o /dev/null http://127.0.0.1:18080/
    carte run --rm tool wget -qO- http://site/ >/dev/null
}
