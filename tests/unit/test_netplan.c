/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "supervise/netplan.h"

static char *constant(const char *text)
{
    union {
        const char *from;
        char *to;
    } both = { .from = text };

    return both.to;
}

#define FRONT 0x0A580000
#define DATA 0x0A580100

/*
 * Two services: web on front and data, db on data only. web has two replicas, of which the
 * first is ready; db has one that is.
 */
struct fixture {
    struct service services[2];
    struct service_network web_networks[2], db_networks[1];
    struct service_port port;
    struct stack stack;
    struct network networks[2];
    struct netplan_virtual front[1], data[2];
    struct netplan_network views[2];
    struct state_replica replicas[3];
    struct netplan_member members[3];
    struct netplan_port ports[1];
    struct netplan_input input;
};

static void place(struct state_replica *replica, const char *network, uint32_t address)
{
    struct state_endpoint *endpoint = &replica->endpoints[replica->endpoint_count++];

    endpoint->network = constant(network);
    endpoint->address = address;
}

static void prepare_services(struct fixture *fixture)
{
    fixture->web_networks[0].network = constant("front");
    fixture->web_networks[1].network = constant("data");
    fixture->db_networks[0].network = constant("data");
    strings_add(&fixture->db_networks[0].aliases, "store");
    fixture->port = (struct service_port){ .target = 80, .published = 8080 };
    fixture->services[0] = (struct service){
        .name = constant("web"),
        .networks = fixture->web_networks,
        .network_count = 2,
        .ports = &fixture->port,
        .port_count = 1,
        .replicas = 2,
    };
    fixture->services[1] = (struct service){
        .name = constant("db"),
        .networks = fixture->db_networks,
        .network_count = 1,
        .replicas = 1,
    };
    strings_add(&fixture->services[0].expose, "81/tcp");
    strings_add(&fixture->services[0].expose, "82/udp");
    fixture->stack = (struct stack){ .services = fixture->services, .service_count = 2 };
}

static void prepare_networks(struct fixture *fixture)
{
    fixture->networks[0] = (struct network){ .subnet = FRONT, .prefix = 24, .gateway = FRONT + 1 };
    fixture->networks[1] = (struct network){ .subnet = DATA, .prefix = 24, .gateway = DATA + 1 };
    fixture->front[0] = (struct netplan_virtual){ constant("web"), FRONT + 254 };
    fixture->data[0] = (struct netplan_virtual){ constant("web"), DATA + 254 };
    fixture->data[1] = (struct netplan_virtual){ constant("db"), DATA + 253 };
    fixture->views[0] =
        (struct netplan_network){ "front", &fixture->networks[0], fixture->front, 1 };
    fixture->views[1] = (struct netplan_network){ "data", &fixture->networks[1], fixture->data, 2 };
}

static void prepare_replicas(struct fixture *fixture)
{
    static const char *const names[] = { "p-web-1", "p-web-2", "p-db-1" };

    for (size_t i = 0; i < 3; i++) {
        fixture->replicas[i].name = constant(names[i]);
        fixture->replicas[i].service = constant(i < 2 ? "web" : "db");
        fixture->replicas[i].index = i < 2 ? (int64_t)i + 1 : 1;
        if (i < 2)
            place(&fixture->replicas[i], "front", FRONT + 2 + (uint32_t)i);
        place(&fixture->replicas[i], "data", DATA + 2 + (uint32_t)i);
        fixture->members[i].replica = &fixture->replicas[i];
        fixture->members[i].ready = i != 1;
        fixture->members[i].running = true;
    }
}

static void prepare(struct fixture *fixture)
{
    *fixture = (struct fixture){ 0 };
    prepare_services(fixture);
    prepare_networks(fixture);
    prepare_replicas(fixture);
    fixture->ports[0] = (struct netplan_port){ constant("web"), 0, 8080, 80, IPPROTO_TCP };
    fixture->input = (struct netplan_input){
        .table = "carte1",
        .stack = &fixture->stack,
        .networks = fixture->views,
        .network_count = 2,
        .members = fixture->members,
        .member_count = 3,
        .ports = fixture->ports,
        .port_count = 1,
    };
}

