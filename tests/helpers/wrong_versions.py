"""A pytest plugin: runs a test once with each wrong version that names it, and writes down what came of it.

``pytest -p helpers.wrong_versions IDS`` with the environment variable ``WRONG_VERSIONS``, the file to write: of each
exhibit, what the tests raised that it names, ``""`` for one that passed.
"""

import inspect
import json
import os
from pathlib import Path
from typing import Any

import pytest

OUTCOMES: dict[str, list[str]] = {}


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: Any) -> bool:
    from vatt_edu.teach.museum.catalog import EXHIBITS

    name = pyfuncitem.nodeid.partition("[")[0]
    arguments = {key: pyfuncitem.funcargs[key] for key in inspect.signature(pyfuncitem.obj).parameters}
    for exhibit in EXHIBITS.values():
        if exhibit.test == name:
            with exhibit.installed(also=("test_", "helpers")):
                try:
                    pyfuncitem.obj(**arguments)
                    outcome = ""
                except Exception as error:
                    outcome = type(error).__name__
            OUTCOMES.setdefault(exhibit.name, []).append(outcome)
    return True


def pytest_sessionfinish() -> None:
    Path(os.environ["WRONG_VERSIONS"]).write_text(json.dumps(OUTCOMES))
