# The language of Cartefiles, as it looks from the command line and in real steps.

load lib

setup() {
    cd "$(mktemp -d "$CARTE_TEST/language.XXXX")" || return 1
}

# cartefile: a Cartefile with the shell's tools, and the lines of the standard input behind.
cartefile() {
    cp -n /bin/busybox .
    {
        printf '%s\n' 'FROM scratch' 'COPY busybox /bin/busybox' \
            'RUN --network=none ["/bin/busybox", "--install", "-s", "/bin"]'
        cat
    } >Cartefile
}

@test "scripts run with the shell or with the program that they name" {
    cartefile <<'CARTEFILE'
USER 1000:1000
WORKDIR /tmp/work
USER 0
ARG GREETING=hello
RUN --network=none <<EOF
set -e
echo "$GREETING" >/one
cd /bin
pwd >/two
EOF
RUN --network=none <<-"EOF"
	#!/bin/awk -f
	BEGIN { print "from awk" >"/three" }
	EOF
RUN --network=none cat <<A <<'B' >/four && test ! -e /dev/pipes
$GREETING is not seen here
A
second $GREETING
B
SHELL ["/bin/busybox", "sh", "-ec"]
RUN --network=none false; true || exit 1
CARTEFILE
    run ! carte build -t scripts .
    [[ "$output" == *"Cartefile:24:1: RUN --network=none false"* ]]
    sed -i 's/^RUN --network=none false; true.*/RUN --network=none true/' Cartefile
    cat >>Cartefile <<'CARTEFILE'
RUN --network=none <<EOF
grep -q "^hello$" /one
grep -q "^/bin$" /two
grep -q "^from awk$" /three
grep -q '^second [$]GREETING$' /four
test ! -e /dev/pipes/script
EOF
CARTEFILE
    carte build -t scripts .
    # Each step has its result in the store.
    run carte build -t scripts .
    [ "$status" -eq 0 ]
    [[ "$output" != *"scripts  ["* ]]
}

@test "triggers of an image run in the images based on it" {
    cartefile <<'CARTEFILE'
ONBUILD COPY app /app
ONBUILD RUN --network=none cat /app >/copied
CARTEFILE
    carte build -t parent .
    carte inspect parent | jq -e '.[0].Config.OnBuild | length == 2'
    mkdir child
    echo content >child/app
    printf 'FROM parent\nRUN --network=none grep -q content /copied\n' >child/Cartefile
    carte build -t child child
    carte inspect child | jq -e '.[0].Config.OnBuild == null'
}

@test "all mistakes of a file are shown at once, with the lines around" {
    printf 'FROM scratch\nCPOY a b\n\nENV x\nCOPY --form=y a b\n' >Cartefile
    run carte build -t x .
    [ "$status" -eq 65 ]
    [[ "$output" == *"Cartefile:2:1: unknown instruction 'CPOY': did you mean 'COPY'?"* ]]
    [[ "$output" == *"Cartefile:4:5: 'x' has no value: write x=..."* ]]
    [[ "$output" == *"Cartefile:5:6: COPY has no flag '--form': did you mean '--from'?"* ]]
    [[ "$output" == *"   2 | >>> CPOY a b"* ]]
    [[ "${lines[-1]}" == *"Cartefile has 3 mistakes" ]]
}

@test "a failed step shows the lines around it, and its reason last" {
    cartefile <<'CARTEFILE'
RUN --network=none echo before && \
    exit 7
CMD ["sh"]
CARTEFILE
    run carte build -t x .
    [ "$status" -eq 1 ]
    [[ "$output" == *"   4 | >>> RUN --network=none echo before && \\"* ]]
    [[ "$output" == *"   5 | >>>     exit 7"* ]]
    [[ "$output" == *"   6 |     CMD [\"sh\"]"* ]]
    [[ "${lines[-1]}" == *"exit status 7"* ]]
}

@test "--check says what could be better and builds nothing" {
    printf 'FROM scratch AS Base\nMAINTAINER me\nRUN ["/never"]\nCMD x\n' >Cartefile
    run carte build --check .
    [ "$status" -eq 1 ]
    [[ "$output" == *"Cartefile:1:1: warning: StageNameCasing: "* ]]
    [[ "$output" == *"Cartefile:2:1: warning: MaintainerDeprecated: "* ]]
    [[ "$output" == *"Cartefile:4:1: warning: JSONArgsRecommended: "* ]]
    [[ "${lines[-1]}" == "carte: 3 findings" ]]
    sed -i '1i # check=skip=StageNameCasing,MaintainerDeprecated,JSONArgsRecommended' Cartefile
    run carte build --check .
    [ "$status" -eq 0 ]
    [ "$output" = "Nothing could be better." ]
    printf 'FROM scratch\nCPOY a b\n' >Cartefile
    run carte build --check .
    [ "$status" -eq 65 ]
    [[ "$output" == *"did you mean 'COPY'?"* ]]
}

