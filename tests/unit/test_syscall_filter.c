/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include "bpf_bed.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "runtime/capability.h"
#include "runtime/process.h"
#include "runtime/spec.h"
#include "runtime/syscall_filter.h"
#include "runtime/sysctl.h"
#include "util/error.h"

#define BIT(capability) (UINT64_C(1) << (capability))
#define ERRNO(number) (SECCOMP_RET_ERRNO | (number))

static uint32_t judge(uint64_t capabilities, uint32_t arch, int number, uint64_t first,
                      uint64_t third)
{
    const struct seccomp_data data = { .nr = number, .arch = arch, .args = { first, 0, third } };
    const struct sock_fprog *program = NULL;
    struct error err = { 0 };

    assert_int_equal(syscall_filter_get(capabilities, &program, &err), 0);
    return bpf_judge(program, &data);
}

static uint32_t call(uint64_t capabilities, int number, uint64_t first)
{
    return judge(capabilities, AUDIT_ARCH_X86_64, number, first, 0);
}

static void ordinary_calls_are_allowed(void **state)
{
    static const int numbers[] = { SYS_read,        SYS_execve,  SYS_openat,
                                   SYS_close_range, SYS_futex,   452 /* fchmodat2 */,
                                   SYS_rseq,        SYS_sendmsg, SYS_exit_group };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
        assert_int_equal(call(capability_default(), numbers[i], 0), SECCOMP_RET_ALLOW);
}

static void unknown_calls_do_not_exist(void **state)
{
    (void)state;
    assert_int_equal(call(capability_default(), 999, 0), ERRNO(ENOSYS));
    assert_int_equal(call(capability_default(), SYS_clone3, 0), ERRNO(ENOSYS));
}

static void dangerous_calls_are_refused(void **state)
{
    static const int numbers[] = { SYS_mount,
                                   SYS_unshare,
                                   SYS_setns,
                                   SYS_bpf,
                                   SYS_reboot,
                                   SYS_init_module,
                                   SYS_add_key,
                                   SYS_keyctl,
                                   SYS_syslog,
                                   SYS_iopl,
                                   SYS_open_by_handle_at,
                                   SYS_swapon,
                                   SYS_kexec_load,
                                   SYS_userfaultfd,
                                   SYS_fsmount,
                                   SYS_settimeofday };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
        assert_int_equal(call(capability_default(), numbers[i], 0), ERRNO(EPERM));
}

static void capability_opens_its_calls(void **state)
{
    (void)state;
    assert_int_equal(call(BIT(CAP_SYS_ADMIN), SYS_mount, 0), SECCOMP_RET_ALLOW);
    assert_int_equal(call(BIT(CAP_SYS_ADMIN), SYS_clone3, 0), SECCOMP_RET_ALLOW);
    assert_int_equal(call(BIT(CAP_SYSLOG), SYS_syslog, 0), SECCOMP_RET_ALLOW);
    assert_int_equal(call(BIT(CAP_SYS_BOOT), SYS_mount, 0), ERRNO(EPERM));
    assert_int_equal(call(0, SYS_chroot, 0), ERRNO(EPERM));
    assert_int_equal(call(capability_default(), SYS_chroot, 0), SECCOMP_RET_ALLOW);
}

static void arguments_count(void **state)
{
    const uint64_t caps = capability_default();

    (void)state;
    assert_int_equal(call(caps, SYS_clone, SIGCHLD), SECCOMP_RET_ALLOW);
    assert_int_not_equal(call(caps, SYS_clone, CLONE_NEWUSER | SIGCHLD), SECCOMP_RET_ALLOW);
    for (unsigned family = 1; family < 46; family++) {
        uint32_t expected =
            family == AF_ALG || family == AF_VSOCK ? ERRNO(EPERM) : SECCOMP_RET_ALLOW;

        assert_int_equal(call(caps, SYS_socket, family), expected);
    }
    assert_int_equal(judge(caps, AUDIT_ARCH_X86_64, SYS_socket, AF_NETLINK, 9), ERRNO(EINVAL));
    assert_int_equal(call(caps, SYS_socket, UINT64_C(1) << 32 | AF_ALG), ERRNO(EPERM));
    assert_int_equal(call(caps, SYS_personality, 0x8), SECCOMP_RET_ALLOW);
    assert_int_not_equal(call(caps, SYS_personality, 0x40000), SECCOMP_RET_ALLOW);
}

static void other_architectures_are_killed(void **state)
{
    (void)state;
    assert_int_equal(judge(0, AUDIT_ARCH_I386, 11, 0, 0), SECCOMP_RET_KILL_PROCESS);
    assert_int_equal(call(0, 0x40000000 | SYS_execve, 0), SECCOMP_RET_KILL_PROCESS);
}

static void only_own_parameters_may_be_set(void **state)
{
    const struct container_spec own = { .id = "own" };
    const struct container_spec shared = {
        .namespaces[CONTAINER_NAMESPACE_NETWORK].how = CONTAINER_INHERIT,
        .namespaces[CONTAINER_NAMESPACE_IPC].how = CONTAINER_INHERIT,
    };

    (void)state;
    assert_true(sysctl_is_allowed("net.core.somaxconn", &own));
    assert_false(sysctl_is_allowed("net.core.somaxconn", &shared));
    assert_true(sysctl_is_allowed("kernel.shmmax", &own));
    assert_false(sysctl_is_allowed("kernel.shmmax", &shared));
    assert_true(sysctl_is_allowed("fs.mqueue.msg_max", &own));
    assert_false(sysctl_is_allowed("kernel.core_pattern", &own));
    assert_false(sysctl_is_allowed("kernel.shmmax.x", &own));
    assert_false(sysctl_is_allowed("net./../kernel/core_pattern", &own));
    assert_false(sysctl_is_allowed("net.../kernel", &own));
    assert_false(sysctl_is_allowed("vm.swappiness", &own));
}

static void start_time_is_field_22(void **state)
{
    uint64_t value = 0;

    (void)state;
    assert_true(
        process_parse_start_time("7 (a) b) c) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 "
                                 "4711 20",
                                 &value));
    assert_int_equal(value, 4711);
    assert_false(process_parse_start_time("7 (a) S 1 2", &value));
    assert_false(process_parse_start_time("", &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ordinary_calls_are_allowed),
        cmocka_unit_test(unknown_calls_do_not_exist),
        cmocka_unit_test(dangerous_calls_are_refused),
        cmocka_unit_test(capability_opens_its_calls),
        cmocka_unit_test(arguments_count),
        cmocka_unit_test(other_architectures_are_killed),
        cmocka_unit_test(only_own_parameters_may_be_set),
        cmocka_unit_test(start_time_is_field_22),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
