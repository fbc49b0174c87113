# Networks that belong to no stack: carte network, and the containers and stacks on them.

load lib
load lib_single

# A test leaves no container, stack and network.
teardown() {
    local left project
    remove_singles
    for project in "$CARTE_RUN"/stacks/*; do
        [ "${project##*/}" = carte ] || [ ! -d "$project" ] || carte-stack -p "${project##*/}" down -t 0
    done
    eventually 20 gone
    left=$(carte network ls -q)
    [ -z "$left" ] || carte network rm $left
    [ ! -e world.pid ] || kill "$(cat world.pid)"
    rm -f world.pid
    ip link del world 2>/dev/null || true
}

# address_of NAME COMMAND...: the address that NAME has for who runs the command. (The C library
# of a static busybox cannot look names up by itself.)
address_of() {
    local name=$1
    shift
    "$@" nslookup "$name" 2>/dev/null | awk '/^Name:/ { n = 1 } n && /^Address/ { print $NF; exit }'
}

# page ADDRESS COMMAND...: what the web server there answers to who runs the command.
page() {
    local address=$1
    shift
    "$@" sh -c "printf 'GET / HTTP/1.0\r\n\r\n' | nc -w 2 $address 80" 2>/dev/null | tail -n 1
}

# shows NAME COMMAND...: the web page of NAME arrives where the command runs.
shows() {
    local name=$1 address
    shift
    address=$(address_of "$name" "$@")
    [ -n "$address" ] && [ "$(page "$address" "$@")" = "$CARTE_TEST/web" ]
}

is_supervised() {
    [ -n "$(supervisor_pid "$1")" ]
}

# fetches CONTAINER NAME, reaches STACK NAME: the same from a container, and from a service `web`.
fetches() {
    shows "$2" carte exec "$1"
}
reaches() {
    shows "$2" carte-stack -p "$1" exec -T web
}

# stack NAME LINE...: a stack with the service `web`, whose networks are the lines.
stack() {
    mkdir -p "$1"
    {
        printf 'name: %s\nservices:\n  web:\n    image: tool\n    networks: [%s]\nnetworks:\n' "$1" "$2"
        shift 2
        printf '  %s\n' "$@"
    } >"$1.yaml"
}

@test "networks are made, listed, inspected and removed" {
    run carte network create --label tier=back --label other back
    [ "$output" = back ]
    carte network create --internal --subnet 10.77.0.0/24 --gateway 10.77.0.254 front
    [ "$(carte network ls -q)" = $'back\nfront' ]
    [ "$(carte network ls --format '{{.Name}} {{.Subnet}}' --filter name=fro)" = 'front 10.77.0.0/24' ]
    [ "$(carte network ls -q --filter label=tier=back)" = back ]
    [ "$(carte network ls -q --filter label=tier=front)" = '' ]
    [[ "$(carte network ls)" == "NETWORK ID"*NAME*DRIVER*back*bridge* ]]
    [ "$(carte network inspect front | jq -r '.[0].IPAM.Config[0].Gateway')" = 10.77.0.254 ]
    [ "$(carte network inspect -f '{{.Internal}} {{len .Containers}}' front)" = 'true 0' ]
    ip -4 addr show | grep -q 'inet 10.77.0.254/24'
    [ "$(carte network rm back front)" = $'back\nfront' ]
    [ -z "$(carte network ls -q)" ]
    ! ip -4 addr show | grep -q 10.77.0.254
}

@test "what cannot be is refused, with the cure" {
    carte network create --subnet 10.77.0.0/24 one
    run carte network create one
    [ "$status" -ne 0 ]
    [[ "$output" == *"there is a network 'one' already"* ]]
    run carte network create --subnet 10.77.0.128/25 two
    [ "$status" -ne 0 ]
    [[ "$output" == *"overlaps 10.77.0.0/24"* ]]
    run carte network create --subnet 10.78.0.0/24 --gateway 10.79.0.1 two
    [[ "$output" == *"gateway 10.79.0.1 is not a usable address of the subnet 10.78.0.0/24"* ]]
    run carte network create --gateway 10.79.0.1 two
    [[ "$output" == *"needs a subnet"* ]]
    run carte network create --subnet 10.78.0.1/24 two
    [[ "$output" == *"write 10.78.0.0/24"* ]]
    for name in host bridge none default ../up -x; do
        run carte network create -- "$name"
        [ "$status" -ne 0 ]
    done
    carte network create other
    run carte network rm nosuch other
    [ "$status" -ne 0 ]
    [[ "$output" == *"there is no network 'nosuch'"* ]]
    [ "$(carte network ls -q)" = one ]
    run carte network
    [ "$status" -eq 64 ]
    [[ "$output" == *"'network' needs a command: create, ls"* ]]
    run carte network connect one web
    [ "$status" -eq 69 ]
    [[ "$output" == *"make another with "*"run --network"* ]]
    [ "$(carte network ls -q)" = one ]
    [ ! -e "$CARTE_ROOT/up.json" ]
}

