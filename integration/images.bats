# Images in and out by files, and the commands that look at them.

load lib

setup_file() {
    remember_inventory
    cd "$CARTE_TEST" || return 1
    make_web_context web
    carte build -t web web
}

teardown_file() {
    no_leaks
}

setup() {
    cd "$(mktemp -d "$CARTE_TEST/images.XXXX")" || return 1
    OWN=$PWD/own
}

id_of() {
    carte inspect "$1" | jq -r '.[0].Id'
}

@test "save gives the same bytes to a file and to a pipe, and load the same image" {
    carte tag web web:again
    carte save -o file.tar web web:again
    carte save web web:again | cat >pipe.tar
    cmp file.tar pipe.tar
    for compress in cat gzip zstd xz bzip2; do
        "$compress" <file.tar | CARTE_ROOT=$OWN.$compress carte load >loaded
        diff loaded - <<<$'Loaded image: web:latest\nLoaded image: web:again'
        [ "$(CARTE_ROOT=$OWN.$compress carte inspect web | jq '.[0].Digest')" = "$(carte inspect web | jq '.[0].Digest')" ]
    done
    carte rmi web:again
}

@test "an image that is saved by its id is loaded without a name" {
    carte save "$(id_of web)" | CARTE_ROOT=$OWN carte load >loaded
    [ "$(cat loaded)" = "Loaded image ID: $(id_of web)" ]
    CARTE_ROOT=$OWN carte inspect "$(id_of web)" | jq -e '.[0].RepoTags == []'
}

@test "an image layout is loaded from a folder, entries of an archive come in any order" {
    carte save --format oci web >layout.tar
    mkdir layout
    tar -xf layout.tar -C layout
    CARTE_ROOT=$OWN.1 carte load -i layout
    tar -C layout -cf reverse.tar blobs oci-layout index.json
    CARTE_ROOT=$OWN.2 carte load <reverse.tar
    [ "$(CARTE_ROOT=$OWN.1 carte inspect web | jq '.[0].Digest')" = "$(carte inspect web | jq '.[0].Digest')" ]
    [ "$(CARTE_ROOT=$OWN.2 carte inspect web | jq '.[0].Digest')" = "$(carte inspect web | jq '.[0].Digest')" ]
}

@test "save leaves a file that is there alone when it fails, and none that was not" {
    echo before >there.tar
    run ! carte save -o there.tar web missing
    [[ "$output" == *"no such image: 'missing'"* ]]
    [ "$(cat there.tar)" = before ]
    run ! carte save -o new.tar missing
    [ "$(ls)" = there.tar ]
    chmod 600 there.tar
    carte save -o there.tar web
    tar -tf there.tar manifest.json
}

@test "an archive with a wrong digest is refused, and nothing of it is loaded" {
    carte save -o good.tar web
    mkdir bad
    tar -xf good.tar -C bad
    layer=$(jq -r '.[0].Layers[0]' bad/manifest.json)
    printf x | dd of="bad/$layer" bs=1 seek=700 conv=notrunc status=none
    tar -C bad -cf bad.tar .
    run ! env CARTE_ROOT="$OWN" carte load -i bad.tar
    [[ "$output" == *"has digest sha256:"*" instead"* ]]
    [ "$(CARTE_ROOT=$OWN carte images -q)" = '' ]
    rm bad/index.json
    tar -C bad -cf docker.tar .
    run ! env CARTE_ROOT="$OWN" carte load -i docker.tar
    [[ "$output" == *"digest"*"instead of sha256:"* ]]
    [ "$(CARTE_ROOT=$OWN carte images -q)" = '' ]
    head -c 100000 good.tar >short.tar
    run ! env CARTE_ROOT="$OWN" carte load -i short.tar
    [[ "$output" == *"broken archive"* ]]
    [ -z "$(find "$OWN/images/tmp" -mindepth 1 2>/dev/null)" ]
}

