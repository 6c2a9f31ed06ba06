/* The statements of a session: each is prepared when it is first sent, or always sent as text where
 * a session may not be relied on (a pooler). */
#ifndef MH_PG_STATEMENTS_H
#define MH_PG_STATEMENTS_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/err.h"
#include "store/postgres/params.h"
#include "store/postgres/work.h"

struct mh_statements {
    const struct mh_pq *pq; /* borrowed */
    char *texts[MH_PG__COUNT];
    bool prepared[MH_PG__COUNT]; /* or on the way */
};

/* `schema` is the quoted identifier. Release it also after a failure. */
int mh_statements_init(struct mh_statements *statements, const struct mh_pq *pq, const char *schema,
                       struct mh_err *err) MH_MUST_CHECK;
void mh_statements_release(struct mh_statements *statements);

/* A new session knows none. */
void mh_statements_forget(struct mh_statements *statements);

/* Sends the one for `op`. Results: of its preparation, where *ret_preparing, then its own. False:
 * libpq takes nothing more. */
bool mh_statements_send(struct mh_statements *statements, PGconn *conn, int op,
                        const struct mh_params *params, bool *ret_preparing);
bool mh_statements_send_text(const struct mh_statements *statements, PGconn *conn, int op,
                             const struct mh_params *params);

/* Its preparation has failed. */
void mh_statements_unprepared(struct mh_statements *statements, int op);

#endif
