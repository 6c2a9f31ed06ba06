/* Projects and credentials, as every store gives them back.
 *
 * A project is a repository that jobs work on. A credential is what git is let in with: a token,
 * sealed before it comes to the store (base/seal.h), so that no store ever has it in clear.
 *
 * Strings and times as in store/job.h. */
#ifndef MH_PROJECT_H
#define MH_PROJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/uuid.h"

#define MH_PROJECTS_MAX      10000 /* in a store */
#define MH_PROJECT_URL_MAX   2000  /* bytes of a URL, and of a path */
#define MH_PROJECT_REF_MAX   200
#define MH_COMMIT_MAX        64
#define MH_CREDENTIALS_MAX   10000 /* in a store */
#define MH_CREDENTIAL_SEALED 8192  /* bytes of what is sealed */
#define MH_CREDENTIAL_KEY_ID 64
#define MH_CREDENTIAL_WORD   200 /* bytes of a user name or a host */

struct mh_credential {
    int64_t id;       /* the store's number for it, never used again */
    int64_t revision; /* another one after every change */
    struct mh_uuid tenant_id;
    const char *name; /* the tenant's word for it, made as a type's */
    const char *username;
    const char *host;   /* HOST or HOST:PORT, the only one it is sent to; NULL: any */
    const char *key_id; /* of the key it is sealed with */
    const void *sealed; /* NULL where it was not asked for */
    size_t sealed_len;
    int64_t used_at; /* by a job, the last time; 0: never */
    int64_t created_at;
    int64_t updated_at;
};

enum mh_project_state {
    MH_PROJECT_NEW,
    MH_PROJECT_INDEXING,
    MH_PROJECT_INDEXED,
    MH_PROJECT_FAILED, /* the last time */
    MH_PROJECT__COUNT,
};

struct mh_project {
    struct mh_uuid id;
    struct mh_uuid tenant_id;
    const char *name; /* the tenant's word for it, made as a type's */
    const char *url;
    const char *ref;        /* a branch or tag; NULL: the repository's default */
    const char *credential; /* a name; NULL: none */
    enum mh_project_state state;
    const char *path;      /* of the clone while there is one, else "" */
    const char *commit;    /* that was indexed last; NULL: none */
    struct mh_uuid job_id; /* the last one that worked on it; zero: none */
    int64_t indexed_at;    /* 0: never */
    int64_t created_at;
    int64_t updated_at;
};

/* What a running job says of the project it works on, which is its own from then on, for as long as
 * it runs. */
struct mh_project_mark {
    struct mh_uuid job_id;
    struct mh_uuid project_id;
    enum mh_project_state state; /* MH_PROJECT__COUNT: as it was, and so the path */
    const char *path;            /* of the clone, "" for none */
    const char *commit;          /* NULL: as it was */
    bool indexed;                /* just now */
};

const char *mh_project_state_name(enum mh_project_state state); /* "new" … */

#endif
