/* Projects, and the credentials they are cloned with. */
#include "base/arena.h"
#include "store/postgres/work.h"

/* --- credentials */

static void read_credential(const struct mh_rows *rows, int row, struct mh_credential *credential)
{
    credential->id = mh_row_int(rows, row, 0, 0);
    credential->revision = mh_row_int(rows, row, 1, 0);
    credential->tenant_id = mh_row_uuid(rows, row, 2);
    credential->name = mh_row_text(rows, row, 3, NULL);
    credential->username = mh_row_text(rows, row, 4, NULL);
    credential->host = mh_row_text(rows, row, 5, NULL);
    credential->key_id = mh_row_text(rows, row, 6, NULL);
    credential->sealed = mh_row_text(rows, row, 7, &credential->sealed_len);
    credential->used_at = mh_row_time(rows, row, 8);
    credential->created_at = mh_row_time(rows, row, 9);
    credential->updated_at = mh_row_time(rows, row, 10);
}

int mh_pg_credentials_read(struct mh_pg_work *work, const struct mh_rows *rows,
                           struct mh_request *request)
{
    struct mh_credential *credentials = mh_pg_array(request, rows->count, sizeof *credentials);
    if (credentials == NULL) return MH_ENOMEM;
    for (int row = 0; row < rows->count; row++)
        read_credential(rows, row, &credentials[row]);
    request->reply.credentials = credentials;
    request->reply.count = (size_t)rows->count;
    return 0;
}

void mh_pg_credential_list_write(struct mh_pg_work *work, const struct mh_request *request,
                                 struct mh_params *params)
{
    mh_param_uuid(params, request->in.credential_list.tenant_id);
    mh_param_text(params, request->in.credential_list.name);
    mh_param_bool(params, request->in.credential_list.sealed);
}

static void write_secret(const struct mh_credential *credential, struct mh_params *params)
{
    mh_param_text(params, credential->username);
    mh_param_text(params, credential->host);
    mh_param_text(params, credential->key_id);
    mh_param_bytes(params, credential->sealed, credential->sealed_len);
}

void mh_pg_credential_add_write(struct mh_pg_work *work, const struct mh_request *request,
                                struct mh_params *params)
{
    mh_param_uuid(params, &request->in.credential.tenant_id);
    mh_param_text(params, request->in.credential.name);
    write_secret(&request->in.credential, params);
}

void mh_pg_credential_change_write(struct mh_pg_work *work, const struct mh_request *request,
                                   struct mh_params *params)
{
    mh_param_int8(params, request->in.credential.id);
    mh_param_int8(params, request->in.credential.revision);
    write_secret(&request->in.credential, params);
}

void mh_pg_credential_remove_write(struct mh_pg_work *work, const struct mh_request *request,
                                   struct mh_params *params)
{
    mh_param_uuid(params, &request->in.credential_remove.tenant_id);
    mh_param_text(params, request->in.credential_remove.name);
}

void mh_pg_credential_use_write(struct mh_pg_work *work, const struct mh_request *request,
                                struct mh_params *params)
{
    mh_param_uuid(params, &request->in.credential_use.job_id);
    mh_param_text(params, request->in.credential_use.name);
}

/* --- projects */

static void read_project(const struct mh_rows *rows, int row, struct mh_project *project)
{
    project->id = mh_row_uuid(rows, row, 0);
    project->tenant_id = mh_row_uuid(rows, row, 1);
    project->name = mh_row_text(rows, row, 2, NULL);
    project->url = mh_row_text(rows, row, 3, NULL);
    project->ref = mh_row_text(rows, row, 4, NULL);
    project->credential = mh_row_text(rows, row, 5, NULL);
    project->state = (enum mh_project_state)mh_row_int(rows, row, 6, 0);
    project->path = mh_row_text(rows, row, 7, NULL);
    project->commit = mh_row_text(rows, row, 8, NULL);
    project->job_id = mh_row_uuid(rows, row, 9);
    project->indexed_at = mh_row_time(rows, row, 10);
    project->created_at = mh_row_time(rows, row, 11);
    project->updated_at = mh_row_time(rows, row, 12);
}

int mh_pg_projects_read(struct mh_pg_work *work, const struct mh_rows *rows,
                        struct mh_request *request)
{
    struct mh_project *projects = mh_pg_array(request, rows->count, sizeof *projects);
    if (projects == NULL) return MH_ENOMEM;
    for (int row = 0; row < rows->count; row++)
        read_project(rows, row, &projects[row]);
    request->reply.projects = projects;
    request->reply.count = (size_t)rows->count;
    return 0;
}

void mh_pg_project_list_write(struct mh_pg_work *work, const struct mh_request *request,
                              struct mh_params *params)
{
    mh_param_uuid(params, request->in.project_list.tenant_id);
    mh_param_text(params, request->in.project_list.name);
    mh_param_uuid(params, request->in.project_list.id);
}

void mh_pg_project_add_write(struct mh_pg_work *work, const struct mh_request *request,
                             struct mh_params *params)
{
    const struct mh_project *project = &request->in.project;
    mh_param_uuid(params, &project->id);
    mh_param_uuid(params, &project->tenant_id);
    mh_param_text(params, project->name);
    mh_param_text(params, project->url);
    mh_param_text(params, project->ref);
    mh_param_text(params, project->credential);
}

void mh_pg_project_remove_write(struct mh_pg_work *work, const struct mh_request *request,
                                struct mh_params *params)
{
    mh_param_uuid(params, &request->in.project_remove.tenant_id);
    mh_param_uuid(params, &request->in.project_remove.id);
}

void mh_pg_project_mark_write(struct mh_pg_work *work, const struct mh_request *request,
                              struct mh_params *params)
{
    const struct mh_project_mark *mark = &request->in.project_mark;
    mh_param_uuid(params, &mark->job_id);
    mh_param_uuid(params, &mark->project_id);
    if (mark->state == MH_PROJECT__COUNT)
        mh_param_null(params);
    else
        mh_param_int2(params, mark->state);
    mh_param_text(params, mark->state == MH_PROJECT__COUNT ? NULL : mark->path);
    mh_param_text(params, mark->commit);
    mh_param_bool(params, mark->indexed);
}
