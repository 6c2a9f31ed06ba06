/* What a worker says of its running jobs, made fit to be kept. */
#include <string.h>

#include "base/utf8.h"
#include "store/backend.h"
#include "store/check.h"
#include "store/request.h"
#include "store/store.h"

static bool clean_message(struct mh_arena *arena, struct mh_note *note)
{
    size_t len;
    size_t given = strnlen(note->message, MH_EVENT_TEXT_MAX);
    char *message = mh_utf8_clean(arena, note->message, given, &len);
    if (message == NULL) return false;
    message[mh_utf8_cut(message, len, MH_EVENT_TEXT_MAX)] = '\0';
    note->message = message;
    return true;
}

/* Cuts each line where it stands; returns the length of what is left. */
static size_t cut_lines(char *log, size_t len)
{
    size_t kept = 0;
    for (size_t start = 0; start < len;) {
        const char *line = log + start;
        const char *end = memchr(line, '\n', len - start);
        size_t line_len = end != NULL ? (size_t)(end - line) : len - start;
        size_t cut = mh_utf8_cut(line, line_len, MH_EVENT_TEXT_MAX);
        memmove(log + kept, line, cut);
        kept += cut;
        if (end != NULL) log[kept++] = '\n';
        start += line_len + 1;
    }
    return kept;
}

/* Making text of other bytes lengthens it, so it is cut again. */
static bool clean_log(struct mh_arena *arena, struct mh_note *note)
{
    size_t len = note->log_len < MH_EVENT_LOG_MAX ? note->log_len : MH_EVENT_LOG_MAX;
    char *log = mh_utf8_clean(arena, note->log, len, &len);
    if (log == NULL) return false;
    note->log_len = cut_lines(log, mh_utf8_cut(log, len, MH_EVENT_LOG_MAX));
    log[note->log_len] = '\0';
    note->log = log;
    return true;
}

static bool copy_note(struct mh_arena *arena, struct mh_note *note)
{
    if (note->message != NULL && !clean_message(arena, note)) return false;
    return note->log == NULL || clean_log(arena, note);
}

static int check_notes(const struct mh_note *notes, size_t count, struct mh_err *err)
{
    int r = mh_check_count(count, err);
    for (size_t i = 0; r == 0 && i < count; i++)
        if (!(notes[i].progress <= 1)) r = mh_err_set(err, MH_EINVAL, "progress: expected 0 to 1");
    return r;
}

int mh_store_note(struct mh_store *store, const struct mh_note *notes, size_t count,
                  mh_reply_fn *done, void *arg, struct mh_err *err)
{
    int r = check_notes(notes, count, err);
    if (r < 0) return r;
    struct mh_request *request = mh_request_new(MH_OP_NOTE, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    struct mh_note *copy = mh_copy_array(&request->arena, notes, count, sizeof *notes);
    if (copy == NULL) return mh_request_refuse(request, err);
    for (size_t i = 0; i < count; i++)
        if (!copy_note(&request->arena, &copy[i])) return mh_request_refuse(request, err);
    request->in.note.notes = copy;
    request->in.note.count = count;
    return mh_request_submit(store, request, err);
}
