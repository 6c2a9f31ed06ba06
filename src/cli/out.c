#include "cli/out.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/text.h"

#define FLUSH_AT (64 * 1024)
#define LINE_MAX ((size_t)1 << 30) /* payload, result and log tails of one job */

static int terminal_columns(int fd)
{
    struct winsize size;
    return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

static bool wants_colour(void)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    if (no_color != NULL && no_color[0] != '\0') return false;
    return term != NULL && strcmp(term, "dumb") != 0;
}

void mh_out_init(struct mh_out *out, int fd)
{
    bool terminal = isatty(fd) == 1;
    *out = (struct mh_out){.fd = fd,
                           .terminal = terminal,
                           .colour = terminal && wants_colour(),
                           .columns = terminal ? terminal_columns(fd) : 0};
    mh_buf_init(&out->line, LINE_MAX);
    mh_buf_init(&out->waiting, LINE_MAX + FLUSH_AT);
}

void mh_out_release(struct mh_out *out)
{
    mh_buf_release(&out->line);
    mh_buf_release(&out->waiting);
}

static void end_line(struct mh_out *out)
{
    if (mh_buf_failed(&out->line) && out->errnum == 0) out->errnum = ENOMEM;
    mh_buf_reset(&out->line);
    mh_buf_char(&out->waiting, '\n');
    if (out->waiting.len >= FLUSH_AT) (void)mh_out_flush(out); /* the error is kept */
}

void mh_out_end(struct mh_out *out)
{
    mh_buf_append(&out->waiting, mh_buf_text(&out->line), out->line.len);
    end_line(out);
}

void mh_out_end_json(struct mh_out *out)
{
    if (out->terminal)
        mh_text_json(&out->waiting, mh_buf_text(&out->line), out->line.len);
    else
        mh_buf_append(&out->waiting, mh_buf_text(&out->line), out->line.len);
    end_line(out);
}

/* Whoever shares the terminal may have made it non-blocking. */
static void wait_writable(int fd)
{
    struct pollfd wanted = {.fd = fd, .events = POLLOUT};
    (void)poll(&wanted, 1, -1); /* an error shows in the next write */
}

bool mh_out_flush(struct mh_out *out)
{
    if (mh_buf_failed(&out->waiting) && out->errnum == 0) out->errnum = ENOMEM;
    while (out->errnum == 0 && out->waiting.len > 0) {
        ssize_t written = write(out->fd, out->waiting.data, out->waiting.len);
        if (written >= 0)
            mh_buf_consume(&out->waiting, (size_t)written);
        else if (errno == EAGAIN)
            wait_writable(out->fd);
        else if (errno != EINTR)
            out->errnum = errno;
    }
    mh_buf_reset(&out->waiting);
    return out->errnum == 0;
}

bool mh_out_broken(const struct mh_out *out)
{
    return out->errnum != 0;
}