static void done(struct fixture *fixture)
{
    strings_done(&fixture->db_networks[0].aliases);
    strings_done(&fixture->services[0].expose);
}

static void ports_lead_to_ready_replicas_only(void **state)
{
    struct fixture fixture;
    struct rules rules;

    (void)state;
    prepare(&fixture);
    netplan_make_rules(&fixture.input, &rules);
    assert_int_equal(rules.port_count, 1);
    assert_int_equal(rules.ports[0].published, 8080);
    assert_int_equal(rules.ports[0].backend_count, 1);
    assert_int_equal(rules.ports[0].backends[0], FRONT + 2);
    netplan_rules_done(&rules);
    fixture.members[0].ready = false;
    netplan_make_rules(&fixture.input, &rules);
    assert_int_equal(rules.ports[0].backend_count, 0);
    netplan_rules_done(&rules);
    done(&fixture);
}

static void each_network_has_its_own_virtual_addresses(void **state)
{
    struct fixture fixture;
    struct rules rules;

    (void)state;
    prepare(&fixture);
    netplan_make_rules(&fixture.input, &rules);
    assert_int_equal(rules.virtual_count, 3);
    assert_int_equal(rules.virtuals[0].address, FRONT + 254);
    assert_int_equal(rules.virtuals[0].backends[0], FRONT + 2);
    assert_int_equal(rules.virtuals[1].address, DATA + 254);
    assert_int_equal(rules.virtuals[1].backends[0], DATA + 2);
    assert_int_equal(rules.virtuals[0].tcp_port_count, 2);
    assert_int_equal(rules.virtuals[0].tcp_ports[1], 81);
    netplan_rules_done(&rules);
    done(&fixture);
}

/* All addresses of `name`, which must be there, as text; "-" is a name without one. */
static void assert_name(const struct dns_table *table, const char *name, const char *expected)
{
    char found[256] = "absent";

    for (size_t i = 0; i < table->count; i++) {
        size_t used = 0;

        if (strcmp(table->names[i].name, name) != 0)
            continue;
        snprintf(found, sizeof(found), "-");
        for (size_t j = 0; j < table->names[i].address_count; j++)
            used += (size_t)snprintf(found + used, sizeof(found) - used, "%s%x", used ? " " : "",
                                     table->names[i].addresses[j]);
    }
    assert_string_equal(found, expected);
}

static void services_tasks_and_replicas_have_names(void **state)
{
    struct fixture fixture;
    struct dns_table table = { 0 };

    (void)state;
    prepare(&fixture);
    netplan_make_names(&fixture.input, 0, &table);
    assert_name(&table, "web", "a5800fe");
    assert_name(&table, "tasks.web", "a580002");
    assert_name(&table, "web-1", "a580002");
    assert_name(&table, "web-2", "a580003");
    assert_name(&table, "p-web-2", "a580003");
    dns_table_done(&table);
    done(&fixture);
}

static void names_are_those_of_services_on_the_network(void **state)
{
    struct fixture fixture;
    struct dns_table table = { 0 };

    (void)state;
    prepare(&fixture);
    netplan_make_names(&fixture.input, 0, &table);
    assert_name(&table, "db", "absent");
    assert_name(&table, "store", "absent");
    dns_table_done(&table);
    netplan_make_names(&fixture.input, 1, &table);
    assert_name(&table, "db", "a5801fd");
    assert_name(&table, "store", "a5801fd");
    dns_table_done(&table);
    done(&fixture);
}

