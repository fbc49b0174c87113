# config.md of the OCI runtime specification: each test is named after its section.

load lib_bundle

@test "config.md#specification-version: 1.x is read, another is an error" {
    for version in 1.0.0 1.0.2-dev 1.1.0 1.2.1 1.3.0; do
        inside true ".ociVersion = \"$version\""
    done
    for version in 0.9.0 2.0.0 x ''; do
        edit ".ociVersion = \"$version\""
        refused 'version' oci run box
    done
    edit 'del(.ociVersion)'
    refused 'ociVersion' oci run box
}

@test "config.md#root: the path is relative to the bundle, or absolute" {
    inside true
    inside true ".root.path = \"$PWD/rootfs\""
    edit 'del(.root)'
    refused 'root' oci run box
    edit '.root.path = "none"'
    refused 'none' oci run box
}

@test "config.md#root: readonly" {
    inside 'echo x >/tmp/x'
    run -1 inside 'echo x >/tmp/x' '.root.readonly = true'
    [[ "$output" == *'Read-only file system'* ]]
    [ -e rootfs/tmp/x ]
}

@test "config.md#mounts: in the listed order, a later one covers" {
    mkdir -p source/{one,two}
    echo 1 >source/one/file
    echo 2 >source/two/file
    [ "$(inside 'cat /tmp/m/file' ".mounts += [
        {destination: \"/tmp/m\", type: \"bind\", source: \"$PWD/source/one\", options: [\"rbind\"]},
        {destination: \"/tmp/m\", type: \"bind\", source: \"$PWD/source/two\", options: [\"bind\"]}]")" = 2 ]
}

@test "config.md#mounts: destination is made; a source relative to the bundle; a file on a file" {
    mkdir -p source
    echo text >source/file
    [ "$(inside 'cat /tmp/a/b/c' '.mounts += [
        {destination: "/tmp/a/b/c", type: "bind", source: "source/file", options: ["bind"]}]')" = text ]
}

@test "config.md#mounts: bind takes one file system, rbind those below it" {
    mkdir -p source/below
    mount -t tmpfs tmpfs source/below
    touch source/below/file
    [ "$(inside 'ls /m/below' '.mounts += [
        {destination: "/m", type: "bind", source: "source", options: ["rbind"]}]')" = file ]
    [ -z "$(inside 'ls /m/below' '.mounts += [
        {destination: "/m", type: "bind", source: "source", options: ["bind"]}]')" ]
    umount source/below
    rmdir rootfs/m
}

@test "config.md#linux-mount-options: each option that the kernel shows" {
    while read -r option shown; do
        inside "grep ' /tmp/m ' /proc/self/mountinfo" ".mounts += [{destination: \"/tmp/m\",
            type: \"tmpfs\", source: \"tmpfs\", options: [\"$option\"]}]" >line
        echo "$option: $(cat line)"
        case $shown in
        !*) fails grep -qx "${shown#!}" <(awk '{ print $6 }' line | tr , '\n') ;;
        *) awk '{ print $6 }' line | tr , '\n' | grep -qx "$shown" ;;
        esac
    done <<'OPTIONS'
ro ro
rw rw
nosuid nosuid
suid !nosuid
nodev nodev
dev !nodev
noexec noexec
exec !noexec
noatime noatime
relatime relatime
strictatime !relatime
nodiratime nodiratime
diratime !nodiratime
nosymfollow nosymfollow
symfollow !nosymfollow
defaults rw
OPTIONS
}

@test "config.md#linux-mount-options: recursive options reach the mounts below" {
    mkdir -p source/below
    mount -t tmpfs tmpfs source/below
    for option in rro rnosuid rnodev rnoexec rnoatime; do
        inside "grep ' /m/below ' /proc/self/mountinfo" ".mounts += [{destination: \"/m\",
            type: \"bind\", source: \"source\", options: [\"rbind\", \"$option\"]}]" >line || true
        echo "$option: $(cat line)"
        awk '{ print $6 }' line | tr , '\n' | grep -qx "${option#r}" ||
            { [ "$option" = rro ] && awk '{ print $6 }' line | grep -q ro; }
    done
    umount source/below
    rmdir rootfs/m
}

@test "config.md#linux-mount-options: propagation" {
    for pair in shared:shared: slave:master: rprivate:-; do
        want=${pair#*:}
        inside "grep ' /tmp/m ' /proc/self/mountinfo" ".mounts += [{destination: \"/tmp/m\",
            type: \"tmpfs\", source: \"tmpfs\", options: [\"${pair%%:*}\"]}]" >line
        cat line
        case $want in
        shared:) grep -q 'shared:' line ;;
        *) fails grep -q 'shared:' line ;;
        esac
    done
}

