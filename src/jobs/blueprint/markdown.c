#include <inttypes.h>
#include <string.h>

#include "jobs/blueprint/escape.h"
#include "jobs/blueprint/mermaid.h"
#include "jobs/blueprint/render.h"

#define FILES      12 /* of a module */
#define SYMBOLS    3  /* of a file */
#define NEIGHBOURS 8
#define FOLDERS    8

static void put_languages(struct mh_buf *out, const struct mh_outline_language *languages,
                          size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0) mh_buf_str(out, ", ");
        mh_escape_text(out, languages[i].name);
        mh_buf_printf(out, " %" PRId64, languages[i].lines);
    }
    if (count == 0) mh_buf_str(out, "none that is known");
}

static const char *name_of(const struct mh_outline *outline, uint32_t module)
{
    return outline->modules[module].cluster->name;
}

static const char *path_of(const struct mh_outline *outline, uint32_t file)
{
    return outline->source->files[file].path;
}

/* --- the whole */

static void put_head(struct mh_buf *out, const struct mh_outline *outline,
                     const struct mh_render_title *title)
{
    mh_buf_str(out, "# Blueprint of ");
    mh_escape_text(out, title->project);
    mh_buf_str(out, "\n\n");
    mh_escape_text(out, outline->purpose.text);
    mh_buf_str(out, "\n\n| | |\n| --- | --- |\n");
    if (title->commit != NULL) {
        mh_buf_str(out, "| commit | ");
        mh_escape_cell(out, title->commit);
        mh_buf_str(out, " |\n");
    }
    mh_buf_printf(out,
                  "| files | %" PRId64 " |\n| lines | %" PRId64 " |\n| symbols | %" PRId64
                  " |\n| imports | %" PRId64 " |\n| lines by language | ",
                  outline->files, outline->lines, outline->symbols, outline->imports);
    put_languages(out, outline->languages, outline->language_count);
    mh_buf_str(out, " |\n");
}

static void put_modules(struct mh_buf *out, const struct mh_outline *outline)
{
    mh_buf_str(out, "\n## Modules\n\n");
    const struct mh_mermaid_left left = mh_mermaid_modules(out, outline);
    if (left.modules < outline->module_count && left.modules + left.links > 0)
        mh_buf_printf(out, "\nNot drawn: %zu weaker dependencies, %zu modules without any drawn.\n",
                      left.links, left.modules);
    mh_buf_str(out, "\n| module | files | lines | depends on | used by | purpose |\n"
                    "| --- | ---: | ---: | ---: | ---: | --- |\n");
    for (size_t i = 0; i < outline->module_count; i++) {
        const struct mh_outline_module *module = &outline->modules[i];
        mh_buf_str(out, "| ");
        mh_escape_cell(out, module->cluster->name);
        mh_buf_printf(out, " | %" PRId64 " | %" PRId64 " | %zu | %zu | ", module->files,
                      module->lines, module->depends_on_count, module->used_by_count);
        mh_escape_text(out, module->purpose.text);
        mh_buf_str(out, " |\n");
    }
}

static void put_cycle(struct mh_buf *out, const struct mh_outline *outline,
                      const struct mh_outline_cycle *cycle)
{
    mh_buf_str(out, "- ");
    for (size_t i = 0; i < cycle->step_count; i++) {
        mh_escape_code(out, name_of(outline, cycle->steps[i].from));
        mh_buf_str(out, " → ");
    }
    mh_escape_code(out, name_of(outline, cycle->modules[0]));
    if (cycle->module_count > cycle->step_count) {
        mh_buf_printf(out, "; %zu modules depend on each other:", cycle->module_count);
        for (size_t i = 0; i < cycle->module_count; i++) {
            mh_buf_str(out, i > 0 ? ", " : " ");
            mh_escape_code(out, name_of(outline, cycle->modules[i]));
        }
    }
    mh_buf_char(out, '\n');
    for (size_t i = 0; i < cycle->step_count; i++) {
        mh_buf_str(out, "  - ");
        mh_escape_code(out, path_of(outline, cycle->steps[i].from_file));
        mh_buf_str(out, " imports ");
        mh_escape_code(out, path_of(outline, cycle->steps[i].to_file));
        mh_buf_char(out, '\n');
    }
}

