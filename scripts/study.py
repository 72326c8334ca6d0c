"""Repeat the paper's experiments in small, each with several seeds: the study of docs/study.md.

Runs every cell that has no result yet, in the order of the plan: training and prediction by the
bundle, then every figure of Table 1 for every test volume. A cell that was broken off goes on.
Then docs/results/study.md and its plots are written anew from what is there.
"""

from __future__ import annotations

import argparse
import os
import sys
from fnmatch import fnmatch
from pathlib import Path

import torch
from real_volumes import ROOT
from study_cells import Budget, Cell, cells_in_order
from study_data import SHARED
from study_plan import BLOCKS, TRIALS
from study_run import Result, is_result_of, measure_again, read_result, run_cell

from cldice_monai.errors import InputError, find_input_error
from cldice_monai.files import replace_when_complete
from cldice_monai.lines import counted


def main() -> None:
    """Run what is left, or list it, and write the page."""
    arguments = read_arguments()
    torch.set_num_threads(arguments.threads)
    os.environ.setdefault("OMP_NUM_THREADS", str(arguments.threads))
    cells = chosen_cells(arguments.only)
    if not cells:
        sys.exit(f"error: --only {arguments.only}: no cell of this name; --list shows them")
    results = results_folder(arguments.out, arguments.budget)
    if arguments.list:
        for line in state_lines(cells, results, arguments.budget):
            print(line)
        return
    failed = [] if arguments.tables else run_all(cells, arguments)
    write_pages(results, arguments)
    if failed:
        n_failed = counted(len(failed), "cell")
        sys.exit(f"error: {n_failed} failed, {failed[0]} first; run again to repeat them")


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--only", metavar="PATTERN", help="cells or tables, as hard_unet_* or trial"
    )
    parser.add_argument("--list", action="store_true", help="print the cells and what is done")
    parser.add_argument("--tables", action="store_true", help="write page and plots, run nothing")
    parser.add_argument(
        "--measure-again",
        action="store_true",
        help="segment and measure finished cells anew with the networks that they kept, train none",
    )
    parser.add_argument("--budget", choices=("small", "gpu"), default="small")
    parser.add_argument("--out", type=Path, default=ROOT / "docs")
    parser.add_argument("--work-dir", type=Path, default=ROOT / "output" / "study")
    parser.add_argument("--data", type=Path, default=SHARED, help="folder of the real volumes")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def results_folder(out: Path, budget: Budget) -> Path:
    """Return the folder of the results of a budget: figures of two widths are never mixed."""
    return out / "results" / ("study" if budget == "small" else f"study_{budget}")


def chosen_cells(pattern: str | None) -> list[Cell]:
    """Return the cells of the plan, or those whose name or table fits a pattern, in order."""
    if pattern is None:
        return cells_in_order(BLOCKS)
    blocks = [block for block in (*BLOCKS, TRIALS) if fnmatch(block.key, pattern)]
    if blocks:
        return cells_in_order(blocks)
    return [cell for cell in cells_in_order((*BLOCKS, TRIALS)) if fnmatch(cell.name, pattern)]


def state_lines(cells: list[Cell], results: Path, budget: Budget) -> list[str]:
    """Return a line for each cell: what it is called, and whether there is a result."""
    lines, n_done, seconds = [], 0, 0
    for cell in cells:
        result = read_result(results / f"{cell.name}.json")
        state = "not run"
        if is_result_of(result, cell, budget) and result is not None:
            state = f"{result['cpu_seconds']} CPU seconds"
            n_done, seconds = n_done + 1, seconds + result["cpu_seconds"]
        elif result is not None:
            state = "made with other settings, runs again"
        lines.append(f"{cell.name:<55} {state}")
    return [*lines, f"{n_done} of {len(cells)} cells done, {seconds / 3600:.1f} CPU hours"]


def run_all(cells: list[Cell], arguments: argparse.Namespace) -> list[str]:
    """Run every cell that has no result of this plan, or measure those that have one again.

    Returns:
        The names of those that failed.
    """
    step = measure_again if arguments.measure_again else run_cell
    results, failed = results_folder(arguments.out, arguments.budget), []
    for number, cell in enumerate(cells, start=1):
        known = read_result(results / f"{cell.name}.json")
        if is_result_of(known, cell, arguments.budget) != arguments.measure_again:
            continue
        print(f"cell {number} of {len(cells)}: {cell.name}", flush=True)
        try:
            result = step(
                cell,
                arguments.budget,
                work_dir=arguments.work_dir,
                shared=arguments.data,
                out=results,
            )
        except (InputError, RuntimeError, ValueError) as error:
            # the others can still be measured; a result that is missing shows as such
            cause = find_input_error(error) or error
            folder = arguments.work_dir / arguments.budget / cell.name
            remedy = f"remove {folder} to train it anew"
            print(f"error: {cell.name}: {cause}; {remedy}", file=sys.stderr, flush=True)
            failed.append(cell.name)
            continue
        print(summary(result), flush=True)
    return failed


def summary(result: Result) -> str:
    """Return a line with what matters most of a result."""
    found = [v["cldice"] for v in result["volumes"].values() if v["cldice"] is not None]
    mean = f"{sum(found) / len(found):.3f}" if found else "not measured"
    return f"  clDice {mean}, {result['seconds']} s, {result['cpu_seconds']} CPU s"


def write_pages(results: Path, arguments: argparse.Namespace) -> None:
    """Write the page and its plots from the results that are there."""
    from study_plots import draw_plots
    from study_tables import study_page

    images = arguments.out / "images"
    names = draw_plots(results, images, arguments.budget)
    page = results.with_suffix(".md")
    with replace_when_complete(page) as temporary:
        temporary.write_text(study_page(results, names, arguments.budget), encoding="utf-8")
    print(f"written  {page}")


if __name__ == "__main__":
    main()
