# The stack and what is done to it. An operation leaves in `desired` what is to run afterwards,
# and in `kind` whether requests may fail meanwhile: gentle (none may) or harsh.

# shellcheck disable=SC2034  # both are read by tests/torture/run
declare -A desired
change=0

write_stack() {
    cat >carte.yaml <<YAML
name: torture
services:
  web:
    build: ./web
    ports: ["8080:80"]
    restart: always
    stop_signal: SIGKILL
    deploy: {replicas: 3, update_config: {monitor: 100ms, parallelism: 2}}
    environment: {CHANGE: "$change"}
    healthcheck: {test: ["CMD", "wget", "-qO-", "http://127.0.0.1/"], interval: 1s, timeout: 3s, retries: 3}
  api:
    build: ./web
    restart: always
    stop_signal: SIGKILL
    deploy: {replicas: 3, update_config: {monitor: 100ms, parallelism: 2}}
    environment: {CHANGE: "$change"}
  ticker:
    build: ./web
    restart: always
    stop_signal: SIGKILL
    deploy: {replicas: 3}
    command: ["sh", "-c", "read id </proc/sys/kernel/random/uuid; i=0; while :; do echo \$\$id \$\$i; i=\$\$((i+1)); sleep 0.02; done"]
  worker:
    build: ./web
    restart: always
    stop_signal: SIGKILL
    depends_on: {web: {condition: service_healthy}}
    deploy: {replicas: 3}
    command: ["sleep", "100000"]
YAML
}

quietly() {
    timeout 60 "$@" >command.log 2>&1
}

# pick WORD...: one of them.
pick() {
    local n=$((RANDOM % $# + 1))
    echo "${!n}"
}

signal() {
    [ -n "$2" ] && kill "-$1" "$2" 2>/dev/null
}

front_pid() {
    pgrep -P "$(supervisor_pid torture)" -f '^carte-front' | head -n 1
}

replica_pid() {
    awk -F '\t' -v s="$1" '$1 == s { print $4 }' table | sed -n "$2p"
}

pause() {
    read -rt "$1" <> <(:) || true
}

# pause_process SECONDS PID: stopped for so long.
pause_process() {
    signal STOP "$2" || return 0
    pause "$1"
    signal CONT "$2"
}

kill_supervisor() { signal KILL "$(supervisor_pid torture)"; }
kill_keeper() { signal KILL "$(keeper_pid torture)"; }
kill_front() { signal KILL "$(front_pid)"; }
kill_replica() { signal KILL "$(replica_pid "$1" "$2")"; }
stop_supervisor() { pause_process "$1" "$(supervisor_pid torture)"; }
stop_keeper() { pause_process "$1" "$(keeper_pid torture)"; }
stop_front() { pause_process "$1" "$(front_pid)"; }
stop_replica() { pause_process "$3" "$(replica_pid "$1" "$2")"; }

# Nobody is left to bring them back: the next command does.
kill_both() {
    signal KILL "$(keeper_pid torture)"
    signal KILL "$(supervisor_pid torture)"
    quietly carte-stack up -d
}

scale() {
    desired[$1]=$2
    quietly carte-stack scale "$1=$2"
}

# beside DELAY VICTIM COMMAND...: kill it while the command is at work, and say it again.
beside() {
    local delay=$1 victim=$2 worker
    shift 2
    quietly "$@" &
    worker=$!
    pause "$delay"
    "kill_$victim"
    wait "$worker"
    settled_by_command "$@"
}

# The supervisor may be gone for a moment.
settled_by_command() {
    eventually 20 quietly "$@" 2>/dev/null || echo "does not succeed: $* ($(tail -n 1 command.log))" >&2
}

scale_and_kill() {
    desired[$3]=$4
    beside "$1" "$2" carte-stack scale "$3=$4"
}

update() {
    change=$((change + 1))
    write_stack
    quietly carte-stack up -d
}

update_and_kill() {
    change=$((change + 1))
    write_stack
    beside "$1" "$2" carte-stack up -d
}

# The command itself dies; what it asked for may or may not have been heard.
kill_command() {
    local pid
    desired[$2]=$3
    carte-stack scale "$2=$3" >/dev/null 2>&1 &
    pid=$!
    pause "$1"
    kill -KILL "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
    settled_by_command carte-stack scale "$2=$3"
}

many() {
    local pids=() n
    desired[$1]=$2
    for n in 1 2 3; do
        quietly carte-stack scale "$1=$2" & pids+=($!)
        quietly carte-stack up -d & pids+=($!)
        quietly carte-stack ps & pids+=($!)
    done
    wait "${pids[@]}"
    settled_by_command carte-stack scale "$1=$2"
}

execute() {
    quietly carte-stack exec -T "$1" true
}

down_and_up() {
    quietly carte-stack down -t 1
    desired=([web]=3 [api]=3 [ticker]=3 [worker]=3)
    settled_by_command carte-stack up -d
}

# The supervisor dies while it takes the stack down: it goes down all the same.
down_and_kill() {
    local worker
    quietly carte-stack down -t 1 &
    worker=$!
    pause "$1"
    "kill_$2"
    wait "$worker"
    settled_by_command carte-stack down -t 1
    eventually 5 nothing_is_left 2>/dev/null || echo 'down is undone' >&2
    desired=([web]=3 [api]=3 [ticker]=3 [worker]=3)
    settled_by_command carte-stack up -d
}

nothing_is_left() {
    [ ! -e "$CARTE_RUN/stacks/torture" ] && [ -z "$(keeper_pid torture)$(supervisor_pid torture)" ]
}

# Restarts within a minute are limited to ten for each service: stay below.
declare -A killed
may_kill() {
    local now=$SECONDS at kept=()
    for at in ${killed[$1]:-}; do
        [ $((now - at)) -ge 60 ] || kept+=("$at")
    done
    killed[$1]="${kept[*]:-}"
    [ "${#kept[@]}" -lt 6 ] || return 1
    killed[$1]+=" $now"
}

choose_operation() {
    local service index delay victim count
    services=(web api ticker worker); service=${services[RANDOM % 4]}
    index=$((RANDOM % ${desired[$service]} + 1))
    count=$((RANDOM % 5 + 1))
    delay=0.$(printf '%03d' $((RANDOM % 200)))
    victims=(supervisor supervisor keeper front)
    victim=${victims[RANDOM % 4]}
    kind=gentle
    case $((RANDOM % 20)) in
    0 | 1 | 2) operation=kill_supervisor ;;
    3) operation=kill_keeper ;;
    4) operation=kill_front ;;
    5) operation=kill_both ;;
    6 | 7)
        operation="kill_replica $service $index"
        may_kill "$service" || operation=kill_supervisor
        [ "$service" != web ] || kind=harsh
        ;;
    8) operation="stop_$victim $delay" ;;
    9)
        operation="stop_replica $service $index $delay"
        ;;
    10 | 11) operation="scale $service $count" ;;
    12 | 13) operation="scale_and_kill $delay $victim $service $count" ;;
    14) operation=update ;;
    15) operation="update_and_kill $delay $victim" ;;
    16)
        operation="quietly carte-stack restart $service"
        [ "$service" != web ] || kind=harsh
        ;;
    17) operation="kill_command $delay $service $count" ;;
    18) operation="many $service $count" ;;
    19)
        operation="execute $service"
        if [ $((RANDOM % 3)) -eq 0 ]; then
            operation="down_and_kill $delay $victim"
            kind=harsh
        fi
        ;;
    esac
}

pick_service() {
    local services=(web api ticker worker)
    echo "${services[RANDOM % 4]}"
}
