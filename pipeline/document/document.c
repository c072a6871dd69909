/*
 * libyaml's events become nodes in one pass.  Collections that are open lie on a stack of frames, their children so far on a
 * stack of nodes: nothing recurses.  `expanded` counts the nodes that a reader of the tree meets, an alias as all that it stands
 * for, and `height` the levels below a node, so that the limits hold for the tree and not only for the text.
 */
#include "pipeline/document/document_internal.h"

#include "base/map.h"
#include "base/suggest.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { INTERN_SLOTS = 512, INTERN_BYTES = 16, NODES_AT_ONCE = 64, CHILDREN_FIRST = 256, SUGGEST_FROM = 4096 };

struct anchor {
	struct node *node; /* NULL: still open */
	uint64_t expanded;
	uint32_t height;
	struct mark at;
};

struct frame {
	struct node *node;
	struct anchor *anchor; /* or NULL */
	size_t first;	       /* of its children on the stack */
	uint64_t expanded;     /* before it */
	uint32_t height;       /* of its highest child + 1 */
};

struct composer {
	yaml_parser_t parser;
	struct arena *arena;
	struct arena scratch; /* anchors */
	struct diagnostics *d;
	const pipe_limits *limits;
	uint16_t source;

	struct frame *frames;
	uint32_t depth;
	struct node **children;
	size_t child_count, child_capacity;
	struct map anchors; /* -> struct anchor */
	uint64_t expanded;
	bool lost;    /* there are nodes with TAG_LOST */
	bool extends; /* "extends" was among the texts */
	struct node *root;
	struct node *fresh; /* nodes that are allocated and not in use */
	uint32_t fresh_count;

	/* Short texts that were seen before: files say the same few words again and again. */
	struct {
		const char *text;
		size_t length;
	} interned[INTERN_SLOTS];
};

static struct mark mark_of(const struct composer *c, const yaml_mark_t *m)
{
	return (struct mark){ (uint32_t)m->line + 1, (uint16_t)(m->column < UINT16_MAX - 1 ? m->column + 1 : UINT16_MAX),
			      c->source };
}

static bool no_memory(struct composer *c)
{
	c->d->nomem = true;
	return false;
}

static struct node *new_node(struct composer *c)
{
	if (!c->fresh_count) {
		c->fresh = ARENA_ARRAY(c->arena, struct node, NODES_AT_ONCE);
		if (!c->fresh)
			return NULL;
		c->fresh_count = NODES_AT_ONCE;
	}
	c->fresh_count--;
	return c->fresh++;
}

/* ---- scalars and tags ---- */

/* Texts that collide only take each other's place. */
static uint32_t intern_slot(const char *text, size_t length)
{
	const unsigned char *t = (const unsigned char *)text;

	return (t[0] * 31u + t[length / 2] * 7u + t[length - 1] + (uint32_t)length * 61u) % INTERN_SLOTS;
}

static const char *keep_text(struct composer *c, const char *text, size_t length)
{
	uint32_t slot;

	if (!length)
		return "";
	if (length > INTERN_BYTES)
		return arena_strndup(c->arena, text, length);
	slot = intern_slot(text, length);
	if (c->interned[slot].length != length || memcmp(c->interned[slot].text, text, length) != 0) {
		const char *kept = arena_strndup(c->arena, text, length);

		if (!kept)
			return NULL;
		c->extends |= length == 7 && !memcmp(text, "extends", 7);
		c->interned[slot].text = kept;
		c->interned[slot].length = length;
	}
	return c->interned[slot].text;
}

static enum node_tag tag_of(const yaml_char_t *tag)
{
	static const char *const usual[] = { YAML_NULL_TAG, YAML_BOOL_TAG, YAML_INT_TAG,      YAML_FLOAT_TAG,
					     YAML_SEQ_TAG,  YAML_MAP_TAG,  YAML_TIMESTAMP_TAG };
	const char *text = (const char *)tag;

	if (!text)
		return TAG_NONE;
	if (!strcmp(text, "!reference"))
		return TAG_REFERENCE;
	if (!strcmp(text, "!") || !strcmp(text, YAML_STR_TAG))
		return TAG_TEXT;
	for (size_t i = 0; i < sizeof(usual) / sizeof(*usual); i++)
		if (!strcmp(text, usual[i]))
			return TAG_NONE;
	return TAG_OTHER;
}

