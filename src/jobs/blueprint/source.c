#include "jobs/blueprint/source.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "jobs/blueprint/excerpt.h"
#include "store/grow.h"

#define WORD_MIN     3   /* bytes of a name that is looked for; shorter ones stand everywhere */
#define WORD_MAX     128 /* longer words of a text are no names of symbols */
#define HOMONYMS_MAX 64  /* symbols of one name that a word is looked up among */

struct mh_source_word {
    const char *name; /* NULL: a free place */
    uint32_t len;
    uint32_t first; /* a symbol of this name */
    uint32_t seen;  /* the last reader, plus one */
};

const char *mh_purpose_from_name(enum mh_purpose_from from)
{
    static const char *const names[] = {
        [MH_PURPOSE_NAMES] = "names",
        [MH_PURPOSE_COMMENT] = "comment",
        [MH_PURPOSE_README] = "readme",
        [MH_PURPOSE_MODEL] = "model",
    };
    return names[from];
}

void mh_source_init(struct mh_source *source, struct mh_arena *arena)
{
    *source = (struct mh_source){.arena = arena};
}

/* --- adding */

int mh_source_add_file(struct mh_source *source, const char *path, const char *language,
                       int64_t lines)
{
    size_t count = source->file_count;
    if (count == MH_SOURCE_FILES_MAX) return MH_ELIMIT;
    if (count > 0 && strcmp(source->files[count - 1].path, path) >= 0) return MH_EINVAL;
    struct mh_source_file *files =
        mh_grow(source->arena, source->files, count, &source->file_room, sizeof *files);
    if (files == NULL) return MH_ENOMEM;
    source->files = files;
    files[count] = (struct mh_source_file){
        .path = mh_arena_str(source->arena, path),
        .language = mh_arena_str(source->arena, language),
        .lines = lines,
    };
    if (files[count].path == NULL || (language != NULL && files[count].language == NULL))
        return MH_ENOMEM;
    source->file_count++;
    return 0;
}

static int compare_path(const void *key, const void *item)
{
    const struct mh_source_file *file = item;
    return strcmp(key, file->path);
}

uint32_t mh_source_find(const struct mh_source *source, const char *path)
{
    if (source->file_count == 0) return MH_SOURCE_NONE;
    const struct mh_source_file *found =
        bsearch(path, source->files, source->file_count, sizeof *found, compare_path);
    return found != NULL ? (uint32_t)(found - source->files) : MH_SOURCE_NONE;
}

struct kind {
    const char *name;
    int rank;
};

/* In the words of Universal Ctags; one that is not here is worth 1. */
static const struct kind kinds[] = {
    {"class", 3},     {"struct", 3},     {"interface", 3}, {"trait", 3},       {"type", 3},
    {"typedef", 3},   {"union", 3},      {"enum", 3},      {"record", 3},      {"protocol", 3},
    {"function", 2},  {"method", 2},     {"func", 2},      {"macro", 2},       {"subroutine", 2},
    {"procedure", 2}, {"prototype", 2},  {"table", 2},     {"view", 2},        {"member", 0},
    {"field", 0},     {"enumerator", 0}, {"local", 0},     {"parameter", 0},   {"label", 0},
    {"unknown", 0},   {"import", 0},     {"package", 0},   {"packageName", 0}, {"anonMember", 0},
    {"header", 0},    {"receiver", 0},   {"chapter", 0},   {"section", 0},     {"subsection", 0},
    {"key", 0},       {"property", 1},   {"alias", 1},     {"string", 0},      {"number", 0},
    {"array", 0},     {"object", 0},     {"boolean", 0},   {"null", 0},        {"id", 0},
};

int mh_source_kind_rank(const char *kind)
{
    for (size_t i = 0; i < MH_LEN(kinds); i++)
        if (strcmp(kinds[i].name, kind) == 0) return kinds[i].rank;
    return 1;
}

