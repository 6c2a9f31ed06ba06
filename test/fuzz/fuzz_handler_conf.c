#include <string.h>

#include "fuzz.h"
#include "store/job.h"
#include "worker/handler_conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mh_arena arena;
    struct mh_handler_confs confs = {0};
    struct mh_err err = {0};
    mh_arena_init(&arena, 1 << 24);
    char *text = mh_arena_copy(&arena, (const char *)data, size);
    require(text != NULL);
    if (mh_handler_conf_parse("m.conf", text, &arena, &confs, &err) == 0) {
        for (size_t i = 0; i < confs.count; i++) {
            const struct mh_handler_conf *conf = &confs.all[i];
            require(mh_type_valid(conf->type) && conf->timeout_ms > 0 && conf->concurrency >= 1);
            bool http = strcmp(conf->mode, "http") == 0;
            require(http || strcmp(conf->mode, "oneshot") == 0 ||
                    strcmp(conf->mode, "persistent") == 0);
            require(http == (conf->url != NULL) && (!http || conf->command == NULL));
        }
    } else {
        require(strncmp(err.text, "unable to read m.conf", 21) == 0 &&
                strchr(err.text, '\n') == NULL);
    }
    mh_arena_release(&arena);
    return 0;
}
