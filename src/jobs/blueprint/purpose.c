#include "jobs/blueprint/purpose.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/utf8.h"
#include "jobs/blueprint/excerpt.h"

#define TEXT_BYTES 1000
#define NAME_BYTES 60 /* of a name in a sentence */
#define NAMES      3

/* What folders of such a name commonly hold. */
static const struct {
    const char *name, *holds;
} habits[] = {
    {"test", "Tests"},
    {"tests", "Tests"},
    {"spec", "Tests"},
    {"__tests__", "Tests"},
    {"testdata", "Data of tests"},
    {"fixtures", "Data of tests"},
    {"doc", "Documentation"},
    {"docs", "Documentation"},
    {"man", "Manual pages"},
    {"example", "Examples"},
    {"examples", "Examples"},
    {"bench", "Benchmarks"},
    {"benchmarks", "Benchmarks"},
    {"script", "Scripts"},
    {"scripts", "Scripts"},
    {"tools", "Tools"},
    {"vendor", "Code of others"},
    {"third_party", "Code of others"},
    {".github", "Automation"},
    {"migrations", "Migrations of a database"},
};

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static int set(struct mh_arena *arena, struct mh_buf *text, struct mh_purpose *ret_purpose)
{
    char *copy = mh_buf_failed(text) ? NULL : mh_arena_copy(arena, mh_buf_text(text), text->len);
    if (copy != NULL) *ret_purpose = (struct mh_purpose){.text = copy, .from = MH_PURPOSE_NAMES};
    mh_buf_release(text);
    return copy != NULL ? 0 : MH_ENOMEM;
}

static void add_name(struct mh_buf *text, const char *name, size_t index, size_t count)
{
    size_t len = strlen(name);
    if (index > 0) mh_buf_str(text, index + 1 < count ? ", " : " and ");
    mh_buf_append(text, name, mh_utf8_cut(name, len, NAME_BYTES));
    if (len > NAME_BYTES) mh_buf_str(text, "…");
}

/* --- files */

static int purpose_of_file(struct mh_outline *outline, struct mh_outline_file *file)
{
    struct mh_buf text;
    if (file->file->purpose.text != NULL) {
        file->purpose = file->file->purpose;
        return 0;
    }
    mh_buf_init(&text, TEXT_BYTES);
    size_t count = file->symbol_count < NAMES ? file->symbol_count : NAMES;
    if (count > 0) mh_buf_str(&text, "Defines ");
    for (size_t i = 0; i < count; i++)
        add_name(&text, outline->source->symbols[file->symbols[i]].name, i, count);
    if (count == 0 && file->file->language != NULL)
        mh_buf_printf(&text, "%s of %" PRId64 " lines", file->file->language, file->file->lines);
    else if (count == 0)
        mh_buf_str(&text, "In no language that is known");
    mh_buf_char(&text, '.');
    return set(outline->source->arena, &text, &file->purpose);
}

/* --- modules */

static bool is_in(const struct mh_source_file *file, const char *folder)
{
    size_t len = (size_t)(base_of(file->path) - file->path);
    if (strcmp(folder, ".") == 0) return len == 0;
    return len == strlen(folder) + 1 && strncmp(file->path, folder, len - 1) == 0;
}

/* Whether the file's name says that it speaks for its folder. */
static bool speaks_for(const struct mh_source_file *file, const char *folder)
{
    static const char *const stems[] = {"index", "main",     "mod",         "lib",
                                        "doc",   "__init__", "package-info"};
    const char *name = base_of(file->path), *own = base_of(folder);
    size_t len = strcspn(name, ".");
    if (strlen(own) == len && strncasecmp(own, name, len) == 0) return true;
    if (file->language != NULL && file->language[0] == 'C' && strncmp(name, "index", 5) == 0)
        return false; /* in C and C++ that is a thing, not a table of contents */
    for (size_t i = 0; i < MH_LEN(stems); i++)
        if (strlen(stems[i]) == len && strncmp(stems[i], name, len) == 0) return true;
    return false;
}

/* The purpose of a file in the module's folder: a README, else one that speaks for it. */
static struct mh_purpose spoken_for(const struct mh_outline *outline, uint32_t number,
                                    const char *folder)
{
    struct mh_purpose found = {0};
    for (size_t i = 0; i < outline->source->file_count; i++) {
        const struct mh_source_file *file = &outline->source->files[i];
        if (outline->module_of[i] != number || file->purpose.text == NULL || !is_in(file, folder))
            continue;
        if (file->purpose.from == MH_PURPOSE_README) return file->purpose;
        if (found.text == NULL && speaks_for(file, folder)) found = file->purpose;
    }
    return found;
}

static const char *habit_of(const char *folder)
{
    for (size_t i = 0; i < MH_LEN(habits); i++)
        if (strcasecmp(habits[i].name, base_of(folder)) == 0) return habits[i].holds;
    return NULL;
}

static int purpose_by_names(struct mh_outline *outline, struct mh_outline_module *module)
{
    struct mh_buf text;
    const char *habit = habit_of(module->cluster->name);
    mh_buf_init(&text, TEXT_BYTES);
    if (habit != NULL) mh_buf_printf(&text, "%s: ", habit);
    mh_buf_printf(&text, "%" PRId64 " file%s", module->files, module->files == 1 ? "" : "s");
    if (module->language_count > 0) mh_buf_printf(&text, ", mostly %s", module->languages[0].name);
    size_t count = module->chief_count < NAMES ? module->chief_count : NAMES;
    mh_buf_str(&text, ": ");
    for (size_t i = 0; i < count; i++)
        add_name(&text, base_of(module->chief[i].file->path), i, count);
    mh_buf_char(&text, '.');
    return set(outline->source->arena, &text, &module->purpose);
}

static int purpose_of_module(struct mh_outline *outline, uint32_t number)
{
    struct mh_outline_module *module = &outline->modules[number];
    struct mh_purpose spoken = spoken_for(outline, number, module->cluster->name);
    if (spoken.text == NULL) return purpose_by_names(outline, module);
    module->purpose = spoken;
    return 0;
}

/* --- the whole */

static int purpose_of_all(struct mh_outline *outline)
{
    struct mh_buf text;
    const struct mh_source *source = outline->source;
    for (size_t i = 0; i < source->file_count; i++) {
        const struct mh_source_file *file = &source->files[i];
        if (!is_in(file, ".") || file->purpose.text == NULL ||
            file->purpose.from != MH_PURPOSE_README)
            continue;
        outline->purpose = file->purpose;
        return 0;
    }
    mh_buf_init(&text, TEXT_BYTES);
    mh_buf_printf(&text, "%" PRId64 " file%s in %zu module%s", outline->files,
                  outline->files == 1 ? "" : "s", outline->module_count,
                  outline->module_count == 1 ? "" : "s");
    if (outline->language_count > 0)
        mh_buf_printf(&text, ", mostly %s", outline->languages[0].name);
    mh_buf_char(&text, '.');
    return set(source->arena, &text, &outline->purpose);
}

int mh_purpose_find(struct mh_outline *outline)
{
    for (uint32_t m = 0; m < outline->module_count; m++) {
        struct mh_outline_module *module = &outline->modules[m];
        for (size_t i = 0; i < module->chief_count; i++)
            if (purpose_of_file(outline, &module->chief[i]) < 0) return MH_ENOMEM;
        if (purpose_of_module(outline, m) < 0) return MH_ENOMEM;
    }
    return purpose_of_all(outline);
}
