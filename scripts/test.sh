#!/usr/bin/env bash
# Sets up, then runs lint, types and tests; the exit status is the verdict.
#   bash scripts/test.sh          below 10 minutes
#   bash scripts/test.sh --full   also slow and real-data tests, documentation and the built wheel
set -uo pipefail
cd "$(dirname "$0")/.."
source scripts/_environment.sh

case "${1:-}" in
    "") full=false ;;
    --full) full=true ;;
    *) die "unknown argument $1; use: bash scripts/test.sh [--full]" ;;
esac

minutes_allowed=40
names=() seconds=() verdicts=()

# part NAME COMMAND...: runs the command, keeps its time and verdict, goes on if it fails.
part() {
    local name=$1 start=$SECONDS verdict=passed
    shift
    say "$name"
    "$@" || verdict=FAILED
    names+=("$name") seconds+=($((SECONDS - start))) verdicts+=("$verdict")
}

set_up() { (make_environment dev); }
lint() { .venv/bin/ruff check . && .venv/bin/ruff format --check .; }
types() { .venv/bin/mypy; }
tests() { .venv/bin/python -m pytest -q -m "$@"; }
# Workflows wait much for processes of their own: two at a time, of one thread each.
tests_two_at_a_time() { OMP_NUM_THREADS=1 tests "$@" -n 2 --dist worksteal; }

# Triton reads its environment when it is imported: the kernels' tests have a process of their own.
kernels() {
    .venv/bin/python -m pip install --disable-pip-version-check -q -c constraints.txt -e ".[gpu-test]" &&
        OMP_NUM_THREADS=1 TRITON_INTERPRET=1 .venv/bin/python -m pytest -q tests/kernels
}

documentation() { bash scripts/docs.sh; }

# A browser opens the report where continuous integration may install the distribution's own.
browser() { apt-get update -qq && apt-get install -y -qq chromium >/dev/null; }

part "set-up" set_up
[ "${verdicts[0]}" = passed ] || exit 1
if $full && [ "${CI:-}" = true ] && [ "$(id -u)" = 0 ] && ! command -v chromium >/dev/null; then
    part "browser" browser
fi
part "lint" lint
part "types" types
part "plain tests" tests "not slow and not real_data and not gpu"
if $full; then
    part "quick start" tests "slow" tests/scripts/test_quickstart.py
    part "bundle workflows" tests_two_at_a_time "slow and not real_data" tests/bundle tests/workflows tests/scripts \
        --ignore=tests/scripts/test_quickstart.py
    part "topology, losses, data" tests "slow and not real_data" tests cldice_monai \
        --ignore=tests/bundle --ignore=tests/workflows --ignore=tests/scripts --ignore=tests/packaging --ignore=tests/kernels
    part "kernels for GPUs" kernels
    part "real data" tests "real_data"
    part "documentation" documentation
    part "wheel" tests "slow and not real_data" tests/packaging
fi

say "time by part"
total=0 failed=0
for i in "${!names[@]}"; do
    printf '%-26s %3d min %02d s   %s\n' "${names[i]}" $((seconds[i] / 60)) $((seconds[i] % 60)) \
        "${verdicts[i]}"
    total=$((total + seconds[i]))
    [ "${verdicts[i]}" = passed ] || failed=$((failed + 1))
done
printf '%-26s %3d min %02d s\n' "together" $((total / 60)) $((total % 60))
if $full && [ $total -gt $((minutes_allowed * 60)) ]; then
    die "the tests took more than $minutes_allowed minutes; make them faster or move work out"
fi
[ $failed = 0 ] || die "$failed of ${#names[@]} parts failed"
echo "all parts passed"
