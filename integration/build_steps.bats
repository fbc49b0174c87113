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
    run ! grep -qs -- "$1" <(blobs)
    # What is there is found, packed or not.
    grep -qs staff:x:50 <(blobs)
    grep -qs diff_ids <(blobs)
}
# Every blob, one after the other, and those that are not packed as they are.
blobs() {
    zstd -dcfq "$CARTE_ROOT"/images/blobs/sha256/*
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
    carte df -v --format '{{.ID}}' >listed
    grep -qx /var/cache/x listed
    grep -qx another listed
    carte prune -f
    [ -z "$(carte df -v --format '{{.ID}}')" ]
    [ -z "$(ls "$CARTE_ROOT/images/mounts")" ]
    build
}

@test "RUN --mount=type=cache,from begins with what the stage has" {
    printf 'FROM base AS seed\nRUN mkdir -p /s/deep && echo seed >/s/deep/file && chmod 600 /s/deep/file\nFROM base\n%s\n%s\n' \
        'RUN --mount=type=cache,target=/c,from=seed,source=/s test "$(stat -c %a /c/deep/file)" = 600 && echo more >/c/deep/file' \
        'RUN --mount=type=cache,target=/c,from=seed,source=/s grep -q more /c/deep/file' >ctx/Cartefile
    build
}

@test "RUN --mount=type=cache,from a named context leaves out what its ignore file names" {
    mkdir -p other/sub
    echo kept >other/sub/kept
    echo hidden >other/sub/hidden
    echo sub/hidden >other/.dockerignore
    cartefile 'RUN --mount=type=cache,target=/c,from=named test "$(ls /c/sub)" = kept' \
        'RUN --mount=type=cache,target=/c,from=named,source=sub test "$(ls /c)" = kept'
    build --build-context named=other
}

@test "RUN --mount=type=cache,sharing=locked lets one build in at a time, shared several, private gives each its own" {
    mkdir meet
    for sharing in locked shared private; do
        for n in 1 2; do
            mkdir -p "$sharing$n"
            printf 'FROM base\n%s\n' \
                "RUN --mount=type=cache,id=$sharing,target=/c,sharing=$sharing --mount=type=bind,from=meet,target=/meet \
                 mkfifo /c/go-$n; echo in-$n; mkdir /c/taken || exit 9; read line </c/go-$n; rmdir /c/taken" \
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
    let_go "$cache/go-1"
    wait "$one"
    let_go "$cache/go-2"
    wait "$two"
    grep -qx in-2 l2.log
    # Shared: both are in at once, so the second one's mkdir fails.
    carte --progress plain build --network none --build-context meet=meet -t s1 shared1 >s1.log 2>&1 3>&- &
    one=$!
    eventually 20 grep -qx in-1 s1.log
    run ! carte --progress plain build --network none --build-context meet=meet -t s2 shared2
    [[ "$output" == *"exit status 9"* ]]
    let_go "$CARTE_ROOT"/images/mounts/"$(printf shared | sha256sum | cut -d ' ' -f 1)".0/data/go-1
    wait "$one"
    # Private: both are in at once, each in its own folder.
    carte --progress plain build --network none --build-context meet=meet -t p1 private1 >p1.log 2>&1 3>&- &
    one=$!
    eventually 20 grep -qx in-1 p1.log
    carte --progress plain build --network none --build-context meet=meet -t p2 private2 >p2.log 2>&1 3>&- &
    two=$!
    eventually 20 grep -qx in-2 p2.log
    private=$CARTE_ROOT/images/mounts/$(printf private | sha256sum | cut -d ' ' -f 1)
    let_go "$private.0/data/go-1"
    let_go "$private.1/data/go-2"
    wait "$one"
    wait "$two"
}
let_go() { # FIFO
    eventually 20 test -p "$1"
    timeout 20 sh -c 'echo >"$1"' - "$1"
}
waits_for_lock() {
    grep -q "FLOCK.* $1 " <(grep -e '->' /proc/locks)
}

@test "RUN --mount=type=tmpfs has a size, and nothing of it stays" {
    cartefile 'RUN --mount=type=tmpfs,target=/scratch,size=1m grep -q " /scratch tmpfs.*size=1024k" /proc/mounts && ! dd if=/dev/zero of=/scratch/big bs=1k count=2048'
    build
    holds 'test ! -e /scratch'
}

@test "S22 RUN --mount=type=secret: a file or a variable, with its mode and owner, in no layer" {
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
    eval "$(ssh-agent -a "$PWD/agent")"
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

@test "S10 RUN --mount: links in sources and targets lead no further than their roots" {
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

@test "S10 RUN --mount=type=secret: a link at its target leads no further than the step's root" {
    printf 'hunter-two-42' >token
    cartefile 'RUN ln -s ../../../../../../etc/group /target && ln -s /etc/outside /dangling' \
        'RUN --mount=type=secret,id=token,target=/target grep -q hunter /etc/group' \
        'RUN test -L /target && grep -q staff /etc/group'
    build --secret id=token,src=token
    cartefile 'RUN ln -s ../../../etc/outside /dangling' \
        'RUN --mount=type=secret,id=token,target=/dangling grep -q hunter /etc/outside' \
        'RUN test -L /dangling && test ! -e /etc/outside'
    build --secret id=token,src=token
    [ ! -e /etc/outside ]
    run ! grep -q hunter /etc/group
    nowhere two-42
}

@test "S10 RUN --mount=type=cache: what is in a cache cannot lead a build out of it" {
    cartefile 'RUN --mount=type=cache,target=/c ln -s / /c/root; rm -rf /c/data; ln -s /etc /c/data' \
        'RUN --mount=type=cache,target=/c test -L /c/root && test "$(readlink /c/data)" = /etc && test ! -e /c/root/etc/shadow'
    build
}

@test "S10 places of mounts that a step replaces by links lead no further than its root" {
    mkdir -p decoy/sub
    cartefile "RUN --mount=type=tmpfs,target=/mnt/sub mv /mnt /away && ln -s $PWD/decoy /mnt" \
        "RUN --mount=type=bind,target=/m/sub mv /m /gone && ln -s $PWD/decoy /m"
    build
    [ -d decoy/sub ]
    [ "$(ls -A decoy decoy/sub)" = $'decoy:\nsub\n\ndecoy/sub:' ]
    holds 'test -L /mnt && test -L /m'
}

# What one build does to a cache does not lead another, which mounts into it, to the host.
@test "S10 a cache whose folders become links meanwhile leads no build to the host" {
    mkdir decoy
    cartefile "RUN --mount=type=cache,id=race,target=/c \
        while [ ! -e /c/enough ]; do mkdir -p /c/d; rm -rf /c/d; ln -s $PWD/decoy /c/d; rm -f /c/d; done; rm /c/enough"
    carte --progress plain build --network none --no-cache -t racer ctx >race.log 2>&1 3>&- &
    mkdir victim
    for i in $(seq 12); do
        printf 'FROM base\nRUN --mount=type=cache,id=race,target=/c --mount=type=tmpfs,target=/c/d touch /c/d/%s\n' \
            "$i" >victim/Cartefile
        carte build -q --network none --no-cache -t victim victim || true
    done
    printf 'FROM base\nRUN --mount=type=cache,id=race,target=/c touch /c/enough\n' >victim/Cartefile
    carte build -q --network none --no-cache -t victim victim
    wait
    [ -z "$(ls -A decoy)" ]
    run ! grep -F "$PWD/decoy" /proc/self/mountinfo
}

@test "a build that is killed while RUN has mounts leaves nothing mounted, and the next one works" {
    printf 'hunter-two-42' >token
    mkdir other
    cartefile 'RUN --mount=target=/ctx,rw --mount=type=cache,target=/c,sharing=locked --mount=type=tmpfs,target=/t --mount=type=secret,id=token \
        mkfifo /c/mine; echo it-runs; read line </c/mine'
    build --secret id=token,src=token >log 2>&1 3>&- &
    eventually 20 grep -qx it-runs log
    victim=$(process_of '^carte .*build.*-t image' | head -n 1)
    kill -9 "$victim"
    wait || true
    run ! grep -qE "$CARTE_ROOT|$CARTE_TEST/steps" /proc/self/mountinfo
    # Its container may live until the next build, which has the lock only after its end.
    cartefile 'RUN --mount=type=cache,target=/c,sharing=locked test -p /c/mine && rm /c/mine'
    build
    [ -z "$(find /sys/fs/cgroup -type d -name "build-*-$victim")" ]
    nowhere two-42
}

# COPY

@test "COPY: several sources, patterns and folders, whose content is copied" {
    mkdir -p ctx/dir/deep ctx/dir2
    for f in a1 a2 b1 dir/in dir/deep/er dir2/two 'with blank' 'star*'; do echo "$f" >"ctx/$f"; done
    ln -s in ctx/dir/link
    cartefile 'COPY a1 b1 /several/' 'COPY a? /pattern/' 'COPY [ab]1 /set/' 'COPY dir /dir/' \
        'COPY dir*/ /dirs' 'COPY ["with blank", "/with blank"]' 'COPY a1 /renamed' 'COPY star\\* /' \
        'COPY dir/link /followed' 'WORKDIR /home' 'COPY a1 .' 'COPY b1 ./sub/'
    build
    holds 'test "$(ls /several)" = "$(printf "a1\nb1")"
test "$(ls /pattern)" = "$(printf "a1\na2")"
test "$(ls /set)" = "$(printf "a1\nb1")"
test "$(ls /dir)" = "$(printf "deep\nin\nlink")"
test "$(cat /dir/deep/er)" = dir/deep/er
test "$(ls /dirs)" = "$(printf "deep\nin\nlink\ntwo")"
test -f "/with blank"
test "$(cat /renamed)" = a1
test -f "/star*"
test -L /dir/link
test ! -L /followed
test -f /home/a1
test -f /home/sub/b1'
    cartefile 'COPY a1 b1 /file'
    refused "*Cartefile:2:1: COPY: several sources need a folder as destination: end '/file' with '/'*"
    cartefile 'COPY c* /x/'
    refused "*no file matches 'c\\*'*"
}

