#include "cli/payload.h"

#include <string.h>
#include <unistd.h>

#include "base/file.h"

#define BLANKS_MAX 4096 /* read beyond the payload limit: blanks around it do not count */

void mh_payload_init(struct mh_buf *buf, const struct mh_cli *cli)
{
    mh_buf_init(buf, (size_t)cli->settings.max_payload_bytes + BLANKS_MAX);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

int mh_payload_read(const char *word, struct mh_buf *buf, const char **ret_text, size_t *ret_len,
                    struct mh_err *err)
{
    bool is_input = strcmp(word, "-") == 0, is_file = word[0] == '@';
    int r = 0;
    if (is_input)
        r = mh_file_read_fd(STDIN_FILENO, "standard input", buf, err);
    else if (is_file)
        r = mh_file_read(word + 1, buf, err);
    if (r < 0) return err->code = MH_EINVAL; /* the file, or too large: wrong use here */
    const char *text = is_input || is_file ? mh_buf_text(buf) : word;
    size_t len = is_input || is_file ? buf->len : strlen(word);
    while (len > 0 && is_blank(text[len - 1]))
        len--;
    for (; len > 0 && is_blank(*text); text++)
        len--;
    *ret_text = text;
    *ret_len = len;
    return 0;
}
