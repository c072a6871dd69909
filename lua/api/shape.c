/* Tables whose fields are known: reading one that there is not raises and says which was meant; objects whose members are made late. */
#include "base/suggest.h"
#include "lua/api/inside.h"

#include <string.h>

const struct api_class *api_class_named(const char *name)
{
	for (const struct api_class *c = api_classes; c->name; c++)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}

const struct api_field *api_field_named(const struct api_class *class, const char *name)
{
	for (const struct api_field *f = class->fields; f && f->name; f++)
		if (!strcmp(f->name, name))
			return f;
	return NULL;
}

/* Methods are rows of the table of functions. */
static void offer_functions(struct suggest *s, const char *library)
{
	for (const struct api_function *f = api_functions; f->name; f++)
		if (!strcmp(f->library, library) && *f->name != '_')
			suggest_offer(s, f->name);
}

int api_no_field(lua_State *L, const char *label, const struct api_class *class, int key)
{
	struct suggest s;
	const char *name;

	if (lua_type(L, key) != LUA_TSTRING)
		return luaL_error(L, "%s has no field %s", label, luaL_tolstring(L, key, NULL));
	name = lua_tostring(L, key);
	suggest_init(&s, name);
	for (const struct api_field *f = class->fields; f && f->name; f++)
		suggest_offer(&s, f->name);
	offer_functions(&s, class->name);
	offer_functions(&s, label);
	if (s.best)
		return luaL_error(L, "%s has no field \"%s\"; did you mean \"%s\"?", label, name, s.best);
	return luaL_error(L, "%s has no field \"%s\"", label, name);
}

static int read_only(lua_State *L)
{
	return luaL_error(L, "%s is read-only", lua_tostring(L, lua_upvalueindex(1)));
}

static void protect(lua_State *L, const char *label)
{
	lua_pushstring(L, label);
	lua_pushcclosure(L, read_only, 1);
	lua_setfield(L, -2, "__newindex");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
}

/* ---- with all fields in them ---- */

static int shape_index(lua_State *L)
{
	const char *label = lua_tostring(L, lua_upvalueindex(1));
	const struct api_class *class = lua_touserdata(L, lua_upvalueindex(2));

	if (class->open)
		return 0;
	if (lua_type(L, 2) == LUA_TSTRING && api_field_named(class, lua_tostring(L, 2)))
		return 0;
	return api_no_field(L, label, class, 2);
}

void api_shape(lua_State *L, const char *label, const char *class)
{
	if (lua_rawgetp(L, LUA_REGISTRYINDEX, label) == LUA_TNIL) {
		lua_pop(L, 1);
		lua_createtable(L, 0, 3);
		lua_pushstring(L, label);
		lua_pushlightuserdata(L, (void *)(uintptr_t)api_class_named(class));
		lua_pushcclosure(L, shape_index, 2);
		lua_setfield(L, -2, "__index");
		protect(L, label);
		lua_pushvalue(L, -1);
		lua_rawsetp(L, LUA_REGISTRYINDEX, label);
	}
	lua_setmetatable(L, -2);
}

/* ---- with members that come late ---- */

const struct api_self *api_self_of(lua_State *L)
{
	return lua_touserdata(L, lua_upvalueindex(1));
}

static int lazy_index(lua_State *L)
{
	const struct api_self *self = api_self_of(L);
	const struct api_class *class = api_class_named(self->lazy->class);
	const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : NULL;

	if (key && self->lazy->member(L, self, key)) {
		lua_pushvalue(L, 2);
		lua_pushvalue(L, -2);
		lua_rawset(L, 1);
		return 1;
	}
	if (class->open || (key && api_field_named(class, key)))
		return 0;
	return api_no_field(L, self->lazy->label, class, 2);
}

static int lazy_next(lua_State *L)
{
	lua_settop(L, 2);
	if (lua_next(L, 1))
		return 2;
	return 0;
}

static void make_all(lua_State *L, const struct api_self *self)
{
	const struct api_class *class = api_class_named(self->lazy->class);

	for (const struct api_field *f = class->fields; f && f->name; f++) {
		lua_pushstring(L, f->name);
		lua_pushvalue(L, -1);
		if (lua_rawget(L, 1) == LUA_TNIL && self->lazy->member(L, self, f->name)) {
			lua_remove(L, -2);
			lua_rawset(L, 1);
		} else {
			lua_pop(L, 2);
		}
	}
}

static int lazy_pairs(lua_State *L)
{
	const struct api_self *self = api_self_of(L);

	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	make_all(L, self);
	if (self->lazy->all)
		self->lazy->all(L, self);
	lua_pushcfunction(L, lazy_next);
	lua_pushvalue(L, 1);
	return 2;
}

static void push_self(lua_State *L, const struct api_self *self)
{
	struct api_self *copy = lua_newuserdatauv(L, sizeof(*copy), 0);

	*copy = *self;
}

void api_push_method(lua_State *L, lua_CFunction f, const struct api_self *self)
{
	push_self(L, self);
	lua_pushcclosure(L, f, 1);
}

static void push_metatable(lua_State *L, const struct api_self *self)
{
	lua_createtable(L, 0, 5);
	push_self(L, self);
	lua_pushvalue(L, -1);
	lua_pushcclosure(L, lazy_index, 1);
	lua_setfield(L, -3, "__index");
	lua_pushvalue(L, -1);
	lua_pushcclosure(L, lazy_pairs, 1);
	lua_setfield(L, -3, "__pairs");
	if (self->lazy->call) {
		lua_pushvalue(L, -1);
		lua_pushcclosure(L, self->lazy->call, 1);
		lua_setfield(L, -3, "__call");
	}
	lua_pop(L, 1);
	protect(L, self->lazy->label);
}

void api_push_lazy(lua_State *L, const struct api_lazy *lazy, enum evidence_side side, int64_t run)
{
	const struct api_self self = { lazy, side, run };
	const void *key = (const char *)lazy + side; /* an address inside of the lazy for each side */

	lua_createtable(L, 0, 0);
	if (run || lua_rawgetp(L, LUA_REGISTRYINDEX, key) == LUA_TNIL) {
		if (!run)
			lua_pop(L, 1);
		push_metatable(L, &self);
		if (!run) {
			lua_pushvalue(L, -1);
			lua_rawsetp(L, LUA_REGISTRYINDEX, key);
		}
	}
	lua_setmetatable(L, -2);
}
