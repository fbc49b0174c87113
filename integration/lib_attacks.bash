# What the tests of attacks on carte-oci load besides lib.bash and lib_oci.bash.

# How many containers or processes are started while each race goes on; `make torture` asks for more.
: "${ATTACK_STARTS:=40}"

setup_file() {
    remember_inventory
    make -s -C "$TOP" attack-programs >&2
    make_bundle "$CARTE_TEST/bundle"
    cd "$CARTE_TEST/bundle" || return 1
    add_attacks rootfs
    # What an attack overwrites shall be a copy.
    mkdir -p "$CARTE_TEST/bin"
    cp "$TOP"/build/bin/* "$CARTE_TEST/bin"
    sha256sum "$CARTE_TEST"/bin/* >"$CARTE_TEST/digests"
}

teardown_file() {
    remove_containers
    no_leaks
}

setup() {
    cd "$CARTE_TEST/bundle" || return 1
    PATH=$CARTE_TEST/bin:$PATH
    cp plain.json config.json
}

teardown() {
    remove_containers
    nothing_left
}

add_attacks() { # ROOTFS
    mkdir -p "$1/attack"
    find "$TOP/build/release/integration/attacks" -type f -executable -exec cp -t "$1/attack" {} +
}

# attacker PROGRAM-AND-WORDS-AS-JSON EXPRESSION...: a container "box" that attacks; what it finds is in
# `seen` when stop_attacker returns.
attacker() {
    local program=$1
    shift
    edit ".process.args = $program" "$@"
    oci create box </dev/null >seen 2>&1
    oci start box
}
stop_attacker() {
    oci kill box TERM
    eventually 20 has_status box stopped
    cat seen
    oci delete box
}

all_capabilities() { # NAMES to leave out, as a regular expression
    carte-oci features | jq -c --arg x "$1" '[.linux.capabilities[] | select(test($x) | not)]'
}
