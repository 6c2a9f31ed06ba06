/* Blueprints of a project: what it is made of, written down as Markdown and as JSON, in versions.
 *
 * A new one gets the next number, and only the last MH_BLUEPRINTS_KEPT are kept. Removing a project
 * removes its blueprints.
 *
 * Calls, strings and times as in store/store.h. */
#ifndef MH_BLUEPRINT_H
#define MH_BLUEPRINT_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "base/uuid.h"
#include "store/store.h"

#define MH_BLUEPRINTS_KEPT 10         /* of one project */
#define MH_BLUEPRINT_MAX   (16 << 20) /* bytes of either text */

struct mh_blueprint {
    int64_t version;    /* from 1 */
    const char *commit; /* of the index that it was made from; NULL: not known */
    int64_t tokens;     /* that a model was asked for it with; 0: none was */
    int64_t created_at;
    const char *markdown, *json; /* NULL where they were not asked for */
    size_t markdown_len, json_len;
};

/* Keeps a new version, for a job that is processing, of a project of its tenant; `version` and
 * `created_at` are the store's. Reply: `count` is the version. MH_ENOENT: there is no such project;
 * MH_ESTATE: the job does not run any more; MH_ELIMIT: a text is too long. */
int mh_store_blueprint_add(struct mh_store *store, const struct mh_uuid *job_id,
                           const struct mh_uuid *project_id, const struct mh_blueprint *blueprint,
                           mh_reply_fn *done, void *arg, struct mh_err *err) MH_MUST_CHECK;

enum mh_blueprint_text { MH_BLUEPRINT_MARKDOWN = 1, MH_BLUEPRINT_JSON = 2 };

struct mh_blueprint_filter {
    const struct mh_uuid *tenant_id; /* NULL: any */
    struct mh_uuid project_id;
    int64_t version; /* 0: any */
    int texts;       /* a mask of enum mh_blueprint_text; 0: neither */
    size_t limit;    /* 1 to MH_BLUEPRINTS_KEPT */
};

/* Newest first; none of a project that is not there, or not the asker's. Reply: `blueprints`,
 * `count`. */
int mh_store_blueprint_list(struct mh_store *store, const struct mh_blueprint_filter *filter,
                            mh_reply_fn *done, void *arg, struct mh_err *err) MH_MUST_CHECK;

#endif
