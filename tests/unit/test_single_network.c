/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <string.h>

#include "cli/label_filter.h"
#include "cli/single_network.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/text.h"

/* What --network with these words, and the rest of `options`, comes to. */
static int set(struct single_options *options, const char *const *words, char **service_out,
               char **networks_out, struct error *err)
{
    AUTO(json) struct json *service = json_new_object();
    AUTO(json) struct json *networks = json_new_object();
    int result;

    for (; *words; words++)
        strings_add(&options->networks, *words);
    result = single_network_set(options, service, networks, err);
    *service_out = json_print(service, false);
    *networks_out = json_print(networks, false);
    strings_done(&options->networks);
    return result;
}
#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void names_are_external_networks(void **state)
{
    struct single_options options = { .ip = NULL };
    AUTO_FREE char *service = NULL;
    AUTO_FREE char *networks = NULL;
    struct error err = { 0 };

    (void)state;
    strings_add(&options.network_aliases, "db");
    assert_int_equal(set(&options, WORDS("back", "bridge"), &service, &networks, &err), 0);
    assert_string_equal(service, "{\"networks\":{\"back\":{\"aliases\":[\"db\"]},\"default\":{}}}");
    assert_string_equal(networks, "{\"back\":{\"external\":true,\"name\":\"back\"}}");
    strings_done(&options.network_aliases);
}

static void an_address_belongs_to_one_network(void **state)
{
    struct single_options options = { .ip = "10.1.2.3" };
    AUTO_FREE char *service = NULL;
    AUTO_FREE char *networks = NULL;
    struct error err = { 0 };

    (void)state;
    assert_int_equal(set(&options, WORDS("back"), &service, &networks, &err), 0);
    assert_non_null(strstr(service, "\"ipv4_address\":\"10.1.2.3\""));
}

static void what_excludes_each_other_is_refused(void **state)
{
    static const struct {
        const char *first, *second, *ip, *alias, *text;
    } cases[] = {
        { "none", "back", NULL, NULL, "'none' excludes other networks" },
        { "back", "host", NULL, NULL, "'host' excludes other networks" },
        { "back", "front", "10.1.2.3", NULL, "'--ip' needs one --network NAME" },
        { "bridge", NULL, "10.1.2.3", NULL, "'--ip' needs one --network NAME" },
        { "bridge", NULL, NULL, "db", "'--network-alias' needs a --network NAME" },
        { "name=back,alias=db", NULL, NULL, NULL, "write NAME alone" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct single_options options = { .ip = cases[i].ip };
        AUTO_FREE char *service = NULL;
        AUTO_FREE char *networks = NULL;
        struct error err = { 0 };

        if (cases[i].alias)
            strings_add(&options.network_aliases, cases[i].alias);
        assert_int_equal(
            set(&options, WORDS(cases[i].first, cases[i].second), &service, &networks, &err), -1);
        assert_non_null(strstr(err.text, cases[i].text));
        strings_done(&options.network_aliases);
    }
}

static void filters_look_at_names_labels_and_use(void **state)
{
    static const struct {
        const char *word;
        bool matches, matches_used;
    } cases[] = {
        { "name=ac", true, true },        { "name=x", false, false },
        { "label=tier", true, true },     { "label=tier=back", true, true },
        { "label=tier=b", false, false }, { "label=other", false, false },
        { "dangling=true", true, false }, { "dangling=false", false, true },
    };
    struct strings_map labels = { 0 };

    (void)state;
    strings_map_set(&labels, "tier", "back");
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO_LABEL_FILTER struct label_filter filter = { 0 };
        AUTO_STRINGS struct strings words = { 0 };
        struct error err = { 0 };

        strings_add(&words, cases[i].word);
        assert_int_equal(label_filter_parse(&words, &filter, &err), 0);
        assert_int_equal(label_filter_matches(&filter, "back", &labels, false), cases[i].matches);
        assert_int_equal(label_filter_matches(&filter, "back", &labels, true),
                         cases[i].matches_used);
    }
    strings_map_done(&labels);
}

static void a_filter_that_is_not_known_is_refused(void **state)
{
    static const char *const words[] = { "driver=bridge", "dangling=maybe", "name" };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        AUTO_LABEL_FILTER struct label_filter filter = { 0 };
        AUTO_STRINGS struct strings list = { 0 };
        struct error err = { 0 };

        strings_add(&list, words[i]);
        assert_int_equal(label_filter_parse(&list, &filter, &err), -1);
        assert_int_equal(err.code, ERROR_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_external_networks),
        cmocka_unit_test(an_address_belongs_to_one_network),
        cmocka_unit_test(what_excludes_each_other_is_refused),
        cmocka_unit_test(filters_look_at_names_labels_and_use),
        cmocka_unit_test(a_filter_that_is_not_known_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
