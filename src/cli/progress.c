#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define FIRST_US   300000
#define EACH_US    100000
#define BAR_LENGTH 30

static void put(const char *text)
{
    /* A bar that cannot be drawn is no reason to stop the work. */
    ssize_t written = write(STDERR_FILENO, text, strlen(text));
    (void)written;
}

void mh_progress_begin(struct mh_progress *progress, const char *what, int64_t total)
{
    int64_t now = mh_clock_mono_us();
    bool bar = total > 0 && isatty(STDERR_FILENO) == 1;
    *progress = (struct mh_progress){
        .what = bar ? what : NULL, .total = total, .started_us = now, .next_us = now + FIRST_US};
}

void mh_progress_set(struct mh_progress *progress, int64_t done)
{
    int64_t now = mh_clock_mono_us(), total = progress->total;
    if (progress->what == NULL || now < progress->next_us) return;
    progress->next_us = now + EACH_US;
    progress->shown = true;

    char bar[BAR_LENGTH + 1], line[160];
    int filled = done < total ? (int)(done * BAR_LENGTH / total) : BAR_LENGTH;
    for (int i = 0; i < BAR_LENGTH; i++)
        bar[i] = i < filled ? '#' : '.';
    bar[BAR_LENGTH] = '\0';
    int64_t per_second = done * 1000000 / (now - progress->started_us);
    (void)snprintf(line, sizeof line,
                   "\r%s [%s] %3" PRId64 "%% %" PRId64 "/%" PRId64 " %" PRId64 "/s\x1b[K",
                   progress->what, bar, done * 100 / total, done, total, per_second);
    put(line);
}

void mh_progress_hide(struct mh_progress *progress)
{
    if (!progress->shown) return;
    put("\r\x1b[K");
    progress->shown = false;
    progress->next_us = 0;
}
