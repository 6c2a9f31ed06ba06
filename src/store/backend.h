/* What a store must provide. Included by store.c, backends.c and the backends themselves, by nobody
 * else.
 *
 * A backend takes requests and answers each exactly once, in the order submitted but for the
 * exception that store.h makes, on the loop's thread and never inside submit. store.c has checked
 * the arguments and copied them into the request's arena; the backend allocates the reply there
 * too. Requests of operations that write and stand in the queue together should share a commit. To
 * add an operation: a value of enum mh_op, its input in the union, a function in store.c, and a
 * function in each backend's table. */
#ifndef MH_BACKEND_H
#define MH_BACKEND_H

#include "base/arena.h"
#include "store/blueprint.h"
#include "store/index.h"
#include "store/move.h"
#include "store/store.h"
#include "store/terms.h"

enum mh_op {
    MH_OP_DISPATCH,
    MH_OP_JOIN,
    MH_OP_LEAVE,
    MH_OP_CLAIM,
    MH_OP_FINISH,
    MH_OP_HEARTBEAT,
    MH_OP_NOTE,
    MH_OP_RECLAIM,
    MH_OP_PRUNE,
    MH_OP_ACT,
    MH_OP_LIST,
    MH_OP_ATTEMPTS,
    MH_OP_STATS,
    MH_OP_WORKERS,
    MH_OP_TYPE_LIST,
    MH_OP_TYPE_PAUSE,
    MH_OP_TYPE_LIMIT,
    MH_OP_TENANT_ADD,
    MH_OP_TENANT_LIST,
    MH_OP_TENANT_REMOVE,
    MH_OP_SCHEDULE_LIST,
    MH_OP_SCHEDULE_ADD,
    MH_OP_SCHEDULE_CHANGE,
    MH_OP_SCHEDULE_REMOVE,
    MH_OP_SCHEDULE_DUE,
    MH_OP_SCHEDULE_FIRE,
    MH_OP_EVENTS,
    MH_OP_FOLLOW,
    MH_OP_CREDENTIAL_LIST,
    MH_OP_CREDENTIAL_ADD,
    MH_OP_CREDENTIAL_CHANGE,
    MH_OP_CREDENTIAL_REMOVE,
    MH_OP_CREDENTIAL_USE,
    MH_OP_PROJECT_LIST,
    MH_OP_PROJECT_ADD,
    MH_OP_PROJECT_REMOVE,
    MH_OP_PROJECT_MARK,
    MH_OP_PROJECT_SWEEP,
    MH_OP_INDEX_BEGIN,
    MH_OP_INDEX_ADD,
    MH_OP_INDEX_DROP,
    MH_OP_INDEX_PUBLISH,
    MH_OP_INDEX_SWEEP,
    MH_OP_INDEX_GET,
    MH_OP_INDEX_FILES,
    MH_OP_INDEX_SYMBOLS,
    MH_OP_INDEX_IMPORTS,
    MH_OP_INDEX_SEARCH,
    MH_OP_BLUEPRINT_ADD,
    MH_OP_BLUEPRINT_LIST,
    MH_OP_MOVE_IDENTIFY,
    MH_OP_MOVE_BEGIN,
    MH_OP_MOVE_EXPORT,
    MH_OP_MOVE_HOLD,
    MH_OP_MOVE_ERASE,
    MH_OP_MOVE_ERASED,
    MH_OP_MOVE_RELEASE,
    MH_OP_MOVE_FORGET,
    MH_OP_MOVE_DROP,
    MH_OP__COUNT,
};

/* What a file that is added is found by, see store/terms.h. */
struct mh_index_words {
    const char *body;           /* "" where there is none */
    const char *const *symbols; /* of each */
};

