# Replicas with ids of their own: userns_mode: auto.

load lib

setup_file() {
    remember_inventory
    cd "$CARTE_TEST" || return 1
    make_web_context "$CARTE_TEST/web"
    mkdir shared
    cat >carte.yaml <<'YAML'
name: ids
services:
  apart:
    build: ./web
    stop_signal: SIGKILL
    userns_mode: auto
    restart: always
    ports: ["8080:80"]
    volumes: ["data:/data", "./shared:/shared"]
    secrets: [token]
    deploy: {replicas: 2}
    healthcheck: {test: ["CMD", "wget", "-qO-", "http://127.0.0.1/"], interval: 1s, timeout: 5s, retries: 20}
  plain:
    build: ./web
    stop_signal: SIGKILL
secrets:
  token: {file: ./token}
volumes:
  data: {}
YAML
    echo hush >token
    carte-stack up -d --wait
}

teardown_file() {
    cd "$CARTE_TEST" || return 1
    carte-stack down -v -t 1
    [ -z "$(ls "$CARTE_ROOT/ids" 2>/dev/null)" ]
    no_leaks
}

setup() {
    cd "$CARTE_TEST" || return 1
}

first_id() {
    awk '{ print $2 }' "/proc/$(field ids "$1" Pid)/uid_map"
}

has_other_pid() {
    [ "$(field ids ids-apart-1 Pid)" != "$1" ]
}

@test "each replica has a range of ids of its own" {
    one=$(first_id ids-apart-1)
    two=$(first_id ids-apart-2)
    [ "$one" -gt 65536 ] && [ "$two" -gt 65536 ] && [ "$one" != "$two" ]
    [ "$(first_id ids-plain-1)" = 0 ]
    [ "$(stat -c %u "/proc/$(field ids ids-apart-1 Pid)")" = "$one" ]
    [ "$(carte-stack exec -T apart id -u)" = 0 ]
}

@test "it serves its port, and its root may bind a low one" {
    curl -sf http://127.0.0.1:8080/cgi-bin/who | grep apart
}

@test "what is shared with the machine keeps its owners" {
    carte-stack exec -T apart sh -c 'echo x >/data/new; echo y >/shared/new; cat /run/secrets/token' >secret
    [ "$(cat secret)" = hush ]
    [ "$(stat -c %u shared/new)" = 0 ]
    [ "$(carte-stack exec -T apart stat -c %u /data/new /shared/new /etc | sort -u)" = 0 ]
}

@test "a restart keeps the range and the files" {
    before=$(first_id ids-apart-1)
    pid=$(field ids ids-apart-1 Pid)
    carte-stack exec -T --index 1 apart sh -c 'echo kept >/root-file'
    kill -9 "$pid"
    eventually 60 has_other_pid "$pid"
    eventually 60 healthy ids apart 2
    [ "$(first_id ids-apart-1)" = "$before" ]
    [ "$(carte-stack exec -T --index 1 apart cat /root-file)" = kept ]
}

@test "an unknown mode is a mistake" {
    sed 's/userns_mode: auto/userns_mode: keep-id/' carte.yaml >bad.yaml
    run carte-stack -f bad.yaml config
    [ "$status" -eq 65 ]
    [[ "$output" == *userns_mode* ]]
}
