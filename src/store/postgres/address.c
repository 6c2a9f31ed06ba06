#include "store/postgres/address.h"

#include <netdb.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/loop.h"
#include "store/postgres/fault.h"

#define ARENA_MAX    65536
#define HOSTS_MAX    32 /* libpq has no limit; past it the rest are not tried */
#define ADDRESSES    8  /* of one name */
#define OPTIONS_MAX  64
#define LIST_MAX     8192
#define NUMERIC_SIZE 64

struct host {
    const char *name;    /* or a socket's folder; "": libpq's default */
    const char *address; /* "": to be looked up, or none needed */
    const char *port;
};

struct mh_address {
    const struct mh_pq *pq;
    struct mh_arena arena;
    const char *names[OPTIONS_MAX + 1]; /* of options, and their values; but for the hosts */
    const char *values[OPTIONS_MAX + 1];
    int count;
    struct host hosts[HOSTS_MAX];
    int host_count;
    const char *location;
};

/* What we ask for where nobody has said otherwise: a server that is gone is noticed within half a
 * minute. */
static const struct {
    const char *name, *value;
} defaults[] = {
    {"fallback_application_name", "millhand"},
    {"keepalives_idle", "10"},
    {"keepalives_interval", "5"},
    {"keepalives_count", "3"},
    {"tcp_user_timeout", "20000"},
};

/* --- what libpq makes of it */

static int no_memory(struct mh_err *err)
{
    return mh_err_set(err, MH_ENOMEM, "unable to use the store's URL: out of memory");
}

/* libpq tells what it would use only once a connection has begun. One with a wrong value for an
 * option that is looked at last fails before it touches the network and tells all the same, but for
 * that one. */
static int try_out(const struct mh_pq *pq, const char *url, const char *spoilt,
                   PQconninfoOption **ret_options, struct mh_err *err)
{
    const char *const names[] = {"dbname", spoilt, NULL};
    const char *const values[] = {url, "?", NULL};
    PGconn *conn = pq->connectStartParams(names, values, 1);
    if (conn == NULL) return no_memory(err);
    int r = 0;
    if (mh_fault_no_memory(pq->errorMessage(conn)))
        r = no_memory(err);
    else if (strstr(pq->errorMessage(conn), spoilt) == NULL)
        r = mh_err_set(err, MH_EINVAL, "unable to use the store's URL: %s", pq->errorMessage(conn));
    else if ((*ret_options = pq->conninfo(conn)) == NULL)
        r = no_memory(err);
    pq->finish(conn);
    return r;
}

/* libpq's own words about a URL that it cannot read would quote it, password and all. */
static int check_form(const struct mh_pq *pq, const char *url, struct mh_err *err)
{
    char *text = NULL;
    PQconninfoOption *options = pq->conninfoParse(url, &text);
    bool starved = options == NULL && mh_fault_no_memory(text);
    if (text != NULL) pq->freemem(text);
    if (starved) return no_memory(err);
    if (options == NULL)
        return mh_err_set(err, MH_EINVAL,
                          "unable to read the store's URL: expected "
                          "postgres://USER:PASSWORD@HOST:PORT/DATABASE?OPTION=VALUE, with %%XX for "
                          "special characters");
    pq->conninfoFree(options);
    return 0;
}

static bool same_text(const char *one, const char *other)
{
    return one == other || (one != NULL && other != NULL && strcmp(one, other) == 0);
}

/* libpq leaves out, without a word, values that it has no memory for; and a connection to what is
 * left could reach another database. So it is asked twice. But for `spoilt`, one of each. */
static bool alike(const PQconninfoOption *one, const PQconninfoOption *other,
                  const char *const spoilt[2])
{
    for (; one->keyword != NULL && other->keyword != NULL; one++, other++) {
        if (strcmp(one->keyword, spoilt[0]) == 0 || strcmp(one->keyword, spoilt[1]) == 0) continue;
        if (!same_text(one->keyword, other->keyword) || !same_text(one->val, other->val))
            return false;
    }
    return one->keyword == other->keyword; /* both at the end */
}

