#include "base/uuid.h"

#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/random.h"

#define COUNTER_BITS 26 /* the 12 of rand_a and the top 14 of rand_b */
#define NOISE        10 /* bytes of chance for an id: where a counter starts, and its last six */

const struct mh_uuid mh_uuid_zero;

/* What keeps ids increasing: the time and counter of the last one. */
static pthread_mutex_t last_lock = PTHREAD_MUTEX_INITIALIZER;
static int64_t last_ms;
static uint32_t last_counter;

/* Chance for the next ids, under the same lock: to ask the kernel costs as much for one as for all,
 * and as much as a tenth of what a job of a bulk dispatch to SQLite does. */
static uint8_t noise_ahead[25 * NOISE];
static size_t noise_left;
static bool forks_watched;
static pthread_once_t watch_once = PTHREAD_ONCE_INIT;

static uint32_t load_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void lock(void)
{
    (void)pthread_mutex_lock(&last_lock); /* a plain mutex that is used correctly cannot fail */
}

static void unlock(void)
{
    (void)pthread_mutex_unlock(&last_lock); /* nor can this */
}

/* A child must not make the ids that its parent makes. */
static void unlock_in_child(void)
{
    noise_left = 0;
    unlock();
}

static void watch_forks(void)
{
    if (pthread_atfork(lock, unlock, unlock_in_child) == 0) forks_watched = true;
}

static void take_noise(uint8_t ret_noise[NOISE])
{
    if (!forks_watched) {
        mh_random_bytes(ret_noise, NOISE);
        return;
    }
    if (noise_left == 0) {
        mh_random_bytes(noise_ahead, sizeof noise_ahead);
        noise_left = sizeof noise_ahead;
    }
    noise_left -= NOISE;
    memcpy(ret_noise, noise_ahead + noise_left, NOISE);
}

/* A new millisecond starts at `start`; else the counter goes on, also where the clock was set
 * back, and borrows the next millisecond when it is full. */
static void advance(int64_t now_ms, uint32_t start)
{
    if (now_ms > last_ms) {
        last_ms = now_ms;
        last_counter = start;
    } else if (++last_counter >> COUNTER_BITS != 0) {
        last_ms++;
        last_counter = start;
    }
}

struct mh_uuid mh_uuid_new(void)
{
    uint8_t noise[NOISE];
    (void)pthread_once(&watch_once, watch_forks); /* correctly used it cannot fail */
    lock();
    take_noise(noise);
    advance(mh_clock_now_ms(), load_u32(noise) >> (32 - COUNTER_BITS));
    int64_t ms = last_ms;
    uint32_t counter = last_counter;
    unlock();

    struct mh_uuid id;
    for (int i = 0; i < 6; i++)
        id.b[i] = (uint8_t)(ms >> (40 - 8 * i));
    id.b[6] = (uint8_t)(0x70 | counter >> 22);
    id.b[7] = (uint8_t)(counter >> 14);
    id.b[8] = (uint8_t)(0x80 | (counter >> 8 & 0x3f));
    id.b[9] = (uint8_t)counter;
    memcpy(id.b + 10, noise + 4, 6);
    return id;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* True before the bytes that a dash stands in front of. */
static bool dash_before(int byte)
{
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

int mh_uuid_parse(const char *text, struct mh_uuid *ret_id)
{
    struct mh_uuid id;
    for (int i = 0; i < 16; i++) {
        if (dash_before(i) && *text++ != '-') return MH_EINVAL;
        int high = hex_digit(text[0]);
        int low = high >= 0 ? hex_digit(text[1]) : -1; /* never past the NUL */
        if (low < 0) return MH_EINVAL;
        id.b[i] = (uint8_t)(high << 4 | low);
        text += 2;
    }
    if (*text != '\0') return MH_EINVAL;
    *ret_id = id;
    return 0;
}

void mh_uuid_format(const struct mh_uuid *id, char ret_text[MH_UUID_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < 16; i++) {
        if (dash_before(i)) *ret_text++ = '-';
        *ret_text++ = digits[id->b[i] >> 4];
        *ret_text++ = digits[id->b[i] & 15];
    }
    *ret_text = '\0';
}

bool mh_uuid_equal(const struct mh_uuid *a, const struct mh_uuid *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}
