#include <string.h>

#include "base/buf.h"
#include "base/dotenv.h"
#include "fuzz.h"

#define MAX_OUT ((size_t)16 << 20)

/* Writes the pair as a line that reads back as it. */
static int write_back(void *arg, const char *name, const char *value)
{
    static const char escaped[] = "\nn\rr\tt\"\"\\\\$$"; /* pairs: what, letter */
    struct mh_buf *out = arg;
    require(*name != '\0' && strpbrk(name, "= \t\r\n\"'#") == NULL);
    mh_buf_printf(out, "%s=\"", name);
    for (; *value; value++) {
        const char *pair = escaped;
        while (*pair && *pair != *value)
            pair += 2;
        if (*pair) mh_buf_char(out, '\\');
        mh_buf_char(out, *pair ? pair[1] : *value);
    }
    mh_buf_str(out, "\"\n");
    return 0;
}

static int rewrite(const char *text, size_t len, struct mh_buf *out, struct mh_err *err)
{
    mh_buf_init(out, MAX_OUT);
    return mh_dotenv_parse("fuzz.env", text, len, write_back, out, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mh_err err = {0};
    struct mh_buf once, twice;
    if (rewrite((const char *)data, size, &once, &err) == 0) {
        require(!mh_buf_failed(&once));
        require(rewrite(mh_buf_text(&once), once.len, &twice, &err) == 0);
        require(strcmp(mh_buf_text(&once), mh_buf_text(&twice)) == 0);
        mh_buf_release(&twice);
    } else {
        require(strncmp(err.text, "unable to read fuzz.env:", 24) == 0);
    }
    mh_buf_release(&once);
    return 0;
}
