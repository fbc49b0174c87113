/* SPDX-License-Identifier: MIT */

/*
 * Compressing and decompressing: what goes in comes out, the same bytes each time, and what is
 * cut, damaged or too large is an error.
 */

#include "unit.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "image/stream_reader.h"
#include "image/stream_writer.h"
#include "image/stream_writer_gzip.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/hash.h"

#define SIZE ((size_t)5 << 20) /* more than the pieces that are read ahead */

static const struct {
    const char *name;
    enum stream_writer_kind kind;
} kinds[] = {
    { "zstd", STREAM_WRITER_ZSTD },
    { "gzip", STREAM_WRITER_GZIP },
    { "plain", STREAM_WRITER_PLAIN },
};

/* Text that compresses neither to nothing nor badly. */
static unsigned char *make_data(void)
{
    unsigned char *data = alloc_zeroed(SIZE, 1);
    uint32_t state = 1;

    for (size_t i = 0; i < SIZE; i++) {
        state = state * 1664525U + 1013904223U;
        data[i] = (unsigned char)"etaoin shrdlu\n"[(state >> 24) % 14];
    }
    return data;
}

static int compress(const void *data, size_t size, enum stream_writer_kind kind, char *hex)
{
    AUTO_CLOSE int fd = memfd_create("stream", MFD_CLOEXEC);
    AUTO(stream_writer) struct stream_writer *writer = NULL;
    struct error err = { 0 };
    uint64_t written = 0;

    assert_true(fd >= 0);
    writer = stream_writer_new(fd, kind, &err);
    assert_non_null(writer);
    for (size_t done = 0; done < size; done += MIN(size - done, (size_t)100000))
        assert_int_equal(stream_writer_add(writer, (const char *)data + done,
                                           MIN(size - done, (size_t)100000), &err),
                         0);
    assert_int_equal(stream_writer_finish(writer, hex, &written, &err), 0);
    assert_int_equal(written, lseek(fd, 0, SEEK_END));
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return STEAL_FD(fd);
}

/* The digests of what comes out and of the file, or -1. */
static int decompress(int fd, uint64_t limit, char *content_hex, char *file_hex, struct error *err)
{
    AUTO(stream_reader) struct stream_reader *reader = stream_reader_new(fd, limit, err);
    struct hash_sha256 hash;
    const void *data = NULL;
    ssize_t got = reader ? 1 : -1;

    hash_sha256_init(&hash);
    while (got > 0) {
        got = stream_reader_next(reader, &data, err);
        if (got > 0)
            hash_sha256_update(&hash, data, (size_t)got);
    }
    hash_sha256_hex(&hash, content_hex);
    return got < 0 ? -1 : stream_reader_finish(reader, file_hex, err);
}

static void what_goes_in_comes_out(void **state)
{
    AUTO_FREE unsigned char *data = make_data();
    char hex[HASH_SHA256_HEX_SIZE];

    (void)state;
    hash_sha256_hex_of(data, SIZE, hex);
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        char written[HASH_SHA256_HEX_SIZE];
        char read[HASH_SHA256_HEX_SIZE];
        char content[HASH_SHA256_HEX_SIZE];
        AUTO_CLOSE int fd = compress(data, SIZE, kinds[i].kind, written);
        struct error err = { 0 };

        print_message("%s\n", kinds[i].name);
        assert_int_equal(decompress(fd, SIZE, content, read, &err), 0);
        assert_string_equal(content, hex);
        assert_string_equal(read, written);
    }
}

static void nothing_is_a_stream_too(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        char written[HASH_SHA256_HEX_SIZE];
        char read[HASH_SHA256_HEX_SIZE];
        char content[HASH_SHA256_HEX_SIZE];
        AUTO_CLOSE int fd = compress("", 0, kinds[i].kind, written);
        struct error err = { 0 };

        assert_int_equal(decompress(fd, 0, content, read, &err), 0);
        assert_string_equal(read, written);
    }
}

