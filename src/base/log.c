#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"

#define LINE_BYTES  16384
#define VALUE_BYTES 8192 /* of one text, escaped */
#define TAIL_BYTES  2048 /* of the line, kept for the message and the numbers */
#define WAIT_MS     1000 /* for a reader of the log that is behind */

static const struct {
    enum mh_log_level level;
    const char *name;
    const char *label;
    const char *colour;
} levels[] = {
    {MH_LOG_TRACE, "trace", "TRACE", "\033[2m"},  {MH_LOG_DEBUG, "debug", "DEBUG", "\033[36m"},
    {MH_LOG_INFO, "info", "INFO ", "\033[32m"},   {MH_LOG_WARN, "warn", "WARN ", "\033[33m"},
    {MH_LOG_ERROR, "error", "ERROR", "\033[31m"}, {MH_LOG_FATAL, "fatal", "FATAL", "\033[35m"},
};

/* Set by mh_log_init, read-only afterwards. */
static struct {
    enum mh_log_level level;
    bool pretty;
    bool colours;
    char hostname[256];
    char worker_id[256];
} config = {.level = MH_LOG_WARN};

static _Thread_local const struct mh_log_sink *diverted; /* NULL: to standard error */

static atomic_uint lost; /* lines since the last that could be written */
static atomic_bool torn; /* the last one was written in part */

struct mh_field mh_f_str(const char *name, const char *value)
{
    return (struct mh_field){.name = name, .kind = MH_FIELD_STR, .str = value};
}

struct mh_field mh_f_int(const char *name, int64_t value)
{
    return (struct mh_field){.name = name, .kind = MH_FIELD_INT, .i = value};
}

struct mh_field mh_f_real(const char *name, double value)
{
    return (struct mh_field){.name = name, .kind = MH_FIELD_REAL, .real = value};
}

struct mh_field mh_f_bool(const char *name, bool value)
{
    return (struct mh_field){.name = name, .kind = MH_FIELD_BOOL, .i = value};
}

/* The length of the part of `text` that, escaped, takes at most `room` bytes: whole characters. */
static size_t fitting(const char *text, size_t room)
{
    size_t whole = 0;
    for (size_t at = 0; text[at]; at++) {
        unsigned char c = (unsigned char)text[at];
        size_t cost = c == '"' || c == '\\' ? 2 : c >= 0x80 ? 3 : c < 0x20 || c == 0x7f ? 6 : 1;
        if ((c & 0xc0) != 0x80) whole = at;
        if (cost > room) return whole;
        room -= cost;
    }
    return strlen(text);
}

/* Writes `text` quoted and escaped, in at most `room` bytes. */
static void put_quoted(struct mh_buf *line, const char *text, size_t room)
{
    static const char cut_mark[] = "\u2026\"";
    size_t len = fitting(text, room - sizeof(cut_mark) - 2);
    mh_json_strn(line, text, len);
    if (text[len] == '\0' || mh_buf_failed(line)) return;
    line->len--; /* the closing quote */
    mh_buf_str(line, cut_mark);
}

/* The bytes that one more text may take. */
static size_t room_for(const struct mh_buf *line, const char *name)
{
    size_t taken = line->len + strlen(name) + TAIL_BYTES;
    size_t left = taken < LINE_BYTES ? LINE_BYTES - taken : 0;
    return left < VALUE_BYTES ? left : VALUE_BYTES;
}

static void put_string_field(struct mh_buf *line, const char *name, const char *text)
{
    size_t room = room_for(line, name);
    if (!text || room < 64) return;
    mh_json_key(line, name);
    put_quoted(line, text, room);
}

static void put_number_field(struct mh_buf *line, const struct mh_field *field)
{
    if (line->len + strlen(field->name) + 64 > LINE_BYTES) return;
    mh_json_key(line, field->name);
    if (field->kind == MH_FIELD_INT) mh_json_int(line, field->i);
    if (field->kind == MH_FIELD_REAL) mh_json_real(line, field->real);
    if (field->kind == MH_FIELD_BOOL) mh_json_bool(line, field->i != 0);
}

