"""Models by lock file, from a server of this test's own."""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest

from gen import fetch as module
from gen.cli import main
from gen.fetch import Locked, fetch, locked_models
from sw_model.faults import InputFault, Verdict

#: A status that stands for no answer.
SLOW = 0
CONTENT = {"small": b"model" * 100, "large": bytes(range(256)) * 1000}


def locked(name: str, **changes: object) -> Locked:
    content = CONTENT[name]
    entry = Locked(name=name, file=f"zoo/{name}.onnx", repository="some/zoo", commit="c" * 40,
                   path=f"a folder/{name}.onnx", sha256=hashlib.sha256(content).hexdigest(),
                   bytes=len(content), licence="MIT")
    return msgspec.structs.replace(entry, **changes)


MODELS = [locked("small"), locked("large")]


@dataclass
class Server:
    """What the server answers, by path, and what it was asked."""

    url: str
    answers: dict[str, tuple[int, bytes, int]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def offer(self, model: Locked, content: bytes, *, status: int = 200, length: int | None = None
              ) -> None:
        path = model.url(self.url).removeprefix(self.url)
        self.answers[path] = (status, content, len(content) if length is None else length)


@pytest.fixture
def server() -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append(self.path)
            status, content, length = found.answers.get(self.path, (404, b"", 0))
            if status == SLOW:
                time.sleep(0.4)
                return
            self.send_response(status)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        found = Server(f"http://127.0.0.1:{http.server_port}")
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        yield found
        http.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GATEMILL_CACHE", str(tmp_path / "cache"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "GATEMILL_FETCH_URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "cache" / "data" / "models"


def test_models_are_fetched_once_and_kept_as_the_data_folder_has_them(
        server: Server, cache: Path) -> None:
    for model in MODELS:
        server.offer(model, CONTENT[model.name])
    found = fetch(base=server.url + "/", models=MODELS)
    assert found == {name: (cache / "zoo" / f"{name}.onnx", True) for name in CONTENT}
    for name, (path, _) in found.items():
        assert path.read_bytes() == CONTENT[name]
    assert server.asked[0] == f"/some/zoo/{'c' * 40}/a%20folder/small.onnx"
    again = fetch(["large"], base=server.url, models=MODELS)
    assert again == {"large": (cache / "zoo" / "large.onnx", False)}
    assert len(server.asked) == 2
    assert sorted(p.name for p in (cache / "zoo").iterdir()) == ["large.onnx", "small.onnx"]


def test_what_was_changed_in_the_cache_is_fetched_again(server: Server, cache: Path) -> None:
    server.offer(MODELS[0], CONTENT["small"])
    fetch(["small"], base=server.url, models=MODELS)
    (cache / "zoo" / "small.onnx").write_bytes(b"molel" + CONTENT["small"][5:])
    assert fetch(["small"], base=server.url, models=MODELS)["small"][1]
    assert (cache / "zoo" / "small.onnx").read_bytes() == CONTENT["small"]


@pytest.mark.parametrize(("content", "status", "length", "message"), [
    (b"", 404, None, "the server answers 404 Not Found"),
    (b"", 503, None, "the server answers 503 Service Unavailable"),
    (b"molel" * 100, 200, None, "has 500 bytes of digest [0-9a-f]{64}, but the lock file says 500 "
                                "of [0-9a-f]{64}; nothing is kept"),
    (CONTENT["small"][:-1], 200, None, "has 499 bytes of digest"),
    (CONTENT["small"] + b"!", 200, None, "is larger than the 500 bytes of the lock file"),
    (CONTENT["small"][:400], 200, 500, "(has 400 bytes of digest|IncompleteRead)"),
])
def test_what_is_not_the_model_is_not_kept(server: Server, cache: Path, content: bytes,
                                           status: int, length: int | None, message: str) -> None:
    server.offer(MODELS[0], content, status=status, length=length)
    server.offer(MODELS[1], CONTENT["large"])
    with pytest.raises(Verdict) as caught:
        fetch(base=server.url, models=MODELS)
    lines = str(caught.value).splitlines()
    assert len(lines) == 1
    url = f"{server.url}/some/zoo/c+/a%20folder/small.onnx"
    assert re.match(rf"small: {url}:? .*{message}", lines[0])
    # The others come all the same, and nothing half-written stays.
    assert [p.name for p in (cache / "zoo").iterdir()] == ["large.onnx"]


def test_a_file_that_was_there_stays_if_the_new_one_is_wrong(server: Server, cache: Path) -> None:
    (cache / "zoo").mkdir(parents=True)
    (cache / "zoo" / "small.onnx").write_bytes(b"own")
    server.offer(MODELS[0], b"wrong")
    with pytest.raises(Verdict):
        fetch(["small"], base=server.url, models=MODELS)
    assert (cache / "zoo" / "small.onnx").read_bytes() == b"own"


def test_no_network(cache: Path) -> None:
    message = (r"small: http://127.0.0.1:9/.* cannot be reached: .*refused.*; is there a "
               r"network.* GATEMILL_FETCH_URL names another")
    with pytest.raises(Verdict, match=message):
        fetch(["small"], base="http://127.0.0.1:9", models=MODELS)
    with pytest.raises(Verdict, match="cannot be reached: unknown url type"):
        fetch(["small"], base="no server", models=MODELS)
    assert not cache.exists()


def test_a_server_that_does_not_answer(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIMEOUT", 0.1)
    server.offer(MODELS[0], b"", status=SLOW)
    with pytest.raises(Verdict, match=r"small: .* cannot be reached: .*timed out"):
        fetch(["small"], base=server.url, models=MODELS)


def test_unknown_names_are_told_before_anything_is_fetched(server: Server) -> None:
    with pytest.raises(InputFault, match="no model 'smal'; did you mean 'small'"):
        fetch(["large", "smal"], base=server.url, models=MODELS)
    assert server.asked == []


def test_a_cache_that_cannot_be_written(server: Server, cache: Path) -> None:
    server.offer(MODELS[0], CONTENT["small"])
    cache.parent.mkdir(parents=True)
    cache.write_text("in the way")
    with pytest.raises(Verdict, match=r"small: .*small.onnx cannot be written: .*GATEMILL_CACHE"):
        fetch(["small"], base=server.url, models=MODELS)


def test_the_lock_file_names_the_models_of_the_data_folder(data_dir: Path) -> None:
    models = locked_models()
    assert len({model.name for model in models}) == len(models) >= 6
    for model in models:
        content = (data_dir / "models" / model.file).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (model.bytes, model.sha256)
        assert re.fullmatch("[0-9a-f]{40}", model.commit)
        assert model.url(module.BASE_URL).startswith("https://raw.githubusercontent.com/")


def test_the_command(server: Server, cache: Path, monkeypatch: pytest.MonkeyPatch,
                     capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(module, "locked_models", lambda: MODELS)
    monkeypatch.setenv("GATEMILL_FETCH_URL", server.url)
    for model in MODELS:
        server.offer(model, CONTENT[model.name])
    assert main(["fetch", "--list", "--json"]) == 0
    assert [entry["name"] for entry in json.loads(capsys.readouterr().out)] == ["small", "large"]
    assert main(["fetch", "small", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "folder": str(cache.parent),
        "models": [{"name": "small", "file": str(cache / "zoo" / "small.onnx"), "fetched": True}]}
    assert main(["fetch"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"^small +there already: ", out, re.M)
    assert re.search(r"^large +fetched: ", out, re.M)
    assert main(["fetch", "tiny"]) == 2
    assert main(["fetch", "large", "--base-url", "http://127.0.0.1:9"]) == 0
    (cache / "zoo" / "large.onnx").unlink()
    capsys.readouterr()
    assert main(["fetch", "large", "--base-url", "http://127.0.0.1:9"]) == 1
    assert capsys.readouterr().err.startswith("gatemill: error: large: http://127.0.0.1:9/")


def test_where_data_is_looked_for(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
                                  ) -> None:
    """What is named comes before the cache, file by file."""
    monkeypatch.setenv("GATEMILL_DATA", str(tmp_path / "given"))
    first, shared, last = module.data_places()
    assert (first, last) == (tmp_path / "given", module.data_folder())
    assert shared.name == "shared"
    for place in (last, first):
        with pytest.raises(InputFault, match=r"^no models/zz\.onnx; set GATEMILL_DATA to a folder"):
            module.find_data("models/zz.onnx")
        (place / "models").mkdir(parents=True)
    (last / "models" / "zz.onnx").write_text("kept")
    assert module.find_data("models/zz.onnx") == last / "models" / "zz.onnx"
    (first / "models" / "zz.onnx").write_text("mine")
    assert module.find_data("models/zz.onnx") == first / "models" / "zz.onnx"
    monkeypatch.delenv("GATEMILL_DATA")
    assert module.data_places() == [shared, last]
