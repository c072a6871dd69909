/*
 * A pipeline as Lua: `include: {lua: FILE}`, or a pipeline file that is one.  What it returns is a document like any other, and may
 * include more.
 */
#include "pipeline/compose/include.h"

struct node *include_lua(struct loading *l, const struct include_file *f, uint16_t source)
{
	const struct world_lua *lua = l->options->world ? l->options->world->lua : NULL;
	const struct include_reply *r = &f->reply;
	struct lua_text *code;

	if (!lua) {
		diag_error(l->d, f->at, "lua-missing", "\"%s\" is Lua, which cannot be used here", r->name);
		return NULL;
	}
	code = ARENA_NEW(l->arena, struct lua_text); /* what was compiled is found by it */
	if (!code) {
		l->d->nomem = true;
		return NULL;
	}
	*code = (struct lua_text){ .at = f->up ? f->at : (struct mark){ 1, 1, source },
				   .path = r->name,
				   .text = r->text,
				   .length = r->length,
				   .name = r->name };
	if (!lua_code_check(&l->lua, code, LUA_SCRIPT))
		return NULL;
	return lua->pipeline(lua->context, code, source, l->options->variables, f->with, l->arena, l->d);
}
