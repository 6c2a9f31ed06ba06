#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/say.h"
#include "cli/text.h"
#include "queue/place.h"
#include "queue/record.h"

#define EACH_MS  250
#define RENEW_US (INT64_C(300) * 1000000)
#define LOOK_US  (INT64_C(5) * 1000000)
#define READ_MAX 1000

enum { OPT_FOLLOW, OPT_JOB, OPT_TYPE, OPT_SINCE };

static const struct mh_option options[] = {
    [OPT_FOLLOW] = {"follow", NULL, "go on with what happens, until interrupted"},
    [OPT_JOB] = {"job", "ID", "only of this job; with --follow until it ends"},
    [OPT_TYPE] = {"type", "T", "only of jobs of this type"},
    [OPT_SINCE] = {"since", "ID", "only what came after the event with this id"},
    {NULL},
};

struct events {
    struct mh_cli *cli;
    struct mh_uuid job_id;
    bool of_job;
    const char *type; /* NULL: any */
    bool follows;
    bool since;
    struct mh_place after;
    int64_t renew_us; /* when following is to be said again … */
    int64_t look_us;  /* … and when to see whether the job is still there */
    int64_t end;      /* the store's, at the last look */
    size_t printed;
    bool gap;
    bool job_found, job_unfinished; /* at the last look */
    bool job_ended;
};

/* --- printing */

static void put_words(struct mh_buf *line, const char *text)
{
    mh_buf_char(line, ' ');
    mh_text_line(line, text, strlen(text));
}

static void put_details(struct mh_buf *line, const struct mh_event *event)
{
    char time[MH_TIME_TEXT];
    if (event->attempts > 0) mh_buf_printf(line, " attempt %d", event->attempts);
    if (event->worker_id != NULL) put_words(line, event->worker_id);
    if (event->progress >= 0) mh_buf_printf(line, " %.0f%%", event->progress * 100);
    if (event->next_retry_at != 0) {
        mh_time_format(event->next_retry_at, time);
        mh_buf_printf(line, " until %s", time);
    }
    if (event->text != NULL) {
        mh_buf_char(line, ':');
        put_words(line, event->text);
    }
}

static void print_line(struct mh_out *out, const char *id, const struct mh_event *event)
{
    char time[MH_TIME_TEXT], job[MH_UUID_TEXT];
    mh_time_format(event->at, time);
    mh_uuid_format(&event->job_id, job);
    mh_buf_printf(&out->line, "%-8s %s %-10s %s %s", id, time, mh_event_name(event->kind), job,
                  event->type);
    put_details(&out->line, event);
    mh_out_end(out);
}

static void print_json(struct mh_out *out, const char *id, const struct mh_event *event)
{
    struct mh_buf *line = &out->line;
    mh_record_event(line, event);
    if (line->len > 0) line->data[--line->len] = '\0'; /* one more member */
    mh_json_key(line, "id");
    mh_json_str(line, id);
    mh_json_end(line, '}');
    mh_out_end_json(out);
}

static void print_event(struct events *events, const struct mh_event *event)
{
    struct mh_out *out = &events->cli->out;
    char id[MH_PLACE_TEXT];
    mh_place_format(&events->after, id);
    if (events->type != NULL && strcmp(events->type, event->type) != 0) return;
    if (events->cli->json)
        print_json(out, id, event);
    else
        print_line(out, id, event);
    events->printed++;
}

/* --- reading */

static void note_end(struct events *events, enum mh_event_kind kind)
{
    if (events->of_job &&
        (kind == MH_EVENT_COMPLETED || kind == MH_EVENT_FAILED || kind == MH_EVENT_CANCELLED))
        events->job_ended = true;
}

/* What is not settled yet comes again: it is a matter of milliseconds. */
static void take_events(void *arg, const struct mh_reply *reply)
{
    struct events *events = arg;
    size_t i = 0;
    for (; i < reply->count && reply->events[i].pos <= reply->cursor; i++) {
        events->after = (struct mh_place){reply->events[i].pos, reply->events[i].index};
        print_event(events, &reply->events[i]);
        note_end(events, reply->events[i].kind);
    }
    if (i < READ_MAX && reply->cursor >= events->after.pos)
        events->after = (struct mh_place){reply->cursor, INT_MAX};
    if (reply->gap) events->gap = true;
}

static void take_end(void *arg, const struct mh_reply *reply)
{
    struct events *events = arg;
    events->end = reply->cursor;
}

static int read_events(struct events *events, int64_t after_pos, mh_reply_fn *use,
                       struct mh_err *err)
{
    const struct mh_event_filter filter = {.after_pos = after_pos,
                                           .after_index = events->after.index,
                                           .job_id = events->of_job ? &events->job_id : NULL,
                                           .limit = READ_MAX};
    struct mh_call call = {.use = use, .arg = events};
    int r = mh_store_events(events->cli->sync.store, &filter, mh_call_done, &call, err);
    return mh_sync_await(&events->cli->sync, r, &call, err);
}

