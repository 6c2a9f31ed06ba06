/* The job type blueprint: {"project": NAME or ID, "budget_tokens": …, "model": "…"}. Makes a new
 * version of the blueprint of a project from its index. */
#include "store/blueprint.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "jobs/blueprint/author.h"
#include "jobs/blueprint/gather.h"
#include "jobs/blueprint/outline.h"
#include "jobs/blueprint/render.h"
#include "jobs/jobs.h"
#include "jobs/messages.h"
#include "jobs/project.h"

#define USUAL_BUDGET 200000
#define BUDGET_MAX   100000000

struct drawing {
    struct mh_job_context *job;
    struct mh_project project;
    struct mh_source source;
    struct mh_outline outline;
    struct mh_author author;
    struct mh_render_title title;
    struct mh_buf markdown, json;
    int64_t version;
};

/* --- the payload */

static int read_payload(struct drawing *drawing, struct mh_err *err)
{
    struct mh_job_context *job = drawing->job;
    const json_t *budget = json_object_get(job->payload, "budget_tokens");
    struct mh_author *author = &drawing->author;
    author->budget = budget != NULL ? json_integer_value(budget) : USUAL_BUDGET;
    if ((budget != NULL && !json_is_integer(budget)) || author->budget < 0 ||
        author->budget > BUDGET_MAX)
        return mh_err_set(err, MH_EINVAL,
                          "payload: \"budget_tokens\" must be a whole number from 0 to %d",
                          BUDGET_MAX);
    if (json_object_get(job->payload, "model") == NULL) return 0;
    int r = mh_job_text(job, "model", &author->model, err);
    if (r == 0 && strlen(author->model) > MH_MESSAGES_MODEL_MAX)
        r = mh_err_set(err, MH_EINVAL, "payload: \"model\" is longer than %d bytes",
                       MH_MESSAGES_MODEL_MAX);
    return r;
}

/* --- the model */

static void take_before(void *arg, const struct mh_reply *reply)
{
    struct mh_author *author = arg;
    if (reply->count > 0)
        author->before = json_loadb(reply->blueprints[0].json, reply->blueprints[0].json_len, 0,
                                    NULL); /* where it cannot be read all is asked again */
}

static int write_purposes(struct drawing *drawing, struct mh_err *err)
{
    struct mh_job_context *job = drawing->job;
    struct mh_author *author = &drawing->author;
    const char *key = job->settings->anthropic_key;
    if (key == NULL || *key == '\0' || author->budget == 0) return 0;
    const struct mh_blueprint_filter filter = {.tenant_id = &job->tenant_id,
                                               .project_id = drawing->project.id,
                                               .texts = MH_BLUEPRINT_JSON,
                                               .limit = 1};
    struct mh_call call = {.use = take_before, .arg = author};
    int r = mh_store_blueprint_list(job->sync.store, &filter, mh_call_done, &call, err);
    r = mh_sync_await(&job->sync, r, &call, err);
    author->job = job;
    author->outline = &drawing->outline;
    author->project_id = &drawing->project.id;
    author->project = drawing->project.name;
    if (r == 0) r = mh_author_write(author, MH_GATHER_DONE, err);
    json_decref(author->before);
    return r;
}

/* --- what came of it */

static void take_version(void *arg, const struct mh_reply *reply)
{
    *(int64_t *)arg = (int64_t)reply->count;
}

static int keep(struct drawing *drawing, struct mh_err *err)
{
    struct mh_job_context *job = drawing->job;
    mh_render_markdown(&drawing->outline, &drawing->title, &drawing->markdown);
    mh_render_json(&drawing->outline, &drawing->title, &drawing->json);
    if (mh_buf_failed(&drawing->markdown) || mh_buf_failed(&drawing->json))
        return mh_err_set(err, MH_ELIMIT, "the blueprint is larger than %zu bytes", MH_RENDER_MAX);
    const struct mh_blueprint blueprint = {
        .commit = drawing->title.commit,
        .tokens = drawing->author.tokens,
        .markdown = mh_buf_text(&drawing->markdown),
        .markdown_len = drawing->markdown.len,
        .json = mh_buf_text(&drawing->json),
        .json_len = drawing->json.len,
    };
    struct mh_call call = {.use = take_version, .arg = &drawing->version};
    int r = mh_store_blueprint_add(job->sync.store, &job->id, &drawing->project.id, &blueprint,
                                   mh_call_done, &call, err);
    return mh_sync_await(&job->sync, r, &call, err);
}

static void answer(struct drawing *drawing)
{
    struct mh_buf *result = &drawing->job->result;
    const char *trouble = drawing->author.trouble;
    mh_json_begin(result, '{');
    mh_json_put_int(result, "version", drawing->version);
    mh_json_put_int(result, "modules", (int64_t)drawing->outline.module_count);
    mh_json_put_int(result, "files", drawing->outline.files);
    mh_json_put_int(result, "cycles", (int64_t)drawing->outline.cycle_count);
    mh_json_put_int(result, "tokens", drawing->author.tokens);
    if (*trouble != '\0') mh_json_put_str(result, "model_error", trouble);
    mh_json_end(result, '}');
}

/* 1; 0: another job has it. By its name here, by its id there: the type's limit takes it for two.
 */
static int take_project(struct drawing *drawing, struct mh_err *err)
{
    struct mh_job_context *job = drawing->job;
    int r = mh_job_store(job, err);
    if (r == 0) r = mh_job_project(job, &drawing->project, err);
    if (r < 0) return r;
    const struct mh_project_mark mark = {.job_id = job->id,
                                         .project_id = drawing->project.id,
                                         .state = MH_PROJECT__COUNT,
                                         .path = ""};
    return mh_job_project_mark(job, &mark, err);
}

static int draw(struct drawing *drawing, struct mh_err *err)
{
    struct mh_job_context *job = drawing->job;
    mh_source_init(&drawing->source, &job->arena);
    int r = mh_gather(job, &drawing->project.id, &drawing->source, &drawing->title.commit, err);
    if (r < 0) return r;
    drawing->title.project = drawing->project.name;
    if (mh_outline_make(&drawing->source, &drawing->outline) < 0)
        return mh_err_set(err, MH_ENOMEM, "unable to make the blueprint: out of memory");
    r = write_purposes(drawing, err);
    if (r == 0) r = keep(drawing, err);
    if (r == 0) (void)mh_job_progress(job, 1, NULL);
    return r;
}

int mh_job_blueprint(struct mh_job_context *job, struct mh_err *err)
{
    struct drawing drawing = {.job = job};
    mh_buf_init(&drawing.markdown, MH_RENDER_MAX);
    mh_buf_init(&drawing.json, MH_RENDER_MAX);
    int r = read_payload(&drawing, err);
    if (r == 0) r = take_project(&drawing, err);
    if (r == 0) mh_job_project_later(job);
    if (r > 0) {
        r = draw(&drawing, err);
        if (r == 0) answer(&drawing);
    }
    mh_buf_release(&drawing.markdown);
    mh_buf_release(&drawing.json);
    return r;
}
