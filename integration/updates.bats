# A changed file becomes a running stack without a lost request, or goes back to what ran.

load lib

setup_file() {
    remember_inventory
    cd "$CARTE_TEST" || return 1
    write_stack one /login
    carte-stack up -d --wait
}

teardown_file() {
    cd "$CARTE_TEST" || return 1
    carte-stack down -v
    no_leaks
}

setup() {
    cd "$CARTE_TEST" || return 1
    bot=$TOP/build/metaverse/metabot
}

# write_stack REVISION PROGRAM
write_stack() {
    cat >carte.yaml <<YAML
name: fresh
services:
  login:
    build: {context: $TOP/build/metaverse/login}
    command: ["$2"]
    entrypoint: []
    environment: {REVISION: $1}
    ports: ["8000:8000"]
    volumes: ["data:/data", "keys:/keys"]
    healthcheck: {test: ["CMD", "/login", "--health"], interval: 1s, timeout: 1s, retries: 1}
    restart: always
    deploy:
      replicas: 3
      update_config: {order: start-first, parallelism: 1, monitor: 500ms, failure_action: rollback}
volumes: {data: , keys: }
YAML
}

load_begins() {
    "$bot" --load --host 127.0.0.1 --port 8000 --path /healthz --rps 200 --seconds 60 --at-least 200 >"$CARTE_TEST/load" &
    load=$!
}

# A bot that is told to stop reports what it has seen.
load_ends() {
    kill -TERM "$load"
    wait "$load" || true
    cat "$CARTE_TEST/load"
}

revisions() {
    local pid
    for pid in $(carte-stack ps --format json | jq 'select(.State == "running") | .Pid'); do
        tr '\0' '\n' <"/proc/$pid/environ" | sed -n 's/^REVISION=//p'
    done | sort | uniq -c | awk '{ print $1, $2 }'
}

only_revision() {
    [ "$(revisions)" = "3 $1" ] && healthy fresh login 3
}

@test "an update under load loses no request" {
    only_revision one
    load_begins
    write_stack two /login
    carte-stack up -d --wait
    eventually 30 only_revision two
    load_ends
    [ "$(jq .failed "$CARTE_TEST/load")" -eq 0 ]
    [ "$(jq .ok "$CARTE_TEST/load")" -ge 200 ]
}

@test "an update that does not start goes back by itself and loses no request" {
    load_begins
    write_stack three /no-such-program
    run carte-stack up -d --wait
    echo "$output"
    [ "$status" -ne 0 ]
    [[ "$output" == *"rolled back"*/no-such-program* ]]
    eventually 60 only_revision two
    load_ends
    [ "$(jq .failed "$CARTE_TEST/load")" -eq 0 ]
    [ "$(jq .ok "$CARTE_TEST/load")" -ge 200 ]
}
