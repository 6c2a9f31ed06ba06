/* The HTTP API: its routes, who may take them, and what all of their functions share.
 *
 * A route is a row of mh_api_routes (routes.c), from which /v1/openapi.json is made too, and a
 * function in api_NOUN.c. It is called with the api once the request is framed, allowed and read,
 * asks the store and answers when that has answered:
 *
 *     struct mh_ask *ask = mh_ask_of(api, request);
 *     struct mh_err err;
 *     if (mh_store_list(mh_ask_store(ask), &filter, on_list, ask, &err) < 0)
 *         mh_ask_fail(ask, &err);
 *
 * One loop, one thread. */
#ifndef MH_API_H
#define MH_API_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"
#include "base/settings.h"
#include "http/auth.h"
#include "http/hub.h"
#include "http/server.h"
#include "http/trace.h"
#include "store/store.h"

#define MH_API_CLIENTS    (MH_HUB_FOLLOWERS + 256) /* connections at once */
#define MH_API_ANSWER_MAX ((size_t)160 << 20)      /* bytes of one answer */

struct mh_api;

struct mh_api_options {
    struct mh_store *store;             /* ready; borrowed */
    const struct mh_settings *settings; /* borrowed */
};

/* As mh_api_open would, so that who may ask is settled before a store comes into being. */
int mh_api_check(const struct mh_settings *settings, struct mh_err *err) MH_MUST_CHECK;

/* Listens at once, and says so. MH_EINVAL for settings that do not go together. */
int mh_api_open(uv_loop_t *loop, const struct mh_api_options *options, struct mh_api **ret_api,
                struct mh_err *err) MH_MUST_CHECK;

/* Unhealthy from now on; `done` runs once no request is in hand. */
void mh_api_stop(struct mh_api *api, void (*done)(void *arg), void *arg);

/* Close the store after it, without running the loop between. Accepts NULL. */
void mh_api_close(struct mh_api *api);

/* --- the table */

enum mh_access {
    MH_ACCESS_ALL,     /* without a token too */
    MH_ACCESS_WATCHER, /* without a token too, but no stranger's page where there are none */
    MH_ACCESS_TENANT,  /* for the tenant of the token */
    MH_ACCESS_ADMIN,   /* super admins */
};

/* What a route is, besides its method, path and function. */
struct mh_about {
    enum mh_access access;
    const char *summary;
    const char *query;  /* the parameters it has, separated by blanks; NULL: none */
    const char *body;   /* the schema of its body, or NULL */
    int status;         /* of success */
    const char *answer; /* the schema of its answer; NULL: none */
    const char *media;  /* the type of its answer, where it is not JSON of that schema */
    const char *errors; /* other statuses of its own, separated by blanks; NULL: none */
};

extern const struct mh_route mh_api_routes[]; /* each `about` is a struct mh_about */

/* --- for its functions */

/* A request that was let in. */
struct mh_ask {
    struct mh_api *api;
    struct mh_http_request *request;
    struct mh_identity identity;
    struct mh_trace trace;
    struct mh_uuid id;  /* of the job it is about */
    struct mh_buf body; /* of the answer; released with the request */
    int status;         /* of the answer, where it is known before the answer */
};

struct mh_ask *mh_ask_of(struct mh_http_request *request);

/* The store, which from now on is asked for whoever asks. */
struct mh_store *mh_ask_store(const struct mh_ask *ask);
const struct mh_settings *mh_ask_settings(const struct mh_ask *ask);
struct mh_hub *mh_ask_hub(const struct mh_ask *ask);

/* Answers with what the error means to the client. */
void mh_ask_fail(struct mh_ask *ask, const struct mh_err *err);

/* Asks for the project that the path names by its name or its id, of the tenant that is spoken for,
 * and by its id for a super admin of any; `done` is given the ask, and begins with
 * mh_ask_project_came. */
void mh_ask_project(struct mh_ask *ask, mh_reply_fn *done);

/* False: there is none, or asking has failed; it has been answered. */
bool mh_ask_project_came(struct mh_ask *ask, const struct mh_reply *reply);

/* Answers with ask->body, a line of JSON. */
void mh_ask_answer(struct mh_ask *ask, int status);

/* The functions of routes.c. */
mh_http_fn mh_api_health, mh_api_metrics, mh_api_openapi, mh_api_dashboard, mh_api_asset;
mh_http_fn mh_api_jobs_add, mh_api_jobs_list, mh_api_job_get, mh_api_job_cancel, mh_api_job_retry,
    mh_api_job_remove, mh_api_jobs_cancel, mh_api_jobs_retry, mh_api_jobs_remove;
mh_http_fn mh_api_events, mh_api_job_events;
mh_http_fn mh_api_stats, mh_api_workers, mh_api_types, mh_api_type_pause, mh_api_type_resume,
    mh_api_type_limit;
mh_http_fn mh_api_projects, mh_api_project_get, mh_api_project_add, mh_api_project_remove,
    mh_api_project_index, mh_api_project_blueprint, mh_api_project_blueprint_get,
    mh_api_project_blueprints, mh_api_project_search, mh_api_project_files, mh_api_project_symbols;
mh_http_fn mh_api_schedules, mh_api_schedule_get, mh_api_schedule_add, mh_api_schedule_edit,
    mh_api_schedule_remove;

#endif
