/* Preloaded into a program: the allocation number FAIL_ALLOC (from 1) fails, and with
 * FAIL_ALLOC_ON=1 every one after it too. Into the file FAIL_ALLOC_PLACES goes the number of the
 * first allocation at each place, which is told by the calls that led there, and last how many
 * allocations there were. Only in the process that was started, not in its children. */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CALLS  8     /* that tell a place; more would tell apart what is alike */
#define PLACES 65536 /* a power of two, more than there are */

static atomic_long made;
static long failing;
static bool on;

static FILE *places;
static _Thread_local bool noting; /* what noting itself allocates does not count */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uintptr_t seen[PLACES];

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static void note(long number)
{
    void *calls[CALLS + 2];
    uintptr_t place = 1;
    int count = backtrace(calls, CALLS + 2);
    for (int i = 2; i < count; i++) /* not this function and its caller */
        place = (place ^ (uintptr_t)calls[i]) * 1099511628211u;
    (void)pthread_mutex_lock(&lock);
    size_t slot = place % PLACES;
    while (seen[slot] != 0 && seen[slot] != place)
        slot = (slot + 1) % PLACES;
    if (seen[slot] == 0) fprintf(places, "%ld\n", number);
    seen[slot] = place;
    (void)pthread_mutex_unlock(&lock);
}

static bool fails(void)
{
    if (noting) return false;
    long number = atomic_fetch_add(&made, 1) + 1;
    if (places != NULL) {
        noting = true;
        note(number);
        noting = false;
    }
    if (failing == 0 || (on ? number < failing : number != failing)) return false;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return fails() ? NULL : __libc_realloc(old, size);
}

/* What the dynamic linker and the C library took before main is not the program's. */
__attribute__((constructor)) static void begin(void)
{
    const char *number = getenv("FAIL_ALLOC");
    const char *path = getenv("FAIL_ALLOC_PLACES");
    on = getenv("FAIL_ALLOC_ON") != NULL;
    failing = number != NULL ? strtol(number, NULL, 10) : 0;
    noting = true;
    places = path != NULL ? fopen(path, "we") : NULL;
    if (path != NULL && places == NULL) abort();
    noting = false;
    atomic_store(&made, 0);
}

__attribute__((destructor)) static void end(void)
{
    if (places == NULL) return;
    noting = true;
    fprintf(places, "%ld\n", atomic_load(&made));
    if (fclose(places) != 0) abort();
    places = NULL;
}