@test "COPY: a missing source names the ignore file if that is why" {
    echo x >ctx/gone
    printf 'gone\n' >ctx/.carteignore
    cartefile 'COPY gone /'
    refused "*Cartefile:2:6: COPY: 'gone' is excluded by the ignore file (.carteignore)*"
    cartefile 'COPY gon? /'
    refused "*all that matches 'gon?' is excluded by the ignore file (.carteignore)*"
    cartefile 'COPY never /'
    refused "*Cartefile:2:6: COPY: 'never' does not exist*"
}

@test "S10 COPY: sources lead no further than the context, whatever their names and links" {
    echo inside >ctx/file
    ln -s /etc/shadow ctx/absolute
    ln -s ../../../../../../etc/shadow ctx/relative
    ln -s / ctx/root
    cartefile 'COPY ../../../file /stripped' 'COPY root/file /by-link'
    build
    holds 'test "$(cat /stripped /by-link)" = "$(printf "inside\ninside")"'
    for source in absolute relative ../../etc/shadow root/etc/shadow /etc/shadow; do
        cartefile "COPY $source /"
        refused "*'*' does not exist*"
    done
    # Inside of a folder, links are copied as they are.
    mkdir ctx/links
    mv ctx/absolute ctx/relative ctx/links
    cartefile 'COPY links /links/'
    build
    holds 'test "$(readlink /links/absolute)" = /etc/shadow'
}