@test "containers on a network find each other by name, and others do not" {
    carte network create one
    carte network create two
    carte run -d --name web --network one --network-alias site tool
    carte run -d --name client --network one tool
    carte run -d --name stranger --network two tool
    carte run -d --name both --network two --network one tool
    eventually 5 fetches client web
    eventually 5 fetches client site
    eventually 5 fetches both web
    run ! fetches stranger web
    # Nor by its address, which is not of its network.
    address=$(carte inspect web | jq -r '.[0].NetworkSettings.Networks.one.IPAddress')
    [ "$(page "$address" carte exec client)" = "$CARTE_TEST/web" ]
    [ "$(page "$address" carte exec stranger)" = '' ]
    [ "$(carte network inspect one | jq -r '.[0].Containers | keys | join(" ")')" = 'both client web' ]
    run carte network rm one
    [ "$status" -ne 0 ]
    [[ "$output" == *"in use by stack 'carte'"* ]]
    carte network prune --force
    [ "$(carte network ls -q)" = $'one\ntwo' ]
    carte rm -f stranger both
    [ "$(carte network prune --force)" = two ]
    # The network goes with its last container, whatever else there is.
    carte run -d --name other tool
    carte rm -f web client
    carte network rm one
}

@test "an address is the container's own, and a conflict is told" {
    carte network create --subnet 10.77.0.0/24 one
    carte run -d --name fixed --network one --ip 10.77.0.9 tool
    [ "$(carte exec fixed ip -4 -o addr show eth0 | awk '{ print $4 }')" = 10.77.0.9/24 ]
    run carte run -d --name second --network one --ip 10.77.0.9 tool
    [ "$status" -eq 125 ]
    [[ "$output" == *"10.77.0.9"*"'fixed'"* ]]
    run carte run -d --name second --network one --ip 10.78.0.9 tool
    [ "$status" -eq 125 ]
    [[ "$output" == *"10.78.0.9 is not a usable address of 10.77.0.0/24"* ]]
    run carte run -d --name second --network one --ip 10.77.0.1 tool
    [[ "$output" == *"10.77.0.1 is the gateway"* ]]
    run carte run -d --name second --ip 10.77.0.1 tool
    [[ "$output" == *"option '--ip' needs one --network NAME"* ]]
    run carte run -d --name second --network nosuch tool
    [ "$status" -eq 125 ]
    [[ "$output" == *"carte network create nosuch"* ]]
    run carte run -d --name second --network one --network none tool
    [[ "$output" == *"'none' excludes other networks"* ]]
    [ "$(carte ps -aq | wc -l)" = 1 ]
    # The address keeps its owner when the container is stopped and started.
    carte stop -t 0 fixed
    carte start fixed
    [ "$(carte exec fixed ip -4 -o addr show eth0 | awk '{ print $4 }')" = 10.77.0.9/24 ]
}

@test "addresses are given back: a small network serves one container after another" {
    carte network create --subnet 10.77.0.0/28 small
    carte run -d --name stays --network small tool
    for i in $(seq 12); do
        carte run --rm --network small tool true
    done
    # Replica and service have one each: 14, less the gateway, the name server and these.
    for i in 1 2 3 4 5; do
        carte run -d --name "c$i" --network small tool
    done
    run carte run -d --name c6 --network small tool
    [ "$status" -eq 125 ]
    [[ "$output" == *"full"* ]]
    carte rm -f c1
    carte run -d --name c6 --network small tool
}

