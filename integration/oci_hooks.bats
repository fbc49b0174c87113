# Hooks (config.md#posix-platform-hooks, runtime.md#lifecycle): order, namespaces, state, failures.

load lib_bundle

# hook KIND SCRIPT: the jq expression of a hook that is a shell.
hook() {
    jq -rn --arg k "$1" --arg s "$2" '".hooks[\($k | tojson)] += [{\"path\": \"/bin/sh\", \"args\": [\"sh\", \"-c\", \($s | tojson)]}]"'
}

@test "runtime.md#lifecycle: hooks run in their order around the operations" {
    edit "$(hook prestart "echo prestart >>$PWD/said")" \
        "$(hook createRuntime "echo createRuntime >>$PWD/said")" \
        "$(hook createContainer "echo createContainer >>$PWD/said")" \
        "$(hook startContainer 'echo startContainer >>/tmp/said')" \
        "$(hook poststart "echo poststart >>$PWD/said")" \
        "$(hook poststop "echo poststop >>$PWD/said")" \
        "$(sh_args 'echo program >>/tmp/said')"
    oci create box </dev/null
    [ "$(tr '\n' ' ' <said)" = 'prestart createRuntime createContainer ' ]
    [ ! -e rootfs/tmp/said ]
    oci start box
    eventually 10 has_status box stopped
    [ "$(tr '\n' ' ' <rootfs/tmp/said)" = 'startContainer program ' ]
    [ "$(tail -n 1 said)" = poststart ]
    oci delete box
    [ "$(tail -n 1 said)" = poststop ]
}

@test "config.md#hooks: hooks of one kind run in the listed order" {
    edit "$(hook createRuntime "echo 1 >>$PWD/said")" "$(hook createRuntime "echo 2 >>$PWD/said")" \
        "$(hook createRuntime "echo 3 >>$PWD/said")"
    oci create box </dev/null
    [ "$(tr -d '\n' <said)" = 123 ]
}

@test "config.md#hooks: the state is on the standard input, with the right status" {
    edit '.annotations = {"k": "v"}' "$(hook createRuntime "cat >$PWD/state.1")" \
        "$(hook createContainer "cat >$PWD/state.2")" "$(hook startContainer 'cat >/tmp/state.3')" \
        "$(hook poststart "cat >$PWD/state.4")" "$(hook poststop "cat >$PWD/state.5")"
    oci create box </dev/null
    pid=$(oci state box | jq .pid)
    oci start box
    oci delete --force box
    for i in 1:creating 2:creating 4:running; do
        jq -e --arg s "${i#*:}" --argjson p "$pid" --arg b "$PWD" \
            '.id == "box" and .status == $s and .pid == $p and .bundle == $b and .annotations.k == "v"' \
            "state.${i%:*}"
    done
    jq -e --argjson p "$pid" '.status == "created" and .pid == $p' rootfs/tmp/state.3
    jq -e '.status == "stopped" and .id == "box"' state.5
}

@test "config.md#prestart and createRuntime: in the runtime's namespaces, the container's exist" {
    ns='readlink /proc/self/ns/mnt /proc/self/ns/net /proc/self/ns/uts'
    edit "$(hook prestart "$ns >$PWD/ns.1")" "$(hook createRuntime "$ns >$PWD/ns.2; readlink /proc/\$(jq .pid)/ns/net >$PWD/ns.3")"
    oci create box </dev/null
    sh -c "$ns" >ns.0
    cmp ns.0 ns.1
    cmp ns.0 ns.2
    fails grep -qxF "$(cat ns.3)" ns.0
}

@test "config.md#createContainer: in the container's namespaces, path of the runtime's" {
    edit "$(hook createContainer "readlink /proc/self/ns/net /proc/self/ns/uts >$PWD/ns; test -x /usr/bin/jq")"
    oci create box </dev/null
    pid=$(oci state box | jq .pid)
    [ "$(cat ns)" = "$(readlink "/proc/$pid/ns/net" "/proc/$pid/ns/uts")" ]
}

@test "config.md#startContainer: in the container, path of the container's" {
    edit '.hooks.startContainer = [{"path": "/bin/busybox", "args": ["sh", "-c", "hostname >/tmp/name; test ! -e /usr/bin/jq"]}]' \
        '.hostname = "within"'
    oci create box </dev/null
    oci start box
    [ "$(cat rootfs/tmp/name)" = within ]
}

@test "config.md#hooks: env is exactly what is written" {
    edit '.hooks.createRuntime = [{"path": "/bin/sh", "args": ["sh", "-c", "env >said"], "env": ["ONE=1"]}]'
    sed -i "s|env >said|/usr/bin/env >$PWD/said|" config.json
    oci create box </dev/null
    grep -qx ONE=1 said
    fails grep -q '^HOME=' said
}

@test "config.md#hooks: a path that is not absolute and a timeout of 0 are errors" {
    edit '.hooks.poststop = [{"path": "sh"}]'
    refused 'not absolute' oci create box </dev/null
    edit '.hooks.poststop = [{"path": "/bin/sh", "timeout": 0}]'
    refused 'timeout' oci create box </dev/null
}

