#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "cli/bench/bench.h"
#include "cli/command.h"
#include "cli/progress.h"
#include "cli/table.h"

enum { OPT_ROUNDS, OPT_JOBS, OPT_BACKLOG, OPT_ONLY, OPT_QUICK, OPT_ALONE, OPT_CHILD, OPT_ANSWER };

static const struct mh_option options[] = {
    [OPT_ROUNDS] = {"rounds", "N", "measure so often, in turn, and take the medians (5)"},
    [OPT_JOBS] = {"jobs", "N", "jobs of the large workloads; the others have a share (50000)"},
    [OPT_BACKLOG] = {"backlog", "N", "jobs that W9 stands behind (1000000)"},
    [OPT_ONLY] = {"only", "W1,W3", "these workloads alone"},
    [OPT_QUICK] = {"quick", NULL, "one round of 2000 jobs: whether it works, not how fast"},
    [OPT_ALONE] = {"alone", NULL, "without the ceilings"},
    [OPT_CHILD] = {"child", "COMMAND", "the persistent child of W3 and W7 (one of its own)"},
    [OPT_ANSWER] = {"answer", NULL,
                    "be a persistent handler that does nothing, as bench needs one"},
    {NULL},
};

#define ROUNDS        5
#define ROUNDS_MAX    100
#define JOBS          50000
#define JOBS_MIN      1000
#define JOBS_MAX      1000000
#define QUICK_JOBS    2000
#define BACKLOG       1000000
#define BACKLOG_MAX   100000000
#define WORKLOADS_MAX 32

enum { OURS, CEILING, SIDES };

/* A workload and what was measured of it. */
struct row {
    const struct mh_bench_workload *workload;
    struct mh_bench_sample samples[SIDES][ROUNDS_MAX];
};

struct measuring {
    struct mh_cli *cli;
    long rounds, jobs, backlog;
    const char *child;
    char own_child[64];
    struct mh_bench_place place;
    struct row *rows;
    size_t row_count;
    struct mh_progress progress;
    int64_t steps; /* done */
};

/* --- what is asked for */

static int read_number(const struct mh_cli *cli, int option, long standard, long min, long max,
                       long *ret_number, struct mh_err *err)
{
    char *end;
    const char *text = cli->values[option];
    long number = text != NULL ? strtol(text, &end, 10) : standard;
    if (text != NULL && (*text == '\0' || *end != '\0' || number < min || number > max))
        return mh_cli_usage(cli, err, "--%s expects %ld to %ld", options[option].name, min, max);
    *ret_number = number;
    return 0;
}

