#include "jobs/blueprint/escape.h"

#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"

static bool is_control(unsigned char c)
{
    return c < ' ' || c == 0x7f;
}

static bool is_plain(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c >= 0x80 || strchr(" /_-.", c) != NULL;
}

/* How much of a name is written. */
static size_t cut(const char *name)
{
    size_t len = strlen(name);
    return len <= MH_ESCAPE_NAME ? len : mh_utf8_cut(name, len, MH_ESCAPE_NAME);
}

void mh_escape_text(struct mh_buf *markdown, const char *text)
{
    size_t digits = strspn(text, "0123456789");
    for (size_t i = 0; text[i] != '\0'; i++) {
        unsigned char c = (unsigned char)text[i];
        bool begins_list = (i == 0 && strchr("#+-=>~:", c) != NULL) ||
                           (i == digits && digits > 0 && strchr(".)", c) != NULL);
        if (begins_list || strchr("\\`*_[]<>|&~$", c) != NULL) mh_buf_char(markdown, '\\');
        mh_buf_char(markdown, is_control(c) ? ' ' : (char)c);
    }
}

static size_t longest_run(const char *name, size_t len)
{
    size_t longest = 0, run = 0;
    for (size_t i = 0; i < len; i++) {
        run = name[i] == '`' ? run + 1 : 0;
        if (run > longest) longest = run;
    }
    return longest;
}

/* A span of code ends at as many backticks as it began with, and takes one blank off each side. */
static void code(struct mh_buf *markdown, const char *name, bool in_table)
{
    size_t len = cut(name), fence = longest_run(name, len) + 1;
    const char *pad = fence > 1 || len == 0 ? " " : "";
    for (size_t i = 0; i < fence; i++)
        mh_buf_char(markdown, '`');
    mh_buf_str(markdown, pad);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)name[i];
        if (in_table && c == '|') mh_buf_char(markdown, '\\');
        mh_buf_char(markdown, is_control(c) ? ' ' : (char)c);
    }
    if (name[len] != '\0') mh_buf_str(markdown, "…");
    mh_buf_str(markdown, pad);
    for (size_t i = 0; i < fence; i++)
        mh_buf_char(markdown, '`');
}

void mh_escape_code(struct mh_buf *markdown, const char *name)
{
    code(markdown, name, false);
}

void mh_escape_cell(struct mh_buf *markdown, const char *name)
{
    code(markdown, name, true);
}

void mh_escape_label(struct mh_buf *mermaid, const char *name)
{
    size_t len = cut(name);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)name[i];
        if (is_control(c))
            mh_buf_char(mermaid, ' ');
        else if (is_plain(c))
            mh_buf_char(mermaid, (char)c);
        else
            mh_buf_printf(mermaid, "#%d;", c);
    }
    if (name[len] != '\0') mh_buf_str(mermaid, "…");
}