static const char *value_of(const PQconninfoOption *options, const char *name)
{
    for (; options->keyword != NULL; options++)
        if (strcmp(options->keyword, name) == 0) return options->val;
    return NULL;
}

/* --- taking it over */

static const char *keep(struct mh_address *address, const char *text)
{
    return mh_arena_str(&address->arena, text != NULL ? text : "");
}

static bool add(struct mh_address *address, const char *name, const char *value)
{
    if (value == NULL || *value == '\0') return true;
    if (address->count == OPTIONS_MAX) return false;
    int i = address->count++;
    address->names[i] = keep(address, name);
    address->values[i] = keep(address, value);
    return address->names[i] != NULL && address->values[i] != NULL;
}

static const char *default_of(const char *name)
{
    for (size_t i = 0; i < MH_LEN(defaults); i++)
        if (strcmp(defaults[i].name, name) == 0) return defaults[i].value;
    return NULL;
}

static bool is_ours(const char *name)
{
    static const char *const ours[] = {"host",    "hostaddr",    "port",
                                       "service", "servicefile", "client_encoding"};
    for (size_t i = 0; i < MH_LEN(ours); i++)
        if (strcmp(ours[i], name) == 0) return true;
    return false;
}

static bool take_options(struct mh_address *address, const PQconninfoOption *options,
                         const char *target)
{
    bool fits = add(address, "client_encoding", "UTF8");
    for (; fits && options->keyword != NULL; options++) {
        const char *value = options->val;
        if (is_ours(options->keyword)) continue;
        if (strcmp(options->keyword, "target_session_attrs") == 0) value = target;
        if (value == NULL || *value == '\0') value = default_of(options->keyword);
        fits = add(address, options->keyword, value);
    }
    return fits;
}

/* The item of a list with commas that has this number, the last one's where it is too short and
 * `repeat`; in the arena. */
static const char *item(struct mh_address *address, const char *list, int number, bool repeat)
{
    const char *at = list != NULL ? list : "";
    bool single = strchr(at, ',') == NULL;
    for (; number > 0 && !(single && repeat); number--) {
        at = strchr(at, ',');
        if (at == NULL) return "";
        at++;
    }
    return mh_arena_copy(&address->arena, at, strcspn(at, ","));
}

static int length(const char *list)
{
    int items = 1;
    for (; list != NULL && *list != '\0'; list++)
        items += *list == ',';
    return items;
}

static bool take_hosts(struct mh_address *address, const char *names, const char *addresses,
                       const char *ports)
{
    bool by_name = names != NULL && *names != '\0';
    int count = length(by_name ? names : addresses);
    address->host_count = count < HOSTS_MAX ? count : HOSTS_MAX;
    for (int i = 0; i < address->host_count; i++) {
        struct host *host = &address->hosts[i];
        host->name = item(address, names, i, false);
        host->address = item(address, addresses, i, false);
        host->port = item(address, ports, i, true);
        if (host->name == NULL || host->address == NULL || host->port == NULL) return false;
    }
    return true;
}

static bool is_socket(const struct host *host)
{
    return *host->name == '/' || *host->name == '@' || *host->name == '\0';
}

static const char *describe(struct mh_address *address, const PQconninfoOption *options)
{
    const char *user = value_of(options, "user"), *name = value_of(options, "dbname");
    struct mh_buf text;
    mh_buf_init(&text, LIST_MAX);
    mh_buf_printf(&text, "postgres://%s@", user != NULL ? user : "");
    for (int i = 0; i < address->host_count; i++) {
        const struct host *host = &address->hosts[i];
        const char *shown = *host->name != '\0' ? host->name : host->address;
        if (*host->name == '/' || *shown == '\0') continue;
        mh_buf_printf(&text, "%s%s", i > 0 ? "," : "", shown);
        if (*host->port != '\0') mh_buf_printf(&text, ":%s", host->port);
    }
    mh_buf_printf(&text, "/%s", name != NULL ? name : "");
    const struct host *first = &address->hosts[0];
    if (*first->name == '/') mh_buf_printf(&text, "?host=%s&port=%s", first->name, first->port);
    const char *location = keep(address, mh_buf_text(&text));
    mh_buf_release(&text);
    return location;
}

