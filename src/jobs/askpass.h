/* What git asks for a user name and a token with: this very program, in a mode that the environment
 * of that one git chooses.
 *
 * git runs what GIT_ASKPASS names with its question as the one argument and reads the answer from
 * its standard output. The answers stand in the environment that git was given and in no command
 * line, file or URL. They are given only for the place that they are meant for: a server that sends
 * git elsewhere does not get them sent there. */
#ifndef MH_ASKPASS_H
#define MH_ASKPASS_H

#include <stdbool.h>

/* Variables of that git. */
#define MH_ASKPASS_TOKEN    "MILLHAND_ASKPASS_TOKEN"
#define MH_ASKPASS_USERNAME "MILLHAND_ASKPASS_USERNAME"
#define MH_ASKPASS_PLACE    "MILLHAND_ASKPASS_PLACE" /* https://HOST[:PORT] */

bool mh_askpass_wanted(int argc);

/* Answers; the exit status is 1 where there is no answer to the question. */
int mh_askpass_main(const char *question);

#endif
