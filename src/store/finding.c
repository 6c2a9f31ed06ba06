#include "store/finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "store/grow.h"

static const char *copy(struct mh_arena *arena, const char *text)
{
    size_t len = strlen(text);
    return mh_arena_copy(arena, text, mh_utf8_cut(text, len, MH_FINDING_TEXT));
}

int mh_findings_add(struct mh_findings *findings, const struct mh_finding *finding,
                    struct mh_err *err)
{
    struct mh_finding *items =
        mh_grow(findings->arena, findings->items, findings->count, &findings->room, sizeof *items);
    struct mh_finding kept = {
        .name = copy(findings->arena, finding->name),
        .status = finding->status,
        .found = copy(findings->arena, finding->found),
        .mend = finding->mend != NULL ? copy(findings->arena, finding->mend) : NULL,
    };
    if (items == NULL || kept.name == NULL || kept.found == NULL ||
        (finding->mend != NULL && kept.mend == NULL))
        return mh_err_set(err, MH_ENOMEM, "unable to examine the store: out of memory");
    items[findings->count++] = kept;
    findings->items = items;
    return 0;
}

int mh_findings_say(struct mh_findings *findings, const char *name, enum mh_finding_status status,
                    const char *mend, struct mh_err *err, const char *found, ...)
{
    char text[MH_FINDING_TEXT];
    va_list args;
    va_start(args, found);
    (void)vsnprintf(text, sizeof text, found, args); /* cut where it is too long */
    va_end(args);
    const struct mh_finding finding = {name, status, text, mend};
    return mh_findings_add(findings, &finding, err);
}

void mh_findings_reply(const struct mh_findings *findings, int code, struct mh_request *request)
{
    request->reply.code = code;
    request->reply.findings = findings->items;
    request->reply.count = findings->count;
}
