/* What a fixture needs on PostgreSQL: a schema that is migrated, and a clock that stands still.
 *
 * Migrating takes longer than a test, so the tests of a program share a schema: each finds it as
 * migrating left it. The program's exit drops it.
 *
 * Functions of the engine find clock_timestamp() and now() by their search path; in a test that
 * leads over a schema with a clock of the test's own. */
#ifndef FIXTURE_PG_H
#define FIXTURE_PG_H

#include "fixture.h"

/* True for a URL of PostgreSQL. */
bool fixture_is_pg(const struct fixture *f);

/* Makes or empties the schema, sets f->name to its name and its clock to f->now. */
void fixture_pg_setup(struct fixture *f);
void fixture_pg_teardown(struct fixture *f);

/* Sets the clock to f->now. */
void fixture_pg_set_clock(struct fixture *f);

#endif
