/* SPDX-License-Identifier: MIT */

/*
 * Options of `docker run` that are not built: their rows
 */

#include "cli/single_refused.h"

#define OTHER_SYSTEM "it is of another system"
#define CORES "write --cpus 1.5, or --cpu-shares for a weight"
#define DEVICE_RATE "limits of reading and writing are those of carte-oci alone"

const struct option_refused single_refused_rows[] = {
    { .name = "annotation", .cure = "write --label" },
    { .letter = 'a', .name = "attach", .cure = "both outputs are shown without -d; -i adds input" },
    { .name = "blkio-weight", .cure = DEVICE_RATE },
    { .name = "blkio-weight-device", .cure = DEVICE_RATE },
    { .name = "cgroup-parent", .cure = "all containers are below the cgroup of their stack" },
    { .name = "cgroupns", .cure = "each container has a cgroup namespace of its own" },
    { .name = "cpu-count", .cure = OTHER_SYSTEM },
    { .name = "cpu-percent", .cure = OTHER_SYSTEM },
    { .name = "cpu-period", .cure = CORES },
    { .name = "cpu-quota", .cure = CORES },
    { .name = "cpu-rt-period", .cure = CORES },
    { .name = "cpu-rt-runtime", .cure = CORES },
    { .name = "cpuset-mems", .cure = "write --cpuset-cpus: memory is taken near its cores" },
    { .name = "device-cgroup-rule", .cure = "name each device with --device" },
    { .name = "device-read-bps", .cure = DEVICE_RATE },
    { .name = "device-read-iops", .cure = DEVICE_RATE },
    { .name = "device-write-bps", .cure = DEVICE_RATE },
    { .name = "device-write-iops", .cure = DEVICE_RATE },
    { .name = "disable-content-trust", .cure = "leave it out: every digest is checked" },
    { .name = "gpus", .cure = "name its devices with --device, and mount its libraries" },
    { .name = "io-maxbandwidth", .cure = OTHER_SYSTEM },
    { .name = "io-maxiops", .cure = OTHER_SYSTEM },
    { .name = "ip6", .cure = "networks have IPv4 addresses; write --ip" },
    { .name = "isolation", .cure = OTHER_SYSTEM },
    { .name = "kernel-memory", .cure = "write --memory, which counts the kernel's, too" },
    { .name = "link",
      .cure = "put both on a network with --network, and name it with "
              "--network-alias" },
    { .name = "link-local-ip", .cure = "write --ip" },
    { .name = "mac-address", .cure = "addresses of hardware are chosen" },
    { .name = "memory-swappiness", .cure = "write --memory-swap" },
    { .name = "net", .cure = "write --network" },
    { .name = "net-alias", .cure = "write --network-alias" },
    { .name = "oom-kill-disable", .cure = "give it more with --memory" },
    { .name = "oom-score-adj", .cure = "keep memory for it with --memory-reservation" },
    { .name = "runtime", .cure = "containers run in the runtime of carte" },
    { .name = "storage-opt",
      .cure = "the writable layer has no limit; write --read-only and "
              "--tmpfs with a size" },
    { .name = "use-api-socket", .cure = "there is no socket of an engine" },
    { .name = "uts", .cure = "each container has a host name of its own; write --hostname" },
    { .name = "volume-driver", .cure = "volumes are folders of this machine" },
    { .name = "volumes-from", .cure = "name the volumes of the other again with --volume" },
    { 0 },
};
