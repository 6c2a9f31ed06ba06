/* libpq, loaded when a PostgreSQL store is opened and not before: it brings a dozen libraries with
 * it (LDAP, Kerberos), which would double the start-up time of every command and add a megabyte to
 * workers that use SQLite.
 *
 *     pq->clear(result);      stands for      PQclear(result);
 *
 * To use another function of libpq: its row in MH_PQ_FUNCTIONS. */
#ifndef MH_PG_PQ_H
#define MH_PG_PQ_H

#include <libpq-fe.h>

#include "base/compiler.h"
#include "base/err.h"

#define MH_PQ_FUNCTIONS(X)                                                                         \
    X(backendPID)                                                                                  \
    X(clear)                                                                                       \
    X(conninfo)                                                                                    \
    X(conninfoFree)                                                                                \
    X(conninfoParse)                                                                               \
    X(connectdb)                                                                                   \
    X(connectPoll)                                                                                 \
    X(connectStartParams)                                                                          \
    X(consumeInput)                                                                                \
    X(enterPipelineMode)                                                                           \
    X(errorMessage)                                                                                \
    X(exec)                                                                                        \
    X(execParams)                                                                                  \
    X(execPrepared)                                                                                \
    X(finish)                                                                                      \
    X(flush)                                                                                       \
    X(freemem)                                                                                     \
    X(getResult)                                                                                   \
    X(getisnull)                                                                                   \
    X(getlength)                                                                                   \
    X(getvalue)                                                                                    \
    X(isBusy)                                                                                      \
    X(nfields)                                                                                     \
    X(notifies)                                                                                    \
    X(ntuples)                                                                                     \
    X(pipelineSync)                                                                                \
    X(prepare)                                                                                     \
    X(resultErrorField)                                                                            \
    X(resultStatus)                                                                                \
    X(sendPrepare)                                                                                 \
    X(sendQuery)                                                                                   \
    X(sendQueryParams)                                                                             \
    X(sendQueryPrepared)                                                                           \
    X(setNoticeProcessor)                                                                          \
    X(setnonblocking)                                                                              \
    X(socket)                                                                                      \
    X(status)

struct mh_pq {
    void *library;
#define MEMBER(name) MH_TYPEOF(PQ##name) * name;
    MH_PQ_FUNCTIONS(MEMBER)
#undef MEMBER
};

/* MH_ESTORE where libpq is not installed or lacks a function. */
int mh_pq_load(struct mh_pq *pq, struct mh_err *err) MH_MUST_CHECK;

/* Accepts a zeroed one. */
void mh_pq_unload(struct mh_pq *pq);

#endif
