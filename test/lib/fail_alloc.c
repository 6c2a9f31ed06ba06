/* Preloaded into a program: the allocation number FAIL_ALLOC (from 1) fails, and with
 * FAIL_ALLOC_ON=1 every one after it too. At exit the number of allocations is written to the file
 * FAIL_ALLOC_COUNT. Only in the process that was started, not in its children. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_long made;
static long failing;
static bool on;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static bool fails(void)
{
    long number = atomic_fetch_add(&made, 1) + 1;
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
    on = getenv("FAIL_ALLOC_ON") != NULL;
    failing = number != NULL ? strtol(number, NULL, 10) : 0;
    atomic_store(&made, 0);
}

__attribute__((destructor)) static void end(void)
{
    char text[32];
    const char *path = getenv("FAIL_ALLOC_COUNT");
    if (path == NULL) return;
    int len = snprintf(text, sizeof text, "%ld\n", atomic_load(&made));
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, text, (size_t)len) != len) abort();
    (void)close(fd);
}
