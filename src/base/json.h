/* JSON: a strict check of what came from outside, and a writer for what goes out.
 *
 * Payloads and results are checked, then stored and forwarded as the bytes that came:
 * re-serialising would change numbers. The check is jansson's: UTF-8 only, no trailing bytes, no
 * duplicate keys, no \u0000, numbers that fit a double, at most 2,048 levels. Integers of any
 * length are left alone.
 *
 * The writer appends to a `struct mh_buf` and puts the commas itself (by looking at the last byte),
 * so begin with an empty buffer or behind a newline. Errors are the buffer's: ask mh_buf_failed at
 * the end. */
#ifndef MH_JSON_H
#define MH_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"

struct mh_uuid;

enum mh_json_kind { MH_JSON_ANY, MH_JSON_OBJECT };

/* 0; MH_EINVAL with a text such as "not valid JSON at byte 17: duplicate object key" or "must be a
 * JSON object"; MH_ENOMEM, which says nothing about the input. The text holds no part of it. */
int mh_json_check(const char *text, size_t len, enum mh_json_kind kind,
                  struct mh_err *err) MH_MUST_CHECK;

/* True where both texts, which were checked, are the same value, whatever the white space and the
 * order of members. False also where that is not sure: out of memory, or one number written in two
 * ways. */
bool mh_json_same(const char *a, size_t a_len, const char *b, size_t b_len);

void mh_json_begin(struct mh_buf *buf, char bracket);   /* '{' or '[' */
void mh_json_end(struct mh_buf *buf, char bracket);     /* '}' or ']' */
void mh_json_key(struct mh_buf *buf, const char *name); /* inside an object, before each value */
void mh_json_str(struct mh_buf *buf, const char *text); /* NULL becomes null */
/* Bytes that are not UTF-8, and NUL, which our own check refuses, become U+FFFD. */
void mh_json_strn(struct mh_buf *buf, const char *text, size_t len);
void mh_json_int(struct mh_buf *buf, int64_t value);
/* The shortest form that reads back equal; NaN and infinity become null. */
void mh_json_real(struct mh_buf *buf, double value);
void mh_json_bool(struct mh_buf *buf, bool value);
void mh_json_null(struct mh_buf *buf);
/* Splices JSON that was checked as it is, but in one line: newlines, which are white space wherever
 * JSON allows them, become spaces. */
void mh_json_raw(struct mh_buf *buf, const char *json, size_t len);
void mh_json_time(struct mh_buf *buf, int64_t time_ms); /* RFC 3339; null for 0 */

/* A member of an object: its key and its value. */
void mh_json_put_str(struct mh_buf *buf, const char *name, const char *text);
void mh_json_put_int(struct mh_buf *buf, const char *name, int64_t value);
void mh_json_put_bool(struct mh_buf *buf, const char *name, bool value);
void mh_json_put_time(struct mh_buf *buf, const char *name, int64_t time_ms);
void mh_json_put_uuid(struct mh_buf *buf, const char *name, const struct mh_uuid *id);
/* NULL becomes null. */
void mh_json_put_raw(struct mh_buf *buf, const char *name, const char *json, size_t len);

#endif
