# The servers of the metaverse by themselves: each in a root folder that holds what its image
# holds and nothing else, as the unprivileged user that it has there, on the loopback device.

load lib

SERVERS='login asset map game'
export GAME_CREATORS='*=teacher,ann,ben'
export MAP_URL=http://127.0.0.1:8070 EDIT_RATE=0
export HASH_MEMORY_KIB=1024

setup_file() {
    PATH=$PATH:/usr/sbin:/sbin
    export PATH
    mkdir "$CARTE_TEST/keys"
    chown 65532:65532 "$CARTE_TEST/keys"
    for server in $SERVERS; do
        cp -a "$TOP/build/metaverse/$server/rootfs" "$CARTE_TEST/$server"
        mkdir "$CARTE_TEST/$server/data" "$CARTE_TEST/$server/keys"
        chown 65532:65532 "$CARTE_TEST/$server/data"
        mount --bind "$CARTE_TEST/keys" "$CARTE_TEST/$server/keys"
    done
    for server in $SERVERS; do start "$server"; done
    for server in $SERVERS; do eventually 5 inside "$server" --health; done
}

teardown_file() {
    for server in $SERVERS; do
        stop "$server"
        umount "$CARTE_TEST/$server/keys"
    done
}

setup() {
    bot=$TOP/build/metaverse/metabot
}

# inside SERVER ARGUMENT...: the program in its own root folder.
inside() {
    local server=$1
    shift
    chroot --userspec=65532:65532 "$CARTE_TEST/$server" "/$server" "$@"
}

# The same for a subshell of its own, whose pid is then the server's.
exec_inside() {
    exec chroot --userspec=65532:65532 "$CARTE_TEST/$1" "/$1"
}

# start SERVER [NAME]: in the background; its pid and log are kept under NAME.
start() {
    local name=${2:-$1}
    exec_inside "$1" >>"$CARTE_TEST/$name.log" 2>&1 3>&- &
    echo $! >"$CARTE_TEST/$name.pid"
}

stop() {
    kill -TERM "$(cat "$CARTE_TEST/$1.pid")"
    eventually 5 gone "$1"
}

gone() {
    ! kill -0 "$(cat "$CARTE_TEST/$1.pid")" 2>/dev/null
}

post() {
    curl -s -m 20 -d "$2" "http://127.0.0.1:$1"
}

