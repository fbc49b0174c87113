# Builds: what they read again, make again and make at the same time, and that the same input
# gives the same bytes.

load lib

setup() {
    cd "$(mktemp -d "$CARTE_TEST/cache.XXXX")" || return 1
}

# write_base FOLDER: a context whose Cartefile has a stage with a shell.
write_base() {
    mkdir -p "$1"
    cp /bin/busybox "$1"
    printf '%s\n' 'FROM scratch AS base' 'COPY busybox /bin/busybox' \
        'RUN --network=none ["/bin/busybox", "--install", "-s", "/bin"]' >"$1/Cartefile"
}

@test "the same input gives the same bytes, whatever umask, order, times, owners, cores and folder" {
    write_base one
    cat >>one/Cartefile <<'CARTEFILE'
WORKDIR /srv
COPY . /srv/files/
RUN --network=none mkdir made && echo made >made/file && touch made && ln made/file made/link
ENTRYPOINT ["/bin/sh"]
CARTEFILE
    head -c 3000000 /dev/zero | tr '\0' 'x' >one/large
    mkdir one/folder
    for i in 1 2 3 4 5 6 7 8 9; do echo "file $i" >"one/folder/$i"; done
    ln -s folder/1 one/link
    chmod -R go-w one
    mkdir two
    # Made in another order, with other inodes, times and owners.
    for name in link folder/9 folder/3 large Cartefile busybox folder/1; do
        (cd one && cp -a --parents "$name" ../two)
    done
    cp -an one/. two
    find two -exec touch -h -d 2001-02-03 {} + -exec chown -h 1234:4321 {} +
    CARTE_ROOT=$PWD/root1 carte build -t same one
    (umask 077 && CARTE_ROOT=$PWD/root2 taskset -c 0 carte build -t same two)
    ls root1/images/blobs/sha256 >blobs1
    ls root2/images/blobs/sha256 >blobs2
    [ "$(wc -l <blobs1)" -ge 5 ]
    diff blobs1 blobs2
    # Unpacked, too.
    (cd root1/images/layers && find . -printf '%P %y %m %U %G %s %T@ %l\n' | grep /tree/ | sort | grep -v ' d ') >tree1
    (cd root2/images/layers && find . -printf '%P %y %m %U %G %s %T@ %l\n' | grep /tree/ | sort | grep -v ' d ') >tree2
    diff tree1 tree2
}

