/* What a hook call with an empty body costs, beside starting /bin/true: microseconds each, and their ratio. */
#include "lua/call.h"

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CALLS = 20000, STARTS = 400, ROUNDS = 5 };

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int64_t now_ms(void *payload)
{
	(void)payload;
	return 0;
}

static int call_once(struct lua_engine *engine, const struct lua_source *source)
{
	static const struct lua_host host = { .now_ms = now_ms };
	static const struct lua_job_facts job = { .name = "job", .exit_code = -1, .duration_ms = -1 };
	static const struct lua_run_facts run = { .number = 1, .branch = "main", .duration_ms = -1 };
	static const struct lua_context context = { .point = "before_job", .run = &run, .job = &job };
	const struct lua_call_options options = { .engine = engine, .source = source, .context = &context, .host = &host };
	struct lua_call *call;
	pipe_error err;
	int bad;

	if (lua_call_create(&call, &options, &err) != PIPE_OK) {
		fprintf(stderr, "bench-lua: %s\n", err.text);
		return 1;
	}
	bad = lua_call_step(call) != LUA_CALL_ENDED || lua_call_outcome(call)->end != LUA_DONE;
	lua_call_free(call);
	return bad;
}

static double calls_us(struct lua_engine *engine, const struct lua_source *source)
{
	double from = now_us();

	for (int i = 0; i < CALLS; i++)
		if (call_once(engine, source))
			return -1;
	return (now_us() - from) / CALLS;
}

static double starts_us(void)
{
	static char program[] = "/bin/true";
	static char *const argv[] = { program, NULL };
	double from = now_us();

	for (int i = 0; i < STARTS; i++) {
		pid_t child;
		int status;

		if (posix_spawn(&child, program, NULL, NULL, argv, environ) || waitpid(child, &status, 0) < 0 || status)
			return -1;
	}
	return (now_us() - from) / STARTS;
}

int main(void)
{
	const struct lua_source source = { .name = "hook.lua", .text = "", .length = 0 };
	double call = 1e9, start = 1e9;
	struct lua_engine *engine;
	pipe_error err;

	if (lua_engine_create(&engine, NULL, &err) != PIPE_OK) {
		fprintf(stderr, "bench-lua: %s\n", err.text);
		return 1;
	}
	for (int i = 0; i < ROUNDS; i++) { /* in turns: what else the machine does meets both */
		double c = calls_us(engine, &source), s = starts_us();

		call = c < call ? c : call;
		start = s < start ? s : start;
	}
	lua_engine_free(engine);
	if (call < 0 || start < 0) {
		fputs("bench-lua: a call or a start failed\n", stderr);
		return 1;
	}
	printf("empty hook call  %8.2f us\nstart /bin/true  %8.2f us\nratio            %8.4f\n", call, start, call / start);
	return 0;
}
