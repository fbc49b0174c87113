# The same programs on Debian's own kernel with pure cgroup v2, in a virtual machine.

load lib

@test "a small stack comes up, heals and goes down on cgroup v2" {
    [ -x /usr/lib/qemu/virtiofsd ] || skip 'needs qemu-system-common'
    run "$TOP/integration/vm/run" "$TOP/integration/vm/small-stack"
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "$output" == *"vm: all well"* ]]
}

@test "the runtime's kernel tests pass on cgroup v2" {
    [ -x /usr/lib/qemu/virtiofsd ] || skip 'needs qemu-system-common'
    run "$TOP/integration/vm/run" "$TOP/integration/vm/kernel-tests"
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "$output" == *"vm: kernel tests passed"* ]]
}

@test "a container of carte-oci lives its life on cgroup v2" {
    [ -x /usr/lib/qemu/virtiofsd ] || skip 'needs qemu-system-common'
    run "$TOP/integration/vm/run" "$TOP/integration/vm/oci"
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "$output" == *"vm: all well"* ]]
}
