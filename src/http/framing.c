#include "http/framing.h"

#include <string.h>
#include <strings.h>

#include "http/mhd.h"

static bool is_token(const char *name, size_t len)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < len; i++) {
        char c = name[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!plain && (c == '\0' || !strchr(marks, c))) return false;
    }
    return len > 0;
}

/* What decides who asks, or how the body is read: where it comes twice a proxy may have looked at
 * the other one. */
static void note_single(struct mh_framing *framing, const char *name)
{
    static const char *const single[] = {"Authorization", "Content-Type", "Origin"};
    for (size_t i = 0; i < sizeof single / sizeof *single; i++) {
        if (strcasecmp(name, single[i]) != 0) continue;
        if ((framing->seen & 1u << i) != 0) framing->twice = true;
        framing->seen |= 1u << i;
    }
}

static enum MHD_Result note_header(void *arg, enum MHD_ValueKind kind, const char *name,
                                   size_t name_len, const char *value, size_t value_len)
{
    struct mh_framing *framing = arg;
    (void)kind;
    (void)value_len;
    if (!is_token(name, name_len)) framing->odd_name = true;
    note_single(framing, name);
    if (strcasecmp(name, MHD_HTTP_HEADER_HOST) == 0) framing->hosts++;
    if (strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0) framing->encodings++;
    if (strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0) {
        framing->lengths++;
        framing->empty = value && strcmp(value, "0") == 0;
    }
    return MHD_YES;
}

/* NULL, or what is wrong. */
static const char *wrong_framing(const struct mh_framing *framing, const char *version)
{
    if (framing->odd_name) return "a header name is not a token";
    if (framing->lengths > 1) return "the length is given more than once";
    if (framing->lengths > 0 && framing->encodings > 0)
        return "a length and a transfer encoding exclude each other";
    if (framing->hosts > 1) return "the host is given more than once";
    if (framing->hosts == 0 && strcmp(version, MHD_HTTP_VERSION_1_1) == 0)
        return "the host is missing";
    if (framing->twice) return "Authorization, Content-Type or Origin is given more than once";
    return NULL;
}

const char *mh_framing_check(const struct mh_mhd *mhd, struct MHD_Connection *connection,
                             const char *version, struct mh_framing *ret_framing)
{
    *ret_framing = (struct mh_framing){0};
    (void)mhd->get_connection_values_n(connection, MHD_HEADER_KIND, note_header, ret_framing);
    return wrong_framing(ret_framing, version);
}

bool mh_framing_has_body(const struct mh_framing *framing)
{
    return framing->encodings > 0 || (framing->lengths > 0 && !framing->empty);
}
