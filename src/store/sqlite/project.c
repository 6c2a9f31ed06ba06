/* Projects, and the credentials they are cloned with. */
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "mh_sqlite_sql.h"
#include "store/sqlite/place.h"
#include "store/sqlite/work.h"

static void bind_uuid(struct mh_sql *sql, const struct mh_uuid *id)
{
    if (id != NULL)
        mh_sql_uuid(sql, id);
    else
        mh_sql_null(sql);
}

/* MH_ELIMIT: there are `max` already. */
static int check_room(struct mh_work *work, const char *count_text, int64_t max, const char *what,
                      struct mh_err *err)
{
    int64_t count = 0;
    struct mh_sql sql = mh_sql(work->db, count_text);
    int r = mh_sql_number(&sql, &count, err);
    if (r < 0 || count < max) return r < 0 ? r : 0;
    return mh_err_set(err, MH_ELIMIT, "there are %d %s already, the most a store may have",
                      (int)max, what);
}

/* --- credentials */

static int read_credential(const struct mh_sql *sql, struct mh_arena *arena, void *ret_item,
                           struct mh_err *err)
{
    struct mh_credential *credential = ret_item;
    *credential = (struct mh_credential){
        .id = mh_sql_get_int(sql, 0),
        .revision = mh_sql_get_int(sql, 1),
        .tenant_id = mh_sql_get_uuid(sql, 2),
        .used_at = mh_sql_get_int(sql, 8),
        .created_at = mh_sql_get_int(sql, 9),
        .updated_at = mh_sql_get_int(sql, 10),
    };
    const char *sealed = NULL;
    int r = mh_sql_get_text(sql, 3, arena, &credential->name, NULL, err);
    if (r == 0) r = mh_sql_get_text(sql, 4, arena, &credential->username, NULL, err);
    if (r == 0) r = mh_sql_get_text(sql, 5, arena, &credential->host, NULL, err);
    if (r == 0) r = mh_sql_get_text(sql, 6, arena, &credential->key_id, NULL, err);
    if (r == 0) r = mh_sql_get_blob(sql, 7, arena, &sealed, &credential->sealed_len, err);
    credential->sealed = sealed;
    return r;
}

int mh_sqlite_credential_list(struct mh_work *work, struct mh_request *request)
{
    const struct mh_credential_filter *filter = &request->in.credential_list;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_credential_list);
    bind_uuid(&sql, filter->tenant_id);
    mh_sql_text(&sql, filter->name);
    mh_sql_int(&sql, filter->sealed);
    return mh_sql_collect(&sql, &request->arena, sizeof(struct mh_credential), read_credential,
                          &request->reply.credentials, &request->reply.count, &request->reply.err);
}

static void bind_secret(struct mh_sql *sql, const struct mh_credential *credential, int64_t now)
{
    mh_sql_text(sql, credential->username);
    mh_sql_text(sql, credential->host);
    mh_sql_text(sql, credential->key_id);
    mh_sql_blob(sql, credential->sealed, credential->sealed_len);
    mh_sql_int(sql, now);
}

int mh_sqlite_credential_add(struct mh_work *work, struct mh_request *request)
{
    const struct mh_credential *credential = &request->in.credential;
    struct mh_err *err = &request->reply.err;
    struct mh_place place = {0};
    int r =
        check_room(work, mh_sqlite_sql_credential_count, MH_CREDENTIALS_MAX, "credentials", err);
    if (r == 0) r = mh_place_tenant(work, &place, &credential->tenant_id, err);
    if (r < 0) return r;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_credential_add);
    mh_sql_int(&sql, place.tenant);
    mh_sql_text(&sql, credential->name);
    bind_secret(&sql, credential, work->now);
    r = mh_sql_run(&sql, err);
    if (r == MH_EEXIST)
        return mh_err_set(err, r, "unable to add credential %s: there is one of this name",
                          credential->name);
    return r;
}