@test "S10 COPY: links of the image at the destination lead no further than the image" {
    echo content >ctx/file
    mkdir ctx/dir
    echo content >ctx/dir/file
    cartefile 'RUN ln -s /tmp /abs && ln -s ../../../../../etc /rel && ln -s /etc/group /onto' \
        'COPY file /abs/one' 'COPY dir /rel/two/' 'COPY file /onto'
    build
    holds 'test -f /tmp/one && test -f /etc/two/file && test -L /abs && test -L /onto && grep -q content /etc/group'
    [ ! -e /etc/two ]
    [ ! -e /tmp/one ]
}

@test "COPY --from: a stage by name or number, an image, a named context" {
    mkdir other
    echo named >other/file
    echo hidden >other/hidden
    echo hidden >other/.dockerignore
    printf '%s\n' 'FROM base AS first' 'RUN echo one >/one && chown 5:6 /one && chmod 640 /one' \
        'FROM base' 'COPY --from=first /one /a' 'COPY --from=0 one /b' 'COPY --from=base /etc/group /c' \
        'COPY --from=other / /d/' 'COPY --from=first --chown=7 /one /e' >ctx/Cartefile
    build --build-context other=other
    holds 'test "$(stat -c "%a %u:%g" /a /b)" = "$(printf "640 5:6\n640 5:6")"
grep -q staff /c
test "$(ls -A /d)" = "$(printf ".dockerignore\nfile")"
test "$(stat -c "%u:%g" /e /d/file)" = "$(printf "7:7\n0:0")"'
    printf 'FROM base\nCOPY --from=1 /x /\n' >ctx/Cartefile
    refused "*there is no stage 1 before this one*"
    printf 'FROM base\nCOPY --from=../../etc /passwd /\n' >ctx/Cartefile
    refused "*Cartefile:2:6: COPY:*"
    # A context takes the place of an image or stage of its name.
    printf 'FROM replaced\nCOPY --from=first /file /x\n' >ctx/Cartefile
    build --build-context first=other --build-context replaced=docker-image://base
    refused "*build context 'replaced' is a folder: FROM needs an image*" --build-context first=other --build-context replaced=other
    refused "*there is no folder './missing'*" --build-context first=./missing
    refused "*only folders and docker-image*" --build-context first=https://example.com/x.tar
}