static int take(struct mh_address *address, const PQconninfoOption *options, const char *target,
                struct mh_err *err)
{
    if (!take_options(address, options, target) ||
        !take_hosts(address, value_of(options, "host"), value_of(options, "hostaddr"),
                    value_of(options, "port")))
        return no_memory(err);
    address->location = describe(address, options);
    if (address->location == NULL) return no_memory(err);
    return 0;
}

int mh_address_new(const struct mh_pq *pq, const char *url, struct mh_address **ret_address,
                   struct mh_err *err)
{
    int r = check_form(pq, url, err);
    if (r < 0) return r;
    struct mh_address *address = calloc(1, sizeof *address);
    if (address == NULL) return no_memory(err);
    address->pq = pq;
    mh_arena_init(&address->arena, ARENA_MAX);
    PQconninfoOption *options = NULL, *other = NULL;
    static const char *const spoilt[] = {"target_session_attrs", "gssencmode"};
    r = try_out(pq, url, spoilt[0], &options, err);
    if (r == 0) r = try_out(pq, url, spoilt[1], &other, err);
    if (r == 0 && !alike(options, other, spoilt)) r = no_memory(err);
    if (r == 0) r = take(address, options, value_of(other, "target_session_attrs"), err);
    pq->conninfoFree(options);
    pq->conninfoFree(other);
    if (r < 0) {
        mh_address_free(address);
        return r;
    }
    *ret_address = address;
    return 0;
}

void mh_address_free(struct mh_address *address)
{
    if (address == NULL) return;
    mh_arena_release(&address->arena);
    free(address);
}

const char *mh_address_location(const struct mh_address *address)
{
    return address->location;
}

/* --- looking names up */

struct mh_lookup {
    uv_getaddrinfo_t request;
    struct mh_address *address;
    uv_loop_t *loop;
    struct mh_timer *timer; /* so that `fn` never runs within mh_address_connect */
    mh_begun_fn *fn;        /* NULL: dropped */
    void *arg;
    int next;  /* of the hosts */
    int found; /* what libpq can be given */
    bool asking;
    struct mh_buf names, addresses, ports; /* as libpq wants them: with commas */
    struct mh_err err;                     /* of the last name that was not found */
};

static void free_lookup(struct mh_lookup *lookup)
{
    mh_timer_drop(lookup->timer);
    mh_buf_release(&lookup->names);
    mh_buf_release(&lookup->addresses);
    mh_buf_release(&lookup->ports);
    free(lookup);
}

static void list(struct mh_lookup *lookup, const struct host *host, const char *address)
{
    const char *comma = lookup->found++ > 0 ? "," : "";
    mh_buf_printf(&lookup->names, "%s%s", comma, host->name);
    mh_buf_printf(&lookup->addresses, "%s%s", comma, address);
    mh_buf_printf(&lookup->ports, "%s%s", comma, host->port);
}

static PGconn *begin(struct mh_lookup *lookup)
{
    struct mh_address *address = lookup->address;
    const char *names[OPTIONS_MAX + 4] = {"host", "hostaddr", "port"};
    const char *values[OPTIONS_MAX + 4] = {
        mh_buf_text(&lookup->names), mh_buf_text(&lookup->addresses), mh_buf_text(&lookup->ports)};
    for (int i = 0; i < address->count; i++) {
        names[3 + i] = address->names[i];
        values[3 + i] = address->values[i];
    }
    return address->pq->connectStartParams(names, values, 0);
}

static void conclude(struct mh_lookup *lookup)
{
    struct mh_err err = lookup->err;
    PGconn *conn = NULL;
    if (mh_buf_failed(&lookup->names) || mh_buf_failed(&lookup->addresses) ||
        mh_buf_failed(&lookup->ports))
        (void)mh_err_set(&err, MH_ENOMEM, "unable to connect: too many addresses or no memory");
    else if (lookup->found > 0)
        conn = begin(lookup);
    if (conn == NULL && lookup->found > 0 && err.code == 0)
        (void)mh_err_set(&err, MH_ENOMEM, "unable to connect: out of memory");
    mh_begun_fn *fn = lookup->fn;
    void *arg = lookup->arg;
    free_lookup(lookup);
    fn(arg, conn, &err);
}

