# config-linux.md of the OCI runtime specification: each test is named after its section.

load lib_bundle

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

@test "config-linux.md#namespaces: a cgroup, time or user namespace at a path is joined" {
    chmod 755 "$CARTE_TEST" "$CARTE_TEST/bundle"
    maps='.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] |
        .linux.gidMappings = [{containerID: 0, hostID: 100000, size: 65536}]'
    edit '.linux.namespaces += [{type: "user"}, {type: "time"}]' "$maps"
    oci create box </dev/null
    pid=$(oci state box | jq .pid)
    for pair in cgroup:cgroup time:time user:user; do
        edit "$(sh_args "readlink /proc/self/ns/${pair#*:}")" '.linux.cgroupsPath += "-two"' \
            ".linux.namespaces |= map(select(.type != \"${pair%%:*}\"))" \
            ".linux.namespaces += [{type: \"${pair%%:*}\", path: \"/proc/$pid/ns/${pair#*:}\"}]"
        [ "$(oci run two </dev/null)" = "$(readlink "/proc/$pid/ns/${pair#*:}")" ] || { echo "$pair"; return 1; }
    done
}

@test "config-linux.md#user-namespace-mappings: owners of files are not changed" {
    chmod 755 "$CARTE_TEST" "$CARTE_TEST/bundle"
    before=$(find rootfs -printf '%p %U %G %C@\n' | sort)
    inside true '.linux.namespaces += [{type: "user"}]' \
        '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]' \
        '.linux.gidMappings = [{containerID: 0, hostID: 100000, size: 65536}]'
    [ "$(find rootfs -printf '%p %U %G %C@\n' | sort)" = "$before" ]
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

@test "config-linux.md#devices: another file at the path is an error, the same device is none" {
    for there in 'touch rootfs/tmp/x' 'mkdir rootfs/tmp/x' 'mknod rootfs/tmp/x c 1 5' 'mkfifo rootfs/tmp/x' \
        'ln -s /dev/null rootfs/tmp/x'; do
        rm -rf rootfs/tmp/x
        $there
        edit '.linux.devices = [{path: "/tmp/x", type: "c", major: 1, minor: 3}]'
        refused '/tmp/x' oci create box </dev/null || { echo "$there"; return 1; }
        nothing_left
    done
    rm rootfs/tmp/x
    mknod rootfs/tmp/x c 1 3
    inside 'echo x >/tmp/x' '.linux.devices = [{path: "/tmp/x", type: "c", major: 1, minor: 3}]'
}

@test "config-linux.md#devices: outside of /dev; numbers are needed unless it is a fifo" {
    inside 'stat -c "%F %t %T" /tmp/a/b /tmp/u; test -p /tmp/p' '.linux.devices = [{path: "/tmp/a/b", type: "c", major: 1, minor: 5},
        {path: "/tmp/u", type: "u", major: 1, minor: 7}, {path: "/tmp/p", type: "p"}]' >seen
    [ "$(tr '\n' ' ' <seen)" = 'character special file 1 5 character special file 1 7 ' ]
    for device in '{path: "/dev/x", type: "c"}' '{path: "/dev/x", type: "b", major: 7}' '{type: "c", major: 1, minor: 3}' \
        '{path: "/dev/x", major: 1, minor: 3}' '{path: "/dev/x", type: "d", major: 1, minor: 3}'; do
        edit ".linux.devices = [$device]"
        refused 'linux.devices[0]' oci create box </dev/null
    done
}

@test "runtime-linux.md#dev-symbolic-links: made once all is mounted" {
    [ "$(inside 'cd /dev; for l in fd stdin stdout stderr; do readlink $l; done' \
        '.mounts += [{destination: "/dev", type: "tmpfs", source: "x"}]' | tr '\n' ' ')" = \
        '/proc/self/fd /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 ' ]
    [ "$(inside 'echo text | cat /dev/stdin; echo out >/dev/stdout')" = $'text\nout' ]
}

@test "runtime-linux.md#file-descriptors: 0, 1 and 2, and what is asked for" {
    exec 8</dev/null
    inside 'ls -l /proc/self/fd' >fds
    exec 8<&-
    fails grep -qE ' ([4-9]|[1-9][0-9]+) -> ' fds
}

@test "config-linux.md#default-devices: /dev/console is the terminal, and only where there is one" {
    edit '.process.terminal = true' "$(sh_args 'tty; stat -c %t:%T /dev/console /dev/pts/0')"
    in_terminal "$OCI --root $CARTE_TEST/oci run box" <> <(:) >seen 3>&-
    cat seen
    grep -q /dev/pts/0 seen
    [ "$(grep -c '^88:0' seen)" = 2 ]
    fails inside 'test -e /dev/console'
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

@test "config-linux.md#cgroups-path: the same value is the same place, absolute or not" {
    for path in "/$(cgroup_name)" "$(cgroup_name)"; do
        edit ".linux.cgroupsPath = \"$path\""
        oci create box </dev/null
        first=$(cat "/proc/$(oci state box | jq .pid)/cgroup")
        oci delete box
        oci create other </dev/null
        [ "$(cat "/proc/$(oci state other | jq .pid)/cgroup")" = "$first" ]
        oci delete other
    done
}

@test "config-linux.md#control-groups: a cgroup in which somebody lives is refused" {
    oci create box </dev/null
    edit
    refused "$(cgroup_name)" oci create two </dev/null
    has_status box created
    oci start box
    has_status box running
}

@test "config-linux.md#cgroup-ownership: nobody but root owns a container's cgroup" {
    chmod 755 "$CARTE_TEST" "$CARTE_TEST/bundle"
    edit '.linux.namespaces += [{type: "user"}]' \
        '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]' \
        '.linux.gidMappings = [{containerID: 0, hostID: 100000, size: 65536}]' \
        '.mounts |= map(if .type == "cgroup" then .options -= ["ro"] else . end)'
    oci create box </dev/null
    [ "$(find /sys/fs/cgroup -path "*$(cgroup_name)*" -printf '%U:%G\n' | sort -u)" = 0:0 ]
}

@test "config-linux.md#memory: checkBeforeUpdate refuses a limit below what is used" {
    edit "$(sh_args 'head -c 30m /dev/urandom >/tmp/mem/file; echo >/tmp/mem/ready; sleep 1000')" \
        '.mounts += [{destination: "/tmp/mem", type: "tmpfs", source: "x"}]' '.linux.resources.memory = {limit: 134217728}'
    oci create box </dev/null
    oci start box
    eventually 20 oci exec box test -e /tmp/mem/ready
    fails oci update --resources - box <<<'{"memory": {"limit": 10485760, "checkBeforeUpdate": true}}'
    [ "$(limit memory.limit_in_bytes memory.max)" = 134217728 ]
    has_status box running
}

@test "config-linux.md#memory: what kernels have dropped is refused, and no limit is none" {
    for wrong in '{kernel: 1000000}' '{kernelTCP: 1000000}' '{useHierarchy: false}' '{swappiness: 101}' '{limit: -2}'; do
        edit ".linux.resources.memory = $wrong"
        refused 'linux.resources.memory' oci create box </dev/null
    done
    inside true '.linux.resources.memory = {limit: -1, kernel: -1, kernelTCP: 0, useHierarchy: true, disableOOMKiller: false}'
}

@test "config-linux.md#cpu: a burst is no larger than the quota" {
    edit '.linux.resources.cpu = {quota: 20000, period: 50000, burst: 30000}'
    fails oci create box </dev/null
    nothing_left
    edit '.linux.resources.cpu = {quota: 20000, period: 50000, burst: 10000}'
    oci create box </dev/null
    [ "$(limit cpu.cfs_burst_us cpu.max.burst)" = 10000 ]
}

@test "config-linux.md#block-io: an entry for a device has a weight" {
    edit '.linux.resources.blockIO.weightDevice = [{major: 8, minor: 0}]'
    refused 'weight or leafWeight' oci create box </dev/null
    edit '.linux.resources.blockIO.throttleReadBpsDevice = [{major: 8, minor: 0}]'
    refused 'rate' oci create box </dev/null
}

@test "config-linux.md#rdma: an entry for a device has handles or objects" {
    edit '.linux.resources.rdma = {mlx5_1: {}}'
    refused 'hcaHandles or hcaObjects' oci create box </dev/null
}

@test "config-linux.md#unified: a controller that is not there is an error" {
    edit '.linux.resources.unified = {"moon.max": "1"}'
    fails oci create box </dev/null
    nothing_left
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
    [ "$(limit pids.events pids.events)" = 'max 0' ]
    oci start box
    eventually 10 was_refused_processes
}
was_refused_processes() {
    limit pids.events pids.events | grep -q '^max [1-9]'
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
more = [peer.recvmsg(65536, 64)[:2] for _ in range(2)]
fds = array.array("i", control[0][2])
state = json.loads(data)
json.dump({"link": os.readlink("/proc/self/fd/%d" % fds[0]), "fds": len(fds), "state": state,
    "more": [len(data) + len(control) for data, control in more]}, open("seen", "w"))
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
    jq -e '.fds == 1 and .more == [0, 0] and .state.ociVersion == "1.3.0"' seen # one state, then the end
    jq -e --argjson p "$(oci state box | jq .pid)" '.state.fds == ["seccompFd"] and .state.metadata == "meta" and .state.pid == $p and .state.state.id == "box"' seen
    edit '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir"], action: "SCMP_ACT_NOTIFY"}]}' \
        '.linux.cgroupsPath += "-two"'
    fails eval 'oci create two </dev/null && oci start two'
}

@test "config-linux.md#seccomp: a number for an action that has none, and no names, are errors" {
    edit '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", defaultErrnoRet: 1}'
    refused 'has no number' oci create box </dev/null
    edit '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir"], action: "SCMP_ACT_KILL", errnoRet: 1}]}'
    refused 'has no number' oci create box </dev/null
    edit '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: [], action: "SCMP_ACT_KILL"}]}'
    refused 'names' oci create box </dev/null
    # Where none is given it is EPERM.
    [[ "$(inside 'mkdir /tmp/x 2>&1 || true' '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [
        {names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO"}]}')" == *'Operation not permitted'* ]]
}

@test "config-linux.md#seccomp: metadata needs a listener, and without a question nobody is asked" {
    edit '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerMetadata: "x"}'
    refused 'listenerMetadata' oci create box </dev/null
    inside true '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: "/missing", listenerMetadata: "x"}'
}

@test "config-linux.md#seccomp: a listener that cannot be reached is an error" {
    edit ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", listenerPath: \"$PWD/missing.sock\",
        syscalls: [{names: [\"mkdir\"], action: \"SCMP_ACT_NOTIFY\"}]}"
    oci create box </dev/null || true
    [ ! -d "$CARTE_TEST/oci/box" ] || refused 'missing.sock' oci start box
    nothing_left
}

@test "config-linux.md#rootfs-mount-propagation: unbindable, and what is unknown" {
    inside "awk '\$5 == \"/\"' /proc/self/mountinfo" '.linux.rootfsPropagation = "unbindable"' | grep -q unbindable
    edit '.linux.rootfsPropagation = "moon"'
    refused rootfsPropagation oci create box </dev/null
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

@test "config-linux.md#masked-paths and readonly-paths: also by way of another folder" {
    echo secret >rootfs/tmp/file
    mkdir -p rootfs/tmp/ro
    run inside 'cat /tmp/file; echo x >/tmp/ro/x' \
        '.linux.maskedPaths += ["/proc/../tmp/file"] | .linux.readonlyPaths += ["/sys/../tmp/ro"]'
    echo "$output"
    [[ "$output" != *secret* && "$output" == *'Read-only file system'* ]]
}

@test "config-linux.md#masked-paths, readonly-paths: MUST be absolute" {
    for list in maskedPaths readonlyPaths; do
        edit ".linux.$list = [\"proc/kcore\"]"
        refused "linux.$list[0]" oci create box </dev/null
    done
}

@test "config-linux.md#personality: no other domain, and no flags" {
    edit '.linux.personality = {}'
    refused 'linux.personality.domain' oci create box </dev/null
    edit '.linux.personality = {domain: "BSD"}'
    refused 'BSD' oci create box </dev/null
    edit '.linux.personality = {domain: "LINUX", flags: ["ADDR_NO_RANDOMIZE"]}'
    refused 'linux.personality.flags' oci create box </dev/null
}

@test "config-linux.md#personality" {
    [ "$(inside 'uname -m' '.linux.personality = {domain: "LINUX32"}')" = i686 ]
    [ "$(inside 'uname -m' '.linux.personality = {domain: "LINUX"}')" = "$(uname -m)" ]
}

@test "config-linux.md#intelrdt, memory-policy, mount-label: refused by name" {
    for property in intelRdt memoryPolicy; do
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

@test "config-linux.md#net-devices: moved, renamed, up, with its addresses of global scope alone" {
    ip link add carte-t0 address 02:00:00:00:00:77 mtu 1400 type veth peer name carte-t1
    ip link set carte-t1 up
    ip address add 192.0.2.5/24 broadcast + dev carte-t0
    ip address add 2001:db8::5/64 nodad dev carte-t0
    ip address add 192.0.2.6/32 scope link dev carte-t0
    ip address add 192.0.2.7/24 valid_lft 1000 preferred_lft 1000 dev carte-t0
    inside 'ip -o address show dev inner0; ip link show inner0; cat /proc/net/if_inet6' \
        '.linux.netDevices = {"carte-t0": {name: "inner0"}}' >seen
    cat seen
    grep -q 'inet 192.0.2.5/24 brd 192.0.2.255 scope global' seen
    grep -q '20010db8000000000000000000000005' seen
    fails grep -qE '192.0.2.[67]/' seen
    grep -q 'mtu 1400' seen && grep -q '02:00:00:00:00:77' seen
    grep -qE '[<,]UP[,>]' seen
    # With the container's network it went, as virtual ones do.
    eventually 10 fails ip link show carte-t1
}

@test "config-linux.md#net-devices: keeps its name without another; %d is the first that is free" {
    ip link add carte-t0 type veth peer name carte-t1
    ip link add carte-t2 type veth peer name carte-t3
    inside 'ls /sys/class/net' '.linux.netDevices = {"carte-t0": {}, "carte-t2": {name: "eth%d"}, "carte-t3": {name: "eth%d"}}' >seen
    [ "$(tr '\n' ' ' <seen)" = 'carte-t0 eth0 eth1 lo ' ]
    eventually 10 fails ip link show carte-t1
}

@test "config-linux.md#net-devices: what cannot be moved is an error, and all stay where they are" {
    ip link add carte-t0 type veth peer name carte-t1
    ip address add 192.0.2.5/24 dev carte-t0
    ip link set carte-t0 up
    before=$(ip -o address show dev carte-t0 | sed 's/^[0-9]*//')
    for wrong in '"carte-none": {}' '"carte-t1": {name: "lo"}' '"carte-t1": {name: "a/b"}' \
        '"carte-t1": {name: "much-too-long-a-name"}' '"carte-t1": {name: "one"}, "lo": {name: "two"}'; do
        edit ".linux.netDevices = {\"carte-t0\": {name: \"zero\"}, $wrong}"
        refused 'linux.netDevices' oci create box </dev/null || { echo "$wrong"; return 1; }
        nothing_left
        [ "$(ip -o address show dev carte-t0 | sed 's/^[0-9]*//' | grep 'inet ')" = "$(grep 'inet ' <<<"$before")" ]
        ip link show carte-t0 | grep -qE '[<,]UP[,>]'
        ip link show carte-t1
    done
    edit '.linux.netDevices = {"carte-t0": {}}' '.linux.namespaces |= map(select(.type != "network"))' \
        '.mounts |= map(select(.type != "sysfs" and .type != "cgroup"))'
    refused 'linux.netDevices' oci create box </dev/null
    ip link delete carte-t0
}
