#include "store/sqlite/door.h"

#include <pthread.h>
#include <stdlib.h>

struct mh_door {
    uv_async_t async;
    const struct mh_door_events *events;
    void *arg;
    size_t expected;
    bool closed;
    struct mh_request *here; /* taken from `posted`, the loop's thread's own */

    pthread_mutex_t mutex; /* for what follows */
    struct mh_request *posted, **last;
    int news;
};

static int take(struct mh_door *door)
{
    (void)pthread_mutex_lock(&door->mutex); /* cannot fail: no error checks, no owner's death */
    struct mh_request **end = &door->here;
    while (*end != NULL)
        end = &(*end)->next;
    *end = door->posted;
    door->posted = NULL;
    door->last = &door->posted;
    int news = door->news;
    door->news = 0;
    (void)pthread_mutex_unlock(&door->mutex);
    return news;
}

static struct mh_request *next_here(struct mh_door *door)
{
    struct mh_request *request = door->here;
    if (request == NULL) return NULL;
    door->here = request->next;
    if (--door->expected == 0) uv_unref((uv_handle_t *)&door->async);
    return request;
}

/* An answer may close the door; it is freed by the loop, later. */
static void deliver(uv_async_t *async)
{
    struct mh_door *door = async->data;
    door->events->work(door->arg);
    int news = take(door);
    struct mh_request *request;
    while (!door->closed && (request = next_here(door)) != NULL)
        door->events->answer(door->arg, request);
    if (!door->closed && news != 0) door->events->news(door->arg, news);
}

int mh_door_new(uv_loop_t *loop, const struct mh_door_events *events, void *arg,
                struct mh_door **ret_door, struct mh_err *err)
{
    struct mh_door *door = calloc(1, sizeof *door);
    if (door == NULL) return mh_err_set(err, MH_ENOMEM, "unable to open a store: out of memory");
    int r = uv_async_init(loop, &door->async, deliver);
    if (r < 0) {
        free(door);
        return mh_err_set(err, MH_EIO, "unable to open a store: %s", uv_strerror(r));
    }
    uv_unref((uv_handle_t *)&door->async);
    (void)pthread_mutex_init(&door->mutex, NULL); /* cannot fail with default attributes */
    door->async.data = door;
    door->events = events;
    door->arg = arg;
    door->last = &door->posted;
    *ret_door = door;
    return 0;
}

void mh_door_expect(struct mh_door *door)
{
    if (door->expected++ == 0) uv_ref((uv_handle_t *)&door->async);
}

void mh_door_ring(struct mh_door *door)
{
    (void)uv_async_send(&door->async); /* fails for a closing handle only */
}

void mh_door_put(struct mh_door *door, struct mh_request *requests)
{
    (void)pthread_mutex_lock(&door->mutex);
    *door->last = requests;
    while (*door->last != NULL)
        door->last = &(*door->last)->next;
    (void)pthread_mutex_unlock(&door->mutex);
}

void mh_door_post(struct mh_door *door, struct mh_request *requests)
{
    mh_door_put(door, requests);
    mh_door_ring(door);
}

void mh_door_news(struct mh_door *door, int kinds)
{
    (void)pthread_mutex_lock(&door->mutex);
    door->news |= kinds;
    (void)pthread_mutex_unlock(&door->mutex);
    mh_door_ring(door);
}

static void free_door(uv_handle_t *handle)
{
    struct mh_door *door = handle->data;
    (void)pthread_mutex_destroy(&door->mutex);
    free(door);
}

void mh_door_close(struct mh_door *door)
{
    if (door == NULL) return;
    door->closed = true;
    (void)take(door);
    struct mh_request *request;
    while ((request = next_here(door)) != NULL)
        mh_request_free(request);
    uv_close((uv_handle_t *)&door->async, free_door);
}