int mh_source_add_symbol(struct mh_source *source, uint32_t file, const char *name,
                         const char *kind, int line)
{
    size_t count = source->symbol_count;
    if (mh_source_kind_rank(kind) == 0 || *name == '\0' || strncmp(name, "__anon", 6) == 0 ||
        source->files[file].declared == MH_SOURCE_OF_FILE)
        return 0;
    if (count == MH_SOURCE_SYMBOLS_MAX) return 0;
    struct mh_source_symbol *symbols =
        mh_grow(source->arena, source->symbols, count, &source->symbol_room, sizeof *symbols);
    if (symbols == NULL) return MH_ENOMEM;
    source->symbols = symbols;
    symbols[count] = (struct mh_source_symbol){
        .name = mh_arena_str(source->arena, name),
        .kind = mh_arena_str(source->arena, kind),
        .file = file,
        .line = line,
        .same = MH_SOURCE_NONE,
    };
    if (symbols[count].name == NULL || symbols[count].kind == NULL) return MH_ENOMEM;
    source->files[file].declared++;
    source->symbol_count++;
    return 0;
}

int mh_source_add_import(struct mh_source *source, uint32_t from, uint32_t to)
{
    size_t count = source->edge_count;
    if (from == to) return 0;
    if (count == MH_SOURCE_IMPORTS_MAX) return MH_ELIMIT;
    struct mh_source_edge *edges =
        mh_grow(source->arena, source->edges, count, &source->edge_room, sizeof *edges);
    if (edges == NULL) return MH_ENOMEM;
    source->edges = edges;
    edges[source->edge_count++] = (struct mh_source_edge){from, to};
    return 0;
}

/* --- linking */

static int compare_symbols(const void *a, const void *b)
{
    const struct mh_source_symbol *one = a, *other = b;
    if (one->file != other->file) return one->file < other->file ? -1 : 1;
    if (one->line != other->line) return one->line < other->line ? -1 : 1;
    int by_name = strcmp(one->name, other->name);
    return by_name != 0 ? by_name : strcmp(one->kind, other->kind);
}

/* A symbol is taken to reach to the next one of its file, the last one to the file's end. */
static void link_symbols(struct mh_source *source)
{
    struct mh_source_symbol *symbols = source->symbols;
    size_t at = 0, count = source->symbol_count;
    if (count > 0) qsort(symbols, count, sizeof *symbols, compare_symbols);
    for (uint32_t i = 0; i < source->file_count; i++) {
        struct mh_source_file *file = &source->files[i];
        file->symbols = (uint32_t)at;
        for (; at < count && symbols[at].file == i; at++) {
            bool last = at + 1 == count || symbols[at + 1].file != i;
            int64_t end = last ? file->lines + 1 : symbols[at + 1].line;
            symbols[at].lines = end > symbols[at].line ? (int)(end - symbols[at].line) : 1;
        }
        file->symbol_end = (uint32_t)at;
    }
}

static int compare_edges(const void *a, const void *b)
{
    const struct mh_source_edge *one = a, *other = b;
    if (one->from != other->from) return one->from < other->from ? -1 : 1;
    return one->to < other->to ? -1 : one->to > other->to;
}

static void sort_edges(struct mh_source *source)
{
    size_t kept = 0;
    if (source->edge_count == 0) return;
    qsort(source->edges, source->edge_count, sizeof *source->edges, compare_edges);
    for (size_t i = 0; i < source->edge_count; i++)
        if (kept == 0 || compare_edges(&source->edges[kept - 1], &source->edges[i]) != 0)
            source->edges[kept++] = source->edges[i];
    source->edge_count = kept;
}

