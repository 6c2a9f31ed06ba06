#include "store/sqlite/place.h"

#include <string.h>

#include "mh_sqlite_sql.h"
#include "store/sqlite/row.h"

int mh_place_tenant(struct mh_work *work, struct mh_place *place, const struct mh_uuid *id,
                    struct mh_err *err)
{
    if (place->has_tenant && mh_uuid_equal(&place->tenant_id, id)) return 0;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_tenant_find);
    mh_sql_uuid(&sql, id);
    int r = mh_sql_step(&sql, err);
    if (r > 0) {
        place->has_tenant = true;
        place->tenant_id = *id;
        place->tenant = mh_sql_get_int(&sql, 0);
        place->plan_priority = mh_plan_priority((enum mh_plan)mh_sql_get_int(&sql, 1));
    }
    mh_sql_end(&sql);
    if (r != 0) return r < 0 ? r : 0;
    char text[MH_UUID_TEXT];
    mh_uuid_format(id, text);
    return mh_err_set(err, MH_ENOENT, "there is no tenant %s", text);
}

/* A store that is full of types forgets those no job is of, such as the misspelt ones of a program
 * that has been mended. */
static int make_room(struct mh_work *work, struct mh_err *err)
{
    int64_t count = 0;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_type_count);
    int r = mh_sql_number(&sql, &count, err);
    if (r < 0 || count < MH_TYPES_MAX) return r < 0 ? r : 0;
    r = mh_tally_write(work, err); /* the sweeps take what is not in it for unused */
    if (r < 0) return r;
    const char *const texts[] = {mh_sqlite_sql_tally_sweep, mh_sqlite_sql_lane_sweep,
                                 mh_sqlite_sql_type_sweep};
    for (size_t i = 0; i < MH_LEN(texts); i++) {
        sql = mh_sql(work->db, texts[i]);
        r = mh_sql_run(&sql, err);
        if (r < 0) return r;
    }
    if (mh_db_changes(work->db) > 0) return 0;
    return mh_err_set(err, MH_ELIMIT, "there are %d types already, the most a store may have",
                      MH_TYPES_MAX);
}

int mh_place_type(struct mh_work *work, const char *type, int64_t *ret_id, struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_type_find);
    mh_sql_text(&sql, type);
    int r = mh_sql_number(&sql, ret_id, err);
    if (r != 0) return r < 0 ? r : 0;
    r = make_room(work, err);
    if (r < 0) return mh_err_prefix(err, r, "unable to add type %s", type);
    sql = mh_sql(work->db, mh_sqlite_sql_type_add);
    mh_sql_text(&sql, type);
    r = mh_sql_run(&sql, err);
    if (r == 0) *ret_id = mh_db_last_id(work->db);
    return r;
}

/* 1: found and set. */
static int find_lane(struct mh_work *work, struct mh_place *place, const char *type, int priority,
                     struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_lane_find);
    mh_sql_text(&sql, type);
    mh_sql_int(&sql, priority);
    int r = mh_sql_step(&sql, err);
    if (r > 0) {
        place->lane = mh_sql_get_int(&sql, 0);
        place->gated = mh_sql_get_int(&sql, 1) != 0;
    }
    mh_sql_end(&sql);
    return r;
}

static int add_lane(struct mh_work *work, const char *type, int priority, struct mh_err *err)
{
    int64_t id = 0;
    int r = mh_place_type(work, type, &id, err);
    if (r < 0) return r;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_lane_add);
    mh_sql_int(&sql, id);
    mh_sql_int(&sql, priority);
    return mh_sql_run(&sql, err);
}

int mh_place_lane(struct mh_work *work, struct mh_place *place, const char *type, int priority,
                  struct mh_err *err)
{
    if (place->type != NULL && place->priority == priority && strcmp(place->type, type) == 0)
        return 0;
    int r = find_lane(work, place, type, priority, err);
    if (r == 0) r = add_lane(work, type, priority, err);
    if (r == 0) r = find_lane(work, place, type, priority, err);
    if (r < 0) return r;
    place->type = type;
    place->priority = priority;
    return 0;
}