struct mh_request {
    enum mh_op op;
    union {
        struct {
            const struct mh_dispatch *jobs;
            size_t count;
            const struct mh_dispatched *answer; /* NULL: the backend's, see store/order.h */
        } dispatch;
        struct mh_join join;
        struct {
            int64_t worker;
        } leave;
        struct mh_claim claim;
        struct {
            const struct mh_finish *finishes;
            size_t count;
        } finish;
        struct {
            int64_t worker;
            const struct mh_held *held;
            size_t count;
        } heartbeat;
        struct {
            const struct mh_note *notes;
            size_t count;
        } note;
        struct {
            size_t limit;
        } reclaim;
        struct {
            int64_t ended_ms, failed_ms;
            size_t limit;
        } prune;
        struct {
            enum mh_act act;
            const struct mh_uuid *ids;
            size_t count;
        } act;
        struct mh_filter list;
        struct {
            struct mh_uuid id;
        } attempts;
        struct {
            const struct mh_uuid *tenant_id;
        } stats;
        struct {
            const char *type;
            bool paused;
        } type_pause;
        struct {
            const char *type;
            struct mh_limits limits;
        } type_limit;
        struct mh_tenant tenant_add;
        struct {
            struct mh_uuid id;
        } tenant_remove;
        struct {
            int64_t long_ms;
        } examine;
        struct mh_schedule_filter schedule_list;
        struct mh_schedule schedule; /* add, change */
        struct {
            struct mh_uuid tenant_id;
            const char *name;
        } schedule_remove;
        struct {
            size_t passed;
            size_t limit;
        } schedule_due;
        struct mh_firing schedule_fire;
        struct mh_event_filter events;
        struct mh_credential_filter credential_list;
        struct mh_credential credential; /* add, change */
        struct {
            struct mh_uuid tenant_id;
            const char *name;
        } credential_remove;
        struct {
            struct mh_uuid job_id;
            const char *name;
        } credential_use;
        struct mh_project_filter project_list;
        struct mh_project project;
        struct {
            struct mh_uuid tenant_id;
            struct mh_uuid id;
        } project_remove;
        struct mh_project_mark project_mark;
        struct {
            struct mh_uuid job_id, project_id;
        } index_begin;
        struct {
            struct mh_index_run run;
            const struct mh_index_file *files;
            const struct mh_index_words *words; /* of each file */
            size_t count;
        } index_add;
        struct {
            struct mh_index_run run;
            const char *const *paths;
            size_t count;
        } index_drop;
        struct {
            struct mh_index_run run;
            const char *commit, *totals;
        } index_publish;
        struct {
            struct mh_index_run run;
            size_t limit;
        } index_sweep;
        struct mh_index_filter index_filter; /* get, files, symbols, imports */
        struct {
            struct mh_search search;
            struct mh_terms terms;
        } index_search;
        struct {
            struct mh_uuid job_id, project_id;
            struct mh_blueprint blueprint;
        } blueprint_add;
        struct mh_blueprint_filter blueprint_list;
        struct mh_export move_export;
        struct {
            struct mh_move move;
            const struct mh_uuid *ids; /* release, forget */
            size_t count;
            size_t limit; /* erased, drop */
        } move;
        struct {
            struct mh_move move;
            const struct mh_leaving *leaving;
            size_t count;
        } move_erase;
        struct {
            struct mh_move move;
            const struct mh_parcel *parcels;
            size_t count;
        } move_hold;
    } in;
    const struct mh_asker *asker; /* NULL: the program itself */
    struct mh_arena arena;        /* input, and what the reply points to */
    struct mh_reply reply;
    mh_reply_fn *done;
    void *arg;
    struct mh_request *next; /* the backend's, while it has the request */
};

/* Answers: calls done and frees the request. On the loop's thread. */
void mh_request_answer(struct mh_request *request);

/* Frees it without an answer, for close. Accepts NULL. */
void mh_request_free(struct mh_request *request);

/* True for one that reads a few jobs by their ids: an index away, however large the store. What may
 * take longer must not be in its way. */
bool mh_request_is_look(const struct mh_request *request);

struct mh_backend {
    const char *scheme; /* "sqlite": the part of the URL before the first colon */

    /* `ready` is answered when the store is ready or has failed; its op means nothing. Takes
     * `ready` when it returns 0. */
    int (*open)(uv_loop_t *loop, const struct mh_store_options *options, struct mh_request *ready,
                void **ret_state, struct mh_err *err);

    /* Answers `request` with findings, of a store that need not be open; its op means nothing.
     * Takes it when it returns 0; borrows `options` until the answer. */
    int (*examine)(uv_loop_t *loop, const struct mh_store_options *options,
                   struct mh_request *request, struct mh_err *err);

    /* Carries out what was submitted, frees every request without answering. */
    void (*close)(void *state);

    /* Takes the request. */
    void (*submit)(void *state, struct mh_request *request);

    const struct mh_store_info *(*info)(const void *state);
    int (*watch)(void *state, int kinds, mh_news_fn *fn, void *arg, struct mh_err *err);
};

/* By scheme, NULL where there is none; `postgresql` is also known as `postgres`. */
const struct mh_backend *mh_backend_find(const char *scheme, size_t len);

/* The first, second … of the backends there are; NULL past the last. */
const struct mh_backend *mh_backend_at(size_t index);

/* Adds the lines of a text that show what was searched for to the hits, of which there is room for
 * `end`; `path` is borrowed, and reply.count the number there is. MH_ENOMEM. */
int mh_hits_of_text(struct mh_request *request, const char *path, const char *text, size_t len,
                    struct mh_hit *hits, size_t end) MH_MUST_CHECK;

#endif
