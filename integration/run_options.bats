# The options of carte run: what they do, and how those that cannot be are refused.

load lib
load lib_single

# refused WORDS... : `carte run` says so and ends as users know it; $output tells why.
refused() {
    run carte run "$@" tool true
    echo "$output"
    [ "$status" -eq 125 ]
    [[ $output != *services.* ]]
}

@test "what is wrong is told by the option it was written with" {
    refused --frob
    [[ $output == *"'--frob'"* ]]
    refused -m 3x
    [[ $output == *"option '--memory': '3x'"* ]]
    refused --cpus many
    [[ $output == *"option '--cpus': 'many'"* ]]
    refused -p 99999999
    [[ $output == *"option '--publish': '99999999'"* ]]
    refused --ulimit nofile=20:10
    [[ $output == *"option '--ulimit'"* ]]
    refused --health-cmd true --health-interval 1ms
    [[ $output == *"option '--health-interval'"* ]]
    refused --restart sometimes
    [[ $output == *"option '--restart': 'sometimes'"* ]]
    run carte run
    [ "$status" -eq 125 ]
    [ -z "$(carte ps -aq)" ]
}

@test "options that contradict each other are refused" {
    refused --rm --restart always
    [[ $output == *"'--rm' and '--restart'"* ]]
    refused --no-healthcheck --health-cmd true
    [[ $output == *"'--no-healthcheck'"* ]]
    carte run --rm --restart no tool true
}

@test "a mount option that would have no effect is refused" {
    refused -v src:/dst:bogus
    [[ $output == *"option '--volume'"*bogus* ]]
}

@test "--mount says in keys what -v says in short" {
    mkdir -p here && echo text >here/file
    carte run --rm --mount "type=bind,src=$PWD/here,dst=/a,ro" --mount source=named,target=/b \
        --mount type=tmpfs,target=/c,tmpfs-size=1m,tmpfs-mode=0700 --mount '"type=bind","source='"$PWD"'/here","target=/d,e"' tool sh -c \
        'cat /a/file "/d,e/file"; touch /a/x 2>/dev/null || echo sealed; touch /b/x; stat -c %a /c' >out
    diff out <(printf 'text\ntext\nsealed\n700\n')
    [ -e "$CARTE_ROOT/volumes/named/data/x" ]
    refused --mount type=bind,source=/no/such,target=/a
    [[ $output == */no/such* ]]
    refused --mount type=bind,source=here,target=/a
    [[ $output == *"'--mount'"*"absolute"* ]]
    refused --mount typ=bind,target=/a
    [[ $output == *"did you mean type"* ]]
    refused --mount target=/a,readonly=perhaps
    [[ $output == *"neither true nor false"* ]]
    refused --mount type=volume
    [[ $output == *"target is missing"* ]]
    refused --mount target=/a,volume-driver=nfs
    [[ $output == *"not built"* ]]
}

@test "-P publishes what the image and --expose note" {
    printf 'FROM tool\nEXPOSE 80 53/udp\n' | carte build -q -t noting -
    carte run -d --name open -P -p 127.0.0.1:18099:80 --expose 90 noting sleep 1000
    carte port open >out
    [ "$(grep -c '^80/tcp -> ' out)" = 1 ]
    grep -qx '80/tcp -> 127.0.0.1:18099' out
    grep -q '^90/tcp -> .*:[1-9]' out
    grep -q '^53/udp -> .*:[1-9]' out
}

@test "labels from files, and the id in a file" {
    printf '# remark\na=1\nb=two words\n' >labels
    carte run --rm --label-file labels -l a=2 --cidfile id tool true
    [ "$(wc -c <id)" = 64 ]
    refused --cidfile id
    [[ $output == *"'--cidfile'"* ]]
    carte run -d --name marked --label-file labels -l a=2 tool sleep 1000
    id=$(carte commit marked marked)
    [ "$(carte inspect marked:latest | jq -c '.[0].Config.Labels | [.a, .b]')" = '["2","two words"]' ]
    run carte run --cidfile other --pull never nosuch true
    [ "$status" -eq 125 ]
    [ ! -e other ]
}

@test "what is not built is refused, and what is so anyhow is taken" {
    refused --platform linux/pdp11
    [[ $output == *"'--platform'"*pdp11* ]]
    refused --log-driver syslog
    [[ $output == *"'--log-driver'"* ]]
    refused --log-opt max-size=1m
    [[ $output == *"'--log-opt'"* ]]
    architecture=$(carte inspect -f '{{.Architecture}}' tool)
    refused --link other
    [[ $output == *"option '--link' is not built"*--network-alias* ]]
    refused -a stdout
    [[ $output == *"option '--attach' is not built"* ]]
    refused --gpus=all
    [[ $output == *"option '--gpus' is not built"*--device* ]]
    carte run --rm -q --platform "linux/$architecture" --log-driver json-file tool true
}

