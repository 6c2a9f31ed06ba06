#include "worker/child_env.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/settings.h"
#include "worker/words.h"

#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static const char *const passed_on[] = {"PATH", "HOME", "LANG", "TZ"};

/* The entry "NAME=…" of `environment`, or NULL. */
static const char *find_entry(char *const *environment, const char *name, size_t len)
{
    for (size_t i = 0; environment[i] != NULL; i++)
        if (strncmp(environment[i], name, len) == 0 && environment[i][len] == '=')
            return environment[i];
    return NULL;
}

static bool is_name(const char *name, size_t len)
{
    if (len == 0 || isdigit((unsigned char)name[0])) return false;
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)name[i]) && name[i] != '_') return false;
    return true;
}

static bool is_secret(const char *name, size_t len)
{
    size_t count;
    const struct mh_setting *table = mh_settings_table(&count);
    for (size_t i = 0; i < count; i++) {
        size_t have = strlen(table[i].name);
        if (!table[i].secret || strncmp(name, table[i].name, have) != 0) continue;
        if (len == have || (len == have + 5 && strncmp(name + have, "_FILE", 5) == 0)) return true;
    }
    return false;
}

/* A name that is there already gets the new value: of two, programs take the first or the last. */
static void put(const char **env, size_t *count, const char *entry, size_t name_len)
{
    size_t i = 0;
    while (i < *count && strncmp(env[i], entry, name_len + 1) != 0)
        i++;
    env[i] = entry;
    if (i == *count) (*count)++;
}

static int add_listed(const char **env, size_t *count, char *const *environment, const char *word,
                      struct mh_err *err)
{
    size_t len = strcspn(word, "=");
    if (!is_name(word, len))
        return mh_err_set(err, MH_EINVAL, "env expects NAME or NAME=value, separated by blanks");
    if (is_secret(word, len))
        return mh_err_set(err, MH_EINVAL, "env names %.*s, which is never given to a handler",
                          (int)len, word);
    const char *entry = word[len] == '=' ? word : find_entry(environment, word, len);
    if (entry != NULL) put(env, count, entry, len);
    return 0;
}

int mh_child_env(struct mh_arena *arena, char *const *environment, const char *listed,
                 const char *const **ret_env, struct mh_err *err)
{
    static const char *const none[] = {NULL};
    const char *const *words = none;
    const char **env = mh_arena_array(arena, MH_LEN(passed_on) + MH_WORDS_MAX + 1, sizeof *env);
    size_t count = 0;
    if (env == NULL) return mh_err_set(err, MH_ENOMEM, "out of memory");
    if (listed != NULL) {
        int r = mh_words_split(arena, listed, &words, err);
        if (r < 0) return mh_err_prefix(err, r, "env");
    }
    for (size_t i = 0; i < MH_LEN(passed_on); i++) {
        const char *entry = find_entry(environment, passed_on[i], strlen(passed_on[i]));
        if (entry != NULL)
            env[count++] = entry;
        else if (i == 0)
            env[count++] = DEFAULT_PATH; /* a program must be found at least */
    }
    for (size_t i = 0; words[i] != NULL; i++) {
        int r = add_listed(env, &count, environment, words[i], err);
        if (r < 0) return r;
    }
    *ret_env = env;
    return 0;
}
