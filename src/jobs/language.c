#include "jobs/language.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/compiler.h"

#define WORD_MAX 40 /* of an extension, a name or a program */

#define C_BLOCK                                                                                    \
    {                                                                                              \
        {                                                                                          \
            "/*", "*/"                                                                             \
        }                                                                                          \
    }

static const struct mh_syntax c_like = {.line = {"//"}, .block = C_BLOCK, .quotes = "\"'"};
static const struct mh_syntax script = {
    .line = {"//"}, .block = C_BLOCK, .quotes = "\"'", .long_quotes = "`"};
static const struct mh_syntax go = {
    .line = {"//"}, .block = C_BLOCK, .quotes = "\"'", .long_quotes = "`"};
static const struct mh_syntax rust = {
    .line = {"//"}, .block = C_BLOCK, .quotes = "\"", .nested = true};
static const struct mh_syntax nested_c = {
    .line = {"//"}, .block = C_BLOCK, .quotes = "\"", .nested = true};
static const struct mh_syntax php = {.line = {"//", "#"}, .block = C_BLOCK, .quotes = "\"'"};
static const struct mh_syntax css = {.block = C_BLOCK, .quotes = "\"'"};
static const struct mh_syntax python = {.line = {"#"}, .quotes = "\"'", .docstrings = true};
static const struct mh_syntax hash = {.line = {"#"}, .quotes = "\"'"};
static const struct mh_syntax hash_start = {.line = {"#"}, .line_start = true};
static const struct mh_syntax ruby = {
    .line = {"#"}, .block = {{"\n=begin", "\n=end"}}, .quotes = "\"'"};
static const struct mh_syntax perl = {
    .line = {"#"}, .block = {{"\n=", "\n=cut"}}, .line_start = true};
static const struct mh_syntax sql = {.line = {"--"}, .block = C_BLOCK, .quotes = "'"};
static const struct mh_syntax lua = {.line = {"--"}, .block = {{"--[[", "]]"}}, .quotes = "\"'"};
static const struct mh_syntax haskell = {
    .line = {"--"}, .block = {{"{-", "-}"}}, .quotes = "\"", .nested = true};
static const struct mh_syntax dash = {.line = {"--"}, .quotes = "\""};
static const struct mh_syntax markup = {.block = {{"<!--", "-->"}}};
static const struct mh_syntax ml = {.block = {{"(*", "*)"}}, .quotes = "\"", .nested = true};
static const struct mh_syntax fsharp = {.line = {"//"}, .block = {{"(*", "*)"}}, .quotes = "\""};
static const struct mh_syntax pascal = {
    .line = {"//"}, .block = {{"{", "}"}, {"(*", "*)"}}, .quotes = "'"};
static const struct mh_syntax lisp = {.line = {";"}, .quotes = "\""};
static const struct mh_syntax percent = {.line = {"%"}, .line_start = true};
static const struct mh_syntax erlang = {.line = {"%"}, .quotes = "\""};
static const struct mh_syntax vim = {.line = {"\""}, .line_start = true};
static const struct mh_syntax batch = {.line = {"rem ", "REM ", "::"}, .line_start = true};
static const struct mh_syntax basic = {.line = {"'"}, .line_start = true};
static const struct mh_syntax fortran = {.line = {"!"}, .quotes = "\"'"};
static const struct mh_syntax assembly = {
    .line = {";", "//", "#"}, .block = C_BLOCK, .line_start = true};
static const struct mh_syntax ini = {.line = {";", "#"}, .line_start = true};
static const struct mh_syntax power = {.line = {"#"}, .block = {{"<#", "#>"}}, .quotes = "\"'"};
static const struct mh_syntax hcl = {.line = {"#", "//"}, .block = C_BLOCK, .quotes = "\""};
static const struct mh_syntax cmake = {.line = {"#"}, .block = {{"#[[", "]]"}}, .quotes = "\""};
static const struct mh_syntax julia = {.line = {"#"}, .block = {{"#=", "=#"}}, .quotes = "\""};
static const struct mh_syntax nix = {.line = {"#"}, .block = C_BLOCK, .quotes = "\""};
static const struct mh_syntax m4 = {.line = {"dnl", "#"}, .line_start = true};
static const struct mh_syntax scdoc = {.line = {";"}, .line_start = true};

