#include "lua/lua54.h"

int lua54_open(void **handle, struct lua54 *out, pipe_error *err)
{
	static const char *const sonames[] = { "liblua5.4.so.0", "liblua.so.5.4", "liblua5.4.so", NULL };
	static const char *const functions[] = { LUA54_OF_STATE(LAZY_NAME) LUA54_OF_BUFFER(LAZY_NAME) LUA54_OTHERS(LAZY_NAME)
							 NULL };
	static const struct lazy_library library = {
		.what = "Lua in a pipeline", .package = "liblua5.4-0", .sonames = sonames, .functions = functions
	};

	return lazy_open(&library, handle, out, err);
}
