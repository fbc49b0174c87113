# How a file of tests of one bundle begins and ends; a test file may write over any of these.

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
    rm -rf rootfs/tmp/* source said seen ready pid ./*.sock
}

teardown() {
    remove_containers
    nothing_left
}