/* Pino's shape: who and when, what the line is about, the message, the numbers. */
static void write_json(struct mh_buf *line, enum mh_log_level level, const char *message,
                       const struct mh_field *fields)
{
    mh_json_begin(line, '{');
    mh_json_key(line, "level");
    mh_json_int(line, level);
    mh_json_key(line, "time");
    mh_json_int(line, mh_clock_now_ms());
    mh_json_key(line, "pid");
    mh_json_int(line, getpid());
    mh_json_key(line, "hostname");
    mh_json_str(line, config.hostname);
    put_string_field(line, "workerId", config.worker_id[0] ? config.worker_id : NULL);
    for (const struct mh_field *field = fields; field && field->name; field++) {
        if (field->kind == MH_FIELD_STR) put_string_field(line, field->name, field->str);
    }
    mh_json_key(line, "msg");
    put_quoted(line, message, TAIL_BYTES / 2);
    for (const struct mh_field *field = fields; field && field->name; field++) {
        if (field->kind != MH_FIELD_STR) put_number_field(line, field);
    }
    mh_json_end(line, '}');
}

/* Whether a person reads it as it is: printable ASCII without what would blur where it ends. */
static bool is_plain(const char *text, const char *except)
{
    for (const char *c = text; *c; c++) {
        if (*c < 0x20 || *c > 0x7e || strchr(except, *c)) return false;
    }
    return *text != '\0';
}

static void put_pretty_text(struct mh_buf *line, const char *text, const char *except, size_t room)
{
    struct mh_buf quoted; /* of its own, as the writer puts a comma behind what is there */
    if (is_plain(text, except) && strlen(text) <= room) {
        mh_buf_str(line, text);
        return;
    }
    mh_buf_init(&quoted, room + 1);
    put_quoted(&quoted, text, room);
    mh_buf_append(line, mh_buf_text(&quoted), quoted.len);
    mh_buf_release(&quoted);
}

static void put_pretty_field(struct mh_buf *line, const struct mh_field *field, const char *dim,
                             const char *plain)
{
    size_t room = room_for(line, field->name);
    if (room < 64 || (field->kind == MH_FIELD_STR && !field->str)) return;
    mh_buf_printf(line, " %s%s=%s", dim, field->name, plain);
    if (field->kind == MH_FIELD_STR) put_pretty_text(line, field->str, " \"=\\", room);
    if (field->kind == MH_FIELD_INT) mh_buf_printf(line, "%lld", (long long)field->i);
    if (field->kind == MH_FIELD_REAL) mh_buf_printf(line, "%.10g", field->real);
    if (field->kind == MH_FIELD_BOOL) mh_buf_str(line, field->i ? "true" : "false");
}

static void put_field(struct mh_buf *line, const struct mh_field *field)
{
    if (field->kind == MH_FIELD_STR)
        put_string_field(line, field->name, field->str);
    else
        put_number_field(line, field);
}

static void divert(const struct mh_log_sink *sink, enum mh_log_level level, const char *message,
                   const struct mh_field *fields)
{
    struct mh_buf object;
    mh_buf_init(&object, LINE_BYTES);
    mh_json_begin(&object, '{');
    for (const struct mh_field *field = fields; field && field->name; field++)
        put_field(&object, field);
    mh_json_end(&object, '}');
    sink->fn(sink->arg, level, message, mh_buf_failed(&object) ? "{}" : mh_buf_text(&object));
    mh_buf_release(&object);
}

static size_t level_index(enum mh_log_level level)
{
    size_t i = 0;
    while (i + 1 < MH_LEN(levels) && levels[i].level < level)
        i++;
    return i;
}

static void write_pretty(struct mh_buf *line, enum mh_log_level level, const char *message,
                         const struct mh_field *fields)
{
    int64_t now_ms = mh_clock_now_ms();
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm tm = {0};
    size_t i = level_index(level);
    const char *plain = config.colours ? "\033[0m" : "";
    const char *dim = config.colours ? "\033[2m" : "";
    (void)localtime_r(&seconds, &tm); /* fails for no time that a clock shows */
    mh_buf_printf(line, "%s%02d:%02d:%02d.%03d%s %s%s%s ", dim, tm.tm_hour, tm.tm_min, tm.tm_sec,
                  (int)(now_ms % 1000), plain, config.colours ? levels[i].colour : "",
                  levels[i].label, plain);
    put_pretty_text(line, message, "", TAIL_BYTES / 2);
    if (fields && fields->name) mh_buf_char(line, ' ');
    for (const struct mh_field *field = fields; field && field->name; field++) {
        put_pretty_field(line, field, dim, plain);
    }
}

