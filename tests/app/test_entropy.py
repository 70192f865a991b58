"""A sandbox's chance: the same for the same seed, and nothing disturbs anything else."""

from cambist.app.entropy import SeededEntropy


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert SeededEntropy(7)("key", 32) == SeededEntropy(7)("key", 32)
    assert SeededEntropy(7)("key", 32) != SeededEntropy(8)("key", 32)


def test_labels_do_not_disturb_each_other() -> None:
    one, other = SeededEntropy(7), SeededEntropy(7)
    for _ in range(5):
        other("something else", 16)
    assert one("key", 16) == other("key", 16)


def test_a_second_call_gives_other_bytes() -> None:
    entropy = SeededEntropy(7)
    assert entropy("key", 16) != entropy("key", 16)


def test_long_draws_do_not_repeat() -> None:
    drawn = SeededEntropy(7)("key", 256)
    blocks = {drawn[start : start + 64] for start in range(0, 256, 64)}
    assert len(drawn) == 256
    assert len(blocks) == 4


def test_a_scope_begins_anew() -> None:
    entropy = SeededEntropy(7)
    first = entropy.scoped("user/alice")("password", 15)
    entropy("password", 15)
    assert entropy.scoped("user/alice")("password", 15) == first
    assert entropy.scoped("user/bob")("password", 15) != first
