"""Events of sweeps, ladders and searches: each as the schema says, which lets nothing else pass."""

import json
from importlib.resources import files

import pytest
from jsonschema import Draft202012Validator

import clips
from vmaf_tiny.cli import main
from vmaf_tiny.encode import Rendition
from vmaf_tiny.encode.tables import read_results, summary
from vmaf_tiny.sweep import sweep

SCHEMA = json.loads((files("vmaf_tiny") / "cli" / "events.schema.json").read_text())
VALID = Draft202012Validator(SCHEMA)
COMMANDS = {
    "sweep": ["--crf", "24,40", "--bitrate", "100k"],
    "ladder": ["--sizes", "144,72", "--crf", "24,40"],
    "search": ["--target", "80", "--samples", "3", "--chunk", "0.4"],
}
WAYS = {
    "alone": [],
    "by segments": ["--segment", "0.5"],
    "by workers": ["--workers", "2", "--segment", "1"],
}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    lumas = [clips.noisy(clips.plane(n, 256, 144), seed=n) for n in range(75)]
    path = tmp_path_factory.mktemp("events") / "clip.mkv"
    return clips.write(path, lumas, options={"g": "15"})


@pytest.fixture
def told(source, tmp_path, capfd):
    """Run a command; return its events and what else it said on standard error."""

    def run(command, *more):
        status = main(
            [command, str(source), *COMMANDS[command], "--preset", "ultrafast", "-q",
             "--progress", "json", "--store", str(tmp_path / "store"),
             "-o", str(tmp_path / "results.json"), *more]
        )  # fmt: skip
        lines = capfd.readouterr().err.splitlines()
        assert status in (0, 3), lines
        events = [json.loads(line) for line in lines if line.startswith("{")]
        return events, [line for line in lines if not line.startswith("{")]

    return run


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("command", COMMANDS)
def test_events_are_as_the_schema_says(told, tmp_path, command, way):
    for again in (False, True):
        events, others = told(command, *WAYS[way])
        assert not others
        for event in events:
            VALID.validate(event)
        found = read_results(tmp_path / "results.json")
        whole = [event for event in events if event["event"] == "rendition"]
        if command == "search":
            document = json.loads((tmp_path / "results.json").read_text())
            probes = [event for event in events if event["event"] == "probe"]
            assert [probe["number"] for probe in probes] == list(range(1, len(probes) + 1))
            for probe, known in zip(probes, document["probes"], strict=True):
                assert known.items() <= probe.items()
            assert not whole
        else:
            rows = sorted(whole, key=lambda event: event["label"])
            expected = sorted(map(summary, found), key=lambda row: row["label"])
            assert rows == [{"event": "rendition", "version": 1, **row} for row in expected]
        last = [event for event in events if event["event"] == "progress"][-1]
        state = {"stored"} if again else {"done"}
        assert {each["state"] for each in last["renditions"]} <= state | {"stored"}
        assert (last["done"], last["eta"]) == (last["total"], 0)
        assert "-0.0" not in json.dumps(events)


def test_the_schema_would_see_what_is_missing_new_or_of_another_kind(told):
    Draft202012Validator.check_schema(SCHEMA)
    events = [*told("sweep")[0], *told("search")[0]]
    kinds = {}
    for event in events:
        if event["event"] != "progress" or event["probe"]:
            kinds[event["event"]] = event
    assert set(kinds) == {"progress", "rendition", "probe"}
    for event in kinds.values():
        places = [event, *event.get("renditions", []), event.get("probe") or {}]
        for place in places:
            for name in list(place):
                value = place.pop(name)
                assert not VALID.is_valid(event), f"without {name}"
                place[name] = {"no": "such"}
                assert not VALID.is_valid(event), f"another kind of {name}"
                place[name] = value
            if place:
                place["surprise"] = 1
                assert not VALID.is_valid(event)
                del place["surprise"]
        VALID.validate(event)


def test_rendition_events_know_what_a_row_of_a_table_has(source):
    (made,) = sweep(source, [Rendition(crf=40, preset="ultrafast")])
    known = SCHEMA["$defs"]["rendition"]["properties"]
    assert list(known) == ["event", "version", *summary(made)]
