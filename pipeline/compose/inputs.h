/* `spec:inputs` and `$[[ ... ]]`: the parameters of a pipeline file. */
#ifndef PIPELINE_INPUTS_H
#define PIPELINE_INPUTS_H

#include "pipeline/compose/loading.h"

enum input_type { INPUT_STRING, INPUT_NUMBER, INPUT_BOOLEAN, INPUT_ARRAY };

/* A declared input and its value. */
struct input {
	const char *name;
	struct mark at; /* its declaration */
	enum input_type type;
	const struct node *spec;    /* the declaration, a map; NULL: nothing is said but the name */
	const struct node *options; /* or NULL; a rule may bring others */
	struct node *fallback;	    /* the default; NULL: there is none */
	struct node *value;	    /* NULL: not known (yet), or wrong and reported */
};

/* Who gives values to a file. */
struct input_giver {
	const struct node *values;	   /* include:inputs, a map; or NULL */
	struct mark at;			   /* the include; line 0: the file itself */
	const char *target;		   /* what the command line calls the file; NULL: it is the pipeline file */
	const struct include_reply *reply; /* for $[[ component.x ]] */
};

struct inputs {
	struct loading *l;
	const struct input_giver *giver;
	VEC(struct input) list;
	struct map by_name; /* -> index into list + 1, as a pointer */
	bool misnamed;	    /* a value is given to an input that is not declared, which was reported */
};

/* What the header declares (a map with the key `spec`, or NULL), with values given, checked and defaulted.  False: something is wrong
 * and was reported. */
bool inputs_bind(struct inputs *in, struct loading *l, const struct node *header, const struct input_giver *giver);
const struct input *inputs_find(const struct inputs *in, const char *name, size_t length);
/* On the diagnostic reported last. */
void inputs_suggest(const struct inputs *in, const char *wanted);

/* Does the value fit?  Reports with `what` ("the default", "the value") when it does not (input_check.c). */
bool input_check(struct inputs *in, const struct input *one, const struct node *value, const char *what);
const char *input_type_name(enum input_type type);
bool input_type_parse(const char *text, enum input_type *type);

/* Takes options and default from the first rule that matches (input_rules.c); false: a rule is wrong and was reported. */
bool input_apply_rules(struct inputs *in, struct input *one, const struct node *rules);

/* A value given on the command line: by its type; NULL: not what the type asks for, and reported. */
struct node *input_given(struct inputs *in, const struct input *one, const struct given_input *given);

#endif
