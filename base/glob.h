/*
 * Path patterns as GitLab (Ruby's File.fnmatch with FNM_PATHNAME|FNM_DOTMATCH|FNM_EXTGLOB, and doublestar in the runner) means
 * them: `*` and `?` stay inside a path segment, `**` as a whole segment spans any number of them (also none), `[a-z]` `[!a]`,
 * `{md,txt}` (may nest), `\` escapes.  Runs in time bounded by pattern times path; braces are bounded by GLOB_MAX_BRACES.
 */
#ifndef BASE_GLOB_H
#define BASE_GLOB_H

#include <stdbool.h>

enum { GLOB_MAX_BRACES = 1024 };

/* Does the whole path match?  Both without a leading "/" or "./". */
bool glob_match(const char *pattern, const char *path);
/* Does the text hold a character that means something to glob_match? */
bool glob_is_pattern(const char *text);
/* May something below this directory match?  For walking a tree without looking everywhere. */
bool glob_may_match_below(const char *pattern, const char *directory);

#endif
