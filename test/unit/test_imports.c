#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "jobs/imports.h"
#include "jobs/resolve.h"

static struct mh_arena arena;

static int setup(void **state)
{
    mh_arena_init(&arena, 1 << 24);
    return 0;
}

static int teardown(void **state)
{
    mh_arena_release(&arena);
    return 0;
}

/* "line target|…" */
static const char *imports(const char *language, const char *text)
{
    static char all[2000];
    const struct mh_import *found;
    size_t count;
    assert_int_equal(
        mh_imports_find(mh_language_find(language), &arena, text, strlen(text), &found, &count), 0);
    all[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(all);
        snprintf(all + len, sizeof all - len, "%d %s|", found[i].line, found[i].target);
    }
    return all;
}

static void every_language_has_its_statements(void **state)
{
    static const struct {
        const char *language, *text, *expected;
    } cases[] = {
        {"C", "#include <a.h>\n# include \"b/c.h\" // x\n/* #include \"no\" */\n#includex \"no\"\n",
         "1 <a.h>|2 b/c.h|"},
        {"Go", "package x\nimport \"a\"\nimport (\n\tf \"b/c\" // x\n\n\t. \"d\"\n)\n",
         "2 a|4 b/c|6 d|"},
        {"Python",
         "import a.b as c, d\nfrom .e import (f,\n    g as h)\nfrom . import i\n"
         "from j import *\nx = 'import no'\n\"\"\"\nimport no\n\"\"\"\nif x:\n    import k\n",
         "1 a.b|1 d|2 .e:f|3 .e:g|4 .:i|5 j|11 k|"},
        {"TypeScript",
         "import x, {\n y } from './a';\nimport \"b\";\nexport * from '../c'\n"
         "const d = require('d')\nawait import('./e.js')\nx.from('no'); f('no')\n// from 'no'\n",
         "2 ./a|3 b|4 ../c|5 d|6 ./e.js|"},
        {"Java", "import a.b.C;\nimport static d.E.f;\nimport g.*;\n", "1 a.b.C|2 d.E.f|3 g|"},
        {"Rust",
         "mod a;\npub(crate) mod b { }\nuse crate::c::{self, d::e as f, g::*};\npub use h;\n",
         "1 mod a|3 crate::c::self|3 crate::c::d::e|3 crate::c::g|4 h|"},
        {"Rust", "use\n  a\n\n;\nuse b\n", "2 a|5 b|"},
        {"Ruby", "require 'a'\nrequire_relative \"b/c\"\nrequire(x)\n", "1 a|2 ./b/c|"},
        {"Bourne Shell", "#!/bin/sh\n. lib/a.sh\nsource \"$(dirname \"$0\")/b.sh\" x\n.x no\n",
         "2 lib/a.sh|3 ./b.sh|"},
        {"Markdown", "import a\n", ""},
    };
    for (size_t i = 0; i < MH_LEN(cases); i++)
        assert_string_equal(imports(cases[i].language, cases[i].text), cases[i].expected);
}

static void unfinished_statements_end_with_the_text(void **state)
{
    static const char *const texts[] = {
        "import (",        "from x import (a,", "#include \"", "use a::{b as",
        "use {{{{{{{{{{{", "require('",         "import \\",   ". \"$"};
    static const char *const languages[] = {"C",    "Go",   "Python", "JavaScript",
                                            "Java", "Rust", "Ruby",   "zsh"};
    for (size_t i = 0; i < MH_LEN(texts); i++)
        for (size_t l = 0; l < MH_LEN(languages); l++)
            (void)imports(languages[l], texts[i]);
}

/* --- which file it is */

static const char *resolve(const char *from, enum mh_import_style style, const char *target)
{
    static const char *const paths[] = {
        "Main.java",         "app/main.py",    "app/pkg/__init__.py",
        "app/pkg/mod.py",    "app/util.py",    "go/a.go",
        "go/go.go",          "go/x/b.go",      "go/x/doc.go",
        "go/y/c.go",         "include/lib.h",  "lib/tool.rb",
        "lib/tool/x.rb",     "org/a/B.java",   "scripts/lib.sh",
        "scripts/run.sh",    "src/a.c",        "src/a.h",
        "src/deep/a.h",      "src/deep/b.c",   "src/lib.rs",
        "src/net/client.rs", "src/net/mod.rs", "src/net/tls.rs",
        "src/store/store.h", "web/a.ts",       "web/b.tsx",
        "web/c/index.js",    "web/d.json"};
    struct mh_tree_file files[MH_LEN(paths)];
    struct mh_tree tree = {.root = -1, .files = files, .count = MH_LEN(paths)};
    struct mh_resolver *resolver;
    for (size_t i = 0; i < MH_LEN(paths); i++)
        files[i] = (struct mh_tree_file){.path = paths[i]};
    assert_int_equal(mh_resolver_new(&arena, &tree, &resolver, NULL), 0);
    const char *found = mh_resolve(resolver, from, style, target);
    return found != NULL ? found : "none";
}

