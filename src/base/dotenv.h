/* Reads `.env`: NAME=value lines as the widespread tools have them.
 *
 * A line is blank, a # comment, or [export ]NAME=VALUE. VALUE is bare (trimmed, ends at " #"),
 * 'single quoted' (as it is) or "double quoted" (\n \r \t \" \\ \$ are escapes). Values hold no
 * newline otherwise and nothing is expanded. A later line wins. At most 1 MiB and 1,000 names.
 * Values never appear in an error. */
#ifndef MH_DOTENV_H
#define MH_DOTENV_H

#include <stddef.h>

#include "base/compiler.h"
#include "base/err.h"

/* Called for each pair, in order; a negative return ends the parse with it. */
typedef int mh_dotenv_fn(void *arg, const char *name, const char *value);

/* Parses `text`; `file` is only named in errors ("unable to read .env:3: expected NAME=value"). */
int mh_dotenv_parse(const char *file, const char *text, size_t len, mh_dotenv_fn *fn, void *arg,
                    struct mh_err *err) MH_MUST_CHECK;

#endif
