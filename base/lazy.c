#include "base/lazy.h"

#include "base/error.h"
#include <dlfcn.h>
#include <string.h>

/* RTLD_NODELETE: libraries with threads or exit handlers of their own do not survive being unloaded. */
static void *load(const struct lazy_library *library)
{
	void *handle = NULL;

	for (const char *const *s = library->sonames; !handle && *s; s++)
		handle = dlopen(*s, RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE);
	return handle;
}

int lazy_open(const struct lazy_library *library, void **handle, void *functions, pipe_error *err)
{
	void *h = load(library);

	*handle = NULL;
	if (!h)
		return error_set(err, PIPE_EUNSUPPORTED, "%s needs %s, which is not here; on Debian: apt-get install %s",
				 library->what, library->sonames[0], library->package);
	for (size_t i = 0; library->functions[i]; i++) {
		void *f = dlsym(h, library->functions[i]);
		if (!f) {
			dlclose(h);
			return error_set(err, PIPE_EUNSUPPORTED, "%s: the installed %s is too old: it has no %s()", library->what,
					 library->sonames[0], library->functions[i]);
		}
		memcpy((char *)functions + i * sizeof(f), &f, sizeof(f));
	}
	*handle = h;
	return PIPE_OK;
}

void lazy_close(void *handle)
{
	if (handle)
		dlclose(handle);
}