@test "config.md#linux-mount-options: an unknown option goes to the file system" {
    inside "grep ' /tmp/m ' /proc/self/mountinfo" '.mounts += [{destination: "/tmp/m",
        type: "tmpfs", source: "tmpfs", options: ["size=64k", "mode=750"]}]' >line
    grep -q 'size=64k' line
    grep -q 'mode=750' line
    edit '.mounts += [{destination: "/tmp/m", type: "tmpfs", source: "tmpfs", options: ["moon"]}]'
    refused 'moon' oci run box || refused '/tmp/m' oci run box
}

@test "config.md#linux-mount-options: tmpcopyup begins with what the image has" {
    [ "$(inside 'cat /etc/passwd; echo new >>/etc/passwd' '.mounts += [{destination: "/etc",
        type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"]}]')" = 'root:x:0:0:root:/root:/bin/sh' ]
    fails grep -q new rootfs/etc/passwd
}

@test "config.md#process: terminal needs a console socket" {
    edit '.process.terminal = true'
    refused 'console-socket' oci create box </dev/null
}

@test "config.md#process: cwd is absolute, and made if it is missing" {
    [ "$(inside pwd '.process.cwd = "/tmp/new/folder"')" = /tmp/new/folder ]
    edit '.process.cwd = "tmp"'
    refused 'not absolute' oci run box
    edit 'del(.process.cwd)'
    refused 'cwd' oci run box
}

@test "config.md#process: env is what is written" {
    [ "$(inside 'echo $A-$B' '.process.env += ["A=1", "B=two words"]')" = '1-two words' ]
    [ -z "$(inside 'echo $CARTE_TEST')" ]
}

@test "config.md#process: args has a word at least; a name is looked for in PATH" {
    edit '.process.args = []'
    refused 'args' oci run box
    edit '.process.args = ["echo", "found"]'
    [ "$(oci run box)" = found ]
    edit '.process.args = ["echo", "found"]' '.process.env = ["PATH=/nowhere"]'
    run -127 oci run box
}

@test "config.md#process: the exit status of run is the program's" {
    run -37 inside 'exit 37'
    run -137 inside "sh -c 'kill -9 \$\$'; exit \$?"
    run -127 inside 'exec /missing'
    edit '.process.args = ["/missing"]'
    run -127 oci run box
    edit '.process.args = ["/etc/passwd"]'
    run -126 oci run box
}

@test "config.md#posix-process: rlimits" {
    inside 'ulimit -n; ulimit -Hn; ulimit -c' '.process.rlimits = [
        {type: "RLIMIT_NOFILE", soft: 100, hard: 200}, {type: "RLIMIT_CORE", soft: 0, hard: 0}]' >limits
    [ "$(tr '\n' ' ' <limits)" = '100 200 0 ' ]
    edit '.process.rlimits = [{type: "RLIMIT_MOON", soft: 1, hard: 2}]'
    refused 'RLIMIT_MOON' oci run box
    edit '.process.rlimits = [{type: "RLIMIT_CORE", soft: 1, hard: 1}, {type: "RLIMIT_CORE", soft: 1, hard: 1}]'
    refused 'twice' oci run box
}

@test "config.md#posix-process: rlimits that are not listed are unchanged" {
    (
        ulimit -Sn 77
        [ "$(inside 'ulimit -Sn')" = 77 ]
    )
}

@test "config.md#linux-process: capabilities, five sets" {
    inside 'grep Cap /proc/self/status' '.process.capabilities = {
        bounding: ["CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW"], permitted: ["CAP_CHOWN", "CAP_KILL"],
        effective: ["CAP_CHOWN"], inheritable: ["CAP_KILL"], ambient: ["CAP_KILL"]}' >caps
    cat caps
    grep -qE 'CapBnd:\s+0000000000002021' caps
    grep -qE 'CapInh:\s+0000000000000020' caps
    grep -qE 'CapAmb:\s+0000000000000020' caps
}

