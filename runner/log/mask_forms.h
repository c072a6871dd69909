/* The forms in which programs print a secret. */
#ifndef RUNNER_MASK_FORMS_H
#define RUNNER_MASK_FORMS_H

#include <stdbool.h>
#include <stddef.h>

/* Calls each(context, …) for every form, some of them more than once; each returns false when it has no memory, and so does this.
 * Forms shorter than `least` are left out.  The secret has no blanks around it. */
bool mask_forms(const char *secret, size_t length, size_t least, bool (*each)(void *context, const char *bytes, size_t length),
		void *context);

#endif
