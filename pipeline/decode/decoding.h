/*
 * A decoding in progress: what the files decode_*.c share, and nobody else.  Values have been checked against the keyword table
 * (keyword_check) before they come here: the functions below pass over what is not as it should be without a word, and report only
 * what the table cannot say.  When memory ends, `nomem` is set and decoding goes on with what there is.
 */
#ifndef PIPELINE_DECODING_H
#define PIPELINE_DECODING_H

#include "pipeline/decode/decode.h"

enum { DECODE_LATER = 32, DECODE_MASKS = 16, DECODE_GUESSES = 16, DECODE_RECENT = 64, DECODE_SHARED = 64 };

/* A value that was decoded, and the job that holds the outcome: what many jobs inherit is decoded once. */
struct decoded {
	const struct node *value;
	const struct job *job;
	uint32_t later;
};

struct decoding {
	struct pipeline *p;
	struct arena *a;
	struct diagnostics *d;
	const pipe_limits *limits;
	const struct uses_types *uses; /* or NULL */
	const struct decode_options *o;
	struct map lua_types;	     /* path -> struct lua_type (decode_uses.c) */
	struct map lua_nodes;	     /* nodes that stand in pipeline.lua_texts */
	const struct node *last_lua; /* `with` that was looked through last */
	bool nomem;
	bool stages_wrong;				     /* reported, so that no job's stage is */
	bool default_tags;				     /* `default:` gives some */
	struct map stages;				     /* name -> struct stage * */
	struct decoded recent[KEYWORD_COUNT][DECODE_RECENT]; /* values that collide only take each other's place */
	struct job_settings settings;			     /* of the job being decoded, */
	const struct job_uses *last_uses;
	bool has_settings;				  /* when it has any */
	const struct job_settings *shared[DECODE_SHARED]; /* those of jobs before */
	const struct keyword *guess[DECODE_GUESSES];	  /* of the keys of the job before, by their places */
	uint32_t later; /* keywords that the value being decoded uses and a run does not honour: bits by */
	struct keyword_use known[DECODE_LATER]; /* their place in here */
	const char *names[DECODE_LATER];
	uint32_t masks[DECODE_MASKS];  /* sets of them that jobs had, */
	text_list lists[DECODE_MASKS]; /* and their names: few sets, many jobs */
};

/* Zeroed memory; NULL sets nomem. */
void *decode_alloc(struct decoding *x, size_t size, size_t count);
#define DECODE_NEW(x, type) ((type *)decode_alloc((x), sizeof(type), 1))
/* Makes room for n elements in an empty VEC; false: none there (or none needed). */
#define DECODE_ROOM(x, vec, n)                                                                                                   \
	((n) && ((vec)->items = decode_alloc((x), sizeof(*(vec)->items), (n))) ? ((vec)->capacity = (n), true) : false)

/* node_is_null for values of which nearly none is. */
static inline bool decode_is_null(const struct node *n)
{
	enum { LONGEST = 4 }; /* "null" */

	return !n || (n->kind == NODE_SCALAR && n->count <= LONGEST && node_is_null(n));
}

/* The items of a list with the lists in it flattened and without nulls; of any other node: itself; of null or NULL: none. */
struct flat {
	struct node **items;
	uint32_t count;
	struct node *one;
};
/* false: no memory (and count is 0).  f must stay where it is. */
bool decode_flat(struct decoding *x, struct node *n, struct flat *f);

const char *decode_text(const struct node *n); /* NULL: none */
text_list decode_texts(struct decoding *x, struct node *n);
text_list *decode_texts_new(struct decoding *x, struct node *n);
bool decode_bool(const struct node *n, bool fallback);
enum tristate decode_tristate(const struct node *n);
int64_t decode_duration(const struct node *n); /* 0: none */
enum job_when decode_when(const struct node *n);
script decode_commands(struct decoding *x, struct node *n);
/* `run`: a command for each step (decode_run.c). */
script decode_run(struct decoding *x, struct node *n);
struct variables decode_variables(struct decoding *x, const struct node *n);
struct exit_codes decode_exit_codes(struct decoding *x, struct node *n);
struct allow_failure decode_allow_failure(struct decoding *x, struct node *n);
struct matrix *decode_matrix(struct decoding *x, struct node *n); /* NULL: none */

/* Notes that the value being decoded uses what a run does not honour. */
void decode_later(struct decoding *x, const struct keyword *outer, const struct keyword *row);

struct rules *decode_rules(struct decoding *x, struct node *n);
struct needs *decode_needs(struct decoding *x, struct node *n);
struct needs *decode_dependencies(struct decoding *x, struct node *n);
struct only *decode_only(struct decoding *x, struct node *n);
void decode_workflow(struct decoding *x, const struct node *n);

struct image *decode_image(struct decoding *x, struct node *n);
struct services *decode_services(struct decoding *x, struct node *n);
struct artifacts *decode_artifacts(struct decoding *x, struct node *n);
void decode_caches(struct decoding *x, struct node *n, struct job_settings *out);
struct environment *decode_environment(struct decoding *x, struct node *n);
struct retry *decode_retry(struct decoding *x, struct node *n);
struct trigger *decode_trigger(struct decoding *x, struct node *n);

/* A rule's condition; NULL: none, or wrong. */
const struct lua_text *decode_lua_condition(struct decoding *x, const struct node *n);
/* The top-level `lua`; tells the world. */
void decode_lua_settings(struct decoding *x, const struct node *n);
/* The Lua of `with`, into pipeline.lua_texts. */
void decode_lua_with(struct decoding *x, const struct keyword *rows, const struct node *with);
void decode_lua_sort(struct decoding *x); /* when all is there */
/* Does each of the hooks stand where it can be called?  What does not is reported. */
void decode_hooks_place(struct decoding *x, const struct node *n, bool of_job);
/* `hooks` at the top level, or of a job.  NULL: no Lua in it. */
const struct hooks *decode_hooks(struct decoding *x, const struct node *n, bool of_job);

/* What the job says under `uses` and `with`, of which one is there.  written: its pairs by keyword_id; NULL: not written, or null. */
void decode_uses(struct decoding *x, const struct job *job, const struct pair *const *written);

/* One job that is no template: fills *job, whose name, at, node and index are set. */
void decode_job(struct decoding *x, struct job *job);

#endif
