/* What every backend does alike with a text that was found. */
#include "base/arena.h"
#include "base/utf8.h"
#include "store/backend.h"

#define LINE_MAX_BYTES 400 /* of a line that is shown */

int mh_hits_of_text(struct mh_request *request, const char *path, const char *text, size_t len,
                    struct mh_hit *hits, size_t end)
{
    struct mh_excerpt excerpts[MH_HITS_OF_FILE];
    struct mh_reply *reply = &request->reply;
    size_t count =
        mh_terms_excerpts(&request->in.index_search.terms, text, len, MH_HITS_OF_FILE, excerpts);
    for (size_t i = 0; i < count && reply->count < end; i++) {
        size_t shown = mh_utf8_cut(excerpts[i].text, excerpts[i].len, LINE_MAX_BYTES);
        while (shown > 0 && excerpts[i].text[shown - 1] == '\r')
            shown--;
        const char *line = mh_arena_copy(&request->arena, excerpts[i].text, shown);
        if (line == NULL)
            return mh_err_set(&reply->err, MH_ENOMEM, "unable to search: out of memory");
        hits[reply->count++] =
            (struct mh_hit){.path = path, .line = excerpts[i].line, .text = line};
    }
    return 0;
}