static const struct mh_language languages[] = {
    {"Ada", "|adb|ads|", NULL, NULL, "adb", &dash},
    {"Assembly", "|asm|s|S|", NULL, NULL, "asm", &assembly},
    {"AsciiDoc", "|adoc|asciidoc|", NULL, NULL, "adoc", &c_like},
    {"awk", "|awk|", NULL, "|awk|gawk|mawk|", "awk", &hash},
    {"Bourne Shell", "|sh|", NULL, "|sh|dash|", "sh", &hash, MH_IMPORT_SHELL},
    {"Bourne Again Shell", "|bash|", "|.bashrc|.bash_profile|", "|bash|", "sh", &hash,
     MH_IMPORT_SHELL},
    {"C", "|c|", NULL, NULL, "c", &c_like, MH_IMPORT_C},
    {"C/C++ Header", "|h|hh|hpp|hxx|h++|inl|", NULL, NULL, "cpp", &c_like, MH_IMPORT_C},
    {"C++", "|cc|cpp|cxx|c++|C|ipp|tcc|", NULL, NULL, "cpp", &c_like, MH_IMPORT_C},
    {"C#", "|cs|", NULL, NULL, "cs", &c_like},
    {"Clojure", "|clj|cljs|cljc|edn|", NULL, NULL, "clj", &lisp},
    {"CMake", "|cmake|", "|CMakeLists.txt|", NULL, "cmake", &cmake},
    {"CSS", "|css|", NULL, NULL, "css", &css},
    {"CSV", "|csv|", NULL, NULL, NULL, NULL},
    {"CUDA", "|cu|cuh|", NULL, NULL, "cu", &c_like, MH_IMPORT_C},
    {"D", "|d|", NULL, NULL, "d", &nested_c},
    {"Dart", "|dart|", NULL, NULL, NULL, &c_like},
    {"Dockerfile", "|dockerfile|", "|Dockerfile|Containerfile|", NULL, NULL, &hash_start},
    {"DOS Batch", "|bat|cmd|", NULL, NULL, "bat", &batch},
    {"Elixir", "|ex|exs|", NULL, "|elixir|", "ex", &hash},
    {"Erlang", "|erl|hrl|", NULL, "|escript|", "erl", &erlang},
    {"F#", "|fs|fsi|fsx|", NULL, NULL, NULL, &fsharp},
    {"Fish Shell", "|fish|", NULL, "|fish|", NULL, &hash},
    {"Fortran 90", "|f90|f95|f03|f08|", NULL, NULL, "f90", &fortran},
    {"Go", "|go|", NULL, NULL, "go", &go, MH_IMPORT_GO},
    {"Gradle", "|gradle|", NULL, NULL, NULL, &c_like},
    {"GraphQL", "|graphql|gql|", NULL, NULL, NULL, &hash},
    {"Groovy", "|groovy|", NULL, "|groovy|", NULL, &c_like},
    {"Haskell", "|hs|", NULL, "|runhaskell|", "hs", &haskell},
    {"HCL", "|tf|tfvars|hcl|", NULL, NULL, NULL, &hcl},
    {"HTML", "|html|htm|xhtml|", NULL, NULL, NULL, &markup},
    {"INI", "|ini|conf|cfg|service|", "|.editorconfig|.gitconfig|", NULL, "ini", &ini},
    {"Java", "|java|", NULL, NULL, "java", &c_like, MH_IMPORT_JAVA},
    {"JavaScript", "|js|mjs|cjs|", NULL, "|node|nodejs|", "js", &script, MH_IMPORT_SCRIPT},
    {"JSON", "|json|jsonl|webmanifest|", NULL, NULL, NULL, NULL},
    {"JSX", "|jsx|", NULL, NULL, "js", &script, MH_IMPORT_SCRIPT},
    {"Julia", "|jl|", NULL, "|julia|", "jl", &julia},
    {"Kotlin", "|kt|kts|", NULL, NULL, "kt", &nested_c, MH_IMPORT_JAVA},
    {"Lisp", "|lisp|lsp|el|scm|", NULL, NULL, "lisp", &lisp},
    {"Lua", "|lua|", NULL, "|lua|luajit|", "lua", &lua},
    {"lex", "|l|ll|", NULL, NULL, NULL, &c_like, MH_IMPORT_C},
    {"make", "|am|", NULL, NULL, "am", &hash_start}, /* Automake, to ctags */
    {"make", "|mk|mak|", "|Makefile|makefile|GNUmakefile|", "|make|", "mk", &hash_start},
    {"m4", "|m4|ac|", NULL, NULL, "m4", &m4},
    {"Markdown", "|md|markdown|mdx|", NULL, NULL, "md", &markup},
    {"Meson", NULL, "|meson.build|meson_options.txt|", NULL, NULL, &hash},
    {"Nix", "|nix|", NULL, NULL, NULL, &nix},
    {"Objective-C", "|m|", NULL, NULL, "m", &c_like, MH_IMPORT_C},
    {"OCaml", "|ml|mli|", NULL, "|ocaml|", "ml", &ml},
    {"Pascal", "|pas|pp|dpr|", NULL, NULL, "pas", &pascal},
    {"Perl", "|pl|pm|t|", NULL, "|perl|", "pl", &perl},
    {"PHP", "|php|phtml|", NULL, "|php|", "php", &php},
    {"PowerShell", "|ps1|psm1|psd1|", NULL, "|pwsh|", "ps1", &power},
    {"Protocol Buffers", "|proto|", NULL, NULL, "proto", &c_like},
    {"Python", "|py|pyi|pyw|", "|SConstruct|", "|python|pypy|", "py", &python, MH_IMPORT_PYTHON},
    {"R", "|r|R|", NULL, "|Rscript|", "r", &hash},
    {"reStructuredText", "|rst|", NULL, NULL, "rst", NULL},
    {"Ruby", "|rb|rake|gemspec|", "|Rakefile|Gemfile|", "|ruby|", "rb", &ruby, MH_IMPORT_RUBY},
    {"Rust", "|rs|", NULL, NULL, "rs", &rust, MH_IMPORT_RUST},
    {"Sass", "|sass|", NULL, NULL, NULL, &c_like},
    {"Scala", "|scala|sc|", NULL, "|scala|", NULL, &nested_c, MH_IMPORT_JAVA},
    {"Scdoc", "|scd|", NULL, NULL, NULL, &scdoc},
    {"SCSS", "|scss|", NULL, NULL, "scss", &c_like},
    {"SQL", "|sql|", NULL, NULL, "sql", &sql},
    {"SVG", "|svg|", NULL, NULL, NULL, &markup},
    {"Swift", "|swift|", NULL, "|swift|", NULL, &nested_c},
    {"Tcl/Tk", "|tcl|", NULL, "|tclsh|wish|", "tcl", &hash},
    {"TeX", "|tex|sty|cls|", NULL, NULL, "tex", &percent},
    {"Text", "|txt|text|", NULL, NULL, NULL, NULL},
    {"TOML", "|toml|", "|Cargo.lock|", NULL, NULL, &hash},
    {"TypeScript", "|ts|mts|cts|tsx|", NULL, "|deno|ts-node|", "ts", &script, MH_IMPORT_SCRIPT},
    {"Verilog-SystemVerilog", "|v|sv|svh|", NULL, NULL, "sv", &c_like},
    {"VHDL", "|vhd|vhdl|", NULL, NULL, "vhd", &dash},
    {"vim script", "|vim|", "|.vimrc|", NULL, "vim", &vim},
    {"Visual Basic", "|vb|vbs|bas|", NULL, NULL, "bas", &basic},
    {"Vuejs Component", "|vue|", NULL, NULL, NULL, &markup, MH_IMPORT_SCRIPT},
    {"XML", "|xml|xsd|plist|vcxproj|csproj|filters|props|targets|", NULL, NULL, NULL, &markup},
    {"XSLT", "|xsl|xslt|", NULL, NULL, NULL, &markup},
    {"yacc", "|y|yy|", NULL, NULL, "y", &c_like, MH_IMPORT_C},
    {"YAML", "|yaml|yml|", "|.clang-format|", NULL, NULL, &hash_start},
    {"Zig", "|zig|", NULL, NULL, NULL, &c_like},
    {"zsh", "|zsh|", "|.zshrc|", "|zsh|", "zsh", &hash, MH_IMPORT_SHELL},
};

