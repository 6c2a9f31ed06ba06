#include "jobs/ctags.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define TEXT_MS      10000      /* for one text */
#define OUTPUT_MAX   (64 << 20) /* of one text */
#define FAILURES_MAX 20         /* in a row: it is given up */

/* What is under way with one text. */
struct exchange {
    struct mh_ctags *ctags;
    char head[128];
    const char *parts[2]; /* the head and the text */
    size_t lens[2];
    size_t part, sent; /* how far it is */
    int64_t deadline_us;
    struct mh_arena *arena;
    struct mh_symbol *symbols;
    size_t count, room;
    bool done;
};

void mh_ctags_init(struct mh_ctags *ctags)
{
    *ctags = (struct mh_ctags){.to = -1, .from = -1};
    mh_buf_init(&ctags->output, OUTPUT_MAX);
}

void mh_ctags_stop(struct mh_ctags *ctags)
{
    int status;
    mh_buf_release(&ctags->output);
    if (!ctags->runs) return;
    ctags->runs = false;
    mh_process_signal(&ctags->process, SIGKILL);
    if (mh_process_reap(&ctags->process, &status, NULL) < 0) status = 0; /* of no use anyway */
    (void)close(ctags->process.pidfd); /* nothing was written by these */
    (void)close(ctags->to);
    (void)close(ctags->from);
}

/* --- the child */

static int start(struct mh_ctags *ctags, struct mh_err *err)
{
    static const char *const argv[] = {"ctags",
                                       "--options=NONE",
                                       "--quiet=yes",
                                       "--fields={name}{kind}{line}{scope}{signature}",
                                       "--sort=no",
                                       "--output-format=json",
                                       "--_interactive=sandbox",
                                       NULL};
    char path[4096];
    const char *env[] = {path, NULL};
    int in[2] = {-1, -1}, out[2] = {-1, -1};
    const char *ours = getenv("PATH");
    (void)snprintf(path, sizeof path, "PATH=%s", ours != NULL ? ours : "/usr/bin:/bin");
    int r = mh_pipe(1, in, err);
    if (r == 0) r = mh_pipe(0, out, err);
    const struct mh_spawn spawn = {
        .argv = argv, .env = env, .fds = {in[0], out[1], -1, -1}, .joins_group = true};
    if (r == 0) r = mh_spawn(&spawn, &ctags->process, err);
    if (in[0] >= 0) (void)close(in[0]); /* the child's ends */
    if (out[1] >= 0) (void)close(out[1]);
    if (r < 0) {
        if (in[1] >= 0) (void)close(in[1]); /* nothing was written */
        if (out[0] >= 0) (void)close(out[0]);
        return r;
    }
    ctags->to = in[1];
    ctags->from = out[0];
    ctags->runs = true;
    mh_buf_reset(&ctags->output);
    return 0;
}

/* --- its lines */

static int copy(struct mh_arena *arena, const json_t *object, const char *member,
                const char **ret_text)
{
    const json_t *value = json_object_get(object, member);
    size_t len = json_string_length(value);
    *ret_text = NULL;
    if (len == 0 || len > MH_SYMBOL_NAME) return 0;
    *ret_text = mh_arena_copy(arena, json_string_value(value), len);
    return *ret_text != NULL ? 0 : MH_ENOMEM;
}

static int read_symbol(const json_t *object, struct mh_arena *arena, struct mh_symbol *ret_symbol)
{
    struct mh_symbol symbol = {0};
    json_int_t line = json_integer_value(json_object_get(object, "line"));
    int r = copy(arena, object, "name", &symbol.name);
    if (r == 0) r = copy(arena, object, "kind", &symbol.kind);
    if (r == 0) r = copy(arena, object, "scope", &symbol.scope);
    if (r == 0) r = copy(arena, object, "signature", &symbol.signature);
    if (r < 0) return r;
    if (symbol.name == NULL || symbol.kind == NULL || line < 1 || line > INT32_MAX) return 0;
    symbol.line = (int)line;
    *ret_symbol = symbol;
    return 1;
}

int mh_ctags_parse(const char *line, size_t len, struct mh_arena *arena,
                   struct mh_symbol *ret_symbol)
{
    json_t *object = json_loadb(line, len, 0, NULL);
    const char *type = json_string_value(json_object_get(object, "_type"));
    int r = 0;
    if (type != NULL && strcmp(type, "tag") == 0)
        r = read_symbol(object, arena, ret_symbol);
    else if (type != NULL && strcmp(type, "completed") == 0)
        r = 2;
    json_decref(object);
    return r;
}

