#include "jobs/blueprint/outline.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "jobs/blueprint/cycles.h"
#include "jobs/blueprint/purpose.h"

#define LANGUAGES_MAX   200 /* that are told apart in one module */
#define OF_MODULE_LEAST 20

/* --- languages */

static void add_language(struct mh_outline_language *languages, size_t *count, const char *name,
                         int64_t files, int64_t lines)
{
    size_t at = 0;
    while (at < *count && strcmp(languages[at].name, name) != 0)
        at++;
    if (at == LANGUAGES_MAX) return;
    if (at == *count) languages[(*count)++] = (struct mh_outline_language){.name = name};
    languages[at].files += files;
    languages[at].lines += lines;
}

static int compare_languages(const void *a, const void *b)
{
    const struct mh_outline_language *one = a, *other = b;
    if (one->lines != other->lines) return one->lines > other->lines ? -1 : 1;
    return strcmp(one->name, other->name);
}

/* The chief ones of all, in that order. */
static size_t keep_languages(struct mh_outline_language *all, size_t count,
                             struct mh_outline_language *ret_kept)
{
    qsort(all, count, sizeof *all, compare_languages);
    if (count > MH_OUTLINE_LANGUAGES) count = MH_OUTLINE_LANGUAGES;
    memcpy(ret_kept, all, count * sizeof *all);
    return count;
}

/* --- links */

static int make_links(struct mh_outline *outline)
{
    const struct mh_source *source = outline->source;
    size_t count = outline->module_count;
    outline->links = mh_arena_array(source->arena, count * count, sizeof *outline->links);
    if (outline->links == NULL) return MH_ENOMEM;
    for (size_t i = 0; i < source->edge_count; i++) {
        uint32_t from = outline->module_of[source->edges[i].from];
        uint32_t to = outline->module_of[source->edges[i].to];
        if (from != to) outline->links[from * count + to]++;
    }
    outline->imports = (int64_t)source->edge_count;
    return 0;
}

static int compare_links(const void *a, const void *b)
{
    const struct mh_outline_link *one = a, *other = b;
    if (one->imports != other->imports) return one->imports > other->imports ? -1 : 1;
    return one->module < other->module ? -1 : one->module > other->module;
}

/* Each module's links are those in its row of the square, or in its column. */
static int list_links(struct mh_outline *outline, uint32_t first, size_t stride,
                      struct mh_outline_link **ret_links, size_t *ret_count)
{
    size_t count = 0;
    struct mh_outline_link *links =
        mh_arena_array(outline->source->arena, outline->module_count, sizeof *links);
    if (links == NULL) return MH_ENOMEM;
    for (uint32_t i = 0; i < outline->module_count; i++) {
        uint32_t imports = outline->links[first + i * stride];
        if (imports > 0) links[count++] = (struct mh_outline_link){i, imports};
    }
    qsort(links, count, sizeof *links, compare_links);
    *ret_links = links;
    *ret_count = count;
    return 0;
}

/* --- chief files and symbols */

struct candidate {
    const struct mh_source_file *file;
    uint64_t weight;
};

static int compare_symbols(const struct mh_source *source, uint32_t a, uint32_t b)
{
    const struct mh_source_symbol *one = &source->symbols[a], *other = &source->symbols[b];
    int rank = mh_source_kind_rank(one->kind), other_rank = mh_source_kind_rank(other->kind);
    if (one->used != other->used) return one->used > other->used ? -1 : 1;
    if (rank != other_rank) return rank > other_rank ? -1 : 1;
    if (one->lines != other->lines) return one->lines > other->lines ? -1 : 1;
    return a < b ? -1 : 1;
}

static void find_symbols(const struct mh_source *source, struct mh_outline_file *file)
{
    for (uint32_t i = file->file->symbols; i < file->file->symbol_end; i++) {
        size_t at = file->symbol_count;
        if (at == MH_OUTLINE_SYMBOLS && compare_symbols(source, i, file->symbols[--at]) > 0)
            continue;
        for (; at > 0 && compare_symbols(source, i, file->symbols[at - 1]) < 0; at--)
            file->symbols[at] = file->symbols[at - 1];
        file->symbols[at] = i;
        if (file->symbol_count < MH_OUTLINE_SYMBOLS) file->symbol_count++;
    }
}