@test "config.md#linux-process: an unknown capability is a warning" {
    edit "$(sh_args true)" '.process.capabilities.bounding += ["CAP_MOON"]'
    oci run box 2>warning
    grep -q CAP_MOON warning
}

@test "config.md#linux-process: without capabilities there are none" {
    inside 'grep -E "Cap(Bnd|Prm|Eff)" /proc/self/status' 'del(.process.capabilities)' >caps
    [ "$(awk '{ print $2 }' caps | sort -u)" = 0000000000000000 ]
}

@test "config.md#linux-process: noNewPrivileges" {
    inside 'grep NoNewPrivs /proc/self/status' '.process.noNewPrivileges = true' | grep -q 1
    inside 'grep NoNewPrivs /proc/self/status' '.process.noNewPrivileges = false' | grep -q 0
}

@test "config.md#linux-process: oomScoreAdj; unset, it is not changed" {
    mine=$(cat /proc/self/oom_score_adj)
    [ "$(inside 'cat /proc/self/oom_score_adj' 'del(.process.oomScoreAdj)')" = "$mine" ]
    [ "$(inside 'cat /proc/self/oom_score_adj' '.process.oomScoreAdj = 543')" = 543 ]
}

@test "config.md#linux-process: scheduler and ioPriority" {
    inside 'cut -d " " -f 41 /proc/$$/stat; ionice -p $$' '.process.scheduler = {policy: "SCHED_BATCH", nice: 5}' \
        '.process.ioPriority = {class: "IOPRIO_CLASS_IDLE", priority: 0}' >shown
    cat shown
    [ "$(head -n 1 shown)" = 3 ] # SCHED_BATCH
    grep -q idle shown
    edit '.process.scheduler = {policy: "SCHED_MOON"}'
    refused 'SCHED_MOON' oci run box
}

@test "config.md#linux-process: labels of security modules that are not here are errors" {
    edit '.process.apparmorProfile = "p"'
    refused 'apparmorProfile' oci run box
    edit '.process.selinuxLabel = "l"'
    refused 'selinuxLabel' oci run box
}

@test "config.md#user: uid, gid, umask, additionalGids" {
    inside 'id -u; id -g; id -G; umask' '.process.user = {uid: 1000, gid: 1001, umask: 63, additionalGids: [5, 6]}' >ids
    cat ids
    [ "$(sed -n 1,2p ids | tr '\n' ' ')" = '1000 1001 ' ]
    grep -qE '^(1001 )?5 6$' ids
    [ "$(tail -n 1 ids)" = 0077 ]
    edit '.process.user.uid = 4294967296'
    refused 'uid' oci run box
}

@test "config.md#hostname and domainname" {
    [ "$(inside 'hostname; cat /proc/sys/kernel/domainname' '.hostname = "h1" | .domainname = "d1"' |
        tr '\n' ' ')" = 'h1 d1 ' ]
    [ "$(hostname)" != h1 ]
    edit '.hostname = "h1"' '.linux.namespaces |= map(select(.type != "uts"))'
    refused 'uts' oci run box
}

@test "config.md#annotations: texts by keys that are not empty" {
    edit '.annotations = {"": "x"}'
    refused 'annotations' oci create box </dev/null
    edit '.annotations = {"a": 1}'
    refused 'annotations.a' oci create box </dev/null
}

@test "config.md#extensibility: unknown properties are ignored" {
    inside true '.moon = 1 | .process.moon = {} | .linux.moon = [] | .linux.resources.moon = 1'
}

@test "config.md#valid-values: unknown values are errors" {
    for expression in '.linux.namespaces += [{type: "moon"}]' '.linux.rootfsPropagation = "moon"' \
        '.linux.personality = {domain: "MOON"}' '.linux.seccomp = {defaultAction: "SCMP_ACT_MOON"}' \
        '.linux.devices = [{path: "/dev/x", type: "z"}]' '.process.args = "sh"'; do
        edit "$expression"
        fails oci create box </dev/null
        nothing_left
    done
}

@test "only descriptors 0, 1 and 2 reach the program" {
    exec 8</dev/null 9</dev/null
    inside 'ls -l /proc/self/fd' >fds
    exec 8<&- 9<&-
    cat fds
    # ls itself opens the folder it reads, at 3.
    fails grep -qE ' ([4-9]|[1-9][0-9]+) -> ' fds
    inside 'echo /proc/$$/fd/*' >fds
    [ "$(tr ' ' '\n' <fds | grep -cE '/(0|1|2)$')" = 3 ]
}

