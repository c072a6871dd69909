/* The formats that package_formats lists: most of them one a file in this folder; in the order of their names. */
#ifndef SCANNER_PACKAGE_FORMATS_H
#define SCANNER_PACKAGE_FORMATS_H

#include "stages/scanner/package/package.h"

#define PACKAGE_FORMATS(X)                                                                                                       \
	X(apk)                                                                                                                   \
	X(cargo)                                                                                                                 \
	X(composer_installed)                                                                                                    \
	X(composer)                                                                                                              \
	X(conan)                                                                                                                 \
	X(deps_json)                                                                                                             \
	X(dpkg)                                                                                                                  \
	X(gemfile)                                                                                                               \
	X(gemspec)                                                                                                               \
	X(go_binary)                                                                                                             \
	X(gomod)                                                                                                                 \
	X(gradle)                                                                                                                \
	X(jar)                                                                                                                   \
	X(mix)                                                                                                                   \
	X(nuget_config)                                                                                                          \
	X(nuget_lock)                                                                                                            \
	X(nuget_props)                                                                                                           \
	X(package_json)                                                                                                          \
	X(npm)                                                                                                                   \
	X(pipfile)                                                                                                               \
	X(pnpm)                                                                                                                  \
	X(cocoapods)                                                                                                             \
	X(poetry)                                                                                                                \
	X(pom)                                                                                                                   \
	X(pub)                                                                                                                   \
	X(python_metadata)                                                                                                       \
	X(requirements)                                                                                                          \
	X(rpm)                                                                                                                   \
	X(swift)                                                                                                                 \
	X(uv)                                                                                                                    \
	X(yarn)

#define X(name) extern const struct package_format package_format_##name;
PACKAGE_FORMATS(X)
#undef X

#endif
