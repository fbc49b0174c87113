/* SPDX-License-Identifier: MIT */

/*
 * Archives of attackers, one trick each, and what becomes of them
 */

#pragma once

#include "tar_bed.h"

#define PARTS_MAX 8
#define LONG_COMPONENT                                                                             \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
    "xxxx"                                                                                         \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
    "xxxx"                                                                                         \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

struct hostile {
    const char *name;
    struct tar_part parts[PARTS_MAX]; /* ended by one without a path */
    const char *refusal;              /* what the error says; NULL: it is unpacked */
    const char *tree;                 /* what is there then, see list() */
    size_t cut, garbage;              /* bytes less, or more, at the end */
};

static const struct hostile hostile_cases[] = {
    {
        .name = "an_absolute_name",
        .parts = { { .path = "/etc/passwd", .content = "x" } },
        .refusal = "absolute",
    },
    {
        .name = "dots_at_the_beginning",
        .parts = { { .path = "../outside" } },
        .refusal = "'..'",
    },
    {
        .name = "dots_in_the_middle",
        .parts = { { .path = "a/../../outside" } },
        .refusal = "'..'",
    },
    {
        .name = "dots_at_the_end",
        .parts = { { .path = "a/..", .type = '5' } },
        .refusal = "'..'",
    },
    {
        .name = "an_absolute_name_in_pax",
        .parts = { { .path = "a", .pax = { "path=/etc/passwd" } } },
        .refusal = "absolute",
    },
    {
        .name = "dots_in_pax",
        .parts = { { .path = "a", .pax = { "path=a/../../outside" } } },
        .refusal = "'..'",
    },
    {
        .name = "an_absolute_hard_link",
        .parts = { { .path = "a", .type = '1', .link = "/etc/passwd" } },
        .refusal = "absolute",
    },
    {
        .name = "a_hard_link_with_dots",
        .parts = { { .path = "a", .type = '1', .link = "../outside" } },
        .refusal = "'..'",
    },
    {
        .name = "a_hard_link_with_dots_in_pax",
        .parts = { { .path = "a", .type = '1', .link = "b", .pax = { "linkpath=../outside" } } },
        .refusal = "'..'",
    },
    {
        .name = "a_hard_link_to_nothing",
        .parts = { { .path = "a", .type = '1', .link = "missing" } },
        .refusal = "no file before",
    },
    {
        .name = "a_hard_link_to_a_folder",
        .parts = { { .path = "d", .type = '5' }, { .path = "a", .type = '1', .link = "d" } },
        .refusal = "no file before",
    },
    {
        .name = "a_hard_link_to_itself",
        .parts = { { .path = "a", .content = "x" }, { .path = "a", .type = '1', .link = "a" } },
        .refusal = "itself",
    },
    {
        .name = "a_hard_link_to_itself_by_a_link",
        .parts = { { .path = "a", .content = "x" },
                   { .path = "l", .type = '2', .link = "." },
                   { .path = "l/a", .type = '1', .link = "a" } },
        .refusal = "itself",
    },
    {
        .name = "a_hard_link_to_a_deleted_file",
        .parts = { { .path = ".wh.a" }, { .path = "b", .type = '1', .link = "a" } },
        .refusal = "no file before",
    },
    {
        .name = "a_hard_link_as_the_root",
        .parts = { { .path = "a", .content = "x" }, { .path = "./", .type = '1', .link = "a" } },
        .refusal = "root",
    },
    {
        .name = "a_hard_link_with_a_marks_name",
        .parts = { { .path = "a", .content = "x" }, { .path = ".wh.b", .type = '1', .link = "a" } },
        .refusal = "mark",
    },
    {
        .name = "a_file_as_the_root",
        .parts = { { .path = "./", .type = '0', .content = "x" } },
        .refusal = "no name",
    },
    {
        .name = "a_link_that_leads_out_is_written_through",
        .parts = { { .path = "l", .type = '2', .link = "../.." },
                   { .path = "l/outside", .content = "x" } },
        .tree = "l l ../..\nf 644 0:0 1 outside\n",
    },
    {
        .name = "a_link_to_the_hosts_root_is_written_through",
        .parts = { { .path = "l", .type = '2', .link = "/" },
                   { .path = "l/etc/outside", .content = "x" } },
        .tree = "d 755 0:0 etc\nf 644 0:0 1 etc/outside\nl l /\n",
    },
    {
        .name = "a_parent_that_became_a_link",
        .parts = { { .path = "d", .type = '5' },
                   { .path = "d/a" },
                   { .path = "d", .type = '2', .link = "/tmp" },
                   { .path = "d/outside" } },
        .refusal = "'d/outside'",
    },
    {
        .name = "a_chain_of_links_that_leads_out",
        .parts = { {
                       .path = "a",
                       .type = '2',
                       .link = "b/..",
                   },
                   {
                       .path = "b",
                       .type = '2',
                       .link = "/..",
                   },
                   {
                       .path = "c",
                       .type = '2',
                       .link = "a/../..",
                   },
                   { .path = "c/outside", .content = "x" } },
        .tree = "l a b/..\nl b /..\nl c a/../..\nf 644 0:0 1 outside\n",
    },
    {
        .name = "a_link_through_proc",
        .parts = { { .path = "l", .type = '2', .link = "/proc/self/root/tmp" },
                   { .path = "l/outside" } },
        .refusal = "'l/outside'",
    },
    {
        .name = "a_hard_link_to_a_link_is_that_link",
        .parts = { { .path = "l", .type = '2', .link = "/etc/passwd" },
                   { .path = "h", .type = '1', .link = "l" } },
        .tree = "l h /etc/passwd\nl l /etc/passwd\n",
    },
    {
        .name = "a_hard_link_through_a_link_stays_inside",
        .parts = { { .path = "l", .type = '2', .link = "/etc" },
                   { .path = "h", .type = '1', .link = "l/passwd" } },
        .refusal = "no file before",
    },
    {
        .name = "a_loop_of_links",
        .parts = { { .path = "a", .type = '2', .link = "b" },
                   { .path = "b", .type = '2', .link = "a" },
                   { .path = "a/x" } },
        .refusal = "'a/x'",
    },
    {
        .name = "a_link_without_a_target",
        .parts = { { .path = "l", .type = '2' } },
        .refusal = "without a target",
    },
    {
        .name = "a_disk",
        .parts = { { .path = "sda", .type = '4', .major = 8 } },
        .refusal = "device",
    },
    {
        .name = "the_memory_of_the_machine",
        .parts = { { .path = "mem", .type = '3', .major = 1, .minor = 1 } },
        .refusal = "device",
    },
    {
        .name = "a_device_that_means_deleted",
        .parts = { { .path = "a", .type = '3' } },
        .refusal = "device",
    },
    {
        .name = "a_default_device",
        .parts = { { .path = "null", .type = '3', .mode = 0666, .major = 1, .minor = 3 } },
        .tree = "c 666 0:0 null\n",
    },
    {
        .name = "a_fifo",
        .parts = { { .path = "p", .type = '6' } },
        .tree = "p 644 0:0 p\n",
    },
    {
        .name = "a_name_twice",
        .parts = { { .path = "a", .content = "one" }, { .path = "a", .content = "three" } },
        .tree = "f 644 0:0 5 a\n",
    },
    {
        .name = "a_file_over_a_folder",
        .parts = { { .path = "a", .type = '5' },
                   { .path = "a/b", .content = "x" },
                   { .path = "a", .content = "file" } },
        .tree = "f 644 0:0 4 a\n",
    },
    {
        .name = "a_folder_over_a_file",
        .parts = { { .path = "a", .content = "x" },
                   { .path = "a", .type = '5' },
                   { .path = "a/b", .content = "y" } },
        .tree = "d 755 0:0 a\nf 644 0:0 1 a/b\n",
    },
    {
        .name = "a_folder_over_a_folder_keeps_its_content",
        .parts = { { .path = "a", .type = '5' },
                   { .path = "a/b", .content = "x" },
                   { .path = "a", .type = '5', .mode = 0700 } },
        .tree = "d 700 0:0 a\nf 644 0:0 1 a/b\n",
    },
    {
        .name = "a_folder_over_a_link_does_not_follow_it",
        .parts = { { .path = "a", .type = '2', .link = "b" },
                   { .path = "b", .type = '5' },
                   { .path = "a", .type = '5' },
                   { .path = "a/x" } },
        .tree = "d 755 0:0 a\nf 644 0:0 0 a/x\nd 755 0:0 b\n",
    },
    {
        .name = "a_file_over_a_link_does_not_follow_it",
        .parts = { { .path = "b", .content = "kept" },
                   { .path = "a", .type = '2', .link = "b" },
                   { .path = "a", .content = "x" } },
        .tree = "f 644 0:0 1 a\nf 644 0:0 4 b\n",
    },
    {
        .name = "a_link_replaced_below_itself",
        .parts = { { .path = "x", .type = '2', .link = "." },
                   { .path = "x/x", .type = '5' },
                   { .path = "x/y", .content = "1" } },
        .tree = "d 755 0:0 x\nf 644 0:0 1 x/y\n",
    },
    {
        .name = "a_file_below_a_file",
        .parts = { { .path = "a", .content = "x" }, { .path = "a/b" } },
        .refusal = "'a/b'",
    },
    {
        .name = "a_mark_without_a_name",
        .parts = { { .path = "a/.wh." } },
        .refusal = "mark",
    },
    {
        .name = "a_mark_of_the_folder_itself",
        .parts = { { .path = "a/.wh.." } },
        .refusal = "mark",
    },
    {
        .name = "a_mark_of_the_parent",
        .parts = { { .path = ".wh..." } },
        .refusal = "mark",
    },
    {
        .name = "a_mark_of_a_mark",
        .parts = { { .path = ".wh..wh." } },
        .refusal = "mark",
    },
    {
        .name = "a_mark_of_aufs",
        .parts = { { .path = ".wh..wh.plnk", .type = '5' } },
        .refusal = "mark",
    },
    {
        .name = "a_folder_with_a_marks_name",
        .parts = { { .path = ".wh.a/b" } },
        .refusal = "mark",
    },
    {
        .name = "a_mark_that_leads_out",
        .parts = { { .path = ".wh.../outside" } },
        .refusal = "mark",
    },
    {
        .name = "a_mark_in_a_linked_folder_stays_inside",
        .parts = { { .path = "l", .type = '2', .link = "/" }, { .path = "l/.wh.etc" } },
        .tree = "w etc\nl l /\n",
    },
    {
        .name = "a_deletion_of_everything",
        .parts = { { .path = ".wh..wh..opq" } },
        .refusal = "deletes all",
    },
    {
        .name = "a_mark_after_what_it_hides_below",
        .parts = { { .path = "d", .type = '5' },
                   { .path = "d/new" },
                   { .path = "d/.wh..wh..opq" },
                   { .path = ".wh.d" } },
        .tree = "o 755 0:0 d\nf 644 0:0 0 d/new\n",
    },
    {
        .name = "a_mark_before_a_new_folder",
        .parts = { { .path = ".wh.d" }, { .path = "d", .type = '5' }, { .path = "d/new" } },
        .tree = "o 755 0:0 d\nf 644 0:0 0 d/new\n",
    },
    {
        .name = "overlayfs_own_attributes",
        .parts = { { .path = "a",
                     .type = '5',
                     .pax = { "SCHILY.xattr.trusted.overlay.opaque=y" } } },
        .refusal = "trusted.overlay.opaque",
    },
    {
        .name = "a_redirect_of_overlayfs",
        .parts = { { .path = "a",
                     .type = '5',
                     .pax = { "SCHILY.xattr.trusted.overlay.redirect=/etc" } } },
        .refusal = "trusted.overlay.redirect",
    },
    {
        .name = "attributes_of_the_host_are_left",
        .parts = { { .path = "a",
                     .pax = { "SCHILY.xattr.security.selinux=any", "SCHILY.xattr.trusted.x=y" } } },
        .tree = "f 644 0:0 0 a\n",
    },
    {
        .name = "a_set_user_id_bit_is_kept",
        .parts = { { .path = "su", .mode = 04755, .uid = "0001750" } },
        .tree = "f 4755 1000:0 0 su\n",
    },
    {
        .name = "an_owner_that_wraps_to_root",
        .parts = { { .path = "a", .pax = { "uid=4294967296" } } },
        .refusal = "owner",
    },
    {
        .name = "an_owner_that_means_nobody_in_particular",
        .parts = { { .path = "a", .pax = { "gid=4294967295" } } },
        .refusal = "owner",
    },
    {
        .name = "a_negative_owner",
        .parts = { { .path = "a", .pax = { "uid=-1" } } },
        .refusal = "owner",
    },
    {
        .name = "the_largest_owner",
        .parts = { { .path = "a", .pax = { "uid=4294967294" } } },
        .tree = "f 644 4294967294:0 0 a\n",
    },
    {
        .name = "a_time_before_1970",
        .parts = { { .path = "a", .pax = { "mtime=-5" } } },
        .tree = "f 644 0:0 0 a\n",
    },
    {
        .name = "a_time_of_never",
        .parts = { { .path = "a", .pax = { "mtime=9223372036854775807" } } },
        .tree = "f 644 0:0 0 a\n",
    },
    {
        .name = "a_name_that_is_no_utf8",
        .parts = { { .path = "\xff\xfe", .content = "x" } },
        .tree = "f 644 0:0 1 \xff\xfe\n",
    },
    {
        .name = "a_component_that_is_too_long",
        .parts = { { .path = "a", .pax = { "path=" LONG_COMPONENT } } },
        .refusal = "too long",
    },
    {
        .name = "a_name_that_is_empty",
        .parts = { { .path = "", .content = "x" } },
        .refusal = "",
    },
    {
        .name = "a_file_larger_than_all_may_be",
        .parts = { { .path = "a", .size = "77777777777", .content = "x" } },
        .refusal = "larger than the limit",
    },
    {
        .name = "a_size_that_is_negative",
        .parts = { { .path = "a", .size = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" } },
        .refusal = "",
    },
    {
        .name = "holes_larger_than_all_may_be",
        .parts = { { .path = "a",
                     .content = "1\n0\n1\n",
                     .pax = { "GNU.sparse.major=1", "GNU.sparse.minor=0", "GNU.sparse.name=a",
                              "GNU.sparse.realsize=9000000000000000000" } } },
        .refusal = "",
    },
    {
        .name = "a_hole_before_content_that_is_not_there",
        .parts = { { .path = "a",
                     .content = "x",
                     .pax = { "GNU.sparse.size=4", "GNU.sparse.numblocks=1",
                              "GNU.sparse.map=8,1" } } },
        .refusal = "",
    },
    {
        .name = "a_damaged_header",
        .parts = { { .path = "a", .size = "zzzz" } },
        .refusal = "",
    },
    { .name = "a_cut_archive",
      .parts = { { .path = "a", .content = "0123456789" } },
      .refusal = "broken archive",
      .cut = 1024 + 508 },
    { .name = "a_cut_header",
      .parts = { { .path = "a" } },
      .refusal = "broken archive",
      .cut = 1024 + 12 },
    { .name = "what_follows_the_end_counts_only_in_the_digest",
      .parts = { { .path = "a", .content = "x" } },
      .tree = "f 644 0:0 1 a\n",
      .garbage = 1000 },
};