/* True where `words`, "|a|b|", has this one. */
static bool has(const char *words, const char *word, size_t len)
{
    char pattern[WORD_MAX + 3];
    if (words == NULL || len == 0 || len > WORD_MAX || memchr(word, '|', len) != NULL) return false;
    (void)snprintf(pattern, sizeof pattern, "|%.*s|", (int)len, word);
    return strstr(words, pattern) != NULL;
}

static const struct mh_language *by_name(const char *name)
{
    for (size_t i = 0; i < MH_LEN(languages); i++)
        if (has(languages[i].files, name, strlen(name))) return &languages[i];
    return NULL;
}

static const struct mh_language *by_extension(const char *name)
{
    char lower[WORD_MAX + 1] = {0};
    const char *dot = strrchr(name, '.');
    if (dot == NULL || dot == name || strlen(dot + 1) > WORD_MAX) return NULL;
    size_t len = strlen(++dot);
    for (size_t i = 0; i < MH_LEN(languages); i++)
        if (has(languages[i].extensions, dot, len)) return &languages[i];
    for (size_t i = 0; i < len; i++)
        lower[i] = (char)tolower((unsigned char)dot[i]);
    for (size_t i = 0; i < MH_LEN(languages); i++)
        if (has(languages[i].extensions, lower, len)) return &languages[i];
    return NULL;
}

