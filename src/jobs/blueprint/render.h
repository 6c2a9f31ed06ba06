/* A blueprint written down: Markdown with Mermaid diagrams for people, JSON for programs.
 *
 * The same outline gives the same bytes. Names and texts come from the project: whatever stands in
 * them, they stay what they are and become no markup. Errors are the buffer's. One thread. */
#ifndef MH_RENDER_H
#define MH_RENDER_H

#include "base/buf.h"
#include "jobs/blueprint/outline.h"

#define MH_RENDER_MAX ((size_t)16 << 20) /* bytes that either may have */

struct mh_render_title {
    const char *project;
    const char *commit; /* NULL: not known */
};

void mh_render_markdown(const struct mh_outline *outline, const struct mh_render_title *title,
                        struct mh_buf *markdown);
void mh_render_json(const struct mh_outline *outline, const struct mh_render_title *title,
                    struct mh_buf *json);

#endif
