/* The registry of stage types, and what they share. */
#include "stages/stage.h"

#include "stages/types.h"

#include <stdarg.h>
#include <string.h>

const struct stage_type *const stage_types[] = {
	NULL,
};