static void bzip2_and_xz_are_read(void **state)
{
    AUTO_FREE unsigned char *data = make_data();
    int (*const filters[])(struct archive *) = { archive_write_add_filter_bzip2,
                                                 archive_write_add_filter_xz };
    const size_t size = 1 << 20;
    char hex[HASH_SHA256_HEX_SIZE];

    (void)state;
    hash_sha256_hex_of(data, size, hex);
    for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
        AUTO_CLOSE int fd = memfd_create("stream", MFD_CLOEXEC);
        struct archive *archive = archive_write_new();
        struct archive_entry *entry = archive_entry_new();
        char read[HASH_SHA256_HEX_SIZE];
        char content[HASH_SHA256_HEX_SIZE];
        struct error err = { 0 };

        archive_write_set_format_raw(archive);
        assert_int_equal(filters[i](archive), ARCHIVE_OK);
        archive_entry_set_filetype(entry, AE_IFREG);
        assert_int_equal(archive_write_open_fd(archive, fd), ARCHIVE_OK);
        assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
        assert_int_equal(archive_write_data(archive, data, size), (la_ssize_t)size);
        archive_entry_free(entry);
        assert_int_equal(archive_write_free(archive), ARCHIVE_OK);
        assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
        assert_int_equal(decompress(fd, size, content, read, &err), 0);
        assert_string_equal(content, hex);
    }
}

/* A digest of gzip that is the same wherever and whenever it is made. */
/* libarchive would hand these to programs if it were asked for all it knows. */
static void s13_what_a_program_would_unpack_is_taken_as_it_comes(void **state)
{
    static const char *const beginnings[] = {
        "LRZI\x01\x06\x01\x01",      "GRZipII\x02\x04:)", "LZIP\x01\x0c\x01\x01",
        "\x89LZO\r\n\x1a\n\x10\x10", "begin 644 a\n",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(beginnings); i++) {
        char expected[HASH_SHA256_HEX_SIZE];
        char content[HASH_SHA256_HEX_SIZE];
        char whole[HASH_SHA256_HEX_SIZE];
        AUTO_CLOSE int fd = memfd_create("archive", MFD_CLOEXEC);
        char data[256] = { 0 };
        struct error err = { 0 };

        memcpy(data, beginnings[i], strlen(beginnings[i]));
        assert_int_equal(write(fd, data, sizeof(data)), sizeof(data));
        assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
        hash_sha256_hex_of(data, sizeof(data), expected);
        assert_int_equal(decompress(fd, sizeof(data), content, whole, &err), 0);
        assert_string_equal(content, expected);
    }
}

static void gzip_bears_neither_time_nor_system(void **state)
{
    const unsigned char header[10] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255 };
    unsigned char begin[10];
    char hex[HASH_SHA256_HEX_SIZE];
    char again[HASH_SHA256_HEX_SIZE];
    AUTO_CLOSE int fd = compress("hello\n", 6, STREAM_WRITER_GZIP, hex);

    (void)state;
    assert_int_equal(pread(fd, begin, sizeof(begin), 0), sizeof(begin));
    assert_memory_equal(begin, header, sizeof(header));
    close(compress("hello\n", 6, STREAM_WRITER_GZIP, again));
    assert_string_equal(again, hex);
}

static int add_to_sum(void *context, const void *data, size_t length, struct error *err)
{
    (void)err;
    hash_sha256_update(context, data, length);
    return 0;
}

