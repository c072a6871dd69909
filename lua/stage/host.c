/* The world as compile(ctx) sees it: the job's, where its files are, and not yet any evidence. */
#include "lua/host.h"
#include "base/error.h"
#include "lua/stage/inside.h"

#include <string.h>

static int64_t now_ms(void *payload)
{
	const struct stage_world *w = ((const struct stage_job *)payload)->world;

	return w->now_ms(w->payload);
}

static int read_file(void *payload, const char *path, size_t limit, struct str *out, pipe_error *err)
{
	struct stage_job *job = payload;
	pipe_error why = { .code = PIPE_OK };
	const char *text = job->world->read(job->world->payload, job->arena, path, &why);

	if (!text)
		return error_set(err, why.code ? (int)why.code : PIPE_ENOTFOUND, "%s",
				 why.code ? why.text : "there is no such file");
	if (strlen(text) > limit)
		return error_set(err, PIPE_ELIMIT, "%.200s is larger than %zu bytes", path, limit);
	str_adds(out, text);
	return out->failed ? error_nomem(err) : PIPE_OK;
}

static int glob_files(void *payload, const char *pattern, size_t limit, int (*each)(void *, const char *), void *each_payload,
		      pipe_error *err)
{
	struct stage_job *job = payload;
	const char *const *paths = job->world->glob(job->world->payload, job->arena, pattern, limit);

	(void)err;
	for (; paths && *paths; paths++)
		if (each(each_payload, *paths))
			break;
	return PIPE_OK;
}

void lua_stage_host(struct stage_job *job, struct lua_host *out)
{
	const struct lua_host *plan = lua_type_of_job(job)->world->host;
	const struct stage_world *w = job->world;

	*out = (struct lua_host){ .now_ms = w && w->now_ms ? now_ms : NULL,
				  .read = w && w->read ? read_file : NULL,
				  .glob = w && w->glob ? glob_files : NULL,
				  .functions = plan ? plan->functions : NULL,
				  .payload = job };
}
