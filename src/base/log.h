/* The log: lines on standard error, in pino's JSON shape or, for people, pretty.
 *
 * mh_log_init once, early, in a program (never in a library: floors 0 to 2 log at debug and below
 * only). One line is one write(2), so lines of several threads or processes do not mix. A line is
 * at most 16 KiB; longer texts are cut. A reader that has stopped holds up one line for a second;
 * those after it are lost until it reads again, and then counted in a line. Values are escaped:
 * nothing from outside can break a line or colour a terminal. Never log a payload, result, token or
 * key above debug. Thread-safe after init. A program ignores SIGPIPE itself.
 *
 *     mh_log(MH_LOG_INFO, "job completed", MH_FIELDS(mh_f_str("jobId", id)));
 *     mh_log(MH_LOG_INFO, "shutdown complete", NULL);
 */
#ifndef MH_LOG_H
#define MH_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum mh_log_level { /* pino's numbers */
                    MH_LOG_TRACE = 10,
                    MH_LOG_DEBUG = 20,
                    MH_LOG_INFO = 30,
                    MH_LOG_WARN = 40,
                    MH_LOG_ERROR = 50,
                    MH_LOG_FATAL = 60,
};

enum mh_log_format { MH_LOG_AUTO, MH_LOG_JSON, MH_LOG_PRETTY };

struct mh_field {
    const char *name; /* NULL ends the list */
    enum { MH_FIELD_STR, MH_FIELD_INT, MH_FIELD_REAL, MH_FIELD_BOOL } kind;
    const char *str; /* NULL: the field is left out */
    int64_t i;
    double real;
};

#define MH_FIELDS(...) ((const struct mh_field[]){__VA_ARGS__, {.name = 0}})

struct mh_field mh_f_str(const char *name, const char *value);
struct mh_field mh_f_int(const char *name, int64_t value);
struct mh_field mh_f_real(const char *name, double value);
struct mh_field mh_f_bool(const char *name, bool value);

struct mh_log_options {
    enum mh_log_level level;
    enum mh_log_format
        format; /* AUTO: pretty when standard error is a terminal and `production` is false */
    bool production;
    const char *worker_id; /* copied; on every line when not NULL */
};

void mh_log_init(const struct mh_log_options *options);

/* Lets a caller skip work for a line that would not be written. Before init everything from warn up
 * is written. */
bool mh_log_wants(enum mh_log_level level);

/* `fields` may be NULL. */
void mh_log(enum mh_log_level level, const char *message, const struct mh_field *fields);

/* Where the lines of one thread go instead. `fields` is a JSON object, "{}" without any; all of it
 * is valid during the call only. `fn` NULL drops them. */
typedef void mh_log_fn(void *arg, enum mh_log_level level, const char *message, const char *fields);

struct mh_log_sink {
    enum mh_log_level level; /* from here up */
    mh_log_fn *fn;
    void *arg;
};

/* From here on the lines of the calling thread go to `sink` (borrowed), whatever mh_log_init said;
 * with NULL to standard error again. Returns what was there before: the C library, which has no
 * output of its own, diverts the log for the time of each call. */
const struct mh_log_sink *mh_log_divert(const struct mh_log_sink *sink);

/* "info" → MH_LOG_INFO, or MH_EINVAL. */
int mh_log_level_parse(const char *text, enum mh_log_level *ret_level);

#endif
