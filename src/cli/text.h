/* Text from outside, made fit for a terminal: no control character, no change of direction, nothing
 * that is not UTF-8. Errors are the buffer's. */
#ifndef MH_TEXT_H
#define MH_TEXT_H

#include <stddef.h>

#include "base/buf.h"

/* Appends `text` as one line: line breaks and tabs become spaces, other controls U+FFFD. */
void mh_text_line(struct mh_buf *out, const char *text, size_t len);

/* Appends `text` line by line, each behind `indent` and ended by a newline; tabs are kept. */
void mh_text_block(struct mh_buf *out, const char *text, size_t len, const char *indent);

/* Appends checked JSON; controls that JSON allows in a string become escapes: the value stays the
 * same. */
void mh_text_json(struct mh_buf *out, const char *json, size_t len);

/* Columns that clean text takes on a terminal. */
size_t mh_text_columns(const char *text, size_t len);

/* The largest length of clean text that takes at most `columns` columns. */
size_t mh_text_fit(const char *text, size_t len, size_t columns);

#endif
