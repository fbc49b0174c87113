# config.md#mounts of the OCI runtime specification, word for word: each option of its table, and
# what it says of ids, propagation and the order. The plain cases are in oci_config.bats.

load lib_bundle

teardown() {
    mountpoint -q source && umount -R source
    remove_containers
    nothing_left
}

# shown OPTIONS [TYPE [SOURCE]]: the line of mountinfo of a mount with these options at /tmp/m.
shown() {
    inside "grep ' /tmp/m ' /proc/self/mountinfo" ".mounts += [{destination: \"/tmp/m\",
        type: \"${2:-tmpfs}\", source: \"${3:-tmpfs}\", options: $1}]"
}
# has WORD FIELD LINE: the comma-separated words of the mount (6) or of its file system (the last).
has() {
    awk -v f="$2" '{ print f == "last" ? $NF : $f }' <<<"$3" | tr , '\n' | grep -qx "$1"
}

@test "config.md#mounts: a destination that is not absolute is meant below the root" {
    [ "$(inside 'cat /tmp/m/file' '.mounts += [{destination: "tmp/m", type: "tmpfs", source: "x"},
        {destination: "tmp/m/file", type: "bind", source: "plain.json", options: ["bind"]}]' |
        jq -r .ociVersion)" = 1.3.0 ]
}

@test "config.md#linux-mount-options: those of the file system" {
    while read -r option word; do
        line=$(shown "[\"$option\"]")
        echo "$option: $line"
        case $word in
        !*) fails has "${word#!}" last "$line" ;;
        *) has "$word" last "$line" ;;
        esac
    done <<'OPTIONS'
sync sync
async !sync
dirsync dirsync
lazytime lazytime
nolazytime !lazytime
iversion rw
noiversion rw
silent rw
loud rw
OPTIONS
}

# The kernel turns relatime on where nothing else is said, and has no attribute for its opposite.
@test "config.md#linux-mount-options: those of access times, and the later one counts" {
    while read -r options word; do
        line=$(shown "$options")
        echo "$options: $line"
        case $word in
        !*) fails has "${word#!}" 6 "$line" ;;
        *) has "$word" 6 "$line" ;;
        esac
    done <<'OPTIONS'
["noatime","atime"] relatime
["atime"] !noatime
["norelatime"] !relatime
["strictatime","nostrictatime"] relatime
["noatime","strictatime"] !noatime
["ro","rw"] rw
["rw","ro"] ro
["nosuid","suid"] !nosuid
OPTIONS
}

@test "config.md#linux-mount-options: those of binds, with and without what is below" {
    mkdir -p source
    mount -t tmpfs tmpfs source
    mkdir source/below
    mount -t tmpfs tmpfs source/below
    for option in rro rnosuid rnodev rnoexec rnoatime rnosymfollow rnodiratime rnorelatime; do
        lines=$(inside "grep ' /tmp/m' /proc/self/mountinfo" ".mounts += [{destination: \"/tmp/m\",
            type: \"none\", source: \"source\", options: [\"rbind\", \"$option\"]}]")
        echo "$option: $lines"
        [ "$(wc -l <<<"$lines")" = 2 ]
        while read -r line; do
            case $option in
            rnorelatime) fails has relatime 6 "$line" ;;
            *) has "${option#r}" 6 "$line" ;;
            esac
        done <<<"$lines"
    done
    # What r- says holds for all of them, what does not begin with r for the mount alone.
    lines=$(inside "grep ' /tmp/m' /proc/self/mountinfo" '.mounts += [{destination: "/tmp/m",
        type: "none", source: "source", options: ["rbind", "noexec"]}]')
    [ "$(awk '{ print $6 }' <<<"$lines" | grep -c noexec)" = 1 ]
    # The opposites take away what the source has.
    mount -o remount,bind,nosuid,nodev,noexec,nosymfollow,ro source/below
    for option in rsuid rdev rexec rsymfollow rrw; do
        line=$(inside "grep ' /tmp/m/below ' /proc/self/mountinfo" ".mounts += [{destination: \"/tmp/m\",
            type: \"none\", source: \"source\", options: [\"rbind\", \"$option\"]}]")
        echo "$option: $line"
        case $option in
        rrw) has rw 6 "$line" ;;
        *) fails has "no${option#r}" 6 "$line" ;;
        esac
    done
}

