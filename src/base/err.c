#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* C0, DEL and, as UTF-8, C1: a terminal obeys U+009B as it does ESC [. */
static size_t control_length(const unsigned char *at)
{
    if (at[0] < 0x20 || at[0] == 0x7f) return 1;
    return at[0] == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f ? 2 : 0;
}

static void blank_controls(char *text)
{
    unsigned char *at = (unsigned char *)text;
    while (*at != '\0') {
        size_t length = control_length(at);
        memset(at, ' ', length);
        at += length > 0 ? length : 1;
    }
}

/* Adds what still fits and returns the new length. */
static size_t add(struct mh_err *err, size_t len, const char *text)
{
    size_t more = strnlen(text, sizeof err->text - 1 - len);
    memcpy(err->text + len, text, more);
    err->text[len + more] = '\0';
    return len + more;
}

static int fill(struct mh_err *err, int code, const char *first, const char *second)
{
    err->code = code;
    (void)add(err, add(err, 0, first), second);
    blank_controls(err->text);
    return code;
}

int mh_err_set(struct mh_err *err, int code, const char *format, ...)
{
    if (err == NULL) return code;
    char text[sizeof err->text]; /* an argument may be the old err->text */
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return fill(err, code, text, "");
}

/* What may go well a moment later is told apart from what will not. */
static int code_of(int errnum)
{
    if (errnum == ENOMEM) return MH_ENOMEM;
    return errnum == EMFILE || errnum == ENFILE || errnum == EAGAIN ? MH_ELIMIT : MH_EIO;
}

int mh_err_sys(struct mh_err *err, int errnum, const char *format, ...)
{
    int code = code_of(errnum);
    if (err == NULL) return code;
    char cause[128], text[sizeof err->text - sizeof cause]; /* a long path must not push it out */
    (void)snprintf(cause, sizeof cause, ": %s", strerror(errnum));
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return fill(err, code, text, cause);
}

int mh_err_prefix(struct mh_err *err, int code, const char *format, ...)
{
    if (err == NULL) return code;
    char prefix[sizeof err->text / 2], old[sizeof err->text];
    memcpy(old, err->text, sizeof old);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(prefix, sizeof prefix, format, args);
    va_end(args);
    size_t len = add(err, add(err, 0, prefix), ": ");
    (void)add(err, len, old);
    blank_controls(err->text);
    return code;
}

const char *mh_code_name(int code)
{
    static const char *const names[] = {
        "MH_OK",       "MH_ENOMEM",    "MH_EINVAL", "MH_ENOENT", "MH_EEXIST",
        "MH_ESTATE",   "MH_ELIMIT",    "MH_ECONN",  "MH_EIO",    "MH_ESTORE",
        "MH_ETIMEOUT", "MH_ECANCELED", "MH_EPERM",
    };
    return code <= 0 && code > -(int)MH_LEN(names) ? names[-code] : "unknown code";
}
