#include "store/postgres/examine.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/loop.h"
#include "mh_pg_sql.h"
#include "store/finding.h"
#include "store/postgres/fault.h"
#include "store/postgres/link.h"
#include "store/postgres/schema.h"
#include "store/postgres/text.h"

/* How long a notification to ourselves may take. */
#define HEAR_MS 3000

#define CHECKSUMS_MAX 4096

enum param { PARAM_NONE, PARAM_SCHEMA, PARAM_NOW, PARAM_LONG, PARAM_CHECKSUMS, PARAM__COUNT };

/* One statement each, whose rows are findings. */
static const struct step {
    const char *name; /* for the finding where it fails */
    const char *text;
    enum param param;
    bool finds_schema; /* no row: there is no schema, and the rest is left out */
} steps[] = {
    {"server", mh_pg_sql_doctor_server, PARAM_NONE},
    {"clock", mh_pg_sql_doctor_clock, PARAM_NOW},
    {"held snapshots", mh_pg_sql_doctor_snapshots, PARAM_LONG},
    {"rights", mh_pg_sql_doctor_schema, PARAM_SCHEMA, true},
    {"migrations", mh_pg_sql_doctor_migrations, PARAM_CHECKSUMS},
    {"dead rows", mh_pg_sql_doctor_tables, PARAM_SCHEMA},
    {"expired leases", mh_pg_sql_doctor_overdue, PARAM_SCHEMA},
};

struct exam {
    struct mh_pq pq;
    struct mh_address *address;
    struct mh_link *link;
    struct mh_timer *timer; /* how long the notification is waited for */
    struct mh_request *request;
    struct mh_findings findings;
    char *schema, *quoted;
    struct mh_buf checksums;
    size_t step;
    bool listening;
};

/* --- the end */

static void free_exam(struct exam *exam)
{
    mh_link_close(exam->link);
    mh_timer_drop(exam->timer);
    mh_address_free(exam->address);
    mh_pq_unload(&exam->pq);
    mh_buf_release(&exam->checksums);
    free(exam->schema);
    free(exam->quoted);
    free(exam);
}

static void end(struct exam *exam, int code)
{
    struct mh_request *request = exam->request;
    mh_findings_reply(&exam->findings, code, request);
    free_exam(exam);
    mh_request_answer(request);
}

/* False: the exam has ended for want of memory. */
static bool say(struct exam *exam, const char *name, enum mh_finding_status status,
                const char *found, const char *mend)
{
    const struct mh_finding finding = {name, status, found, mend};
    int r = mh_findings_add(&exam->findings, &finding, &exam->request->reply.err);
    if (r < 0) end(exam, r);
    return r == 0;
}

/* --- the notification */

static void end_hearing(struct exam *exam, bool heard)
{
    const char *const mend =
        "point DATABASE_URL at the server itself, past whatever stands between";
    if (heard ? say(exam, "notifications", MH_FINDING_OK, "one to ourselves arrived", NULL)
              : say(exam, "notifications", MH_FINDING_WARN,
                    "one to ourselves did not arrive: workers poll each second", mend))
        end(exam, 0);
}

static void hear(struct exam *exam)
{
    PGconn *conn = mh_link_conn(exam->link);
    PGnotify *notify;
    bool heard = false;
    while ((notify = exam->pq.notifies(conn)) != NULL) {
        heard |= notify->be_pid == exam->pq.backendPID(conn);
        exam->pq.freemem(notify);
    }
    if (heard) end_hearing(exam, true);
}

static void on_silence(void *arg)
{
    end_hearing(arg, false);
}

static void on_listening(void *arg, PGresult *result)
{
    struct exam *exam = arg;
    exam->pq.clear(result);
    exam->listening = true;
    mh_timer_start(exam->timer, HEAR_MS, 0);
    hear(exam);
}

static void listen_to_ourselves(struct exam *exam)
{
    if (!mh_link_pooled(exam->link))
        mh_link_ask(exam->link,
                    &(struct mh_ask){.text = mh_pg_sql_listen, .within_ms = MH_LINK_PATIENCE_MS},
                    on_listening, exam);
    else if (say(exam, "notifications", MH_FINDING_SKIPPED, "there are none behind a pooler", NULL))
        end(exam, 0);
}

/* --- the statements */

static enum mh_finding_status status_of(const char *word)
{
    static const char *const words[] = {"ok", "warn", "bad", "skipped"};
    for (int i = 0; i < MH_FINDING__COUNT; i++)
        if (strcmp(words[i], word) == 0) return (enum mh_finding_status)i;
    return MH_FINDING_BAD;
}

