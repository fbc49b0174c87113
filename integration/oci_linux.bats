# config-linux.md of the OCI runtime specification: each test is named after its section.

load lib
load lib_oci

setup_file() {
    remember_inventory
    make_bundle "$CARTE_TEST/bundle"
}

teardown_file() {
    remove_containers
    no_leaks
}

setup() {
    cd "$CARTE_TEST/bundle" || return 1
    cp plain.json config.json
    rm -rf rootfs/tmp/* source
}

teardown() {
    remove_containers
    nothing_left
}

# limit FILE-V1 FILE-V2: the container's file of the version that this host has.
limit() {
    local file
    file=$(find /sys/fs/cgroup -path "*$(cgroup_name)/$1" -o -path "*$(cgroup_name)/$2" | head -n 1)
    [ -n "$file" ] && cat "$file"
}
is_v1() {
    [ "$(stat -f -c %T /sys/fs/cgroup)" != cgroup2fs ]
}

@test "config-linux.md#default-filesystems: proc, sys, devpts and shm can be mounted" {
    inside 'mount' >mounts
    for fs in 'proc on /proc' 'sysfs on /sys' 'devpts on /dev/pts' 'shm on /dev/shm'; do
        grep -q "${fs#* }" mounts
    done
}

@test "config-linux.md#namespaces: a new one of each listed type, the runtime's of the others" {
    for pair in pid:pid network:net mount:mnt ipc:ipc uts:uts cgroup:cgroup; do
        mine=$(readlink "/proc/self/ns/${pair#*:}")
        other=$(inside "readlink /proc/self/ns/${pair#*:}")
        [ "$other" != "$mine" ]
        [ "${pair%%:*}" = mount ] && continue
        same=$(inside "readlink /proc/self/ns/${pair#*:}" \
            ".linux.namespaces |= map(select(.type != \"${pair%%:*}\"))" 'del(.hostname)' \
            'if .linux.namespaces | any(.type == "network") then . else .mounts |= map(select(.type != "sysfs" and .type != "cgroup")) end')
        echo "$pair $mine $other $same"
        [ "$same" = "$mine" ]
    done
}

@test "config-linux.md#namespaces: a path is joined, and must be of that type" {
    oci create box </dev/null
    pid=$(oci state box | jq .pid)
    for pair in network:net ipc:ipc uts:uts pid:pid; do
        edit "$(sh_args "readlink /proc/self/ns/${pair#*:}")" 'del(.hostname)' \
            '.linux.cgroupsPath += "-two"' \
            ".linux.namespaces |= map(if .type == \"${pair%%:*}\" then .path = \"/proc/$pid/ns/${pair#*:}\" else . end)"
        [ "$(oci run two </dev/null)" = "$(readlink "/proc/$pid/ns/${pair#*:}")" ]
    done
    edit '.linux.namespaces |= map(if .type == "network" then .path = "/proc/self/ns/uts" else . end)' \
        '.linux.cgroupsPath += "-two"'
    fails oci create two </dev/null
    edit '.linux.namespaces |= map(if .type == "network" then .path = "relative" else . end)'
    refused 'not absolute' oci create two </dev/null
    edit '.linux.namespaces += [{type: "pid"}]'
    refused 'twice' oci create two </dev/null
}

@test "config-linux.md#user-namespace-mappings" {
    chmod 755 "$CARTE_TEST" "$CARTE_TEST/bundle"
    inside 'cat /proc/self/uid_map /proc/self/gid_map; id -u; id -g' \
        '.linux.namespaces += [{type: "user"}]' \
        '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 1000}]' \
        '.linux.gidMappings = [{containerID: 0, hostID: 200000, size: 2000}]' >seen
    cat seen
    awk '{ print $1, $2, $3 }' seen >plain
    [ "$(sed -n 1p plain)" = '0 100000 1000' ] && [ "$(sed -n 2p plain)" = '0 200000 2000' ]
    [ "$(sed -n 3,4p seen | tr '\n' ' ')" = '0 0 ' ]
    edit '.linux.namespaces += [{type: "user"}]'
    refused 'mappings' oci create box </dev/null
}

@test "config-linux.md#offset-for-time-namespace" {
    inside 'cat /proc/self/timens_offsets' '.linux.namespaces += [{type: "time"}]' \
        '.linux.timeOffsets = {monotonic: {secs: 1000, nanosecs: 5}, boottime: {secs: 2000}}' >seen
    cat seen
    grep -qE 'monotonic +1000 +5' seen
    grep -qE 'boottime +2000 +0' seen
    edit '.linux.timeOffsets = {monotonic: {secs: 1}}'
    refused 'time namespace' oci create box </dev/null
}

@test "config-linux.md#devices: type, numbers, mode and owner" {
    inside 'stat -c "%F %t %T %a %u %g" /dev/one /dev/two /dev/fifo' '.linux.devices = [
        {path: "/dev/one", type: "c", major: 1, minor: 3, fileMode: 384, uid: 5, gid: 6},
        {path: "/dev/two", type: "b", major: 7, minor: 8}, {path: "/dev/fifo", type: "p"}]' >seen
    cat seen
    grep -q 'character special file 1 3 600 5 6' seen
    grep -q 'block special file 7 8' seen
    grep -q 'fifo' seen
    edit '.linux.devices = [{path: "dev/x", type: "c"}]'
    refused 'not absolute' oci create box </dev/null
}

@test "config-linux.md#default-devices: and the links of /dev" {
    inside 'cd /dev; for d in null zero full random urandom tty; do test -c $d || echo no $d; done
        for l in fd stdin stdout stderr ptmx; do readlink $l; done' >seen
    [ "$(tr '\n' ' ' <seen)" = '/proc/self/fd /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 pts/ptmx ' ]
}

@test "config-linux.md#cgroups-path: absolute is from the mount point; missing is chosen" {
    oci create box </dev/null
    [ -n "$(find /sys/fs/cgroup -maxdepth 2 -name "$(cgroup_name)")" ]
    oci delete box
    edit 'del(.linux.cgroupsPath)'
    id=box-$(cgroup_name)
    oci create "$id" </dev/null
    [ -n "$(find /sys/fs/cgroup -type d -path "*carte-oci/$id")" ]
    oci delete "$id"
    for path in / /a/../../b system.slice:x:y; do
        edit ".linux.cgroupsPath = \"$path\""
        refused 'cgroupsPath' oci create box </dev/null
    done
}

@test "config-linux.md#memory: limit, reservation, swap" {
    edit '.linux.resources.memory = {limit: 67108864, reservation: 33554432}'
    oci create box </dev/null
    [ "$(limit memory.limit_in_bytes memory.max)" = 67108864 ]
    [ "$(limit memory.soft_limit_in_bytes memory.low)" = 33554432 ]
}

@test "config-linux.md#memory: a limit is felt" {
    run -137 inside 'head -c 200m /dev/zero | tail >/dev/null; exit $?' \
        '.linux.resources.memory = {limit: 20971520, swap: 20971520}'
}

@test "config-linux.md#cpu: shares, quota, period, cpus" {
    edit '.linux.resources.cpu = {shares: 512, quota: 25000, period: 50000, cpus: "0"}'
    oci create box </dev/null
    if is_v1; then
        [ "$(limit cpu.shares -)" = 512 ]
        [ "$(limit cpu.cfs_quota_us -)" = 25000 ] && [ "$(limit cpu.cfs_period_us -)" = 50000 ]
    else
        [ "$(limit - cpu.max)" = '25000 50000' ]
    fi
    [ "$(limit cpuset.cpus cpuset.cpus)" = 0 ]
}

@test "config-linux.md#pids: a limit is felt" {
    edit '.linux.resources.pids.limit = 5' "$(sh_args 'for i in 1 2 3 4 5 6 7 8; do sleep 1000 & done; wait')"
    oci create box </dev/null
    [ "$(limit pids.max pids.max)" = 5 ]
    oci start box
    eventually 10 test "$(oci ps --format json box | jq length)" -le 5
}

@test "config-linux.md#block-io, huge pages, rdma, network: what the host cannot set is an error" {
    edit '.linux.resources.hugepageLimits = [{pageSize: "3MB", limit: 1}]'
    fails oci create box </dev/null
    edit '.linux.resources.hugepageLimits = [{pageSize: "../2MB", limit: 1}]'
    refused 'pageSize' oci create box </dev/null
    edit '.linux.resources.unified = {"no.such": "1"}'
    fails oci create box </dev/null
    edit '.linux.resources.unified = {"../x.y": "1"}'
    refused 'unified' oci create box </dev/null
}

@test "config-linux.md#allowed-device-list: in the listed order" {
    run -0 inside 'mknod /tmp/null c 1 3 && echo x >/tmp/null; mknod /tmp/mem c 1 1 && head -c 1 /tmp/mem; echo' \
        '.process.capabilities[] += ["CAP_MKNOD"]' \
        '.linux.resources.devices = [{allow: false, access: "rwm"}, {allow: true, type: "c", major: 1, minor: 3, access: "rwm"}, {allow: true, type: "c", major: 1, minor: 1, access: "m"}]'
    echo "$output"
    [[ "$output" == *'mem: Operation not permitted'* ]]
    [[ "$output" != *'null: Operation not permitted'* ]]
}

@test "config-linux.md#sysctl: of namespaces that are the container's own" {
    [ "$(inside 'cat /proc/sys/net/ipv4/ip_unprivileged_port_start' \
        '.linux.sysctl = {"net.ipv4.ip_unprivileged_port_start": "77"}')" = 77 ]
    [ "$(inside 'cat /proc/sys/kernel/shmmni' '.linux.sysctl = {"kernel.shmmni": "777"}')" = 777 ]
    edit '.linux.sysctl = {"kernel.core_pattern": "x"}'
    fails oci create box </dev/null
    edit '.linux.sysctl = {"net.ipv4.ip_forward": "1"}' '.linux.namespaces |= map(select(.type != "network"))' \
        '.mounts |= map(select(.type != "sysfs" and .type != "cgroup"))'
    fails oci create box </dev/null
}

@test "config-linux.md#seccomp: actions, errno, arguments" {
    profile='.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_X86_64"], syscalls: [
        {names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 28},
        {names: ["no_such_call"], action: "SCMP_ACT_KILL"},
        {names: ["kill"], action: "SCMP_ACT_ERRNO", args: [{index: 1, value: 10, op: "SCMP_CMP_EQ"}]}]}'
    run -0 inside 'mkdir /tmp/x; kill -USR1 $$; kill -0 $$ && echo fine; grep Seccomp: /proc/self/status' "$profile"
    echo "$output"
    [[ "$output" == *'No space left on device'* && "$output" == *fine* ]]
    [[ "$output" =~ Seccomp:[[:space:]]+2 ]]
    for words in defaultAction:SCMP_ACT_MOON; do
        edit ".linux.seccomp = {${words%%:*}: \"${words#*:}\"}"
        refused "${words#*:}" oci create box </dev/null
    done
    edit '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_MOON"]}'
    refused SCMP_ARCH_MOON oci create box </dev/null
    edit '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", flags: ["MOON"]}'
    refused MOON oci create box </dev/null
}

@test "config-linux.md#seccomp: SCMP_ACT_NOTIFY asks a listener, which gets the state" {
    command -v python3 >/dev/null || skip 'needs python3'
    cat >agent.py <<'AGENT'
import array, json, os, socket
server = socket.socket(socket.AF_UNIX)
server.bind("agent.sock")
server.listen(1)
open("ready", "w").close()
peer, _ = server.accept()
data, control, _, _ = peer.recvmsg(65536, 64)
fds = array.array("i", control[0][2])
state = json.loads(data)
json.dump({"link": os.readlink("/proc/self/fd/%d" % fds[0]), "state": state}, open("seen", "w"))
AGENT
    rm -f agent.sock ready seen
    timeout 30 python3 agent.py 3>&- &
    eventually 10 test -e ready
    edit ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", listenerPath: \"$PWD/agent.sock\", listenerMetadata: \"meta\",
        syscalls: [{names: [\"mkdir\"], action: \"SCMP_ACT_NOTIFY\"}]}"
    oci create box </dev/null
    oci start box
    eventually 10 test -s seen
    wait
    cat seen
    jq -e '.link | test("seccomp")' seen
    jq -e --argjson p "$(oci state box | jq .pid)" '.state.fds == ["seccompFd"] and .state.metadata == "meta" and .state.pid == $p and .state.state.id == "box"' seen
    edit '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir"], action: "SCMP_ACT_NOTIFY"}]}' \
        '.linux.cgroupsPath += "-two"'
    fails eval 'oci create two </dev/null && oci start two'
}

@test "config-linux.md#rootfs-mount-propagation" {
    for pair in shared:shared: private:- slave:- rshared:shared: ; do
        inside "awk '\$5 == \"/\"' /proc/self/mountinfo" ".linux.rootfsPropagation = \"${pair%%:*}\"" >line
        echo "$pair $(cat line)"
        case ${pair#*:} in
        shared:) grep -q 'shared:' line ;;
        *) fails grep -q 'shared:' line ;;
        esac
    done
}

@test "config-linux.md#masked-paths and readonly-paths" {
    echo secret >rootfs/tmp/file
    mkdir -p rootfs/tmp/folder rootfs/tmp/ro
    touch rootfs/tmp/folder/inside
    run inside 'cat /tmp/file; ls /tmp/folder; echo x >/tmp/ro/x; cat /proc/kcore | head -c 1' \
        '.linux.maskedPaths += ["/tmp/file", "/tmp/folder", "/tmp/missing"]' \
        '.linux.readonlyPaths += ["/tmp/ro", "/tmp/missing"]'
    echo "$output"
    [[ "$output" != *secret* && "$output" != *inside* ]]
    [[ "$output" == *'Read-only file system'* ]]
}

@test "config-linux.md#personality" {
    [ "$(inside 'uname -m' '.linux.personality = {domain: "LINUX32"}')" = i686 ]
    [ "$(inside 'uname -m' '.linux.personality = {domain: "LINUX"}')" = "$(uname -m)" ]
}

@test "config-linux.md#intelrdt, memory-policy, net-devices, mount-label: refused by name" {
    for property in intelRdt memoryPolicy netDevices; do
        edit ".linux.$property = {}"
        refused "linux.$property" oci create box </dev/null
    done
    edit '.linux.mountLabel = "x"'
    refused 'linux.mountLabel' oci create box </dev/null
}

@test "config.md#mounts: id-mapped binds" {
    mkdir -p source
    touch source/file
    chown 1000:1000 source/file
    # The file system's ids are containerID, what is seen is hostID, as the kernel has it for mounts.
    [ "$(inside 'stat -c %u:%g /m/file' '.mounts += [{destination: "/m", type: "bind", source: "source",
        options: ["bind", "idmap"], uidMappings: [{containerID: 1000, hostID: 7, size: 1}],
        gidMappings: [{containerID: 1000, hostID: 8, size: 1}]}]')" = 7:8 ]
    rmdir rootfs/m
}
