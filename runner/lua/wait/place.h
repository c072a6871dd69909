/* Where a script's commands run. */
#ifndef RUNNER_LUA_WAIT_PLACE_H
#define RUNNER_LUA_WAIT_PLACE_H

struct lua_place {
	const char *workspace;	 /* absolute */
	const char *const *envp; /* of pipe.exec, and whose PATH programs are looked up in */
	const char *mark;	 /* task_spec.mark; NULL: none */
};

#endif
