/* /v1/projects/{name}/search, files and symbols: what an index found */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "http/api.h"
#include "queue/record.h"
#include "store/index.h"

#define SEARCH_LIMIT 20

static void on_hits(void *arg, const struct mh_reply *reply)
{
    struct mh_ask *ask = arg;
    if (reply->code < 0) {
        mh_ask_fail(ask, &reply->err);
        return;
    }
    mh_json_begin(&ask->body, '{');
    mh_json_key(&ask->body, "hits");
    mh_json_begin(&ask->body, '[');
    for (size_t i = 0; i < reply->count; i++)
        mh_record_hit(&ask->body, &reply->hits[i]);
    mh_json_end(&ask->body, ']');
    mh_json_end(&ask->body, '}');
    mh_ask_answer(ask, 200);
}

/* A page ends with the path that the next one starts behind, as `after`. */
static void on_files(void *arg, const struct mh_reply *reply)
{
    struct mh_ask *ask = arg;
    if (reply->code < 0) {
        mh_ask_fail(ask, &reply->err);
        return;
    }
    mh_json_begin(&ask->body, '{');
    mh_json_key(&ask->body, "files");
    mh_json_begin(&ask->body, '[');
    for (size_t i = 0; i < reply->count; i++)
        mh_record_index_file(&ask->body, &reply->files[i]);
    mh_json_end(&ask->body, ']');
    bool more = reply->cursor != 0 && reply->count > 0;
    mh_json_put_str(&ask->body, "after", more ? reply->files[reply->count - 1].path : NULL);
    mh_json_end(&ask->body, '}');
    mh_ask_answer(ask, 200);
}

static void on_symbols(void *arg, const struct mh_reply *reply)
{
    struct mh_ask *ask = arg;
    if (reply->code < 0) {
        mh_ask_fail(ask, &reply->err);
        return;
    }
    mh_json_begin(&ask->body, '{');
    mh_json_key(&ask->body, "symbols");
    mh_json_begin(&ask->body, '[');
    for (size_t i = 0; i < reply->count; i++)
        mh_record_index_symbol(&ask->body, &reply->symbols[i]);
    mh_json_end(&ask->body, ']');
    mh_json_end(&ask->body, '}');
    mh_ask_answer(ask, 200);
}

/* --- asking, once the project is known */

static void refuse(struct mh_ask *ask, const struct mh_err *err)
{
    if (err->code == MH_EINVAL || err->code == MH_ELIMIT)
        mh_http_error(ask->request, 400, "INVALID_QUERY", err->text);
    else
        mh_ask_fail(ask, err);
}

/* 1 to `max`; false: it has been answered. */
static bool read_limit(struct mh_ask *ask, size_t max, size_t *limit)
{
    const char *text = mh_http_query(ask->request, "limit");
    char *end;
    if (text == NULL) return true;
    long value = strtol(text, &end, 10);
    if (*text != '\0' && *end == '\0' && value >= 1 && (unsigned long)value <= max) {
        *limit = (size_t)value;
        return true;
    }
    mh_http_error(ask->request, 400, "INVALID_QUERY", "limit: expected a number from 1 to 1000");
    return false;
}

static void ask_search(struct mh_ask *ask, const struct mh_project *project)
{
    struct mh_err err = {0};
    const char *query = mh_http_query(ask->request, "q");
    const char *in = mh_http_query(ask->request, "in");
    struct mh_search search = {.tenant_id = &project->tenant_id,
                               .project_id = project->id,
                               .query = query != NULL ? query : "",
                               .in = MH_SEARCH_ALL,
                               .limit = SEARCH_LIMIT};
    if (in != NULL && strcmp(in, "symbols") == 0) search.in = MH_SEARCH_SYMBOLS;
    if (in != NULL && strcmp(in, "text") == 0) search.in = MH_SEARCH_TEXT;
    if (!read_limit(ask, MH_HITS_MAX, &search.limit)) return;
    if (mh_store_index_search(mh_ask_store(ask), &search, on_hits, ask, &err) < 0)
        refuse(ask, &err);
}

static void ask_files(struct mh_ask *ask, const struct mh_project *project)
{
    struct mh_err err = {0};
    struct mh_index_filter filter = {.tenant_id = &project->tenant_id,
                                     .project_id = project->id,
                                     .path = mh_http_query(ask->request, "path"),
                                     .after = mh_http_query(ask->request, "after"),
                                     .limit = MH_INDEX_FILES_MAX};
    if (filter.path != NULL && *filter.path == '\0') filter.path = NULL;
    if (!read_limit(ask, MH_INDEX_FILES_MAX, &filter.limit)) return;
    if (mh_store_index_files(mh_ask_store(ask), &filter, on_files, ask, &err) < 0)
        refuse(ask, &err);
}

static void ask_symbols(struct mh_ask *ask, const struct mh_project *project)
{
    struct mh_err err = {0};
    const struct mh_index_filter filter = {.tenant_id = &project->tenant_id,
                                           .project_id = project->id,
                                           .path = mh_http_query(ask->request, "file"),
                                           .limit = 1};
    if (filter.path == NULL || *filter.path == '\0')
        mh_http_error(ask->request, 400, "INVALID_QUERY", "file: is required");
    else if (mh_store_index_symbols(mh_ask_store(ask), &filter, on_symbols, ask, &err) < 0)
        refuse(ask, &err);
}

/* --- the project that the path names */

static void on_search(void *arg, const struct mh_reply *reply)
{
    if (mh_ask_project_came(arg, reply)) ask_search(arg, &reply->projects[0]);
}

static void on_list(void *arg, const struct mh_reply *reply)
{
    if (mh_ask_project_came(arg, reply)) ask_files(arg, &reply->projects[0]);
}

static void on_outline(void *arg, const struct mh_reply *reply)
{
    if (mh_ask_project_came(arg, reply)) ask_symbols(arg, &reply->projects[0]);
}

void mh_api_project_search(void *api, struct mh_http_request *request)
{
    mh_ask_project(mh_ask_of(request), on_search);
}

void mh_api_project_files(void *api, struct mh_http_request *request)
{
    mh_ask_project(mh_ask_of(request), on_list);
}

void mh_api_project_symbols(void *api, struct mh_http_request *request)
{
    mh_ask_project(mh_ask_of(request), on_outline);
}
