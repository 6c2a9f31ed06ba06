#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/bench/bench.h"

#define SCHEME   "sqlite:"
#define TEMPLATE "millhand-bench-XXXXXX"
#define ROOM     64 /* for names below the folder */

int mh_bench_place_new(const char *url, char ret_folder[PATH_MAX], struct mh_err *err)
{
    char folder[PATH_MAX];
    if (strncmp(url, SCHEME, strlen(SCHEME)) != 0)
        return mh_err_set(
            err, MH_EINVAL,
            "bench measures SQLite only so far: say --db sqlite:FILE, of a file on the "
            "file system to be measured (it is not touched)");
    char *path = mh_path_absolute(url + strlen(SCHEME));
    if (path == NULL) return mh_err_set(err, MH_ENOMEM, "unable to measure: out of memory");
    int dir_len = (int)(strrchr(path, '/') - path);
    int len = snprintf(folder, sizeof folder, "%.*s/%s", dir_len, path, TEMPLATE);
    int r = len < 0 || (size_t)len >= sizeof folder - ROOM
                ? mh_err_set(err, MH_EINVAL, "unable to measure: the path of the store is too long")
                : 0;
    if (r == 0 && mkdtemp(folder) == NULL)
        r = mh_err_sys(err, errno, "unable to make a folder in %.*s/", dir_len, path);
    free(path);
    if (r == 0) memcpy(ret_folder, folder, sizeof folder);
    return r;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status;
    (void)kind;
    (void)where;
    (void)remove(path); /* what stays is seen in the folder that then stays too */
    return 0;
}

void mh_bench_place_remove(const char *folder)
{
    (void)nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}
