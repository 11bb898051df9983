"""Asks FastAPI what the apps beside this file answer, and writes it down in `recorded.json`: run by hand, with fastapi,
httpx, python-multipart and email-validator installed."""

import importlib.util
import json
import sys
from pathlib import Path

from fastapi.testclient import TestClient

HERE = Path(__file__).parent


def recorded(path: Path) -> dict:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    client = TestClient(module.app, raise_server_exceptions=False, follow_redirects=False)
    exchanges = []
    for method, target, *more in module.REQUESTS:
        asked = client.build_request(method, target, **(more[0] if more else {}))
        body = asked.read().decode()
        kept = [(name.decode(), value.decode()) for name, value in asked.headers.raw]
        told = client.send(asked)
        usual = ("host", "connection", "accept", "accept-encoding", "user-agent", "content-length")
        exchanges.append(
            {
                "method": method,
                "target": target,
                "headers": [pair for pair in kept if pair[0].lower() not in usual],
                "body": body,
                "status": told.status_code,
                "answer": [pair for pair in told.headers.multi_items() if pair[0] != "content-length"],
                "content": told.text,
            }
        )
    return {"openapi": module.app.openapi(), "exchanges": exchanges}


if __name__ == "__main__":
    apps = {path.stem: recorded(path) for path in sorted(HERE.glob("*.py")) if path.stem not in ("record", "serve")}
    # A line for each exchange, so that a change of one shows as that.
    written = []
    for name, app in apps.items():
        lines = ",\n".join(json.dumps(one, ensure_ascii=False) for one in app["exchanges"])
        document = json.dumps(app["openapi"], ensure_ascii=False)
        written.append(f'"{name}": {{"openapi": {document},\n"exchanges": [\n{lines}\n]}}')
    (HERE / "recorded.json").write_text("{\n" + ",\n".join(written) + "\n}\n")
