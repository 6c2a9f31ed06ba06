/* A blueprint as JSON. */
#include <inttypes.h>
#include <stdio.h>

#include "base/json.h"
#include "jobs/blueprint/render.h"

#define FORMAT 1 /* raised when a member changes its meaning */

static void put_purpose(struct mh_buf *json, const struct mh_purpose *purpose)
{
    char digest[17];
    mh_json_put_str(json, "purpose", purpose->text);
    mh_json_put_str(json, "purpose_from", mh_purpose_from_name(purpose->from));
    if (purpose->from != MH_PURPOSE_MODEL) return;
    (void)snprintf(digest, sizeof digest, "%016" PRIx64, purpose->digest); /* fits */
    mh_json_put_str(json, "digest", digest);
}

static void begin_list(struct mh_buf *json, const char *name)
{
    mh_json_key(json, name);
    mh_json_begin(json, '[');
}

static void put_languages(struct mh_buf *json, const struct mh_outline_language *languages,
                          size_t count)
{
    begin_list(json, "languages");
    for (size_t i = 0; i < count; i++) {
        mh_json_begin(json, '{');
        mh_json_put_str(json, "name", languages[i].name);
        mh_json_put_int(json, "files", languages[i].files);
        mh_json_put_int(json, "lines", languages[i].lines);
        mh_json_end(json, '}');
    }
    mh_json_end(json, ']');
}

static void put_links(struct mh_buf *json, const struct mh_outline *outline, const char *name,
                      const struct mh_outline_link *links, size_t count)
{
    begin_list(json, name);
    for (size_t i = 0; i < count; i++) {
        mh_json_begin(json, '{');
        mh_json_put_str(json, "module", outline->modules[links[i].module].cluster->name);
        mh_json_put_int(json, "imports", links[i].imports);
        mh_json_end(json, '}');
    }
    mh_json_end(json, ']');
}

/* The first of the files; how many there are says a member of its own. */
static void put_neighbours(struct mh_buf *json, const struct mh_source *source, const char *name,
                           const uint32_t *files, size_t count)
{
    begin_list(json, name);
    for (size_t i = 0; i < count && i < MH_OUTLINE_NEIGHBOURS; i++)
        mh_json_str(json, source->files[files[i]].path);
    mh_json_end(json, ']');
}

static void put_symbols(struct mh_buf *json, const struct mh_source *source,
                        const struct mh_outline_file *file)
{
    begin_list(json, "symbols");
    for (size_t i = 0; i < file->symbol_count; i++) {
        const struct mh_source_symbol *symbol = &source->symbols[file->symbols[i]];
        mh_json_begin(json, '{');
        mh_json_put_str(json, "name", symbol->name);
        mh_json_put_str(json, "kind", symbol->kind);
        mh_json_put_int(json, "line", symbol->line);
        mh_json_put_int(json, "used_by", symbol->used);
        mh_json_end(json, '}');
    }
    mh_json_end(json, ']');
}

static void put_file(struct mh_buf *json, const struct mh_source *source,
                     const struct mh_outline_file *chief)
{
    const struct mh_source_file *file = chief->file;
    uint32_t imports = file->import_end - file->imports, users = file->user_end - file->users;
    mh_json_begin(json, '{');
    mh_json_put_str(json, "path", file->path);
    put_purpose(json, &chief->purpose);
    mh_json_put_str(json, "language", file->language);
    mh_json_put_int(json, "lines", file->lines);
    mh_json_put_int(json, "depends_on_count", imports);
    put_neighbours(json, source, "depends_on", source->imported + file->imports, imports);
    mh_json_put_int(json, "used_by_count", users);
    put_neighbours(json, source, "used_by", source->importing + file->users, users);
    mh_json_put_int(json, "symbol_count", file->symbol_end - file->symbols);
    put_symbols(json, source, chief);
    mh_json_end(json, '}');
}

static void put_module(struct mh_buf *json, const struct mh_outline *outline,
                       const struct mh_outline_module *module)
{
    mh_json_begin(json, '{');
    mh_json_put_str(json, "name", module->cluster->name);
    put_purpose(json, &module->purpose);
    begin_list(json, "folders");
    for (size_t i = 0; i < module->cluster->folder_count; i++)
        mh_json_str(json, module->cluster->folders[i]);
    mh_json_end(json, ']');
    mh_json_put_int(json, "file_count", module->files);
    mh_json_put_int(json, "lines", module->lines);
    mh_json_put_int(json, "symbol_count", module->symbols);
    put_languages(json, module->languages, module->language_count);
    put_links(json, outline, "depends_on", module->depends_on, module->depends_on_count);
    put_links(json, outline, "used_by", module->used_by, module->used_by_count);
    begin_list(json, "files");
    for (size_t i = 0; i < module->chief_count; i++)
        put_file(json, outline->source, &module->chief[i]);
    mh_json_end(json, ']');
    mh_json_end(json, '}');
}

static void put_cycle(struct mh_buf *json, const struct mh_outline *outline,
                      const struct mh_outline_cycle *cycle)
{
    mh_json_begin(json, '{');
    begin_list(json, "modules");
    for (size_t i = 0; i < cycle->module_count; i++)
        mh_json_str(json, outline->modules[cycle->modules[i]].cluster->name);
    mh_json_end(json, ']');
    begin_list(json, "path");
    for (size_t i = 0; i < cycle->step_count; i++) {
        const struct mh_outline_step *step = &cycle->steps[i];
        mh_json_begin(json, '{');
        mh_json_put_str(json, "from", outline->modules[step->from].cluster->name);
        mh_json_put_str(json, "to", outline->modules[step->to].cluster->name);
        mh_json_put_str(json, "file", outline->source->files[step->from_file].path);
        mh_json_put_str(json, "imports", outline->source->files[step->to_file].path);
        mh_json_end(json, '}');
    }
    mh_json_end(json, ']');
    mh_json_end(json, '}');
}

void mh_render_json(const struct mh_outline *outline, const struct mh_render_title *title,
                    struct mh_buf *json)
{
    mh_json_begin(json, '{');
    mh_json_put_int(json, "format", FORMAT);
    mh_json_put_str(json, "project", title->project);
    mh_json_put_str(json, "commit", title->commit);
    put_purpose(json, &outline->purpose);
    mh_json_put_int(json, "file_count", outline->files);
    mh_json_put_int(json, "lines", outline->lines);
    mh_json_put_int(json, "symbol_count", outline->symbols);
    mh_json_put_int(json, "import_count", outline->imports);
    put_languages(json, outline->languages, outline->language_count);
    begin_list(json, "modules");
    for (size_t i = 0; i < outline->module_count; i++)
        put_module(json, outline, &outline->modules[i]);
    mh_json_end(json, ']');
    begin_list(json, "cycles");
    for (size_t i = 0; i < outline->cycle_count; i++)
        put_cycle(json, outline, &outline->cycles[i]);
    mh_json_end(json, ']');
    mh_json_end(json, '}');
}
