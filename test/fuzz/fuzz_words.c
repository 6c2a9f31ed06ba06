#include <string.h>

#include "fuzz.h"
#include "worker/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mh_arena arena;
    const char *const *words = NULL;
    mh_arena_init(&arena, 1 << 24);
    char *text = mh_arena_copy(&arena, (const char *)data, size);
    require(text != NULL);
    if (mh_words_split(&arena, text, &words, NULL) == 0) {
        size_t count = 0, bytes = 0;
        for (; words[count] != NULL; count++)
            bytes += strlen(words[count]);
        require(count >= 1 && count <= MH_WORDS_MAX && bytes <= strlen(text));
    } else {
        require(words == NULL);
    }
    mh_arena_release(&arena);
    return 0;
}
