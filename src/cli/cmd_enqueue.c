#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "cli/bulk.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/payload.h"
#include "cli/say.h"
#include "cli/tenants.h"
#include "cli/wait.h"
#include "queue/record.h"

enum {
    OPT_TENANT,
    OPT_PRIORITY,
    OPT_DELAY,
    OPT_AT,
    OPT_MAX_ATTEMPTS,
    OPT_UNIQUE,
    OPT_CORRELATION_ID,
    OPT_TRACEPARENT,
    OPT_BULK,
    OPT_WAIT,
    OPT_TIMEOUT,
};

static const struct mh_option options[] = {
    [OPT_TENANT] = {"tenant", "T", "who owns the job: a tenant's name or UUID"},
    [OPT_PRIORITY] = {"priority", "N", "0 to 100, higher first; default: by the tenant's plan"},
    [OPT_DELAY] = {"delay", "TIME", "due so long from now: 30s, 5m, 1h30m, 7d"},
    [OPT_AT] = {"at", "TIME", "due at 2030-01-31T08:00:00Z (RFC 3339)"},
    [OPT_MAX_ATTEMPTS] = {"max-attempts", "N", "attempts before it is a dead letter; default: 3"},
    [OPT_UNIQUE] = {"unique", "KEY", "at most one unfinished job of the tenant has this key"},
    [OPT_CORRELATION_ID] = {"correlation-id", "ID",
                            "on every log line of the job; default: its id"},
    [OPT_TRACEPARENT] = {"traceparent", "TEXT", "the trace it belongs to, by W3C Trace Context"},
    [OPT_BULK] = {"bulk", "FILE", "dispatch every line of FILE (- for standard input)"},
    [OPT_WAIT] = {"wait", NULL, "wait for the end; with --json, print the record it then has"},
    [OPT_TIMEOUT] = {"timeout", "TIME", "with --wait: no longer than this"},
    {NULL},
};

static int read_schedule(const struct mh_cli *cli, struct mh_dispatch *job, struct mh_err *err)
{
    if (cli->values[OPT_DELAY] != NULL && cli->values[OPT_AT] != NULL)
        return mh_cli_usage(cli, err, "--delay and --at cannot be given together");
    if (cli->values[OPT_AT] != NULL) {
        int r = mh_time_parse(cli->values[OPT_AT], &job->run_at, err);
        if (r < 0) return mh_err_prefix(err, r, "--at");
    }
    return mh_option_duration(cli, OPT_DELAY, &job->delay_ms, err);
}

/* The job without its payload and tenant. */
static int read_options(const struct mh_cli *cli, struct mh_dispatch *job, struct mh_err *err)
{
    int64_t priority = -1, max_attempts = 0;
    int r = mh_option_int(cli, OPT_PRIORITY, 0, MH_PRIORITY_MAX, &priority, err);
    if (r == 0) r = mh_option_int(cli, OPT_MAX_ATTEMPTS, 1, MH_ATTEMPTS_MAX, &max_attempts, err);
    if (r == 0) r = read_schedule(cli, job, err);
    if (r < 0) return r;
    job->id = mh_uuid_new();
    job->type = cli->args[0];
    job->priority = (int)priority;
    job->max_attempts = (int)max_attempts;
    job->unique_key = cli->values[OPT_UNIQUE];
    job->correlation_id = cli->values[OPT_CORRELATION_ID];
    job->traceparent = cli->values[OPT_TRACEPARENT];
    return 0;
}

static void take_standing(void *arg, const struct mh_reply *reply)
{
    *(struct mh_dispatched *)arg = reply->dispatched[0];
}

static void print_record(void *arg, const struct mh_reply *reply)
{
    struct mh_out *out = arg;
    for (size_t i = 0; i < reply->count; i++) {
        mh_record_job(&out->line, &reply->jobs[i]);
        mh_out_end_json(out);
    }
}

static int print_job(struct mh_cli *cli, const struct mh_uuid *id, struct mh_err *err)
{
    if (!cli->json) {
        char text[MH_UUID_TEXT];
        mh_uuid_format(id, text);
        mh_buf_str(&cli->out.line, text);
        mh_out_end(&cli->out);
        return 0;
    }
    struct mh_filter filter = {
        .status = MH_STATUS_NONE, .ids = id, .id_count = 1, .limit = 1, .bodies = true};
    struct mh_call call = {.use = print_record, .arg = &cli->out};
    int r = mh_store_list(cli->sync.store, &filter, mh_call_done, &call, err);
    return mh_sync_await(&cli->sync, r, &call, err);
}

static int dispatch(struct mh_cli *cli, const struct mh_dispatch *job,
                    struct mh_dispatched *ret_dispatched, struct mh_err *err)
{
    struct mh_call call = {.use = take_standing, .arg = ret_dispatched};
    int r = mh_store_dispatch(cli->sync.store, job, 1, mh_call_done, &call, err);
    r = mh_sync_await(&cli->sync, r, &call, err);
    if (r == 0 && ret_dispatched->standing)
        mh_say("the unique key is taken by the unfinished job that is named; none was dispatched");
    return r;
}

