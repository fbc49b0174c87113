# Images to and from real registries (Debian's docker-registry): plain, with TLS and a login, and
# with a server of tokens.

load lib
load lib_registry

PLAIN=localhost:5000
SAFE=localhost:5443
TOKEN=localhost:5001

# serve NAME YAML: a registry, its log in NAME.log.
serve() {
    printf 'version: 0.1\nlog: {level: info, accesslog: {disabled: false}}\nstorage: {filesystem: {rootdirectory: %s}, delete: {enabled: true}}\n%s\n' \
        "$CARTE_TEST/$1" "$2" >"$CARTE_TEST/$1.yml"
    docker-registry serve "$CARTE_TEST/$1.yml" >"$CARTE_TEST/$1.log" 2>&1 3>&- &
    echo "$!" >>"$CARTE_TEST/servers"
}

setup_file() {
    begin_registries
    openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 2 -subj /CN=test-ca
    openssl req -newkey rsa:2048 -nodes -keyout tls.key -out tls.csr -subj /CN=localhost
    openssl x509 -req -in tls.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out tls.crt \
        -extfile <(echo subjectAltName=DNS:localhost)
    htpasswd -Bbn me secret >htpasswd
    serve plain "http: {addr: '127.0.0.1:5000'}"
    serve safe "http: {addr: '127.0.0.1:5443', tls: {certificate: $PWD/tls.crt, key: $PWD/tls.key}}
auth: {htpasswd: {realm: test, path: $PWD/htpasswd}}"
    serve token "http: {addr: '127.0.0.1:5001'}
auth: {token: {realm: 'http://127.0.0.1:5002/token', service: registry, issuer: carte-test, rootcertbundle: $PWD/ca.crt}}"
    "$TOP/build/release/tests/registry/token_server" 5002 ca.crt ca.key 300 >tokens.log 3>&- &
    echo "$!" >>servers
    for url in http://$PLAIN https://$SAFE http://$TOKEN http://127.0.0.1:5002; do
        eventually 30 answers "$url"
    done
    mkdir context
    make_web_context context
    head -c 3000000 /dev/urandom >context/data
    echo 'COPY data /data' >>context/Cartefile
    carte build -q -t web context
}

teardown_file() {
    while read -r pid; do
        kill "$pid" || true
    done <"$CARTE_TEST/servers"
    no_leaks
}

setup() {
    cd "$(mktemp -d "$CARTE_TEST/case.XXXX")" || return 1
    OWN=$PWD/own # another store
    rm -f "$DOCKER_CONFIG/config.json"
    rm -rf "$HOME/.config"
}

# publish NAME: the image of this file under a name of its own, pushed.
publish() {
    carte tag web "$1"
    carte push "$@"
}
digest_of() {
    carte inspect "$1" | jq -r '.[0].Digest'
}
trust() {
    mkdir -p "$HOME/.config/containers/certs.d/$SAFE"
    cp "$CARTE_TEST/ca.crt" "$HOME/.config/containers/certs.d/$SAFE/"
}
login() {
    echo secret | carte login -u me --password-stdin "$1"
}

@test "an image goes over HTTP into another store as it is" {
    run -0 publish $PLAIN/a/web:1
    pinned=$(tail -n 1 <<<"$output")
    [ "$pinned" = "$PLAIN/a/web@$(digest_of web)" ]
    id=$(CARTE_ROOT=$OWN carte pull -q $PLAIN/a/web:1)
    [ "$id" = "$(carte inspect web | jq -r '.[0].Id')" ]
    [ "$(CARTE_ROOT=$OWN digest_of $PLAIN/a/web:1)" = "$(digest_of web)" ]
    store_is_whole "$OWN"
    run -0 env CARTE_ROOT="$OWN" carte pull $PLAIN/a/web:1
    [[ "$output" == *"Up to date"* ]]
    CARTE_ROOT=$OWN.2 carte pull -q "$pinned"
    [ "$(CARTE_ROOT=$OWN.2 digest_of "$pinned")" = "$(digest_of web)" ]
}

