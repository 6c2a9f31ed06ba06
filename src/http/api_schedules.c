/* /v1/schedules */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "http/api.h"
#include "http/schedule_spec.h"
#include "queue/record.h"
#include "queue/schedule.h"

/* How many slots to come are told of a schedule. */
#define UPCOMING 5

/* How often a change begins anew because workers fire the schedule all the time. */
#define TRIES 20

/* What is being changed, kept with the request. */
struct change {
    struct mh_ask *ask;
    struct mh_schedule schedule;
    int tries;
};

static void not_found(struct mh_ask *ask)
{
    mh_http_error(ask->request, 404, "SCHEDULE_NOT_FOUND", "there is no such schedule");
}

/* False: it has been answered. */
static bool came(struct mh_ask *ask, const struct mh_reply *reply)
{
    if (reply->code < 0) mh_ask_fail(ask, &reply->err);
    return reply->code == 0;
}

/* A super admin may name the tenant whose schedules it is about. False: it has been answered. */
static bool read_tenant(struct mh_ask *ask)
{
    const char *text = mh_http_query(ask->request, "tenant");
    struct mh_uuid tenant_id;
    if (text == NULL) return true;
    if (mh_uuid_parse(text, &tenant_id) < 0)
        mh_http_error(ask->request, 400, "INVALID_QUERY", "tenant must be an id");
    else if (!ask->identity.is_admin)
        mh_http_error(ask->request, 403, "FORBIDDEN", "only a super admin may name a tenant");
    else {
        ask->identity.tenant_id = tenant_id;
        return true;
    }
    return false;
}

/* Those with this name (NULL: any) of the tenant that is spoken for; super admins see those of all
 * tenants, and by name that of the tenant they name, or their own. */
static void look(struct mh_ask *ask, const char *name, mh_reply_fn *done, void *arg)
{
    const struct mh_schedule_filter filter = {
        .tenant_id = name != NULL ? &ask->identity.tenant_id : NULL, .name = name, .bodies = true};
    struct mh_err err;
    if (mh_store_schedule_list(mh_ask_store(ask), &filter, done, arg, &err) < 0)
        mh_ask_fail(ask, &err);
}

/* --- looking */

static void on_list(void *arg, const struct mh_reply *reply)
{
    struct mh_ask *ask = arg;
    if (!came(ask, reply)) return;
    mh_json_begin(&ask->body, '{');
    mh_json_key(&ask->body, "schedules");
    mh_json_begin(&ask->body, '[');
    for (size_t i = 0; i < reply->count; i++)
        mh_record_schedule(&ask->body, &reply->schedules[i]);
    mh_json_end(&ask->body, ']');
    mh_json_end(&ask->body, '}');
    mh_ask_answer(ask, 200);
}

void mh_api_schedules(void *api, struct mh_http_request *request)
{
    struct mh_ask *ask = mh_ask_of(request);
    (void)api;
    look(ask, NULL, on_list, ask);
}

static void on_one(void *arg, const struct mh_reply *reply)
{
    struct mh_ask *ask = arg;
    if (!came(ask, reply)) return;
    if (reply->count == 0) {
        not_found(ask);
        return;
    }
    mh_record_schedule(&ask->body, &reply->schedules[0]);
    mh_ask_answer(ask, ask->status);
}

/* The stored slot comes first: it is what will be fired, whatever tzdata says by now. */
static void on_shown(void *arg, const struct mh_reply *reply)
{
    struct mh_ask *ask = arg;
    struct mh_err err;
    int count = 0;
    if (!came(ask, reply)) return;
    if (reply->count == 0) {
        not_found(ask);
        return;
    }
    const struct mh_schedule *schedule = &reply->schedules[0];
    int64_t slots[UPCOMING] = {schedule->next_at};
    if (schedule->next_at != 0)
        count = mh_schedule_slots(schedule->cron, schedule->tz, schedule->next_at, slots + 1,
                                  UPCOMING - 1, &err);
    if (count < 0) {
        mh_ask_fail(ask, &err);
        return;
    }
    mh_record_upcoming(&ask->body, schedule, slots, (size_t)count + (schedule->next_at != 0));
    mh_ask_answer(ask, 200);
}

/* A name that none can have names none. */
static bool has_name(struct mh_ask *ask)
{
    if (mh_type_valid(mh_http_word(ask->request))) return true;
    not_found(ask);
    return false;
}

void mh_api_schedule_get(void *api, struct mh_http_request *request)
{
    struct mh_ask *ask = mh_ask_of(request);
    (void)api;
    if (has_name(ask) && read_tenant(ask)) look(ask, mh_http_word(request), on_shown, ask);
}

/* --- adding */

static void refuse(struct mh_ask *ask, const struct mh_err *err)
{
    if (err->code == MH_EINVAL)
        mh_http_error(ask->request, 422, "INVALID_SCHEDULE", err->text);
    else
        mh_ask_fail(ask, err);
}

/* False: it has been answered. */
static bool read_body(struct mh_ask *ask, bool allow_name, struct mh_schedule *schedule)
{
    struct mh_err err;
    size_t len;
    const char *text = mh_http_body(ask->request, &len);
    if (mh_json_check(text, len, MH_JSON_OBJECT, &err) < 0) {
        mh_http_error(ask->request, 400, "INVALID_JSON", err.text);
        return false;
    }
    int r =
        mh_schedule_spec_apply(text, len, allow_name, mh_http_arena(ask->request), schedule, &err);
    if (r == 0 && (schedule->name == NULL || schedule->type == NULL || schedule->cron == NULL))
        r = mh_err_set(&err, MH_EINVAL, "name, type and cron are required");
    if (r < 0) refuse(ask, &err);
    return r == 0;
}

