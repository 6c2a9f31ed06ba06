#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/random.h"
#include "cli/bench/bench.h"
#include "store/sync.h"

#define SCHEME   "sqlite:"
#define TEMPLATE "millhand-bench-XXXXXX"
#define ROOM     64 /* for names below the folder */

static bool is_file(const char *url)
{
    return strncmp(url, SCHEME, strlen(SCHEME)) == 0;
}

/* Beside the file, so that the file system is the one that is asked about. */
static int make_folder(const char *beside, char ret_folder[PATH_MAX], struct mh_err *err)
{
    char folder[PATH_MAX];
    int dir_len = (int)(strrchr(beside, '/') - beside);
    int len = snprintf(folder, sizeof folder, "%.*s/%s", dir_len, beside, TEMPLATE);
    if (len < 0 || (size_t)len >= sizeof folder - ROOM)
        return mh_err_set(err, MH_EINVAL, "unable to measure: the path of the store is too long");
    if (mkdtemp(folder) == NULL)
        return mh_err_sys(err, errno, "unable to make a folder in %.*s/", dir_len, beside);
    memcpy(ret_folder, folder, sizeof folder);
    return 0;
}

int mh_bench_place_new(const char *url, struct mh_bench_place *ret_place, struct mh_err *err)
{
    struct mh_bench_place place = {.url = url, .backend = is_file(url) ? "sqlite" : "postgres"};
    char *path = is_file(url) ? mh_path_absolute(url + strlen(SCHEME)) : strdup("/tmp/");
    if (path == NULL) return mh_err_set(err, MH_ENOMEM, "unable to measure: out of memory");
    int r = make_folder(path, place.folder, err);
    free(path);
    if (r == 0) *ret_place = place;
    return r;
}

/* --- one measurement */

/* SQLite needs no asking. */
static int make_store(struct mh_bench_place *place, struct mh_err *err)
{
    struct mh_sync sync = {0};
    const struct mh_store_migrate migrate = {.roles = false};
    struct mh_store_options options = mh_bench_options(&place->bench);
    options.migrate = &migrate;
    int r = mh_sync_open(&sync, &options, err);
    mh_sync_close(&sync);
    return r;
}

int mh_bench_place_begin(struct mh_bench_place *place, bool store, struct mh_err *err)
{
    uint64_t number;
    mh_random_bytes(&number, sizeof number);
    (void)snprintf(place->schema, sizeof place->schema, "millhand_bench_%016" PRIx64, number);
    (void)snprintf(place->now, sizeof place->now, "%s/now", place->folder);
    (void)snprintf(place->now_url, sizeof place->now_url, SCHEME "%s/jobs.db", place->now);
    place->bench.folder = place->now;
    place->bench.url = is_file(place->url) ? place->now_url : place->url;
    place->bench.schema = place->schema;
    if (mkdir(place->now, 0700) < 0)
        return mh_err_sys(err, errno, "unable to make the folder %s", place->now);
    return store ? make_store(place, err) : 0;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status;
    (void)kind;
    (void)where;
    (void)remove(path); /* what stays is seen in the folder that then stays too */
    return 0;
}

static void remove_folder(const char *folder)
{
    (void)nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static int drop_schema(const struct mh_bench *bench, struct mh_err *err)
{
    const struct mh_bare_place place = {bench->url, bench->schema, false};
    struct mh_bare *bare;
    int r = mh_bare_open(&place, &bare, err);
    if (r < 0) return r;
    r = mh_bare_clear(bare, err);
    mh_bare_close(bare);
    return r;
}

int mh_bench_place_end(struct mh_bench_place *place, struct mh_err *err)
{
    remove_folder(place->now);
    if (is_file(place->url)) return 0;
    int r = drop_schema(&place->bench, err);
    return r < 0 ? mh_err_prefix(err, r, "unable to drop schema \"%s\"", place->schema) : 0;
}

void mh_bench_place_remove(const struct mh_bench_place *place)
{
    remove_folder(place->folder);
}