static void gzip_does_not_depend_on_the_number_of_threads(void **state)
{
    const size_t sizes[] = { 0, 1, 256 << 10, (256 << 10) + 1, 1 << 20, SIZE };
    AUTO_FREE unsigned char *data = make_data();

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        char hex[3][HASH_SHA256_HEX_SIZE];

        for (size_t threads = 1; threads <= 3; threads++) {
            struct hash_sha256 sum;
            AUTO(stream_writer_gzip)
            struct stream_writer_gzip *gzip = stream_writer_gzip_new(threads, add_to_sum, &sum);
            struct error err = { 0 };

            hash_sha256_init(&sum);
            assert_int_equal(stream_writer_gzip_add(gzip, data, sizes[i] / 3, &err), 0);
            assert_int_equal(
                stream_writer_gzip_add(gzip, data + sizes[i] / 3, sizes[i] - sizes[i] / 3, &err),
                0);
            assert_int_equal(stream_writer_gzip_finish(gzip, &err), 0);
            hash_sha256_hex(&sum, hex[threads - 1]);
        }
        assert_string_equal(hex[0], hex[1]);
        assert_string_equal(hex[0], hex[2]);
    }
}

static void a_cut_stream_is_refused(void **state)
{
    AUTO_FREE unsigned char *data = make_data();

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        char hex[HASH_SHA256_HEX_SIZE];
        char content[HASH_SHA256_HEX_SIZE];
        AUTO_CLOSE int fd = compress(data, SIZE, kinds[i].kind, hex);
        struct error err = { 0 };

        assert_int_equal(ftruncate(fd, lseek(fd, 0, SEEK_END) - 20), 0);
        assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
        assert_int_equal(decompress(fd, SIZE, content, hex, &err), -1);
        assert_int_equal(err.code, ERROR_INVALID);
        assert_non_null(strstr(err.text, "decompress"));
    }
}

static void what_follows_the_stream_counts_in_the_digest(void **state)
{
    char written[HASH_SHA256_HEX_SIZE];
    char read[HASH_SHA256_HEX_SIZE];
    char content[HASH_SHA256_HEX_SIZE];
    AUTO_CLOSE int fd = compress("hello\n", 6, STREAM_WRITER_GZIP, written);
    struct error err = { 0 };

    (void)state;
    assert_true(lseek(fd, 0, SEEK_END) > 0);
    assert_int_equal(file_write_all(fd, "garbage", 7, &err), 0);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_int_equal(decompress(fd, 6, content, read, &err), 0);
    assert_string_not_equal(read, written);
}

static void s17_more_than_the_limit_is_refused(void **state)
{
    AUTO_FREE unsigned char *data = make_data();

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        char hex[HASH_SHA256_HEX_SIZE];
        char content[HASH_SHA256_HEX_SIZE];
        AUTO_CLOSE int fd = compress(data, SIZE, kinds[i].kind, hex);
        struct error err = { 0 };

        assert_int_equal(decompress(fd, SIZE - 1, content, hex, &err), -1);
        assert_non_null(strstr(err.text, "larger than the limit"));
    }
}

static void a_reader_may_be_left_at_any_time(void **state)
{
    AUTO_FREE unsigned char *data = make_data();
    char hex[HASH_SHA256_HEX_SIZE];
    AUTO_CLOSE int fd = compress(data, SIZE, STREAM_WRITER_ZSTD, hex);

    (void)state;
    for (unsigned pieces = 0; pieces < 10; pieces++) {
        AUTO(stream_reader) struct stream_reader *reader = NULL;
        struct error err = { 0 };
        const void *piece = NULL;

        assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
        reader = stream_reader_new(fd, SIZE, &err);
        assert_non_null(reader);
        for (unsigned i = 0; i < pieces; i++)
            assert_true(stream_reader_next(reader, &piece, &err) > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_in_comes_out),
        cmocka_unit_test(nothing_is_a_stream_too),
        cmocka_unit_test(bzip2_and_xz_are_read),
        cmocka_unit_test(s13_what_a_program_would_unpack_is_taken_as_it_comes),
        cmocka_unit_test(gzip_bears_neither_time_nor_system),
        cmocka_unit_test(gzip_does_not_depend_on_the_number_of_threads),
        cmocka_unit_test(a_cut_stream_is_refused),
        cmocka_unit_test(what_follows_the_stream_counts_in_the_digest),
        cmocka_unit_test(s17_more_than_the_limit_is_refused),
        cmocka_unit_test(a_reader_may_be_left_at_any_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
