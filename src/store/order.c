#include "store/order.h"

#include <stdlib.h>
#include <string.h>

#define TOGETHER 1000 /* jobs */

/* By their place where type and priority are the same. */
static int compare(const void *a, const void *b)
{
    const struct mh_dispatch *x = *(const struct mh_dispatch *const *)a;
    const struct mh_dispatch *y = *(const struct mh_dispatch *const *)b;
    int order = strcmp(x->type, y->type);
    if (order == 0) order = (x->priority > y->priority) - (x->priority < y->priority);
    return order != 0 ? order : (x > y) - (x < y);
}

static bool is_to_stay(const struct mh_dispatch *jobs, size_t count)
{
    bool mixed = false;
    for (size_t i = 0; i < count; i++) {
        if (jobs[i].unique_key != NULL) return true;
        mixed |= strcmp(jobs[i].type, jobs[0].type) != 0 || jobs[i].priority != jobs[0].priority;
    }
    return !mixed;
}

static void sort(const struct mh_dispatch **jobs, size_t count)
{
    for (size_t at = 0; at < count; at += TOGETHER)
        qsort(&jobs[at], count - at < TOGETHER ? count - at : TOGETHER, sizeof *jobs, compare);
}

bool mh_order_jobs(struct mh_request *request)
{
    const struct mh_dispatch *given = request->in.dispatch.jobs;
    size_t count = request->in.dispatch.count;
    if (is_to_stay(given, count)) return true;
    struct mh_dispatched *answer = mh_arena_array(&request->arena, count, sizeof *answer);
    const struct mh_dispatch **sorted = mh_arena_array(&request->arena, count, sizeof *sorted);
    struct mh_dispatch *jobs = mh_arena_array(&request->arena, count, sizeof *jobs);
    if (answer == NULL || sorted == NULL || jobs == NULL) return false;
    for (size_t i = 0; i < count; i++) {
        answer[i] = (struct mh_dispatched){.id = given[i].id};
        sorted[i] = &given[i];
    }
    sort(sorted, count);
    for (size_t i = 0; i < count; i++)
        jobs[i] = *sorted[i];
    request->in.dispatch.jobs = jobs;
    request->in.dispatch.answer = answer;
    return true;
}

void mh_order_answer(struct mh_request *request)
{
    const struct mh_dispatched *answer =
        request->op == MH_OP_DISPATCH ? request->in.dispatch.answer : NULL;
    if (answer != NULL && request->reply.code == 0) request->reply.dispatched = answer;
}
