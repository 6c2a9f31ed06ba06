#include <stdlib.h>
#include <string.h>

#include "cli/cmd_jobs.h"
#include "cli/options.h"
#include "cli/wait.h"

static int append_page(const struct mh_select *select, struct mh_uuid **ids, size_t *count,
                       struct mh_err *err)
{
    if (*count + select->page_count > MH_WAIT_MAX)
        return mh_err_set(err, MH_ELIMIT, "at most %zu jobs can be waited for", MH_WAIT_MAX);
    struct mh_uuid *more = realloc(*ids, (*count + select->page_count + 1) * sizeof **ids);
    if (more == NULL) return mh_err_set(err, MH_ENOMEM, "out of memory");
    memcpy(more + *count, select->page, select->page_count * sizeof *more);
    *ids = more;
    *count += select->page_count;
    return 0;
}

static int wait_filtered(struct mh_select *select, int64_t timeout_ms, struct mh_err *err)
{
    static const enum mh_status unfinished[] = {MH_STATUS_PENDING, MH_STATUS_PROCESSING};
    struct mh_uuid *ids = NULL;
    size_t count = 0;
    int r = mh_select_only(select, unfinished, MH_LEN(unfinished),
                           "only pending and processing jobs can be waited for", err);
    if (r < 0) return r;
    do {
        r = mh_select_next(select, NULL, NULL, err);
        if (r > 0 && append_page(select, &ids, &count, err) < 0) r = err->code;
    } while (r > 0);
    if (r == 0) r = mh_wait(select->cli, ids, count, timeout_ms, MH_WAIT_RESULTS, err);
    free(ids);
    return r;
}

int mh_jobs_wait(struct mh_cli *cli, struct mh_err *err)
{
    struct mh_select select;
    int64_t timeout_ms = -1;
    int r = mh_select_begin(&select, cli, 0, err);
    if (r == 0) r = mh_option_duration(cli, MH_JOBS_TIMEOUT, &timeout_ms, err);
    if (r == 0 && select.id_count == 0 && !select.filtered)
        r = mh_cli_usage(cli, err, "name the jobs: ids, or --status, --type, --tenant");
    if (r == 0)
        r = select.id_count > 0
                ? mh_wait(cli, select.ids, select.id_count, timeout_ms, MH_WAIT_RESULTS, err)
                : wait_filtered(&select, timeout_ms, err);
    mh_select_release(&select);
    return r;
}