@test "every request answers as its wire format says" {
    run timeout 60 "$bot" --check
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "the public key is all that the servers share, and it alone is readable" {
    [ "$(ls "$CARTE_TEST/keys")" = token.public ]
    [ "$(stat -c %a "$CARTE_TEST/keys/token.public")" = 644 ]
    [ "$(stat -c %a "$CARTE_TEST/login/data/token.secret")" = 600 ]
}

@test "a server knows the health of the others" {
    PORT=8001 PEERS='map=http://127.0.0.1:8070 game=http://127.0.0.1:8050' start login peers
    eventually 5 env PORT=8001 "$CARTE_TEST/login/login" --health
    curl -s http://127.0.0.1:8001/v1/peers | jq -e '.code == 1 and (.message | length) == 2'
    stop peers
    PORT=8001 PEERS='map=http://127.0.0.1:8070 gone=http://127.0.0.1:8999' start login peers
    eventually 5 env PORT=8001 "$CARTE_TEST/login/login" --health
    curl -s http://127.0.0.1:8001/v1/peers | jq -e '.code == 0 and .message.gone.status == 0'
    stop peers
}

@test "six replicas that start at once on a new volume agree" {
    mkdir "$CARTE_TEST/six" "$CARTE_TEST/six/data" "$CARTE_TEST/six/keys"
    for i in 1 2 3 4 5 6; do
        DATA_DIR=$CARTE_TEST/six/data KEY_DIR=$CARTE_TEST/six/keys PORT=900$i \
            "$CARTE_TEST/login/login" >>"$CARTE_TEST/six.$i.log" 2>&1 3>&- &
        echo $! >"$CARTE_TEST/six.$i.pid"
    done
    for i in 1 2 3 4 5 6; do
        eventually 5 curl -sf -o /dev/null "http://127.0.0.1:900$i/readyz"
    done
    account='{"user_id":"one","user_pw":"p","nickname":"n","email":"e"}'
    clients=()
    for i in 1 2 3 4 5 6; do
        post "900$i/signup" "$account" >"$CARTE_TEST/six.$i.answer" 3>&- &
        clients+=($!)
    done
    wait "${clients[@]}"
    [ "$(cat "$CARTE_TEST"/six.*.answer | grep -o 'Sign up Success' | wc -l)" -eq 1 ]
    [ "$(cat "$CARTE_TEST"/six.*.answer | grep -o 'existing id' | wc -l)" -eq 5 ]
    token=$(post 9001/login "$account" | jq -r .message.token)
    for i in 1 2 3 4 5 6; do
        curl -s -H "Authorization: Bearer $token" "http://127.0.0.1:900$i/v1/session" |
            jq -e '.message.user_id == "one"'
        stop "six.$i"
    done
}

@test "an account is closed after five wrong passwords, on every replica" {
    account='{"user_id":"guessed","user_pw":"right","nickname":"n","email":"e"}'
    post 8000/signup "$account"
    for _ in 1 2 3 4 5; do
        post 8000/login '{"user_id":"guessed","user_pw":"wrong"}' | grep -q 'password mismatch'
    done
    [ "$(curl -s -o /dev/null -w '%{http_code}' -d "$account" http://127.0.0.1:8000/login)" = 429 ]
    PORT=8001 start login second
    eventually 5 env PORT=8001 "$CARTE_TEST/login/login" --health
    [ "$(curl -s -o /dev/null -w '%{http_code}' -d "$account" http://127.0.0.1:8001/login)" = 429 ]
    stop second
}

@test "a killed server loses at most the requests it held" {
    "$bot" --load --rps 300 --seconds 3 >"$CARTE_TEST/load" 3>&- &
    load=$!
    eventually 5 curl -sf -o /dev/null http://127.0.0.1:8000/healthz
    kill -KILL "$(cat "$CARTE_TEST/login.pid")"
    eventually 2 gone login
    start login
    wait "$load"
    cat "$CARTE_TEST/load"
    [ "$(jq .ok "$CARTE_TEST/load")" -gt 800 ]
    "$bot" --check
}

@test "a server that is told to stop finishes what it has begun" {
    clients=()
    for i in $(seq 20); do
        post 8000/signup "{\"user_id\":\"last$i\",\"user_pw\":\"p\",\"nickname\":\"n\",\"email\":\"e\"}" \
            >"$CARTE_TEST/last.$i" 3>&- &
        clients+=($!)
    done
    eventually 5 grep -q Success "$CARTE_TEST/last.1"
    kill -TERM "$(cat "$CARTE_TEST/login.pid")"
    wait "${clients[@]}"
    [ "$(cat "$CARTE_TEST"/last.* | grep -o 'Sign up Success' | wc -l)" -eq 20 ]
    eventually 5 gone login
    tail -n 1 "$CARTE_TEST/login.log" | jq -e '.message == "stopped" and .unfinished == 0'
    start login
    eventually 5 inside login --health
}

@test "80 players on one map miss no move" {
    run "$bot" --players 80 --seconds 2
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "no edit that was announced is lost when the game is killed" {
    edits=()
    for i in $(seq 200); do edits+=("AssetCreate\$ann;$i;a;stone$i;p;r;s;t;m;b"); done
    inside game --udp 127.0.0.1:8050 'PlayerJoin$ann;0;Ann;4242' "${edits[@]}" \
        >"$CARTE_TEST/announced" 2>/dev/null 3>&- &
    client=$!
    eventually 5 grep -q . "$CARTE_TEST/game/data/game.db-wal"
    kill -KILL "$(cat "$CARTE_TEST/game.pid")"
    eventually 2 gone game
    start game
    wait "$client" || true
    eventually 5 inside game --health
    inside game --udp 127.0.0.1:8050 'PlayerJoin$ben;0;Ben;4242' 'MapReady$ben;1' >"$CARTE_TEST/replayed"
    grep '^AssetCreate.*;s$' "$CARTE_TEST/announced" >"$CARTE_TEST/kept" || true
    grep '^AssetCreate' "$CARTE_TEST/replayed" | head -n "$(wc -l <"$CARTE_TEST/kept")" |
        diff "$CARTE_TEST/kept" -
    grep -q '^MapReady$ben;1;s$' "$CARTE_TEST/replayed"
}
