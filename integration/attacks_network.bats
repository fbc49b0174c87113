# What a container can do by the network, seen from the commands; with packets made by hand:
# tests/kernel/test_net_attack.c. The numbers are those of docs/security.md.

load lib

setup_file() {
    remember_inventory
    cd "$CARTE_TEST" || return 1
    make_web_context "$CARTE_TEST/web"
    # The world: a link that leads nowhere, and a name server on it that never answers.
    ip link add up0 type veth peer name up1
    ip address add 192.0.2.1/24 dev up0
    ip link set up0 up
    ip link set up1 up
    ip neighbour add 192.0.2.53 lladdr 02:00:00:00:00:53 dev up0
    echo 'nameserver 192.0.2.53' >/etc/resolv.conf
    nft -f - <<'NFT'
table inet watch {
    chain out { type filter hook output priority 0; ip daddr 192.0.2.0/24 udp dport 53 counter; }
    chain through { type filter hook forward priority 0; ip daddr 192.0.2.0/24 counter; }
}
NFT
    cat >carte.yaml <<'YAML'
name: asked
x-box: &box {build: ./web, stop_signal: SIGKILL}
services:
  open: {<<: *box, networks: [outer]}
  noisy: {<<: *box, networks: [outer]}
  shut: {<<: *box, networks: [inner]}
networks:
  outer: {}
  inner: {internal: true}
YAML
    carte-stack up -d --wait
}

teardown_file() {
    cd "$CARTE_TEST" || return 1
    carte-stack down -t 0
    nft delete table inet watch
    ip link delete up0
    no_leaks
}

setup() {
    cd "$CARTE_TEST" || return 1
}

# How many packets of the chain were for the world.
counted() {
    nft list chain inet watch "$1" | sed -n 's/.*counter packets \([0-9]*\) .*/\1/p'
}
has_counted() {
    [ "$(counted "$1")" -gt "$2" ]
}

@test "S29 nothing leaves an internal network by names" {
    for name in secret.example.com shut.example.com open noisy.asked; do
        run timeout 20 carte-stack exec -T shut nslookup "$name"
        echo "$output"
        [ "$status" -ne 0 ]
    done
    run timeout 20 carte-stack exec -T shut nslookup secret.example.com 192.0.2.53
    [ "$status" -ne 0 ]
    [ "$(counted out)" -eq 0 ]
    [ "$(counted through)" -eq 0 ]
    carte-stack exec -T shut nslookup shut
    # And where there is a way out, the same question takes it.
    carte-stack exec -T open nslookup secret.example.com >/dev/null 2>&1 3>&- &
    eventually 10 has_counted out 0
    kill %1 || true
    wait || true
}

@test "S29 a flood of questions for the world leaves names of the network to others" {
    before=$(counted out)
    carte-stack exec -T noisy sh -c \
        'for i in $(seq 200); do nslookup "x$i.example.com" >/dev/null 2>&1 & done; wait' 3>&- &
    eventually 20 has_counted out $((before + 100))
    for _ in 1 2 3 4 5; do
        carte-stack exec -T open nslookup noisy
    done
    # The noisy one has few questions under way: the others of its own are answered at once.
    carte-stack restart -t 0 noisy
    wait || true
}
