# What RUN, COPY and ADD do, row by row of the Dockerfile's reference, and what they refuse.

load lib

setup_file() {
    cd "$(mktemp -d "$CARTE_TEST/steps.XXXX")" || return 1
    cp /bin/busybox .
    cat >Cartefile <<'CARTEFILE'
FROM scratch
COPY busybox /bin/busybox
RUN --network=none ["/bin/busybox", "--install", "-s", "/bin"]
RUN --network=none mkdir -p /etc /tmp && \
    printf 'root:x:0:0::/root:/bin/sh\napp:x:1000:1001::/:/bin/sh\n' >/etc/passwd && \
    printf 'root:x:0:\nstaff:x:50:\n' >/etc/group
CARTEFILE
    carte build -q -t base .
    remember_inventory
}

setup() {
    cd "$(mktemp -d "$CARTE_TEST/steps.XXXX")" || return 1
    mkdir ctx
    server=
}

teardown() {
    [ -z "$server" ] || kill "$server" || true
    no_leaks
    [ -z "$(ls "$CARTE_ROOT/images/tmp")" ]
}

# cartefile LINE...: in ctx, on the base, without networks unless a line asks for one.
cartefile() {
    printf '%s\n' 'FROM base' "$@" >ctx/Cartefile
}
build() {
    carte --progress plain build --network none -t image "$@" ctx
}
# refused PATTERN [OPTION...]: the build fails, and says why.
refused() {
    local pattern=$1
    shift
    run build "$@"
    echo "$output"
    [ "$status" -ne 0 ]
    [[ "$output" == $pattern ]]
}
# holds COMMAND: it succeeds in the image.
holds() {
    mkdir -p none
    printf 'FROM image\nUSER root\nSHELL ["/bin/busybox", "sh", "-exc"]\nRUN --network=none <<"EOS"\n%s\nEOS\n' "$1" >holds.Cartefile
    carte --progress plain build --no-cache -t held -f holds.Cartefile none
}
# nowhere WORD: no layer of the store holds it, unpacked or as a blob.
nowhere() {
    run ! grep -rqs -- "$1" "$CARTE_ROOT/images/layers" "$CARTE_ROOT/images/cache"
    for blob in "$CARTE_ROOT"/images/blobs/sha256/*; do
        run ! grep -qs -- "$1" <(zstd -dcfq "$blob" 2>/dev/null || cat "$blob")
    done
}

# RUN

@test "RUN --mount=type=bind shows the context, read-only, and nothing of it stays" {
    echo content >ctx/file
    cartefile 'RUN --mount=type=bind,target=/mnt/ctx cat /mnt/ctx/file >/seen && ! touch /mnt/ctx/new' \
        'RUN --mount=source=file,target=/one --mount=target=/etc grep -q content /one && test -e /etc/file'
    build
    holds 'grep -q content /seen
test ! -e /mnt
test ! -e /one
grep -q app /etc/passwd'
}

@test "RUN --mount=type=bind,rw throws away what was written" {
    echo content >ctx/file
    cartefile 'RUN --mount=target=/ctx,rw echo more >>/ctx/file && rm /ctx/Cartefile && cp /ctx/file /seen'
    build
    [ "$(cat ctx/file)" = content ]
    [ -e ctx/Cartefile ]
    holds 'grep -q more /seen && test ! -e /ctx'
}

@test "RUN --mount=type=bind leaves out what the ignore file names, and says so" {
    mkdir ctx/sub
    echo kept >ctx/sub/kept
    echo secret >ctx/sub/secret
    echo 'sub/secret' >ctx/.dockerignore
    cartefile 'RUN --mount=target=/ctx,rw test "$(ls /ctx/sub)" = kept && touch /ctx/sub/new' \
        'RUN --mount=target=/s,source=sub test "$(ls /s)" = kept && test "$(stat -c %u /s/kept)" = 0'
    build
    cartefile 'RUN --mount=target=/f,source=sub/secret true'
    refused "*Cartefile:2*'sub/secret' is excluded by the ignore file (.dockerignore)*"
}

@test "RUN --mount=type=bind,from takes from stages, images and named contexts" {
    mkdir other
    echo named >other/file
    printf 'FROM base AS tools\nRUN mkdir -p /out/deep && echo staged >/out/deep/file\nFROM base\n%s\n%s\n%s\n' \
        'RUN --mount=from=tools,source=/out/deep,target=/t cat /t/file >/all && ! touch /t/new' \
        'RUN --mount=from=base,target=/b,rw cat /b/etc/group >>/all && touch /b/new' \
        'RUN --mount=from=named,target=/n cat /n/file >>/all' >ctx/Cartefile
    build --build-context named=other
    holds 'grep -q staged /all && grep -q named /all && grep -q staff /all && test ! -e /t'
    echo changed >other/file
    build --build-context named=other 2>log
    holds 'grep -q changed /all'
    printf 'FROM base\nRUN --mount=from=nobody,target=/t true\n' >ctx/Cartefile
    refused "*Cartefile:2*image 'nobody' is not in the store: pull *"
}

@test "RUN --mount=type=bind: a changed file is a new step, a changed time is none" {
    echo one >ctx/file
    cartefile 'RUN --mount=target=/ctx cat /ctx/file >/seen'
    build
    touch -d 2001-01-01 ctx/file
    build 2>log
    grep -q 'CACHED.*RUN' log
    echo two >ctx/file
    build
    holds 'grep -q two /seen'
}

@test "RUN --mount=type=cache survives builds, has its mode and owner, and prune frees it" {
    cartefile 'RUN --mount=type=cache,target=/var/cache/x,mode=0750,uid=7,gid=8 date >/var/cache/x/first && stat -c "%a %u:%g" /var/cache/x >/seen'
    build
    holds 'test "$(cat /seen)" = "750 7:8" && test ! -e /var/cache'
    cartefile 'RUN --mount=type=cache,target=/var/cache/x test -e /var/cache/x/first' \
        'RUN --mount=type=cache,id=/var/cache/x,target=/other,ro test -e /other/first && ! touch /other/y' \
        'RUN --mount=type=cache,id=another,target=/var/cache/x test ! -e /var/cache/x/first'
    build
    [ "$(ls "$CARTE_ROOT/images/mounts" | wc -l)" -eq 2 ]
}

@test "RUN --mount=type=cache,from begins with what the stage has" {
    printf 'FROM base AS seed\nRUN mkdir -p /s/deep && echo seed >/s/deep/file && chmod 600 /s/deep/file\nFROM base\n%s\n%s\n' \
        'RUN --mount=type=cache,target=/c,from=seed,source=/s test "$(stat -c %a /c/deep/file)" = 600 && echo more >/c/deep/file' \
        'RUN --mount=type=cache,target=/c,from=seed,source=/s grep -q more /c/deep/file' >ctx/Cartefile
    build
}

@test "RUN --mount=type=cache,sharing=locked lets one build in at a time, shared several, private gives each its own" {
    mkdir meet
    for sharing in locked shared private; do
        for n in 1 2; do
            mkdir -p "$sharing$n"
            printf 'FROM base\n%s\n' \
                "RUN --mount=type=cache,id=$sharing,target=/c,sharing=$sharing --mount=type=bind,from=meet,target=/meet \
                 echo in-$n; mkdir /c/taken || exit 9; while [ ! -e /c/go-$n ]; do sleep 0.05; done; rmdir /c/taken" \
                >"$sharing$n/Cartefile"
        done
    done
    # Locked: the second waits until the first has gone; were it let in, mkdir would fail.
    carte --progress plain build --network none --build-context meet=meet -t l1 locked1 >l1.log 2>&1 3>&- &
    one=$!
    eventually 20 grep -qx in-1 l1.log
    carte --progress plain build --network none --build-context meet=meet -t l2 locked2 >l2.log 2>&1 3>&- &
    two=$!
    eventually 20 waits_for_lock "$two"
    run ! grep -qx in-2 l2.log
    cache=$(echo "$CARTE_ROOT"/images/mounts/"$(printf locked | sha256sum | cut -d ' ' -f 1)".0/data)
    touch "$cache/go-1" "$cache/go-2"
    wait "$one"
    wait "$two"
    grep -qx in-2 l2.log
    # Shared: both are in at once, so the second one's mkdir fails.
    carte --progress plain build --network none --build-context meet=meet -t s1 shared1 >s1.log 2>&1 3>&- &
    one=$!
    eventually 20 grep -qx in-1 s1.log
    run ! carte --progress plain build --network none --build-context meet=meet -t s2 shared2
    [[ "$output" == *"exit status 9"* ]]
    touch "$CARTE_ROOT"/images/mounts/"$(printf shared | sha256sum | cut -d ' ' -f 1)".0/data/go-1
    wait "$one"
    # Private: both are in at once, each in its own folder.
    carte --progress plain build --network none --build-context meet=meet -t p1 private1 >p1.log 2>&1 3>&- &
    one=$!
    eventually 20 grep -qx in-1 p1.log
    carte --progress plain build --network none --build-context meet=meet -t p2 private2 >p2.log 2>&1 3>&- &
    two=$!
    eventually 20 grep -qx in-2 p2.log
    private=$CARTE_ROOT/images/mounts/$(printf private | sha256sum | cut -d ' ' -f 1)
    touch "$private.0/data/go-1" "$private.1/data/go-2"
    wait "$one"
    wait "$two"
}
waits_for_lock() {
    grep -q "FLOCK.* $1 " <(grep -e '->' /proc/locks)
}

@test "RUN --mount=type=tmpfs has a size, and nothing of it stays" {
    cartefile 'RUN --mount=type=tmpfs,target=/scratch,size=1m grep -q " /scratch tmpfs.*size=1024k" /proc/mounts && ! dd if=/dev/zero of=/scratch/big bs=1k count=2048'
    build
    holds 'test ! -e /scratch'
}

@test "RUN --mount=type=secret: a file or a variable, with its mode and owner, in no layer" {
    printf 'hunter-two-42' >token
    cartefile 'RUN --mount=type=secret,id=token stat -c "%a %u:%g" /run/secrets/token >/seen && grep -q hunter /run/secrets/token && ! touch /run/secrets/token' \
        'RUN --mount=type=secret,id=token,target=/etc/t,mode=0440,uid=5,gid=6 stat -c "%a %u:%g" /etc/t >>/seen' \
        'RUN --mount=type=secret,id=token,env=TOKEN test "${TOKEN%-*-*}" = hunter && test ! -e /run/secrets' \
        'RUN --mount=type=secret,target=/x/token grep -q hunter /x/token' \
        'RUN test -z "$TOKEN" && test ! -e /run && test ! -e /etc/t && test ! -e /x'
    build --secret id=token,src=token
    holds 'test "$(cat /seen)" = "400 0:0
440 5:6"'
    nowhere two-42
    run ! grep -rqs two-42 "$CARTE_ROOT" "$CARTE_RUN"
    # Its content is no part of the key, its id is.
    printf 'another' >token
    build --secret id=token,src=token 2>log
    [ "$(grep -c 'CACHED.*RUN' log)" -ge 5 ]

}

@test "RUN --mount=type=secret: required or not" {
    cartefile 'RUN --mount=type=secret,id=none test ! -e /run/secrets/none'
    build
    cartefile 'RUN --mount=type=secret,id=none,required=true true'
    refused "*Cartefile:2*secret 'none' is required*--secret id=none,src=FILE*"
    refused "*NAME,src=FILE*" --secret idd=x
    refused "*NOT_SET is not set*" --secret id=x,env=NOT_SET
    ID_IS_VARIABLE=value carte build -q --network none -t image --secret id=none,env=ID_IS_VARIABLE ctx
}

@test "RUN --mount=type=ssh hands the agent's socket in, and refuses a key file" {
    eval "$(ssh-agent -a "$PWD/agent" 2>/dev/null)" || skip 'no ssh-agent'
    cartefile 'RUN --mount=type=ssh test -S "$SSH_AUTH_SOCK" && test "$SSH_AUTH_SOCK" = /run/buildkit/ssh_agent.0' \
        'RUN --mount=type=ssh,id=own,target=/agent,required test -S /agent' \
        'RUN test -z "$SSH_AUTH_SOCK" && test ! -e /run'
    SSH_AUTH_SOCK=$PWD/agent build --ssh default --ssh "own=$PWD/agent"
    kill "$SSH_AGENT_PID"
    touch key
    cartefile 'RUN --mount=type=ssh,required true'
    refused "*ssh agent 'default' is required*"
    refused "*is no socket*ssh-add*" --ssh default=key
}

@test "RUN --mount: several flags keep their order, and values have variables" {
    mkdir ctx/a ctx/b
    echo outer >ctx/a/file
    echo inner >ctx/b/file
    cartefile 'ARG WHERE=/work' 'ENV SUB=b' 'WORKDIR /home' \
        'RUN --mount=source=a,target=${WHERE},rw --mount=source=$SUB,target=$WHERE/deep --mount=type=tmpfs,target=rel cat /work/file /work/deep/file >/seen; grep -q " /home/rel " /proc/mounts'
    build
    holds 'test "$(cat /seen)" = "outer
inner" && test ! -e /work && test ! -e /home/rel'
}

@test "RUN --mount: mistakes name the line and the nearest word" {
    cartefile 'RUN --mount=type=bnid,target=/x true'
    refused "*Cartefile:2*unknown type 'bnid'*"
    cartefile 'RUN --mount=type=cache,tagret=/x true'
    refused "*Cartefile:2*did you mean 'target'*"
    cartefile 'RUN --mount=type=tmpfs,target=/x,ro true'
    refused "*Cartefile:2*a tmpfs has no 'ro'*"
    cartefile 'RUN --mount=type=bind true'
    refused "*needs a target*"
    cartefile 'RUN --mount=type=bind,target=/ true'
    refused "*nothing can be mounted on '/'*"
    cartefile 'RUN --mount=type=cache,target=/x,sharing=some true'
    refused "*shared, private or locked*"
    cartefile 'RUN --mount=from=$X,target=/x true'
    refused "*takes no variables*"
}

@test "RUN --network and --security" {
    cartefile 'RUN --network=none test "$(ls /sys/class/net)" = lo'
    build
    cartefile 'RUN --network=some true'
    refused "*Cartefile:2*expected default, none or host*"
    cartefile 'RUN --security=sandbox ! mount -t tmpfs none /tmp' 'RUN --security=insecure mount -t tmpfs none /tmp'
    refused "*Cartefile:3*--allow security.insecure*"
    build --allow security.insecure
    cartefile 'RUN --security=none true'
    refused "*expected sandbox or insecure*"
    refused "*security.insecure or network.host*" --allow everything
}

@test "RUN sees proxy arguments, which are no part of the image or the key" {
    cartefile 'RUN echo "$HTTP_PROXY" >/seen'
    build --build-arg HTTP_PROXY=http://one.invalid
    holds 'grep -q one.invalid /seen'
    run ! grep -q one.invalid <(carte inspect image)
    build --build-arg HTTP_PROXY=http://two.invalid 2>log
    grep -q 'CACHED.*RUN' log
}

# RUN, hostile

@test "RUN --mount: links in sources and targets lead no further than their roots" {
    mkdir ctx/sub
    ln -s / ctx/sub/root
    ln -s /etc/shadow ctx/sub/shadow
    ln -s ../../../../../../etc ctx/sub/up
    echo of-the-context >ctx/own
    cartefile 'RUN ln -s /proc/1 /link && ln -s ../../../../tmp /up' \
        'RUN --mount=source=sub/root,target=/m test "$(ls /m)" = "$(printf "Cartefile\nown\nsub")"' \
        'RUN --mount=type=tmpfs,target=/up/made mkdir /up/made/x && grep -q " /tmp/made tmpfs" /proc/mounts' \
        'RUN test -L /link && test -L /up && test ! -e /tmp/made'
    build
    cartefile 'RUN --mount=source=sub/shadow,target=/m true'
    refused "*'sub/shadow' does not exist*"
    cartefile 'RUN --mount=source=sub/up,target=/m true'
    refused "*'sub/up' does not exist*"
    cartefile 'RUN --mount=source=../../../etc/shadow,target=/m true'
    refused "*does not exist*"
}

@test "RUN --mount=type=secret: a link at its target leads no further than the step's root" {
    printf 'hunter-two-42' >token
    before=$(stat -c %y /etc)
    cartefile 'RUN ln -s ../../../../../../etc/group /target && ln -s /etc/outside /dangling' \
        'RUN --mount=type=secret,id=token,target=/target grep -q hunter /etc/group' \
        'RUN test -L /target && grep -q staff /etc/group'
    build --secret id=token,src=token
    cartefile 'RUN ln -s /etc/outside /dangling' 'RUN --mount=type=secret,id=token,target=/dangling true'
    refused "*mount on '/dangling'*" --secret id=token,src=token
    [ "$(stat -c %y /etc)" = "$before" ]
    nowhere two-42
}

@test "RUN --mount=type=cache: what is in a cache cannot lead a build out of it" {
    cartefile 'RUN --mount=type=cache,target=/c ln -s / /c/root; rm -rf /c/data; ln -s /etc /c/data' \
        'RUN --mount=type=cache,target=/c test -L /c/root && test "$(readlink /c/data)" = /etc && test ! -e /c/root/etc/shadow'
    build
}

@test "a build that is killed while RUN has mounts leaves nothing mounted, and the next one works" {
    printf 'hunter-two-42' >token
    mkdir other
    cartefile 'RUN --mount=target=/ctx,rw --mount=type=cache,target=/c,sharing=locked --mount=type=tmpfs,target=/t --mount=type=secret,id=token \
        touch /c/mine; echo it-runs; while [ ! -e /c/go ]; do sleep 0.05; done'
    build --secret id=token,src=token >log 2>&1 3>&- &
    eventually 20 grep -qx it-runs log
    victim=$(process_of '^carte .*build.*-t image' | head -n 1)
    kill -9 "$victim"
    wait || true
    run ! grep -qE "$CARTE_ROOT|$CARTE_TEST/steps" /proc/self/mountinfo
    # Its container may live until the next build, which has the lock only after its end.
    cartefile 'RUN --mount=type=cache,target=/c,sharing=locked test -e /c/mine && touch /c/go'
    build
    [ -z "$(find /sys/fs/cgroup -type d -name "build-*-$victim")" ]
    nowhere two-42
}
