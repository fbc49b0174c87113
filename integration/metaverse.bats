# The reference stack, used as its players use it: through the published ports.

load lib

setup_file() {
    remember_inventory
    cd "$TOP/stacks/metaverse" || return 1
    # The autoscaler of the reference stack, in the time that a test has.
    cat >"$CARTE_TEST/quick.yaml" <<'YAML'
services:
  login:
    autoscale: {min: 2, max: 5, period: 1s, cooldown: 1s, metrics: [{type: cpu, target: 30}], behavior: {scale_down: {stabilization: 3s}}}
YAML
    export COMPOSE_FILE=stack.yaml:bot.yaml:$CARTE_TEST/quick.yaml
    carte-stack up -d --wait
}

teardown_file() {
    cd "$TOP/stacks/metaverse" || return 1
    carte-stack down -v
    no_leaks
}

setup() {
    cd "$TOP/stacks/metaverse" || return 1
    bot=$TOP/build/metaverse/metabot
}

@test "the images are self-contained and small" {
    for service in login asset map game; do
        size=$(carte inspect "metaverse-$service" | jq '.[0].CompressedSize')
        [ "$size" -gt 0 ]
        [ "$size" -le $((8 * 1024 * 1024)) ]
    done
}

@test "every request answers as its wire format says" {
    run timeout 120 "$bot" --host 127.0.0.1 --check
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "sign up and log in" {
    body='{"user_id":"bats","user_pw":"secret password","nickname":"Bats","email":"bats@example.org"}'
    [ "$(curl -s -d "$body" http://127.0.0.1:8000/signup)" = '{"code":1,"message":"Sign up Success"}' ]
    [ "$(curl -s -d "$body" http://127.0.0.1:8000/signup)" = '{"code":0,"message":"existing id"}' ]
    curl -s -d '{"user_id":"bats","user_pw":"secret password"}' http://127.0.0.1:8000/login |
        jq -e '.code == 1 and .message.nickname == "Bats" and (.message.token | length > 0)'
}

@test "the services reach each other by name" {
    carte-stack exec -T game /game --get http://login:8000/healthz
    carte-stack exec -T login /login --get http://asset:8080/healthz
    carte-stack exec -T login /login --get http://map:8070/healthz
    carte-stack exec -T map /map --udp game:8050 'PlayerMove$nobody;1;0,0,0;0,0,0' | grep -q ';f$'
}

@test "every request answers so from inside, by the services' names" {
    carte-stack exec -T bot /metabot --check \
        --login-host login --asset-host asset --map-host map --game-host game
}

@test "requests are balanced over the replicas" {
    for _ in $(seq 12); do
        curl -s -o /dev/null -D - http://127.0.0.1:8000/healthz | sed -n 's/^X-Replica: //ip'
    done | sort -u >"$CARTE_TEST/replicas"
    [ "$(wc -l <"$CARTE_TEST/replicas")" -ge 2 ]
}

@test "scale login=5 reaches all five, and back again nothing is refused" {
    carte-stack scale login=5
    eventually 20 healthy metaverse login 5
    for _ in $(seq 30); do
        curl -sf -o /dev/null -D - http://127.0.0.1:8000/healthz | sed -n 's/^X-Replica: //ip'
    done | sort -u >"$CARTE_TEST/replicas"
    [ "$(wc -l <"$CARTE_TEST/replicas")" -eq 5 ]
    "$bot" --load --host 127.0.0.1 --path /healthz --port 8000 --rps 200 --seconds 6 >"$CARTE_TEST/load" &
    load=$!
    carte-stack scale login=2
    eventually 20 has_count metaverse login running 2
    wait "$load"
    cat "$CARTE_TEST/load"
    [ "$(jq .failed "$CARTE_TEST/load")" -eq 0 ]
}

@test "a killed login replica costs at most the requests it held" {
    "$bot" --load --host 127.0.0.1 --path /healthz --port 8000 --rps 300 --seconds 6 >"$CARTE_TEST/load" &
    load=$!
    eventually 5 curl -sf -o /dev/null http://127.0.0.1:8000/healthz
    pid=$(field metaverse metaverse-login-1 Pid)
    kill -KILL "$pid"
    wait "$load"
    cat "$CARTE_TEST/load"
    [ "$(jq .ok "$CARTE_TEST/load")" -gt 1000 ]
    [ "$(jq .failed "$CARTE_TEST/load")" -le "$(jq '.connections // 64' "$CARTE_TEST/load")" ]
    eventually 10 healthy metaverse login 2
}

@test "requests go on while the supervisor is killed" {
    "$bot" --load --host 127.0.0.1 --path /healthz --port 8000 --rps 300 --seconds 4 >"$CARTE_TEST/load" &
    load=$!
    pids=$(carte-stack ps --format json | jq -s 'map(.Pid) | sort')
    old=$(supervisor_pid metaverse)
    kill -KILL "$old"
    wait "$load"
    cat "$CARTE_TEST/load"
    [ "$(jq .failed "$CARTE_TEST/load")" -eq 0 ]
    [ "$(carte-stack ps --format json | jq -s 'map(.Pid) | sort')" = "$pids" ]
}

at_least_running() {
    [ "$(count metaverse "$1" running)" -ge "$2" ]
}

@test "logins add replicas, and when they end the replicas go" {
    eventually 20 has_count metaverse login running 2
    "$bot" --load --host 127.0.0.1 --port 8000 --method POST --path /login --rps 150 --seconds 20 \
        --body '{"user_id":"bats","user_pw":"secret password"}' >"$CARTE_TEST/load" &
    load=$!
    eventually 18 at_least_running login 3
    kill "$load"
    wait "$load" || true
    eventually 60 has_count metaverse login running 2
}
