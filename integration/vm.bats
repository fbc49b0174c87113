# The same programs on Debian's own kernel with pure cgroup v2, in a virtual machine.

load lib

# in_machine SCRIPT LAST_LINE: of integration/vm, which says at its end that all is well.
in_machine() {
    [ -x /usr/lib/qemu/virtiofsd ] || skip 'needs qemu-system-common'
    run "$TOP/integration/vm/run" "$TOP/integration/vm/$1"
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "$output" == *"$2"* ]]
}

@test "a small stack comes up, heals and goes down on cgroup v2" {
    in_machine small-stack 'vm: all well'
}

@test "the runtime's kernel tests pass on cgroup v2" {
    in_machine kernel-tests 'vm: kernel tests passed'
}

@test "a container of carte-oci lives its life on cgroup v2" {
    in_machine oci 'vm: all well'
}