@test "--all-tags pushes every tag of a name, and no other name" {
    for name in tags:1 tags:2 tags2:1; do carte tag web "$PLAIN/all/$name"; done
    run -0 carte push -q -a $PLAIN/all/tags
    [ "$output" = "$PLAIN/all/tags@$(digest_of web)
$PLAIN/all/tags@$(digest_of web)" ]
    [ "$(curl -s http://$PLAIN/v2/all/tags/tags/list | jq -c '.tags | sort')" = '["1","2"]' ]
    [ "$(curl -so /dev/null -w '%{http_code}' http://$PLAIN/v2/all/tags2/tags/list)" = 404 ]
    run ! carte push -a $PLAIN/all/tags:1
    [[ "$output" == *"--all-tags takes a name without a tag"* ]]
    run ! carte push -a $PLAIN/all/none
    [[ "$output" == *"the store has no tag of '$PLAIN/all/none'"* ]]
    carte rmi $PLAIN/all/tags:1 $PLAIN/all/tags:2 $PLAIN/all/tags2:1
}

@test "what a registry has is not sent again, also from another repository" {
    publish $PLAIN/mount/one
    publish $PLAIN/mount/two
    grep -q 'POST /v2/mount/two/blobs/uploads/?mount=.*&from=[^ ]* HTTP/1.1" 201' "$CARTE_TEST/plain.log"
    publish $PLAIN/mount/two
    # The configuration is no layer, and so is sent.
    [ "$(grep -c 'PUT /v2/mount/two/blobs' "$CARTE_TEST/plain.log")" -eq 1 ]
}

@test "gzip has the same digest each time, and pieces arrive as the whole" {
    run -0 publish $PLAIN/gzip --compression gzip
    first=$(tail -n 1 <<<"$output")
    run -0 publish $PLAIN/gzip2 --compression gzip --chunk-size 1m
    [ "${first#*@}" = "$(tail -n 1 <<<"$output" | cut -d@ -f2)" ]
    [ "$(grep -c 'PATCH /v2/gzip2/blobs/uploads/' "$CARTE_TEST/plain.log")" -ge 4 ]
    CARTE_ROOT=$OWN carte pull -q $PLAIN/gzip2
    [ "$(CARTE_ROOT=$OWN carte inspect $PLAIN/gzip2 | jq -r '.[0].Id')" = "$(carte inspect web | jq -r '.[0].Id')" ]
    store_is_whole "$OWN"
}

@test "an interrupted blob goes on where it stopped; wrong bytes are fetched anew" {
    publish $PLAIN/resume
    layers=$(find "$CARTE_ROOT/images/blobs/sha256" -size +1000k)
    [ -n "$layers" ]
    mkdir -p "$OWN/images/partial" "$OWN.2/images/partial"
    for layer in $layers; do
        head -c 500000 "$layer" >"$OWN/images/partial/${layer##*/}"
        head -c 500000 /dev/zero >"$OWN.2/images/partial/${layer##*/}"
    done
    CARTE_ROOT=$OWN carte pull -q $PLAIN/resume
    grep -q 'GET /v2/resume/blobs/[^ ]* HTTP/1.1" 206' "$CARTE_TEST/plain.log"
    CARTE_ROOT=$OWN.2 carte pull -q $PLAIN/resume
    for store in "$OWN" "$OWN.2"; do
        store_is_whole "$store"
        [ -z "$(ls -A "$store/images/partial")" ]
    done
}

@test "several at once pull into one store" {
    publish $PLAIN/many
    pids=()
    for _ in 1 2 3 4; do
        CARTE_ROOT=$OWN carte pull -q $PLAIN/many 3>&- &
        pids+=("$!")
    done
    for pid in "${pids[@]}"; do
        wait "$pid"
    done
    store_is_whole "$OWN"
    [ "$(CARTE_ROOT=$OWN digest_of $PLAIN/many)" = "$(digest_of web)" ]
}

@test "the platform's image is taken from a list" {
    publish $PLAIN/multi:amd64
    for digest in "$(digest_of web)" "$(carte inspect web | jq -r '.[0].Id')"; do
        cp "$CARTE_ROOT/images/blobs/sha256/${digest#*:}" "${digest#*:}"
    done
    # The same for arm64, put there by hand, and a list of both.
    jq -c '.architecture = "arm64"' "$(carte inspect web | jq -r '.[0].Id' | cut -d: -f2)" >config
    config=sha256:$(sha256sum <config | cut -d' ' -f1)
    where=$(curl -s -D - -o /dev/null -X POST http://$PLAIN/v2/multi/blobs/uploads/ | tr -d '\r' | sed -n 's/^Location: //p')
    curl -sf -X PUT --data-binary @config -H 'Content-Type: application/octet-stream' "$where&digest=$config"
    jq -c --arg d "$config" --argjson s "$(stat -c %s config)" '.config.digest = $d | .config.size = $s' \
        "$(digest_of web | cut -d: -f2)" >manifest
    type=$(jq -r .mediaType manifest)
    curl -sf -X PUT --data-binary @manifest -H "Content-Type: $type" http://$PLAIN/v2/multi/manifests/arm64
    item() {
        printf '{"mediaType":"%s","digest":"sha256:%s","size":%s,"platform":{"os":"linux","architecture":"%s"}}' \
            "$type" "$(sha256sum <"$1" | cut -d' ' -f1)" "$(stat -c %s "$1")" "$2"
    }
    list=application/vnd.oci.image.index.v1+json
    printf '{"schemaVersion":2,"mediaType":"%s","manifests":[%s,%s]}' "$list" "$(item manifest arm64)" \
        "$(item "$(digest_of web | cut -d: -f2)" amd64)" >list
    curl -sf -X PUT --data-binary @list -H "Content-Type: $list" http://$PLAIN/v2/multi/manifests/all
    CARTE_ROOT=$OWN carte pull -q --platform linux/amd64 $PLAIN/multi:all
    [ "$(CARTE_ROOT=$OWN digest_of $PLAIN/multi:all)" = "$(digest_of web)" ]
    pinned=$PLAIN/multi@sha256:$(sha256sum <list | cut -d' ' -f1)
    [ "$(CARTE_ROOT=$OWN carte pull -q --platform linux/arm64 "$pinned")" = "$config" ]
    run ! env CARTE_ROOT="$OWN" carte pull --platform linux/riscv64 $PLAIN/multi:all
    [[ "$output" == *"no image for linux/riscv64; there are: linux/arm64, linux/amd64"* ]]
    run ! env CARTE_ROOT="$OWN" carte pull --platform linux/amd64 $PLAIN/multi:arm64
    [[ "$output" == *"this one is for linux/arm64"* ]]
}

@test "a certificate must be trusted, unless --insecure says that it need not" {
    run ! carte pull $SAFE/x
    [[ "$output" == *"certificate"*"SSL_CERT_FILE"* ]]
    trust
    run ! carte pull $SAFE/x
    [[ "$output" == *"status 401"*"carte login $SAFE"* ]]
    rm -r "$HOME/.config"
    run ! carte pull --insecure $SAFE/x
    [[ "$output" == *"status 401"* ]]
    run ! env SSL_CERT_FILE="$CARTE_TEST/ca.crt" carte pull $SAFE/x
    [[ "$output" == *"status 401"* ]]
}

@test "who is logged in pushes and pulls over TLS, and nobody after logging out" {
    trust
    echo '{"psFormat":"x","auths":{"other":{"auth":"YTpi"}}}' >"$DOCKER_CONFIG/config.json"
    run ! carte login -u me --password-stdin $SAFE <<<wrong
    [[ "$output" == *"status 401"* ]]
    [ "$(jq -r '.auths | keys[]' "$DOCKER_CONFIG/config.json")" = other ]
    login $SAFE
    [ "$(stat -c %a "$DOCKER_CONFIG/config.json")" = 600 ]
    [ "$(jq -r '.psFormat + .auths.other.auth' "$DOCKER_CONFIG/config.json")" = xYTpi ]
    publish $SAFE/a/web
    CARTE_ROOT=$OWN carte pull -q $SAFE/a/web
    [ "$(CARTE_ROOT=$OWN digest_of $SAFE/a/web)" = "$(digest_of web)" ]
    carte logout $SAFE
    run ! carte pull $SAFE/a/web
    [[ "$output" == *"status 401"* ]]
    run -0 carte logout $SAFE
    [[ "$output" == *"Not logged in"* ]]
    [ "$(jq -r '.auths | keys[]' "$DOCKER_CONFIG/config.json")" = other ]
}

@test "a credential helper keeps the password out of the file" {
    trust
    mkdir bin
    cat >bin/docker-credential-test <<'HELPER'
#!/bin/sh
case $1 in
store) cat >"$HELPER_FILE" ;;
get) [ "$(cat)" = localhost:5443 ] && [ -e "$HELPER_FILE" ] && cat "$HELPER_FILE" || { echo credentials not found in native keychain; exit 1; } ;;
erase) rm -f "$HELPER_FILE" ;;
esac
HELPER
    chmod +x bin/docker-credential-test
    export HELPER_FILE=$PWD/kept PATH=$PWD/bin:$PATH
    echo '{"credsStore":"test"}' >"$DOCKER_CONFIG/config.json"
    run -0 login $SAFE
    [[ "$output" == *docker-credential-test* ]]
    [ "$(jq -r .Secret kept)" = secret ]
    run ! grep -q auth\" "$DOCKER_CONFIG/config.json"
    publish $SAFE/helped
    carte logout $SAFE
    [ ! -e kept ]
    run ! carte pull $SAFE/helped
    [[ "$output" == *"carte login"* ]]
}

