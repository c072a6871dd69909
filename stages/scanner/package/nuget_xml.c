/* NuGet's packages.config, and Directory.Packages.props and its kin (*packages.props). */
#include "stages/scanner/package/formats.h"
#include "stages/scanner/package/reader.h"
#include "stages/scanner/syntax/tree_xml.h"

#include <string.h>
#include <strings.h>

static bool wants_config(const char *path, bool installed)
{
	(void)installed;
	return path_is(path, "packages.config");
}

static bool wants_props(const char *path, bool installed)
{
	static const char end[] = "packages.props";
	size_t n = strlen(path);

	(void)installed;
	return n >= strlen(end) && !strcasecmp(path + n - strlen(end), end);
}

static int read_xml(struct reader *r, const char *expected, struct xml_element **root)
{
	struct tree_source source = { r->list->path, r->bytes, r->length };
	int rc = tree_xml(root, &source, r->arena, r->err);

	if (!rc && strcmp((*root)->name, expected) != 0)
		return reader_fail(r, (*root)->line, "the root element is <%.100s>, and not <%s>", (*root)->name, expected);
	return rc;
}

static int add(struct reader *r, const struct xml_element *e, const char *name, const char *version, bool development)
{
	struct scan_package *p;
	bool is_new;

	p = reader_add(r, piece_trim(piece_of(name)), piece_trim(piece_of(version)), &is_new);
	if (!p)
		return r->err->code;
	if (is_new) {
		p->line_from = e->line;
		p->line_to = e->end;
		p->development = development;
	}
	p->development = p->development && development;
	return PIPE_OK;
}

static int read_config(struct reader *r)
{
	struct xml_element *root;
	int rc = read_xml(r, "packages", &root);

	if (rc)
		return rc;
	for (struct xml_element *e = element_child(root, "package"); !rc && e; e = element_again(e))
		if (*element_attribute(e, "id"))
			rc = add(r, e, element_attribute(e, "id"), element_attribute(e, "version"),
				 !strcasecmp(element_attribute(e, "developmentDependency"), "true"));
	return rc;
}

/* "$(Name)": what it stands for is not known here. */
static bool is_property(const char *text)
{
	return !strncmp(text, "$(", 2) && text[strlen(text) - 1] == ')';
}

static int add_reference(struct reader *r, const struct xml_element *e)
{
	const char *name = element_attribute(e, "Include"), *version = element_attribute(e, "Version");

	name = *name ? name : element_attribute(e, "Update");
	if (!*name || !*version)
		return PIPE_OK;
	if (is_property(name) || is_property(version))
		return reader_note(r, "line %u: %.100s %.100s cannot be resolved", e->line, name, version) ? PIPE_OK
													   : reader_nomem(r);
	return add(r, e, name, version, false);
}

static int read_props(struct reader *r)
{
	struct xml_element *root;
	int rc = read_xml(r, "Project", &root);

	if (rc)
		return rc;
	for (struct xml_element *group = element_child(root, "ItemGroup"); !rc && group; group = element_again(group))
		for (struct xml_element *e = group->first; !rc && e; e = e->next)
			if (!strcmp(e->name, "PackageReference") || !strcmp(e->name, "PackageVersion"))
				rc = add_reference(r, e);
	return rc;
}

PACKAGE_PARSER(parse_config, read_config)
PACKAGE_PARSER(parse_props, read_props)

const struct package_format package_format_nuget_config = {
	.name = "nuget-config",
	.type = "nuget",
	.class = PACKAGE_LANGUAGE,
	.help = "NuGet's packages.config",
	.wants = wants_config,
	.parse = parse_config,
};

const struct package_format package_format_nuget_props = {
	.name = "nuget-props",
	.type = "packages-props",
	.class = PACKAGE_LANGUAGE,
	.help = "Directory.Packages.props of .NET",
	.wants = wants_props,
	.parse = parse_props,
};
