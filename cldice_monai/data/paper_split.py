"""Training, validation and test parts with the counts of the clDice paper, and folds.

Which case was in which part was never published. Here the parts are drawn, by a hash of the seed
and the case's name: the same names and the same seed give the same parts on every machine, with
every version of numpy, and a case that is left out hardly moves the others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from cldice_monai.errors import InputError

__all__ = ["PaperCounts", "SplitIds", "part_counts", "split_as_paper"]


@dataclass(frozen=True)
class PaperCounts:
    """How many cases the paper used of a dataset.

    Attributes:
        training: training cases. With ``validation=0`` the cases of all folds together.
        validation: validation cases; 0 where the paper has folds, then one fold validates.
        test: test cases.
        takes_some: the paper took some cases of a larger release; as many are drawn.
        known: (training, validation, test) for releases of another size.

    Example:
        >>> PaperCounts(training=100, validation=14, test=1).total
        115
    """

    training: int
    validation: int
    test: int
    takes_some: bool = False
    known: tuple[tuple[int, int, int], ...] = ()

    @property
    def total(self) -> int:
        """Number of cases that the paper used."""
        return self.training + self.validation + self.test


@dataclass(frozen=True)
class SplitIds:
    """Case ids of each part, sorted; no id is in two parts.

    Attributes:
        training: to train on.
        validation: to choose the model by.
        test: to report.
        folds: training and validation cases dealt into folds.
        unused: cases that were not drawn.

    Example:
        >>> split = SplitIds(("a", "b"), ("c",), ("d",), (("a",), ("b",), ("c",)))
        >>> split.with_fold(0).training, split.with_fold(0).validation
        (('b', 'c'), ('a',))
    """

    training: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]
    folds: tuple[tuple[str, ...], ...]
    unused: tuple[str, ...] = ()

    def with_fold(self, fold: int | None) -> SplitIds:
        """Return the split that validates on one of the folds and trains on the others.

        Args:
            fold: number of the fold from 0 on; None leaves the split as it is.

        Returns:
            The split; its test part is the same.

        Raises:
            ValueError: if there is no such fold.
        """
        if fold is None:
            return self
        if isinstance(fold, bool) or not isinstance(fold, int) or not 0 <= fold < len(self.folds):
            raise ValueError(
                f"fold must be a whole number from 0 to {len(self.folds) - 1}, or None, "
                f"got {fold!r}; choose one of the {len(self.folds)} folds"
            )
        rest = [name for number, ids in enumerate(self.folds) if number != fold for name in ids]
        return SplitIds(tuple(sorted(rest)), self.folds[fold], self.test, self.folds, self.unused)


def part_counts(
    counts: PaperCounts, n_cases: int, *, take_all: bool = False
) -> tuple[int, int, int]:
    """Return how many cases go to training, validation and test.

    The paper's counts where the number of cases is the paper's, or larger and the paper took some
    of a larger release (unless ``take_all``); counts that are known for a release of this size;
    otherwise the paper's counts in proportion, rounded so that they add up (the parts with the
    largest remainders get the cases left over), with one case at least in each part.

    Args:
        counts: the paper's counts.
        n_cases: cases there are.
        take_all: do not leave any case unused.

    Returns:
        Cases for training, validation and test.

    Raises:
        InputError: if there are too few cases for all parts.

    Example:
        >>> vessap = PaperCounts(11, 2, 4, known=((16, 3, 5),))
        >>> part_counts(vessap, 17), part_counts(vessap, 24), part_counts(vessap, 8)
        ((11, 2, 4), (16, 3, 5), (5, 1, 2))
        >>> part_counts(PaperCounts(15, 2, 5, takes_some=True), 136)
        (15, 2, 5)
    """
    paper = (counts.training, counts.validation, counts.test)
    if n_cases == counts.total or (n_cases > counts.total and counts.takes_some and not take_all):
        return paper
    for known in counts.known:
        if n_cases == sum(known):
            return known
    n_parts = sum(part > 0 for part in paper)
    if n_cases < n_parts:
        raise InputError(
            f"{n_cases} cases cannot be split into {n_parts} parts; add labelled cases"
        )
    quotas = [n_cases * part / counts.total for part in paper]
    scaled = [max(int(quota), 1 if part else 0) for quota, part in zip(quotas, paper, strict=True)]
    by_remainder = sorted(range(3), key=lambda i: (scaled[i] - quotas[i], i))
    for i in by_remainder[: max(n_cases - sum(scaled), 0)]:
        scaled[i] += 1
    while sum(scaled) > n_cases:
        scaled[scaled.index(max(scaled))] -= 1
    return scaled[0], scaled[1], scaled[2]


def split_as_paper(
    case_ids: Sequence[str],
    counts: PaperCounts,
    *,
    seed: int = 0,
    n_folds: int = 3,
    take_all: bool = False,
    stacked: bool = False,
) -> SplitIds:
    """Draw training, validation and test parts and folds.

    The ids are sorted by a hash of ``"<seed> <id>"`` (SHA-256); the first go to test, the next to
    validation, the next to training, the rest is unused. Training and validation together are cut
    into folds of equal size (the first ones have one case more where it does not work out). Where
    the paper has folds, fold 0 is the validation part.

    Sections of one stack look like their neighbours. With ``stacked`` they are therefore not
    shuffled: each stack is turned round by a number of sections that the hash tells, and the same
    share of each goes to each part in one run.

    Args:
        case_ids: ids without repetition, in any order.
        counts: the paper's counts.
        seed: seed of the draw, 0 or more.
        n_folds: number of folds, 2 or more.
        take_all: draw from no larger release, use every case.
        stacked: ids are ``<stack>_<number of the section>``.

    Returns:
        The parts.

    Raises:
        InputError: if there are too few cases.
        ValueError: if ``n_folds`` or ``seed`` is out of range.

    Example:
        >>> parts = split_as_paper("abcdefg", PaperCounts(2, 1, 1))
        >>> len(parts.training), len(parts.validation), len(parts.test), len(parts.folds)
        (3, 2, 2, 3)
    """
    _check_whole("n_folds", n_folds, smallest=2)
    _check_whole("seed", seed, smallest=0)
    n_training, n_validation, n_test = part_counts(counts, len(case_ids), take_all=take_all)
    n_learning = n_training + n_validation
    if n_learning < n_folds:
        raise InputError(
            f"{n_folds} folds need as many cases beside the test part, there are {n_learning}; "
            "add labelled cases or ask for fewer folds"
        )
    if stacked:
        order = _stack_order(case_ids, seed)
    else:
        order = sorted(case_ids, key=lambda name: _hash(seed, name))
    test, learning = order[:n_test], order[n_test : n_test + n_learning]
    folds = [learning[start:stop] for start, stop in _cuts(n_learning, n_folds)]
    n_validation = n_validation or len(folds[0])
    return SplitIds(
        training=tuple(sorted(learning[n_validation:])),
        validation=tuple(sorted(learning[:n_validation])),
        test=tuple(sorted(test)),
        folds=tuple(tuple(sorted(fold)) for fold in folds),
        unused=tuple(sorted(order[n_test + n_learning :])),
    )


def _hash(seed: int, name: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed} {name}".encode()).digest())


def _stack_order(case_ids: Sequence[str], seed: int) -> list[str]:
    """Order sections by how far up their stack they are, so that a run of the order is compact."""
    stacks: dict[str, list[str]] = {}
    for name in sorted(case_ids):
        stacks.setdefault(name.rpartition("_")[0], []).append(name)
    ranked: list[tuple[float, str]] = []
    for stack, names in stacks.items():
        shift = _hash(seed, stack) % len(names)
        turned = names[shift:] + names[:shift]
        ranked += [((i + 0.5) / len(names), name) for i, name in enumerate(turned)]
    return [name for _, name in sorted(ranked)]


def _cuts(length: int, n_parts: int) -> list[tuple[int, int]]:
    size, longer = divmod(length, n_parts)
    stops = [size * (i + 1) + min(i + 1, longer) for i in range(n_parts)]
    return list(zip([0, *stops[:-1]], stops, strict=True))


def _check_whole(name: str, value: int, *, smallest: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < smallest:
        raise ValueError(f"{name} must be a whole number from {smallest} on, got {value!r}")
