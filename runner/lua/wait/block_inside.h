/* Inside the blocking driver (block.h): one function a kind of wait.  What an answer points to lives until the next wait. */
#ifndef RUNNER_LUA_WAIT_BLOCK_INSIDE_H
#define RUNNER_LUA_WAIT_BLOCK_INSIDE_H

#include "base/arena.h"
#include "runner/lua/wait/block.h"
#include "runner/net/transfer.h"

struct block_work {
	const struct lua_block_options *o;
	struct lua_call *call;
	struct exchange *exchange; /* made when first needed, and kept for its connection */
	struct transfer *transfer; /* for addresses */
	struct exchange_reply reply;
	struct arena arena; /* of one wait */
	struct str output;  /* of a command */
	struct lua_answer answer;
};

/* Each fills work->answer. */
void block_http(struct block_work *w, const struct lua_wait *wait);
void block_exec(struct block_work *w, const struct lua_wait *wait);
void block_mail(struct block_work *w, const struct lua_wait *wait);

/* There is no answer, and why. */
void block_fail(struct block_work *w, enum pipe_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));
bool block_cancelled(const struct block_work *w);
/* CLOCK_MONOTONIC, ms. */
int64_t block_clock(void);

enum { BLOCK_LOOK_MS = 50 }; /* between two looks at `cancel` */

#endif