@test "stacks and single containers meet on a network, and nowhere else" {
    carte network create meet
    stack left 'own, meet' 'own:' 'meet: {external: true}'
    stack right 'shared' 'shared: {external: true, name: meet}'
    carte-stack -f left.yaml up -d
    carte-stack -f right.yaml up -d
    carte run -d --name client --network meet tool
    carte run -d --name outside tool
    # Its own name is each stack's own; the container's name is everybody's.
    eventually 5 fetches client left-web-1
    eventually 5 fetches client right-web-1
    eventually 5 fetches client web
    reaches left right-web-1
    reaches right left-web-1
    reaches right client
    run ! fetches outside right-web-1
    # left's own network is left's alone.
    address=$(carte inspect left-web-1 | jq -r '.[0].NetworkSettings.Networks.own.IPAddress')
    [ "$(page "$address" carte exec client)" = '' ]
    [ "$(page "$address" carte-stack -p left exec -T web)" = "$CARTE_TEST/web" ]
    run carte network rm meet
    [[ "$output" == *"in use by stacks 'carte', 'left', 'right'"* ]]
    # A stack that goes takes its names and addresses along, and leaves the others alone.
    carte-stack -f left.yaml down -t 0
    run ! fetches client left-web-1
    eventually 5 fetches client right-web-1
    [ "$(carte network inspect meet | jq -r '.[0].Containers | keys | join(" ")')" = 'client right-web-1' ]
    # One that comes later is known as well.
    carte-stack -f left.yaml up -d
    eventually 5 fetches client left-web-1
}

@test "a stack whose external network does not exist is told how to make it" {
    stack alone 'far' 'far: {external: true}'
    run carte-stack -f alone.yaml up -d
    [ "$status" -ne 0 ]
    [[ "$output" == *"carte network create far"* ]]
    [ ! -e "$CARTE_RUN/stacks/alone" ]
    carte network create far
    carte-stack -f alone.yaml up -d
    sed -i 's/far: {external: true}/far: {external: true, name: other}/' alone.yaml
    carte network create other
    run carte-stack -f alone.yaml up -d
    [ "$status" -ne 0 ]
    [[ "$output" == *"cannot become another while the stack runs"* ]]
}

@test "an internal network leads nowhere, and names are served on it all the same" {
    ip link add world type bridge
    ip addr add 198.51.100.7/24 dev world
    ip link set world up
    busybox httpd -f -p 198.51.100.7:80 -h web/www 3>&- &
    echo $! >world.pid
    carte network create --internal in
    carte network create out
    stack side 'in' 'in: {external: true}'
    carte-stack -f side.yaml up -d
    carte run -d --name inner --network in tool
    carte run -d --name outer --network out tool
    eventually 5 fetches inner side-web-1
    reaches side inner
    [ "$(page 198.51.100.7 carte exec outer)" = "$CARTE_TEST/web" ]
    [ "$(page 198.51.100.7 carte exec inner)" = '' ]
}

@test "kill -9 of everything that supervises leaves addresses, names and reachability as they are" {
    carte network create meet
    stack left 'meet' 'meet: {external: true}'
    carte-stack -f left.yaml up -d
    carte run -d --name client --network meet tool
    before=$(carte network inspect meet)
    # A killed supervisor comes back to what it had, one that has lost its keeper, too.
    kill -9 "$(supervisor_pid left)"
    eventually 5 fetches client left-web-1
    kill -9 "$(single_pid)" "$(keeper_pid carte)"
    eventually 10 fetches client left-web-1
    eventually 10 reaches left client
    [ "$(carte network inspect meet)" = "$before" ]
    # What a supervisor leased and did not record goes when it comes back.
    eventually 10 is_supervised left
    ln -s "$CARTE_RUN/stacks/left" "$CARTE_RUN/networks/meet/addresses/10.95.255.9"
    kill -9 "$(supervisor_pid left)"
    eventually 10 test ! -e "$CARTE_RUN/networks/meet/addresses/10.95.255.9"
    # A stack that was wiped out whole holds nothing.
    eventually 10 is_supervised left
    supervisor=$(supervisor_pid left)
    kill -STOP "$supervisor" # or else it would start another keeper
    kill -9 "$(keeper_pid left)" "$supervisor"
    carte-stack -p left down -t 0
    [ "$(carte network inspect meet | jq -r '.[0].Containers | keys | join(" ")')" = client ]
    [ -z "$(find "$CARTE_RUN/networks" -name 'left*')" ]
}

@test "after a reboot networks are there again before their subnets are given away" {
    carte network create one
    subnet=$(carte network ls --format '{{.Subnet}}')
    ip link del "$(carte network inspect -f '{{.Bridge}}' one)"
    rm -rf "$CARTE_RUN/networks"
    carte network create two
    [ "$(carte network ls --format '{{.Subnet}}' --filter name=two)" != "$subnet" ]
    ip link del "$(carte network inspect -f '{{.Bridge}}' one)"
    carte run -d --name web --network one tool
    carte run -d --name client --network one tool
    eventually 5 fetches client web
}

