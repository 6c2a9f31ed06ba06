#include "cli/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/command.h"

static void say(const char *text)
{
    char line[sizeof(struct mh_err) + 16];
    int len = snprintf(line, sizeof line, "millhand: %s\n", text);
    /* One write, so that lines of several processes do not mix; where it fails nobody listens. */
    ssize_t written = write(STDERR_FILENO, line, (size_t)len);
    (void)written;
}

void mh_say(const char *format, ...)
{
    struct mh_err clean; /* for its blanking of control characters */
    char text[sizeof clean.text];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    (void)mh_err_set(&clean, MH_OK, "%s", text);
    say(clean.text);
}

int mh_say_error(const struct mh_err *err)
{
    say(err->text);
    return err->code == MH_EINVAL ? MH_EXIT_USAGE : MH_EXIT_FAILED;
}