@test "COPY --chown: names are those of the image, a user alone is its own group" {
    echo x >ctx/file
    cartefile 'COPY --chown=app:staff file /1' 'COPY --chown=app file /2' 'COPY --chown=12 file /3' \
        'COPY --chown=12:13 file /new/4' 'ARG WHO=app' 'COPY --chown=$WHO:0 file /5' 'COPY file /6'
    build
    holds 'test "$(stat -c %u:%g /1 /2 /3 /new /new/4 /5 /6 | tr "\n" " ")" = "1000:50 1000:1000 12:12 12:13 12:13 1000:0 0:0 "'
    cartefile 'COPY --chown=nobody file /'
    refused "*Cartefile:2:6: COPY: 'nobody' is not in /etc/passwd of the image*"
    cartefile 'COPY --chown=app:wheel file /'
    refused "*'wheel' is not in /etc/group of the image*"
}

@test "COPY --chmod: octal and symbolic, for folders, too" {
    mkdir -p ctx/dir/sub
    echo x >ctx/dir/plain
    echo x >ctx/dir/run
    chmod 644 ctx/dir/plain
    chmod 755 ctx/dir/run ctx/dir/sub
    cartefile 'COPY --chmod=4750 dir /octal/' 'COPY --chmod=u=rwX,go= dir /symbolic/' 'ARG M=a+r' 'COPY --chmod=${M} dir/plain /arg'
    build
    holds 'test "$(stat -c %a /octal/plain /octal/run /octal/sub | tr "\n" " ")" = "4750 4750 4750 "
test "$(stat -c %a /symbolic/plain /symbolic/run /symbolic/sub | tr "\n" " ")" = "600 700 700 "
test "$(stat -c %a /arg)" = 644'
    cartefile 'COPY --chmod=rwx dir /'
    refused "*'rwx' is no mode*"
}

# chain: the diff ids of the image's layers.
diffs() {
    carte inspect image | jq -r '.[0].RootFS.Layers[]'
}

