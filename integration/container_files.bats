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
