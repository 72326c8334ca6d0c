import hashlib

import pytest

from cldice_monai.data.cremi import CREMI
from cldice_monai.data.deepvesselnet import DEEPVESSELNET
from cldice_monai.data.drive import DRIVE
from cldice_monai.data.massachusetts_roads import MASSACHUSETTS_ROADS
from cldice_monai.data.paper_split import PaperCounts, part_counts, split_as_paper
from cldice_monai.data.vessap_dataset import VESSAP
from cldice_monai.errors import InputError


@pytest.mark.parametrize(
    ("source", "n_cases", "training", "validation", "test", "folds"),
    [  # the paper's numbers; with folds, one of three validates
        (DRIVE, 40, 20, 10, 10, (10, 10, 10)),
        (MASSACHUSETTS_ROADS, 133, 80, 40, 13, (40, 40, 40)),
        (MASSACHUSETTS_ROADS, 1171, 80, 40, 13, (40, 40, 40)),
        (CREMI, 375, 216, 108, 51, (108, 108, 108)),
        (DEEPVESSELNET, 22, 15, 2, 5, (6, 6, 5)),
        (DEEPVESSELNET, 136, 15, 2, 5, (6, 6, 5)),
        (VESSAP, 17, 11, 2, 4, (5, 4, 4)),
        (VESSAP, 24, 16, 3, 5, (7, 6, 6)),
    ],
)
def test_counts_are_those_of_the_paper(source, n_cases, training, validation, test, folds):
    split = source.split([f"stack_{n:04d}" for n in range(n_cases)])
    assert (len(split.training), len(split.validation), len(split.test)) == (
        training,
        validation,
        test,
    )
    assert tuple(map(len, split.folds)) == folds
    assert len(split.unused) == n_cases - training - validation - test


def test_all_cases_of_a_larger_release_are_split_in_proportion():
    # 136 * 15/22 = 92.7, 136 * 2/22 = 12.4, 136 * 5/22 = 30.9: the two .7 and .9 are rounded up
    assert part_counts(DEEPVESSELNET.counts, 136, take_all=True) == (93, 12, 31)


@pytest.mark.parametrize("n_cases", range(3, 60))
def test_other_counts_add_up_and_leave_no_part_empty(n_cases):
    parts = part_counts(PaperCounts(11, 2, 4), n_cases)
    assert sum(parts) == n_cases
    assert min(parts) >= 1
    off = [abs(parts[i] - n_cases * (11, 2, 4)[i] / 17) for i in range(3)]
    assert max(off) < 2


def test_too_few_cases_are_refused():
    with pytest.raises(InputError, match="2 cases cannot be split into 3 parts"):
        part_counts(PaperCounts(11, 2, 4), 2)
    with pytest.raises(InputError, match="3 folds need as many cases beside the test part"):
        split_as_paper(["a", "b", "c"], PaperCounts(11, 2, 4))


@pytest.mark.parametrize("stacked", [False, True])
@pytest.mark.parametrize("n_cases", [7, 24, 40])
def test_every_case_is_in_one_part_and_every_training_case_in_one_fold(stacked, n_cases):
    ids = [f"{'ab'[n % 2]}_{n:03d}" for n in range(n_cases)]
    split = split_as_paper(ids, PaperCounts(4, 1, 2, takes_some=True), stacked=stacked)
    parts = [*split.training, *split.validation, *split.test, *split.unused]
    assert sorted(parts) == sorted(ids)
    dealt = [name for fold in split.folds for name in fold]
    assert sorted(dealt) == sorted([*split.training, *split.validation])


def test_same_seed_gives_the_same_parts_whatever_the_order_and_another_seed_others():
    ids = [f"case_{n}" for n in range(24)]
    first = split_as_paper(ids, VESSAP.counts, seed=3)
    assert split_as_paper(ids[::-1], VESSAP.counts, seed=3) == first
    assert split_as_paper(ids, VESSAP.counts, seed=4).test != first.test


def test_membership_is_told_by_the_hash_of_seed_and_name():
    ids = [f"patchvolume_{n:03d}" for n in range(24)]
    hashes = {name: hashlib.sha256(f"7 {name}".encode()).hexdigest() for name in ids}
    order = sorted(ids, key=hashes.__getitem__)
    split = VESSAP.split(ids, seed=7)
    assert split.test == tuple(sorted(order[:5]))
    assert split.validation == tuple(sorted(order[5:8]))
    assert split.training == tuple(sorted(order[8:]))


def test_a_case_that_is_left_out_leaves_the_order_of_the_others():
    ids = [f"case_{n}" for n in range(40)]
    whole = split_as_paper(ids, PaperCounts(20, 2, 4, takes_some=True))
    less = [name for name in ids if name != whole.test[0]]
    split = split_as_paper(less, PaperCounts(20, 2, 4, takes_some=True))
    assert set(whole.test) - {whole.test[0]} < set(split.test)


def test_validation_is_fold_0_where_the_paper_has_folds():
    split = DRIVE.split([f"{n:02d}" for n in range(40)])
    assert split.validation == split.folds[0]


def test_a_fold_validates_and_the_others_train():
    split = split_as_paper("abcdefg", PaperCounts(6, 0, 1))
    chosen = split.with_fold(2)
    assert chosen.validation == split.folds[2]
    assert sorted(chosen.training) == sorted([*split.folds[0], *split.folds[1]])
    assert chosen.test == split.test
    assert split.with_fold(None) is split


@pytest.mark.parametrize("fold", [3, -1, True, 1.0])
def test_fold_that_is_none_is_refused(fold):
    with pytest.raises(ValueError, match="whole number from 0 to 2"):
        split_as_paper("abcdefg", PaperCounts(6, 0, 1)).with_fold(fold)


@pytest.mark.parametrize("words", [{"seed": -1}, {"n_folds": 1}, {"n_folds": True}])
def test_seed_and_folds_out_of_range_are_refused(words):
    with pytest.raises(ValueError, match=f"{next(iter(words))} must be a whole number"):
        split_as_paper("abcdefg", PaperCounts(6, 0, 1), **words)


@pytest.mark.parametrize("seed", range(5))
def test_sections_of_a_stack_stay_together_in_runs(seed):
    ids = [f"sample_{s}_{n:03d}" for s in "ABC" for n in range(125)]
    split = CREMI.split(ids, seed=seed)
    for part in (split.test, *split.folds):
        for sample in "ABC":
            numbers = {int(name[-3:]) for name in part if name[7] == sample}
            assert len(numbers) == len(part) / 3
            # going round the stack, a single run has a single place where it ends
            ends = [n for n in numbers if (n + 1) % 125 not in numbers]
            assert len(ends) == 1


def test_run_of_sections_begins_where_the_hash_of_seed_and_stack_says():
    ids = [f"sample_A_{n:03d}" for n in range(125)]
    firsts = set()
    for seed in range(3):
        shift = int(hashlib.sha256(f"{seed} sample_A".encode()).hexdigest(), 16) % 125
        firsts.add(shift)
        expected = {f"sample_A_{(shift + n) % 125:03d}" for n in range(17)}  # 125 * 51 / 375
        assert set(CREMI.split(ids, seed=seed).test) == expected
    assert len(firsts) == 3
