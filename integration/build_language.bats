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
