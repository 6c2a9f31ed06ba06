/* The help texts, from the tables. Errors are the buffer's. */
#ifndef MH_HELP_H
#define MH_HELP_H

#include "base/buf.h"
#include "cli/command.h"

void mh_help_overview(struct mh_buf *out);

/* `name` is the whole of it: "jobs list". */
void mh_help_command(struct mh_buf *out, const struct mh_command *command, const char *name);

#endif
