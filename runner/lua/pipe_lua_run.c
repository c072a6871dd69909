/* pipe_lua_run: a script is run by hand. */
#include "base/error.h"
#include "runner/lua/pipe_lua_script.h"
#include "runner/lua/wait/block.h"

#include <stdlib.h>

static void on_said(void *payload, const char *text, size_t length)
{
	const pipe_lua_script_options *o = payload;

	if (o->said)
		o->said(o->payload, text, length);
}

static void tell(const struct lua_outcome *o, void (*ended)(void *payload, const pipe_lua_outcome *outcome), void *payload)
{
	static const char *const ends[] = { [LUA_DONE] = "done", [LUA_FAILED] = "failed",   [LUA_BROKEN] = "broken",
					    [LUA_OVER] = "over", [LUA_REFUSED] = "refused", [LUA_CANCELLED] = "cancelled" };
	char *value = o->value ? json_dumps(o->value, JSON_ENCODE_ANY | JSON_INDENT(2)) : NULL;
	const pipe_lua_outcome told = { .end = ends[o->end],
					.value = value,
					.reason = o->reason,
					.file = o->file,
					.line = o->line,
					.traceback = o->traceback };

	if (ended)
		ended(payload, &told);
	free(value);
}

int pipe_lua_run(pipe_project *project, const char *file, const pipe_lua_script_options *opts,
		 void (*ended)(void *payload, const pipe_lua_outcome *outcome), void *payload, pipe_error *err)
{
	static const pipe_lua_script_options defaults = PIPE_LUA_SCRIPT_OPTIONS_INIT;
	const pipe_lua_script_options *o = opts ? opts : &defaults;
	struct lua_script s;
	struct lua_block_options block = { .said = on_said, .payload = (void *)(uintptr_t)o };
	struct lua_call *call = NULL;
	const char *inside;
	int rc = lua_script_open(&s, project, o, "run", err);

	if (rc)
		goto done;
	inside = lua_files_inside(&s.files, file, err);
	rc = inside		? lua_files_source(&s.files, inside, &block.call.source, err)
	     : err && err->code ? (int)err->code
				: PIPE_ENOTFOUND;
	if (rc)
		goto done;
	block.call.engine = s.engine;
	block.call.context = &s.context;
	block.call.host = run_host(s.host);
	block.call.grants = &s.grants;
	block.call.limits = &s.limits;
	block.place = s.place;
	rc = lua_block_run(&call, &block, err);
	if (!rc)
		tell(lua_call_outcome(call), ended, payload);
	lua_call_free(call);
done:
	lua_script_close(&s);
	return rc;
}
