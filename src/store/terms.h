/* The words by which texts and symbols are found, the same in every store.
 *
 * A name is a run of letters, digits and underscores (ASCII; every other byte from 128 on is a
 * letter). It is split where underscores stand and where case changes: HTTPServer_v2 is http,
 * server, v2, and as a whole httpserverv2. Letters of ASCII are made small. What is asked for is
 * split alike, and each of its words must begin one of the text's: so "parseReq" finds
 * parse_request. Words have at most MH_TERM_MAX bytes, what is longer is cut. Thread-safe. */
#ifndef MH_TERMS_H
#define MH_TERMS_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"

#define MH_TERM_MAX    40
#define MH_TERMS_BYTES 1000000 /* of the words of a text in all; those behind are not found */
#define MH_QUERY_TERMS 16      /* words that are asked for at once */
#define MH_QUERY_MAX   500     /* bytes of all of them */

/* Appends the different words of the text, each as "<number>x<word>" with a blank behind it, the
 * number being that of the index: so what other indexes hold makes none slower to search. The
 * buffer fails where there is no memory. */
void mh_terms_add(struct mh_buf *words, int64_t number, const char *text, size_t len);

/* Appends the name as one word, "<number>y<letters>" with a blank behind it, so that what is called
 * just that, or begins so, is found among however many have it in them. */
void mh_terms_add_name(struct mh_buf *words, int64_t number, const char *name);

struct mh_terms {
    const char *items[MH_QUERY_TERMS];
    size_t count;
    const char *name;  /* the letters of all of them, as mh_terms_add_name has them */
    const char *whole; /* what was asked for, made small, without blanks at its ends */
};

/* The words of a query, in `arena`. MH_EINVAL: there is none, or it is no UTF-8; MH_ELIMIT: too
 * many, or too long. */
int mh_terms_ask(struct mh_arena *arena, const char *query, struct mh_terms *ret_terms,
                 struct mh_err *err) MH_MUST_CHECK;

/* A line of a text that shows what was asked for. */
struct mh_excerpt {
    int line; /* from 1 */
    const char *text;
    size_t len;
};

/* Up to `max` lines in which all words stand; where there is none, the first that has the most of
 * them. How many. */
size_t mh_terms_excerpts(const struct mh_terms *terms, const char *text, size_t len, size_t max,
                         struct mh_excerpt *ret_excerpts);

#endif
