/* What the program's own client does on its one connection: statements prepared, everything binary,
 * results and the next claim in one commit. Drives the engine, or the ceiling beside it: what the
 * server could do if it kept no promises. Any failure ends the process. */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An array as the server takes it. */
struct array {
    char *bytes;
    size_t len, cap;
    int32_t count;
};

struct design;

struct bench {
    const struct design *design;
    PGconn *conn;
    int32_t worker;      /* as it goes over the wire */
    struct array cursor; /* of the engine: opaque */
    uint64_t last;       /* of the ceiling: the last seq, as it goes over the wire */
    PGresult *held;      /* the claim whose jobs are to be finished next */
    struct array a[5];   /* dispatch */
    struct array f[4];   /* finish */
    struct array types;
    unsigned char newest[16]; /* the id dispatched last */
};

void die(const char *what, const char *why);
double now_s(void);

/* Connects for the engine, which is expected in the search path, or for the ceiling. */
void client_open(struct bench *bench, const char *conninfo, bool engine);
void client_close(struct bench *bench);

/* Makes the ceiling's schema, or the engine's tenants. */
void client_init(struct bench *bench);

/* Prepares the statements, and joins as a worker; once, before what follows. */
void client_prepare(struct bench *bench);

/* Runs statements that give nothing, or a number. */
void run(PGconn *conn, const char *text);
int64_t ask(PGconn *conn, const char *text);

/* Dispatches `batch` jobs at once. */
void dispatch(struct bench *bench, int batch, const char *type);

/* Sends one job, and says whether it is committed: to be asked when there is something to read. */
void send_single(struct bench *bench, const char *type);
bool single_is_done(struct bench *bench);

/* Results of the last claim and the next claim in one commit; the connection is in pipeline mode.
 * Gives how many were finished. */
int turn(struct bench *bench, int batch, const char *type);

/* How many jobs the last claim gave, and whether this one is among them (the engine's only). */
int held_count(const struct bench *bench);
bool holds(const struct bench *bench, const unsigned char *id);

#endif
