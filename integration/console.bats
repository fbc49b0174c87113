# Input and terminals of replicas.

load lib

setup_file() {
    remember_inventory
    cd "$CARTE_TEST" || return 1
    make_web_context "$CARTE_TEST/web"
    cat >carte.yaml <<'YAML'
name: talk
services:
  mirror:
    build: ./web
    command: ["cat"]
    stdin_open: true
    restart: "no"
  shell:
    build: ./web
    command: ["sh"]
    stdin_open: true
    tty: true
    restart: always
  both:
    build: ./web
    command: ["sh", "-c", "read line; echo out; echo err >&2; exit 7"]
    stdin_open: true
    restart: "no"
  waiting:
    build: ./web
    command: ["sh", "-c", "trap 'exit 5' INT; read line"]
    stdin_open: true
    restart: "no"
YAML
    carte-stack up -d
}

teardown_file() {
    cd "$CARTE_TEST" || return 1
    carte-stack down -t 1
    no_leaks
}

setup() {
    cd "$CARTE_TEST" || return 1
}

@test "input reaches a replica and its output comes back, byte by byte, also after a supervisor's death" {
    local pid
    head -c 3000000 /dev/urandom >bytes
    mkfifo input
    carte-stack attach mirror <input >copy &
    attached=$!
    exec 9>input
    head -c 1500000 bytes >&9
    pid=$(supervisor_pid talk)
    kill -KILL "$pid"
    tail -c +1500001 bytes >&9
    exec 9>&-
    wait "$attached"
    cmp bytes copy
    eventually 10 has_count talk mirror exited 1
}

@test "the streams stay apart, and the exit status is the replica's" {
    run --separate-stderr carte-stack attach both <<<go
    [ "$status" -eq 7 ]
    [ "$output" = out ]
    [ "$stderr" = err ]
    carte-stack logs --no-log-prefix both | grep -qx out
}

@test "signals are passed on" {
    mkfifo silent
    carte-stack attach waiting <silent &
    attached=$!
    exec 9>silent
    eventually 5 connected waiting
    kill -INT "$attached"
    status=0
    wait "$attached" || status=$?
    exec 9>&-
    [ "$status" -eq 5 ]
}

# connected SERVICE: somebody is attached to its console
connected() {
    ss -x | grep -q "ESTAB.*/$1-1-[0-9]*.sock"
}

@test "a terminal is one, follows the user's size, and is left with the detach keys" {
    run in_terminal "stty rows 33 cols 44; exec carte-stack attach shell" <<<$'stty size; tty; exit 6\n'
    echo "$output"
    [ "$status" -eq 6 ]
    [[ $output == *"33 44"* ]]
    [[ $output == */dev/* ]]
    eventually 10 has_count talk shell running 1
    pid=$(field talk talk-shell-1 Pid)
    printf 'echo here\n\005z' >keys # until the terminal is raw, ctrl-q would be its own
    run in_terminal "exec carte-stack attach --detach-keys ctrl-e,z shell" <keys
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(field talk talk-shell-1 Pid)" = "$pid" ]
}

@test "a replica without a console is not attached to" {
    cat >plain.yaml <<'YAML'
name: plain
services:
  a: {image: talk-mirror, command: ["sleep", "100"], stop_signal: SIGKILL}
YAML
    carte-stack -f plain.yaml up -d
    run carte-stack -f plain.yaml attach a
    [ "$status" -eq 1 ]
    [[ $output == *"has no console"*stdin_open* ]]
    carte-stack -f plain.yaml down
}