@test "a server of tokens is asked for what is to be done" {
    carte tag web $TOKEN/a/web
    run ! carte push $TOKEN/a/web
    [[ "$output" == *"carte login $TOKEN"* ]]
    login $TOKEN
    carte push $TOKEN/a/web
    grep -q 'scope=repository%3Aa%2Fweb%3Apull%2Cpush.*Basic' "$CARTE_TEST/tokens.log"
    # Blobs of another repository need its scope, too.
    publish $TOKEN/b/web
    grep -q 'scope=repository%3Ab%2Fweb%3Apull%2Cpush&scope=repository%3Aa%2Fweb%3Apull' "$CARTE_TEST/tokens.log"
    carte logout $TOKEN
    CARTE_ROOT=$OWN carte pull -q $TOKEN/b/web
    [ "$(CARTE_ROOT=$OWN digest_of $TOKEN/b/web)" = "$(digest_of web)" ]
    run ! carte login -u me --password-stdin $TOKEN <<<wrong
    [[ "$output" == *"ask for a token"*"status 401"* ]]
}

@test "what is not there is said so" {
    run ! carte pull $PLAIN/nothing:7
    [[ "$output" == *"status 404, not found (manifest unknown)"* ]]
    run ! carte push $PLAIN/nothing:7
    [[ "$output" == *"carte tag IMAGE $PLAIN/nothing:7"* ]]
    run ! carte pull localhost:9/x
    [[ "$output" == *"localhost:9"*"connect"* ]]
    run ! carte pull no-such-host.invalid/x
    [[ "$output" == *"no-such-host.invalid"* ]]
    run ! carte pull UPPER
    [[ "$output" == *"no name of an image"* ]]
}

