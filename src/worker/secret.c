#include "worker/secret.h"

#include <string.h>

#include "base/file.h"

#define SECRET_MAX 65536

/* The value of NAME followed by `suffix`; NULL where it is unset or empty. */
static const char *find(char *const *environment, const char *name, const char *suffix)
{
    size_t len = strlen(name), suffix_len = strlen(suffix);
    for (; *environment != NULL; environment++) {
        const char *at = *environment;
        if (strncmp(at, name, len) != 0 || strncmp(at + len, suffix, suffix_len) != 0) continue;
        at += len + suffix_len;
        if (at[0] == '=' && at[1] != '\0') return at + 1;
    }
    return NULL;
}

static int read_secret(const char *path, struct mh_arena *arena, const char **ret_secret,
                       struct mh_err *err)
{
    struct mh_buf text;
    mh_buf_init(&text, SECRET_MAX);
    int r = mh_file_read(path, &text, err);
    size_t len = r == 0 ? strcspn(mh_buf_text(&text), "\r\n") : 0;
    const char *copy = mh_arena_copy(arena, mh_buf_text(&text), len);
    mh_buf_release(&text);
    if (r < 0) return mh_err_prefix(err, MH_EINVAL, "unable to read a secret");
    if (len == 0) return mh_err_set(err, MH_EINVAL, "unable to read %s: it is empty", path);
    if (copy == NULL) return mh_err_set(err, MH_ENOMEM, "unable to read %s: out of memory", path);
    *ret_secret = copy;
    return 0;
}

int mh_secret_find(char *const *environment, const char *name, struct mh_arena *arena,
                   const char **ret_secret, struct mh_err *err)
{
    const char *value = find(environment, name, "");
    const char *file = find(environment, name, "_FILE");
    if (value != NULL && file != NULL)
        return mh_err_set(err, MH_EINVAL, "%s is set together with %s_FILE: keep one of them", name,
                          name);
    if (file != NULL) return read_secret(file, arena, ret_secret, err);
    if (value == NULL)
        return mh_err_set(err, MH_EINVAL, "neither %s nor %s_FILE is set in the environment", name,
                          name);
    const char *copy = mh_arena_str(arena, value);
    if (copy == NULL) return mh_err_set(err, MH_ENOMEM, "out of memory");
    *ret_secret = copy;
    return 0;
}