static bool is_wanted(const struct mh_cli *cli, const char *name)
{
    const char *list = cli->values[OPT_ONLY];
    size_t len = strlen(name);
    for (const char *at = list; at != NULL; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        if (strncmp(at, name, len) == 0 && (at[len] == ',' || at[len] == '\0')) return true;
    return list == NULL;
}

/* By the process that it is, since it may have no path any more. */
static int choose_child(struct measuring *measuring, struct mh_err *err)
{
    const char *command = measuring->cli->values[OPT_CHILD];
    if (command != NULL && strlen(command) > MH_BENCH_CHILD_MAX)
        return mh_cli_usage(measuring->cli, err, "--child expects at most %d bytes",
                            MH_BENCH_CHILD_MAX);
    (void)snprintf(measuring->own_child, sizeof measuring->own_child, /* fits */
                   "/proc/%d/exe bench --answer", (int)getpid());
    measuring->child = command != NULL ? command : measuring->own_child;
    return 0;
}

static int read_options(struct measuring *measuring, struct mh_err *err)
{
    struct mh_cli *cli = measuring->cli;
    bool quick = cli->values[OPT_QUICK] != NULL;
    int r =
        read_number(cli, OPT_ROUNDS, quick ? 1 : ROUNDS, 1, ROUNDS_MAX, &measuring->rounds, err);
    if (r == 0)
        r = read_number(cli, OPT_JOBS, quick ? QUICK_JOBS : JOBS, JOBS_MIN, JOBS_MAX,
                        &measuring->jobs, err);
    if (r == 0)
        r = read_number(cli, OPT_BACKLOG, quick ? QUICK_JOBS : BACKLOG, 0, BACKLOG_MAX,
                        &measuring->backlog, err);
    if (r < 0) return r;
    measuring->rows = calloc(WORKLOADS_MAX, sizeof *measuring->rows);
    if (measuring->rows == NULL)
        return mh_err_set(err, MH_ENOMEM, "unable to measure: out of memory");
    r = choose_child(measuring, err);
    if (r < 0) return r;
    const struct mh_bench_workload *workload = mh_bench_workloads;
    for (; workload->name != NULL; workload++)
        if (is_wanted(cli, workload->name) && measuring->row_count < WORKLOADS_MAX)
            measuring->rows[measuring->row_count++].workload = workload;
    if (measuring->row_count == 0)
        return mh_cli_usage(cli, err, "--only names no workload there is");
    return 0;
}

/* --- measuring */

static int64_t jobs_of(const struct measuring *measuring, const struct mh_bench_workload *workload)
{
    int64_t jobs = measuring->jobs / workload->share;
    return jobs > workload->least ? jobs : workload->least;
}

/* In a place of its own, which goes with it. */
static int measure(struct measuring *measuring, struct row *row, int side, long round,
                   struct mh_err *err)
{
    const struct mh_bench_workload *workload = row->workload;
    struct mh_bench_place *place = &measuring->place;
    struct mh_bench_sample *sample = &row->samples[side][round];
    mh_bench_fn *run = side == OURS ? workload->run : workload->ceiling;
    for (int i = 0; i < MH_BENCH_FIGURES; i++)
        sample->values[i] = MH_BENCH_NONE;
    if (run == NULL || (side == CEILING && measuring->cli->values[OPT_ALONE] != NULL)) return 0;
    place->bench.jobs = jobs_of(measuring, workload);
    place->bench.backlog = measuring->backlog;
    place->bench.child = measuring->child;
    int r = mh_bench_place_begin(place, side == OURS || workload->beside_ours, err);
    if (r == 0) r = run(&place->bench, sample, err);
    if (r < 0)
        r = mh_err_prefix(err, r, "%s, %s%s", workload->name, workload->title,
                          side == OURS ? "" : " (ceiling)");
    struct mh_err ending;
    int ended = mh_bench_place_end(place, &ending);
    if (r < 0 || ended == 0) return r;
    *err = ending;
    return ended;
}

/* Whoever goes first finds another machine than whoever comes second: they take turns. */
static int measure_both(struct measuring *measuring, struct row *row, long round,
                        struct mh_err *err)
{
    int first = round % 2 == 0 ? OURS : CEILING, r = 0;
    for (int i = 0; r == 0 && i < SIDES && !mh_bench_interrupted(); i++) {
        r = measure(measuring, row, i == 0 ? first : SIDES - 1 - first, round, err);
        mh_progress_set(&measuring->progress, ++measuring->steps);
    }
    return r;
}

static int measure_all(struct measuring *measuring, struct mh_err *err)
{
    int r = 0;
    int64_t steps = (int64_t)(measuring->rounds * SIDES) * (int64_t)measuring->row_count;
    const struct mh_log_sink nowhere = {0};
    const struct mh_log_sink *before = mh_log_divert(&nowhere); /* thousands of lines a second */
    mh_progress_begin(&measuring->progress, "measuring", steps);
    for (long round = 0; r == 0 && round < measuring->rounds; round++)
        for (size_t i = 0; r == 0 && i < measuring->row_count && !mh_bench_interrupted(); i++)
            r = measure_both(measuring, &measuring->rows[i], round, err);
    mh_progress_hide(&measuring->progress);
    (void)mh_log_divert(before);
    return r;
}

/* --- what came out */

static const struct {
    const char *name;
    int digits; /* behind the point, for people */
} units[] = {
    [MH_BENCH_RATE] = {"jobs/s", 0},     [MH_BENCH_MS] = {"ms", 2},
    [MH_BENCH_MB] = {"MB", 1},           [MH_BENCH_MS_A_MIN] = {"ms/min", 0},
    [MH_BENCH_US_A_JOB] = {"us/job", 1},
};

/* Of one figure of a row; each MH_BENCH_NONE where there is none. */
struct figure {
    double median, min, max, ceiling, ratio;
};

static double median_of(const struct measuring *measuring, const struct row *row, int side,
                        int which, double *values)
{
    for (long i = 0; i < measuring->rounds; i++)
        values[i] = row->samples[side][i].values[which];
    return mh_bench_quantile(values, (size_t)measuring->rounds, 0.5);
}

static struct figure figure_of(const struct measuring *measuring, const struct row *row, int which)
{
    double values[ROUNDS_MAX];
    struct figure figure = {.ratio = MH_BENCH_NONE};
    figure.ceiling = median_of(measuring, row, CEILING, which, values);
    figure.median = median_of(measuring, row, OURS, which, values); /* leaves them sorted */
    figure.min = values[0];
    figure.max = values[measuring->rounds - 1];
    if (figure.ceiling > 0 && figure.median >= 0) figure.ratio = figure.median / figure.ceiling;
    return figure;
}

static void print_json(struct measuring *measuring, const struct row *row, int which,
                       const struct figure *figure)
{
    struct mh_buf *line = &measuring->cli->out.line;
    const struct mh_bench_figure *kind = &row->workload->figures[which];
    mh_json_begin(line, '{');
    mh_json_put_str(line, "store", measuring->place.backend);
    mh_json_put_str(line, "workload", row->workload->name);
    mh_json_put_str(line, "title", row->workload->title);
    mh_json_put_str(line, "figure", *kind->name != '\0' ? kind->name : NULL);
    mh_json_put_str(line, "unit", units[kind->unit].name);
    mh_json_put_int(line, "jobs", jobs_of(measuring, row->workload));
    mh_json_put_int(line, "rounds", measuring->rounds);
    const struct {
        const char *key;
        double value;
    } values[] = {{"median", figure->median},
                  {"min", figure->min},
                  {"max", figure->max},
                  {"ceiling", figure->ceiling},
                  {"ratio", figure->ratio}};
    for (size_t i = 0; i < MH_LEN(values); i++) {
        mh_json_key(line, values[i].key);
        if (values[i].value >= 0)
            mh_json_real(line, values[i].value);
        else
            mh_json_null(line);
    }
    mh_json_end(line, '}');
    mh_out_end_json(&measuring->cli->out);
}

static void put_value(struct mh_table *table, enum mh_bench_unit unit, double value)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%.*f", units[unit].digits, value); /* fits */
    mh_table_cell(table, value >= 0 ? text : "-");
}

