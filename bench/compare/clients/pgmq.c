/* pgmq by libpq: reads a batch, runs it, deletes it. The place is a connection string. */
#define _GNU_SOURCE
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drive.h"

#define SHORT_S "60" /* how long what was read is hidden */

struct session {
    PGconn *conn;
    char *bodies; /* CHUNK payloads as an array */
    size_t body_len;
};

const int peer_workers = 2;

static void prepare(PGconn *conn, const char *name, const char *sql)
{
    PGresult *result = PQprepare(conn, name, sql, 0, NULL);
    if (PQresultStatus(result) != PGRES_COMMAND_OK) die("prepare", PQerrorMessage(conn));
    PQclear(result);
}

static PGresult *ask(struct session *session, const char *name, const char *value)
{
    PGresult *result = PQexecPrepared(session->conn, name, value != NULL, &value, NULL, NULL, 0);
    if (PQresultStatus(result) != PGRES_TUPLES_OK) die(name, PQerrorMessage(session->conn));
    return result;
}

/* `{"…","…"`, each the same, with its quotes escaped. */
static void write_bodies(struct session *session)
{
    char body[2 * sizeof PAYLOAD + 4], *at = body;
    *at++ = '"';
    for (const char *from = PAYLOAD; *from != '\0'; *at++ = *from++)
        if (*from == '"') *at++ = '\\';
    *at++ = '"';
    *at++ = ',';
    session->body_len = (size_t)(at - body);
    session->bodies = malloc(CHUNK * session->body_len + 2);
    if (session->bodies == NULL) die("start", "no memory");
    session->bodies[0] = '{';
    for (size_t i = 0; i < CHUNK; i++)
        memcpy(session->bodies + 1 + i * session->body_len, body, session->body_len);
}

struct session *peer_open(const char *place)
{
    struct session *session = calloc(1, sizeof *session);
    if (session == NULL) die("connect", "no memory");
    session->conn = PQconnectdb(place);
    if (PQstatus(session->conn) != CONNECTION_OK) die("connect", PQerrorMessage(session->conn));
    prepare(session->conn, "one", "SELECT pgmq.send('noop', $1::jsonb)");
    prepare(session->conn, "many", "SELECT count(*) FROM pgmq.send_batch('noop', $1::jsonb[])");
    prepare(session->conn, "read",
            "SELECT msg_id, message FROM pgmq.read('noop', " SHORT_S ", $1::int)");
    prepare(session->conn, "wait",
            "SELECT msg_id, message FROM pgmq.read_with_poll('noop', " SHORT_S ", $1::int)");
    prepare(session->conn, "delete", "SELECT count(*) FROM pgmq.delete('noop', $1::bigint[])");
    write_bodies(session);
    return session;
}

void peer_many(struct session *session, size_t count)
{
    size_t end = count * session->body_len;
    char after[2] = {session->bodies[end], session->bodies[end + 1]};
    memcpy(session->bodies + end, "}", 2);
    PQclear(ask(session, "many", session->bodies));
    memcpy(session->bodies + end, after, 2);
}

void peer_one(struct session *session)
{
    PQclear(ask(session, "one", PAYLOAD));
}

/* What is there; where nothing is, what comes. */
static PGresult *read_some(struct session *session, size_t most)
{
    char limit[24];
    (void)snprintf(limit, sizeof limit, "%zu", most);
    PGresult *result = ask(session, "read", limit);
    if (PQntuples(result) > 0) return result;
    PQclear(result);
    return ask(session, "wait", limit);
}

size_t peer_work(struct session *session, size_t most, void (*run)(void))
{
    PGresult *result = read_some(session, most);
    int count = PQntuples(result);
    char *ids = malloc((size_t)count * 21 + 3), *at = ids;
    if (ids == NULL) die("work", "no memory");
    for (int i = 0; i < count; i++) {
        run();
        at += snprintf(at, 22, "%c%s", i == 0 ? '{' : ',', PQgetvalue(result, i, 0));
    }
    memcpy(at, "}", 2);
    PQclear(result);
    if (count > 0) PQclear(ask(session, "delete", ids));
    free(ids);
    return (size_t)count;
}