/* A replica asks on its first network only. */
static void replicas_may_ask_elsewhere_for_the_names_of_their_networks(void **state)
{
    struct fixture fixture;
    uint32_t *askers = NULL;
    size_t count = 0;

    (void)state;
    prepare(&fixture);
    /* Not db: it is on one network. */
    askers = netplan_find_askers(&fixture.input, 1, &count);
    assert_int_equal(count, 2);
    assert_int_equal(askers[0], FRONT + 2);
    assert_int_equal(askers[1], FRONT + 3);
    free(askers);
    fixture.replicas[1].endpoint_count = 1;
    askers = netplan_find_askers(&fixture.input, 1, &count);
    assert_int_equal(count, 1);
    free(askers);
    done(&fixture);
}

static void the_name_of_a_replaced_replica_is_of_the_ready_one(void **state)
{
    struct fixture fixture;
    struct dns_table table = { 0 };

    (void)state;
    prepare(&fixture);
    fixture.replicas[1].index = 1;
    netplan_make_names(&fixture.input, 0, &table);
    assert_name(&table, "web-1", "a580002");
    dns_table_done(&table);
    fixture.members[0].ready = false;
    fixture.members[1].ready = true;
    netplan_make_names(&fixture.input, 0, &table);
    assert_name(&table, "web-1", "a580003");
    dns_table_done(&table);
    done(&fixture);
}

static void a_service_without_ready_replicas_keeps_its_name(void **state)
{
    struct fixture fixture;
    struct dns_table table = { 0 };

    (void)state;
    prepare(&fixture);
    fixture.members[2].ready = fixture.members[2].running = false;
    netplan_make_names(&fixture.input, 1, &table);
    assert_name(&table, "db", "a5801fd");
    assert_name(&table, "tasks.db", "-");
    assert_name(&table, "db-1", "absent");
    dns_table_done(&table);
    done(&fixture);
}

static void a_network_is_as_large_as_its_services_may_grow(void **state)
{
    struct fixture fixture;

    (void)state;
    prepare(&fixture);
    assert_int_equal(netplan_count_addresses(&fixture.stack, "data"), 3 + 5 + 3);
    assert_int_equal(netplan_prefix_for(11), 24);
    fixture.services[0].autoscale.enabled = true;
    fixture.services[0].autoscale.max = 500;
    assert_int_equal(netplan_prefix_for(netplan_count_addresses(&fixture.stack, "data")), 22);
    assert_int_equal(netplan_prefix_for(UINT64_MAX), 16);
    done(&fixture);
}

static void files_of_a_replica_name_it_and_its_server(void **state)
{
    AUTO_TEXT struct text hosts = { 0 };
    AUTO_TEXT struct text resolver = { 0 };
    struct fixture fixture;

    (void)state;
    prepare(&fixture);
    strings_add(&fixture.services[0].extra_hosts, "outside=192.0.2.1");
    strings_add(&fixture.services[0].extra_hosts, "me:host-gateway");
    netplan_format_hosts(&fixture.services[0], &fixture.replicas[0], "web-1", FRONT + 1, &hosts);
    assert_non_null(strstr(text_get(&hosts), "192.0.2.1\toutside\n"));
    assert_non_null(strstr(text_get(&hosts), "10.88.0.1\tme\n"));
    assert_non_null(strstr(text_get(&hosts), "10.88.0.2\tweb-1\n"));
    netplan_format_resolver(&fixture.services[0], FRONT + 1, &resolver);
    assert_true(text_starts_with(text_get(&resolver), "nameserver 10.88.0.1\n"));
    strings_done(&fixture.services[0].extra_hosts);
    done(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ports_lead_to_ready_replicas_only),
        cmocka_unit_test(each_network_has_its_own_virtual_addresses),
        cmocka_unit_test(services_tasks_and_replicas_have_names),
        cmocka_unit_test(names_are_those_of_services_on_the_network),
        cmocka_unit_test(replicas_may_ask_elsewhere_for_the_names_of_their_networks),
        cmocka_unit_test(the_name_of_a_replaced_replica_is_of_the_ready_one),
        cmocka_unit_test(a_service_without_ready_replicas_keeps_its_name),
        cmocka_unit_test(a_network_is_as_large_as_its_services_may_grow),
        cmocka_unit_test(files_of_a_replica_name_it_and_its_server),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
