/* The diagrams of a blueprint, as Mermaid flow charts: modules that depend on each other, and the
 * chief files of one module. Of more links than a person can follow the strongest are drawn. */
#ifndef MH_MERMAID_H
#define MH_MERMAID_H

#include <stddef.h>

#include "base/buf.h"
#include "jobs/blueprint/outline.h"

#define MH_MERMAID_LINKS 60
#define MH_MERMAID_FILES 12

/* What a diagram does not show. */
struct mh_mermaid_left {
    size_t links, modules;
};

/* Nothing where there is no link. Both are whole, fences included. */
struct mh_mermaid_left mh_mermaid_modules(struct mh_buf *markdown,
                                          const struct mh_outline *outline);
void mh_mermaid_files(struct mh_buf *markdown, const struct mh_outline *outline,
                      const struct mh_outline_module *module);

#endif
