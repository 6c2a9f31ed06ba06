#include "jobs/askpass.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/compiler.h"

/* How git asks, and which variable holds the answer. */
static const struct {
    const char *begin, *variable;
} questions[] = {
    {"Username for '", MH_ASKPASS_USERNAME},
    {"Password for '", MH_ASKPASS_TOKEN},
};

/* True where `url`, which ends at a quote and may have a user name in it, is of `place`. */
static bool is_of(const char *url, const char *place)
{
    const char *authority = strstr(url, "://");
    if (authority == NULL || place == NULL) return false;
    authority += strlen("://");
    size_t scheme_len = (size_t)(authority - url), len = strcspn(authority, "/'");
    const char *host = authority;
    for (const char *at; (at = memchr(host, '@', len)) != NULL;) {
        len -= (size_t)(at + 1 - host);
        host = at + 1;
    }
    return strlen(place) == scheme_len + len && strncasecmp(place, url, scheme_len) == 0 &&
           strncasecmp(place + scheme_len, host, len) == 0;
}

bool mh_askpass_wanted(int argc)
{
    return argc == 2 && getenv(MH_ASKPASS_TOKEN) != NULL;
}

int mh_askpass_main(const char *question)
{
    for (size_t i = 0; i < MH_LEN(questions); i++) {
        size_t len = strlen(questions[i].begin);
        const char *answer = getenv(questions[i].variable);
        if (strncmp(question, questions[i].begin, len) != 0 || answer == NULL) continue;
        if (!is_of(question + len, getenv(MH_ASKPASS_PLACE))) return EXIT_FAILURE;
        return printf("%s\n", answer) > 0 && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    return EXIT_FAILURE;
}
