#include "runner/plan/variables_file.h"

#include "base/error.h"
#include "base/str.h"
#include "pipeline/document/document.h"
#include "runner/files/dotenv.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX_BYTES = 1 << 20 };

/* *text NULL: there is no such file. */
static int read_text(const char *path, struct arena *a, const char **text, size_t *length, pipe_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = PIPE_OK;
	struct stat st;
	char *buffer;

	*text = NULL;
	*length = 0;
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? PIPE_OK
							   : error_errno(err, PIPE_EUSAGE, errno, "cannot read %s", path);
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size > FILE_MAX_BYTES) {
		close(fd);
		return error_set(err, PIPE_EUSAGE, "%s is not a regular file of at most %d KiB", path, FILE_MAX_BYTES >> 10);
	}
	buffer = arena_text(a, (size_t)st.st_size + 1);
	while (buffer && *length < (size_t)st.st_size) {
		ssize_t n = read(fd, buffer + *length, (size_t)st.st_size - *length);
		if (n == 0)
			break;
		if (n > 0)
			*length += (size_t)n;
		else if (errno != EINTR) {
			rc = error_errno(err, PIPE_EUSAGE, errno, "cannot read %s", path);
			break;
		}
	}
	close(fd);
	if (!buffer)
		return error_nomem(err);
	buffer[*length] = '\0';
	*text = buffer;
	return rc;
}

/* ---- YAML ---- */

static int wrong(pipe_error *err, const char *path, const struct node *at, const char *what)
{
	error_set(err, PIPE_EPIPELINE, "%s", what);
	if (err) {
		err->line = at->at.line;
		err->column = at->at.column;
		strncat(err->file, path, sizeof(err->file) - 1);
	}
	return PIPE_EPIPELINE;
}

/* A flag that is not understood is an error: what was meant to be masked must not be shown. */
static int flag(const char *path, const struct node *map, const char *key, bool *value, pipe_error *err)
{
	const struct node *n = node_get(map, key);

	return !n || node_bool(n, value) ? PIPE_OK : wrong(err, path, n, "this is true or false");
}

static int check_keys(const char *path, const struct node *map, pipe_error *err)
{
	static const char *const known[] = { "value", "values", "masked", "expand", "type", "environment_scope", "description" };

	for (uint32_t i = 0; i < map->count; i++) {
		bool found = false;
		for (size_t k = 0; k < sizeof(known) / sizeof(*known); k++)
			found |= node_equals(map->pairs[i].key, known[k]);
		if (!found)
			return wrong(
				err, path, map->pairs[i].key,
				"a variable has value, values, masked, expand, type, environment_scope and description, but not this");
	}
	return PIPE_OK;
}

static int add_one(const char *environment, struct variable v, struct arena *a, struct file_variables *out, pipe_error *err)
{
	struct scoped_variable *s;

	if (!strcmp(environment, "*"))
		return variables_set(out->all, a, v) ? PIPE_OK : error_nomem(err);
	s = vec_push(a, out->scoped);
	if (!s)
		return error_nomem(err);
	*s = (struct scoped_variable){ environment, v };
	return PIPE_OK;
}

static int add_scoped(const struct node *values, struct variable v, struct arena *a, struct file_variables *out, pipe_error *err)
{
	int rc = PIPE_OK;

	for (uint32_t i = 0; rc == PIPE_OK && i < values->count; i++) {
		v.value = node_value(values->pairs[i].value, a);
		rc = v.value ? add_one(values->pairs[i].key->text, v, a, out, err) : error_nomem(err);
	}
	return rc;
}

static int add_node(const char *path, const struct pair *p, struct arena *a, struct file_variables *out, pipe_error *err)
{
	struct variable v = { .name = p->key->text };
	const struct node *value = p->value, *values, *scope;
	const char *environment = "*";
	bool expand = true;

	if (value->kind == NODE_MAP) {
		if (check_keys(path, value, err) || flag(path, value, "masked", &v.masked, err) ||
		    flag(path, value, "expand", &expand, err))
			return PIPE_EPIPELINE;
		v.raw = !expand;
		scope = node_get(value, "environment_scope");
		if (scope && !(environment = node_value(scope, a)))
			return error_nomem(err);
		v.file = node_get(value, "type") && node_equals(node_get(value, "type"), "file");
		values = node_get(value, "values");
		if (values && values->kind == NODE_MAP)
			return add_scoped(values, v, a, out, err);
		value = node_get(value, "value");
		if (!value)
			return wrong(err, path, p->key, "a variable's map needs \"value\" or \"values\"");
	}
	if (value->kind != NODE_SCALAR)
		return wrong(err, path, value, "a variable's value is text");
	v.value = node_value(value, a);
	return v.value ? add_one(environment, v, a, out, err) : error_nomem(err);
}

