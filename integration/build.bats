# A Cartefile becomes an image.

load lib

setup() {
    cd "$(mktemp -d "$CARTE_TEST/build.XXXX")" || return 1
}

@test "a second build with nothing changed does nothing and gives the same image" {
    make_web_context web
    carte build -t web web 2>first
    one=$(carte inspect web | jq -r '.[0].Id')
    carte build -t web web 2>second
    [ "$(carte inspect web | jq -r '.[0].Id')" = "$one" ]
    grep -qi cached second
}

@test "two folders with the same content give the same digest" {
    make_web_context one
    make_web_context two
    echo same >one/www/index.html
    echo same >two/www/index.html
    carte build --no-cache -t one one
    carte build --no-cache -t two two
    [ "$(carte inspect one | jq -r '.[0].Id')" = "$(carte inspect two | jq -r '.[0].Id')" ]
}

@test "stages, arguments, owners and modes end up in the image" {
    cp /bin/busybox .
    echo hello >file
    echo secret >ignored
    echo ignored >.carteignore
    tar -cf data.tar file
    cat >Cartefile <<'CARTEFILE'
ARG BASE=scratch
FROM ${BASE} AS tools
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
ARG WORD=nothing
RUN echo "$WORD" >/word && mkdir -p /etc && echo 'app:x:1000:1000::/:/bin/sh' >/etc/passwd
FROM tools
ENV GREETING="hello there" OTHER=$GREETING
WORKDIR /app
COPY --from=tools /word copied
COPY --chown=1000:1000 --chmod=640 file .
ADD data.tar /unpacked/
COPY . /all/
USER app
LABEL kind=test
EXPOSE 80/tcp
ENTRYPOINT ["sh", "-c"]
CMD ["id -u; cat copied; stat -c '%u %a' file; echo $GREETING; cat /unpacked/file; ls /all"]
CARTEFILE
    carte build -t staged --build-arg WORD=magic .
    cat >carte.yaml <<'YAML'
name: staged
services: {app: {image: staged}}
YAML
    carte-stack up -d
    eventually 5 has_count staged app exited 1 || carte-stack ps -a
    carte-stack logs --no-log-prefix app >out
    carte-stack down
    cat out
    diff out - <<'EXPECTED'
1000
magic
1000 640
hello there
hello
Cartefile
busybox
data.tar
file
EXPECTED
}

@test "the short form makes three layers and a record" {
    mkdir app
    printf '#!/bin/busybox sh\necho "short form"\n' >app/start
    chmod +x app/start
    echo data >app/data
    cp /bin/busybox .
    printf 'FROM scratch\nCOPY busybox /bin/busybox\nRUN ["/bin/busybox","--install","-s","/bin"]\n' >Base
    carte build -t base -f Base .
    printf 'FROM base\nNAME shortform\nPATH ./app\nexe_PATH start\n' >Cartefile
    carte build .
    carte inspect shortform >record
    cat record
    grep -q exe_path record
    grep -q author record
}

@test "a mistake names file, line and the nearest word" {
    printf 'FROM scratch\nCPOY a b\n' >Cartefile
    run carte build -t x .
    [ "$status" -ne 0 ]
    [[ "$output" == *"Cartefile:2"* ]]
    [[ "$output" == *"COPY"* ]]
}

@test "a failing step shows its output and leaves the store whole" {
    cp /bin/busybox .
    printf 'FROM scratch\nCOPY busybox /bin/busybox\nRUN ["/bin/busybox","sh","-c","echo before; exit 7"]\n' >Cartefile
    run carte build -t broken .
    [ "$status" -ne 0 ]
    [[ "$output" == *before* ]]
    [[ "$output" == *7* ]]
    run ! carte inspect broken
}
