# A small stack from up to down: every command that a user of compose knows.

load lib

setup_file() {
    remember_inventory
    cd "$CARTE_TEST" || return 1
    make_web_context "$CARTE_TEST/web"
    cat >carte.yaml <<'YAML'
name: small
services:
  web:
    build: ./web
    ports: ["8080:80"]
    networks: [front]
    environment: {COLOUR: blue}
    stop_grace_period: 2s
    stop_signal: SIGKILL
    deploy: {replicas: 2, resources: {limits: {memory: 64M, pids: 32}}}
    healthcheck: {test: ["CMD", "wget", "-qO-", "http://127.0.0.1/"], interval: 1s, timeout: 1s}
    restart: always
  back:
    build: ./web
    networks: [front, hidden]
    stop_signal: SIGKILL
    volumes: ["data:/data", {type: tmpfs, target: /scratch}]
    depends_on: {web: {condition: service_healthy}}
  lonely:
    build: ./web
    networks: [hidden]
    stop_signal: SIGKILL
networks:
  front:
  hidden: {internal: true}
volumes:
  data:
YAML
    carte-stack up -d --wait
}

teardown_file() {
    cd "$CARTE_TEST" || return 1
    carte-stack down -v -t 1
    no_leaks
}

setup() {
    cd "$CARTE_TEST" || return 1
}

@test "every replica is up and the published port reaches both" {
    healthy small web 2
    has_count small back running 1
    for _ in 1 2 3 4 5 6; do curl -sf http://127.0.0.1:8080/cgi-bin/who; done | sort -u >hosts
    [ "$(wc -l <hosts)" -eq 2 ]
}

@test "up with nothing changed changes nothing" {
    before=$(field small small-web-1 Pid)
    carte-stack up -d --wait
    [ "$(field small small-web-1 Pid)" = "$before" ]
}

# hopeless CONDITION DB: a service that waits in vain for the other one
hopeless() {
    cat >hopeless.yaml <<YAML
name: hopeless
services:
  web: {image: small-web, stop_signal: SIGKILL, depends_on: {db: {condition: $1}}}
  db: {image: small-web, stop_signal: SIGKILL, $2}
YAML
}

@test "up does not wait for what a failed or unhealthy service holds up" {
    local options
    hopeless service_completed_successfully 'command: ["false"]'
    for options in -d --wait; do
        run timeout 10 carte-stack -f hopeless.yaml up $options
        [ "$status" -eq 1 ]
        [[ $output == *"service 'db', which failed"* ]]
        carte-stack -f hopeless.yaml down
    done
    hopeless service_healthy 'healthcheck: {test: ["CMD", "false"], interval: 300ms, retries: 1}'
    for options in -d --wait; do
        run timeout 10 carte-stack -f hopeless.yaml up $options
        [ "$status" -eq 1 ]
        [[ $output == *"service 'db', which is unhealthy"* ]]
        carte-stack -f hopeless.yaml down
    done
}

@test "up ends well when a service has ended badly, and --wait does not" {
    cat >shot.yaml <<'YAML'
name: shot
services:
  a: {image: small-web, command: ["false"], healthcheck: {test: ["CMD", "true"], interval: 9s}}
YAML
    carte-stack -f shot.yaml up -d
    carte-stack -f shot.yaml down
    run carte-stack -f shot.yaml up --wait
    [ "$status" -eq 1 ]
    carte-stack -f shot.yaml down
}

@test "up --wait ends when a health check gives a replica up, though that starts anew" {
    cat >ill.yaml <<'YAML'
name: ill
services:
  a:
    image: small-web
    stop_signal: SIGKILL
    restart: always
    healthcheck: {test: ["CMD", "false"], interval: 300ms, retries: 1}
YAML
    run carte-stack -f ill.yaml up --wait
    [ "$status" -eq 1 ]
    [[ $output == *"its health check fails"* ]]
    [ "$(field ill ill-a-1 Restarts)" -le 2 ]
    carte-stack -f ill.yaml down
}

@test "ps shows what the issue lists, one JSON object a line" {
    carte-stack ps -a --format json >lines
    [ "$(wc -l <lines)" -eq 4 ]
    jq -es 'all(has("Name") and has("Service") and has("Replica") and has("State") and
        has("Health") and has("Pid") and has("Restarts") and has("Addresses"))' lines
    carte-stack ps | grep -q small-web-1
}

