# Files of single containers: carte cp, diff and commit.

load lib
load lib_single

@test "cp to and from a container with ids of its own" {
    echo text >file
    chown 33:33 file
    cp -p file streamed
    carte run -d --name own --userns auto -v kept:/kept tool sh -c 'mkdir /in; echo inside >/in/file; chown 7:7 /in/file; touch /in/done; sleep 1000'
    eventually 10 carte exec own test -e /in/done
    first=$(awk '{ print $2 }' "/proc/$(carte inspect -f '{{.State.Pid}}' own)/uid_map")
    [ "$first" -gt 65536 ]
    for state in runs stopped; do
        carte cp file own:/in/plain.$state
        carte cp -a file own:/in/archive.$state
        tar c streamed | carte cp - own:/in
        carte cp -a own:/in/file back.$state
        [ "$(stat -c %u:%g back.$state)" = 7:7 ]
        [ "$(carte cp own:/in/file - | tar tvn --numeric-owner 2>/dev/null | awk '{ print $2 }')" = 7/7 ]
        [ "$state" = stopped ] || carte cp file own:/kept/file
        [ "$state" = stopped ] || carte stop -t 0 own
    done
    carte start own
    [ "$(carte exec own stat -c %u:%g /in/plain.runs /in/archive.runs /in/plain.stopped /in/archive.stopped /in/streamed)" = \
        $'0:0\n33:33\n0:0\n33:33\n33:33' ]
    [ "$(carte exec own stat -c %u:%g /kept/file)" = 0:0 ]
    [ "$(stat -c %u:%g "$CARTE_ROOT/volumes/kept/data/file")" = 0:0 ]
    chown 70000 file
    run carte cp -a file own:/in/beyond
    [ "$status" -ne 0 ]
    [[ $output == *"out of range"* ]]
}

@test "diff tells what is new, changed and gone" {
    carte create --name still tool true
    [ -z "$(carte diff still)" ]
    carte run -d --name busy -v "$PWD:/mine" --tmpfs /quick tool sh -c 'echo more >>/www/index.html; rm -r /www/cgi-bin; mkdir /fresh; touch /fresh/file /mine/not /quick/not; sleep 1000'
    eventually 10 carte exec busy test -e /quick/not
    cat >expected <<'X'
A /fresh
A /fresh/file
A /mine
A /quick
C /www
D /www/cgi-bin
C /www/index.html
X
    diff expected <(carte diff busy)
    carte stop -t 0 busy
    diff expected <(carte diff busy)
    run carte diff nosuch
    [ "$status" -eq 1 ]
}

@test "commit makes an image of what was written, which runs the same" {
    carte run -d --name made -e KEY=value -w /fresh -l mark=1 --expose 81 -v "$PWD:/mine" tool \
        sh -c 'cd /; rm -r /www/cgi-bin; echo new >/fresh/file; touch /fresh/done; while :; do sleep 0.05; done'
    eventually 10 carte exec made test -e /fresh/done
    id=$(carte commit -a 'Ann <ann@example.org>' -m 'by hand' made kept:v1)
    [[ $id == sha256:* ]]
    [ "$(carte inspect -f '{{.State.Status}}' made)" = running ]
    [ "$(carte inspect -f '{{.Id}} {{.Author}} {{.Comment}}' kept:v1)" = "$id Ann <ann@example.org> by hand" ]
    carte inspect kept:v1 | jq -e '.[0].Config | (.Env | index("KEY=value")) and .WorkingDir == "/fresh" and
        .Labels.mark == "1" and (.ExposedPorts | has("81/tcp")) and .Cmd[0] == "sh"'
    [ "$(carte run --rm kept:v1 cat file)" = new ]
    [ "$(carte run --rm kept:v1 sh -c 'echo "$KEY"')" = value ]
    run carte run --rm kept:v1 ls /www/cgi-bin
    [ "$status" -ne 0 ]
    run carte run --rm kept:v1 ls /mine/file
    [ "$status" -ne 0 ]
    carte stop -t 0 made
    carte commit -c 'CMD ["cat", "/fresh/file"]' -c 'ENV MORE=1' made changed
    [ "$(carte run --rm changed)" = new ]
    run carte commit -c 'RUN false' made changed
    [ "$status" -ne 0 ]
    carte fsck
}

@test "commit of a container with ids of its own has the owners that it saw" {
    carte run --name own --userns auto tool sh -c 'touch /roots /others; chown 33:34 /others'
    carte commit own owners
    [ "$(carte run --rm owners stat -c %u:%g /roots /others)" = $'0:0\n33:34' ]
}

@test "export of a container with ids of its own has the owners that it saw" {
    carte run --name own --userns auto tool sh -c 'touch /roots /others; chown 33:34 /others'
    carte export own >own.tar
    [ "$(tar tvf own.tar --numeric-owner roots others www | awk '{ print $2 }' | sort -u)" = $'0/0\n33/34' ]
}

# It stops itself in the middle of the copy, so that what is killed then is paused for certain.
@test "a commit that is killed leaves nothing paused and nothing in the store" {
    carte run -d --name held tool sh -c 'head -c 1m /dev/zero >/large; touch /done; while :; do sleep 0.05; done'
    eventually 20 carte exec held test -e /done
    strace -f -qq -o /dev/null -e trace=copy_file_range -e inject=copy_file_range:signal=STOP:when=1 \
        carte commit held kept:v2 3>&- &
    tracer=$!
    eventually 10 client_stopped
    is_paused held
    kill -9 "$(single_pid)"
    eventually 10 is_paused held # the next supervisor knows for whom it is paused
    kill -9 "$client"
    wait "$tracer" || true
    eventually 10 is_running held
    run carte inspect kept:v2
    [ "$status" -ne 0 ]
    carte commit held kept:v2
    [ "$(carte run --rm kept:v2 stat -c %s /large)" = 1048576 ]
    eventually 10 is_running held
    carte fsck
}

# Stopped by the signal of the tracer, which then waits for it.
client_stopped() {
    client=$(pgrep -P "$tracer" carte) && grep -q '^State:.*[Tt] (' "/proc/$client/status" &&
        is_paused held
}

is_paused() {
    [ "$(carte inspect -f '{{.State.Status}}' "$1")" = paused ]
}

is_running() {
    [ "$(carte inspect -f '{{.State.Status}}' "$1")" = running ]
}
