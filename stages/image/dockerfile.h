/*
 * A Dockerfile (https://docs.docker.com/reference/dockerfile/) as far as one must know it to say what kind of image comes of it: its
 * instructions, its stages, what they begin from, who they run as.  The builder is the judge of whether it is right: what is odd is read as
 * well as can be, and is no error.  Takes time and memory in proportion to the text.
 */
#ifndef STAGES_IMAGE_DOCKERFILE_H
#define STAGES_IMAGE_DOCKERFILE_H

#include "base/arena.h"
#include "base/vec.h"
#include "pipe.h"

enum {
	DOCKERFILE_GLOBAL = -1,	     /* of an instruction: before the first FROM */
	DOCKERFILE_VALUE_MAX = 4096, /* of a variable: a longer one counts as not known */
};

/* Texts are in the arena, and never NULL. */
struct dockerfile_instruction {
	const char *word; /* in upper case: "COPY" */
	const char *text; /* what follows, its lines joined by a space each; without the bodies of here-documents */
	uint32_t line;	  /* where it begins, from 1 */
	int32_t stage;	  /* index, or DOCKERFILE_GLOBAL */
};

struct dockerfile_stage {
	const char *base; /* image or name of a stage, its variables replaced; "" where one has no value that is known here */
	const char *name; /* `AS name`; "" */
	int32_t from;	  /* the earlier stage that `base` names; -1: an image */
	uint32_t line;	  /* of FROM */
	const char *user; /* of the last USER, its variables replaced; NULL: there is none */
	uint32_t user_line;
};

struct dockerfile {
	VEC(struct dockerfile_instruction) instructions;
	VEC(struct dockerfile_stage) stages;
};

/* arguments: "NAME=VALUE" of the build, which win over defaults; NULL-terminated; NULL: none.  PIPE_ENOMEM is the only error. */
int dockerfile_parse(struct dockerfile *out, struct arena *a, const char *text, const char *const *arguments, pipe_error *err);
/* The stage that a build makes: by name (case does not matter) or number; NULL or "": the last.  -1: there is none. */
int32_t dockerfile_target(const struct dockerfile *d, const char *target);

/* Words of an instruction, one after the other: quotes keep spaces together and are taken off, the rest stays as it is.  *at moves on;
 * NULL: that was the last (or no memory). */
const char *dockerfile_word(struct arena *a, const char **at);

#endif
