#include "store/postgres/fault.h"

#include <stddef.h>
#include <string.h>

/* By SQLSTATE, or by its class where there are two characters. The first that fits. */
static const struct {
    const char *state;
    int code;
    enum mh_fault_kind kind;
    bool quotes; /* its message may hold data */
} faults[] = {
    {"02000", MH_ENOENT, MH_FAULT_FINAL, false},
    {"P0002", MH_ENOENT, MH_FAULT_FINAL, false}, /* the same, as PL/pgSQL calls it */
    {"23503", MH_ENOENT, MH_FAULT_FINAL, false},
    {"23505", MH_EEXIST, MH_FAULT_FINAL, false},
    {"54000", MH_ELIMIT, MH_FAULT_FINAL, false},
    {"22023", MH_EINVAL, MH_FAULT_FINAL, false}, /* the engine's own, on wrong input */
    {"22", MH_EINVAL, MH_FAULT_FINAL, true},
    {"55000", MH_ESTATE, MH_FAULT_FINAL, false},
    {"42501", MH_EPERM, MH_FAULT_FINAL, false},
    {"40001", MH_ECONN, MH_FAULT_AGAIN, false},
    {"40P01", MH_ECONN, MH_FAULT_AGAIN, false},
    {"25006", MH_ECONN, MH_FAULT_LOST, false}, /* it has become a standby */
    {"42P05", MH_ECONN, MH_FAULT_LOST, false}, /* prepared, and without memory not noticed */
    {"57P", MH_ECONN, MH_FAULT_LOST, false},   /* the server shuts down, or starts */
    {"08", MH_ECONN, MH_FAULT_LOST, false},
};

static const char *state_of(const struct mh_pq *pq, const PGresult *result)
{
    const char *state = pq->resultErrorField(result, PG_DIAG_SQLSTATE);
    return state != NULL ? state : "";
}

/* An index of `faults`, its length where none fits. */
static size_t find(const char *state)
{
    size_t i = 0;
    while (i < MH_LEN(faults) && strncmp(faults[i].state, state, strlen(faults[i].state)) != 0)
        i++;
    return i;
}

enum mh_fault_kind mh_fault_kind(const struct mh_pq *pq, const PGresult *result)
{
    size_t i = find(state_of(pq, result));
    return i < MH_LEN(faults) ? faults[i].kind : MH_FAULT_FINAL;
}

/* The schema is not there (any more), or is another one. */
static bool lacks_schema(const char *state)
{
    return strcmp(state, "3F000") == 0 || strcmp(state, "42P01") == 0 ||
           strcmp(state, "42883") == 0;
}

/* Behind the message of the server. */
static const char *mend_of(const char *state, const char *text)
{
    if (lacks_schema(state)) return "; run: millhand migrate";
    if (strcmp(state, "54000") == 0 && strncmp(text, "payload:", 8) == 0)
        return "; to raise it run: MAX_PAYLOAD_BYTES=BYTES millhand migrate";
    return "";
}

int mh_fault(const struct mh_pq *pq, const PGresult *result, const char *taken, struct mh_err *err)
{
    const char *state = state_of(pq, result);
    const char *text = pq->resultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (*state == '\0' || text == NULL)
        return mh_err_set(err, MH_ECONN, "the connection to PostgreSQL was lost");
    size_t i = find(state);
    if (i == MH_LEN(faults))
        return mh_err_set(err, MH_ESTORE, "PostgreSQL: %s (SQLSTATE %s)%s", text, state,
                          mend_of(state, text));
    if (faults[i].code == MH_EEXIST && taken != NULL)
        return mh_err_set(err, MH_EEXIST, "%s", taken);
    if (faults[i].quotes)
        return mh_err_set(err, faults[i].code, "PostgreSQL refused a value (SQLSTATE %s)", state);
    return mh_err_set(err, faults[i].code, "PostgreSQL: %s (SQLSTATE %s)%s", text, state,
                      mend_of(state, text));
}

/* libpq goes on to guess why, over several lines, and where the server has said why it closed adds
 * that it has closed. */
static size_t length_without_guess(const char *text)
{
    static const char *const guesses[] = {"\nserver closed the connection unexpectedly",
                                          "\n\tThis probably means"};
    size_t len = strlen(text);
    for (size_t i = 0; i < MH_LEN(guesses); i++) {
        const char *guess = strstr(text, guesses[i]);
        if (guess != NULL && (size_t)(guess - text) < len) len = (size_t)(guess - text);
    }
    while (len > 0 && text[len - 1] == '\n')
        len--;
    return len;
}

int mh_fault_of_link(const struct mh_pq *pq, const PGconn *conn, const char *location,
                     struct mh_err *err)
{
    const char *text = pq->errorMessage(conn);
    size_t len = length_without_guess(text);
    if (len == 0) {
        text = "the connection was lost";
        len = strlen(text);
    }
    return mh_err_set(err, MH_ECONN, "unable to reach %s: %.*s", location, (int)len, text);
}

bool mh_fault_no_memory(const char *text)
{
    static const char words[] = "out of memory";
    return text == NULL || strncmp(text, words, strlen(words)) == 0;
}