int mh_sqlite_credential_change(struct mh_work *work, struct mh_request *request)
{
    const struct mh_credential *credential = &request->in.credential;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_credential_change);
    mh_sql_int(&sql, credential->id);
    mh_sql_int(&sql, credential->revision);
    bind_secret(&sql, credential, work->now);
    int r = mh_sql_run(&sql, &request->reply.err);
    if (r == 0) request->reply.count = (size_t)mh_db_changes(work->db);
    return r;
}

int mh_sqlite_credential_remove(struct mh_work *work, struct mh_request *request)
{
    struct mh_err *err = &request->reply.err;
    struct mh_place place = {0};
    int r = mh_place_tenant(work, &place, &request->in.credential_remove.tenant_id, err);
    if (r < 0) return r;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_credential_remove);
    mh_sql_int(&sql, place.tenant);
    mh_sql_text(&sql, request->in.credential_remove.name);
    r = mh_sql_run(&sql, err);
    if (r == 0) request->reply.count = (size_t)mh_db_changes(work->db);
    return r;
}

/* MH_ESTATE: the job is not processing. */
static int check_runs(struct mh_work *work, const struct mh_uuid *job_id, struct mh_err *err)
{
    int64_t tenant;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_job_runs);
    mh_sql_uuid(&sql, job_id);
    int r = mh_sql_number(&sql, &tenant, err);
    if (r != 0) return r < 0 ? r : 0;
    return mh_err_set(err, MH_ESTATE, "the job is not processing any more");
}

int mh_sqlite_credential_use(struct mh_work *work, struct mh_request *request)
{
    struct mh_reply *reply = &request->reply;
    int r = check_runs(work, &request->in.credential_use.job_id, &reply->err);
    if (r < 0) return r;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_credential_use);
    mh_sql_uuid(&sql, &request->in.credential_use.job_id);
    mh_sql_text(&sql, request->in.credential_use.name);
    mh_sql_int(&sql, work->now);
    r = mh_sql_collect(&sql, &request->arena, sizeof(struct mh_credential), read_credential,
                       &reply->credentials, &reply->count, &reply->err);
    if (r == 0 && reply->count == 0)
        return mh_err_set(&reply->err, MH_ENOENT, "there is no credential %s",
                          request->in.credential_use.name);
    return r;
}

/* --- projects */

static int read_project(const struct mh_sql *sql, struct mh_arena *arena, void *ret_item,
                        struct mh_err *err)
{
    struct mh_project *project = ret_item;
    *project = (struct mh_project){
        .id = mh_sql_get_uuid(sql, 0),
        .tenant_id = mh_sql_get_uuid(sql, 1),
        .state = (enum mh_project_state)mh_sql_get_int(sql, 6),
        .job_id = mh_sql_get_uuid(sql, 9),
        .indexed_at = mh_sql_get_int(sql, 10),
        .created_at = mh_sql_get_int(sql, 11),
        .updated_at = mh_sql_get_int(sql, 12),
    };
    int r = mh_sql_get_text(sql, 2, arena, &project->name, NULL, err);
    if (r == 0) r = mh_sql_get_text(sql, 3, arena, &project->url, NULL, err);
    if (r == 0) r = mh_sql_get_text(sql, 4, arena, &project->ref, NULL, err);
    if (r == 0) r = mh_sql_get_text(sql, 5, arena, &project->credential, NULL, err);
    if (r == 0) r = mh_sql_get_text(sql, 7, arena, &project->path, NULL, err);
    if (r == 0) r = mh_sql_get_text(sql, 8, arena, &project->commit, NULL, err);
    return r;
}

int mh_sqlite_project_list(struct mh_work *work, struct mh_request *request)
{
    const struct mh_project_filter *filter = &request->in.project_list;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_project_list);
    bind_uuid(&sql, filter->tenant_id);
    mh_sql_text(&sql, filter->name);
    bind_uuid(&sql, filter->id);
    return mh_sql_collect(&sql, &request->arena, sizeof(struct mh_project), read_project,
                          &request->reply.projects, &request->reply.count, &request->reply.err);
}

