# What the tests of registries load besides lib.bash.

# The first lines of setup_file: a home and a file of logins of the test's own, and the servers that
# tests/registry has.
begin_registries() {
    export HOME=$CARTE_TEST/home DOCKER_CONFIG=$CARTE_TEST/docker
    mkdir -p "$HOME" "$DOCKER_CONFIG"
    remember_inventory
    flock "$TOP/build" make -s -C "$TOP" registry-servers >&2
    cd "$CARTE_TEST" || return 1
}

answers() { # URL
    curl -sk -o /dev/null "$1/v2/"
}

# store_is_whole FOLDER: nothing is wrong, and nothing unfinished is left.
store_is_whole() {
    CARTE_ROOT=$1 carte fsck --deep
    [ -z "$(ls -A "$1/images/tmp" 2>/dev/null)" ]
}