static void list_found(struct mh_lookup *lookup, const struct host *host, struct addrinfo *found)
{
    int count = 0;
    for (; found != NULL && count < ADDRESSES; found = found->ai_next, count++) {
        char text[NUMERIC_SIZE];
        if (getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof text, NULL, 0,
                        NI_NUMERICHOST) == 0)
            list(lookup, host, text);
    }
}

static void go_on(void *arg);

static void on_looked_up(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    struct mh_lookup *lookup = (struct mh_lookup *)request;
    lookup->asking = false;
    if (lookup->fn == NULL) {
        uv_freeaddrinfo(found);
        free_lookup(lookup);
        return;
    }
    const struct host *host = &lookup->address->hosts[lookup->next];
    if (status < 0)
        (void)mh_err_set(&lookup->err, MH_ECONN, "unable to reach %s: no address for \"%s\": %s",
                         lookup->address->location, host->name, uv_strerror(status));
    else
        list_found(lookup, host, found);
    uv_freeaddrinfo(found);
    lookup->next++;
    go_on(lookup);
}

/* An address in place of a name needs no thread. */
static bool is_numeric(struct mh_lookup *lookup, const struct host *host)
{
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
    struct addrinfo *found = NULL;
    if (getaddrinfo(host->name, NULL, &hints, &found) != 0) return false;
    list_found(lookup, host, found);
    freeaddrinfo(found);
    return true;
}

static bool look_up(struct mh_lookup *lookup, const char *name)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    if (mh_loop_try_threads(&lookup->err) < 0) return false;
    int r = uv_getaddrinfo(lookup->loop, &lookup->request, on_looked_up, name, NULL, &hints);
    if (r < 0)
        (void)mh_err_set(&lookup->err, MH_ECONN, "unable to reach %s: no address for \"%s\": %s",
                         lookup->address->location, name, uv_strerror(r));
    lookup->asking = r == 0;
    return lookup->asking;
}

/* Sockets need no address; the next name does, and then this is called again. */
static void go_on(void *arg)
{
    struct mh_lookup *lookup = arg;
    mh_timer_drop(lookup->timer);
    lookup->timer = NULL;
    for (; lookup->next < lookup->address->host_count; lookup->next++) {
        const struct host *host = &lookup->address->hosts[lookup->next];
        if (*host->address != '\0' || is_socket(host))
            list(lookup, host, host->address);
        else if (!is_numeric(lookup, host) && look_up(lookup, host->name))
            return;
    }
    conclude(lookup);
}

int mh_address_connect(struct mh_address *address, uv_loop_t *loop, mh_begun_fn *fn, void *arg,
                       struct mh_lookup **ret_lookup, struct mh_err *err)
{
    struct mh_lookup *lookup = calloc(1, sizeof *lookup);
    if (lookup == NULL) return mh_err_set(err, MH_ENOMEM, "unable to connect: out of memory");
    lookup->address = address;
    lookup->loop = loop;
    lookup->fn = fn;
    lookup->arg = arg;
    mh_buf_init(&lookup->names, LIST_MAX);
    mh_buf_init(&lookup->addresses, LIST_MAX);
    mh_buf_init(&lookup->ports, LIST_MAX);
    int r = mh_timer_new(loop, go_on, lookup, &lookup->timer, err);
    if (r < 0) {
        free_lookup(lookup);
        return r;
    }
    mh_timer_start(lookup->timer, 0, 0);
    *ret_lookup = lookup;
    return 0;
}

/* A lookup that has begun on another thread ends when it ends. */
void mh_lookup_drop(struct mh_lookup *lookup)
{
    if (lookup == NULL) return;
    lookup->fn = NULL;
    if (!lookup->asking) {
        free_lookup(lookup);
        return;
    }
    (void)uv_cancel((uv_req_t *)&lookup->request); /* it fails once the lookup runs */
}
