/* What a queue has to offer to be driven by drive.c. Whatever fails ends the program. */
#ifndef DRIVE_H
#define DRIVE_H

#include <stddef.h>

#define PAYLOAD "{\"to\":\"ada@example.org\",\"subject\":\"an ordinary payload\",\"n\":12345}"
#define CHUNK   1000 /* jobs of one bulk call */

struct session;

struct session *peer_open(const char *place);
void peer_many(struct session *session, size_t count); /* at most CHUNK */
void peer_one(struct session *session);

/* Waits for jobs, takes at most so many, calls run() for each and writes them as done, which is
 * when they are counted. */
size_t peer_work(struct session *session, size_t most, void (*run)(void));

/* Sessions that work at once, each on a thread of its own, where throughput is wanted. */
extern const int peer_workers;

_Noreturn void die(const char *what, const char *why);

#endif