static int link_imports(struct mh_source *source)
{
    size_t edges = source->edge_count, files = source->file_count;
    uint32_t *imported = mh_arena_array(source->arena, edges, sizeof *imported);
    uint32_t *importing = mh_arena_array(source->arena, edges, sizeof *importing);
    if (imported == NULL || importing == NULL) return MH_ENOMEM;
    for (size_t i = 0; i < edges; i++) {
        imported[i] = source->edges[i].to;
        source->files[source->edges[i].from].import_end++;
        source->files[source->edges[i].to].user_end++;
    }
    uint32_t out = 0, in = 0;
    for (size_t i = 0; i < files; i++) {
        struct mh_source_file *file = &source->files[i];
        file->imports = out;
        file->users = in;
        out += file->import_end;
        in += file->user_end;
        file->import_end = out;
        file->user_end = file->users; /* grows again as they are put there */
    }
    for (size_t i = 0; i < edges; i++)
        importing[source->files[source->edges[i].to].user_end++] = source->edges[i].from;
    source->imported = imported;
    source->importing = importing;
    return 0;
}

static size_t folder_len(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? (size_t)(slash - path) : 0;
}

static int compare_folders(const void *a, const void *b)
{
    const struct mh_source_file *one = *(struct mh_source_file *const *)a;
    const struct mh_source_file *other = *(struct mh_source_file *const *)b;
    size_t len = folder_len(one->path), other_len = folder_len(other->path);
    int order = memcmp(one->path, other->path, len < other_len ? len : other_len);
    return order != 0 ? order : len < other_len ? -1 : len > other_len;
}

static int number_folders(struct mh_source *source)
{
    size_t count = source->file_count;
    struct mh_source_file **sorted = mh_arena_array(source->arena, count, sizeof *sorted);
    if (sorted == NULL) return MH_ENOMEM;
    for (size_t i = 0; i < count; i++)
        sorted[i] = &source->files[i];
    if (count > 0) qsort(sorted, count, sizeof *sorted, compare_folders);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || compare_folders(&sorted[i - 1], &sorted[i]) != 0) source->folder_count++;
        sorted[i]->folder = (uint32_t)source->folder_count - 1;
    }
    return 0;
}

/* FNV-1a. */
static size_t hash(const char *name, size_t len)
{
    uint64_t sum = 14695981039346656037U;
    for (size_t i = 0; i < len; i++)
        sum = (sum ^ (unsigned char)name[i]) * 1099511628211U;
    return (size_t)(sum ^ sum >> 29);
}

/* The place of the name: one that has it, or a free one. */
static struct mh_source_word *place_of(const struct mh_source *source, const char *name, size_t len)
{
    for (size_t at = hash(name, len);; at++) {
        struct mh_source_word *word = &source->words[at & source->word_mask];
        if (word->name == NULL || (word->len == len && memcmp(word->name, name, len) == 0))
            return word;
    }
}

static int link_words(struct mh_source *source)
{
    size_t places = 64;
    while (places < 2 * source->symbol_count)
        places *= 2;
    source->words = mh_arena_array(source->arena, places, sizeof *source->words);
    if (source->words == NULL) return MH_ENOMEM;
    source->word_mask = places - 1;
    for (size_t i = source->symbol_count; i-- > 0;) { /* so that chains begin with the first */
        struct mh_source_symbol *symbol = &source->symbols[i];
        size_t len = strlen(symbol->name);
        if (len < WORD_MIN || len > WORD_MAX) continue;
        struct mh_source_word *word = place_of(source, symbol->name, len);
        if (word->name == NULL)
            *word = (struct mh_source_word){symbol->name, (uint32_t)len, MH_SOURCE_NONE, 0};
        symbol->same = word->first;
        word->first = (uint32_t)i;
    }
    return 0;
}

int mh_source_link(struct mh_source *source)
{
    link_symbols(source);
    sort_edges(source);
    int r = link_imports(source);
    if (r == 0) r = number_folders(source);
    if (r == 0) r = link_words(source);
    if (r < 0) return r;
    source->file_seen = mh_arena_array(source->arena, source->file_count, sizeof(uint32_t));
    source->folder_seen = mh_arena_array(source->arena, source->folder_count, sizeof(uint32_t));
    return source->file_seen == NULL || source->folder_seen == NULL ? MH_ENOMEM : 0;
}

