# A Cartefile becomes an image.

load lib

setup() {
    cd "$(mktemp -d "$CARTE_TEST/build.XXXX")" || return 1
}

@test "a second build with nothing changed does nothing and gives the same image" {
    make_web_context web
    carte build -t web web 2>first
    one=$(carte inspect web | jq -r '.[0].Id')
    carte build -t web web 2>second
    [ "$(carte inspect web | jq -r '.[0].Id')" = "$one" ]
    grep -qi cached second
}

@test "a name that cannot be one is refused before anything is built" {
    mkdir -p named
    printf 'FROM scratch\nLABEL a=b\n' >named/Cartefile
    run carte build -t 'BAD NAME' named
    [ "$status" -eq 65 ]
    [[ $output == "carte: 'BAD NAME' is no name of an image"* ]]
}

@test "two folders with the same content give the same digest" {
    make_web_context one
    make_web_context two
    echo same >one/www/index.html
    echo same >two/www/index.html
    carte build --no-cache -t one one
    carte build --no-cache -t two two
    [ "$(carte inspect one | jq -r '.[0].Id')" = "$(carte inspect two | jq -r '.[0].Id')" ]
}

@test "stages, arguments, owners and modes end up in the image" {
    cp /bin/busybox .
    echo hello >file
    echo secret >ignored
    echo ignored >.carteignore
    tar -cf data.tar file
    cat >Cartefile <<'CARTEFILE'
ARG BASE=scratch
FROM ${BASE} AS tools
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
ARG WORD=nothing
RUN echo "$WORD" >/word && mkdir -p /etc && echo 'app:x:1000:1000::/:/bin/sh' >/etc/passwd
FROM tools
ENV GREETING="hello there" OTHER=$GREETING
WORKDIR /app
COPY --from=tools /word copied
COPY --chown=1000:1000 --chmod=640 file .
ADD data.tar /unpacked/
COPY . /all/
USER app
LABEL kind=test
EXPOSE 80/tcp
ENTRYPOINT ["sh", "-c"]
CMD ["id -u; cat copied; stat -c '%u %a' file; echo $GREETING; cat /unpacked/file; ls /all"]
CARTEFILE
    carte build -t staged --build-arg WORD=magic .
    cat >carte.yaml <<'YAML'
name: staged
services: {app: {image: staged}}
YAML
    carte-stack up -d
    eventually 5 has_count staged app exited 1 || carte-stack ps -a
    carte-stack logs --no-log-prefix app >out
    carte-stack down
    cat out
    diff out - <<'EXPECTED'
1000
magic
1000 640
hello there
hello
Cartefile
busybox
data.tar
file
EXPECTED
}

@test "the short form makes three layers and a record, and starts the executable in its folder" {
    mkdir app
    printf '#!/bin/busybox sh\necho "$1 in $PWD with $(cat data)"\n' >app/start
    echo data >app/data
    cp /bin/busybox .
    printf 'FROM scratch\nCOPY busybox /bin/busybox\nRUN ["/bin/busybox","--install","-s","/bin"]\n' >Base
    carte build -t base -f Base .
    printf 'FROM base\nNAME shortform\nPATH ./app\nexe_PATH start\n' >Cartefile
    SUDO_USER=nobody carte build .
    carte inspect shortform | jq -e '.[0] | (.Record | keys) == ["author", "base_image", "exe_path",
        "layers", "name", "timestamp"] and .Record.author == "nobody" and .Record.base_image == "base"
        and .Record.name == "shortform" and .Record.exe_path == "start"
        and .Record.layers == .RootFS.Layers[-3:] and (.Record.timestamp | fromdate? // 1) > 0'
    carte save shortform | CARTE_ROOT=$PWD/own carte load
    [ "$(CARTE_ROOT=$PWD/own carte inspect -f '{{json .Record}}' shortform)" = "$(carte inspect -f '{{json .Record}}' shortform)" ]
    printf 'name: shortform\nservices: {app: {image: shortform, command: [started]}}\n' >carte.yaml
    carte-stack up -d
    eventually 30 has_count shortform app exited 1 || carte-stack ps -a
    [ "$(carte-stack logs --no-log-prefix app)" = 'started in /app with data' ]
    carte-stack down
}

@test "a mistake names file, line and the nearest word" {
    printf 'FROM scratch\nCPOY a b\n' >Cartefile
    run carte build -t x .
    [ "$status" -ne 0 ]
    [[ "$output" == *"Cartefile:2"* ]]
    [[ "$output" == *"COPY"* ]]
}

@test "a failing step shows its output and leaves the store whole" {
    cp /bin/busybox .
    printf 'FROM scratch\nCOPY busybox /bin/busybox\nRUN ["/bin/busybox","sh","-c","echo before; exit 7"]\n' >Cartefile
    run carte build -t broken .
    [ "$status" -ne 0 ]
    [[ "$output" == *before* ]]
    [[ "$output" == *7* ]]
    run ! carte inspect broken
}

# What networks of steps could leave behind. Control groups are looked for by name, because other
# runs on the machine have theirs.
step_inventory() {
    inventory | grep -v '^cgroup ' | sort
}
nothing_left() {
    step_inventory | comm -13 "$CARTE_TEST/before" - >"$CARTE_TEST/left"
    [ ! -s "$CARTE_TEST/left" ]
}
no_step_left() {
    eventually 5 nothing_left || { cat "$CARTE_TEST/left" >&2; return 1; }
}