static void an_import_is_the_file_that_its_language_looks_for(void **state)
{
    static const struct {
        const char *from;
        enum mh_import_style style;
        const char *target, *expected;
    } cases[] = {
        {"src/deep/b.c", MH_IMPORT_C, "a.h", "src/deep/a.h"},
        {"src/deep/b.c", MH_IMPORT_C, "../a.h", "src/a.h"},
        {"src/a.c", MH_IMPORT_C, "store/store.h", "src/store/store.h"},
        {"src/a.c", MH_IMPORT_C, "<lib.h>", "include/lib.h"},
        {"src/a.c", MH_IMPORT_C, "<a.h>", "none"},
        {"src/a.c", MH_IMPORT_C, "../../a.h", "none"},
        {"app/main.py", MH_IMPORT_PYTHON, "util", "app/util.py"},
        {"app/main.py", MH_IMPORT_PYTHON, "pkg.mod", "app/pkg/mod.py"},
        {"app/main.py", MH_IMPORT_PYTHON, "pkg:mod", "app/pkg/mod.py"},
        {"app/main.py", MH_IMPORT_PYTHON, "pkg:name", "app/pkg/__init__.py"},
        {"app/pkg/mod.py", MH_IMPORT_PYTHON, "..:util", "app/util.py"},
        {"app/pkg/mod.py", MH_IMPORT_PYTHON, ".:x", "app/pkg/__init__.py"},
        {"app/main.py", MH_IMPORT_PYTHON, "json", "none"},
        {"go/x/b.go", MH_IMPORT_GO, "../../go", "go/go.go"},
        {"go/a.go", MH_IMPORT_GO, "./x", "go/x/doc.go"},
        {"go/a.go", MH_IMPORT_GO, "./y", "go/y/c.go"},
        {"go/a.go", MH_IMPORT_GO, "fmt", "none"},
        {"web/a.ts", MH_IMPORT_SCRIPT, "./b", "web/b.tsx"},
        {"web/a.ts", MH_IMPORT_SCRIPT, "./b.jsx", "web/b.tsx"},
        {"web/a.ts", MH_IMPORT_SCRIPT, "./c", "web/c/index.js"},
        {"web/c/index.js", MH_IMPORT_SCRIPT, "../d.json", "web/d.json"},
        {"web/a.ts", MH_IMPORT_SCRIPT, "/web/d.json", "web/d.json"},
        {"web/a.ts", MH_IMPORT_SCRIPT, "react", "none"},
        {"web/a.ts", MH_IMPORT_SCRIPT, "..", "none"},
        {"Main.java", MH_IMPORT_JAVA, "org.a.B", "org/a/B.java"},
        {"Main.java", MH_IMPORT_JAVA, "org.a.B.field", "org/a/B.java"},
        {"src/lib.rs", MH_IMPORT_RUST, "mod net", "src/net/mod.rs"},
        {"src/net/mod.rs", MH_IMPORT_RUST, "mod tls", "src/net/tls.rs"},
        {"src/net/tls.rs", MH_IMPORT_RUST, "crate::net::client::Client", "src/net/client.rs"},
        {"src/net/tls.rs", MH_IMPORT_RUST, "super::client", "src/net/client.rs"},
        {"src/net/tls.rs", MH_IMPORT_RUST, "std::io", "none"},
        {"lib/tool.rb", MH_IMPORT_RUBY, "tool/x", "lib/tool/x.rb"},
        {"lib/tool.rb", MH_IMPORT_RUBY, "./tool/x", "lib/tool/x.rb"},
        {"scripts/run.sh", MH_IMPORT_SHELL, "./lib.sh", "scripts/lib.sh"},
        {"scripts/run.sh", MH_IMPORT_SHELL, "/etc/profile", "none"},
    };
    for (size_t i = 0; i < MH_LEN(cases); i++) {
        const char *found = resolve(cases[i].from, cases[i].style, cases[i].target);
        if (strcmp(found, cases[i].expected) != 0)
            fail_msg("%s in %s: %s", cases[i].target, cases[i].from, found);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_language_has_its_statements, setup, teardown),
        cmocka_unit_test_setup_teardown(unfinished_statements_end_with_the_text, setup, teardown),
        cmocka_unit_test_setup_teardown(an_import_is_the_file_that_its_language_looks_for, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