@test "a stack's images are pushed, and pulled by the next who brings it up" {
    mkdir web
    make_web_context web
    echo "{name: pulled, services: {web: {build: ./web, image: '$PLAIN/stack/web'}}}" >carte.yaml
    carte-stack build
    run -0 carte-stack push
    [[ "$output" == *"$PLAIN/stack/web@sha256:"* ]]
    carte rmi $PLAIN/stack/web
    printf 'name: pulled\nservices: {web: {image: "%s", pull_policy: never}}\n' $PLAIN/stack/web >carte.yaml
    run ! carte-stack up -d
    [[ "$output" == *"never pulled"* ]]
    carte-stack up -d --pull missing
    [ "$(count pulled web running)" = 1 ]
    carte-stack down -t 0
    carte rmi $PLAIN/stack/web
    carte-stack pull
    carte inspect $PLAIN/stack/web
    carte-stack up -d
    carte-stack down -t 0
}

@test "an image is fetched again when the last time was as long ago as the pull policy says" {
    CARTE_ROOT=$OWN carte build -q -t $PLAIN/aging "$CARTE_TEST/context"
    CARTE_ROOT=$OWN carte push $PLAIN/aging
    printf 'name: aging\nservices: {web: {image: "%s", pull_policy: every_1w2d, stop_signal: SIGKILL}}\n' $PLAIN/aging >carte.yaml
    carte-stack up -d
    first=$(digest_of $PLAIN/aging)
    printf 'FROM %s\nLABEL second=1\n' $PLAIN/aging >Cartefile
    CARTE_ROOT=$OWN carte build -q -t $PLAIN/aging .
    CARTE_ROOT=$OWN carte push $PLAIN/aging
    last_pull() { # DATE
        jq --arg name "$PLAIN/aging:latest" --arg at "$(date -u -d "$1" +%FT%TZ)" \
            '(.manifests[].annotations | select(."org.opencontainers.image.ref.name" == $name))["carte.pulled"] = $at' \
            "$CARTE_ROOT/images/index.json" >index
        cat index >"$CARTE_ROOT/images/index.json"
    }
    last_pull '8 days ago'
    carte-stack up -d
    [ "$(digest_of $PLAIN/aging)" = "$first" ]
    last_pull '10 days ago'
    carte-stack up -d
    [ "$(digest_of $PLAIN/aging)" != "$first" ]
    # It is asked once, also when there is nothing new.
    last_pull '10 days ago'
    carte-stack up -d 2>log
    grep -q 'Up to date' log
    carte-stack up -d 2>log
    run ! grep 'Up to date' log
    carte-stack down -t 0
}

