"""One Prefect server for all tests of flows; it answers on this machine only."""

import pytest
from flow_project import make_flow_project

from flows.children import stop_guarded
from flows.server import await_server, start_server


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> str:
    quick = {"PREFECT_SERVER_DEPLOYMENTS_CONCURRENCY_SLOT_WAIT_SECONDS": "2"}
    process, address = start_server(tmp_path_factory.mktemp("prefect"), **quick)
    try:
        await_server(process, address)
        yield address
    finally:
        stop_guarded(process)


@pytest.fixture
def project(tmp_path):
    return make_flow_project(tmp_path / "project")