# limit V1 V2: what a file of the container's own cgroup says, whichever version there is.
limit() {
    carte exec set cat "/sys/fs/cgroup/$1" 2>/dev/null || carte exec set cat "/sys/fs/cgroup/$2"
}

@test "limits of docker's options reach the cgroup" {
    carte run -d --name set -m 64m --memory-swap 64m --cpuset-cpus 0 --cpu-shares 512 --memory-reservation 32m \
        tool sleep 1000
    [ "$(limit memory/memory.soft_limit_in_bytes memory.low)" = 33554432 ]
    [ "$(limit cpuset/cpuset.cpus cpuset.cpus)" = 0 ]
    [ "$(limit cpu/cpu.shares cpu.weight)" = 512 ] || [ "$(limit cpu/cpu.shares cpu.weight)" -lt 100 ]
    refused --memory-swap 64m
    [[ $output == *"'memswap_limit' needs 'mem_limit'"* ]]
    refused -m 64m --memory-swap 32m
    [[ $output == *"'memswap_limit'"*"less than 'mem_limit'"* ]]
    refused --cpuset-cpus all
    [[ $output == *"'cpuset: all'"* ]]
    refused --cpu-shares 1
    [[ $output == *"'cpu_shares'"* ]]
}

@test "--pid host and --ipc host share what they name" {
    carte run --rm --pid host tool sh -c 'readlink /proc/self/ns/pid' >pid
    [ "$(cat pid)" = "$(readlink /proc/self/ns/pid)" ]
    [ "$(carte run --rm --ipc host tool readlink /proc/self/ns/ipc)" = "$(readlink /proc/self/ns/ipc)" ]
    [ "$(carte run --rm tool readlink /proc/self/ns/ipc)" != "$(readlink /proc/self/ns/ipc)" ]
    refused --pid host --userns auto
    [[ $output == *"'pid: host' and 'userns_mode: auto' exclude each other"* ]]
    refused --ipc container:other
    [[ $output == *"'ipc: container:other' is not supported"* ]]
}

# The kernel's log, 1:11, is a device that no container has by itself; to open it writes nothing.
@test "--device gives a device with the rights that are named" {
    cat >look <<'END'
stat -c '%F %t:%T %a' /dev/in
(: >/dev/in) 2>/dev/null && echo writable
true
END
    mknod -m 640 node c 1 11
    carte run --rm --device "$PWD/node:/dev/in" tool sh -c "$(cat look)" >out
    diff out <(printf 'character special file 1:b 640\nwritable\n')
    carte run --rm --device "$PWD/node:/dev/in:w" tool sh -c "$(cat look)" >out
    diff out <(printf 'character special file 1:b 640\nwritable\n')
    carte run --rm --device "$PWD/node:/dev/in:r" tool sh -c "$(cat look)" >out
    diff out <(printf 'character special file 1:b 640\n')
    carte run --rm --device /dev/kmsg tool stat -c '%t:%T' /dev/kmsg | grep -qx 1:b
    ln -s node link
    carte run --rm --device "$PWD/link:/dev/deep/in" tool stat -c '%t:%T' /dev/deep/in | grep -qx 1:b
    refused --device /no/such:/dev/such
    [[ $output == *"device '/no/such'"* ]]
    refused --device "$PWD/web:/dev/in"
    [[ $output == *"is a folder"* ]]
    refused --device "$PWD/look:/dev/in"
    [[ $output == *"is no device"* ]]
    refused --device /dev/kmsg:/kmsg
    [[ $output == *"option '--device'"*"below /dev"* ]]
    refused --device /dev/kmsg:/dev/null
    [[ $output == *"something else"* ]]
}

@test "in a user namespace a device is the machine's node" {
    carte run --rm --userns auto --device /dev/kmsg:/dev/in tool sh -c \
        'stat -c %t:%T:%u /dev/in; (: >/dev/in) 2>/dev/null || echo sealed' >out
    diff out <(printf '1:b:65534\nsealed\n')
}

@test "--privileged gives all rights and the devices of this machine" {
    carte run --rm --privileged tool sh -c \
        'stat -c %t:%T /dev/kmsg; (: >/dev/kmsg) && echo writable; grep Seccomp: /proc/self/status;
        [ -c /dev/null ] && [ -L /dev/ptmx ]; mkdir /m && mount -t tmpfs none /m && echo mounted' >out
    diff out <(printf '1:b\nwritable\nSeccomp:\t0\nmounted\n')
    carte run --rm --privileged --device /dev/kmsg:/dev/in tool stat -c %t:%T /dev/in /dev/kmsg >out
    diff out <(printf '1:b\n1:b\n')
    carte run --rm --privileged --userns auto tool test ! -e /dev/kmsg
    carte run --rm --privileged -t tool test -c /dev/console
}
