/* Lines of a text: of code, of comments, and blank ones.
 *
 * A line of nothing but white space is blank, wherever it stands; one with any code on it is code;
 * one with nothing but comment is a comment. What begins a comment inside a string does not.
 * Strings and comments are told by the language's table (jobs/language.h) and not by parsing, so a
 * regular expression or a here-document may be mistaken for one; a string within a line ends with
 * the line. Thread-safe. */
#ifndef MH_COUNT_H
#define MH_COUNT_H

#include <stddef.h>
#include <stdint.h>

#include "jobs/language.h"

struct mh_count {
    int64_t lines; /* of all kinds; a last one without a newline counts */
    int64_t code;
    int64_t comments;
    int64_t blanks;
};

/* `syntax` NULL: there are no comments. */
struct mh_count mh_count_lines(const struct mh_syntax *syntax, const char *text, size_t len);

/* Writes `len` bytes to `ret_code`: the text with its comments, and strings that may go over
 * several lines, made blanks. Newlines stay. */
void mh_count_code(const struct mh_syntax *syntax, const char *text, size_t len, char *ret_code);

#endif