@test "a load that is killed leaves the store as it was" {
    carte save -o file.tar web
    mkfifo pipe
    CARTE_ROOT=$OWN carte load -i pipe 3>&- &
    loading=$!
    exec 8>pipe
    head -c 1500000 file.tar >&8
    eventually 30 has_spooled
    kill -9 "$loading"
    wait "$loading" || true
    exec 8>&-
    [ "$(CARTE_ROOT=$OWN carte images -q)" = '' ]
    [ -z "$(find "$OWN/images/tmp" -mindepth 1)" ]
    CARTE_ROOT=$OWN carte load -i file.tar
    CARTE_ROOT=$OWN carte inspect web
}
has_spooled() {
    [ -n "$(find "$OWN/images/tmp" -name 'archived.*' -size +100k 2>/dev/null)" ]
}

@test "what is no archive of images is told from what is" {
    run ! carte load -i /bin/busybox
    [[ "$output" == *"broken archive"* ]]
    tar -cf rootfs.tar -C "$CARTE_TEST/web" .
    run ! carte load -i rootfs.tar
    [[ "$output" == *"carte import"* ]]
    run ! carte load -i missing.tar
    [[ "$output" == *"No such file"* ]]
}

@test "a root file system is imported, with changes, and the same archive is the same image" {
    mkdir -p root/bin root/etc
    cp /bin/busybox root/bin/busybox
    ln -s busybox root/bin/sh
    echo imported >root/etc/word
    chown 5:6 root/etc/word
    tar -C root -cf root.tar .
    carte import -c 'CMD ["/bin/sh", "-c", "cat /etc/word; busybox stat -c %u:%g /etc/word; echo $A $PWD"]' \
        -c 'ENV A=b PATH=/bin' --change 'WORKDIR /etc' root.tar imported >one
    xz <root.tar | carte import -m 'by hand' -c 'ENV A=b' - second:2
    [ "$(cat one)" = "$(id_of imported)" ]
    carte inspect imported | jq -e '.[0] | .Config.Env == ["A=b", "PATH=/bin"] and .Config.WorkingDir == "/etc"'
    [ "$(carte inspect imported second:2 | jq -c 'map(.RootFS.Layers) | unique | length')" = 1 ]
    carte import root.tar plain
    carte import - plain:2 <root.tar
    [ "$(carte inspect plain plain:2 | jq 'map(.Id) | unique | length')" = 2 ] # their histories differ
    [ "$(carte images -q --filter dangling=true | wc -l)" = 0 ]
    printf 'name: imported\nservices: {app: {image: imported}}\n' >carte.yaml
    carte-stack up -d
    eventually 30 has_count imported app exited 1 || carte-stack ps -a
    [ "$(carte-stack logs --no-log-prefix app)" = $'imported\n5:6\nb /etc' ]
    carte-stack down
}

@test "a change that is none, and an archive that is none, are refused" {
    tar -cf root.tar -C "$CARTE_TEST/web" .
    run ! carte import -c 'RUN rm /etc/word' root.tar refused
    [[ "$output" == *"'RUN rm /etc/word' is no change of an image"* ]]
    run ! carte import /bin/busybox refused
    [[ "$output" == *"Unrecognized archive format"* ]]
    run ! carte import /dev/null refused
    [[ "$output" == *empty* ]]
    run ! carte inspect refused
    [ "$(carte images -q --filter dangling=true | wc -l)" = 0 ]
}

@test "an image is exported as its files are, and imported again" {
    mkdir context
    cp /bin/busybox context
    cat >context/Cartefile <<'CARTEFILE'
FROM scratch
COPY busybox /bin/busybox
RUN --network=none ["/bin/busybox", "--install", "-s", "/bin"]
RUN --network=none echo one >/one && ln /one /two && mkfifo /pipe && mkdir -m 1777 /tmp && touch /gone && chown 3:4 /one && chmod 4755 /one
RUN --network=none rm /gone && ln -s one /three
CARTEFILE
    carte build -t exported context
    carte export exported >image.tar
    tar -tvf image.tar | grep -E ' (one|two|three|pipe|tmp/)( |$)' | awk '{ print $1, $2, $6, $7, $8, $9 }' | sort -k3 >listing
    diff listing - <<'EXPECTED'
-rwsr-xr-x 3/4 one   
prw-r--r-- 0/0 pipe   
lrwxrwxrwx 0/0 three -> one 
drwxrwxrwt 0/0 tmp/   
hrwsr-xr-x 3/4 two link to one
EXPECTED
    run ! grep -q gone <(tar -tf image.tar)
    carte import image.tar again
    carte export again | cmp - image.tar
}