@test "config.md#hooks: a hook that takes longer than its timeout has failed" {
    edit '.hooks.createRuntime = [{"path": "/bin/sh", "args": ["sh", "-c", "kill -STOP $$"], "timeout": 1}]'
    refused 'within 1 seconds' oci create box </dev/null
    nothing_left
}

@test "config.md#hooks: a hook need not read the state" {
    edit '.hooks.createRuntime = [{"path": "/bin/true"}]' \
        '.annotations = {"big": ([range(40000)] | map("xxxxx") | join(""))}'
    oci create box </dev/null
}

@test "runtime.md#lifecycle: a failing hook of create destroys the container, and poststop runs" {
    for kind in prestart createRuntime createContainer; do
        rm -f said
        edit "$(hook $kind 'echo because >&2; exit 9')" "$(hook poststop "echo poststop >>$PWD/said")"
        refused 'because' oci create box </dev/null
        [ "$(cat said)" = poststop ]
        nothing_left
    done
}

@test "runtime.md#lifecycle: a failing startContainer hook stops the container before its program" {
    edit '.hooks.startContainer = [{"path": "/bin/false"}]' "$(sh_args 'echo >/tmp/ran')" \
        "$(hook poststop "echo poststop >>$PWD/said")"
    oci create box </dev/null
    refused 'startContainer' oci start box
    [ ! -e rootfs/tmp/ran ]
    [ "$(cat said)" = poststop ]
    nothing_left
}

@test "runtime.md#lifecycle: a failing poststart hook stops the container (1.3)" {
    edit "$(hook poststart 'exit 1')" "$(hook poststop "echo poststop >>$PWD/said")"
    oci create box </dev/null
    refused 'poststart' oci start box
    [ "$(cat said)" = poststop ]
    nothing_left
}

@test "runtime.md#lifecycle: a failing poststop hook is a warning, and the others run" {
    edit "$(hook poststop 'exit 1')" "$(hook poststop "echo second >>$PWD/said")"
    oci create box </dev/null
    oci delete box 2>warning
    grep -q 'poststop' warning
    [ "$(cat said)" = second ]
    nothing_left
}

@test "config.md#prestart, create-runtime, create-container: before the root is changed" {
    root="awk '\$5 == \"/\" { print \$3, \$4 }'"
    for kind in prestart createRuntime createContainer; do
        rm -f root.*
        edit "$(hook "$kind" "$root /proc/\$(jq .pid)/mountinfo >$PWD/root.then")"
        oci create box </dev/null
        awk '$5 == "/" { print $3, $4 }' "/proc/$(oci state box | jq .pid)/mountinfo" >root.now
        awk '$5 == "/" { print $3, $4 }' /proc/self/mountinfo >root.own
        cmp root.then root.own
        fails cmp -s root.now root.own
        oci delete box
    done
}

@test "config.md#poststart, poststop: in the runtime's namespaces, path of the runtime's" {
    ns='readlink /proc/self/ns/mnt /proc/self/ns/net /proc/self/ns/pid'
    edit "$(hook poststart "$ns >$PWD/ns.1; test -x /usr/bin/jq")" "$(hook poststop "$ns >$PWD/ns.2; test -x /usr/bin/jq")"
    oci create box </dev/null
    oci start box
    sh -c "$ns" >ns.0
    cmp ns.0 ns.1 # it has run when start returns
    oci delete --force box 2>warning
    cmp ns.0 ns.2
    [ ! -s warning ]
}

@test "config.md#poststart: the program is executed by then" {
    edit "$(hook poststart "readlink /proc/\$(jq .pid)/exe >$PWD/exe")"
    oci create box </dev/null
    oci start box
    [ "$(cat exe)" = /bin/busybox ]
}

@test "config.md#poststop: when it runs, what create made is gone" {
    edit "$(hook poststop "find /sys/fs/cgroup -path '*$(cgroup_name)' >$PWD/left")"
    oci create box </dev/null
    oci delete box
    [ -e left ] && [ ! -s left ]
}

@test "config.md#hooks: one that cannot be waited for is ended" {
    edit "$(hook poststop 'sleep 1000')"
    oci create box </dev/null
    timeout -k 1 60 strace -qq -o /dev/null -e trace=poll -e inject=poll:error=ENOMEM \
        "$OCI" --root "$CARTE_TEST/oci" delete box 2>warning
    grep 'wait for' warning
    nothing_left
}

@test "config.md#hooks: each kind takes path, args, env and timeout, and refuses what is wrong with them" {
    for kind in prestart createRuntime createContainer startContainer poststart poststop; do
        for wrong in '{"args": ["x"]}' '{"path": ""}' '{"path": "bin/sh"}' '{"path": "/bin/sh", "timeout": -1}' \
            '{"path": "/bin/sh", "timeout": 0}' '{"path": "/bin/sh", "args": "x"}' '{"path": "/bin/sh", "env": [1]}'; do
            edit ".hooks.$kind = [$wrong]"
            refused "hooks.$kind" oci create box </dev/null
        done
    done
    nothing_left
}