@test "a service for another platform is refused before anything is fetched or built" {
    printf 'name: far\nservices:\n  near: {image: "%s"}\n  web: {image: far, build: %s, platform: linux/s390x}\n' \
        $PLAIN/not-there "$CARTE_TEST/context" >carte.yaml
    for command in 'up -d' build; do
        run ! carte-stack $command
        [[ "$output" == *"service 'web': its platform is 'linux/s390x', and this machine's is linux/"* ]]
        [[ "$output" != *not-there* ]]
    done
    sed -i 's/s390x/quick/' carte.yaml
    run ! carte-stack build
    [[ "$output" == *"service 'web': "*quick* ]]
}

@test "up and build take a certificate that nobody trusts with --insecure" {
    trust
    login $SAFE
    publish $SAFE/unknown
    rm -r "$HOME/.config"
    carte rmi $SAFE/unknown
    printf 'name: unknown\nservices: {web: {image: "%s"}}\n' $SAFE/unknown >carte.yaml
    run ! carte-stack up -d
    [[ "$output" == *certificate* ]]
    carte-stack up -d --insecure
    carte-stack down -t 0
    printf 'FROM %s\nLABEL a=b\n' $SAFE/unknown >Cartefile
    run ! env CARTE_ROOT="$OWN" carte build .
    [[ "$output" == *certificate* ]]
    CARTE_ROOT=$OWN carte build --insecure .
    printf 'name: unknown\nservices: {web: {build: .}}\n' >carte.yaml
    CARTE_ROOT=$OWN.2 carte-stack build --insecure
}

@test "a build pulls the base that it lacks" {
    publish $PLAIN/base
    printf 'FROM %s\nCOPY --from=%s /www/index.html /copy\nRUN --network=none test -s /copy\n' $PLAIN/base $PLAIN/base >Cartefile
    CARTE_ROOT=$OWN carte build -q -t built .
    [ "$(CARTE_ROOT=$OWN digest_of $PLAIN/base)" = "$(digest_of web)" ]
}

# Podman, with all that is its own below the test's folder.
podman() {
    DOCKER_CONFIG='' timeout 120 /usr/bin/podman --root "$PWD/podman" --runroot "$PWD/podman-run" \
        --tmpdir "$PWD/podman-tmp" --storage-driver vfs --cgroup-manager cgroupfs --events-backend none "$@"
}
layers_of() {
    carte inspect "$1" | jq -c '.[0].RootFS.Layers'
}

@test "podman pulls what was pushed here, and what it pushes is pulled here" {
    printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' $PLAIN >registries.conf
    export CONTAINERS_REGISTRIES_CONF=$PWD/registries.conf
    id=$(carte inspect web | jq -r '.[0].Id')
    publish $PLAIN/peer/gzip --compression gzip
    # It knows blobs by what is in them: before it meets zstd, or it would name that in the old format.
    for format in v2s2 oci; do
        podman pull -q $PLAIN/peer/gzip
        [ "sha256:$(podman image inspect --format '{{.Id}}' $PLAIN/peer/gzip)" = "$id" ]
        podman push -q --format $format $PLAIN/peer/gzip $PLAIN/back/$format
        CARTE_ROOT=$OWN carte pull -q $PLAIN/back/$format
        [ "$(CARTE_ROOT=$OWN layers_of $PLAIN/back/$format)" = "$(layers_of web)" ]
    done
    publish $PLAIN/peer/zstd
    podman pull -q $PLAIN/peer/zstd
    [ "sha256:$(podman image inspect --format '{{.Id}}' $PLAIN/peer/zstd)" = "$id" ]
    # What came in the old format goes on as it is.
    CARTE_ROOT=$OWN carte tag $PLAIN/back/v2s2 $PLAIN/again/v2s2
    run -0 env CARTE_ROOT="$OWN" carte push $PLAIN/again/v2s2
    [ "${output##*@}" = "$(CARTE_ROOT=$OWN digest_of $PLAIN/back/v2s2)" ]
    curl -sf -H 'Accept: application/vnd.docker.distribution.manifest.v2+json' \
        http://$PLAIN/v2/again/v2s2/manifests/latest | grep -q docker.distribution
}
