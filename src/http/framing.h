/* How a request is framed, told from its headers.
 *
 * The library lets pass what other servers read differently, which is how requests are smuggled
 * past a proxy: two lengths, a body framed twice, no or two hosts, header names that are none, two
 * tokens. */
#ifndef MH_FRAMING_H
#define MH_FRAMING_H

#include <stdbool.h>

struct MHD_Connection;
struct mh_mhd;

struct mh_framing {
    int hosts;
    int lengths;
    int encodings;
    bool empty; /* the length is 0 */
    bool odd_name;
    unsigned seen; /* of the headers that may come once, a bit each */
    bool twice;    /* one of those did */
};

/* NULL, or what is wrong; then where the next request would begin is in doubt. */
const char *mh_framing_check(const struct mh_mhd *mhd, struct MHD_Connection *connection,
                             const char *version, struct mh_framing *ret_framing);

bool mh_framing_has_body(const struct mh_framing *framing);

#endif
