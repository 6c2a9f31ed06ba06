/* The jobs that a command is about: named by their ids, or by a filter, page by page.
 *
 * A command puts MH_SELECT_OPTIONS at the head of its option table. mh_select_begin checks what was
 * given and opens nothing; mh_select_next opens the store and gives one page after the other. */
#ifndef MH_SELECT_H
#define MH_SELECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "cli/command.h"
#include "store/store.h"

enum { MH_SELECT_STATUS, MH_SELECT_TYPE, MH_SELECT_TENANT, MH_SELECT_LIMIT, MH_SELECT__COUNT };

#define MH_SELECT_OPTIONS                                                                          \
    [MH_SELECT_STATUS] = {"status", "STATUS",                                                      \
                          "pending, processing, completed, failed or cancelled"},                  \
    [MH_SELECT_TYPE] = {"type", "TYPE", "jobs of this type"},                                      \
    [MH_SELECT_TENANT] = {"tenant", "T", "jobs of this tenant: its name or UUID"},                 \
    [MH_SELECT_LIMIT] = {"limit", "N", "at most N jobs, newest first"}

#define MH_SELECT_PAGE 1000

struct mh_select {
    struct mh_cli *cli;
    struct mh_uuid *ids; /* named ones, in the order given */
    size_t id_count;
    size_t id_next;
    bool filtered; /* by status, type or tenant */
    struct mh_filter filter;
    struct mh_uuid tenant_id;
    enum mh_status statuses[MH_STATUS__COUNT]; /* gone through one after the other … */
    size_t status_count;                       /* … 0: any */
    size_t status_next;
    int64_t limit; /* 0: none */
    int64_t given;
    int64_t missing; /* named ones that do not exist: each was said */
    struct mh_uuid page[MH_SELECT_PAGE];
    size_t page_count;
};

/* `limit` is the one where none is given. MH_EINVAL: not an id, ids and a filter. */
int mh_select_begin(struct mh_select *select, struct mh_cli *cli, int64_t limit,
                    struct mh_err *err) MH_MUST_CHECK;
void mh_select_release(struct mh_select *select);

/* Only jobs with one of these statuses; MH_EINVAL where --status asks for another: `refusal` says
 * why. */
int mh_select_only(struct mh_select *select, const enum mh_status *statuses, size_t count,
                   const char *refusal, struct mh_err *err) MH_MUST_CHECK;

/* Gives the next page to `use` (may be NULL), as a reply of mh_store_list, and leaves its ids in
 * `page`. Returns 1, or 0 when there are no more. */
int mh_select_next(struct mh_select *select, mh_reply_fn *use, void *arg,
                   struct mh_err *err) MH_MUST_CHECK;

/* Begins again with the first page. */
void mh_select_again(struct mh_select *select);

#endif