@test "--preserve-fds and LISTEN_FDS" {
    echo third >third
    edit "$(sh_args 'cat <&3; echo $LISTEN_FDS-$LISTEN_PID')"
    [ "$(oci run --preserve-fds 1 box 3<third </dev/null | head -n 1)" = third ]
    [ "$(LISTEN_FDS=1 oci run box 3<third </dev/null | tr '\n' ' ')" = 'third 1-1 ' ]
    refused 'descriptor' oci run --preserve-fds 900 box </dev/null
}

@test "bundle.md: config.json and the root are in the bundle" {
    rm config.json
    refused 'config.json' oci create box </dev/null
    edit '.root.path = "config.json"'
    refused 'config.json' oci create box </dev/null
    nothing_left
}

@test "glossary.md#configuration: UTF-8, no name twice, in any order" {
    edit '.hostname = "h\u00fc\ud83d\ude00"' '.annotations = {"\u00e4": "\u00f6"}'
    jq -c 'to_entries | reverse | from_entries' config.json >reversed.json
    inside true # the plain one
    mv reversed.json config.json
    oci create box </dev/null
    [ "$(oci state box | jq -r '.annotations["ä"]')" = ö ]
    oci delete box
    sed 's/^{/{"hostname": "twice",/' plain.json >config.json
    refused 'twice' oci create box </dev/null
    { printf '{"hostname": "a\xff",'; tail -n +2 plain.json | grep -v hostname; } >config.json
    refused 'UTF-8' oci create box </dev/null
}

@test "config.md#specification-version: MUST be SemVer" {
    for version in 1 1.0 1.00.0 1.0.0- 1.0.0+ 1.x.0 '1.0.0 '; do
        edit ".ociVersion = \"$version\""
        refused 'version' oci create box </dev/null
    done
    for version in 1.0.0-rc5-dev 1.2.0+dev 1.1.0-rc.1+build.5; do
        inside true ".ociVersion = \"$version\""
    done
}

@test "config.md#process: consoleSize without a terminal is ignored" {
    inside 'test ! -t 0' '.process.consoleSize = {height: 10, width: 20}'
}

@test "config.md#process: args[0] is looked for as execvp does" {
    printf '#!/bin/sh\necho found\n' >rootfs/tmp/tool
    chmod +x rootfs/tmp/tool
    edit '.process.args = ["./tool"] | .process.cwd = "/tmp"'
    [ "$(oci run box </dev/null)" = found ]
    edit '.process.args = ["tool"] | .process.env = ["PATH=/bin:/tmp"]'
    [ "$(oci run box </dev/null)" = found ]
}

# What the bounding set of the caller lacks cannot be granted, by anybody.
@test "config.md#linux-process: a capability that cannot be granted is a warning" {
    edit "$(sh_args 'grep CapEff /proc/self/status')" '.process.capabilities[] += ["CAP_WAKE_ALARM"]'
    setpriv --bounding-set -wake_alarm --inh-caps -all "$(command -v "$OCI")" --root "$CARTE_TEST/oci" \
        run box </dev/null >seen 2>warning
    cat seen warning
    grep -q CAP_WAKE_ALARM warning
    [ $((0x$(awk '{ print $2 }' seen) >> 35 & 1)) = 0 ]
}

@test "config.md#linux-process: execCPUAffinity is for exec, and not for the first process" {
    edit '.process.execCPUAffinity = {initial: "0", final: "0"}'
    oci create box </dev/null
    oci start box
    pid=$(oci state box | jq .pid)
    [ "$(grep Cpus_allowed_list "/proc/$pid/status")" = "$(grep Cpus_allowed_list /proc/self/status)" ]
    oci exec box grep -E '^Cpus_allowed_list:\s+0$' /proc/self/status
    edit '.process.execCPUAffinity = {final: "moon"}'
    jq .process config.json >process.json
    refused 'moon' oci exec --process process.json box
}

@test "config.md#annotations: unknown keys of the specification's own namespace are no error" {
    edit '.annotations = {"org.opencontainers.image.os": "linux", "org.opencontainers.moon": "", "x": "y"}'
    oci create box </dev/null
    [ "$(oci state box | jq -c .annotations)" = '{"org.opencontainers.image.os":"linux","org.opencontainers.moon":"","x":"y"}' ]
}
