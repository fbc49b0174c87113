# What of ours stands around a container: programs, processes, files. The numbers are those of
# docs/security.md.

load lib

setup_file() {
    remember_inventory
    cd "$CARTE_TEST" || return 1
    make_web_context "$CARTE_TEST/web"
    echo canary-in-secret-file >token
    echo 'ENV_FILE_WORD=canary-in-env-file' >words.env
    printf 'canary-of-build' >build-token
    cat >web/Cartefile.secret <<'CARTEFILE'
FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
RUN --mount=type=secret,id=build-token test "$(cat /run/secrets/build-token)" = canary-of-build
CARTEFILE
    cat >carte.yaml <<'YAML'
name: kept
x-box: &box {build: ./web, stop_signal: SIGKILL}
services:
  plain:
    <<: *box
    healthcheck: {test: ["CMD", "true"], interval: 1s}
  talk: {<<: *box, tty: true, command: [sleep, "1000"]}
  told:
    <<: *box
    build: {context: ./web, dockerfile: Cartefile.secret, secrets: [build-token]}
    command: [sleep, "1000"]
    env_file: [words.env]
    secrets: [token]
secrets:
  token: {file: ./token}
  build-token: {file: ./build-token}
YAML
    carte-stack up -d --wait
}

teardown_file() {
    cd "$CARTE_TEST" || return 1
    carte-stack down -t 0
    no_leaks
}

setup() {
    cd "$CARTE_TEST" || return 1
}

@test "S44 our programs are hardened" {
    for program in carte carte-stack carte-oci carte-keeper; do
        echo "$program"
        readelf -hlWd "$TOP/build/bin/$program" >headers
        grep -q 'GNU_RELRO' headers
        grep -q 'GNU_STACK .* RW ' headers
        run ! grep -E 'R(UN)?PATH' headers
        run ! grep -E '^ *LOAD .* RWE ' headers
        readelf -Ws "$TOP/build/bin/$program" | grep -q __stack_chk_fail
        # The keeper has a fixed address; it reads no input.
        [ "$program" != carte-keeper ] || continue
        grep -q 'Type: .*Position-Independent' headers
        grep -q BIND_NOW headers
        # Calls that check what they fill, from the C library or linked in.
        readelf -Ws "$TOP/build/bin/$program" | grep -qE ' __vsnprintf_chk(@|$)'
    done
}

# User, effective and bounding capabilities, no-new-privileges, seccomp.
rights() {
    awk '/^(Uid|CapEff|CapBnd|NoNewPrivs|Seccomp):/ { line = line " " $2 } END { print substr(line, 2) }' \
        "/proc/$1/status"
}
child_named() { # PARENT NAME
    local pid
    for pid in $(pgrep -P "$1"); do
        [ "$(cat "/proc/$pid/comm")" != "$2" ] || echo "$pid"
    done
}

@test "S45 each of our processes has the rights that it is known to have" {
    root="$(rights $$)"
    all=$(cut -d ' ' -f 2 <<<"$root")
    none=0000000000000000
    keeper=$(keeper_pid kept) supervisor=$(supervisor_pid kept)
    {
        echo "keeper $(rights "$keeper")"
        echo "supervisor $(rights "$supervisor")"
        echo "front $(rights "$(child_named "$supervisor" carte-front)")"
        echo "console $(rights "$(child_named "$keeper" carte-console)")"
        echo "plain $(rights "$(field kept kept-plain-1 Pid)")"
        echo "talk $(rights "$(field kept kept-talk-1 Pid)")"
    } >seen
    cat seen
    # Keeper and supervisor are root's: see docs/security.md.
    diff seen - <<GOLDEN
keeper 0 $all $all 0 0
supervisor 0 $all $all 0 0
front 65534 $none $all 1 2
console 65534 $none $all 1 2
plain 0 00000000800405fb 00000000800405fb 1 2
talk 0 00000000800405fb 00000000800405fb 1 2
GOLDEN
}

@test "S21 secrets are in their file and nowhere else" {
    carte-stack exec -T told cat /run/secrets/token | grep -qx canary-in-secret-file
    carte-stack exec -T told sh -c 'echo "$ENV_FILE_WORD"' | grep -qx canary-in-env-file
    {
        carte-stack ps -a --format json
        carte-stack config
        carte-stack logs
        curl -s --unix-socket "$CARTE_RUN/stacks/kept/control.sock" http://x/v1/stack
        cat "$CARTE_ROOT/stacks/kept/events.jsonl"
        cat /proc/[0-9]*/cmdline | tr '\0' '\n'
        carte inspect kept-told
    } >shown 2>&1
    run ! grep canary-in-secret-file shown
    run ! grep canary-of-build shown
    # Below CARTE_RUN, which is memory, a file that root alone can reach; on disk nothing.
    run ! grep -rlF canary-in-secret-file "$CARTE_ROOT"
    [ "$(grep -rlF canary-in-secret-file "$CARTE_RUN" | wc -l)" -eq 1 ]
    run ! grep -rlF canary-of-build "$CARTE_ROOT" "$CARTE_RUN"
    # A variable of the environment is kept with the stack, for root alone.
    for file in $(grep -rlF canary-in-env-file "$CARTE_ROOT" "$CARTE_RUN"); do
        echo "$file"
        run ! setpriv --reuid 65534 --regid 65534 --clear-groups cat "$file"
    done
}

@test "S19 labels and volumes of an image steer nothing" {
    mkdir -p labelled decoy
    cp web/busybox labelled/
    cat >labelled/Cartefile <<CARTEFILE
FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
RUN ln -s $PWD/decoy /v
LABEL carte.privileged=true x-carte-privileged=true carte.command="touch /v/ran" carte.project=kept
LABEL com.docker.compose.project=kept com.docker.compose.service=plain com.docker.compose.oneoff=False
LABEL io.kubernetes.container.name=plain io.cri-containerd.image=managed containerd.io/restart.status=running
VOLUME ["/../../../..$PWD/decoy", "/v/sub"]
CMD ["sh", "-c", "echo x >/v/sub/x; exec sleep 1000"]
CARTEFILE
    printf 'name: labelled\nservices:\n  one: {build: ./labelled, stop_signal: SIGKILL}\n' >labelled.yaml
    carte-stack -f labelled.yaml up -d --wait
    [ "$(rights "$(field labelled labelled-one-1 Pid)")" = "$(rights "$(field kept kept-plain-1 Pid)")" ]
    healthy kept plain 1
    [ "$(carte-stack -p kept ps -a --format json | jq -r .Name | sort)" = $'kept-plain-1\nkept-talk-1\nkept-told-1' ]
    eventually 20 carte-stack -p labelled exec -T one grep -q x /v/sub/x
    [ -z "$(ls -A decoy)" ]
    carte-stack -p labelled down -t 0 -v
}

@test "S16 another user finds nothing to read, run or connect to" {
    chmod 755 "$CARTE_TEST"
    setpriv --reuid 65534 --regid 65534 --clear-groups \
        find "$CARTE_ROOT" "$CARTE_RUN" -mindepth 2 2>/dev/null >found || true
    cat found
    [ ! -s found ]
    for socket in $(find "$CARTE_RUN" -type s); do
        [ "$(stat -c %a "$socket")" = 600 ]
    done
}
