# What the files about single containers share: an image to run, and that nothing is left.

setup_file() {
    remember_inventory
    cd "$CARTE_TEST" || return 1
    make_web_context "$CARTE_TEST/web"
    carte build -t tool web
}

# What supervises the containers ends some time after the last of them.
teardown_file() {
    cd "$CARTE_TEST" || return 1
    eventually 20 gone
    no_leaks
}

setup() {
    cd "$CARTE_TEST" || return 1
}

# A test leaves no container.
teardown() {
    remove_singles
}

remove_singles() {
    local left
    left=$(carte ps -a --format json | jq -r 'select(.Project == "carte") | .Name')
    [ -z "$left" ] || carte rm -f $left
}

gone() {
    [ ! -e "$CARTE_RUN/stacks/carte" ]
}

# Has the container written just this?
has_said() {
    [ "$(carte logs "$1")" = "$2" ]
}
