/* millhand.conf: settings per job type.
 *
 * An INI file with one section [handler.TYPE] per type. An unknown section, key or value, or a key
 * that does not fit the mode, is an error that names file, line and what was expected: a setting
 * that is misspelt must not be lost.
 * Lines are at most 199 bytes. */
#ifndef MH_HANDLER_CONF_H
#define MH_HANDLER_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "base/err.h"

#define MH_HANDLER_TIMEOUT_MS 3600000

struct mh_handler_conf {
    const char *type;
    const char *mode;       /* "oneshot", "persistent", "http" */
    const char *command;    /* NULL: the executable of that name in the handlers folder */
    const char *env;        /* NAME or NAME=value, separated by blanks; NULL: none */
    const char *url;        /* http: where jobs are posted; may hold a password */
    const char *secret_env; /* http: the variable with the secret; NULL: the one of all */
    int64_t allow_private;  /* http: 1: the address may be a private one */
    int64_t processes;      /* persistent children; 0: as many as the worker's slots need */
    int64_t concurrency;    /* jobs at once in one persistent child, or over HTTP */
    int64_t recycle_after;  /* a persistent child ends after so many jobs; 0: never */
    int64_t max_attempts;   /* no job of the type is tried more often; 0: what each job says */
    int64_t timeout_ms;
    int64_t backoff_base_ms;
    int64_t backoff_cap_ms;
};

struct mh_handler_confs {
    struct mh_handler_conf *all;
    size_t count;
};

/* The defaults of a type without a section. */
struct mh_handler_conf mh_handler_conf_default(const char *type);

/* Reads `path` into `arena`. Without the file: none, and 0, unless it is `required`. */
int mh_handler_conf_load(const char *path, bool required, struct mh_arena *arena,
                         struct mh_handler_confs *ret_confs, struct mh_err *err) MH_MUST_CHECK;

/* The same from text; `path` is named in errors. */
int mh_handler_conf_parse(const char *path, const char *text, struct mh_arena *arena,
                          struct mh_handler_confs *ret_confs, struct mh_err *err) MH_MUST_CHECK;

#endif
