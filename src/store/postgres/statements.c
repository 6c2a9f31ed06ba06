#include "store/postgres/statements.h"

#include <stdlib.h>
#include <string.h>

#include "store/postgres/text.h"

#define BINARY 1

_Static_assert(MH_PG__COUNT <= 100, "the names of statements have two digits");

int mh_statements_init(struct mh_statements *statements, const struct mh_pq *pq, const char *schema,
                       struct mh_err *err)
{
    *statements = (struct mh_statements){.pq = pq};
    for (int op = 0; op < MH_PG__COUNT; op++) {
        statements->texts[op] = mh_pg_text(mh_pg_operations[op].text, schema);
        if (statements->texts[op] == NULL)
            return mh_err_set(err, MH_ENOMEM, "unable to open a store: out of memory");
    }
    return 0;
}

void mh_statements_release(struct mh_statements *statements)
{
    for (int op = 0; op < MH_PG__COUNT; op++)
        free(statements->texts[op]);
}

void mh_statements_forget(struct mh_statements *statements)
{
    memset(statements->prepared, 0, sizeof statements->prepared);
}

/* They have the number of their operation as their name. */
static const char *name_of(int op, char ret_name[4])
{
    ret_name[0] = 'm';
    ret_name[1] = (char)('0' + op / 10);
    ret_name[2] = (char)('0' + op % 10);
    ret_name[3] = '\0';
    return ret_name;
}

bool mh_statements_send(struct mh_statements *statements, PGconn *conn, int op,
                        const struct mh_params *params, bool *ret_preparing)
{
    const struct mh_pq *pq = statements->pq;
    char name[4];
    bool preparing = !statements->prepared[op];
    if (preparing && pq->sendPrepare(conn, name_of(op, name), statements->texts[op], 0, NULL) == 0)
        return false;
    statements->prepared[op] = true;
    *ret_preparing = preparing;
    return pq->sendQueryPrepared(conn, name_of(op, name), params->count, params->values,
                                 params->lengths, params->formats, BINARY) != 0;
}

bool mh_statements_send_text(const struct mh_statements *statements, PGconn *conn, int op,
                             const struct mh_params *params)
{
    return statements->pq->sendQueryParams(conn, statements->texts[op], params->count, NULL,
                                           params->values, params->lengths, params->formats,
                                           BINARY) != 0;
}

void mh_statements_unprepared(struct mh_statements *statements, int op)
{
    statements->prepared[op] = false;
}
