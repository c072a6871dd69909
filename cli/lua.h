/* The sub-commands of `pipe lua`, one file each. */
#ifndef CLI_LUA_H
#define CLI_LUA_H

#include "cli/cli.h"

int lua_test(struct cli *c, const char *const *arguments);
int lua_check(struct cli *c, const char *const *arguments);
int lua_run(struct cli *c, const char *const *arguments);
int lua_repl(struct cli *c, const char *const *arguments);

/* An option's values; NULL: none were given. */
const char *const *lua_list(const struct words *w);
/* The format is none of this sub-command's. */
int lua_no_format(struct cli *c, const char *what, const char *wanted);
/* Options of run and repl.  run: as the user names it, "last" or a number; NULL: none. */
int lua_fill_script(struct cli *c, const char *run, pipe_lua_script_options *o);
/* A pipe_write_cb for text that a script may have made, whose payload is the struct cli: what a terminal would obey is taken out but for
 * colours. */
int lua_receive(void *payload, const char *text, size_t length);

#endif
