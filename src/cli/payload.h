/* A payload as a command line gives it: JSON, @FILE, or - for standard input. */
#ifndef MH_PAYLOAD_H
#define MH_PAYLOAD_H

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"
#include "cli/command.h"

/* Makes the buffer large enough for any payload that is allowed; release it afterwards. */
void mh_payload_init(struct mh_buf *buf, const struct mh_cli *cli);

/* The text without blanks around it, in `word` itself or read into `buf`; unchecked. MH_EINVAL:
 * the file cannot be read, or is too large. */
int mh_payload_read(const char *word, struct mh_buf *buf, const char **ret_text, size_t *ret_len,
                    struct mh_err *err) MH_MUST_CHECK;

#endif
