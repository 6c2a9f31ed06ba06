#include "http/clients.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MOST 16 /* of which two are kept */

struct place {
    struct mh_clients clients;
    struct mh_client *all[2 * MOST];
    size_t count;
};

static int start(void **state)
{
    static struct place place;
    place = (struct place){.clients = {.most = MOST}};
    *state = &place;
    return 0;
}

static int stop(void **state)
{
    struct place *place = *state;
    for (size_t i = 0; i < place->count; i++)
        mh_clients_remove(&place->clients, place->all[i]);
    assert_int_equal(place->clients.count, 0);
    assert_null(place->clients.first);
    assert_null(place->clients.peers);
    return 0;
}

/* One that came later than those before, from the address. */
static struct mh_client *come(struct place *place, const char *from)
{
    union {
        struct sockaddr any;
        struct sockaddr_in four;
        struct sockaddr_in6 six;
    } address = {.any = {.sa_family = strchr(from, ':') != NULL ? AF_INET6 : AF_INET}};
    void *at = address.any.sa_family == AF_INET ? (void *)&address.four.sin_addr
                                                : (void *)&address.six.sin6_addr;
    assert_int_equal(inet_pton(address.any.sa_family, from, at), 1);
    int64_t now_us = (int64_t)place->count + 1;
    struct mh_client *client = mh_clients_add(&place->clients, -1, &address.any, now_us);
    assert_non_null(client);
    return place->all[place->count++] = client;
}

static void come_busy(struct place *place, const char *from, int count)
{
    static char request; /* any */
    for (int i = 0; i < count; i++)
        come(place, from)->request = (struct mh_http_request *)(void *)&request;
}

static void while_there_is_room_one_address_may_have_all(void **state)
{
    struct place *place = *state;
    come_busy(place, "10.0.0.1", MOST - 3);
    assert_false(come(place, "10.0.0.1")->refused);
}

static void what_is_left_is_kept_for_others(void **state)
{
    struct place *place = *state;
    come_busy(place, "10.0.0.1", MOST - 2);
    come_busy(place, "10.0.0.2", 1);
    assert_false(place->all[MOST - 2]->refused);
    assert_true(come(place, "10.0.0.1")->refused);
    assert_false(place->all[0]->hung_up);
}

static void the_idle_of_who_has_most_are_hung_up_on_first(void **state)
{
    struct place *place = *state;
    struct mh_client *other = come(place, "10.0.0.2");
    struct mh_client *first = come(place, "10.0.0.1");
    struct mh_client *second = come(place, "10.0.0.1");
    come_busy(place, "10.0.0.1", MOST - 5);
    assert_false(first->hung_up);
    assert_false(come(place, "10.0.0.1")->refused);
    assert_true(first->hung_up && !second->hung_up && !other->hung_up);
    assert_false(come(place, "10.0.0.3")->refused);
    assert_true(second->hung_up && !other->hung_up);
}

static void an_address_may_be_written_in_many_ways(void **state)
{
    struct place *place = *state;
    come_busy(place, "2001:db8::1", MOST / 2);
    come_busy(place, "2001:db8::ffff:1", MOST / 2 - 2);
    assert_false(come(place, "2001:db8:0:1::1")->refused);
    place->all[MOST - 2]->request = place->all[0]->request;
    assert_true(come(place, "2001:db8::2")->refused);
    assert_false(come(place, "::ffff:10.0.0.1")->refused);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(while_there_is_room_one_address_may_have_all),
        CASE(what_is_left_is_kept_for_others),
        CASE(the_idle_of_who_has_most_are_hung_up_on_first),
        CASE(an_address_may_be_written_in_many_ways),
    };
    return cmocka_run_group_tests_name("clients", tests, NULL, NULL);
}