@test "SOURCE_DATE_EPOCH is the time of the image, its history and its files" {
    write_base one
    for i in 1 2; do
        CARTE_ROOT=$PWD/root$i SOURCE_DATE_EPOCH=1000000000 carte build -t dated one
        ls "root$i/images/blobs/sha256" >"blobs$i"
    done
    diff blobs1 blobs2
    CARTE_ROOT=$PWD/root1 carte inspect dated >record
    [ "$(jq -r '.[0].Id' record)" != "$(carte build -q -t undated one)" ]
    for blob in root1/images/blobs/sha256/*; do
        jq -r '.created? // empty, (.history // [])[].created // empty' "$blob" 2>/dev/null || true
    done | sort -u >times
    [ "$(cat times)" = 2001-09-09T01:46:40Z ]
    [ "$(find root1/images/layers -path '*/tree/*' -type f -printf '%T@\n' | sort -u)" = 1000000000.0000000000 ]
}

# Reading sets the time of access on this file system, always.
mount_strict() {
    mkdir -p strict
    mount -t tmpfs -o strictatime tmpfs strict
}
@test "an unchanged file is not read again, and a changed one is" {
    mount_strict
    for i in 1 2 3 4 5; do echo "content $i" >strict/file$i; done
    printf 'FROM scratch\nCOPY file* /\n' >strict/Cartefile
    carte build -q -t unread strict >first
    # What was changed in the last two seconds is read again, so this takes a while.
    read_nothing() {
        find strict -name 'file*' -printf '%A@ %p\n' | sort >before
        carte build -q -t unread strict >again
        find strict -name 'file*' -printf '%A@ %p\n' | sort >after
        diff before after
    }
    eventually 20 read_nothing
    diff first again
    # The same size and the same time of change: the content counts.
    touch -r strict/file3 stamp
    echo "CONTENT 3" >strict/file3
    touch -r stamp strict/file3
    carte build -q -t unread strict >changed
    run ! diff first changed
    echo "content 3" >strict/file3
    carte build -q -t unread strict >back
    diff first back
    umount strict
}

@test "S11 a damaged record of what was read is not believed" {
    write_base one
    touch -d '1 hour ago' one/busybox
    carte build -q -t one one >first
    for file in "$CARTE_ROOT"/images/contexts/*; do
        head -c 100000 /dev/urandom >"$file"
    done
    carte build -q -t one one >second
    diff first second
    carte build -t one one 2>&1 | grep -q 'CACHED.*COPY'
}

@test "of builds at the same time one makes a step, and the others take it" {
    write_base one
    echo 'RUN --network=none head -c 16 /dev/urandom >/random' >>one/Cartefile
    for i in 1 2 3 4 5 6 7 8; do
        carte build -q -t "racer$i" one >"id$i" 2>"err$i" 3>&- &
    done
    wait
    sort -u id? >ids
    cat err? ids
    [ "$(wc -l <ids)" -eq 1 ]
    [ "$(carte images | grep -c racer)" -eq 8 ]
    [ -z "$(ls "$CARTE_ROOT/images/tmp" "$CARTE_ROOT/images/locks" | grep -v :)" ]
}

# Two stages that can only end when both run: the two ends of a fifo wait for each other.
write_meeting() { # FOLDER
    write_base "$1"
    cat >>"$1/Cartefile" <<'CARTEFILE'
FROM base AS left
RUN --network=none --mount=type=cache,id=meeting,target=/meet \
    { mkfifo /meet/here || test -p /meet/here; } && timeout 30 sh -c 'echo >/meet/here' && echo left met >/left && cat /left
FROM scratch AS right
COPY busybox /bin/busybox
RUN --network=none --mount=type=cache,id=meeting,target=/meet ["/bin/busybox", "sh", "-c", \
    "b=/bin/busybox; { $b mkfifo /meet/here || $b test -p /meet/here; } && $b timeout 30 $b head -n 1 /meet/here && echo right met >/right && $b cat /right"]
FROM base
COPY --from=left /left /
COPY --from=right /right /
CARTEFILE
}

@test "stages that do not need each other are built at the same time, with their names at their lines" {
    write_meeting one
    # One of them stands on a stage that is there already, the other on nothing.
    carte build -q -t base --target base one
    carte build -t met one 2>log
    cat log
    grep -qx 'left | left met' log
    grep -qx 'right | right met' log
    carte build -t met one 2>again
    [ "$(grep -c CACHED again)" -eq "$(grep -c '\[.*/' again)" ]
}

nothing_runs() {
    [ -z "$(find /sys/fs/cgroup -type d -path '*carte*/build-*' -exec cat {}/cgroup.procs \; 2>/dev/null)" ] &&
        ! pgrep -f "carte build.*$PWD" >/dev/null
}

@test "a stage that fails stops the others, and its lines are named" {
    write_base one
    cat >>one/Cartefile <<'CARTEFILE'
FROM base AS endless
RUN --network=none --mount=type=cache,id=failing,target=/meet mkfifo /meet/here /never; echo >/meet/here; read line </never
FROM base AS failing
RUN --network=none --mount=type=cache,id=failing,target=/meet \
    mkfifo /meet/here; read line </meet/here; echo on purpose; exit 9
FROM base
COPY --from=endless /bin/sh /one
COPY --from=failing /bin/sh /two
CARTEFILE
    run timeout 60 carte build -t failed "$PWD/one"
    echo "$output"
    [ "$status" -ne 0 ] && [ "$status" -ne 124 ]
    [[ "$output" == *"Cartefile:7"*"status 9"* ]]
    [[ "$output" == *"failing | on purpose"* ]]
    eventually 10 nothing_runs
    [ -z "$(ls "$CARTE_ROOT/images/tmp")" ]
}

