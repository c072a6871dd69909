/* Which format a VEX document has: OpenVEX, CycloneDX and CSAF are all JSON, and each says what it is. */
#include "stages/scanner/suppress/suppress_entry.h"

#include "base/error.h"

#include <string.h>

static bool is_openvex(const struct tree_value *root)
{
	return strstr(tree_get_text(root, "@context"), "openvex") || tree_get(root, "statements");
}

static bool is_cyclonedx(const struct tree_value *root)
{
	return !strcmp(tree_get_text(root, "bomFormat"), "CycloneDX");
}

static bool is_csaf(const struct tree_value *root)
{
	return tree_get(tree_get(root, "document"), "csaf_version") != NULL;
}

static const struct {
	bool (*is)(const struct tree_value *root);
	int (*read)(struct suppressions *s, struct suppress_file *file, const struct tree_value *root, pipe_error *err);
} formats[] = {
	{ is_openvex, suppress_read_openvex },
	{ is_cyclonedx, suppress_read_cyclonedx },
	{ is_csaf, suppress_read_csaf },
};

int suppressions_read_vex(struct suppressions *s, const char *path, const char *bytes, size_t length, pipe_error *err)
{
	struct suppress_file *file = suppress_file_new(s, path, true);
	struct tree_value root;
	int rc;

	if (!file)
		return error_nomem(err);
	rc = tree_json(&root, &(struct tree_source){ path, bytes, length }, s->a, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (formats[i].is(&root))
			return formats[i].read(s, file, &root, err);
	return suppress_fail(file, 1, err, "no VEX document that is known: it is neither OpenVEX, nor CycloneDX, nor CSAF");
}
