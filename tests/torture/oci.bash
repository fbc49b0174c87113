# What the tortures of carte-oci load: the words of the integration tests, a bundle in the current
# folder, and the search for what is left in namespaces that have nothing but the torture.

# The words of this file are for those that load it.
# shellcheck disable=SC2034

BATS_TEST_DIRNAME=$TOP/integration
PATH=$TOP/build/bin:$PATH
bats_require_minimum_version() { :; }
# shellcheck source=integration/lib.bash
. "$TOP/integration/lib.bash"
# shellcheck source=integration/lib_oci.bash
. "$TOP/integration/lib_oci.bash"
ip link set lo up
make_bundle "$CARTE_TEST/bundle"
cd "$CARTE_TEST/bundle" || exit 1

hook='{path: "/bin/true"}'
hooks=".hooks = {createRuntime: [$hook], createContainer: [$hook], startContainer: [$hook], poststart: [$hook], poststop: [$hook]}"
user='.linux.namespaces += [{type: "user"}] | .linux.gidMappings = [{containerID: 0, hostID: 100000, size: 65536}] |
    .linux.uidMappings = .linux.gidMappings'
limits='.linux.resources = {memory: {limit: 67108864}, pids: {limit: 50}}'

# Nothing in our namespace of processes but ourselves, and nothing that nothing_left() looks for.
all_gone() {
    nothing_left && [ -z "$(pgrep -x 'sleep|carte-oci')" ]
}

# From a trace: the most calls of each name by any one process; execve is where strace itself begins.
count_calls() {
    awk '$1 !~ /^[0-9]+$/ { $0 = "0 " $0 }
        $2 ~ /^[a-z0-9_]+\(/ { sub(/\(.*/, "", $2); if ($2 != "execve" && $2 != "exit_group") n[$2 " " $1]++ }
        END { for (k in n) { split(k, a, " "); if (n[k] > most[a[1]]) most[a[1]] = n[k] }
              for (name in most) print name, most[name] }' "$1" | sort
}

# How many calls of each name only load the program.
declare -A loading
read_loading() {
    local name most
    strace -q -o "$CARTE_TEST/loading" carte-oci --version >/dev/null
    while read -r name most; do loading[$name]=$most; done < <(count_calls "$CARTE_TEST/loading")
}
