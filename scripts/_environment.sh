# Sourced by the other scripts: finds a Python, makes .venv and installs the pinned packages.
# Everything goes through pip, so PIP_INDEX_URL and the rest of pip's settings are honoured.

die() { printf 'error: %s\n' "$1" >&2; exit 1; }

say() { printf '\n== %s\n' "$1"; }

find_python() {
    local candidate candidates=(python3 python3.13 python3.12 python3.11)
    [ -z "${PYTHON:-}" ] || candidates=("$PYTHON")
    for candidate in "${candidates[@]}"; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    die "Python 3.11 or newer was not found; install it, or name it: PYTHON=/path/to/python3.11"
}

# make_environment [EXTRA]: EXTRA is the name of an optional-dependencies group: "dev" for tests, "docs".
make_environment() {
    local extra=${1:-} target=. pins stamp python
    [ -z "$extra" ] || target=".[$extra]"
    pins=$(cksum constraints.txt pyproject.toml | cksum | cut -d' ' -f1)
    stamp=".venv/installed-${extra:-run}-$pins"
    # An environment for the tests has all that a run needs.
    if [ -f "$stamp" ] || { [ -z "$extra" ] && [ -f ".venv/installed-dev-$pins" ]; } &&
        .venv/bin/python -c 'import cldice_monai' 2>/dev/null; then
        say "the environment .venv is ready"
        return
    fi
    python=$(find_python) || exit 1
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        die "$python has no venv module; on Debian and Ubuntu: sudo apt install python3-venv"
    say "installing the pinned packages into .venv"
    # With an environment of the same pins, what an extra adds is small.
    if ! compgen -G ".venv/installed-*-$pins" >/dev/null; then
        echo "To download: about 0.5 GB with a CPU build of torch (2.7 GB on disk), several GB"
        echo "more where your package index serves torch with CUDA. One minute to ten."
    fi
    # An environment without pip is what an interrupted set-up leaves behind.
    .venv/bin/python -m pip --version >/dev/null 2>&1 || "$python" -m venv .venv --clear ||
        die "$python could not make .venv"
    .venv/bin/python -m pip install --disable-pip-version-check -c constraints.txt -e "$target" ||
        die "pip could not install the packages; its message above says which one"
    touch "$stamp"
}