@test "a service that ends keeps its exit code, and its lines keep their stream" {
    cat >once.yaml <<'YAML'
name: oneshot
services:
  once:
    image: small-web
    command: ["sh", "-c", "echo done; echo oops >&2; exit 3"]
YAML
    carte-stack -f once.yaml up -d
    eventually 5 has_exit_code oneshot oneshot-once-1 3
    [ "$(carte-stack -f once.yaml logs --no-log-prefix 2>/dev/null)" = done ]
    [ "$(carte-stack -f once.yaml logs --no-log-prefix 2>&1 >/dev/null)" = oops ]
    carte-stack -f once.yaml down
}

@test "S29 names of services resolve on shared networks only" {
    carte-stack exec -T back wget -qO- http://web/cgi-bin/who | grep -q web
    carte-stack exec -T back nslookup lonely
    carte-stack exec -T lonely nslookup back
    run carte-stack exec -T lonely nslookup web
    echo "$output"
    [ "$status" -eq 1 ]
    run carte-stack exec -T web nslookup lonely
    echo "$output"
    [ "$status" -eq 1 ]
}

@test "S26 networks are isolated from each other" {
    address=$(field small small-web-1 Addresses | jq -r '.[] ' | head -n 1)
    run ! carte-stack exec -T lonely wget -T 2 -qO- "http://$address/"
    run ! carte-stack exec -T once true
}

@test "exec gives the exit code, the environment and stdin" {
    run carte-stack exec -T web sh -c 'exit 42'
    [ "$status" -eq 42 ]
    [ "$(carte-stack exec -T web sh -c 'echo "$COLOUR"')" = blue ]
    [ "$(echo hello | carte-stack exec -T web cat)" = hello ]
    run -127 carte-stack exec -T web no-such-program
}

@test "exec relays much data both ways, and does not wait for what is left running" {
    head -c 3000000 /dev/urandom >random
    carte-stack exec -T web cat <random | cmp - random
    timeout 20 carte-stack exec -T web sh -c 'head -c 60000 /dev/zero; sleep 30 &' >out </dev/null
    [ "$(stat -c %s out)" = 60000 ]
    [ "$(timeout 20 carte-stack exec -T web sh -c 'yes' </dev/null | head -n 1)" = y ]
}

@test "exec passes signals on" {
    carte-stack exec -T web sh -c 'trap "echo got; exit 7" TERM; echo ready; while :; do sleep 0.1; done' >out </dev/null 3>&- &
    pid=$!
    eventually 5 grep -q ready out
    kill -TERM "$pid"
    code=0
    wait "$pid" || code=$?
    [ "$code" = 7 ]
    grep -q got out
}

@test "stop, start and restart do what they say" {
    carte-stack stop -t 1 web
    has_count small web running 0
    run ! curl -sf -m 2 http://127.0.0.1:8080/
    carte-stack start web
    eventually 10 healthy small web 2
    before=$(field small small-web-1 Pid)
    carte-stack restart -t 1 web
    eventually 10 healthy small web 2
    [ "$(field small small-web-1 Pid)" != "$before" ]
}

@test "scale out and in" {
    carte-stack scale web=4
    eventually 10 healthy small web 4
    carte-stack scale web=1
    eventually 10 has_count small web running 1
    carte-stack scale web=2
    eventually 10 healthy small web 2
}

@test "a changed service is replaced, the others stay" {
    back=$(field small small-back-1 Pid)
    web=$(field small small-web-1 Pid)
    sed -i 's/COLOUR: blue/COLOUR: green/' carte.yaml
    carte-stack up -d --wait
    [ "$(carte-stack exec -T web sh -c 'echo "$COLOUR"')" = green ]
    [ "$(field small small-back-1 Pid)" = "$back" ]
    [ "$(field small small-web-1 Pid)" != "$web" ]
    # The new replicas have the places of the old ones.
    [ "$(carte-stack ps --format json | jq -r 'select(.Service == "web").Replica' | sort | xargs)" = "1 2" ]
    [ "$(carte-stack exec -T --index 2 web sh -c 'echo "$COLOUR"')" = green ]
    carte-stack exec -T back nslookup web-2
}

@test "a replica that uses more memory than its limit is reported as out of memory" {
    restarts=$(field small small-web-1 Restarts)
    carte-stack exec -T --index 1 web sh -c \
        'kill -0 1; exec tail -c 200000000 /dev/zero' || true
    carte-stack logs -n 1 web >/dev/null
    eventually 10 healthy small web 2
}
