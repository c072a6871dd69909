/* The defaults of the limits, a row each. */
#include "pipeline/limits.h"

static void at_least_one(uint32_t *field, uint32_t fallback)
{
	if (!*field)
		*field = fallback;
}

void limits_default(pipe_limits *limits)
{
	if (!limits->file_bytes)
		limits->file_bytes = UINT64_C(16) << 20;
	if (!limits->total_bytes)
		limits->total_bytes = UINT64_C(64) << 20;
	at_least_one(&limits->depth, 100);
	at_least_one(&limits->nodes, 4000000);
	at_least_one(&limits->includes, 150);
	at_least_one(&limits->jobs, 100000);
	at_least_one(&limits->matrix, 10000);
	at_least_one(&limits->regex_steps, 1000000);
	at_least_one(&limits->network_ms, 30000);
	if (limits->depth > LIMIT_DEPTH_MOST)
		limits->depth = LIMIT_DEPTH_MOST;
}
