# The image store proves that it is whole, or says what is wrong with it.

load lib

setup_file() {
    remember_inventory
    cd "$CARTE_TEST" || return 1
    carte bootstrap -q busybox
    mkdir app
    echo content >app/file
    printf 'FROM busybox\nCOPY file /app/\nRUN echo more >/app/more\n' >app/Cartefile
    carte build -q -t app app
    cp -a "$CARTE_ROOT/images" whole
}

# Each test begins with the store as it was built, and leaves it to nobody.
setup() {
    cd "$CARTE_TEST" || return 1
    IMAGES=$CARTE_ROOT/images
    rm -rf "$IMAGES"
    cp -a whole "$IMAGES"
}

# The blob of layer N (from 0) of an image, and the folder of the topmost unpacked layer.
layer_blob() {
    local manifest
    manifest=$(jq -r --arg n "$1" '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $n) | .digest' "$IMAGES/index.json")
    echo "$IMAGES/blobs/sha256/$(jq -r --argjson i "$2" '.layers[$i].digest' "$IMAGES/blobs/sha256/${manifest#sha256:}" | cut -d : -f 2)"
}
manifest_blob() {
    echo "$IMAGES/blobs/sha256/$(jq -r --arg n "$1" '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $n) | .digest' "$IMAGES/index.json" | cut -d : -f 2)"
}
is_whole() {
    run --separate-stderr carte fsck "$@"
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "$output" == *"the store is whole"* ]]
}
is_damaged() {
    run --separate-stderr carte fsck "${@:2}"
    echo "$output"
    [ "$status" -eq 1 ]
    [[ "$output" == *$1* ]]
}

@test "a store that was built is whole, also when each layer is unpacked again" {
    is_whole
    is_whole --deep
    [[ "$output" == *"2 images"* ]]
}

@test "a damaged blob is found, removed by --repair, and made again by a build" {
    blob=$(layer_blob app:latest 1)
    printf X | dd of="$blob" bs=1 seek=20 conv=notrunc status=none
    is_damaged "blob sha256:$(basename "$blob"): its content has another digest"
    carte fsck --repair || true
    [ ! -e "$blob" ]
    is_damaged 'its blob is missing, but it is unpacked and runs'
    carte build -q -t app app
    [ -e "$blob" ]
    is_whole --deep
}

@test "a cut blob and one that is missing are found" {
    truncate -s -1 "$(layer_blob app:latest 2)"
    is_damaged 'its content has another digest'
    rm "$(layer_blob app:latest 1)"
    is_damaged 'its blob is missing'
}

@test "an image without its manifest is forgotten by --repair, and no other" {
    rm "$(manifest_blob app:latest)"
    is_damaged 'image app:latest'
    carte fsck --repair
    run ! carte inspect app
    carte inspect busybox
    is_whole
    carte build -q -t app app
    is_whole --deep
}

@test "an index that cannot be read is said, and not thrown away" {
    echo '{' >"$IMAGES/index.json"
    is_damaged 'index.json'
    run carte fsck --repair
    [ "$status" -eq 1 ]
    [ "$(cat "$IMAGES/index.json")" = '{' ]
}

@test "what was changed in an unpacked layer is found by --deep and made again" {
    top=$(find "$IMAGES/layers" -path '*/app/more')
    echo other >"$top"
    is_whole
    is_damaged 'app/more: another size' --deep
    carte fsck --deep --repair
    [ "$(cat "$top")" = more ]
    is_whole --deep
    chmod 600 "$top"
    is_damaged 'app/more: another kind or mode' --deep
    rm "$top"
    is_damaged 'app: other names' --deep
    carte fsck --deep --repair
    is_whole --deep
}

@test "a layer that a container runs from is not replaced" {
    cat >carte.yaml <<'YAML'
name: user
services: {app: {image: app, command: [sleep, "1000"], stop_signal: SIGKILL}}
YAML
    carte-stack up -d --wait
    top=$(find "$IMAGES/layers" -path '*/app/more')
    echo other >"$top"
    run carte fsck --deep --repair
    [ "$status" -eq 1 ]
    [[ "$output" == *"take its containers down"* ]]
    [ "$(cat "$top")" = other ]
    carte-stack down -t 0
    carte fsck --deep --repair
    is_whole --deep
}

@test "leftovers are listed, harm nobody, and go with --repair" {
    echo half >"$IMAGES/index.json.1.tmp"
    echo half >"$IMAGES/blobs/sha256/$(printf %064d 0).1.tmp"
    mkdir -p "$IMAGES/layers/$(printf %064d 1)"
    echo broken >"$IMAGES/records/$(printf %064d 2).json"
    echo '{"digest":"sha256:'"$(printf %064d 3)"'"}' >"$IMAGES/cache/$(printf %064d 3)"
    touch "$IMAGES/foreign"
    is_whole
    [[ "$output" == *"index.json.1.tmp: half-written by a killed process"* ]]
    [[ "$output" == *"without its tree"* ]]
    [[ "$output" == *"a step whose layer is gone"* ]]
    [[ "$output" == *"foreign: no file of the store"* ]]
    [[ "$output" == *"6 left over"* ]]
    carte fsck --repair
    is_whole
    [[ "$output" == *"1 left over"* ]]
    [ -e "$IMAGES/foreign" ]
}

@test "S16 nobody but root can look into the store" {
    [ "$(stat -c %a "$IMAGES" "$IMAGES/layers" "$IMAGES/blobs" | sort -u)" = 700 ]
}

@test "several that need a layer at once wait for the one that unpacks it" {
    carte bootstrap -q busybox
    rm -r "$IMAGES"/layers/*
    mkdir -p "$IMAGES/layers/none/tree"
    for i in 1 2 3 4; do
        strace -f -qq -e trace=renameat,mkdirat -o "trace.$i" carte build -q -t "app$i" app &
    done
    wait
    is_whole --deep
    # Three layers were needed, and each was put in its place once.
    grep -hc 'renameat(.*"layer.*' trace.? | awk '{ n += $1 } END { exit n != 3 }'
}

@test "prune leaves a whole store, with all that has a name" {
    carte rmi app
    [ "$(find "$IMAGES/blobs" -type f | wc -l)" -gt 3 ]
    carte prune --force
    is_whole --deep
    [ "$(find "$IMAGES/blobs" -type f | wc -l)" -eq 3 ]
    carte inspect busybox
}

@test "S37 a full disk is a clear error, and the store stays whole" {
    mkdir small
    mount -t tmpfs -o size=3m tmpfs small
    head -c 4M /dev/urandom >app/big
    CARTE_ROOT=$PWD/small carte bootstrap -q busybox
    printf 'FROM busybox\nCOPY big /\n' >app/Big
    run -1 env CARTE_ROOT="$PWD/small" carte build -q -t big -f app/Big app
    [[ "$output" == *"No space left on device"* ]]
    CARTE_ROOT=$PWD/small carte fsck
    [ -z "$(ls -A small/images/tmp)" ]
    CARTE_ROOT=$PWD/small carte inspect busybox
    umount small
    rm app/big
}

@test "files that cannot be read are damage of the store, not the end of the check" {
    rm "$(layer_blob app:latest 1)"
    mkdir "$(layer_blob app:latest 1)"
    is_damaged 'it is no file that can be read'
    carte fsck --repair || true
    carte build -q -t app app
    is_whole
    no_leaks
}