@test "a container is exported with what it wrote, while it runs" {
    cat >carte.yaml <<'YAML'
name: exporting
services:
  app:
    image: web
    command: ["sh", "-c", "echo written >/written; rm /www/index.html; echo ready >/ready; exec sleep 1000"]
YAML
    carte-stack up -d
    eventually 30 carte-stack exec -T app test -e /ready
    carte export -o container.tar exporting-app-1
    carte-stack down -t 0
    [ "$(tar -xOf container.tar written)" = written ]
    [ "$(tar -xOf container.tar www/cgi-bin/who | head -n 1)" = '#!/bin/sh' ]
    run ! tar -xOf container.tar www/index.html
    run ! carte export exporting-app-1
    [[ "$output" == *"there is no container and no image 'exporting-app-1'"* ]]
}

# A second image, newer, without RUN; its name has a port and a path.
make_other() {
    mkdir -p other
    printf 'FROM web\nLABEL kind=other team="a b"\nENV A=b\nHEALTHCHECK CMD true\n' >other/Cartefile
    carte build -t localhost:5000/team/other:v1 other
}

@test "images are listed as docker lists them, with filters and templates" {
    make_other
    [ "$(carte images | head -n 1 | tr -s ' ')" = "REPOSITORY TAG IMAGE ID CREATED SIZE" ]
    [ "$(carte images --format '{{.Repository}}:{{.Tag}}' | head -n 1)" = localhost:5000/team/other:v1 ]
    [ "$(carte images -q web)" = "$(id_of web | cut -c 8-19)" ]
    [ "$(carte images -q --no-trunc web:latest)" = "$(id_of web)" ]
    [ "$(carte images --format json 'localhost:5000/*/*' | jq -r '.Repository + " " + .Tag')" = 'localhost:5000/team/other v1' ]
    [ "$(carte images --digests --format 'table {{.Tag}}\t{{.Digest}}' web)" = $'TAG      DIGEST\nlatest   '"$(carte inspect web -f '{{.Digest}}')" ]
    [ "$(carte images --filter label=kind=other --format '{{.Tag}}')" = v1 ]
    [ "$(carte images --filter label=kind --filter label=team='a c' -q)" = '' ]
    [ "$(carte images --filter before=localhost:5000/team/other:v1 --filter reference='w?b' --format '{{.Repository}}')" = web ]
    [ "$(carte images --filter since=web --filter reference=web -q)" = '' ]
    carte build -t localhost:5000/team/other:v1 --label kind=third other
    [ "$(carte images --filter dangling=true --format '{{.Repository}} {{.Tag}}')" = '<none> <none>' ]
    [ "$(carte images -a --filter dangling=false --filter reference='*/*/*' --format '{{.Tag}}')" = v1 ]
    run ! carte images --format '{{.Repositry}}'
    [[ "$output" == *"did you mean 'Repository'"* ]]
    run ! carte images --filter colour=red
    [[ "$output" == *"dangling=true, reference=PATTERN"* ]]
    carte prune -f
    carte rmi localhost:5000/team/other:v1
}

@test "inspect has docker's keys and values" {
    make_other
    carte inspect localhost:5000/team/other:v1 >out
    jq -e '.[0] | .RepoTags == ["localhost:5000/team/other:v1"] and .Os == "linux" and .Architecture != ""
        and .RepoDigests == ["localhost:5000/team/other@" + .Digest] and .RootFS.Type == "layers"
        and (.RootFS.Layers | length) == 3 and .Size > .CompressedSize
        and .Config.Cmd == ["httpd", "-f", "-p", "80", "-h", "/www"] and .Config.Entrypoint == null
        and .Config.ExposedPorts == {"80/tcp": {}} and .Config.Labels == {"kind": "other", "team": "a b"}
        and .Config.Healthcheck.Test == ["CMD-SHELL", "true"]' out
    carte inspect -f '{{range .Config.Env}}{{println .}}{{end}}' localhost:5000/team/other:v1 | grep -qx A=b
    [ "$(carte inspect -f '{{index .Config.Labels "team"}} {{len .RootFS.Layers}}' localhost:5000/team/other:v1)" = 'a b 3' ]
    run --separate-stderr ! carte inspect missing web
    [ "$(jq -r '.[0].RepoTags[0]' <<<"$output")" = web:latest ]
    [[ "$stderr" == *"no such image: 'missing'"* ]]
    carte rmi localhost:5000/team/other:v1
}