@test "config.md#linux-mount-options: remount changes what is mounted already" {
    line=$(inside "grep ' /dev ' /proc/self/mountinfo" \
        '.mounts += [{destination: "/dev", options: ["remount", "ro", "noexec"]}]')
    has ro 6 "$line" && has noexec 6 "$line"
    line=$(inside "grep ' /dev ' /proc/self/mountinfo; test -c /dev/null || echo none" \
        '.mounts |= map(if .destination == "/dev" then .options += ["ro"] else . end)')
    has ro 6 "$line" && [[ $line != *none* ]]
    line=$(inside "grep ' / ' /proc/self/mountinfo; touch /tmp/x" \
        '.mounts += [{destination: "/", type: "none", options: ["bind", "remount", "nosuid"]}]')
    has nosuid 6 "$line" && has rw 6 "$line"
    edit '.mounts += [{destination: "/tmp/none", options: ["remount", "ro"]}]'
    refused '/tmp/none' oci run box
    edit '.mounts += [{destination: "/tmp", options: ["remount", "ro"]}]'
    refused 'nothing is mounted' oci run box
}

@test "config.md#linux-mount-options: propagation of a mount, and of all below it" {
    mkdir -p source
    mount -t tmpfs tmpfs source
    mkdir source/below
    mount -t tmpfs tmpfs source/below
    mount --make-rshared source
    # Below, what is said of the mount alone changes nothing: there it is as in all of the
    # namespace, a slave of the host's.
    for row in shared:shared:1 rshared:shared:2 slave:master:2 rslave:master:2 \
        unbindable:unbindable:1 runbindable:unbindable:2; do
        IFS=: read -r option tag count <<<"$row"
        lines=$(inside "grep ' /tmp/m' /proc/self/mountinfo" ".mounts += [{destination: \"/tmp/m\",
            type: \"none\", source: \"source\", options: [\"rbind\", \"$option\"]}]")
        echo "$option: $lines"
        [ "$(grep -cE " $tag[: ]" <<<"$lines")" = "$count" ]
    done
    for option in private rprivate; do
        fails grep -qE ' (shared|master):' <(inside "grep ' /tmp/m ' /proc/self/mountinfo" ".mounts += [{
            destination: \"/tmp/m\", type: \"none\", source: \"source\", options: [\"rbind\", \"$option\"]}]")
    done
}

@test "config.md#mounts: idmap needs maps, or a user namespace whose maps it takes" {
    mkdir -p source/below
    chmod 755 "$CARTE_TEST" "$CARTE_TEST/bundle"
    touch source/file
    chown 1000:1000 source/file
    mkdir rootfs/tmp/m # its own root may not make it
    edit '.mounts += [{destination: "/tmp/m", type: "none", source: "source", options: ["bind", "idmap"]}]'
    refused 'needs maps' oci run box
    [ "$(inside 'stat -c %u:%g /tmp/m/file' '.linux.namespaces += [{type: "user"}]' \
        '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]' \
        '.linux.gidMappings = [{containerID: 0, hostID: 100000, size: 65536}]' \
        '.mounts += [{destination: "/tmp/m", type: "none", source: "source", options: ["bind", "idmap"]}]')" = 1000:1000 ]
    for maps in uidMappings gidMappings; do
        edit ".mounts += [{destination: \"/tmp/m\", type: \"none\", source: \"source\", options: [\"bind\", \"idmap\"],
            $maps: [{containerID: 0, hostID: 7, size: 1}]}]"
        refused 'go together' oci run box
    done
}

@test "config.md#mounts: ridmap shifts the mounts below, idmap does not" {
    mkdir -p source
    mount -t tmpfs tmpfs source
    mkdir source/below
    mount -t tmpfs tmpfs source/below
    touch source/below/file
    for row in ridmap:7 idmap:0; do
        [ "$(inside 'stat -c %u /tmp/m/below/file' ".mounts += [{destination: \"/tmp/m\", type: \"none\",
            source: \"source\", options: [\"rbind\", \"${row%:*}\"],
            uidMappings: [{containerID: 0, hostID: 7, size: 1}],
            gidMappings: [{containerID: 0, hostID: 7, size: 1}]}]")" = "${row#*:}" ]
    done
}