/* The next word of the line; its length, 0 at the end. */
static size_t next_word(const char **at, const char *end)
{
    while (*at < end && (**at == ' ' || **at == '\t'))
        (*at)++;
    size_t len = 0;
    while (*at + len < end && !isspace((unsigned char)(*at)[len]))
        len++;
    return len;
}

/* "#!/usr/bin/env -S python3 -u" is python. */
static const struct mh_language *by_program(const char *head, size_t len)
{
    if (len < 3 || head[0] != '#' || head[1] != '!') return NULL;
    const char *newline = memchr(head, '\n', len);
    const char *end = newline != NULL ? newline : head + len;
    const char *at = head + 2;
    for (size_t word; (word = next_word(&at, end)) > 0; at += word) {
        const char *slash = memrchr(at, '/', word);
        const char *name = slash != NULL ? slash + 1 : at;
        size_t name_len = (size_t)(at + word - name);
        if (name[0] == '-' || (name_len == 3 && memcmp(name, "env", 3) == 0)) continue;
        while (name_len > 1 &&
               (isdigit((unsigned char)name[name_len - 1]) || name[name_len - 1] == '.'))
            name_len--;
        for (size_t i = 0; i < MH_LEN(languages); i++)
            if (has(languages[i].programs, name, name_len)) return &languages[i];
        return NULL;
    }
    return NULL;
}

const struct mh_language *mh_language_find(const char *name)
{
    for (size_t i = 0; i < MH_LEN(languages); i++)
        if (strcmp(languages[i].name, name) == 0) return &languages[i];
    return NULL;
}

/* Files without an ending that say so themselves, and Dockerfile.debian. */
static const struct mh_language *by_beginning(const char *name, const char *head, size_t len)
{
    if (strncmp(name, "Dockerfile.", 11) == 0) return mh_language_find("Dockerfile");
    if (len >= 6 && memcmp(head, "<?xml ", 6) == 0) return mh_language_find("XML");
    return NULL;
}

const struct mh_language *mh_language_of(const char *path, const char *head, size_t len)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    const struct mh_language *found = by_name(name);
    if (found == NULL) found = by_extension(name);
    if (found == NULL) found = by_beginning(name, head, len);
    return found != NULL ? found : by_program(head, len);
}
