# Registries that misbehave (tests/registry/hostile_registry.c): whatever they answer, a pull or push
# ends with a word about it, in bounded time and memory, and the store is whole.

load lib
load lib_registry

PORT=5000 OTHER=5001 TLS=5443
HOST=127.0.0.1:$PORT

setup_file() {
    begin_registries
    openssl req -x509 -newkey rsa:2048 -nodes -keyout tls.key -out tls.crt -days 2 -subj /CN=localhost \
        -addext subjectAltName=DNS:localhost
    "$TOP/build/release/tests/registry/hostile_registry" $PORT $OTHER $TLS tls.crt tls.key >log 3>&- &
    echo "$!" >server
    eventually 30 answers "http://$HOST"
    # There is a password that must not get out.
    printf '{"auths":{"%s":{"auth":"%s"}}}' $HOST "$(printf me:secret | base64)" >"$DOCKER_CONFIG/config.json"
}

teardown_file() {
    kill "$(cat "$CARTE_TEST/server")"
    no_leaks
}

setup() {
    cd "$(mktemp -d "$CARTE_TEST/case.XXXX")" || return 1
    OWN=$PWD/own
}

# ends_with_word IMAGE PATTERN [VARIABLE=VALUE...]: pulling fails, with a message like that, and
# leaves a store without the image. Two gigabytes of addresses are much for this, and little for
# what is announced.
ends_with_word() {
    local image=$1 pattern=$2 root status=0
    shift 2
    root=$PWD/${image//[:\/]/_}
    (
        ulimit -v 2000000
        CARTE_ROOT=$root timeout 300 env "$@" carte pull "$image" >"$root.out" 2>&1
    ) || status=$?
    # shellcheck disable=SC2254
    case $(cat "$root.out") in
    $pattern) ;;
    *)
        echo "$image: not '$pattern' but: $(cat "$root.out")" >&2
        return 1
        ;;
    esac
    [ $status -ne 0 ] && [ $status -lt 124 ] || {
        echo "$image: exit status $status" >&2
        return 1
    }
    store_is_whole "$root" || {
        echo "$image: the store is broken" >&2
        return 1
    }
    [ -z "$(CARTE_ROOT=$root carte images -q)" ] || {
        echo "$image: there is an image" >&2
        return 1
    }
}

