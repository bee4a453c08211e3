"""The stories that every language plays, each against an emulator of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import scenario_player
from boomi_auth.pytest_plugin import BoomiEmulator

FILES = [path for path in sorted(scenario_player.DIRECTORY.glob("*.json")) if not scenario_player.with_a_clock(path)]


def test_there_are_as_many_as_ever() -> None:
    assert len(FILES) > 50


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_scenario(path: Path, boomi_emulator: BoomiEmulator) -> None:
    scenario_player.Player(scenario_player.read(path), boomi_emulator).play()


STEP = {"do": "get"}


@pytest.mark.parametrize(
    "change",
    [
        {"nmae": 1},
        {"name": "another"},
        {"why": "no sentence"},
        {"steps": []},
        {"given": {"password": "right"}},
        {"given": {"latency_ms": 5}},
        {"steps": [STEP | {"acount": "account123"}]},
        {"steps": [STEP | {"every_s": 1}]},
        {"steps": [STEP | {"repeat": 0}]},
        {"steps": [{"do": "time", "awake_s": 1}]},
        {"steps": [{"do": "send"}]},
        {"steps": [STEP | {"expect": {"tokn": 1}}]},
        {"steps": [STEP | {"expect": {"error": "BOOMI_ERR_NONE"}}]},
        {"expected": {"exchange": 1}},
    ],
    ids=str,
)
def test_what_is_not_the_format_is_an_error(change: dict[str, object], tmp_path: Path) -> None:
    path = tmp_path / "story.json"
    story = {"name": "story", "why": "A token is got.", "steps": [STEP], "expected": {"exchanges": 1}}
    path.write_text(json.dumps(story), "utf-8")
    scenario_player.read(path)
    path.write_text(json.dumps(story | change), "utf-8")
    with pytest.raises(ValueError, match=r"^story\.json: "):
        scenario_player.read(path)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"steps": [STEP, STEP | {"expect": {"token": 2}}]}, "step 2, time 1: expected token 2, came 1"),
        ({"steps": [STEP | {"expect": {"left_s": [301, 400]}}]}, "expected left_s [301, 400], came 2"),
        ({"steps": [STEP | {"expect": {"error": "BOOMI_ERR_HELD"}}]}, "expected BOOMI_ERR_HELD, came success"),
        ({"given": {"credentials": "wrong"}}, "step 1, time 1: expected success, came CredentialsRejectedError"),
        ({"expected": {"exchanges": {"at_most": 0}}}, "at the end: expected exchanges {'at_most': 0}, came 1"),
        ({"expected": {"bearers": [1, 3]}}, "at the end: expected bearers [1, 3], came 0"),
    ],
)
def test_what_went_wrong_is_told(
    change: dict[str, object], problem: str, tmp_path: Path, boomi_emulator: BoomiEmulator
) -> None:
    path = tmp_path / "story.json"
    story = {"name": "story", "why": "A token is got.", "steps": [STEP], "expected": {"exchanges": 1}}
    path.write_text(json.dumps(story | change), "utf-8")
    with pytest.raises(AssertionError) as raised:
        scenario_player.Player(scenario_player.read(path), boomi_emulator).play()
    assert str(raised.value).startswith("story.json: ") and problem in str(raised.value)