/* Prints up to the end that there is now. */
static int print_all(struct events *events, struct mh_err *err)
{
    int r = read_events(events, -1, take_end, err);
    while (r == 0 && events->after.pos < events->end && mh_out_flush(&events->cli->out))
        r = read_events(events, events->after.pos, take_events, err);
    if (r == 0 && events->gap) mh_say("some events are not kept any more");
    events->gap = false;
    return r;
}

/* --- following */

static int renew(struct events *events, struct mh_err *err)
{
    struct mh_call call = {0};
    if (mh_clock_mono_us() < events->renew_us) return 0;
    int r = mh_store_follow(events->cli->sync.store, mh_call_done, &call, err);
    events->renew_us = mh_clock_mono_us() + RENEW_US;
    return mh_sync_await(&events->cli->sync, r, &call, err);
}

static void take_job(void *arg, const struct mh_reply *reply)
{
    struct events *events = arg;
    events->job_found = reply->count > 0;
    events->job_unfinished = events->job_found && (reply->jobs[0].status == MH_STATUS_PENDING ||
                                                   reply->jobs[0].status == MH_STATUS_PROCESSING);
}

static int look_at_job(struct events *events, struct mh_err *err)
{
    const struct mh_filter filter = {
        .status = MH_STATUS_NONE, .ids = &events->job_id, .id_count = 1, .limit = 1};
    struct mh_call call = {.use = take_job, .arg = events};
    events->look_us = mh_clock_mono_us() + LOOK_US;
    int r = mh_store_list(events->cli->sync.store, &filter, mh_call_done, &call, err);
    return mh_sync_await(&events->cli->sync, r, &call, err);
}

/* Of a job that is deleted, or moved to another store, no event tells. */
static int look_again(struct events *events, struct mh_err *err)
{
    if (!events->of_job || mh_clock_mono_us() < events->look_us) return 0;
    int r = look_at_job(events, err);
    if (r == 0 && !events->job_found) mh_say("the job is not there any more");
    return r;
}

static int follow(struct events *events, struct mh_err *err)
{
    for (;;) {
        int r = renew(events, err);
        if (r == 0) r = look_again(events, err);
        if (r == 0) r = print_all(events, err);
        bool over = events->job_ended || (events->of_job && !events->job_found);
        if (r < 0 || over || !mh_out_flush(&events->cli->out)) return r;
        mh_sync_pause(&events->cli->sync, EACH_MS);
    }
}

/* --- where it begins */

static int find_job(struct events *events, struct mh_err *err)
{
    int r = events->of_job ? look_at_job(events, err) : 0;
    if (r == 0 && events->of_job && !events->job_found)
        return mh_err_set(err, MH_ENOENT, "no such job: %s", events->cli->values[OPT_JOB]);
    events->job_ended = events->of_job && !events->job_unfinished;
    return r;
}

static int find_start(struct events *events, struct mh_err *err)
{
    int r = events->follows ? renew(events, err) : 0;
    if (r == 0) r = find_job(events, err);
    if (r == 0) r = read_events(events, -1, take_end, err);
    if (r < 0) return r;
    if (events->since && events->after.pos > events->end)
        return mh_err_set(err, MH_ENOENT, "this store has no event %s",
                          events->cli->values[OPT_SINCE]);
    if (events->follows && !events->since && !events->of_job)
        events->after = (struct mh_place){events->end, INT_MAX};
    return 0;
}

static int read_options(struct events *events, struct mh_err *err)
{
    const char *const *values = events->cli->values;
    events->follows = values[OPT_FOLLOW] != NULL;
    events->of_job = values[OPT_JOB] != NULL;
    events->since = values[OPT_SINCE] != NULL;
    events->type = values[OPT_TYPE];
    if (events->of_job && mh_uuid_parse(values[OPT_JOB], &events->job_id) < 0)
        return mh_cli_usage(events->cli, err, "--job expects the id of a job");
    if (events->type != NULL && !mh_type_valid(events->type))
        return mh_cli_usage(events->cli, err, "--type expects a job type");
    if (events->since && !mh_place_parse(values[OPT_SINCE], &events->after))
        return mh_cli_usage(events->cli, err, "--since expects the id of an event, such as 17.0");
    return 0;
}

static int run(struct mh_cli *cli, struct mh_err *err)
{
    struct events events = {.cli = cli};
    int r = read_options(&events, err);
    if (r == 0) r = mh_cli_store(cli, err);
    if (r == 0) r = find_start(&events, err);
    if (r == 0) r = events.follows ? follow(&events, err) : print_all(&events, err);
    if (r == 0 && events.printed == 0 && !events.follows)
        mh_say("no events: they are written from when `millhand serve` or `events --follow` runs");
    return r;
}

const struct mh_command mh_cmd_events = {
    .name = "events",
    .summary = "print what happens to jobs",
    .help =
        "Prints the events that are kept, a line each: its id, when, what, the job and its type.\n"
        "They are written while somebody follows, by `millhand serve` or --follow, and for a\n"
        "day longer, and kept for about a day.",
    .examples = "millhand events --follow\n"
                "millhand events --job 0190a5c2-7d3e-7c11-9f00-3b1c2d4e5f60\n"
                "millhand events --since 1042.0 --json",
    .options = options,
    .run = run,
};