static enum node_style style_of(const yaml_event_t *event)
{
	switch (event->data.scalar.style) {
	case YAML_LITERAL_SCALAR_STYLE:
	case YAML_FOLDED_SCALAR_STYLE:
		return STYLE_BLOCK;
	case YAML_SINGLE_QUOTED_SCALAR_STYLE:
	case YAML_DOUBLE_QUOTED_SCALAR_STYLE:
		return STYLE_QUOTED;
	default:
		return STYLE_PLAIN;
	}
}

/* The escape "\0" is the one way to a NUL; it would hide what follows it from everything that reads texts. */
static size_t cut_at_nul(struct composer *c, struct mark at, const char *text, size_t length)
{
	const char *nul = memchr(text, '\0', length);

	if (!nul)
		return length;
	diag_error(c->d, at, "nul-byte", "a text cannot hold a NUL byte");
	return (size_t)(nul - text);
}

static struct node *make_scalar(struct composer *c, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	size_t length = event->data.scalar.length;
	struct node *node = new_node(c);

	if (!node)
		return NULL;
	node->kind = NODE_SCALAR;
	node->style = (uint8_t)style_of(event);
	node->at = mark_of(c, &event->start_mark);
	if (event->data.scalar.tag) {
		node->tag = (uint8_t)tag_of(event->data.scalar.tag);
		/* `!!int "5"` is a number. */
		if (node->tag == TAG_NONE)
			node->style = STYLE_PLAIN;
	}
	if (node->style == STYLE_QUOTED)
		length = cut_at_nul(c, node->at, text, length);
	node->count = (uint32_t)length;
	node->text = keep_text(c, text, length);
	return node->text ? node : NULL;
}

/* ---- the tree grows ---- */

static bool is_key_wanted(const struct composer *c)
{
	const struct frame *f;

	if (!c->depth)
		return false;
	f = &c->frames[c->depth - 1];
	return f->node->kind == NODE_MAP && (c->child_count - f->first) % 2 == 0;
}

static struct node *lost(struct composer *c, struct mark at)
{
	struct node *node = node_scalar(c->arena, at, "", 0);

	if (node)
		node->tag = TAG_LOST;
	c->lost = true;
	return node;
}

/* A node that is no key, in the place of one: said, and its pair is left out of the map. */
static struct node *refuse_key(struct composer *c, const struct node *node)
{
	diag_error(c->d, node->at, "key-not-scalar", "%s cannot be a key", node_describe(node));
	diag_hint(c->d, "put quotes around a key that begins with \"[\" or \"{\"");
	return lost(c, node->at);
}

static bool add_child(struct composer *c, struct node *node)
{
	if (!c->depth) {
		c->root = node;
		return true;
	}
	if (node->kind != NODE_SCALAR && is_key_wanted(c)) {
		node = refuse_key(c, node);
		if (!node)
			return no_memory(c);
	}
	if (c->child_count == c->child_capacity) {
		size_t grown = c->child_capacity * 2;
		struct node **bigger = realloc(c->children, grown * sizeof(struct node *));

		if (!bigger)
			return no_memory(c);
		c->children = bigger;
		c->child_capacity = grown;
	}
	c->children[c->child_count++] = node;
	return true;
}

static bool count_nodes(struct composer *c, struct mark at, uint64_t more)
{
	c->expanded += more;
	if (c->expanded <= c->limits->nodes)
		return true;
	diag_error(c->d, at, "too-many-nodes", "the file has more than %u nodes here, with what its aliases stand for",
		   c->limits->nodes);
	return false;
}

/* There is room for a node so many levels high. */
static bool check_depth(struct composer *c, struct mark at, uint32_t height)
{
	if (c->depth + height <= c->limits->depth)
		return true;
	diag_error(c->d, at, "nesting-too-deep", "lists and maps are nested more than %u levels deep here", c->limits->depth);
	diag_span(c->d, 1);
	return false;
}

static void raise_frame(struct composer *c, uint32_t height)
{
	if (c->depth && c->frames[c->depth - 1].height < height + 1)
		c->frames[c->depth - 1].height = height + 1;
}

/* ---- anchors and aliases ---- */

static bool add_anchor(struct composer *c, const yaml_char_t *name, struct mark at, struct anchor **out)
{
	size_t length;
	char *kept;

	*out = NULL;
	if (!name)
		return true;
	length = strlen((const char *)name);
	kept = arena_strndup(&c->scratch, (const char *)name, length);
	*out = ARENA_NEW(&c->scratch, struct anchor);
	if (!kept || !*out || !map_put(&c->anchors, &c->scratch, kept, length, *out))
		return no_memory(c);
	(*out)->at = at;
	return true;
}

