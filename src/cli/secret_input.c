#include "cli/secret_input.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#include "base/seal.h"

/* A signal ends the read and nothing else: the terminal must get its echo back first. */
static void wake(int number)
{
    (void)number;
}

static int read_all(char *text, size_t size, bool one_line, size_t *ret_len, struct mh_err *err)
{
    size_t len = 0;
    for (;;) {
        if (len == size) return mh_err_set(err, MH_ELIMIT, "the token is longer than %zu", size);
        ssize_t n = read(STDIN_FILENO, text + len, size - len);
        if (n < 0 && errno == EINTR) return mh_err_set(err, MH_ECANCELED, "given up");
        if (n < 0) return mh_err_sys(err, errno, "unable to read the token");
        len += (size_t)n;
        if (n == 0 || (one_line && len > 0 && text[len - 1] == '\n')) break;
    }
    if (len > 0 && text[len - 1] == '\n') len--;
    if (len > 0 && text[len - 1] == '\r') len--;
    text[len] = '\0';
    *ret_len = len;
    return 0;
}

static int ask(const char *prompt, char *text, size_t size, size_t *ret_len, struct mh_err *err)
{
    struct termios before, quiet;
    struct sigaction woken = {.sa_handler = wake}, interrupt, terminate;
    if (tcgetattr(STDIN_FILENO, &before) < 0)
        return mh_err_sys(err, errno, "unable to ask for the token");
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    (void)sigaction(SIGINT, &woken, &interrupt); /* valid signals: cannot fail */
    (void)sigaction(SIGTERM, &woken, &terminate);
    int r = tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) == 0
                ? 0
                : mh_err_sys(err, errno, "unable to ask for the token without showing it");
    if (r == 0) {
        (void)fputs(prompt, stderr); /* nobody is left to be told */
        r = read_all(text, size, true, ret_len, err);
        (void)fputs("\n", stderr);
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before); /* it took the other a moment ago */
    }
    (void)sigaction(SIGINT, &interrupt, NULL);
    (void)sigaction(SIGTERM, &terminate, NULL);
    return r;
}

int mh_secret_read(const char *prompt, char *ret_text, size_t size, size_t *ret_len,
                   struct mh_err *err)
{
    int r = isatty(STDIN_FILENO) ? ask(prompt, ret_text, size, ret_len, err)
                                 : read_all(ret_text, size, false, ret_len, err);
    if (r < 0) mh_seal_wipe(ret_text, size);
    return r;
}