# all_end TABLE: lines "NAME PATTERN", eight at a time, since some wait before they try again.
all_end() {
    local name pattern pid pids=() failed=0
    while read -r name pattern; do
        ends_with_word "$name" "$pattern" "${@:2}" &
        pids+=("$!")
        [ ${#pids[@]} -lt 8 ] || { wait "${pids[0]}" || failed=1; pids=("${pids[@]:1}"); }
    done <<<"$1"
    for pid in "${pids[@]}"; do
        wait "$pid" || failed=1
    done
    [ $failed -eq 0 ]
}

@test "S43 a registry that behaves is pulled from" {
    for name in good list flaky short-token elsewhere; do
        CARTE_ROOT=$OWN.$name carte pull -q $HOST/$name:1 >>ids
        store_is_whole "$OWN.$name"
    done
    [ "$(sort -u ids | wc -l)" -eq 1 ]
}

@test "a pull that is killed amid a blob leaves a whole store, and the next one goes on" {
    CARTE_ROOT=$OWN carte pull $HOST/stalls:1 3>&- &
    pid=$!
    has_half() {
        [ "$(stat -c %s "$OWN"/images/partial/* 2>/dev/null)" -ge 150000 ]
    }
    eventually 60 has_half
    kill -9 "$pid"
    wait "$pid" || true
    store_is_whole "$OWN"
    [ -z "$(CARTE_ROOT=$OWN carte images -q)" ]
    CARTE_ROOT=$OWN carte pull -q $HOST/stalls:1
    grep -q 'GET /v2/stalls/blobs/.* bytes=1[0-9]*-$' "$CARTE_TEST/log"
    store_is_whole "$OWN"
    [ -z "$(ls -A "$OWN/images/partial")" ]
    CARTE_ROOT=$OWN carte inspect $HOST/stalls:1
}

@test "S18 manifests that are none end a pull" {
    all_end "$HOST/manifest-redirect-file:1 *redirect:*is no URL of http*
$HOST/manifest-redirect-garbage:1 *redirect:*is no URL of http*
$HOST/manifest-redirect-loop:1 *more than 10 redirects*
$HOST/manifest-endless:1 *longer than 4194304 bytes*
$HOST/manifest-10-gb:1 *longer than 4194304 bytes*
$HOST/manifest-endless-headers:1 *bytes of headers*
$HOST/manifest-no-answer:1 *Empty reply from server*
$HOST/manifest-no-http:1 *HTTP/0.9*
$HOST/manifest-500:1 *status 500*
$HOST/manifest-403:1 *status 403*(not [?][[]31myou)*
$HOST/manifest-garbled-chunks:1 *manifests/1:*chunk*
$HOST/manifest-not-json:1 *manifest:*
$HOST/manifest-deep:1 *manifest:*
$HOST/manifest-huge:1 *longer than 4194304 bytes*
$HOST/manifest-other-digest:1 *announced as sha256:0000*
$HOST/manifest-other-type:1 *announced as 'application/vnd.oci.image.index*
$HOST/manifest-list-and-image:1 *both a list and an image*
$HOST/manifest-first-version:1 *first version*
$HOST/manifest-path-as-digest:1 *no sha256 digest*
$HOST/manifest-path-as-config:1 *no sha256 digest*
$HOST/manifest-negative-size:1 *no sha256 digest or size*
$HOST/manifest-petabyte:1 *has more than * bytes*
$HOST/manifest-big-config:1 *a configuration of * bytes*
$HOST/manifest-many-layers:1 *at most 128*
$HOST/manifest-artifact:1 *no image but something else*helm*
$HOST/manifest-nul:1 *a NUL in it*
$HOST/list-of-lists:1 *lists in lists*
$HOST/list-other-child:1 *asked for sha256:*
$HOST/list-other-size:1 *bytes in place of 7*
$HOST/list-other-platform:1 *there is no image for linux/amd64; there are: linux/s390x*
127.0.0.1:$OTHER/x:1 *HTTP/0.9*"
    # Five tries, and no more.
    [ "$(grep -c 'GET /v2/manifest-500/' "$CARTE_TEST/log")" -eq 5 ]
}

@test "S18 blobs that are not what the manifest says end a pull" {
    all_end "$HOST/blob-redirect-file:1 *redirect:*is no URL of http*
$HOST/blob-redirect-loop:1 *more than 10 redirects*
$HOST/blob-redirect-asking:1 *:$OTHER/asks: status 401*
$HOST/blob-other:1 *has the digest*
$HOST/blob-short:1 *transfer closed*
$HOST/blob-short-chunks:1 *it ends after 4 of *
$HOST/blob-long:1 *longer than * bytes*
$HOST/blob-endless:1 *longer than * bytes*
$HOST/blob-10-gb:1 *longer than * bytes*
$HOST/blob-other-range:1 *another range than asked for*
$HOST/blob-escape:1 *unpack*
$HOST/config-other:1 *has the digest*
$HOST/config-odd:1 *digest*"
    [ ! -e "$CARTE_TEST/escape" ]
}

@test "S43 answers that drip are given up" {
    all_end "$HOST/manifest-drip:1 *too slow*
$HOST/blob-drip:1 *too slow*" CARTE_HTTP_TIMEOUT=1s
}

@test "S43 questions for a login without end or sense end a pull" {
    all_end "$HOST/asks-forever:1 *status 401*
$HOST/asks-basic-forever:1 *status 401*
$HOST/asks-garbage:1 *a quote is not closed*
$HOST/asks-file:1 *is no URL of http or https*
$HOST/asks-injection:1 *no token in the answer*
$HOST/asks-huge:1 *longer than 1048576 bytes*"
}

@test "S43 a registry with TLS leads nowhere without it" {
    all_end "localhost:$TLS/elsewhere:1 *leads from https to*
localhost:$TLS/asks-forever:1 *which is not https*" SSL_CERT_FILE="$CARTE_TEST/tls.crt"
    all_end "localhost:$TLS/good:1 *certificate*SSL_CERT_FILE*"
}

@test "S43 uploads that lead to nowhere end a push" {
    mkdir context
    printf 'FROM scratch\nCOPY Cartefile /\n' >context/Cartefile
    for row in "nowhere *does not say where to upload*" "file *is no URL of http*" \
        "elsewhere *HTTP/0.9*" "fails *status 500*"; do
        carte build -q -t "$HOST/upload-${row%% *}:1" context
        run ! timeout 300 carte push "$HOST/upload-${row%% *}:1"
        # shellcheck disable=SC2254
        case $output in
        ${row#* }) ;;
        *) echo "${row%% *}: $output" >&2 && return 1 ;;
        esac
    done
}

@test "S43 no password got to another host" {
    grep -q '^GET /elsewhere \[\]' "$CARTE_TEST/log"
    grep -q '^GET /asks \[\]' "$CARTE_TEST/log"
    grep -q '^PUT /upload?digest=.* \[\]' "$CARTE_TEST/log"
    run ! grep -E '^[A-Z]+ /(elsewhere|asks|upload)[^ ]* \[.+\]' "$CARTE_TEST/log"
    # It was used where it belongs.
    grep -q "^GET /token/good.*\\[Basic $(printf me:secret | base64)\\]" "$CARTE_TEST/log"
}