static struct node *unknown_alias(struct composer *c, struct mark at, const char *name, size_t length)
{
	struct suggest s;

	diag_error(c->d, at, "unknown-anchor", "no anchor \"%.*s\" is defined above this", document_clip(name, length), name);
	suggest_init(&s, name);
	for (uint32_t i = 0; c->d->last && i < c->anchors.capacity && i < SUGGEST_FROM; i++)
		if (c->anchors.slots[i].key)
			suggest_offer(&s, c->anchors.slots[i].key);
	if (s.best)
		diag_hint(c->d, "did you mean \"*%s\"?", s.best);
	else
		diag_hint(c->d, "an anchor is set with \"&%.*s\"; text that begins with \"*\" stands in quotes",
			  document_clip(name, length), name);
	return lost(c, at);
}

static struct node *open_alias(struct composer *c, struct mark at, const char *name, size_t length, const struct anchor *anchor)
{
	diag_error(c->d, at, "cyclic-anchor", "the alias \"%.*s\" stands inside what it stands for", document_clip(name, length),
		   name);
	diag_related(c->d, anchor->at, "the anchor is defined here");
	return lost(c, at);
}

static bool on_alias(struct composer *c, const yaml_event_t *event)
{
	const char *name = (const char *)event->data.alias.anchor;
	size_t length = strlen(name);
	struct mark at = mark_of(c, &event->start_mark);
	const struct anchor *anchor = map_get(&c->anchors, name, length);
	struct node *node;

	if (!anchor || !anchor->node) {
		node = anchor ? open_alias(c, at, name, length, anchor) : unknown_alias(c, at, name, length);
		return node ? count_nodes(c, at, 1) && add_child(c, node) : no_memory(c);
	}
	if (!check_depth(c, at, anchor->height) || !count_nodes(c, at, anchor->expanded))
		return false;
	raise_frame(c, anchor->height);
	return add_child(c, anchor->node);
}

/* ---- events ---- */

static bool on_scalar(struct composer *c, const yaml_event_t *event)
{
	struct node *node = make_scalar(c, event);
	struct anchor *anchor;

	if (!node)
		return no_memory(c);
	if (!count_nodes(c, node->at, 1))
		return false;
	if (event->data.scalar.anchor) {
		if (!add_anchor(c, event->data.scalar.anchor, node->at, &anchor))
			return false;
		anchor->node = node;
		anchor->expanded = 1;
	}
	return add_child(c, node);
}

static bool on_open(struct composer *c, enum node_kind kind, struct mark at, const yaml_char_t *anchor, const yaml_char_t *tag)
{
	struct frame *f;

	if (!check_depth(c, at, 1) || !count_nodes(c, at, 1))
		return false;
	f = &c->frames[c->depth];
	*f = (struct frame){ .first = c->child_count, .expanded = c->expanded - 1, .height = 1 };
	f->node = new_node(c);
	if (!f->node || !add_anchor(c, anchor, at, &f->anchor))
		return no_memory(c);
	f->node->kind = (uint8_t)kind;
	f->node->tag = (uint8_t)tag_of(tag);
	f->node->at = at;
	c->depth++;
	return true;
}

static bool fill_list(struct node *list, struct node *const *nodes, size_t count, struct arena *a)
{
	list->count = (uint32_t)count;
	if (!count)
		return true;
	list->items = ARENA_ARRAY(a, struct node *, count);
	if (!list->items)
		return false;
	memcpy(list->items, nodes, count * sizeof(struct node *));
	return true;
}

/* Takes out the pairs whose keys were refused, or the items of a list; returns how many nodes are left. */
static size_t drop_lost(struct node *in, struct node **nodes, size_t count)
{
	size_t kept = 0;

	if (in->kind == NODE_LIST) {
		for (size_t i = 0; i < count; i++)
			if (nodes[i]->tag != TAG_LOST)
				nodes[kept++] = nodes[i];
		if (count && !kept)
			in->tag = TAG_LOST;
		return kept;
	}

	for (size_t i = 0; i + 1 < count; i += 2) {
		if (nodes[i]->tag == TAG_LOST)
			continue;
		nodes[kept++] = nodes[i];
		nodes[kept++] = nodes[i + 1];
	}
	return kept;
}