@test "a container that is stored keeps its network, also when nothing supervises it" {
    carte network create one
    carte create --name later --network one tool
    supervisor=$(single_pid)
    kill -STOP "$supervisor" # or else it would start another keeper
    kill -9 "$(keeper_pid carte)" "$supervisor"
    rm -rf "$CARTE_RUN/stacks/carte" # as a reboot leaves it
    run carte network rm one
    [ "$status" -ne 0 ]
    [[ "$output" == *"in use by stack 'carte'"* ]]
    carte run --rm tool true
    carte start later
    carte rm -f later
    carte network rm one
}

@test "none, host and the options of name resolution" {
    carte run -d --name other tool # the supervisor ends with this one, and at once
    [ "$(carte run --rm --network none tool ls /sys/class/net)" = lo ]
    [ "$(carte run --rm --network host tool ip -o link | wc -l)" = "$(ip -o link | wc -l)" ]
    carte run --rm --network bridge tool ip -4 addr show eth0 | grep -q 'inet '
    carte run --rm --dns 192.0.2.1 --dns-search example.org --dns-option timeout:1 \
        --add-host db:192.0.2.9 tool cat /etc/resolv.conf /etc/hosts >out
    grep -qx 'nameserver 192.0.2.1' out
    grep -qx 'search example.org' out
    grep -qx 'options timeout:1' out
    grep -qx $'192.0.2.9\tdb' out
    run carte run --rm --link web tool true
    [ "$status" -ne 0 ]
}

@test "a service in the network of another has its addresses, and follows it" {
    mkdir -p pair
    cat >pair.yaml <<'YAML'
name: pair
services:
  web: {image: tool, stop_grace_period: 10ms, environment: {V: one}}
  side: {image: tool, stop_grace_period: 10ms, command: [sleep, '1000'], network_mode: 'service:web'}
YAML
    carte-stack -f pair.yaml up -d
    addresses() {
        carte-stack -p pair exec -T "$1" ip -4 -o addr show | awk '{ print $2, $4 }'
    }
    [ "$(addresses side)" = "$(addresses web)" ]
    eventually 5 page_is_there
    # What restarts in place keeps its network, and its guest runs on.
    pid=$(carte inspect -f '{{.State.Pid}}' pair-side-1)
    carte-stack -p pair restart -t 0 web
    [ "$(carte inspect -f '{{.State.Pid}}' pair-side-1)" = "$pid" ]
    [ "$(addresses side)" = "$(addresses web)" ]
    # One that is replaced has another, and its guest goes there.
    sed -i 's/one/two/' pair.yaml
    carte-stack -f pair.yaml up -d
    eventually 10 same_addresses
    eventually 5 page_is_there
    kill -9 "$(supervisor_pid pair)"
    eventually 10 same_addresses
    # Nothing of the first network is left: one link for the one replica that has a network.
    links=c$(object_name pair)
    [ "$(ip -o link | grep -c " ${links/carte/}")" = 2 ]
}

same_addresses() {
    [ -n "$(addresses web)" ] && [ "$(addresses side)" = "$(addresses web)" ]
}

page_is_there() {
    [ "$(page 127.0.0.1 carte-stack -p pair exec -T side)" = "$CARTE_TEST/web" ]
}

@test "a container in the network of another" {
    carte run -d --name web tool
    carte run -d --name side --network container:web tool sleep 1000
    side_sees() {
        [ "$(page 127.0.0.1 carte exec side)" = "$CARTE_TEST/web" ]
    }
    eventually 5 side_sees
    run carte rm -f web
    [ "$status" -ne 0 ]
    [[ "$output" == *"'side' is on the network of 'web'"* ]]
    carte exec web true
    run carte run -d --network container:web -p 8080:80 tool
    [ "$status" -eq 125 ]
    [[ "$output" == *"publish its ports there"* ]]
    run carte rm -f web nosuch side
    [ "$status" -eq 0 ]
    [ "$(grep -v nosuch <<<"$output" | sort)" = $'side\nweb' ]
    [ -z "$(carte ps -aq)" ]
    carte create --name web tool
    run carte run --rm --network container:web tool true
    [ "$status" -eq 125 ]
    [[ "$output" == *"container 'web' does not run"* ]]
    run carte run --rm --network container:nosuch tool true
    [[ "$output" == *"no such container"* ]]
}