@test "COPY --link: a layer of its own that does not know the image below" {
    echo content >ctx/file
    cartefile 'RUN mkdir /real && ln -s /real /link && chmod 700 /real' 'COPY --link file /link/file' 'COPY --link --chown=app --chmod=600 file /deep/er/file'
    build
    mapfile -t one < <(diffs)
    # It does not follow the link of the image: a folder takes its place.
    holds 'test ! -L /link && test -f /link/file && test ! -e /real/file
test "$(stat -c "%a %u:%g" /deep/er/file)" = "600 1000:1000"'
    # Other layers below: the same layers on top, taken from the cache.
    cartefile 'RUN echo other >/other' 'COPY --link file /link/file' 'COPY --link --chown=app --chmod=600 file /deep/er/file'
    build 2>log
    mapfile -t two < <(diffs)
    [ "$(grep -c 'CACHED.*COPY' log)" -eq 2 ]
    [ "${one[-1]}" = "${two[-1]}" ]
    [ "${one[-2]}" = "${two[-2]}" ]
    [ "${one[-3]}" != "${two[-3]}" ]
    holds 'test -f /link/file && test -f /other'
    cartefile 'RUN mkdir /real && ln -s /real /link' 'COPY --link=false file /link/file'
    build
    holds 'test -L /link && test -f /real/file'
}

@test "COPY --parents keeps the folders above, from the pivot on" {
    mkdir -p ctx/x/y ctx/z
    chmod 750 ctx/x
    for f in x/a.txt x/y/b.txt z/c.txt z/d.md; do echo "$f" >"ctx/$f"; done
    cartefile 'COPY --parents x/a.txt z/c.txt /one/' 'COPY --parents x/./y/*.txt /two' 'COPY --parents ./**/*.txt /three/' \
        'COPY --parents x/y /four' 'COPY --parents --exclude=**/b.txt x /five' 'COPY x/a.txt z/c.txt /six/'
    build
    holds 'cd /one && test "$(find . -type f | sort | tr "\n" " ")" = "./x/a.txt ./z/c.txt "
test "$(stat -c %a /one/x)" = 750
cd /two && test "$(find . -type f | tr "\n" " ")" = "./y/b.txt "
cd /three && test "$(find . -type f | sort | tr "\n" " ")" = "./x/a.txt ./x/y/b.txt ./z/c.txt "
test -f /four/x/y/b.txt
test -f /five/x/a.txt
test ! -e /five/x/y/b.txt
test "$(ls /six | tr "\n" " ")" = "a.txt c.txt "'
}

@test "COPY --exclude leaves out, and may be repeated" {
    mkdir -p ctx/dir/deep
    for f in hom1.txt hom2.md hom3 dir/a.txt dir/b dir/deep/c.md dir/deep/d; do echo x >"ctx/$f"; done
    cartefile 'COPY --exclude=*.txt --exclude=*.md hom* /one/' 'COPY --exclude=deep dir /two/' \
        'COPY --exclude=**/*.md --exclude=*.txt dir /three/' 'COPY --exclude=* --exclude=!b dir /four/'
    build
    holds 'test "$(ls /one)" = hom3
test "$(ls /two | tr "\n" " ")" = "a.txt b "
cd /three && test "$(find . -type f | sort | tr "\n" " ")" = "./b ./deep/d "
test "$(ls /four)" = b'
}

@test "COPY: here-documents are files, beside others, too" {
    echo other >ctx/other
    printf '%s\n' 'FROM base' 'ARG WORD=magic' 'COPY <<one <<-"two" other /into/' 'a $WORD' one "	b \$WORD" 'two' \
        'COPY --chmod=755 --chown=7 <<EOF /script' '#!/bin/sh' 'EOF' >ctx/Cartefile
    build
    holds 'test "$(cat /into/one)" = "a magic" && test "$(cat /into/two)" = "b \$WORD" && test "$(cat /into/other)" = other
test "$(stat -c "%a %u" /script /into/one | tr "\n" " ")" = "755 7 644 0 "'
    build --build-arg WORD=other
    holds 'test "$(cat /into/one)" = "a other"'
}

