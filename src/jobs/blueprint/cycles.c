#include "jobs/blueprint/cycles.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define MODULES MH_CLUSTER_MODULES

/* Of Tarjan's algorithm: a module's `low` is the first that was met among those which it reaches
 * and which are still on the stack. */
struct walk {
    struct mh_outline *outline;
    uint32_t met[MODULES], low[MODULES]; /* `met` from 1; 0: not yet */
    uint32_t stack[MODULES];
    bool on_stack[MODULES];
    uint32_t depth, clock;
    bool failed;
};

/* --- what counts: an import that a test makes ties no knot in what is tested */

/* test_x.py, x_test.go, x.test.ts, x.spec.ts, and what is below a folder of tests. */
static bool is_test(const char *path)
{
    static const char *const folders[] = {"test/", "tests/", "__tests__/", "testing/", "spec/"};
    static const char *const parts[] = {"_test.", ".test.", ".spec.", "_spec."};
    const char *name = path;
    for (const char *slash; (slash = strchr(name, '/')) != NULL; name = slash + 1)
        for (size_t i = 0; i < MH_LEN(folders); i++)
            if (strncmp(name, folders[i], strlen(folders[i])) == 0) return true;
    for (size_t i = 0; i < MH_LEN(parts); i++)
        if (strstr(name, parts[i]) != NULL) return true;
    return strncmp(name, "test_", 5) == 0;
}

static bool counts(const struct mh_outline *outline, const struct mh_source_edge *edge)
{
    return !is_test(outline->source->files[edge->from].path);
}

static int find_ties(struct mh_outline *outline)
{
    const struct mh_source *source = outline->source;
    size_t count = outline->module_count;
    outline->ties = mh_arena_array(source->arena, count * count, sizeof *outline->ties);
    if (outline->ties == NULL) return MH_ENOMEM;
    for (size_t i = 0; i < source->edge_count; i++) {
        uint32_t from = outline->module_of[source->edges[i].from];
        uint32_t to = outline->module_of[source->edges[i].to];
        if (from != to && counts(outline, &source->edges[i])) outline->ties[from * count + to]++;
    }
    return 0;
}

static uint32_t imports(const struct mh_outline *outline, uint32_t from, uint32_t to)
{
    return outline->ties[from * outline->module_count + to];
}

/* --- the shortest way round */

static int compare_numbers(const void *a, const void *b)
{
    uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;
    return one < other ? -1 : one > other;
}

static struct mh_outline_step step_between(const struct mh_outline *outline, uint32_t from,
                                           uint32_t to)
{
    const struct mh_source *source = outline->source;
    for (size_t i = 0; i < source->edge_count; i++) {
        const struct mh_source_edge *edge = &source->edges[i];
        if (outline->module_of[edge->from] == from && outline->module_of[edge->to] == to &&
            counts(outline, edge))
            return (struct mh_outline_step){from, to, edge->from, edge->to};
    }
    return (struct mh_outline_step){from, to, MH_SOURCE_NONE, MH_SOURCE_NONE};
}

/* Breadth first from the first module, within the cycle, until one is met that leads back to it. */
static int find_way_round(struct mh_outline *outline, uint32_t number)
{
    struct mh_outline_cycle *cycle = &outline->cycles[number];
    uint32_t first = cycle->modules[0], queue[MODULES], before[MODULES], tail = 0, last = first;
    bool seen[MODULES] = {false};
    seen[first] = true;
    queue[tail++] = first;
    for (uint32_t head = 0; head < tail; head++) {
        last = queue[head];
        if (last != first && imports(outline, last, first) > 0) break;
        for (size_t i = 0; i < cycle->module_count; i++) {
            uint32_t next = cycle->modules[i];
            if (seen[next] || imports(outline, last, next) == 0) continue;
            seen[next] = true;
            before[next] = last;
            queue[tail++] = next;
        }
    }
    cycle->steps =
        mh_arena_array(outline->source->arena, cycle->module_count, sizeof *cycle->steps);
    if (cycle->steps == NULL) return MH_ENOMEM;
    size_t count = 1;
    for (uint32_t at = last; at != first; at = before[at])
        count++;
    cycle->step_count = count;
    cycle->steps[--count] = step_between(outline, last, first);
    for (uint32_t at = last; at != first; at = before[at])
        cycle->steps[--count] = step_between(outline, before[at], at);
    return 0;
}

static int add_cycle(struct mh_outline *outline, const uint32_t *modules, size_t count)
{
    struct mh_outline_cycle *cycle = &outline->cycles[outline->cycle_count];
    cycle->modules = mh_arena_array(outline->source->arena, count, sizeof *modules);
    if (cycle->modules == NULL) return MH_ENOMEM;
    cycle->module_count = count;
    for (size_t i = 0; i < count; i++)
        cycle->modules[i] = modules[i];
    qsort(cycle->modules, count, sizeof *modules, compare_numbers);
    outline->cycle_count++;
    return 0;
}

/* --- finding them */

static uint32_t lower(uint32_t one, uint32_t other)
{
    return one < other ? one : other;
}

/* At most as deep as there are modules. */
static void visit(struct walk *walk, uint32_t module)
{
    uint32_t start = walk->depth;
    walk->met[module] = walk->low[module] = ++walk->clock;
    walk->stack[walk->depth++] = module;
    walk->on_stack[module] = true;
    for (uint32_t next = 0; next < walk->outline->module_count; next++) {
        if (imports(walk->outline, module, next) == 0) continue;
        if (walk->met[next] == 0) {
            visit(walk, next);
            walk->low[module] = lower(walk->low[module], walk->low[next]);
        } else if (walk->on_stack[next]) {
            walk->low[module] = lower(walk->low[module], walk->met[next]);
        }
    }
    if (walk->low[module] != walk->met[module]) return;
    for (uint32_t i = start; i < walk->depth; i++)
        walk->on_stack[walk->stack[i]] = false;
    if (walk->depth - start > 1 &&
        add_cycle(walk->outline, walk->stack + start, walk->depth - start) < 0)
        walk->failed = true;
    walk->depth = start;
}

static int compare_cycles(const void *a, const void *b)
{
    const struct mh_outline_cycle *one = a, *other = b;
    return compare_numbers(one->modules, other->modules);
}

int mh_cycles_find(struct mh_outline *outline)
{
    struct walk walk = {.outline = outline};
    outline->cycles =
        mh_arena_array(outline->source->arena, outline->module_count, sizeof *outline->cycles);
    if (outline->cycles == NULL || find_ties(outline) < 0) return MH_ENOMEM;
    for (uint32_t i = 0; i < outline->module_count; i++)
        if (walk.met[i] == 0) visit(&walk, i);
    if (walk.failed) return MH_ENOMEM;
    if (outline->cycle_count > 0)
        qsort(outline->cycles, outline->cycle_count, sizeof *outline->cycles, compare_cycles);
    for (uint32_t i = 0; i < outline->cycle_count; i++) {
        if (find_way_round(outline, i) < 0) return MH_ENOMEM;
        for (size_t m = 0; m < outline->cycles[i].module_count; m++)
            outline->modules[outline->cycles[i].modules[m]].cycle = i;
    }
    return 0;
}
