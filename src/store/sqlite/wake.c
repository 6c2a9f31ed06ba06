#include "store/sqlite/wake.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/random.h"

/* KINDS-PID-RANDOM: one hexadecimal digit, up to ten, and sixteen. */
#define NAME_SIZE 32

/* Listeners a sender knows; more are served by the one look a second, see sqlite.c. */
#define PEERS_MAX 1024

/* A folder's time of change is as coarse as the kernel's tick: a list of names is trusted once it
 * was made so long after the change. */
#define SETTLE_US 100000

/* The most messages read at a time; the loop comes back for the rest. */
#define DRAIN_MAX 1000

/* A socket takes at least so many messages before it refuses more. */
#define QUEUE_MIN 10

static char *folder_path(const char *path)
{
    char *folder = NULL;
    return asprintf(&folder, "%s-wake", path) < 0 ? NULL : folder;
}

/* Through the descriptor of the folder: socket addresses are short, paths need not be. */
static void make_address(int folder_fd, const char *name, struct sockaddr_un *ret_address)
{
    *ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
    /* Fits: a number and a NAME_SIZE. */
    (void)snprintf(ret_address->sun_path, sizeof ret_address->sun_path, "/proc/self/fd/%d/%s",
                   folder_fd, name);
}

/* --- listening */

struct mh_listener {
    int folder_fd;
    int fd;
    char name[NAME_SIZE]; /* "": not bound */
    int kinds;
    mh_news_fn *fn;
    void *arg;
    struct mh_watch *watch;
};

/* The queue was full where it is found long, and some news may have been refused. */
static int drain(int fd)
{
    int news = 0;
    int count = 0;
    unsigned char byte;
    while (count < DRAIN_MAX && recv(fd, &byte, 1, 0) == 1) {
        news |= byte;
        count++;
    }
    return count < QUEUE_MIN ? news : MH_NEWS_ALL;
}

static void heard(void *arg, int events)
{
    struct mh_listener *listener = arg;
    int news = drain(listener->fd) & listener->kinds;
    if (news != 0) listener->fn(listener->arg, news);
}

static int open_folder(const char *path, struct mh_err *err)
{
    char *folder = folder_path(path);
    if (folder == NULL) return mh_err_set(err, MH_ENOMEM, "unable to listen: out of memory");
    int fd = -1;
    if (mkdir(folder, 0700) == 0 || errno == EEXIST)
        fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int r = fd >= 0 ? fd : mh_err_sys(err, errno, "unable to open %s", folder);
    free(folder);
    return r;
}

static int bind_socket(struct mh_listener *listener, struct mh_err *err)
{
    listener->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener->fd < 0) return mh_err_sys(err, errno, "unable to make a socket");
    uint64_t random;
    mh_random_bytes(&random, sizeof random);
    char name[NAME_SIZE];
    (void)snprintf(name, sizeof name, "%x-%d-%016" PRIx64, (unsigned)listener->kinds, (int)getpid(),
                   random);
    struct sockaddr_un address;
    make_address(listener->folder_fd, name, &address);
    if (bind(listener->fd, (struct sockaddr *)&address, sizeof address) < 0)
        return mh_err_sys(err, errno, "unable to bind a socket");
    memcpy(listener->name, name, sizeof name);
    return 0;
}

int mh_listener_open(uv_loop_t *loop, const char *path, int kinds, mh_news_fn *fn, void *arg,
                     struct mh_listener **ret_listener, struct mh_err *err)
{
    struct mh_listener *listener = calloc(1, sizeof *listener);
    if (listener == NULL) return mh_err_set(err, MH_ENOMEM, "unable to listen: out of memory");
    *listener = (struct mh_listener){.fd = -1, .kinds = kinds, .fn = fn, .arg = arg};
    int r = listener->folder_fd = open_folder(path, err);
    if (r >= 0) r = bind_socket(listener, err);
    if (r == 0)
        r = mh_watch_new(loop, listener->fd, UV_READABLE, heard, listener, &listener->watch, err);
    if (r < 0) {
        mh_listener_close(listener);
        return r;
    }
    *ret_listener = listener;
    return 0;
}

void mh_listener_close(struct mh_listener *listener)
{
    if (listener == NULL) return;
    mh_watch_drop(listener->watch);
    if (listener->name[0] != '\0')
        (void)unlinkat(listener->folder_fd, listener->name, 0); /* else a sender removes it */
    if (listener->fd >= 0) (void)close(listener->fd);
    if (listener->folder_fd >= 0) (void)close(listener->folder_fd);
    free(listener);
}

