#include <string.h>

#include "fuzz.h"
#include "jobs/ctags.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mh_arena arena;
    struct mh_symbol symbol;
    mh_arena_init(&arena, 1 << 24);
    if (mh_ctags_parse((const char *)data, size, &arena, &symbol) == 1) {
        require(symbol.name != NULL && strlen(symbol.name) <= MH_SYMBOL_NAME);
        require(symbol.kind != NULL && symbol.line >= 1);
    }
    mh_arena_release(&arena);
    return 0;
}
