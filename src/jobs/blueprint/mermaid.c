#include "jobs/blueprint/mermaid.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "jobs/blueprint/escape.h"

#define LINKS (MH_CLUSTER_MODULES * MH_CLUSTER_MODULES)

struct link {
    uint32_t from, to, imports;
};

static int by_strength(const void *a, const void *b)
{
    const struct link *one = a, *other = b;
    if (one->imports != other->imports) return one->imports > other->imports ? -1 : 1;
    if (one->from != other->from) return one->from < other->from ? -1 : 1;
    return one->to < other->to ? -1 : one->to > other->to;
}

static int by_ends(const void *a, const void *b)
{
    const struct link *one = a, *other = b;
    if (one->from != other->from) return one->from < other->from ? -1 : 1;
    return one->to < other->to ? -1 : one->to > other->to;
}

static bool is_in_cycle(const struct mh_outline *outline, const struct link *link)
{
    const struct mh_outline_module *modules = outline->modules;
    return modules[link->from].cycle != MH_SOURCE_NONE &&
           modules[link->from].cycle == modules[link->to].cycle;
}

static size_t find_links(const struct mh_outline *outline, struct link *links)
{
    size_t count = 0, modules = outline->module_count;
    for (uint32_t from = 0; from < modules; from++)
        for (uint32_t to = 0; to < modules; to++)
            if (outline->links[from * modules + to] > 0)
                links[count++] = (struct link){from, to, outline->links[from * modules + to]};
    return count;
}

struct mh_mermaid_left mh_mermaid_modules(struct mh_buf *markdown, const struct mh_outline *outline)
{
    struct link links[LINKS];
    bool drawn[MH_CLUSTER_MODULES] = {false};
    struct mh_mermaid_left left = {.modules = outline->module_count};
    size_t count = find_links(outline, links), all = count;
    if (count == 0) return left;
    qsort(links, count, sizeof *links, by_strength);
    if (count > MH_MERMAID_LINKS) count = MH_MERMAID_LINKS;
    left.links = all - count;
    qsort(links, count, sizeof *links, by_ends);
    for (size_t i = 0; i < count; i++)
        drawn[links[i].from] = drawn[links[i].to] = true;
    mh_buf_str(markdown, "```mermaid\nflowchart LR\n");
    for (size_t i = 0; i < outline->module_count; i++) {
        const struct mh_outline_module *module = &outline->modules[i];
        if (!drawn[i]) continue;
        left.modules--;
        mh_buf_printf(markdown, "    m%zu[\"", i);
        mh_escape_label(markdown, module->cluster->name);
        mh_buf_printf(markdown, ": %" PRId64 " file%s\"]\n", module->files,
                      module->files == 1 ? "" : "s");
    }
    for (size_t i = 0; i < count; i++)
        mh_buf_printf(markdown, "    m%u %s|%u| m%u\n", links[i].from,
                      is_in_cycle(outline, &links[i]) ? "==>" : "-->", links[i].imports,
                      links[i].to);
    mh_buf_str(markdown, "```\n");
    return left;
}

static bool does_import(const struct mh_source *source, const struct mh_source_file *from,
                        const struct mh_source_file *to)
{
    uint32_t number = (uint32_t)(to - source->files);
    for (uint32_t i = from->imports; i < from->import_end; i++)
        if (source->imported[i] == number) return true;
    return false;
}

void mh_mermaid_files(struct mh_buf *markdown, const struct mh_outline *outline,
                      const struct mh_outline_module *module)
{
    struct link links[MH_MERMAID_FILES * MH_MERMAID_FILES];
    bool drawn[MH_MERMAID_FILES] = {false};
    size_t count = 0, files = module->chief_count;
    if (files > MH_MERMAID_FILES) files = MH_MERMAID_FILES;
    for (uint32_t from = 0; from < files; from++)
        for (uint32_t to = 0; to < files; to++) {
            if (!does_import(outline->source, module->chief[from].file, module->chief[to].file))
                continue;
            links[count++] = (struct link){.from = from, .to = to};
            drawn[from] = drawn[to] = true;
        }
    if (count == 0) return;
    mh_buf_str(markdown, "\n```mermaid\nflowchart LR\n");
    for (size_t i = 0; i < files; i++) {
        if (!drawn[i]) continue;
        mh_buf_printf(markdown, "    f%zu[\"", i);
        mh_escape_label(markdown, module->chief[i].file->path);
        mh_buf_str(markdown, "\"]\n");
    }
    for (size_t i = 0; i < count; i++)
        mh_buf_printf(markdown, "    f%u --> f%u\n", links[i].from, links[i].to);
    mh_buf_str(markdown, "```\n");
}
