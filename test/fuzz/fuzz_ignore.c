#include <string.h>

#include "fuzz.h"
#include "jobs/ignore.h"

/* The first line is a path, the rest a .gitignore. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mh_arena arena;
    const struct mh_ignore *set = NULL;
    const uint8_t *newline = size > 0 ? memchr(data, '\n', size) : NULL;
    if (newline == NULL) return 0;
    size_t path_len = (size_t)(newline - data);
    mh_arena_init(&arena, 1 << 26);
    char *path = mh_arena_copy(&arena, (const char *)data, path_len);
    const char *text = (const char *)newline + 1;
    require(path != NULL);
    require(mh_ignore_parse(&arena, NULL, 0, text, size - path_len - 1, &set, NULL) == 0);
    int64_t budget = 100000;
    bool file = mh_ignore_matches(set, path, MH_PATH_FILE, &budget);
    bool folder = mh_ignore_matches(set, path, MH_PATH_FOLDER, &budget);
    /* A folder is named by every pattern that names a file, unless some are for folders only. */
    if (budget >= 0 && memchr(text, '/', size - path_len - 1) == NULL) require(file == folder);
    mh_arena_release(&arena);
    return 0;
}
