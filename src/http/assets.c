/* The dashboard: what web/ holds, embedded. Its pages ask the API by themselves, so that nothing
 * here knows of jobs, and anybody may have it. */
#include <string.h>

#include "http/api.h"
#include "mh_web.h"

/* Our own scripts, styles and requests and nothing else: what a job's text smuggles in stays text.
 */
#define POLICY                                                                                     \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "              \
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

static const struct {
    const char *suffix, *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".svg", "image/svg+xml"},
};

static const char *type_of(const char *name)
{
    const char *suffix = strrchr(name, '.');
    for (size_t i = 0; suffix != NULL && i < MH_LEN(types); i++)
        if (strcmp(types[i].suffix, suffix) == 0) return types[i].type;
    return "application/octet-stream";
}

static const struct mh_web_file *find(const char *name)
{
    for (const struct mh_web_file *file = mh_web_files; file->name != NULL; file++)
        if (strcmp(file->file, name) == 0) return file;
    return NULL;
}

/* Each start may be another version, so a browser asks every time and is mostly told 304. */
static void answer(struct mh_http_request *request, const struct mh_web_file *file)
{
    const char *known = mh_http_header(request, "If-None-Match");
    bool same = known != NULL && strstr(known, file->etag) != NULL;
    mh_http_set_header(request, "ETag", file->etag);
    mh_http_set_header(request, "Content-Security-Policy", POLICY);
    mh_http_set_header(request, "Referrer-Policy", "no-referrer");
    mh_http_set_header(request, "X-Frame-Options", "DENY");
    mh_http_set_header(request, "Cross-Origin-Opener-Policy", "same-origin");
    mh_http_answer(request, &(struct mh_answer){.status = same ? 304 : 200,
                                                .type = type_of(file->file),
                                                .cache = "no-cache",
                                                .body = same ? "" : file->text,
                                                .len = same ? 0 : strlen(file->text)});
}

void mh_api_dashboard(void *api, struct mh_http_request *request)
{
    (void)api;
    answer(request, find("index.html"));
}

void mh_api_asset(void *api, struct mh_http_request *request)
{
    const struct mh_web_file *file = find(mh_http_word(request));
    (void)api;
    if (file == NULL)
        mh_http_error(request, 404, "NOT_FOUND", "there is nothing at this path");
    else
        answer(request, file);
}