@test "a build with workers ends at once when it is told to, or is killed, and leaves nothing" {
    write_base one
    for stage in first second; do
        printf '%s\n' "FROM base AS $stage" \
            "RUN --network=none mkfifo /never && echo $stage-runs && read line </never" >>one/Cartefile
    done
    printf '%s\n' 'FROM base' 'COPY --from=first /a /' 'COPY --from=second /a /' >>one/Cartefile
    for signal in TERM KILL; do
        carte build -t endless "$PWD/one" >log 2>&1 3>&- &
        building=$!
        eventually 20 grep -q first-runs log
        eventually 20 grep -q second-runs log
        kill "-$signal" "$building"
        wait "$building" && return 1
        # The next build ends the containers of a killed one, and removes what is nobody's any more.
        carte build -q -t base --target base one
        eventually 20 nothing_runs || { pgrep -af 'carte build'; return 1; }
        carte build -q -t base --target base one
        [ -z "$(ls "$CARTE_ROOT/images/tmp")" ]
    done
}

# A stage whose result is another each time it is made.
write_random() { # FOLDER
    write_base "$1"
    cat >>"$1/Cartefile" <<'CARTEFILE'
FROM base AS left
RUN --network=none head -c 16 /dev/urandom >/left
FROM base AS right
RUN --network=none head -c 16 /dev/urandom >/right
FROM base
COPY --from=left /left /
COPY --from=right /right /
CARTEFILE
}

@test "a stage that is left alone behind workers can be ended, too" {
    write_random one
    echo "ADD --checksum=sha256:$(printf '0%.0s' {1..64}) http://127.0.0.1:8000/never /" >>one/Cartefile
    mkfifo silence
    busybox nc -l -p 8000 <>silence >asked 3>&- &
    server=$!
    carte build -t endless "$PWD/one" >log 2>&1 3>&- &
    building=$!
    eventually 20 grep -q GET asked || { cat log; return 1; }
    kill "$building"
    eventually 20 nothing_runs || { kill -9 "$building"; return 1; }
    wait "$building" && return 1
    kill "$server" 2>/dev/null || true
    carte build -q -t base --target base one
    [ -z "$(ls "$CARTE_ROOT/images/tmp")" ]
}

@test "--no-cache-filter makes one stage again, --no-cache all" {
    write_random one
    carte build -q -t one one >first
    carte build -q -t one one >second
    diff first second
    carte build -t one --no-cache-filter left one 2>log
    grep -q 'CACHED.*RUN.*/right' log
    run ! grep 'CACHED.*RUN.*/left' log
    carte build -t one --no-cache one 2>log
    run ! grep 'CACHED.*RUN' log
    run ! carte build -t one --no-cache-filter lefft one
    [[ "$output" == *"did you mean 'left'"* ]]
}

@test "steps go to another store by --cache-to and --cache-from" {
    write_random one
    carte build -q -t one --cache-to type=local,dest=layout one >first
    jq -e '.manifests | length == 1' layout/index.json
    CARTE_ROOT=$PWD/other carte build -t one --cache-from type=local,src=layout one >second 2>log
    diff first second
    [ "$(grep -c CACHED log)" -eq "$(grep -c '\[.*/' log)" ]
    # A folder that is not there yet is an empty cache, as in the first run of a pipeline.
    CARTE_ROOT=$PWD/third carte build -q -t one --cache-from type=local,src=none \
        --cache-to type=local,dest=layout one >third.id
    run ! diff first third.id
    # What the new index does not lead to is gone, and what is there is what it leads to.
    jq -r '.layers[].digest, .config.digest' \
        "layout/blobs/sha256/$(jq -r '.manifests[0].digest' layout/index.json | cut -d: -f2)" |
        cut -d: -f2 | sort -u >wanted
    jq -r '.manifests[0].digest' layout/index.json | cut -d: -f2 >>wanted
    sort -u wanted >wanted.sorted
    ls layout/blobs/sha256 | sort | diff - wanted.sorted
}

