# A stack file with many mistakes gets all of its messages at once, each with its place.

load lib

@test "ten different mistakes get ten messages with the right lines" {
    cd "$CARTE_TEST"
    cat >bad.yaml <<'YAML'
services:
  web:
    image: web
    prots: ["80:80"]
    ports: ["99999:80"]
    restart: sometimes
    stop_grace_period: 10 parsecs
    depends_on: [database]
  api:
    image: api
    networks: [nowhere]
    volumes: ["missing:/data"]
    healthcheck: {test: ["RUN", "x"]}
    deploy: {replicas: many, resources: {limits: {memory: 10 apples}}}
YAML
    run --separate-stderr carte-stack -f bad.yaml config -q
    echo "$stderr"
    [ "$status" -eq 65 ]
    for line in 4 5 6 7 8 11 12 13; do
        grep -qE "bad.yaml:$line:[0-9]+: " <<<"$stderr"
    done
    [ "$(grep -cE '^bad.yaml:14:[0-9]+: ' <<<"$stderr")" -eq 2 ]
    [ "$(grep -cE '^bad.yaml:[0-9]+:[0-9]+: ' <<<"$stderr")" -eq 10 ]
    grep -q "services.web.prots.*did you mean 'ports'" <<<"$stderr"
    grep -q '^ *^' <<<"$stderr" # a caret
}

@test "a file is named as it was given" {
    cd "$CARTE_TEST"
    mkdir -p below
    printf 'services:\n  web: {image: web, prots: []}\n' >wrong.yaml
    cp wrong.yaml carte.yaml
    run --separate-stderr carte-stack config -q
    [[ $stderr == carte.yaml:2:* ]]
    run --separate-stderr carte-stack -f "$PWD/wrong.yaml" config -q
    [[ $stderr == wrong.yaml:2:* ]]
    : >empty.yaml
    run --separate-stderr carte-stack -f empty.yaml config -q
    [[ $stderr == empty.yaml:1:1:* ]]
    cd below
    run --separate-stderr carte-stack -f ../wrong.yaml config -q
    [[ $stderr == ../wrong.yaml:2:* ]]
}

@test "a resolved file is its own resolved form" {
    cd "$CARTE_TEST"
    carte-stack -f "$TOP/stacks/metaverse/stack.yaml" config >once.yaml
    carte-stack -f once.yaml config >twice.yaml
    diff once.yaml twice.yaml
}

@test "the schema and the reference are those of the tables" {
    cd "$TOP"
    tests/lint/check-generated
}
