#include "store/postgres/bare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mh_pg_bare.h"
#include "store/postgres/address.h"
#include "store/postgres/fault.h"
#include "store/postgres/params.h"
#include "store/postgres/pq.h"
#include "store/postgres/text.h"

/* Prepared, under these names. */
enum { ADD, ADD_ONE, TAKE, PREPARED };

static const struct {
    const char *name, *text;
} prepared[PREPARED] = {
    [ADD] = {"add", mh_pg_bare_add},
    [ADD_ONE] = {"add_one", mh_pg_bare_add_one},
    [TAKE] = {"take", mh_pg_bare_take},
};

struct bare {
    struct mh_bare bare;
    struct mh_pq pq;
    struct mh_address *address;
    PGconn *conn;
    char *schema;  /* quoted */
    char last[24]; /* row taken */
    struct mh_params params;
    const char *payload; /* that params are filled with … */
    size_t filled;       /* … so many times */
    bool ready[PREPARED];
};

static struct bare *of(struct mh_bare *bare)
{
    return (struct bare *)bare;
}

static void close_session(struct mh_bare *base)
{
    struct bare *bare = of(base);
    if (bare->conn != NULL) bare->pq.finish(bare->conn);
    mh_address_free(bare->address);
    mh_params_release(&bare->params);
    mh_pq_unload(&bare->pq);
    free(bare->schema);
    free(bare);
}

static void ignore_notice(void *arg, const char *text)
{
    (void)arg;
    (void)text; /* libpq would write it to standard error */
}

static int connect_to(struct bare *bare, const char *url, struct mh_err *err)
{
    int r = mh_pq_load(&bare->pq, err);
    if (r == 0) r = mh_address_new(&bare->pq, url, &bare->address, err);
    if (r < 0) return r;
    bare->conn = bare->pq.connectdb(url);
    if (bare->conn == NULL || bare->pq.status(bare->conn) != CONNECTION_OK)
        return mh_fault_of_link(&bare->pq, bare->conn, mh_address_location(bare->address), err);
    (void)bare->pq.setNoticeProcessor(bare->conn, ignore_notice, NULL); /* returns the old one */
    return 0;
}

static int open_session(const struct mh_bare_place *place, struct mh_bare **ret_bare,
                        struct mh_err *err)
{
    struct bare *bare = calloc(1, sizeof *bare);
    if (bare == NULL)
        return mh_err_set(err, MH_ENOMEM, "unable to measure PostgreSQL: out of memory");
    mh_params_init(&bare->params);
    (void)snprintf(bare->last, sizeof bare->last, "0");
    bare->schema = mh_pg_quote(place->schema);
    int r = bare->schema != NULL
                ? connect_to(bare, place->url, err)
                : mh_err_set(err, MH_ENOMEM, "unable to measure PostgreSQL: out of memory");
    if (r < 0)
        close_session(&bare->bare);
    else
        *ret_bare = &bare->bare;
    return r;
}

/* Passes the result on, or frees it and says what is wrong. */
static int check(struct bare *bare, PGresult *result, PGresult **ret_result, struct mh_err *err)
{
    ExecStatusType status = bare->pq.resultStatus(result);
    bool fine = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    int r = fine ? 0 : mh_fault(&bare->pq, result, NULL, err);
    if (r == 0 && ret_result != NULL)
        *ret_result = result;
    else
        bare->pq.clear(result);
    return r;
}

static char *text_of(const struct bare *bare, const char *text, struct mh_err *err)
{
    char *filled = mh_pg_text(text, bare->schema);
    if (filled == NULL)
        (void)mh_err_set(err, MH_ENOMEM, "unable to measure PostgreSQL: out of memory");
    return filled;
}

static int script(struct bare *bare, const char *text, struct mh_err *err)
{
    char *filled = text_of(bare, text, err);
    if (filled == NULL) return MH_ENOMEM;
    int r = check(bare, bare->pq.exec(bare->conn, filled), NULL, err);
    free(filled);
    return r;
}

