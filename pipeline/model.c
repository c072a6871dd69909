/* The few questions that the model answers itself. */
#include "pipeline/model.h"

#include <string.h>

const char *when_name(enum job_when when)
{
	static const char *const names[] = {
		[WHEN_UNSET] = "",	  [WHEN_ON_SUCCESS] = "on_success", [WHEN_ON_FAILURE] = "on_failure",
		[WHEN_ALWAYS] = "always", [WHEN_MANUAL] = "manual",	    [WHEN_DELAYED] = "delayed",
		[WHEN_NEVER] = "never",
	};

	return names[when];
}

bool cache_policy_of(const char *text, enum cache_policy *policy)
{
	static const char *const names[] = {
		[CACHE_PULL_PUSH] = "pull-push",
		[CACHE_PULL] = "pull",
		[CACHE_PUSH] = "push",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(names[i], text) != 0)
			continue;
		*policy = (enum cache_policy)i;
		return true;
	}
	return false;
}

struct job *pipeline_job(const struct pipeline *p, const char *name)
{
	return map_get(&p->job_by_name, name, strlen(name));
}

const struct lua_text *lua_text_of(const struct lua_texts *texts, const struct node *node)
{
	uint32_t low = 0, high = texts ? texts->list.count : 0;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		uintptr_t here = (uintptr_t)texts->list.items[middle].node;

		if (here == (uintptr_t)node)
			return texts->list.items[middle].code;
		if ((uintptr_t)node < here)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}