/* A tenant sends a credential only where the operator has said that it may go: to its host. */
static int check_credential(struct mh_work *work, int64_t tenant, const struct mh_project *project,
                            struct mh_err *err)
{
    if (project->credential == NULL) return 0;
    const char *authority = strstr(project->url, "://");
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_credential_host);
    mh_sql_int(&sql, tenant);
    mh_sql_text(&sql, project->credential);
    int r = mh_sql_step(&sql, err);
    bool found = r > 0, goes = work->tenant < 0;
    if (found && !goes && authority != NULL)
        goes = mh_sql_is_text(&sql, 0, authority + 3, strcspn(authority + 3, "/"));
    mh_sql_end(&sql);
    if (r < 0) return r;
    if (!found) return mh_err_set(err, MH_ENOENT, "there is no credential %s", project->credential);
    if (goes) return 0;
    return mh_err_set(err, MH_EPERM, "credential %s is not for the host of this URL",
                      project->credential);
}

int mh_sqlite_project_add(struct mh_work *work, struct mh_request *request)
{
    const struct mh_project *project = &request->in.project;
    struct mh_err *err = &request->reply.err;
    struct mh_place place = {0};
    int r = check_room(work, mh_sqlite_sql_project_count, MH_PROJECTS_MAX, "projects", err);
    if (r == 0) r = mh_place_tenant(work, &place, &project->tenant_id, err);
    if (r == 0) r = check_credential(work, place.tenant, project, err);
    if (r < 0) return r;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_project_add);
    mh_sql_uuid(&sql, &project->id);
    mh_sql_int(&sql, place.tenant);
    mh_sql_text(&sql, project->name);
    mh_sql_text(&sql, project->url);
    mh_sql_text(&sql, project->ref);
    mh_sql_text(&sql, project->credential);
    mh_sql_int(&sql, work->now);
    r = mh_sql_run(&sql, err);
    if (r == MH_EEXIST)
        return mh_err_set(err, r, "unable to add project %s: there is one of this name or id",
                          project->name);
    return r;
}

int mh_sqlite_project_remove(struct mh_work *work, struct mh_request *request)
{
    struct mh_err *err = &request->reply.err;
    struct mh_place place = {0};
    int r = mh_place_tenant(work, &place, &request->in.project_remove.tenant_id, err);
    if (r < 0) return r;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_project_remove);
    mh_sql_int(&sql, place.tenant);
    mh_sql_uuid(&sql, &request->in.project_remove.id);
    r = mh_sql_run(&sql, err);
    if (r == 0) request->reply.count = (size_t)mh_db_changes(work->db);
    return r;
}

int mh_sqlite_project_mark(struct mh_work *work, struct mh_request *request)
{
    const struct mh_project_mark *mark = &request->in.project_mark;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_project_mark);
    mh_sql_uuid(&sql, &mark->job_id);
    mh_sql_uuid(&sql, &mark->project_id);
    if (mark->state == MH_PROJECT__COUNT)
        mh_sql_null(&sql);
    else
        mh_sql_int(&sql, mark->state);
    mh_sql_text(&sql, mark->state == MH_PROJECT__COUNT ? NULL : mark->path);
    mh_sql_text(&sql, mark->commit);
    mh_sql_int(&sql, mark->indexed);
    mh_sql_int(&sql, work->now);
    int r = mh_sql_run(&sql, &request->reply.err);
    if (r == 0) request->reply.count = (size_t)mh_db_changes(work->db);
    return r;
}

int mh_sqlite_project_sweep(struct mh_work *work, struct mh_request *request)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_project_sweep);
    mh_sql_int(&sql, work->now);
    int r = mh_sql_run(&sql, &request->reply.err);
    if (r == 0) request->reply.count = (size_t)mh_db_changes(work->db);
    return r;
}