@test "S11 a cache from elsewhere that is not what it says is refused" {
    write_random one
    carte build -q -t one --cache-to type=local,dest=layout one
    try() { # WHAT THE ERROR SAYS
        run ! env CARTE_ROOT="$PWD/try" carte build -t one --cache-from type=local,src=bad one
        echo "$output"
        [[ "$output" == *"$1"* ]]
        rm -rf try bad
    }
    manifest=$(jq -r '.manifests[0].digest' layout/index.json | cut -d: -f2)
    layer=$(jq -r '.layers[0].digest' "layout/blobs/sha256/$manifest" | cut -d: -f2)
    cp -r layout bad
    printf x | dd of="bad/blobs/sha256/$layer" bs=1 seek=100 conv=notrunc status=none
    try "is damaged"
    cp -r layout bad
    echo >>"bad/blobs/sha256/$layer"
    try "is damaged"
    cp -r layout bad
    echo >>"bad/blobs/sha256/$manifest"
    try "is damaged"
    cp -r layout bad
    rm "bad/blobs/sha256/$layer"
    mkfifo "bad/blobs/sha256/$layer"
    try "is no file"
    cp -r layout bad
    ln -sf /etc/passwd bad/index.json
    try "index.json"
    # Steps that lie about their content: the digest of the tar stream is another one's.
    cp -r layout bad
    jq -c '.layers[0].annotations["carte.step.diff-id"] = .layers[1].annotations["carte.step.diff-id"]' \
        "layout/blobs/sha256/$manifest" | tr -d '\n' >lie
    lie=$(sha256sum lie | cut -d' ' -f1)
    cp lie "bad/blobs/sha256/$lie"
    jq ".manifests[0].digest = \"sha256:$lie\"" layout/index.json >bad/index.json
    run ! env CARTE_ROOT="$PWD/try" carte build -t one --cache-from type=local,src=bad one
    [[ "$output" == *"digest"* ]]
    # Nor does the store believe it from then on.
    CARTE_ROOT=$PWD/try carte build -q -t one one
    run ! carte build -t one --cache-from type=registry,ref=x one
    [[ "$output" == *"type=local,src=FOLDER"* ]]
    # Another image layout is not written over.
    mkdir image
    echo '{"schemaVersion":2,"manifests":[]}' >image/index.json
    run ! carte build -t one --cache-to type=local,dest=image one
    [[ "$output" == *"nothing was written"* ]]
    [ "$(ls image)" = index.json ]
}

@test "a build that is killed at any moment leaves a store that goes on" {
    write_random one
    for i in $(seq 200); do echo "$i" >"one/file$i"; done
    echo 'COPY . /files/' >>one/Cartefile
    for n in 01 02 03 04 05 06 08 10 12 15 18 21 25 30 35 40 50 60 80; do
        timeout -s KILL "0.$n" carte build -q -t killed "$PWD/one" 2>/dev/null || true
        rm -f "$CARTE_ROOT"/images/cache/*"${n:1}" # so that there is always something to do
    done
    carte build -q -t killed one >first
    carte build -q -t killed one >second
    diff first second
    eventually 20 nothing_runs
    [ -z "$(ls "$CARTE_ROOT/images/tmp")" ]
    # Whatever has a name is what its name says.
    for blob in "$CARTE_ROOT"/images/blobs/sha256/*; do
        [ "$(sha256sum <"$blob" | cut -d' ' -f1)" = "${blob##*/}" ]
    done
    for digest in $(jq -r '.manifests[].digest' "$CARTE_ROOT/images/index.json"); do
        [ -e "$CARTE_ROOT/images/blobs/sha256/${digest#sha256:}" ]
    done
}