/* --- sending */

struct peer {
    char name[NAME_SIZE];
    int kinds;
};

struct mh_sender {
    char *folder;
    int folder_fd;
    int fd;
    struct timespec changed; /* the folder's time of change, and when it was seen */
    int64_t seen_us;
    int64_t listed_us; /* when the peers were read */
    struct peer *peers;
    size_t count;
};

struct mh_sender *mh_sender_new(const char *path)
{
    struct mh_sender *sender = calloc(1, sizeof *sender);
    if (sender == NULL) return NULL;
    *sender = (struct mh_sender){.folder = folder_path(path), .folder_fd = -1, .fd = -1};
    if (sender->folder != NULL) return sender;
    free(sender);
    return NULL;
}

static void close_folder(struct mh_sender *sender)
{
    if (sender->folder_fd >= 0) (void)close(sender->folder_fd); /* nothing was written */
    sender->folder_fd = -1;
    sender->count = 0;
    sender->listed_us = 0;
}

void mh_sender_free(struct mh_sender *sender)
{
    if (sender == NULL) return;
    close_folder(sender);
    if (sender->fd >= 0) (void)close(sender->fd);
    free(sender->peers);
    free(sender->folder);
    free(sender);
}

/* True once there is a folder and a socket; without a folder nobody listens. */
static bool ready(struct mh_sender *sender, struct stat *ret_info)
{
    if (sender->folder_fd >= 0 &&
        (fstat(sender->folder_fd, ret_info) < 0 || ret_info->st_nlink == 0))
        close_folder(sender);
    if (sender->folder_fd < 0) {
        sender->folder_fd = open(sender->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (sender->folder_fd < 0 || fstat(sender->folder_fd, ret_info) < 0) return false;
    }
    if (sender->fd < 0) sender->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return sender->fd >= 0;
}

/* 0: it is no digit. */
static int kinds_of(char digit)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = digit != '\0' ? strchr(digits, digit) : NULL;
    return found != NULL ? (int)(found - digits) : 0;
}

static void add_peer(struct mh_sender *sender, const char *name)
{
    int kinds = kinds_of(name[0]);
    size_t len = strlen(name);
    if (kinds == 0 || name[1] != '-' || len >= NAME_SIZE) return;
    struct peer *peer = &sender->peers[sender->count++];
    memcpy(peer->name, name, len + 1);
    peer->kinds = kinds;
}

static void list_peers(struct mh_sender *sender)
{
    sender->count = 0;
    if (sender->peers == NULL) sender->peers = calloc(PEERS_MAX, sizeof *sender->peers);
    if (sender->peers == NULL) return;
    int fd = openat(sender->folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (dir == NULL) {
        if (fd >= 0) (void)close(fd);
        return;
    }
    const struct dirent *entry;
    while (sender->count < PEERS_MAX && (entry = readdir(dir)) != NULL)
        add_peer(sender, entry->d_name);
    (void)closedir(dir); /* nothing was written */
}

static void refresh(struct mh_sender *sender, const struct stat *info)
{
    int64_t now_us = mh_clock_mono_us();
    if (info->st_mtim.tv_sec != sender->changed.tv_sec ||
        info->st_mtim.tv_nsec != sender->changed.tv_nsec) {
        sender->changed = info->st_mtim;
        sender->seen_us = now_us;
    }
    if (sender->listed_us > sender->seen_us + SETTLE_US) return;
    list_peers(sender);
    sender->listed_us = now_us;
}

static void send_to(const struct mh_sender *sender, const struct peer *peer, int kinds)
{
    unsigned char byte = (unsigned char)kinds;
    struct sockaddr_un address;
    make_address(sender->folder_fd, peer->name, &address);
    if (sendto(sender->fd, &byte, 1, MSG_NOSIGNAL, (struct sockaddr *)&address, sizeof address) <
            0 &&
        errno == ECONNREFUSED)
        (void)unlinkat(sender->folder_fd, peer->name, 0); /* its owner died; another may be first */
}

void mh_sender_send(struct mh_sender *sender, int kinds)
{
    struct stat info;
    if (kinds == 0 || !ready(sender, &info)) return;
    refresh(sender, &info);
    for (size_t i = 0; i < sender->count; i++)
        if ((sender->peers[i].kinds & kinds) != 0) send_to(sender, &sender->peers[i], kinds);
}