/* --- reading texts */

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_word_byte(char c)
{
    return (c >= 'a' && c <= 'z') || is_upper(c) || (c >= '0' && c <= '9') || c == '_';
}

/* A name that is not likely to be just a word: of several, or with a capital. */
static bool is_telling(const char *name)
{
    if (is_upper(*name)) return true;
    for (size_t i = 1; name[i] != '\0'; i++)
        if (name[i] == '_' || (is_upper(name[i]) && !is_upper(name[i - 1]))) return true;
    return false;
}

/* Whether a name that only one symbol has means it also where nothing is imported, as within a
 * package, or where a language finds files by itself. */
static bool means(const struct mh_source *source, uint32_t reader,
                  const struct mh_source_symbol *symbol)
{
    const struct mh_source_file *here = &source->files[reader];
    const struct mh_source_file *there = &source->files[symbol->file];
    if (here->language == NULL || there->language == NULL ||
        strcmp(here->language, there->language) != 0)
        return false;
    return here->folder == there->folder || is_telling(symbol->name);
}

/* Counts the file `reader`, in which the word stands, as a user of the symbols it may mean. */
static void use_word(struct mh_source *source, uint32_t reader, const struct mh_source_word *word)
{
    uint32_t homonyms = 0, any = MH_SOURCE_NONE;
    bool imported = false;
    for (uint32_t at = word->first; at != MH_SOURCE_NONE; at = source->symbols[at].same) {
        if (source->symbols[at].file == reader || ++homonyms > HOMONYMS_MAX) return;
        any = at;
    }
    for (uint32_t at = word->first; at != MH_SOURCE_NONE; at = source->symbols[at].same) {
        uint32_t file = source->symbols[at].file;
        bool beside = source->folder_seen[source->files[file].folder] == reader + 1;
        if (source->file_seen[file] != reader + 1 &&
            !(beside && is_telling(source->symbols[at].name)))
            continue;
        source->symbols[at].used++;
        imported = true;
    }
    if (!imported && homonyms == 1 && means(source, reader, &source->symbols[any]))
        source->symbols[any].used++;
}

static void mark_imports(struct mh_source *source, uint32_t reader)
{
    const struct mh_source_file *file = &source->files[reader];
    for (uint32_t i = file->imports; i < file->import_end; i++) {
        source->file_seen[source->imported[i]] = reader + 1;
        source->folder_seen[source->files[source->imported[i]].folder] = reader + 1;
    }
}

static void use_words(struct mh_source *source, uint32_t reader, const char *text, size_t len)
{
    mark_imports(source, reader);
    for (size_t at = 0, end; at < len; at = end + 1) {
        for (end = at; end < len && is_word_byte(text[end]); end++)
            ;
        if (end - at < WORD_MIN || end - at > WORD_MAX) continue;
        struct mh_source_word *word = place_of(source, text + at, end - at);
        if (word->name == NULL || word->seen == reader + 1) continue;
        word->seen = reader + 1;
        use_word(source, reader, word);
    }
}

int mh_source_read_text(struct mh_source *source, uint32_t file, const char *text, size_t len)
{
    struct mh_source_file *read = &source->files[file];
    bool prose = mh_excerpt_is_prose(read->path);
    const char *found;
    int r = prose ? mh_excerpt_prose(source->arena, text, len, &found)
                  : mh_excerpt_comment(source->arena, text, len, &found);
    if (r < 0) return r;
    if (found != NULL)
        read->purpose = (struct mh_purpose){
            .text = found,
            .from = mh_excerpt_is_readme(read->path) ? MH_PURPOSE_README : MH_PURPOSE_COMMENT};
    if (!prose) use_words(source, file, text, len);
    return 0;
}