static bool on_close(struct composer *c)
{
	struct frame *f = &c->frames[c->depth - 1];
	struct node **nodes = c->children + f->first;
	size_t count = c->child_count - f->first;

	if (c->lost)
		count = drop_lost(f->node, nodes, count);

	if (f->node->kind == NODE_MAP ? !document_fill_map(f->node, nodes, count, c->arena, c->d)
				      : !fill_list(f->node, nodes, count, c->arena))
		return no_memory(c);
	if (f->anchor) {
		f->anchor->node = f->node;
		f->anchor->expanded = c->expanded - f->expanded;
		f->anchor->height = f->height;
	}
	c->child_count = f->first;
	c->depth--;
	raise_frame(c, f->height);
	return add_child(c, f->node);
}

static bool on_event(struct composer *c, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return on_scalar(c, event);
	case YAML_SEQUENCE_START_EVENT:
		return on_open(c, NODE_LIST, mark_of(c, &event->start_mark), event->data.sequence_start.anchor,
			       event->data.sequence_start.tag);
	case YAML_MAPPING_START_EVENT:
		return on_open(c, NODE_MAP, mark_of(c, &event->start_mark), event->data.mapping_start.anchor,
			       event->data.mapping_start.tag);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return on_close(c);
	case YAML_ALIAS_EVENT:
		return on_alias(c, event);
	default:
		return true;
	}
}

/* A document ends: anchors are its own. */
static bool take_root(struct composer *c, struct node **out)
{
	*out = c->root;
	/* Texts are interned for all documents together. */
	if (c->root && c->extends)
		c->root->flags |= NODE_SAYS_EXTENDS;
	c->root = NULL;
	c->anchors = (struct map)MAP_INIT;
	arena_clear(&c->scratch);
	return *out != NULL;
}

static void too_many_documents(struct composer *c, const yaml_event_t *event, int max)
{
	diag_error(c->d, mark_of(c, &event->start_mark), "too-many-documents", "the file has more than %d document%s", max,
		   max == 1 ? "" : "s");
	diag_span(c->d, 3);
}

/* The number of documents, -1 when reading ended before its time. */
static int compose(struct composer *c, struct node **out, int max)
{
	int count = 0;

	for (;;) {
		yaml_event_t event;
		yaml_event_type_t type;
		bool ok = true;

		if (!yaml_parser_parse(&c->parser, &event)) {
			document_report_syntax(&c->parser, c->source, c->d);
			return -1;
		}
		type = event.type;
		if (type == YAML_DOCUMENT_END_EVENT)
			ok = take_root(c, &out[count++]);
		else if (type == YAML_DOCUMENT_START_EVENT && count == max)
			too_many_documents(c, &event, max);
		else
			ok = on_event(c, &event);
		yaml_event_delete(&event);
		if (!ok)
			return -1;
		if (type == YAML_STREAM_END_EVENT || (type == YAML_DOCUMENT_START_EVENT && count == max))
			return count;
	}
}

static void set_input(yaml_parser_t *parser, const struct source *text)
{
	size_t bom = text->length >= 3 && !memcmp(text->text, "\xef\xbb\xbf", 3) ? 3 : 0;

	yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(parser, (const unsigned char *)text->text + bom, text->length - bom);
}

int document_parse(struct node **out, int max, struct arena *a, uint16_t source, const pipe_limits *limits, struct diagnostics *d)
{
	const struct source *text = &d->sources->list.items[source];
	pipe_limits within = *limits;
	struct composer *c;
	int count = -1;

	limits_default(&within);
	if (!document_check_text(text, source, &within, d))
		return -1;
	c = calloc(1, sizeof(*c));
	if (!c || !yaml_parser_initialize(&c->parser)) {
		free(c);
		d->nomem = true;
		return -1;
	}
	c->arena = a;
	c->d = d;
	c->limits = &within;
	c->source = source;
	c->frames = calloc(within.depth, sizeof(*c->frames));
	c->child_capacity = CHILDREN_FIRST;
	c->children = malloc(c->child_capacity * sizeof(struct node *));
	if (c->frames && c->children) {
		set_input(&c->parser, text);
		count = compose(c, out, max);
	} else {
		d->nomem = true;
	}
	yaml_parser_delete(&c->parser);
	arena_clear(&c->scratch);
	free(c->children);
	free(c->frames);
	free(c);
	return count;
}
