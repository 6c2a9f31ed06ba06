/* Foreign words within Markdown and Mermaid. Control characters become spaces, and what is too long
 * ends with "…". */
#ifndef MH_ESCAPE_H
#define MH_ESCAPE_H

#include "base/buf.h"

#define MH_ESCAPE_NAME 200 /* bytes of a name */

/* Running text, at the beginning of a line or within one, a cell of a table included. */
void mh_escape_text(struct mh_buf *markdown, const char *text);

/* A name as code, in a cell of a table or elsewhere. */
void mh_escape_code(struct mh_buf *markdown, const char *name);
void mh_escape_cell(struct mh_buf *markdown, const char *name);

/* Within the quotes of a label of Mermaid. */
void mh_escape_label(struct mh_buf *mermaid, const char *name);

#endif
