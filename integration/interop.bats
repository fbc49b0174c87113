# Images between this store, docker and podman (Debian's packages): saved there, loaded and run
# here, and the other way round.

load lib

# Everything of theirs lies below this, also what they have under /run; their control groups
# bear the one name.
setup_file() {
    export PEERS=$CARTE_TEST/peers
    export PEER_CGROUP=cartetest-${CARTE_TEST##*.}
    export HOME=$PEERS DOCKER_CONFIG=$PEERS
    remember_inventory
    mkdir "$PEERS"
    echo "{}" >"$PEERS/config.json"
    mkdir "$CARTE_TEST/context"
    cp /bin/busybox "$CARTE_TEST/context"
    cat >"$CARTE_TEST/context/Cartefile" <<'CARTEFILE'
FROM scratch
COPY busybox /bin/busybox
RUN --network=none ["/bin/busybox", "--install", "-s", "/bin"]
RUN --network=none echo first >/file && ln /file /hard && ln -s file /soft && rm /bin/vi
RUN --network=none rm /soft && mkdir /empty && chown 7:8 /empty && chmod 2750 /empty
ENV WORD=hello
WORKDIR /empty
ENTRYPOINT ["sh", "-c"]
CMD ["echo $WORD $(cat /hard) $(stat -c '%u:%g %a %h' /empty /file) $(ls /soft /bin/vi 2>&1 | wc -l) $PWD"]
CARTEFILE
    export EXPECTED='hello first 7:8 2750 2 0:0 644 2 2 /empty'
    carte build -t sample "$CARTE_TEST/context"
    IMAGE_ID=$(carte inspect sample | jq -r '.[0].Id')
    export IMAGE_ID
    /usr/sbin/dockerd -H "unix://$PEERS/docker.sock" --data-root "$PEERS/docker" \
        --exec-root "$PEERS/docker-run" -p "$PEERS/docker.pid" --iptables=false --ip6tables=false \
        --ip-forward=false --ip-masq=false --bridge=none --cgroup-parent "/$PEER_CGROUP" \
        --exec-opt native.cgroupdriver=cgroupfs --oom-score-adjust 0 --storage-driver vfs \
        >"$PEERS/docker.log" 2>&1 3>&- &
    echo "$!" >"$PEERS/dockerd"
    eventually 60 docker version >/dev/null 2>&1 || { cat "$PEERS/docker.log" >&2; return 1; }
}

# Nothing of them stays, also when a test or setup_file failed half-way: the daemon's children end
# with it, containers are known by their control groups.
teardown_file() {
    local pid
    [ ! -e "$PEERS/registry" ] || kill "$(cat "$PEERS/registry")"
    pid=$(cat "$PEERS/dockerd" 2>/dev/null || true)
    if [ -n "$pid" ]; then
        kill "$pid" 2>/dev/null || true
        eventually 60 has_ended "$pid" || kill -9 "$pid" "$(cat "$PEERS/docker-run/containerd/containerd.pid")"
    fi
    find /sys/fs/cgroup -path "*/$PEER_CGROUP*" -name cgroup.procs -exec cat {} + | sort -u | xargs -r kill -9
    eventually 20 remove_cgroups
    mount_points_below "$PEERS" | while read -r point; do umount "$point"; done
    no_leaks
}
remove_cgroups() {
    find /sys/fs/cgroup -depth -type d -path "*/$PEER_CGROUP*" -exec rmdir {} + 2>/dev/null
    [ -z "$(find /sys/fs/cgroup -type d -path "*/$PEER_CGROUP*")" ]
}
has_ended() {
    [ ! -e "/proc/$1" ] || [ "$(awk '/^State/ { print $2 }' "/proc/$1/status")" = Z ]
}
mount_points_below() {
    awk -v p="$1/" 'index($5, p) == 1 { print $5 }' /proc/self/mountinfo | sort -r
}

setup() {
    cd "$(mktemp -d "$CARTE_TEST/interop.XXXX")" || return 1
    # A store of this test's own; the one of the file stays as it is.
    OWN=$PWD/own
}

docker() {
    timeout 120 /usr/bin/docker -H "unix://$PEERS/docker.sock" "$@"
}
podman() {
    timeout 120 /usr/bin/podman --root "$PEERS/podman" --runroot "$PEERS/podman-run" \
        --tmpdir "$PEERS/podman-tmp" --storage-driver vfs --cgroup-manager cgroupfs \
        --events-backend none --runtime runc "$@"
}
podman_run() {
    podman run --rm --pull never --network none --cgroup-parent "/$PEER_CGROUP" \
        --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 "$@"
}

# run_here STORE IMAGE: the output of the image's own command in a container of ours.
run_here() {
    mkdir stack
    printf 'name: interop\nservices: {app: {image: "%s"}}\n' "$2" >stack/carte.yaml
    (
        cd stack || exit
        export CARTE_ROOT=$1
        carte-stack up -d >&2
        eventually 30 has_count interop app exited 1 >&2 || carte-stack ps -a >&2
        carte-stack logs --no-log-prefix app
        carte-stack down >&2
    )
    rm -r stack
}

@test "docker loads and runs what is saved here, under the same id" {
    carte save -o sample.tar sample
    docker load -i sample.tar
    [ "$(docker image inspect --format '{{.Id}}' sample)" = "$IMAGE_ID" ]
    [ "$(docker run --rm --network none sample)" = "$EXPECTED" ]
    docker rmi sample
    carte save sample | gzip | docker load
    [ "$(docker run --rm --network none sample)" = "$EXPECTED" ]
    docker rmi sample
}

@test "podman loads and runs what is saved here, in both formats, under the same id" {
    for format in docker oci; do
        carte save --format "$format" sample >sample.tar
        podman load -i sample.tar
        [ "sha256:$(podman image inspect --format '{{.Id}}' sample)" = "$IMAGE_ID" ]
        [ "$(podman_run sample)" = "$EXPECTED" ]
        podman rmi -a
    done
}

@test "what docker saves is loaded and run here, under the same id" {
    carte save sample | docker load
    docker tag sample other/name:three
    docker save -o docker.tar sample other/name:three
    docker rmi sample other/name:three
    CARTE_ROOT=$OWN carte load -i docker.tar >loaded
    grep -qx 'Loaded image: sample:latest' loaded
    grep -qx 'Loaded image: other/name:three' loaded
    [ "$(CARTE_ROOT=$OWN carte inspect other/name:three | jq -r '.[0].Id')" = "$IMAGE_ID" ]
    [ "$(run_here "$OWN" other/name:three)" = "$EXPECTED" ]
}

@test "what docker builds from a container is loaded and run here" {
    carte save sample | docker load
    docker run --network none --name changed sample 'echo more >/more; rm -r /empty'
    docker commit --change 'CMD ["cat /more; ls -d /empty"]' --change 'WORKDIR /' changed changed
    docker rm changed
    id=$(docker image inspect --format '{{.Id}}' changed)
    docker save changed | CARTE_ROOT=$OWN carte load
    docker rmi changed sample
    [ "$(CARTE_ROOT=$OWN carte inspect changed | jq -r '.[0].Id')" = "$id" ]
    run run_here "$OWN" changed
    [[ "$output" == *more* ]]
    [[ "$output" == *"/empty: No such file or directory"* ]]
}

@test "what podman saves is loaded and run here, in each of its formats" {
    carte save sample | podman load
    podman tag sample pod:1
    for format in docker-archive oci-archive oci-dir docker-dir; do
        podman save --format "$format" -o "saved.$format" pod:1
    done
    podman save --multi-image-archive -o saved.multi pod:1 sample:latest
    podman rmi -a
    for format in docker-archive oci-archive oci-dir multi; do
        CARTE_ROOT=$OWN.$format carte load -i "saved.$format"
        [ "$(CARTE_ROOT=$OWN.$format carte inspect localhost/pod:1 | jq -r '.[0].Id')" = "$IMAGE_ID" ]
        [ "$(run_here "$OWN.$format" localhost/pod:1)" = "$EXPECTED" ]
    done
    run ! env CARTE_ROOT="$OWN" carte load -i saved.docker-dir
    [[ "$output" == *"manifest.json is no list"* ]]
}

@test "an image comes back from docker as the one it was, byte for byte" {
    carte save -o before.tar sample
    docker load -i before.tar
    docker save sample | CARTE_ROOT=$OWN carte load
    docker rmi sample
    CARTE_ROOT=$OWN carte save -o after.tar sample
    cmp before.tar after.tar
    [ "$(CARTE_ROOT=$OWN carte inspect sample | jq '.[0].Digest')" = "$(carte inspect sample | jq '.[0].Digest')" ]
}

@test "docker pulls what was pushed as gzip, and what it pushes is pulled here" {
    printf 'version: 0.1\nstorage: {filesystem: {rootdirectory: %s}}\nhttp: {addr: "127.0.0.1:5000"}\n' \
        "$PWD/registry" >registry.yml
    docker-registry serve registry.yml >registry.log 2>&1 3>&- &
    echo "$!" >"$PEERS/registry"
    eventually 30 curl -s -o registry.up http://localhost:5000/v2/
    carte tag sample localhost:5000/sample
    carte push -q --compression gzip localhost:5000/sample
    docker pull localhost:5000/sample
    [ "$(docker image inspect --format '{{.Id}}' localhost:5000/sample)" = "$IMAGE_ID" ]
    [ "$(docker run --rm --network none localhost:5000/sample)" = "$EXPECTED" ]
    docker tag localhost:5000/sample localhost:5000/back:1
    docker push localhost:5000/back:1
    docker rmi localhost:5000/sample localhost:5000/back:1
    CARTE_ROOT=$OWN carte pull -q localhost:5000/back:1
    carte rmi localhost:5000/sample
    [ "$(CARTE_ROOT=$OWN carte inspect localhost:5000/back:1 | jq -r '.[0].Id')" = "$IMAGE_ID" ]
    [ "$(run_here "$OWN" localhost:5000/back:1)" = "$EXPECTED" ]
}