/* The map that a YAML text is; PIPE_ENOTFOUND: it is none. */
static int parse_map(const char *path, const char *text, size_t length, struct arena *a, struct node **out, pipe_error *err)
{
	struct sources sources = { 0 };
	struct diagnostics d;
	pipe_limits limits = { 0 };

	*out = NULL;
	limits_default(&limits);
	diagnostics_init(&d, a, &sources);
	if (sources_add(&sources, a, (struct source){ .name = path, .text = text, .length = length }) < 0)
		return error_nomem(err);
	if (document_parse(out, 1, a, 0, &limits, &d) != 1 || d.errors || (*out)->kind != NODE_MAP)
		return PIPE_ENOTFOUND;
	return PIPE_OK;
}

static int read_yaml(const char *path, const char *text, size_t length, struct arena *a, struct file_variables *out,
		     pipe_error *err)
{
	struct node *root;
	int rc = parse_map(path, text, length, a, &root, err);

	for (uint32_t i = 0; rc == PIPE_OK && i < root->count; i++)
		rc = add_node(path, &root->pairs[i], a, out, err);
	return rc;
}

static int read_one(const char *path, struct arena *a, struct file_variables *out, pipe_error *err)
{
	const char *text;
	size_t length;
	int rc = read_text(path, a, &text, &length, err);

	if (rc || !text)
		return rc;
	rc = read_yaml(path, text, length, a, out, err);
	return rc == PIPE_ENOTFOUND ? dotenv_parse(path, text, length, a, out->all, err) : rc;
}

/* ---- gitlab-ci-local's own ---- */

/* `VARIABLE=A=1 B=2`: pairs between spaces. */
static int read_peer_settings(const char *path, struct arena *a, struct file_variables *out, pipe_error *err)
{
	const char *text, *line;
	size_t length;
	int rc = read_text(path, a, &text, &length, err);

	for (line = text; rc == PIPE_OK && line && *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *end = line + strcspn(line, "\n"), *word;
		if (strncmp(line, "VARIABLE=", 9))
			continue;
		for (word = line + 9; word < end; word += strspn(word, " \r")) {
			size_t n = strcspn(word, " \r\n");
			const char *eq = memchr(word, '=', n);
			struct variable v;
			if (eq && eq > word) {
				v = (struct variable){ .name = arena_strndup(a, word, (size_t)(eq - word)),
						       .value = arena_strndup(a, eq + 1, n - (size_t)(eq - word) - 1) };
				if (!v.name || !v.value || !variables_set(out->all, a, v))
					return error_nomem(err);
			}
			word += n;
			if (word < end && *word == '\n')
				break;
		}
	}
	return rc;
}

static const struct {
	const char *name;
	int (*read)(const char *path, struct arena *a, struct file_variables *out, pipe_error *err);
} in_project[] = {
	{ ".gitlab-ci-local-env", read_peer_settings },
	{ ".gitlab-ci-local-variables.yml", read_one },
};

int variables_files_read(const char *const *paths, const char *directory, struct arena *a, struct file_variables *out,
			 pipe_error *err)
{
	int rc = PIPE_OK;

	for (size_t i = 0; rc == PIPE_OK && i < sizeof(in_project) / sizeof(*in_project); i++) {
		const char *path = arena_printf(a, "%s/%s", directory, in_project[i].name);
		rc = path ? in_project[i].read(path, a, out, err) : error_nomem(err);
	}
	for (; rc == PIPE_OK && paths && *paths; paths++) {
		const char *path = **paths == '/' ? *paths : arena_printf(a, "%s/%s", directory, *paths);
		rc = path ? read_one(path, a, out, err) : error_nomem(err);
	}
	return rc;
}

/* ---- inputs ---- */

static int add_input(const char *name, const struct pair *p, struct arena *a, input_list *out, pipe_error *err)
{
	const char **slot = vec_push(a, out);
	struct str value;

	if (!slot)
		return error_nomem(err);
	str_init(&value);
	if (p->value->kind == NODE_SCALAR)
		str_add(&value, p->value->text, p->value->count);
	else
		node_write(p->value, NULL, &value);
	*slot = value.failed ? NULL : arena_printf(a, "%s%s%s=%s", name, *name ? ":" : "", p->key->text, value.data);
	str_clear(&value);
	return *slot ? PIPE_OK : error_nomem(err);
}

int inputs_file_read(const char *directory, struct arena *a, input_list *out, pipe_error *err)
{
	static const char name[] = ".gitlab-ci-local-inputs.yml";
	const char *path = arena_printf(a, "%s/%s", directory, name), *text;
	struct node *root;
	size_t length;
	int rc = path ? read_text(path, a, &text, &length, err) : error_nomem(err);

	if (rc || !text)
		return rc;
	rc = parse_map(path, text, length, a, &root, err);
	if (rc == PIPE_ENOTFOUND)
		return error_set(err, PIPE_EUSAGE, "%s is not a YAML map of inputs", path);
	for (uint32_t i = 0; rc == PIPE_OK && i < root->count; i++) {
		const struct pair *p = &root->pairs[i];
		const char *of = node_equals(p->key, "_global") ? "" : p->key->text;
		if (p->value->kind != NODE_MAP)
			rc = add_input("", p, a, out, err);
		for (uint32_t k = 0; rc == PIPE_OK && p->value->kind == NODE_MAP && k < p->value->count; k++)
			rc = add_input(of, &p->value->pairs[k], a, out, err);
	}
	return rc;
}