@test "COPY keeps modes, attributes, file capabilities and hard links; times are no part of an image" {
    mkdir ctx/dir
    echo linked >ctx/dir/a
    ln ctx/dir/a ctx/dir/b
    echo other >ctx/dir/c
    chmod 2755 ctx/dir/c
    setfattr -n user.note -v kept ctx/dir/c
    setcap cap_net_raw+ep ctx/dir/c
    cartefile 'COPY dir /dir/' 'COPY dir/a dir/b /again/'
    build
    tree=$(printf '%s\n' "$CARTE_ROOT"/images/layers/*/tree/dir/c)
    [ "$(getfattr --only-values -n user.note "$tree")" = kept ]
    getcap "$tree" | grep -q cap_net_raw
    holds 'test "$(stat -c %i /dir/a)" = "$(stat -c %i /dir/b)" && test "$(stat -c %h /dir/a /again/b | tr "\n" " ")" = "2 2 "
test "$(stat -c "%a %Y" /dir/c)" = "2755 0"'
    first=$(diffs)
    rm ctx/dir/b
    cp ctx/dir/a ctx/dir/b
    build
    [ "$(diffs)" != "$first" ]
    # One that is written over is no link to what took its place.
    mkdir ctx/two
    ln ctx/dir/a ctx/two/late
    echo new >ctx/two/a
    cartefile 'COPY dir two /d/'
    build
    holds 'test "$(cat /d/a)" = new && test "$(cat /d/late)" = linked'
    # A changed attribute is a change.
    cartefile 'COPY dir /dir/'
    build
    first=$(diffs)
    setcap -r ctx/dir/c
    build
    [ "$(diffs)" != "$first" ]
}

@test "COPY refuses devices and sockets, and a file in the place of a folder" {
    mkdir ctx/dir
    mknod ctx/dir/disk b 8 0
    cartefile 'COPY dir /dir/'
    refused "*'dir/disk' is a device or socket*"
    rm ctx/dir/disk
    echo x >ctx/tmp
    cartefile 'RUN mkdir -p /place/tmp' 'COPY tmp /place/'
    refused "*is a folder in the image*"
}

# ADD

@test "ADD unpacks archives by their content: plain, gzip, bzip2, xz, zstd" {
    mkdir in
    echo packed >in/file
    chown 5:6 in/file
    chmod 640 in/file
    tar -C in -cf ctx/plain.dat file
    gzip -c ctx/plain.dat >ctx/a.txt
    bzip2 -c ctx/plain.dat >ctx/b
    xz -c ctx/plain.dat >ctx/c.zip
    zstd -qc ctx/plain.dat >ctx/d
    echo 'no archive' >ctx/fake.tar.gz
    cartefile 'ADD plain.dat /p/' 'ADD a.txt /a' 'ADD b /b' 'ADD c.zip /c' 'ADD d /d' 'ADD fake.tar.gz /e/' \
        'ADD --unpack=false a.txt /f/' 'ADD --chown=7:8 --chmod=777 d /g' 'COPY a.txt /h/' 'ADD --link d /i'
    build
    holds 'test "$(cat /p/file /a/file /b/file /c/file /d/file | sort -u)" = packed
test "$(stat -c "%a %u:%g" /p/file /g/file | tr "\n" " ")" = "640 5:6 640 7:8 "
grep -q "no archive" /e/fake.tar.gz
test -f /f/a.txt
test -f /h/a.txt
test -f /i/file'
}

@test "S14 ADD refuses archives that would lead out, hold devices, or end too early" {
    mkdir in
    echo x >in/file
    ln -s /etc in/out
    tar -C in -cf ctx/up.tar --transform 's,^file,../../../../tmp/escaped,' -P file
    tar -C in -cf ctx/absolute.tar --transform 's,^file,/tmp/escaped,' -P file
    tar -C in -cf ctx/link.tar out
    tar -C in -rf ctx/link.tar --transform 's,^file,out/escaped,' file
    ln in/file in/hard
    tar -C in -cf ctx/hard.tar --transform 's,^file$,../../../etc/passwd,RSh' -P file hard
    mknod in/disk b 8 0
    tar -C in -cf ctx/device.tar disk
    head -c 1000000 /dev/urandom >in/random
    tar -C in -cf cut random
    head -c 500000 cut >ctx/cut.tar
    gzip -c cut | head -c 500000 >ctx/cut.tar.gz
    for archive in up.tar absolute.tar hard.tar device.tar cut.tar cut.tar.gz; do
        cartefile "ADD $archive /x/"
        refused "*Cartefile:2:5: ADD: unpack '$archive': *"
    done
    # A link in an archive leads through the image's root, not the host's.
    cartefile 'ADD link.tar /x/'
    refused "*unpack 'link.tar': 'out/escaped' in the archive: *"
    [ ! -e /etc/escaped ]
    [ ! -e /tmp/escaped ]
}

# A server on this namespace's loopback, with a slow, a lying and a redirecting script.
serve() {
    mkdir -p www/cgi-bin
    echo 'served' >www/file.txt
    mkdir in
    echo packed >in/file
    tar -C in -czf www/archive.tgz file
    printf '#!/bin/busybox sh\nprintf "Status: 302 Found\\r\\nLocation: http://127.0.0.1:8000/file.txt\\r\\n\\r\\n"\n' >www/cgi-bin/moved
    printf '#!/bin/busybox sh\nprintf "Content-Type: text/plain\\r\\nContent-Length: 99999999999999\\r\\n\\r\\nx"\n' >www/cgi-bin/huge
    chmod +x www/cgi-bin/*
    busybox httpd -f -p 127.0.0.1:8000 -h www 3>&- &
    server=$!
    eventually 5 busybox wget -qO /dev/null http://127.0.0.1:8000/file.txt
}
sum_of() {
    sha256sum "$1" | cut -d ' ' -f 1
}

@test "ADD of a URL: a file of mode 600, named by the URL in a folder" {
    serve
    cartefile 'ADD http://127.0.0.1:8000/file.txt /into/' 'ADD http://127.0.0.1:8000/file.txt?version=2#x /two/' \
        'ADD http://127.0.0.1:8000/file.txt /renamed' 'ADD --chmod=644 --chown=app http://127.0.0.1:8000/file.txt /attr' \
        'ADD http://127.0.0.1:8000/archive.tgz /kept/' 'ADD --unpack http://127.0.0.1:8000/archive.tgz /unpacked/' \
        'ADD http://127.0.0.1:8000/cgi-bin/moved /moved'
    build
    holds 'test "$(cat /into/file.txt /two/file.txt /renamed /moved | sort -u)" = served
test "$(stat -c "%a %u" /into/file.txt /attr | tr "\n" " ")" = "600 0 644 1000 "
test -f /kept/archive.tgz
test "$(cat /unpacked/file)" = packed'
    # What the server has now counts, not what it had.
    build 2>log
    [ "$(grep -c 'CACHED.*ADD' log)" -eq 7 ]
    echo changed >www/file.txt
    build
    holds 'grep -q changed /renamed'
}

@test "ADD --checksum: what is not what was expected is never used, and what is known is not fetched" {
    serve
    sum=$(sum_of www/file.txt)
    cartefile "ADD --checksum=sha256:$sum http://127.0.0.1:8000/file.txt /x/"
    build
    holds 'grep -q served /x/file.txt'
    echo evil-content >www/file.txt
    refused "*Cartefile:2:88: ADD: 'http://127.0.0.1:8000/file.txt' has the checksum sha256:*sha256:$sum was expected*" --no-cache
    nowhere evil-content
    run ! grep -rqs evil-content "$CARTE_ROOT"
    build 2>log
    grep -q 'CACHED.*ADD' log
    kill "$server"
    wait "$server" || true
    server=
    build
    for wrong in md5:1 sha256:12 sha256:zz "$sum"; do
        cartefile "ADD --checksum=$wrong http://127.0.0.1:8000/file.txt /x/"
        refused "*Cartefile:2:$((17 + ${#wrong})): ADD: checksum '*': write sha256: and 64 digits*"
    done
    echo x >ctx/local
    cartefile "ADD --checksum=sha256:$sum local /x/"
    refused "*--checksum is for a URL*"
}

@test "ADD of a URL: what is missing, too long, or has no name is refused" {
    serve
    cartefile 'ADD http://127.0.0.1:8000/none /x/'
    refused "*Cartefile:2:5: ADD:*404*"
    cartefile 'ADD http://127.0.0.1:8000/cgi-bin/huge /x/'
    refused "*Cartefile:2:5: ADD:*"
    cartefile 'ADD http://127.0.0.1:8000/ /x/'
    refused "*ends in no file name*"
    cartefile 'ADD http://127.0.0.1:8000/..%2f..%2fetc%2fevil /x/'
    refused "*404*"
    cartefile 'ADD ftp://127.0.0.1/file /x/'
    refused "*Cartefile:2:5: ADD: 'ftp://127.0.0.1/file' cannot be fetched*"
}

# repository: with a branch, a tag and a folder, served as plain files.
make_repository() {
    git init -q -b main work
    git -C work config user.name Test
    git -C work config user.email test@example.com
    mkdir work/docs
    echo one >work/file
    echo guide >work/docs/guide
    chmod +x work/file
    ln -s /etc/shadow work/docs/link
    git -C work add .
    git -C work commit -qm first
    git -C work tag v1
    echo two >work/file
    git -C work commit -qam second
    mkdir -p www
    git clone -q --bare work www/repo.git
    git -C www/repo.git update-server-info
}

@test "ADD of a git repository: the branch, a tag, a commit, a folder of it" {
    umask 077
    make_repository
    serve
    first=$(git -C work rev-parse v1)
    url=http://127.0.0.1:8000/repo.git
    cartefile "ADD $url /head" "ADD $url#v1 /tag/" "ADD $url#$first /commit" "ADD $url#main:docs /docs" "ADD --keep-git-dir=true $url#v1 /git" \
        "ADD --checksum=$first --chown=app $url#v1 /sum"
    build
    holds 'test "$(cat /head/file /tag/file /commit/file /sum/file | tr "\n" " ")" = "two one one one "
test "$(stat -c "%a %u" /head/file /docs/guide /sum/file | tr "\n" " ")" = "755 0 644 0 755 1000 "
test "$(readlink /docs/link)" = /etc/shadow
test ! -e /docs/file
test ! -e /head/.git
test -d /git/.git'
    build 2>log
    [ "$(grep -c 'CACHED.*ADD' log)" -ge 5 ]
    cartefile "ADD --checksum=$(git -C work rev-parse main) $url#v1 /x"
    refused "*is at commit $first*was expected*"
    cartefile "ADD $url#nothing /x"
    refused "*Cartefile:2:5: ADD: git failed*"
    cartefile "ADD $url#main:../../../../etc /x"
    refused "*does not exist*"
    cartefile "ADD $url#--upload-pack=evil /x"
    refused "*is no name of a branch*"
    cartefile "ADD $url /x"
    PATH_WITHOUT=$(dirname "$(command -v carte)")
    PATH=$PATH_WITHOUT run carte build --network none -t image ctx
    [ "$status" -ne 0 ]
    [[ "$output" == *"'git' is not installed"* ]]
}

@test "a build section gives secrets, agents, contexts and rights to its steps" {
    mkdir named
    echo named >named/file
    printf 'hunter-two-42' >token
    cartefile 'RUN --network=none --mount=type=secret,id=token grep -q hunter /run/secrets/token' \
        'RUN --network=none --mount=type=secret,id=other grep -q environment /run/secrets/other' \
        'RUN --network=none --mount=type=ssh test -S "$SSH_AUTH_SOCK"' \
        'COPY --from=named file /named' 'COPY --from=tools /etc/group /group' \
        'RUN --network=none --security=insecure mount -t tmpfs none /tmp' 'CMD ["true"]'
    cat >carte.yaml <<'YAML'
name: sections
services:
  app:
    build:
      context: ./ctx
      secrets: [token, {source: variable, target: other}]
      ssh: ["default"]
      additional_contexts: {named: ./named, tools: docker-image://base}
      entitlements: [security.insecure]
secrets:
  token: {file: ./token}
  variable: {environment: SECRET_OF_BUILD}
YAML
    eval "$(ssh-agent -a "$PWD/agent")"
    SECRET_OF_BUILD=from-the-environment SSH_AUTH_SOCK=$PWD/agent carte-stack build
    kill "$SSH_AGENT_PID"
    nowhere two-42
    nowhere from-the-environment
    sed -i 's/secrets: \[token,/secrets: [nothing,/' carte.yaml
    run carte-stack config -q
    [ "$status" -ne 0 ]
    [[ "$output" == *"the secret 'nothing' is not defined"* ]]
}
