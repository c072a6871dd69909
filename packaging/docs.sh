#!/bin/sh
# Writes what is made from the tables in the code: the keyword, stage, variable and Lua references, the command line's
# pages, the completions, the annotations that editors read for Lua.
#   docs.sh PIPE DIRECTORY      DIRECTORY: the checkout, or an empty one to compare with it
set -eu
pipe=$1
to=$2
mkdir -p "$to/docs/reference" "$to/packaging/completion" "$to/packaging/lua"
"$pipe" explain --all > "$to/docs/reference/keywords.md"
"$pipe" explain --stages > "$to/docs/reference/stages.md"
"$pipe" explain --predefined > "$to/docs/reference/variables.md"
"$pipe" lua reference > "$to/docs/reference/lua.md"
"$pipe" lua annotations > "$to/packaging/lua/pipe.lua"
"$pipe" manual markdown > "$to/docs/cli.md"
"$pipe" manual man > "$to/packaging/pipe.1"
"$pipe" completion bash > "$to/packaging/completion/pipe.bash"
"$pipe" completion zsh > "$to/packaging/completion/_pipe"
"$pipe" completion fish > "$to/packaging/completion/pipe.fish"
