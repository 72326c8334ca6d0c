#!/usr/bin/env bash
# Sets up, then builds the documentation; a warning is an error.
#   bash scripts/docs.sh          output/docs/index.html is the first page
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/_environment.sh

[ $# = 0 ] || die "unknown argument $1; use: bash scripts/docs.sh"
make_environment docs
say "documentation"
.venv/bin/python -m sphinx -W --keep-going -q -E -b html -c docs -d output/docs_cache . output/docs ||
    die "the documentation has faults; the lines above name page and line"
echo "open output/docs/index.html"
