/* Statements with the schema's name put in. */
#ifndef MH_PG_TEXT_H
#define MH_PG_TEXT_H

/* Quotes an identifier; NULL: out of memory. Owned by the caller. */
char *mh_pg_quote(const char *name);

/* The text with each :"schema" replaced by `schema`, which is quoted; NULL: out of memory. Owned by
 * the caller. */
char *mh_pg_text(const char *text, const char *schema);

#endif