static void put_cycles(struct mh_buf *out, const struct mh_outline *outline)
{
    mh_buf_str(out, "\n## Cycles\n\n");
    if (outline->cycle_count == 0) mh_buf_str(out, "No modules depend on each other in a cycle.\n");
    for (size_t i = 0; i < outline->cycle_count; i++)
        put_cycle(out, outline, &outline->cycles[i]);
}

/* --- one module */

static void put_folders(struct mh_buf *out, const struct mh_cluster *cluster)
{
    if (cluster->folder_count < 2) return;
    mh_buf_str(out, "- Folders: ");
    for (size_t i = 0; i < cluster->folder_count && i < FOLDERS; i++) {
        if (i > 0) mh_buf_str(out, ", ");
        mh_escape_code(out, cluster->folders[i]);
    }
    if (cluster->folder_count > FOLDERS)
        mh_buf_printf(out, " and %zu more", cluster->folder_count - FOLDERS);
    mh_buf_char(out, '\n');
}

static void put_links(struct mh_buf *out, const struct mh_outline *outline, const char *words,
                      const struct mh_outline_link *links, size_t count)
{
    mh_buf_printf(out, "- %s: ", words);
    for (size_t i = 0; i < count && i < NEIGHBOURS; i++) {
        if (i > 0) mh_buf_str(out, ", ");
        mh_escape_code(out, name_of(outline, links[i].module));
        mh_buf_printf(out, " (%u)", links[i].imports);
    }
    if (count > NEIGHBOURS) mh_buf_printf(out, " and %zu more", count - NEIGHBOURS);
    mh_buf_str(out, count == 0 ? "nothing\n" : "\n");
}

static void put_symbols(struct mh_buf *out, const struct mh_outline *outline,
                        const struct mh_outline_file *file)
{
    for (size_t i = 0; i < file->symbol_count && i < SYMBOLS; i++) {
        if (i > 0) mh_buf_str(out, ", ");
        mh_escape_cell(out, outline->source->symbols[file->symbols[i]].name);
    }
}

static void put_files(struct mh_buf *out, const struct mh_outline *outline,
                      const struct mh_outline_module *module)
{
    mh_buf_str(out, "\n| file | lines | imports | imported by | chief symbols | purpose |\n"
                    "| --- | ---: | ---: | ---: | --- | --- |\n");
    size_t count = module->chief_count < FILES ? module->chief_count : FILES;
    for (size_t i = 0; i < count; i++) {
        const struct mh_outline_file *chief = &module->chief[i];
        const struct mh_source_file *file = chief->file;
        mh_buf_str(out, "| ");
        mh_escape_cell(out, file->path);
        mh_buf_printf(out, " | %" PRId64 " | %u | %u | ", file->lines,
                      file->import_end - file->imports, file->user_end - file->users);
        put_symbols(out, outline, chief);
        mh_buf_str(out, " | ");
        mh_escape_text(out, chief->purpose.text);
        mh_buf_str(out, " |\n");
    }
    int64_t more = module->files - (int64_t)count;
    if (more > 0) mh_buf_printf(out, "\n%" PRId64 " more file%s.\n", more, more == 1 ? "" : "s");
}

static void put_module(struct mh_buf *out, const struct mh_outline *outline,
                       const struct mh_outline_module *module)
{
    mh_buf_str(out, "\n## ");
    mh_escape_code(out, module->cluster->name);
    mh_buf_str(out, "\n\n");
    mh_escape_text(out, module->purpose.text);
    mh_buf_printf(out, "\n\n- Size: %" PRId64 " file%s, %" PRId64 " lines (", module->files,
                  module->files == 1 ? "" : "s", module->lines);
    put_languages(out, module->languages, module->language_count);
    mh_buf_str(out, ")\n");
    put_folders(out, module->cluster);
    put_links(out, outline, "Depends on", module->depends_on, module->depends_on_count);
    put_links(out, outline, "Used by", module->used_by, module->used_by_count);
    mh_mermaid_files(out, outline, module);
    put_files(out, outline, module);
}

void mh_render_markdown(const struct mh_outline *outline, const struct mh_render_title *title,
                        struct mh_buf *markdown)
{
    put_head(markdown, outline, title);
    put_modules(markdown, outline);
    put_cycles(markdown, outline);
    for (size_t i = 0; i < outline->module_count; i++)
        put_module(markdown, outline, &outline->modules[i]);
}
