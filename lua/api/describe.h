/* Inside the api: what the annotations and the reference say in the same way. */
#ifndef LUA_API_DESCRIBE_H
#define LUA_API_DESCRIBE_H

#include "lua/api/inside.h"

/* A type as LuaCATS and people read it: "pipe.Rows<pipe.Test>" is the class "pipe.TestRows". */
void describe_type(struct str *out, const char *type);
/* The next of several types, divided by commas: its length, 0 at the end; *types is advanced. */
size_t describe_next_type(const char **types, const char **type);
/* May it be nil?  Then *length is that without the "?" at its end. */
bool describe_optional(const char *type, size_t *length);
/* "pipe.Test" -> "Test". */
const char *describe_short(const char *class);

#endif