@test "history tells what each instruction added" {
    make_other
    carte history localhost:5000/team/other:v1 >out
    [ "$(head -n 1 out | tr -s ' ')" = "IMAGE CREATED CREATED BY SIZE COMMENT" ]
    [ "$(carte history --format '{{.CreatedBy}}|{{.ID}}' localhost:5000/team/other:v1 | head -n 2)" = "HEALTHCHECK CMD true|$(carte images -q localhost:5000/team/other)
ENV A=b|<missing>" ]
    [ "$(carte history --human=false --no-trunc --format '{{.CreatedBy}} {{.Size}}' web | grep 'COPY busybox')" = "COPY busybox /bin/busybox $(stat -c %s /bin/busybox)" ]
    [ "$(carte history -q --no-trunc web | head -n 1)" = "$(id_of web)" ]
    carte rmi localhost:5000/team/other:v1
}

@test "prune does not wait for what uses the store, and says what that may be" {
    run ! flock -s "$CARTE_ROOT/images/build.lock" carte prune -f
    [[ "$output" == *"the store is in use, by a build, a pull or the like"* ]]
    carte prune -f
}

@test "an image that containers use is not removed, and not pruned" {
    printf 'name: using\nservices: {app: {image: web}}\n' >carte.yaml
    carte-stack up -d
    run ! carte rmi -f web
    [[ "$output" == *"container using-app-1 runs the image"* ]]
    run ! carte rmi "$(id_of web)"
    carte tag web web:again
    [ "$(carte rmi web:again)" = 'Untagged: web:again' ]
    carte prune -a -f
    carte-stack exec -T app test -e /www/index.html
    carte inspect web -f '{{.Id}}'
    carte-stack down -t 0
}

@test "rmi takes several images, tells of each that fails, and wants --force for all names" {
    carte tag web one:1
    carte tag web one:2
    run --separate-stderr ! carte rmi one:1 missing:1 one:2 missing:2
    [ "$output" = $'Untagged: one:1\nUntagged: one:2' ]
    [[ "$stderr" == *missing:1* ]]
    [[ "$stderr" == *missing:2* ]]
    carte save web | CARTE_ROOT=$OWN carte load
    export CARTE_ROOT=$OWN
    carte tag web two
    run ! carte rmi "$(carte images -q web)"
    [[ "$output" == *"2 names"*--force* ]]
    id=$(id_of web)
    carte rmi -f "$id" missing >out
    diff out - <<<"Untagged: web:latest
Untagged: two:latest
Deleted: $id"
    [ "$(carte images -q)" = '' ]
}

@test "prune frees what no image needs, asks first, and can spare what is young" {
    carte save web | CARTE_ROOT=$OWN carte load
    export CARTE_ROOT=$OWN
    make_other
    run ! carte prune -a </dev/null
    [[ "$output" == *--force* ]]
    carte prune -a -f --filter until=24h
    [ "$(carte images -q | wc -l)" = 2 ]
    carte prune -a -f --filter label=kind=other >out
    grep -qx 'Untagged: localhost:5000/team/other:v1' out
    [ "$(carte images --format '{{.Repository}}')" = web ]
    carte df --format json | jq -se '.[0] | .Type == "Images" and .TotalCount == "1" and .Active == "0"'
    carte rmi web
    carte df --format json | jq -se '.[3] | .Type == "Build Cache" and (.TotalCount | tonumber) > 0'
    carte prune -a -f --filter until=0s >out
    [[ "$(tail -n 1 out)" == "Total reclaimed space: "*MiB ]]
    [ "$(carte images -q)" = '' ]
    [ "$(find "$OWN/images/blobs" "$OWN/images/layers" -type f | wc -l)" = 0 ]
}