static int add(struct exchange *exchange, const struct mh_symbol *symbol)
{
    if (exchange->count == MH_SYMBOLS_MAX) return 0;
    if (exchange->count == exchange->room) {
        size_t room = exchange->room == 0 ? 64 : exchange->room * 2;
        struct mh_symbol *symbols = mh_arena_array(exchange->arena, room, sizeof *symbols);
        if (symbols == NULL) return MH_ENOMEM;
        if (exchange->count > 0)
            memcpy(symbols, exchange->symbols, exchange->count * sizeof *symbols);
        exchange->symbols = symbols;
        exchange->room = room;
    }
    exchange->symbols[exchange->count++] = *symbol;
    return 0;
}

/* Takes the whole lines out of the output. */
static int take_lines(struct exchange *exchange)
{
    struct mh_buf *output = &exchange->ctags->output;
    size_t at = 0;
    int r = 0;
    while (r >= 0 && !exchange->done && at < output->len) {
        struct mh_symbol symbol;
        const char *newline = memchr(output->data + at, '\n', output->len - at);
        if (newline == NULL) break;
        size_t len = (size_t)(newline - output->data) - at;
        r = mh_ctags_parse(output->data + at, len, exchange->arena, &symbol);
        if (r == 1) r = add(exchange, &symbol);
        exchange->done = r == 2;
        at += len + 1;
    }
    mh_buf_consume(output, at);
    return r < 0 ? r : 0;
}

/* --- one text */

static int failed(struct exchange *exchange, const char *why, struct mh_err *err)
{
    struct mh_ctags *ctags = exchange->ctags;
    int failures = ctags->failures + 1;
    mh_ctags_stop(ctags);
    mh_ctags_init(ctags);
    ctags->failures = failures;
    ctags->missing = failures >= FAILURES_MAX;
    return mh_err_set(err, MH_EIO, "no symbols: ctags %s%s", why,
                      ctags->missing ? "; it is given up" : "");
}

static int send_some(struct exchange *exchange, struct mh_err *err)
{
    while (exchange->part < 2) {
        size_t left = exchange->lens[exchange->part] - exchange->sent;
        ssize_t n =
            write(exchange->ctags->to, exchange->parts[exchange->part] + exchange->sent, left);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
        if (n < 0) return failed(exchange, "died", err);
        exchange->sent += (size_t)n;
        if ((size_t)n < left) continue;
        exchange->part++;
        exchange->sent = 0;
    }
    return 0;
}

static int receive_some(struct exchange *exchange, struct mh_err *err)
{
    struct mh_buf *output = &exchange->ctags->output;
    char *room = mh_buf_reserve(output, 65536);
    if (room == NULL) return failed(exchange, "said too much", err);
    ssize_t n = read(exchange->ctags->from, room, 65536);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
    if (n <= 0) return failed(exchange, "died", err);
    output->len += (size_t)n;
    return take_lines(exchange);
}

static int talk(struct exchange *exchange, struct mh_err *err)
{
    int r = 0;
    while (r == 0 && !exchange->done) {
        struct pollfd fds[] = {
            {.fd = exchange->ctags->from, .events = POLLIN},
            {.fd = exchange->part < 2 ? exchange->ctags->to : -1, .events = POLLOUT},
        };
        int64_t left_us = exchange->deadline_us - mh_clock_mono_us();
        if (left_us <= 0) return failed(exchange, "took too long", err);
        if (poll(fds, 2, (int)(left_us / 1000) + 1) < 0 && errno != EINTR)
            return mh_err_sys(err, errno, "unable to wait for ctags");
        if (fds[1].revents != 0) r = send_some(exchange, err);
        if (r == 0 && fds[0].revents != 0) r = receive_some(exchange, err);
    }
    return r;
}

int mh_ctags_read(struct mh_ctags *ctags, const struct mh_language *language, const char *text,
                  size_t len, struct mh_arena *arena, const struct mh_symbol **ret_symbols,
                  size_t *ret_count, struct mh_err *err)
{
    *ret_symbols = NULL;
    *ret_count = 0;
    if (language == NULL || language->ctags == NULL || ctags->missing || len == 0) return 0;
    if (!ctags->runs) {
        int r = start(ctags, err);
        ctags->missing = r < 0;
        if (r < 0) return mh_err_prefix(err, r, "no symbols");
    }
    struct exchange exchange = {.ctags = ctags,
                                .lens = {0, len},
                                .deadline_us = mh_clock_mono_us() + TEXT_MS * INT64_C(1000),
                                .arena = arena};
    exchange.parts[0] = exchange.head;
    exchange.parts[1] = text;
    exchange.lens[0] =
        (size_t)snprintf(exchange.head, sizeof exchange.head,
                         "{\"command\":\"generate-tags\",\"filename\":\"x.%s\",\"size\":%zu}\n",
                         language->ctags, len);
    int r = talk(&exchange, err);
    if (r < 0) return r == MH_ENOMEM ? mh_err_set(err, r, "no symbols: out of memory") : r;
    ctags->failures = 0;
    *ret_symbols = exchange.symbols;
    *ret_count = exchange.count;
    return 0;
}