static int wait_for(struct mh_cli *cli, struct mh_uuid *ids, size_t count, struct mh_err *err)
{
    int64_t timeout_ms = -1;
    int r = mh_option_duration(cli, OPT_TIMEOUT, &timeout_ms, err);
    return r < 0 ? r : mh_wait(cli, ids, count, timeout_ms, MH_WAIT_RECORDS, err);
}

static int finish_one(struct mh_cli *cli, struct mh_dispatch *job, struct mh_err *err)
{
    struct mh_dispatched dispatched = {0};
    int r = mh_cli_store(cli, err);
    if (r == 0 && cli->values[OPT_TENANT] != NULL)
        r = mh_tenant_id(cli, cli->values[OPT_TENANT], &job->tenant_id, err);
    if (r == 0) r = dispatch(cli, job, &dispatched, err);
    if (r < 0) return r;
    bool waits = cli->values[OPT_WAIT] != NULL;
    if (!waits || !cli->json) r = print_job(cli, &dispatched.id, err);
    return r == 0 && waits ? wait_for(cli, &dispatched.id, 1, err) : r;
}

static int enqueue_one(struct mh_cli *cli, struct mh_err *err)
{
    int64_t max = cli->settings.max_payload_bytes;
    const char *word = cli->arg_count > 1 ? cli->args[1] : "{}";
    struct mh_dispatch job = {0};
    struct mh_buf payload;
    mh_payload_init(&payload, cli);
    int r = read_options(cli, &job, err);
    if (r == 0) r = mh_payload_read(word, &payload, &job.payload, &job.payload_len, err);
    if (r == 0) r = mh_dispatch_check(&job, max, err);
    if (r == MH_ELIMIT) r = err->code = MH_EINVAL; /* too large is wrong use here */
    if (r == 0) r = finish_one(cli, &job, err);
    mh_buf_release(&payload);
    return r;
}

static int check_bulk(const struct mh_cli *cli, struct mh_err *err)
{
    static const int single[] = {OPT_PRIORITY, OPT_DELAY,          OPT_AT,         OPT_MAX_ATTEMPTS,
                                 OPT_UNIQUE,   OPT_CORRELATION_ID, OPT_TRACEPARENT};
    for (size_t i = 0; i < MH_LEN(single); i++)
        if (cli->values[single[i]] != NULL)
            return mh_cli_usage(cli, err, "--%s cannot be given with --bulk: name it in the lines",
                                options[single[i]].name);
    if (cli->arg_count > 1) return mh_cli_usage(cli, err, "--bulk has its payloads in the lines");
    return 0;
}

static int enqueue_bulk(struct mh_cli *cli, struct mh_err *err)
{
    struct mh_bulk bulk = {
        .file = cli->values[OPT_BULK],
        .defaults = {.type = cli->arg_count > 0 ? cli->args[0] : NULL,
                     .allow_tenant = true,
                     .max_payload_bytes = cli->settings.max_payload_bytes},
        .keep_max = cli->values[OPT_WAIT] != NULL ? MH_WAIT_MAX : 0,
    };
    int r = check_bulk(cli, err);
    if (r == 0 && cli->values[OPT_TENANT] != NULL)
        r = mh_tenant_id(cli, cli->values[OPT_TENANT], &bulk.defaults.tenant_id, err);
    if (r < 0) return r;
    struct mh_uuid *ids = NULL;
    size_t count = 0;
    r = mh_bulk(cli, &bulk, &ids, &count, err);
    if (r == 0 && bulk.keep_max > 0) r = wait_for(cli, ids, count, err);
    free(ids);
    return r;
}

static int run(struct mh_cli *cli, struct mh_err *err)
{
    int64_t timeout_ms;
    int r = mh_option_duration(cli, OPT_TIMEOUT, &timeout_ms, err);
    if (r < 0) return r;
    if (cli->values[OPT_TIMEOUT] != NULL && cli->values[OPT_WAIT] == NULL)
        return mh_cli_usage(cli, err, "--timeout needs --wait");
    if (cli->values[OPT_BULK] != NULL) return enqueue_bulk(cli, err);
    if (cli->arg_count == 0) return mh_cli_usage(cli, err, "no type is given");
    return enqueue_one(cli, err);
}

const struct mh_command mh_cmd_enqueue = {
    .name = "enqueue",
    .args = "TYPE [PAYLOAD | - | @FILE]",
    .summary = "dispatch a job and print its id",
    .help = "PAYLOAD is a JSON object, {} unless given; - reads it from standard input, @FILE\n"
            "from a file. With --json the job's record is printed.\n"
            "\n"
            "With --bulk every line of FILE is a JSON object: type, payload, priority, run_at,\n"
            "delay, max_attempts, unique_key, correlation_id, traceparent, tenant_id. TYPE and\n"
            "--tenant are for lines that name none. All lines are checked first; where one is\n"
            "wrong, nothing is dispatched.\n"
            "\n"
            "With --wait the status is 0 when the job completed, 3 when it failed or was\n"
            "cancelled, 4 when --timeout passed.",
    .examples = "millhand enqueue mail.send '{\"to\":\"ann@example.org\"}'\n"
                "millhand enqueue report @report.json --delay 5m --unique report:2026-11\n"
                "millhand enqueue resize '{\"width\":80}' --wait --timeout 30s\n"
                "generate | millhand enqueue --bulk - index",
    .options = options,
    .args_min = 0,
    .args_max = 2,
    .run = run,
};
