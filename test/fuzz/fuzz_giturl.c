#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fuzz.h"
#include "queue/giturl.h"

/* What must never reach git, however it is written. */
static void check_taken(const char *url, const struct mh_giturl *found, bool allow_local)
{
    const char *rest = strstr(url, "://");
    require(url[0] != '-' && strstr(url, "::") == NULL);
    for (const char *at = url; *at != '\0'; at++)
        require((unsigned char)*at > ' ' && *at != 127);
    require(allow_local || found->kind == MH_GITURL_HTTPS || found->kind == MH_GITURL_SSH);
    require((found->host[0] == '\0') == (found->kind == MH_GITURL_LOCAL));
    require(found->host[0] != '-' && strlen(found->host) < MH_GITURL_HOST);
    if (found->kind == MH_GITURL_HTTPS || found->kind == MH_GITURL_HTTP) {
        require(rest != NULL);
        require(memchr(rest + 3, '@', strcspn(rest + 3, "/")) == NULL);
        require(strncasecmp(rest + 3, found->host, strlen(found->host)) == 0);
        require(mh_giturl_check_host(found->host, NULL) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    require(text != NULL);
    if (size > 0) memcpy(text, data, size);
    text[size] = '\0';
    for (int allow_local = 0; allow_local < 2; allow_local++) {
        struct mh_giturl found;
        struct mh_err err = {0};
        if (mh_giturl_check(text, allow_local, &found, &err) == 0)
            check_taken(text, &found, allow_local);
        else
            require(err.text[0] != '\0');
    }
    if (mh_giturl_check_ref(text, NULL) == 0)
        require(text[0] != '-' && text[0] != '\0' && strpbrk(text, " \n\\:~^") == NULL);
    free(text);
    return 0;
}
