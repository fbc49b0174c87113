# Load adds replicas, and when it is gone they go too.

load lib

setup_file() {
    remember_inventory
    cd "$CARTE_TEST" || return 1
    make_web_context "$CARTE_TEST/web"
    cat >carte.yaml <<'YAML'
name: elastic
services:
  web:
    build: ./web
    ports: ["8080:80"]
    stop_signal: SIGKILL
    deploy: {replicas: 1, resources: {limits: {cpus: "0.10", memory: 64M}}}
    restart: always
    autoscale:
      min: 1
      max: 3
      period: 1s
      cooldown: 1s
      metrics: [{type: cpu, target: 60}] # a replica at its limit measures 100 to 105 %: two are wanted
      behavior: {scale_down: {stabilization: 3s}}
  steps:
    build: ./web
    stop_signal: SIGKILL
    command: ["sh", "-c", "while :; do :; done"]
    deploy: {replicas: 1, resources: {limits: {cpus: "0.10"}}}
    restart: always
    autoscale:
      min: 1
      max: 2
      period: 1s
      cooldown: 2s
      steps: {metric: cpu, out: [{from: 70, add: 1}], in: [{to: 40, remove: 1}]}
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

@test "load scales out to the maximum, quiet scales in to the minimum" {
    carte-stack exec -d --index 1 web sh -c 'while [ ! -e /www/stop ]; do :; done'
    eventually 30 has_count elastic web running 2
    carte-stack exec -T --index 1 web touch /www/stop
    eventually 40 has_count elastic web running 1
}

@test "steps add replicas up to their maximum" {
    eventually 30 has_count elastic steps running 2
}

@test "a manual scale holds within min and max" {
    carte-stack scale web=3
    eventually 10 has_count elastic web running 3
    eventually 40 has_count elastic web running 1
}