static void print_row(struct mh_table *table, const struct row *row, int which,
                      const struct figure *figure)
{
    const struct mh_bench_figure *kind = &row->workload->figures[which];
    char title[80], ratio[32];
    (void)snprintf(title, sizeof title, "%s%s%s", row->workload->title,
                   *kind->name != '\0' ? ", " : "", kind->name);
    (void)snprintf(ratio, sizeof ratio, "%.2f", figure->ratio);
    mh_table_cell(table, row->workload->name);
    mh_table_cell(table, title);
    mh_table_cell(table, units[kind->unit].name);
    put_value(table, kind->unit, figure->median);
    put_value(table, kind->unit, figure->min);
    put_value(table, kind->unit, figure->max);
    put_value(table, kind->unit, figure->ceiling);
    mh_table_coloured(table, figure->ratio >= 0 ? ratio : "-", MH_COLOUR_BOLD);
}

static void print_all(struct measuring *measuring)
{
    static const struct mh_column columns[] = {
        {"", MH_ALIGN_LEFT, 0, 0},         {"workload", MH_ALIGN_LEFT, 0, 20},
        {"unit", MH_ALIGN_LEFT, 0, 0},     {"millhand", MH_ALIGN_RIGHT, 0, 0},
        {"min", MH_ALIGN_RIGHT, 0, 0},     {"max", MH_ALIGN_RIGHT, 0, 0},
        {"ceiling", MH_ALIGN_RIGHT, 0, 0}, {"ratio", MH_ALIGN_RIGHT, 0, 0},
    };
    struct mh_table table;
    bool json = measuring->cli->json;
    if (!json) mh_table_begin(&table, columns, MH_LEN(columns), &measuring->cli->out);
    for (size_t i = 0; i < measuring->row_count; i++) {
        const struct row *row = &measuring->rows[i];
        for (int which = 0; row->workload->figures[which].name != NULL; which++) {
            struct figure figure = figure_of(measuring, row, which);
            if (json)
                print_json(measuring, row, which, &figure);
            else
                print_row(&table, row, which, &figure);
        }
    }
    if (!json) mh_table_end(&table);
}

/* --- the command */

static int bench(struct measuring *measuring, struct mh_err *err)
{
    const struct mh_settings *settings = &measuring->cli->settings;
    int r = read_options(measuring, err);
    if (r == 0) r = mh_bench_place_new(settings->database_url, &measuring->place, err);
    if (r < 0) return r;
    measuring->place.bench.synchronous_full = settings->sqlite_synchronous == MH_SYNC_FULL;
    mh_bench_catch_signals();
    r = measure_all(measuring, err);
    mh_bench_place_remove(&measuring->place);
    if (mh_bench_interrupted() != 0)
        (void)raise(mh_bench_interrupted()); /* which ends us: the handler was for once */
    if (r == 0) print_all(measuring);
    return r;
}

static int run(struct mh_cli *cli, struct mh_err *err)
{
    struct measuring measuring = {.cli = cli};
    if (cli->values[OPT_ANSWER] != NULL) return mh_bench_answer(err);
    int r = bench(&measuring, err);
    free(measuring.rows);
    return r;
}

const struct mh_command mh_cmd_bench = {
    .name = "bench",
    .summary = "measure the store on this machine beside its ceiling",
    .help =
        "Measures in a store of its own: in a private folder beside the file that --db names, or\n"
        "in a schema of its own in the PostgreSQL database; yours is not touched. Beside each\n"
        "figure stands its ceiling: what a bare table with one index, or a bare posix_spawn,\n"
        "does there in the same minute. On a machine that does other things only the ratio\n"
        "counts.",
    .examples = "millhand bench\n"
                "millhand --db sqlite:/srv/jobs/x.db --json bench --only W1,W3 --rounds 9\n"
                "millhand --db postgres://owner@db.example.org/app bench --jobs 20000",
    .options = options,
    .run = run,
};