# The world outside: a namespace with a web server that only the default route leads to.
make_outside() {
    mkdir -p www
    echo "from outside" >www/index.html
    ip netns add carte-outside
    ip link add out0 type veth peer name out1 netns carte-outside
    ip addr add 192.0.2.1/30 dev out0
    ip link set out0 up
    ip -n carte-outside link set lo up
    ip -n carte-outside addr add 192.0.2.2/30 dev out1
    ip -n carte-outside addr add 198.51.100.7/32 dev lo
    ip -n carte-outside link set out1 up
    ip route add default via 192.0.2.2
    ip netns exec carte-outside busybox httpd -f -p 80 -h www 3>&- &
    outside=$!
    eventually 5 busybox wget -qO /dev/null http://198.51.100.7/
    step_inventory >"$CARTE_TEST/before"
}

teardown() {
    # Only what a test that failed half-way has left: this build removes a killed one's container.
    if [ -n "${living:-}" ] && kill -INT "$living" 2>/dev/null; then
        wait "$living" || true
        carte build -t other other || true
    fi
    if [ -n "${outside:-}" ]; then
        kill "$outside" || true
        ip netns del carte-outside || true
        ip link del out0 2>/dev/null || true
    fi
}

# run_file FOLDER INSTRUCTION: a Cartefile that ends with it, after the shell's tools.
run_file() {
    mkdir -p "$1"
    cp /bin/busybox "$1"
    printf '%s\n' 'FROM scratch' 'COPY busybox /bin/busybox' \
        'RUN --network=none ["/bin/busybox", "--install", "-s", "/bin"]' "$2" >"$1/Cartefile"
}

@test "a step reaches the world outside, unless it has no network" {
    make_outside
    run_file default 'RUN timeout 3 wget -qO /page http://198.51.100.7/ && grep -q outside /page'
    run_file none 'RUN --network=none timeout 3 wget -qO /page http://198.51.100.7/'
    run_file host 'RUN --network=host timeout 3 wget -qO /page http://198.51.100.7/'
    carte build -t reached default
    no_step_left
    run ! carte build -t lonely none
    [[ "$output" == *unreachable* ]]
    run ! carte build -t lonely --no-cache --network none default
    carte build -t hosted host
    no_step_left
}

@test "a step knows itself by name, and its files are no part of the image" {
    run_file itself 'RUN test "$(hostname)" = build && grep -q build /etc/hosts && ls /etc/resolv.conf'
    echo 'RUN ["/bin/busybox", "sh", "-c", "echo 192.0.2.9 other >>/etc/hosts"]' >>itself/Cartefile
    echo 'RUN --network=none test ! -e /etc' >>itself/Cartefile
    carte build -t itself itself
}

@test "name servers on the host's loopback are told of when a step fails" {
    echo nameserver 127.0.0.53 >resolv.conf
    run_file names 'RUN grep nameserver /etc/resolv.conf'
    mount --bind resolv.conf /etc/resolv.conf
    run carte build -t names names
    umount /etc/resolv.conf
    [ "$status" -ne 0 ]
    [[ "$output" == *"name servers"*"--network=host"* ]]
}

@test "a build that has every step in the store touches no network" {
    run_file cached 'RUN ip route >/route'
    carte build -t cached cached
    # Without the right to change the network, a step could not be made.
    capsh --drop=cap_net_admin -- -c 'carte build -t cached cached'
    echo 'RUN ip route >/another' >>cached/Cartefile
    run ! capsh --drop=cap_net_admin -- -c 'carte build -t cached cached'
    echo "$output"
    [[ "$output" == *--network=none*--network=host* ]]
    [ -z "$(find "$CARTE_RUN" -name 'build-*')" ]
    carte build -t cached cached
}

@test "a step does not reach the networks of stacks" {
    make_web_context web
    cat >carte.yaml <<'YAML'
name: apart
services: {web: {build: ./web}}
YAML
    carte-stack up -d
    address=$(field apart apart-web-1 Addresses | grep -oE '[0-9]+(\.[0-9]+){3}' | head -n 1)
    eventually 5 timeout 3 busybox wget -qO /dev/null "http://$address/"
    run_file step "RUN timeout 3 wget -qO /page http://$address/ || exit 9"
    run ! carte build -t step step
    [[ "$output" == *"exit status 9"* ]]
    run_file step "RUN --network=host timeout 3 wget -qO /page http://$address/"
    carte build -t step step
    # The stack has its settings of the host still.
    [ "$(cat /proc/sys/net/ipv4/ip_forward)" = 1 ]
    carte-stack down -t 0
}

@test "what a killed build leaves, the next one removes; what a living one has, it leaves" {
    make_outside
    run_file other 'RUN true'
    carte build -t other other
    run_file killed 'RUN mkfifo /never && echo it-runs && read line </never'
    run_file living 'RUN echo it-runs; wget -qO /page http://198.51.100.7/cgi-bin/go'
    # The page comes when the gate opens.
    mkfifo gate
    mkdir www/cgi-bin
    printf '#!/bin/sh\nread -r line <"%s/gate"\nprintf "Content-Type: text/plain\\n\\n"\n' "$PWD" >www/cgi-bin/go
    chmod +x www/cgi-bin/go
    carte build -t killed killed >killed.log 2>&1 3>&- &
    killed=$!
    carte build -t living living >living.log 2>&1 3>&- &
    living=$!
    eventually 10 grep -qx it-runs killed.log
    eventually 10 grep -qx it-runs living.log
    kill -9 "$killed"
    wait "$killed" || true
    [ "$(ip -o link show type bridge | wc -l)" -eq 2 ]
    carte build -t other other
    [ "$(ip -o link show type bridge | wc -l)" -eq 1 ]
    timeout 10 sh -c 'echo go >gate'
    wait "$living"
    living=
    no_step_left
    [ -z "$(find /sys/fs/cgroup -type d -name "build-*-$killed")" ]
}
