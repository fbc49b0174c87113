# What dies comes back, and nobody else notices.

load lib

setup_file() {
    remember_inventory
    cd "$CARTE_TEST" || return 1
    make_web_context "$CARTE_TEST/web"
    cat >carte.yaml <<'YAML'
name: heal
services:
  web:
    build: ./web
    ports: ["8080:80"]
    stop_signal: SIGKILL
    deploy: {replicas: 3}
    restart: always
    healthcheck: {test: ["CMD", "wget", "-qO-", "http://127.0.0.1/"], interval: 1s, timeout: 1s, retries: 2}
YAML
    carte-stack up -d --wait
}

teardown_file() {
    cd "$CARTE_TEST" || return 1
    carte-stack down -t 1
    no_leaks
}

setup() {
    cd "$CARTE_TEST" || return 1
}

pid_changed() {
    local now
    now=$(field heal "$1" Pid)
    [ "$now" != "$2" ] && [ "$now" != 0 ] && [ "$now" != null ]
}

supervisor_changed() {
    local now
    now=$(supervisor_pid heal)
    [ -n "$now" ] && [ "$now" != "$1" ] && carte-stack ps >/dev/null 2>&1
}

@test "a killed replica is replaced" {
    pid=$(field heal heal-web-1 Pid)
    kill -KILL "$pid"
    eventually 5 pid_changed heal-web-1 "$pid"
    eventually 5 healthy heal web 3
    [ "$(field heal heal-web-1 Restarts)" -ge 1 ]
}

@test "a killed supervisor comes back and knows its replicas" {
    pids=$(carte-stack ps --format json | jq -s 'map(.Pid) | sort')
    old=$(supervisor_pid heal)
    kill -KILL "$old"
    for _ in $(seq 20); do curl -sf -m 2 http://127.0.0.1:8080/cgi-bin/who; done | sort -u >hosts
    [ "$(wc -l <hosts)" -eq 3 ]
    eventually 5 supervisor_changed "$old"
    eventually 5 healthy heal web 3
    [ "$(carte-stack ps --format json | jq -s 'map(.Pid) | sort')" = "$pids" ]
}

@test "a replica that dies while the supervisor is dead comes back too" {
    pid=$(field heal heal-web-2 Pid)
    old=$(supervisor_pid heal)
    kill -KILL "$old"
    kill -KILL "$pid"
    eventually 5 supervisor_changed "$old"
    eventually 5 pid_changed heal-web-2 "$pid"
    eventually 5 healthy heal web 3
}

@test "a killed keeper leaves the replicas running and is replaced" {
    pids=$(carte-stack ps --format json | jq -s 'map(.Pid) | sort')
    kill -KILL "$(keeper_pid heal)"
    curl -sf -m 2 http://127.0.0.1:8080/ >/dev/null
    carte-stack up -d --wait
    [ "$(carte-stack ps --format json | jq -s 'map(.Pid) | sort')" = "$pids" ]
    eventually 5 healthy heal web 3
}

@test "an unhealthy replica is restarted" {
    pid=$(field heal heal-web-3 Pid)
    carte-stack exec -T --index 3 web mv /www/index.html /www/gone.html
    eventually 15 pid_changed heal-web-3 "$pid"
    carte-stack exec -T --index 3 web mv /www/gone.html /www/index.html
    eventually 10 healthy heal web 3
}

@test "a supervisor that is started after down has nothing to do" {
    carte-stack down -t 1
    run carte-stack supervise heal
    [ ! -e "$CARTE_RUN/stacks/heal" ]
    no_leaks
    carte-stack up -d --wait
}

@test "down works when keeper and supervisor are dead" {
    kill -KILL "$(keeper_pid heal)" "$(supervisor_pid heal)"
    carte-stack down -t 1
    no_leaks
    carte-stack up -d --wait
    healthy heal web 3
}
