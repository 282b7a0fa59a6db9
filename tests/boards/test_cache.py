"""The cache: whole entries or none, and not too many."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from boards import cache


@pytest.fixture(autouse=True)
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GATEMILL_CACHE", str(tmp_path))
    return tmp_path


def fill(folder: Path) -> None:
    (folder / "result").write_text("made")


def test_filled_once() -> None:
    made: list[Path] = []

    def once(folder: Path) -> None:
        made.append(folder)
        fill(folder)

    first, was_there = cache.cached("kind", "key", once)
    assert (was_there, (first / "result").read_text()) == (False, "made")
    assert cache.cached("kind", "key", once) == (first, True)
    assert len(made) == 1
    assert made[0] != first


def test_a_failure_leaves_nothing(empty: Path) -> None:
    def fail(folder: Path) -> None:
        fill(folder)
        raise ValueError("half way")

    with pytest.raises(ValueError, match="half way"):
        cache.cached("kind", "key", fail)
    assert list((empty / "kind").iterdir()) == []


def test_two_at_once_agree() -> None:
    def race(folder: Path) -> None:
        fill(folder)
        cache.cached("kind", "key", fill)

    place, was_there = cache.cached("kind", "key", race)
    assert not was_there
    assert [path.name for path in place.parent.iterdir()] == ["key"]


def test_the_oldest_go_first(empty: Path) -> None:
    for age, key in enumerate("abc"):
        place, _ = cache.cached("kind", key, fill, kept=2)
        os.utime(place, (100 + age, 100 + age))
    assert sorted(os.listdir(empty / "kind")) == ["b", "c"]
    cache.cached("kind", "b", fill, kept=2)
    cache.cached("kind", "d", fill, kept=2)
    assert sorted(os.listdir(empty / "kind")) == ["b", "d"]


def test_digests_keep_parts_apart() -> None:
    assert cache.digest_of(["ab", "c"]) != cache.digest_of(["a", "bc"])
    assert cache.digest_of(["ab", b"c"]) == cache.digest_of([b"ab", "c"])


def test_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEMILL_CACHE", "")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache.root() == Path("/somewhere/gatemill")
