/*
 * Pieces of Lua in pipeline files: found in a node, brought from their files, checked.  A file is read once however often it is named,
 * and stands among the sources, so that a diagnostic can show its lines.
 *
 * Lines of a text in YAML are those of the YAML file where it is a literal block, or on one line; of a folded text all count as its
 * first.
 */
#ifndef PIPELINE_LUA_CODE_H
#define PIPELINE_LUA_CODE_H

#include "base/map.h"
#include "pipeline/document/diagnostic.h"
#include "pipeline/model.h"
#include "pipeline/plan/world.h"

enum { LUA_FILE_MOST = 1024 * 1024 /* bytes of one Lua file */ };

/* One load's pieces; on the arena of its diagnostics, where all that is found lives. */
struct lua_reader {
	struct diagnostics *d;
	const struct world *world; /* or NULL */
	uint64_t bytes_left;	   /* of files */
	uint32_t timeout_ms;
	struct map files; /* origin and path -> struct lua_file */
	struct source_cursor cursor;
};

/* What a piece is for: a rule's condition may be an expression alone. */
enum lua_use { LUA_SCRIPT, LUA_CONDITION, LUA_USES };

/* From a text, the path of a file, or a map with `lua` or `file`: one that keyword_check has seen.  false: wrong (reported), or no
 * memory. */
bool lua_code_read(struct lua_reader *r, const struct node *n, enum lua_use use, struct lua_text *out);
/* From the file that a text names. */
bool lua_code_file(struct lua_reader *r, const struct node *path, enum lua_use use, struct lua_text *out);
/* What tells the file that a text names from others, in the arena; NULL: no memory. */
const char *lua_code_key(struct lua_reader *r, const struct node *path);
/* Of a piece that was brought otherwise. */
bool lua_code_check(struct lua_reader *r, const struct lua_text *code, enum lua_use use);

/* Is the text the path of a file?  One word that ends in ".lua". */
bool lua_code_is_path(const char *text, size_t length);

/* Reports what a script's error says, at its line where that can be shown, else where the code stands.  code: of the diagnostic. */
void lua_code_complain(struct diagnostics *d, const struct lua_text *text, const char *code, const char *what,
		       const pipe_error *err);

#endif
