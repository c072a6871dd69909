#include "runner/files/archive_library.h"

static const char *const sonames[] = { "libarchive.so.13", NULL };
static const char *const functions[] = { ARCHIVE_FUNCTIONS(LAZY_NAME) NULL };

int archive_library_open(struct archive_library *library, void **handle, pipe_error *err)
{
	static const struct lazy_library archive = { "packing artifacts and caches", "libarchive13", sonames, functions };

	return lazy_open(&archive, handle, library, err);
}
