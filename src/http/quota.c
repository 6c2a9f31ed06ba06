#include "http/quota.h"

#include <stdlib.h>

#include "base/random.h"

#define SETS    256
#define WAYS    4
#define BURST_S 10

/* What somebody has left, as it was at a time. */
struct bucket {
    uint64_t key;
    double left;
    int64_t at_us; /* 0: nobody's */
};

struct mh_quota {
    double per_us;
    double most;
    uint64_t secret;
    struct bucket buckets[SETS][WAYS];
};

int mh_quota_new(int64_t per_second, struct mh_quota **ret_quota, struct mh_err *err)
{
    struct mh_quota *quota = calloc(1, sizeof *quota);
    if (quota == NULL) return mh_err_set(err, MH_ENOMEM, "unable to serve: out of memory");
    quota->per_us = (double)per_second / 1e6;
    quota->most = (double)(per_second * BURST_S);
    mh_random_bytes(&quota->secret, sizeof quota->secret);
    *ret_quota = quota;
    return 0;
}

void mh_quota_free(struct mh_quota *quota)
{
    free(quota);
}

/* FNV-1a, begun with the secret: nobody can aim at the bucket of somebody else. */
static uint64_t number_of(const struct mh_quota *quota, const char *key)
{
    uint64_t number = quota->secret ^ UINT64_C(0xcbf29ce484222325);
    for (; *key != '\0'; key++)
        number = (number ^ (unsigned char)*key) * UINT64_C(0x100000001b3);
    return number;
}

/* The bucket of this key, or the one of its set that was used longest ago, now the key's and full.
 */
static struct bucket *find(struct mh_quota *quota, uint64_t key, int64_t now_us)
{
    struct bucket *set = quota->buckets[key >> 32 & (SETS - 1)], *oldest = set;
    for (struct bucket *bucket = set; bucket < set + WAYS; bucket++) {
        if (bucket->at_us != 0 && bucket->key == key) return bucket;
        if (bucket->at_us < oldest->at_us) oldest = bucket;
    }
    *oldest = (struct bucket){.key = key, .left = quota->most, .at_us = now_us};
    return oldest;
}

int64_t mh_quota_take(struct mh_quota *quota, const char *key, int64_t now_us)
{
    if (quota->most == 0) return 0;
    struct bucket *bucket = find(quota, number_of(quota, key), now_us);
    bucket->left += (double)(now_us - bucket->at_us) * quota->per_us;
    if (bucket->left > quota->most) bucket->left = quota->most;
    bucket->at_us = now_us;
    if (bucket->left < 1) return 1 + (int64_t)((1 - bucket->left) / quota->per_us / 1000);
    bucket->left -= 1;
    return 0;
}
