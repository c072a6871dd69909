/* Which function carries out which action, and what they share. */
#include "runner/action/action.h"

#include <string.h>

const action_function action_functions[ACTION_KIND_COUNT] = {
	[ACTION_SCAN] = action_scan,	   [ACTION_RETAIN] = action_retain,
	[ACTION_RESOLVE] = action_resolve, [ACTION_PROVENANCE] = action_provenance,
	[ACTION_UPLOAD] = action_upload,   [ACTION_LUA] = action_lua,
};

const char *action_variable(const struct action_context *context, const char *name)
{
	size_t n = strlen(name);

	for (const char *const *e = context->envp; *e; e++)
		if (!strncmp(*e, name, n) && (*e)[n] == '=')
			return *e + n + 1;
	return NULL;
}

const char *action_path(const struct action_context *context, const char *path)
{
	return *path == '/' ? path : arena_printf(context->arena, "%s/%s", context->workspace, path);
}
