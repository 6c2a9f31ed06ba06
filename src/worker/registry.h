/* The registry: which handler runs which type, from the handlers folder and millhand.conf.
 *
 * An executable FOLDER/NAME serves the type NAME, and the type NAME without its last extension
 * (`mail.send.py` serves `mail.send.py` and `mail.send`), unless another file or section claims
 * that name exactly. A section [handler.TYPE] with a command= or a url= needs no file. A built-in
 * type is served unless one of these does; its section may set what else there is to set. Read
 * once, at start. The registry owns all it gives out but the built-in types' own. */
#ifndef MH_REGISTRY_H
#define MH_REGISTRY_H

#include <stddef.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "base/err.h"
#include "worker/handler.h"

/* A type that comes with the program. */
struct mh_registry_builtin {
    const char *type;
    const char *const *argv;
    const char *const *env; /* what its children have besides what every handler's have */
};

struct mh_registry_options {
    const char *folder;
    const char *config;
    bool config_required;
    char *const
        *environment; /* where PATH, HOME, LANG, TZ and what env= and secret_env= name are */
    const char *webhook_secret; /* of types without secret_env=; NULL: none */
    const char *const *only;    /* serve these types alone; NULL: all there are */
    size_t only_count;
    const struct mh_registry_builtin *builtins; /* borrowed for as long as the registry lives */
    size_t builtin_count;
    bool may_be_empty;
};

struct mh_registry {
    struct mh_handler_spec *specs; /* by type name */
    size_t count;
    struct mh_arena arena;
};

/* MH_EINVAL: a wrong millhand.conf, a section or a wanted type without a program, or no handler
 * but built-in ones, unless those are wanted by name; MH_EIO: a folder that cannot be read. Files
 * without the run bit and names that are no types are logged as warnings. */
int mh_registry_load(const struct mh_registry_options *options, struct mh_registry *ret_registry,
                     struct mh_err *err) MH_MUST_CHECK;
void mh_registry_release(struct mh_registry *registry);

#endif
