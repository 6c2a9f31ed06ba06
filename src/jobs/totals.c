#include "jobs/totals.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "jobs/language.h"
#include "store/index.h"

/* NULL: the language is none of the table's any more. */
static struct mh_language_totals *find(struct mh_totals *totals, const char *name)
{
    for (size_t i = 0; i < totals->count; i++)
        if (strcmp(totals->languages[i].name, name) == 0) return &totals->languages[i];
    const struct mh_language *language = mh_language_find(name);
    if (language == NULL || totals->count == MH_TOTALS_LANGUAGES) return NULL;
    totals->languages[totals->count].name = language->name;
    return &totals->languages[totals->count++];
}

void mh_totals_add(struct mh_totals *totals, const struct mh_index_file *file)
{
    totals->files++;
    totals->lines += file->lines;
    totals->symbols += (int64_t)file->symbol_count;
    struct mh_language_totals *language =
        file->language != NULL ? find(totals, file->language) : NULL;
    if (language == NULL) return;
    language->files++;
    language->lines += file->lines;
    language->code += file->code;
    language->comments += file->comments;
    language->blanks += file->blanks;
}

static int by_code(const void *a, const void *b)
{
    const struct mh_language_totals *left = a, *right = b;
    if (left->code != right->code) return left->code < right->code ? 1 : -1;
    return strcmp(left->name, right->name);
}

void mh_totals_write(struct mh_totals *totals, struct mh_buf *json)
{
    qsort(totals->languages, totals->count, sizeof totals->languages[0], by_code);
    mh_json_put_int(json, "files", totals->files);
    mh_json_put_int(json, "lines", totals->lines);
    mh_json_put_int(json, "symbols", totals->symbols);
    mh_json_key(json, "languages");
    mh_json_begin(json, '{');
    for (size_t i = 0; i < totals->count; i++) {
        const struct mh_language_totals *language = &totals->languages[i];
        mh_json_key(json, language->name);
        mh_json_begin(json, '{');
        mh_json_put_int(json, "files", language->files);
        mh_json_put_int(json, "lines", language->lines);
        mh_json_put_int(json, "code", language->code);
        mh_json_put_int(json, "comments", language->comments);
        mh_json_put_int(json, "blanks", language->blanks);
        mh_json_end(json, '}');
    }
    mh_json_end(json, '}');
}
