#include <string.h>

#include "fuzz.h"
#include "jobs/count.h"
#include "jobs/imports.h"
#include "store/terms.h"

/* The first byte chooses the language. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"C",    "Go",   "Python",       "TypeScript", "Java",
                                        "Rust", "Ruby", "Bourne Shell", "Perl",       "Haskell"};
    struct mh_arena arena;
    const struct mh_import *imports = NULL;
    size_t count = 0;
    if (size == 0) return 0;
    const struct mh_language *language = mh_language_find(names[data[0] % 10]);
    const char *text = (const char *)data + 1;
    mh_arena_init(&arena, 1 << 26);
    struct mh_count lines = mh_count_lines(language->syntax, text, size - 1);
    require(lines.lines == lines.code + lines.comments + lines.blanks);
    require(mh_imports_find(language, &arena, text, size - 1, &imports, &count) == 0);
    require(count <= MH_IMPORTS_MAX);
    for (size_t i = 0; i < count; i++) {
        require(strlen(imports[i].target) <= MH_IMPORT_MAX && imports[i].target[0] != '\0');
        require(imports[i].line >= 1 && imports[i].line <= lines.lines);
    }
    struct mh_buf words;
    mh_buf_init(&words, 1 << 24);
    mh_terms_add(&words, 1, text, size - 1);
    require(!mh_buf_failed(&words) && words.len <= MH_TERMS_BYTES + MH_TERM_MAX + 32);
    mh_buf_release(&words);
    mh_arena_release(&arena);
    return 0;
}