@test "--check looks at each service of a stack" {
    mkdir one two
    printf 'FROM scratch\nMAINTAINER me\n' >one/Cartefile
    printf 'FROM scratch\nENV a b\n' >two/Cartefile
    cat >carte.yaml <<'YAML'
name: checked
services:
  one: {build: ./one}
  two: {build: ./two}
YAML
    run carte-stack build --check
    [ "$status" -eq 1 ]
    [[ "$output" == *"one/Cartefile:2:1: warning: MaintainerDeprecated: "* ]]
    [[ "$output" == *"two/Cartefile:2:1: warning: LegacyKeyValueFormat: "* ]]
    [[ "${lines[-1]}" == "carte-stack: 2 findings" ]]
}

@test "findings are printed once after a build, and can be made mistakes" {
    printf 'FROM scratch\nMAINTAINER me\n' >Cartefile
    carte build -t x . 2>err
    [ "$(grep -c MaintainerDeprecated err)" -eq 1 ]
    carte build -q -t x . 2>err
    [ ! -s err ]
    sed -i '1i # check=error=true' Cartefile
    run carte build -t x .
    [ "$status" -eq 65 ]
    [[ "${lines[-1]}" == *"1 finding, which the directive check=error=true makes mistakes" ]]
}

@test "a context or a Cartefile may come from the standard input" {
    mkdir -p ctx/sub
    echo content >ctx/sub/file
    echo hidden >ctx/hidden
    echo hidden >ctx/.dockerignore
    printf 'FROM scratch\nCOPY . /all/\n' >ctx/Cartefile
    printf 'FROM scratch\nCOPY sub/file /own\n' >ctx/sub/Other
    carte build -q -t folder ctx >folder
    for pack in cat gzip zstd; do
        tar -C ctx -cf - . | $pack | carte build -q --no-cache -t piped - >piped
        diff folder piped
    done
    tar -C ctx -cf context.tar .
    carte build -q -t piped - <context.tar >piped
    diff folder piped
    carte build -q -t folder -f ctx/sub/Other ctx >folder
    carte build -q -t piped -f sub/Other - <context.tar >piped
    diff folder piped
    carte build -q -t piped -f - ctx <ctx/sub/Other >piped
    diff folder piped
    printf 'FROM scratch\nLABEL a=b\n' | carte build -q -t piped -
    [ "$(carte inspect -f '{{.Config.Labels.a}}' piped)" = b ]
    [ -z "$(ls "$CARTE_ROOT/images/tmp")" ]
}

@test "what comes from the standard input and cannot be built is refused" {
    refused() { # PATTERN ARGUMENT...
        local pattern=$1
        shift
        run ! carte build "$@"
        echo "$output"
        [[ "$output" == $pattern ]]
    }
    mkdir ctx
    refused "*neither a Cartefile nor an archive*" - </dev/null
    refused "*NUL*" - < <(head -c 5000 /dev/zero)
    refused "*Cartefile:2*COPY*" - < <(printf 'FROM scratch\nCPOY a b\n')
    refused "*Cartefile:2*" - < <(printf 'FROM scratch\nCOPY a b\n')
    refused "*no archive with a 'Other' in it*" -f Other - < <(printf 'FROM scratch\n')
    refused "*the archive has no 'Cartefile'*" - < <(tar -C ctx -c .)
    refused "*cannot both be the standard input*" -f - - </dev/null
    refused "*folder 'nowhere'*" -f - nowhere </dev/null
    # Links in an archive lead nowhere out of it.
    ln -s /etc/passwd ctx/Cartefile
    refused "*the archive has no 'Cartefile'*" - < <(tar -C ctx -c .)
    ln -s ../../../../../../etc ctx/up
    refused "*the archive has no 'up/passwd'*" -f up/passwd - < <(tar -C ctx -c .)
    [ -z "$(ls "$CARTE_ROOT/images/tmp")" ]
}

@test "what a step finds wrong with a word or a flag is shown where that stands" {
    told() { # PLACE CARET_LINE
        run ! carte build .
        echo "$output"
        [[ "$output" == *"Cartefile:$1: "* ]]
        grep -qxF -- "$2" <<<"$output"
    }
    printf 'FROM scratch\nCOPY Cartefile \\\n  nothere /x/\n' >Cartefile
    told 3:3 '     |       ^'
    printf 'FROM scratch\nCOPY --link --chown=nobody Cartefile /x/\n' >Cartefile
    told 2:13 '     |                 ^'
    printf 'FROM scratch\nCOPY --from=nowhere Cartefile /x/\n' >Cartefile
    told 2:6 '     |          ^'
    printf 'FROM   nowhere AS x\n' >Cartefile
    told 1:8 '     |            ^'
    printf 'FROM scratch\nCOPY ["nothere", "/x/"]\n' >Cartefile # not known
    told 2:1 '     |     ^'
}
