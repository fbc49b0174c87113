# A base to start from without a registry. Packages come from the mirror that the machine's apt
# is set up with; all that is made of them runs in the namespaces of the test.

load lib

setup_file() {
    remember_inventory
    cd "$CARTE_TEST" || return 1
}

setup() {
    cd "$CARTE_TEST" || return 1
}

@test "busybox becomes an image, the same each time" {
    carte bootstrap -q busybox >one
    CARTE_ROOT=$CARTE_TEST/other carte bootstrap -q -t bb:v1 busybox >two
    diff one two
    [ "$(CARTE_ROOT=$CARTE_TEST/other carte inspect bb:v1 | jq -r '.[0].RepoTags[0]')" = bb:v1 ]
    printf 'FROM busybox\nRUN wc -c </bin/busybox >/size && id -u >/uid\n' >Cartefile
    carte build -t sized .
    cat >carte.yaml <<'YAML'
name: sized
services: {app: {image: sized, command: [cat, /size, /uid]}}
YAML
    carte-stack up -d
    eventually 20 has_count sized app exited 1
    carte-stack logs --no-log-prefix app >out
    carte-stack down
    printf '%s\n0\n' "$(wc -c </bin/busybox)" | diff - out
}

@test "a Debian base takes the packages of servers, which run from the image" {
    with_host_network carte bootstrap debian:bookworm 2>progress
    grep -q 'Image debian:bookworm  installing' progress
    cat >Cartefile <<'CARTEFILE'
FROM debian:bookworm
RUN apt-get update && apt-get install -y redis-server postgresql && apt-get clean
CARTEFILE
    with_host_network carte build --network=host -t servers . 2>build.log || { tail build.log; false; }
    cat >carte.yaml <<'YAML'
name: servers
services:
  cache:
    image: servers
    user: redis
    command: [redis-server, --bind, 0.0.0.0, --protected-mode, "no", --dir, /var/lib/redis]
    healthcheck: {test: [CMD, redis-cli, ping], interval: 1s, timeout: 20s, retries: 60}
  db:
    image: servers
    user: postgres
    stop_signal: SIGINT
    command: [/usr/lib/postgresql/15/bin/postgres, -D, /var/lib/postgresql/15/main,
      -c, config_file=/etc/postgresql/15/main/postgresql.conf, -c, unix_socket_directories=/tmp]
    healthcheck: {test: [CMD, pg_isready, -h, /tmp], interval: 1s, timeout: 20s, retries: 60}
YAML
    carte-stack up -d --wait || { carte-stack logs; false; }
    [ "$(carte-stack exec -T db redis-cli -h cache set greeting hello)" = OK ]
    [ "$(carte-stack exec -T cache redis-cli get greeting)" = hello ]
    [ "$(carte-stack exec -T db psql -h /tmp -Atc 'select 40 + 2')" = 42 ]
    carte-stack exec -T db psql -h /tmp -qc 'create table kept (n int); insert into kept values (7)'
    [ "$(carte-stack exec -T db psql -h /tmp -Atc 'select n from kept')" = 7 ]
    carte-stack down
}

@test "the same packages give the same digest" {
    one=$(carte inspect debian:bookworm | jq -r '.[0].Id')
    CARTE_ROOT=$CARTE_TEST/other with_host_network carte bootstrap -q debian:bookworm >two
    [ "$(cat two)" = "$one" ]
}

@test "what is missing is named" {
    run carte bootstrap debin:bookworm
    [ "$status" -ne 0 ]
    [[ "$output" == *debian:SUITE* ]]
    run carte bootstrap 'debian:../x'
    [[ "$output" == *"is no name of a suite"* ]]
    run carte bootstrap --include='x;y z' debian:bookworm
    [[ "$output" == *"is no name of a package"* ]]
    run carte bootstrap --variant=huge debian:bookworm
    [[ "$output" == *minbase* ]]
    mkdir -p bin
    ln -sf "$(command -v carte)" bin/carte
    PATH=$PWD/bin run carte bootstrap debian:bookworm
    [[ "$output" == *"install the package"* ]]
    [ -e /usr/share/keyrings/kali-archive-keyring.gpg ] || {
        run carte bootstrap kali:kali-rolling
        [[ "$output" == *"install the package 'kali-archive-keyring'"* ]]
    }
    # The private network leads nowhere, and mmdebstrap says so.
    run timeout 120 carte bootstrap --mirror=http://127.0.0.1:9/debian debian:bookworm
    [ "$status" -ne 0 ]
    [[ "$output" == *"mmdebstrap failed"* ]]
    run ! carte inspect nothing
}

# The processes that the bootstrap started; its store's path is known to each of them.
has_workers() {
    pgrep -f "mmdebstrap .*$CARTE_TEST/killed" >workers
}
has_no_workers() {
    ! has_workers
}
is_installing() {
    grep -q installing killed.log
}

@test "a bootstrap that is killed leaves nothing behind" {
    export CARTE_ROOT=$CARTE_TEST/killed
    nsenter --net="$CARTE_HOST_NET" -- carte bootstrap debian:bookworm 2>killed.log &
    pid=$!
    eventually 60 is_installing
    has_workers
    kill -9 "$pid"
    wait "$pid" || true
    eventually 20 has_no_workers
    carte images
    [ -z "$(ls -A "$CARTE_ROOT/images/tmp")" ]
    no_leaks
}
