/* What `serve` measures: its requests and followers, and what the store holds.
 *
 * The store is asked when the metrics are, at most once in FRESH_MS (meter.c) and one at a time;
 * while it is out of reach its figures are left out, and the others are given all the same. One
 * loop, one thread. */
#ifndef MH_METER_H
#define MH_METER_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"

struct mh_meter;
struct mh_store;

int mh_meter_new(uv_loop_t *loop, struct mh_store *store, struct mh_meter **ret_meter,
                 struct mh_err *err) MH_MUST_CHECK; /* MH_ENOMEM */

/* Before the store and the loop are closed, without running the loop between. Accepts NULL. */
void mh_meter_free(struct mh_meter *meter);

/* A request was answered; `route` is the path of its row, NULL: none; `status` 0: the client was
 * gone. */
void mh_meter_request(struct mh_meter *meter, const char *route, int status, int64_t duration_us);

void mh_meter_store_error(struct mh_meter *meter);

/* How many follow events now. */
void mh_meter_followers(struct mh_meter *meter, size_t count);

/* Calls `done`, at once or once the store has answered, when mh_meter_write has all there is. */
void mh_meter_refresh(struct mh_meter *meter, bool healthy, void (*done)(void *arg), void *arg);

void mh_meter_write(struct mh_meter *meter, bool healthy, struct mh_buf *out);

#endif