static int prepare(struct bare *bare, int which, struct mh_err *err)
{
    if (bare->ready[which]) return 0;
    char *filled = text_of(bare, prepared[which].text, err);
    if (filled == NULL) return MH_ENOMEM;
    int r =
        check(bare, bare->pq.prepare(bare->conn, prepared[which].name, filled, 0, NULL), NULL, err);
    bare->ready[which] = r == 0;
    free(filled);
    return r;
}

static int make(struct mh_bare *base, struct mh_err *err)
{
    struct bare *bare = of(base);
    return script(bare, mh_pg_bare_schema, err);
}

/* Filled once for calls that are alike: that is not what is measured. */
static int fill(struct bare *bare, const char *payload, size_t count, struct mh_err *err)
{
    struct mh_params *params = &bare->params;
    if (bare->filled == count && bare->payload == payload) return 0;
    mh_params_reset(params);
    if (count == 1) {
        mh_param_json(params, payload, strlen(payload));
    } else {
        mh_param_array(params, MH_OID_JSONB, count);
        for (size_t i = 0; i < count; i++)
            mh_item_json(params, payload, strlen(payload));
    }
    if (!mh_params_end(params))
        return mh_err_set(err, MH_ENOMEM, "unable to measure PostgreSQL: out of memory");
    bare->payload = payload;
    bare->filled = count;
    return 0;
}

static int add(struct mh_bare *base, const char *payload, size_t count, struct mh_err *err)
{
    struct bare *bare = of(base);
    const struct mh_params *params = &bare->params;
    int which = count == 1 ? ADD_ONE : ADD;
    int r = prepare(bare, which, err);
    if (r == 0) r = fill(bare, payload, count, err);
    if (r < 0) return r;
    const char *name = prepared[which].name;
    return check(bare,
                 bare->pq.execPrepared(bare->conn, name, params->count, params->values,
                                       params->lengths, params->formats, 0),
                 NULL, err);
}

static int take(struct mh_bare *base, size_t count, struct mh_err *err)
{
    struct bare *bare = of(base);
    char limit[24];
    PGresult *result;
    (void)snprintf(limit, sizeof limit, "%zu", count); /* fits */
    const char *const values[] = {bare->last, limit};
    int r = prepare(bare, TAKE, err);
    if (r < 0) return r;
    r = check(bare,
              bare->pq.execPrepared(bare->conn, prepared[TAKE].name, 2, values, NULL, NULL, 0),
              &result, err);
    if (r < 0) return r;
    int taken = bare->pq.ntuples(result);
    if (taken > 0)
        (void)snprintf(bare->last, sizeof bare->last, "%s", /* a bigint fits */
                       bare->pq.getvalue(result, taken - 1, 0));
    bare->pq.clear(result);
    return taken;
}

static int hold(struct mh_bare *base, struct mh_err *err)
{
    return script(of(base), mh_pg_bare_hold, err);
}

static int servers(struct mh_bare *base, const char *name, pid_t *ret_pids, size_t max,
                   struct mh_err *err)
{
    struct bare *bare = of(base);
    PGresult *result;
    int r = check(
        bare, bare->pq.execParams(bare->conn, mh_pg_bare_servers, 1, NULL, &name, NULL, NULL, 0),
        &result, err);
    if (r < 0) return r;
    int count = 0, rows = bare->pq.ntuples(result);
    for (; count < rows && (size_t)count < max; count++)
        ret_pids[count] = (pid_t)strtol(bare->pq.getvalue(result, count, 0), NULL, 10);
    bare->pq.clear(result);
    return count;
}

static int clear(struct mh_bare *base, struct mh_err *err)
{
    return script(of(base), mh_pg_bare_clear, err);
}

#define KIND(name)                                                                                 \
    {                                                                                              \
        .scheme = (name), .open = open_session, .make = make, .add = add, .take = take,            \
        .hold = hold, .servers = servers, .clear = clear, .close = close_session                   \
    }

const struct mh_bare_kind mh_pg_bare = KIND("postgres");
const struct mh_bare_kind mh_pg_bare_alias = KIND("postgresql");