static bool say_rows(struct exam *exam, const PGresult *result)
{
    const struct mh_pq *pq = &exam->pq;
    int rows = pq->ntuples(result);
    for (int row = 0; row < rows; row++) {
        const char *mend = pq->getisnull(result, row, 3) ? NULL : pq->getvalue(result, row, 3);
        if (!say(exam, pq->getvalue(result, row, 0), status_of(pq->getvalue(result, row, 1)),
                 pq->getvalue(result, row, 2), mend))
            return false;
    }
    return true;
}

static bool say_fault(struct exam *exam, const PGresult *result)
{
    struct mh_err err;
    const char *name = steps[exam->step].name;
    if (mh_fault(&exam->pq, result, NULL, &err) == MH_EPERM)
        return say(exam, name, MH_FINDING_SKIPPED, "this role may not see it", NULL);
    return say(exam, name, MH_FINDING_BAD, err.text, NULL);
}

static void next(struct exam *exam);

static void on_rows(void *arg, PGresult *result)
{
    struct exam *exam = arg;
    const struct mh_pq pq = exam->pq;
    bool answered = pq.resultStatus(result) == PGRES_TUPLES_OK;
    bool no_schema = answered && steps[exam->step].finds_schema && pq.ntuples(result) == 0;
    bool going = answered ? say_rows(exam, result) : say_fault(exam, result);
    pq.clear(result);
    if (!going) return;
    exam->step = no_schema ? MH_LEN(steps) : exam->step + 1;
    next(exam);
}

static void ask(struct exam *exam, const struct step *step)
{
    char now[24], length[24];
    (void)snprintf(now, sizeof now, "%" PRId64, mh_clock_now_ms()); /* any fits */
    (void)snprintf(length, sizeof length, "%" PRId64, exam->request->in.examine.long_ms);
    const char *const params[PARAM__COUNT] = {NULL, exam->schema, now, length,
                                              mh_buf_text(&exam->checksums)};
    char *text = mh_pg_text(step->text, exam->quoted);
    if (text == NULL) {
        end(exam, mh_err_set(&exam->request->reply.err, MH_ENOMEM,
                             "unable to examine the store: out of memory"));
        return;
    }
    mh_link_ask(exam->link,
                &(struct mh_ask){.text = text,
                                 .params = step->param == PARAM_NONE ? NULL : &params[step->param],
                                 .param_count = 1,
                                 .within_ms = MH_LINK_PATIENCE_MS},
                on_rows, exam);
    free(text);
}

static void next(struct exam *exam)
{
    if (exam->step < MH_LEN(steps))
        ask(exam, &steps[exam->step]);
    else
        listen_to_ourselves(exam);
}

/* --- the link */

static void on_up(void *arg)
{
    struct exam *exam = arg;
    if (!mh_link_pooled(exam->link)
            ? say(exam, "pooler", MH_FINDING_OK, "none that hands sessions on", NULL)
            : say(exam, "pooler", MH_FINDING_WARN,
                  "one that hands sessions on stands between: workers poll each second",
                  "point DATABASE_URL at the server itself, past the pooler"))
        next(exam);
}

static void on_input(void *arg)
{
    struct exam *exam = arg;
    if (exam->listening) hear(exam);
}

static void on_down(void *arg, const struct mh_err *err)
{
    struct exam *exam = arg;
    if (say(exam, "server", MH_FINDING_BAD, err->text, NULL)) end(exam, 0);
}

static const struct mh_link_events events = {.up = on_up, .input = on_input, .down = on_down};

/* --- */

static int name_schema(struct exam *exam, const char *name, struct mh_err *err)
{
    exam->schema = strdup(name != NULL ? name : MH_PG_SCHEMA_DEFAULT);
    exam->quoted = exam->schema != NULL ? mh_pg_quote(exam->schema) : NULL;
    mh_buf_init(&exam->checksums, CHECKSUMS_MAX);
    mh_pg_schema_checksums(&exam->checksums);
    if (exam->quoted != NULL && !mh_buf_failed(&exam->checksums)) return 0;
    return mh_err_set(err, MH_ENOMEM, "unable to examine the store: out of memory");
}

int mh_pg_examine(uv_loop_t *loop, const struct mh_store_options *options,
                  struct mh_request *request, struct mh_err *err)
{
    struct exam *exam = calloc(1, sizeof *exam);
    if (exam == NULL)
        return mh_err_set(err, MH_ENOMEM, "unable to examine the store: out of memory");
    exam->request = request;
    exam->findings.arena = &request->arena;
    int r = name_schema(exam, options->schema, err);
    if (r == 0) r = mh_pq_load(&exam->pq, err);
    if (r == 0) r = mh_address_new(&exam->pq, options->url, &exam->address, err);
    if (r == 0) r = mh_timer_new(loop, on_silence, exam, &exam->timer, err);
    if (r == 0)
        r = mh_link_open(loop, &exam->pq, exam->address, 0, &events, exam, &exam->link, err);
    if (r < 0) free_exam(exam);
    return r;
}
