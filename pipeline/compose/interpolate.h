/* `$[[ inputs.x | function ]]` in the content of a pipeline file. */
#ifndef PIPELINE_INTERPOLATE_H
#define PIPELINE_INTERPOLATE_H

#include "base/str.h"
#include "pipeline/compose/inputs.h"

/* The content with each block replaced, in keys and values; the content itself when there is none.  A value that is nothing but one
 * block takes the input's type.  `$[[ matrix.X ]]` stays for the plan.  *wrong is set when something was reported.
 * NULL: no memory. */
struct node *interpolate(const struct inputs *in, struct node *content, bool *wrong);
/* Warns of the first block in the content of a file that declares no inputs, which is kept as it is. */
void interpolate_warn(struct loading *l, const struct node *content);

/* Adds a value to a text (interpolate_value.c). */
void interpolate_value(struct arena *a, struct str *s, const struct node *v);
/* The text that one function of a block, as it is called there ("truncate(0,8)"), makes of a text (interpolate_function.c).  NULL:
 * wrong; then err says why. */
const char *interpolate_function(struct loading *l, const char *call, size_t length, const char *text, pipe_error *err);
/* The nearest function's name, or NULL. */
const char *interpolate_function_nearest(const char *name);

#endif