/* By how many depend on it: who imports it, and who uses the symbol of it that is used most. */
static uint64_t weigh(const struct mh_source *source, const struct mh_source_file *file)
{
    uint32_t most = 0;
    for (uint32_t i = file->symbols; i < file->symbol_end; i++)
        if (source->symbols[i].used > most) most = source->symbols[i].used;
    return (uint64_t)(file->user_end - file->users) + most;
}

static int compare_candidates(const void *a, const void *b)
{
    const struct candidate *one = a, *other = b;
    bool has = one->file->symbol_end > one->file->symbols;
    bool other_has = other->file->symbol_end > other->file->symbols;
    if (one->weight != other->weight) return one->weight > other->weight ? -1 : 1;
    if (has != other_has) return has ? -1 : 1;
    if (one->file->lines != other->file->lines)
        return one->file->lines > other->file->lines ? -1 : 1;
    return strcmp(one->file->path, other->file->path);
}

static int keep_chief(struct mh_outline *outline, struct mh_outline_module *module,
                      struct candidate *candidates, size_t count)
{
    size_t most = MH_OUTLINE_FILES / outline->module_count;
    if (most > MH_OUTLINE_OF_MODULE) most = MH_OUTLINE_OF_MODULE;
    if (most < OF_MODULE_LEAST) most = OF_MODULE_LEAST;
    qsort(candidates, count, sizeof *candidates, compare_candidates);
    if (count > most) count = most;
    module->chief = mh_arena_array(outline->source->arena, count, sizeof *module->chief);
    if (module->chief == NULL) return MH_ENOMEM;
    module->chief_count = count;
    for (size_t i = 0; i < count; i++) {
        module->chief[i].file = candidates[i].file;
        find_symbols(outline->source, &module->chief[i]);
    }
    return 0;
}

/* --- modules */

static int fill_module(struct mh_outline *outline, uint32_t number, struct candidate *candidates)
{
    const struct mh_source *source = outline->source;
    struct mh_outline_module *module = &outline->modules[number];
    struct mh_outline_language languages[LANGUAGES_MAX];
    size_t count = 0, language_count = 0;
    for (size_t i = 0; i < source->file_count; i++) {
        const struct mh_source_file *file = &source->files[i];
        if (outline->module_of[i] != number) continue;
        candidates[count++] = (struct candidate){file, weigh(source, file)};
        module->lines += file->lines;
        module->symbols += file->symbol_end - file->symbols;
        if (file->language != NULL)
            add_language(languages, &language_count, file->language, 1, file->lines);
    }
    module->files = (int64_t)count;
    module->cycle = MH_SOURCE_NONE;
    module->language_count = keep_languages(languages, language_count, module->languages);
    int r = keep_chief(outline, module, candidates, count);
    if (r == 0)
        r = list_links(outline, number * (uint32_t)outline->module_count, 1, &module->depends_on,
                       &module->depends_on_count);
    if (r == 0)
        r = list_links(outline, number, outline->module_count, &module->used_by,
                       &module->used_by_count);
    return r;
}

static void add_up(struct mh_outline *outline)
{
    struct mh_outline_language languages[LANGUAGES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < outline->source->file_count; i++) {
        const struct mh_source_file *file = &outline->source->files[i];
        outline->lines += file->lines;
        outline->symbols += file->symbol_end - file->symbols;
        if (file->language != NULL) add_language(languages, &count, file->language, 1, file->lines);
    }
    outline->files = (int64_t)outline->source->file_count;
    outline->language_count = keep_languages(languages, count, outline->languages);
}

int mh_outline_make(const struct mh_source *source, struct mh_outline *ret_outline)
{
    struct mh_outline outline = {.source = source};
    const struct mh_cluster *clusters;
    int r = mh_cluster(source, source->arena, &clusters, &outline.module_count, &outline.module_of);
    if (r < 0) return r;
    struct candidate *candidates =
        mh_arena_array(source->arena, source->file_count, sizeof *candidates);
    outline.modules = mh_arena_array(source->arena, outline.module_count, sizeof *outline.modules);
    if (candidates == NULL || outline.modules == NULL) return MH_ENOMEM;
    r = make_links(&outline);
    for (uint32_t i = 0; r == 0 && i < outline.module_count; i++) {
        outline.modules[i].cluster = &clusters[i];
        r = fill_module(&outline, i, candidates);
    }
    add_up(&outline);
    if (r == 0) r = mh_cycles_find(&outline);
    if (r == 0) r = mh_purpose_find(&outline);
    if (r == 0) *ret_outline = outline;
    return r;
}
