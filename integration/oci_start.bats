# What a start by carte-oci takes: memory, and the compiling of an engine's filter.

load lib_bundle

# engine_filter ARCHITECTURE...: the jq expression of the filter that podman gives by default.
engine_filter() {
    jq '{defaultAction, defaultErrnoRet, architectures: $ARGS.positional, syscalls: [.syscalls[] |
        select((.includes.arches // ["amd64"] | index("amd64")) and
            (.includes.caps // [] | length == 0) and
            (.excludes.arches // [] | index("amd64") | not)) |
        {names, action, errnoRet, args} | with_entries(select(.value))]}' \
        --args "$@" </usr/share/containers/seccomp.json | sed '1s/^/.linux.seccomp = /'
}
peak_kib() {
    awk '/^VmHWM:/ { print $2 }' "/proc/$1/status"
}

@test "carte-oci takes less than 2 MiB at its peak, also when it compiles an engine's filter" {
    [ "${VARIANT:-release}" = release ] || skip 'sanitizers take more'
    rm -rf "$CARTE_RUN/filters"
    edit "$(engine_filter SCMP_ARCH_X86_64 SCMP_ARCH_X86 SCMP_ARCH_X32)" \
        '.process.args = ["sleep", "1000"]'
    oci create waiting </dev/null
    [ "$(peak_kib "$(oci state waiting | jq .pid)")" -lt 2048 ]
    oci delete --force waiting
    rm -rf "$CARTE_RUN/filters"
    "$OCI" --root "$CARTE_TEST/oci" run box </dev/null >seen 2>&1 3>&- &
    runner=$!
    eventually 10 has_status box running
    grep -qx carte-oci "/proc/$runner/comm"
    [ "$(peak_kib $runner)" -lt 2048 ]
    oci kill box KILL
    wait
}

@test "an engine's filter is compiled once, and loaded from then on" {
    rm -rf "$CARTE_RUN/filters"
    inside 'mkdir /tmp/d 2>&1' "$(engine_filter SCMP_ARCH_X86_64 SCMP_ARCH_X86)"
    ls -i "$CARTE_RUN/filters" >first
    [ "$(wc -l <first)" = 1 ]
    inside 'grep Seccomp: /proc/self/status; rmdir /tmp/d' \
        "$(engine_filter SCMP_ARCH_X86_64 SCMP_ARCH_X86)" | grep -q '2$'
    ls -i "$CARTE_RUN/filters" | diff - first
    [ "$(stat -c %a "$CARTE_RUN/filters")" = 700 ]
}
