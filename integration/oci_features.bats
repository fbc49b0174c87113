# features.md and features-linux.md of the OCI runtime specification: what the document names is
# understood, and no more is in it than the specification knows.

load lib_bundle

setup() {
    cd "$CARTE_TEST/bundle" || return 1
    cp plain.json config.json
    oci features >features.json
}

# Each element of an array of the document makes a config.json that create takes or, where this
# host cannot do it, refuses for another reason than that the word is unknown.
understood() { # PATH-OF-ARRAY EXPRESSION-WITH-WORD
    local word
    for word in $(jq -r "$1[]" features.json); do
        edit "${2//WORD/$word}"
        oci create box </dev/null >out.log 2>&1 || true
        ! grep -qiE 'unknown|ignored|not one of' out.log || { cat out.log; return 1; }
        oci delete --force box
    done
}

@test "features.md#specification-version: the first and the last version are accepted, in order" {
    for end in ociVersionMin ociVersionMax; do
        version=$(jq -r ".$end" features.json)
        inside true ".ociVersion = \"$version\""
    done
    [ "$(jq -r '.ociVersionMin, .ociVersionMax' features.json | sort -V | tail -n 1)" = \
        "$(jq -r .ociVersionMax features.json)" ]
}

@test "features.md#specification-version: no properties but those of the specification, none null" {
    jq -e '[keys[]] - ["ociVersionMin", "ociVersionMax", "hooks", "mountOptions", "linux",
        "annotations", "potentiallyUnsafeConfigAnnotations"] == []' features.json
    jq -e '[.linux | keys[]] - ["namespaces", "capabilities", "cgroup", "seccomp", "apparmor",
        "selinux", "intelRdt", "memoryPolicy", "mountExtensions", "netDevices"] == []' features.json
    jq -e '[.. | nulls] == []' features.json
}

@test "features.md#hooks: each kind is run" {
    jq -e '.hooks == ["prestart", "createRuntime", "createContainer", "startContainer",
        "poststart", "poststop"]' features.json
    for kind in $(jq -r '.hooks[]' features.json); do
        rm -f rootfs/tmp/ran
        edit ".hooks.$kind = [{\"path\": \"/bin/sh\", \"args\": [\"sh\", \"-c\", \"echo >$PWD/rootfs/tmp/ran\"]}]"
        [ "$kind" != startContainer ] || sed -i "s|$PWD/rootfs/tmp/ran|/tmp/ran|" config.json
        oci create box </dev/null
        oci start box
        oci delete --force box
        [ -e rootfs/tmp/ran ] || { echo "$kind"; return 1; }
    done
}

@test "features.md#mount-options: each is understood, and those that MUST be are there" {
    for option in async atime bind defaults dev diratime dirsync exec iversion lazytime loud noatime \
        nodev nodiratime noexec noiversion nolazytime norelatime nostrictatime nosuid private rbind \
        relatime remount ro rprivate rshared rslave runbindable rw shared silent slave strictatime \
        suid sync unbindable; do
        jq -e --arg o "$option" '.mountOptions | index($o)' features.json >/dev/null || { echo "$option"; return 1; }
    done
    # A mount for each, all in one container; those that are left out are for other mounts.
    jq --slurpfile f features.json '.process.args = ["true"] | .mounts += [
        $f[0].mountOptions - ["bind", "rbind", "idmap", "ridmap", "remount"] | .[] |
        {destination: "/tmp/\(.)", type: "tmpfs", source: "tmpfs", options: [.]}]' plain.json >config.json
    [ "$(jq '.mounts | length' config.json)" -gt 50 ]
    oci run box </dev/null
}

@test "features.md#annotations: texts by keys that are not empty" {
    jq -e '.annotations | to_entries | all(.key != "" and (.value | type == "string"))' features.json
}

@test "features-linux.md#namespaces: each type is understood" {
    jq -e '.linux.namespaces | sort == ["cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"]' features.json
    understood .linux.namespaces '.linux.namespaces |= (map(select(.type != "WORD")) + [{type: "WORD"}])'
}

@test "features-linux.md#capabilities: each is understood" {
    jq --slurpfile f features.json '.process.capabilities.bounding = $f[0].linux.capabilities' plain.json >config.json
    oci run box </dev/null >out.log 2>&1 3>&- &
    eventually 10 has_status box running
    cat out.log
    fails grep -q 'unknown' out.log
    oci kill box KILL
    wait
}

@test "features-linux.md#cgroup: both versions, and not by systemd" {
    jq -e '.linux.cgroup | .v1 and .v2 and .rdma and (.systemd or .systemdUser | not)' features.json
    refused cgroupfs oci --systemd-cgroup create box </dev/null
}

@test "features-linux.md#seccomp: each action, operator, architecture and flag is understood" {
    understood .linux.seccomp.actions '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: "/run/none",
        syscalls: [{names: ["swapoff"], action: "WORD"}]}'
    jq --slurpfile f features.json '.process.args = ["true"] | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
        syscalls: [$f[0].linux.seccomp.operators[] |
        {names: ["swapoff"], action: "SCMP_ACT_ERRNO", args: [{index: 0, value: 1, valueTwo: 1, op: .}]}]}' plain.json >config.json
    oci run box </dev/null
    understood .linux.seccomp.archs '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: ["WORD"]}'
    understood .linux.seccomp.knownFlags '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", flags: ["WORD"]}'
    for flag in $(jq -r '.linux.seccomp.supportedFlags[]' features.json); do
        inside true ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", flags: [\"$flag\"]}" ||
            [ "$flag" = SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV ] || { echo "$flag"; return 1; }
    done
}

@test "features-linux.md#apparmor, selinux, intel-rdt, mount-extensions: as config.json has it" {
    jq -e '.linux | (.apparmor.enabled or .selinux.enabled or .intelRdt.enabled | not) and .mountExtensions.idmap.enabled and .netDevices.enabled' features.json
    edit '.process.apparmorProfile = "p"'
    refused apparmorProfile oci create box </dev/null
    edit '.process.selinuxLabel = "l"'
    refused selinuxLabel oci create box </dev/null
    edit '.linux.intelRdt = {closID: "x"}'
    refused intelRdt oci create box </dev/null
}