/* A reader that has stopped must not stop the program: one line waits for it, those after are
 * counted as lost until it reads again. */
static bool wait_writable(int64_t deadline_us)
{
    struct pollfd err = {.fd = STDERR_FILENO, .events = POLLOUT};
    int64_t left_us = deadline_us - mh_clock_mono_us();
    int left_ms = left_us > 0 ? (int)(left_us / 1000) : 0;
    int r = poll(&err, 1, left_ms);
    return r > 0 || (r < 0 && errno == EINTR && left_ms > 0);
}

/* True when all of it has been written. */
static bool write_line(const char *text, size_t len)
{
    bool behind = atomic_load(&lost) > 0;
    int64_t deadline_us = mh_clock_mono_us() + (behind ? 0 : WAIT_MS * 1000);
    size_t done = 0;
    while (done < len && wait_writable(deadline_us)) {
        ssize_t n = write(STDERR_FILENO, text + done, len - done);
        if (n > 0) done += (size_t)n;
        if (n < 0 && errno != EINTR && (errno != EAGAIN || mh_clock_mono_us() >= deadline_us))
            break;
    }
    if (done > 0) atomic_store(&torn, done < len);
    return done == len;
}

void mh_log(enum mh_log_level level, const char *message, const struct mh_field *fields)
{
    struct mh_buf line;
    if (!mh_log_wants(level)) return;
    if (diverted) {
        divert(diverted, level, message, fields);
        return;
    }
    mh_buf_init(&line, LINE_BYTES);
    if (atomic_load(&torn)) mh_buf_char(&line, '\n');
    if (config.pretty) {
        write_pretty(&line, level, message, fields);
    } else {
        write_json(&line, level, message, fields);
    }
    mh_buf_char(&line, '\n');
    bool written = !mh_buf_failed(&line) && write_line(mh_buf_text(&line), line.len);
    mh_buf_release(&line);
    if (!written) {
        atomic_fetch_add(&lost, 1);
        return;
    }
    unsigned before = atomic_exchange(&lost, 0);
    if (before > 0) mh_log(MH_LOG_WARN, "log lines lost", MH_FIELDS(mh_f_int("lines", before)));
}

bool mh_log_wants(enum mh_log_level level)
{
    if (diverted) return diverted->fn && level >= diverted->level;
    return level >= config.level;
}

const struct mh_log_sink *mh_log_divert(const struct mh_log_sink *sink)
{
    const struct mh_log_sink *before = diverted;
    diverted = sink;
    return before;
}

static bool colours_wanted(void)
{
    const char *refused = getenv("NO_COLOR"), *term = getenv("TERM");
    if (refused && *refused) return false;
    return isatty(STDERR_FILENO) && !(term && strcmp(term, "dumb") == 0);
}

void mh_log_init(const struct mh_log_options *options)
{
    config.level = options->level;
    config.pretty =
        options->format == MH_LOG_PRETTY ||
        (options->format == MH_LOG_AUTO && !options->production && isatty(STDERR_FILENO));
    config.colours = config.pretty && colours_wanted();
    (void)snprintf(config.worker_id, sizeof(config.worker_id), "%s",
                   options->worker_id ? options->worker_id : "");
    if (gethostname(config.hostname, sizeof(config.hostname) - 1) < 0) config.hostname[0] = '\0';
}

int mh_log_level_parse(const char *text, enum mh_log_level *ret_level)
{
    for (size_t i = 0; i < MH_LEN(levels); i++) {
        if (strcmp(levels[i].name, text) != 0) continue;
        *ret_level = levels[i].level;
        return 0;
    }
    return MH_EINVAL;
}
