# The same config.json by runc, crun and carte-oci: what a program sees and what a caller hears must
# be the same. Each difference that is left has its reason beside it.

load lib_bundle

setup_file() {
    command -v runc >/dev/null || command -v crun >/dev/null || skip 'needs runc or crun'
    remember_inventory
    make_bundle "$CARTE_TEST/bundle"
}

# crun refuses version 2 beside version 1, and takes no newer ociVersion.
run_peer() { # NAME
    unshare -m bash -c '
        [ "$1" != crun ] || ! umount /sys/fs/cgroup/unified 2>/dev/null || mount -t tmpfs tmpfs /sys/fs/cgroup/unified
        exec "$1" --root "$2/oci-$1" run "$3"' run "$1" "$CARTE_TEST" "box-$(cgroup_name)" </dev/null
}

# common FILE PEER: without the lines that differ on purpose. What crun makes read-only or hides below
# /proc loses the restrictions of /proc itself, and its /dev has a link to a file that is hidden.
common() {
    case $2 in
    crun) grep -vE '^/proc/|/proc/kcore$' "$1" || true ;;
    *) cat "$1" ;;
    esac
}

# both SCRIPT [EXPRESSION...]: run it by each peer and by carte-oci, and compare outputs and exit
# statuses.
both() {
    local script=$1 runtime
    shift
    edit "$(sh_args "$script")" '.ociVersion = "1.0.2"' "$@" || return 1
    for runtime in carte-oci runc crun; do
        command -v "$runtime" >/dev/null || continue
        run_peer "$runtime" >"out.$runtime" 2>"err.$runtime" || echo "status $?" >>"out.$runtime"
        echo "$runtime"
        diff <(common "out.$runtime" "$runtime") <(common out.carte-oci "$runtime") || { cat "err.$runtime"; return 1; }
    done
}

@test "the same rights" {
    both 'grep -E "^(Uid|Gid|Groups|Cap...|NoNewPrivs|Seccomp|Umask|SigBlk):" /proc/self/status'
    both 'grep -E "^(Uid|Gid|Groups|Cap...|NoNewPrivs|Seccomp|Umask):" /proc/self/status' \
        '.process.user = {uid: 1000, gid: 1000, additionalGids: [10, 11]}'
    both 'grep -E "^Cap...:" /proc/self/status' '.process.capabilities = {bounding: ["CAP_CHOWN", "CAP_KILL"],
        permitted: ["CAP_CHOWN"], effective: ["CAP_CHOWN"], inheritable: ["CAP_CHOWN"], ambient: ["CAP_CHOWN"]}' \
        '.process.user = {uid: 1000, gid: 1000}'
}

@test "the same limits, environment, working folder, names" {
    both 'cat /proc/self/limits; env | sort; pwd; hostname; umask; cat /proc/self/oom_score_adj' \
        '.process.cwd = "/tmp" | .process.env += ["A=b"] | .process.oomScoreAdj = 100' \
        '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 100, hard: 200}]'
}

# Masked folders are one shared file system here, and a tmpfs each there: only the fact is compared.
# The folders of cgroups are those of the hierarchies that we use.
@test "the same mounts with the same options" {
    both 'cut -d" " -f 5,6 /proc/self/mountinfo | grep -v -e " */sys/fs/cgroup" -e /proc/acpi -e /sys/firmware -e powercap | sort'
    both 'grep -E " /tmp/[a-z] " /proc/self/mountinfo | cut -d" " -f 5,6,9- | sort' '.mounts += [
        {destination: "/tmp/a", type: "tmpfs", source: "tmpfs", options: ["ro", "nosuid", "size=4k"]},
        {destination: "/tmp/b", type: "bind", source: "/tmp", options: ["bind", "ro"]},
        {destination: "/tmp/c", type: "tmpfs", source: "x", options: ["noexec", "mode=700", "noatime"]}]'
}

@test "the same devices" {
    both 'ls -l /dev | awk "{ print \$1, \$3, \$4, \$5, \$6, \$NF }" | grep -v "^total" | sed "s/ [A-Z][a-z][a-z] / /"'
}

@test "the same exit statuses" {
    both 'exit 42'
    both 'sh -c "kill -15 \$\$"; echo $?'
    both 'echo out; echo err >&2; exit 1'
    grep -qx err err.carte-oci && grep -qx err err.runc
}

@test "the same filter of system calls" {
    both 'mkdir /tmp/d 2>&1; echo $?; chmod 700 /tmp 2>&1; echo $?; kill -0 $$; echo $?' '.linux.seccomp = {
        defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"], syscalls: [
        {names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 28},
        {names: ["chmod", "fchmodat"], action: "SCMP_ACT_ERRNO", args: [{index: 1, value: 448, op: "SCMP_CMP_EQ"}]},
        {names: ["fchmodat"], action: "SCMP_ACT_ERRNO", args: [{index: 2, value: 448, op: "SCMP_CMP_EQ"}]}]}'
}
