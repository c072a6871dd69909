/* pipe_lua_repl_*: a prompt over a run of the past. */
#include "base/error.h"
#include "lua/test/repl.h"
#include "runner/lua/pipe_lua_script.h"
#include "runner/lua/wait/block.h"

#include <stdlib.h>
#include <string.h>

struct pipe_lua_repl {
	struct lua_script script;
	struct lua_block_options block;
	struct lua_repl *repl;
};

static void on_wait(void *payload, struct lua_call *call)
{
	const struct pipe_lua_repl *p = payload;

	lua_block_answer(call, &p->block);
}

int pipe_lua_repl_open(pipe_lua_repl **out, pipe_project *project, const pipe_lua_script_options *opts, pipe_error *err)
{
	static const pipe_lua_script_options defaults = PIPE_LUA_SCRIPT_OPTIONS_INIT;
	pipe_lua_repl *p = calloc(1, sizeof(*p));
	int rc;

	*out = NULL;
	if (!p)
		return error_nomem(err);
	rc = lua_script_open(&p->script, project, opts ? opts : &defaults, "repl", err);
	if (!rc) {
		p->block.place = p->script.place;
		p->block.call = (struct lua_call_options){ .engine = p->script.engine,
							   .context = &p->script.context,
							   .host = run_host(p->script.host),
							   .grants = &p->script.grants,
							   .limits = &p->script.limits };
		rc = lua_repl_create(&p->repl, &p->block.call, on_wait, p, err);
	}
	if (rc)
		pipe_lua_repl_free(p);
	else
		*out = p;
	return rc;
}

int pipe_lua_repl_eval(pipe_lua_repl *repl, const char *text, int *more, pipe_write_cb write, void *payload, pipe_error *err)
{
	struct str out;
	bool goes_on = false;
	int rc;

	str_init(&out);
	rc = lua_repl_eval(repl->repl, text, strlen(text), &goes_on, &out, err);
	*more = goes_on;
	if (!rc && out.length && write(payload, out.data, out.length))
		rc = error_set(err, PIPE_EIO, "what came of it could not be written");
	str_clear(&out);
	return rc;
}

void pipe_lua_repl_free(pipe_lua_repl *repl)
{
	if (!repl)
		return;
	lua_repl_free(repl->repl);
	lua_script_close(&repl->script);
	free(repl);
}