static void on_added(void *arg, const struct mh_reply *reply)
{
    struct change *change = arg;
    change->ask->status = 201;
    if (came(change->ask, reply)) look(change->ask, change->schedule.name, on_one, change->ask);
}

/* The store's clock says when its first slot is. */
static void on_time(void *arg, const struct mh_reply *reply)
{
    struct change *change = arg;
    struct mh_ask *ask = change->ask;
    struct mh_err err;
    if (!came(ask, reply)) return;
    int r = mh_schedule_prepare(&change->schedule, reply->now_ms, &err);
    if (r == 0)
        r = mh_store_schedule_add(mh_ask_store(ask), &change->schedule, on_added, change, &err);
    if (r < 0) refuse(ask, &err);
}

static struct change *begin_change(struct mh_ask *ask)
{
    struct change *change = mh_arena_alloc(mh_http_arena(ask->request), sizeof *change);
    if (change == NULL) {
        mh_http_error(ask->request, 503, "OUT_OF_MEMORY", "out of memory");
        return NULL;
    }
    change->ask = ask;
    return change;
}

void mh_api_schedule_add(void *api, struct mh_http_request *request)
{
    struct mh_ask *ask = mh_ask_of(request);
    struct change *change = begin_change(ask);
    (void)api;
    if (change == NULL || !read_tenant(ask)) return;
    change->schedule = (struct mh_schedule){.tenant_id = ask->identity.tenant_id,
                                            .tz = "UTC",
                                            .payload = "{}",
                                            .payload_len = 2,
                                            .priority = -1,
                                            .overlap = true};
    if (!read_body(ask, true, &change->schedule)) return;
    if (!mh_type_valid(change->schedule.name))
        mh_http_error(request, 422, "INVALID_SCHEDULE", "name: expected one made as a job type");
    else
        look(ask, change->schedule.name, on_time, change);
}

/* --- changing */

static void try_change(struct change *change);

static void on_changed(void *arg, const struct mh_reply *reply)
{
    struct change *change = arg;
    struct mh_ask *ask = change->ask;
    ask->status = 200;
    if (!came(ask, reply)) return;
    if (reply->count == 1)
        look(ask, mh_http_word(ask->request), on_one, ask);
    else if (++change->tries < TRIES)
        try_change(change);
    else
        mh_http_error(ask->request, 409, "CHANGED", "it changes all the time: try again");
}

/* What is there, copied, with the body put over it. */
static bool merge(struct change *change, const struct mh_schedule *there)
{
    struct mh_arena *arena = mh_http_arena(change->ask->request);
    struct mh_schedule *copy = &change->schedule;
    *copy = *there;
    copy->name = mh_arena_str(arena, there->name);
    copy->type = mh_arena_str(arena, there->type);
    copy->cron = mh_arena_str(arena, there->cron);
    copy->tz = mh_arena_str(arena, there->tz);
    copy->payload = mh_arena_copy(arena, there->payload, there->payload_len);
    if (copy->name != NULL && copy->type != NULL && copy->cron != NULL && copy->tz != NULL &&
        copy->payload != NULL)
        return read_body(change->ask, false, copy);
    mh_http_error(change->ask->request, 503, "OUT_OF_MEMORY", "out of memory");
    return false;
}

static void on_there(void *arg, const struct mh_reply *reply)
{
    struct change *change = arg;
    struct mh_ask *ask = change->ask;
    struct mh_err err;
    if (!came(ask, reply)) return;
    if (reply->count == 0) {
        not_found(ask);
        return;
    }
    if (!merge(change, &reply->schedules[0])) return;
    int r = mh_schedule_prepare(&change->schedule, reply->now_ms, &err);
    if (r == 0)
        r = mh_store_schedule_change(mh_ask_store(ask), &change->schedule, on_changed, change,
                                     &err);
    if (r < 0) refuse(ask, &err);
}

static void try_change(struct change *change)
{
    look(change->ask, mh_http_word(change->ask->request), on_there, change);
}

void mh_api_schedule_edit(void *api, struct mh_http_request *request)
{
    struct mh_ask *ask = mh_ask_of(request);
    struct change *change = begin_change(ask);
    (void)api;
    if (change != NULL && has_name(ask) && read_tenant(ask)) try_change(change);
}

/* --- removing */

static void on_removed(void *arg, const struct mh_reply *reply)
{
    struct mh_ask *ask = arg;
    if (!came(ask, reply)) return;
    if (reply->count == 0)
        not_found(ask);
    else
        mh_http_answer(ask->request, &(struct mh_answer){.status = 204});
}

void mh_api_schedule_remove(void *api, struct mh_http_request *request)
{
    struct mh_ask *ask = mh_ask_of(request);
    struct mh_err err;
    (void)api;
    if (has_name(ask) && read_tenant(ask) &&
        mh_store_schedule_remove(mh_ask_store(ask), &ask->identity.tenant_id, mh_http_word(request),
                                 on_removed, ask, &err) < 0)
        mh_ask_fail(ask, &err);
}
