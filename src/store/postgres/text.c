#include "store/postgres/text.h"

#include <string.h>

#include "base/buf.h"

#define TEXT_MAX    ((size_t)4 << 20)
#define PLACEHOLDER ":\"schema\""

static char *take(struct mh_buf *buf)
{
    char *text = mh_buf_take(buf, NULL);
    mh_buf_release(buf);
    return text;
}

char *mh_pg_quote(const char *name)
{
    struct mh_buf buf;
    mh_buf_init(&buf, TEXT_MAX);
    mh_buf_char(&buf, '"');
    for (; *name != '\0'; name++)
        mh_buf_append(&buf, *name == '"' ? "\"\"" : name, *name == '"' ? 2 : 1);
    mh_buf_char(&buf, '"');
    return take(&buf);
}

char *mh_pg_text(const char *text, const char *schema)
{
    struct mh_buf buf;
    mh_buf_init(&buf, TEXT_MAX);
    const char *found;
    while ((found = strstr(text, PLACEHOLDER)) != NULL) {
        mh_buf_append(&buf, text, (size_t)(found - text));
        mh_buf_str(&buf, schema);
        text = found + strlen(PLACEHOLDER);
    }
    mh_buf_str(&buf, text);
    return take(&buf);
}
