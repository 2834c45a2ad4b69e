"""Messages reach a real receiver by variable and by block; their address is shown nowhere."""

import pytest
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.blocks.system import Secret
from prefect.settings import PREFECT_API_URL, temporary_settings
from receiver import receiver

from flows.errors import FlowError
from flows.notify import send
from sluice.errors import ParamsError
from sluice.flow_settings import Flows, Notify
from sluice.params import parse_section

# Prefect's and Apprise's own.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
NAME = "SLUICE_TEST_CHANNEL"


def test_a_message_goes_to_the_address_in_the_variable(monkeypatch) -> None:
    with receiver() as found:
        monkeypatch.setenv(NAME, found.address)
        assert send(Notify(environment=NAME), "Sluice: kept", "kept champion\nfloor: passed")
    assert [one["title"] for one in found.messages] == ["Sluice: kept"]
    assert found.messages[0]["message"] == "kept champion\nfloor: passed"
    assert found.paths == ["/s3cret-t0ken"]


def test_without_a_channel_nobody_is_told() -> None:
    assert send(Notify(), "title", "body") is False


@pytest.mark.parametrize("value", ["", "nonsense s3cret", "nosuch://s3cret@host", "{down}"])
def test_what_cannot_be_sent_is_said_without_the_address(monkeypatch, caplog, capfd, value) -> None:
    with receiver() as found:
        down = found.address
    monkeypatch.setenv(NAME, value.format(down=down))
    with pytest.raises(FlowError, match=NAME) as caught:
        send(Notify(environment=NAME), "title", "body")
    shown = str(caught.value) + caplog.text + "".join(capfd.readouterr())
    assert "s3cret" not in shown
    assert caught.value.__cause__ is None


def test_a_refusal_is_an_error(monkeypatch, caplog) -> None:
    with receiver() as found:
        found.status = 403
        monkeypatch.setenv(NAME, found.address)
        with pytest.raises(FlowError, match="did not take the message"):
            send(Notify(environment=NAME), "title", "body")
    assert "s3cret" not in caplog.text


@pytest.mark.slow
def test_blocks_of_prefect_hold_the_address(server, caplog) -> None:
    with receiver() as found, temporary_settings({PREFECT_API_URL: server}):
        Secret(value=found.address).save("channel", overwrite=True)
        assert send(Notify(block="secret/channel"), "by secret", "body")
        hook = CustomWebhookNotificationBlock(
            name="hook",
            url=found.address.replace("json", "http"),
            json_data={"title": "{{subject}}", "message": "{{body}}"},
        )
        hook.save("hook", overwrite=True)
        assert send(Notify(block="custom-webhook/hook"), "by hook", "body")
        with pytest.raises(FlowError, match="the block secret/none failed with ValueError"):
            send(Notify(block="secret/none"), "title", "body")
    assert [one["title"] for one in found.messages] == ["by secret", "by hook"]
    assert "s3cret" not in caplog.text


@pytest.mark.parametrize(
    "notify",
    [
        {"environment": "https://hooks.example.org/s3cret"},
        {"environment": "s3cret-t0ken"},
        {"block": "mailto://me:s3cret@example.org"},
        {"url": "json://s3cret@host"},
        {"environment": ["slack://s3cret"]},
        {"environment": "A", "block": "secret/a"},
    ],
)
def test_an_address_in_the_parameters_is_refused_and_not_repeated(notify) -> None:
    with pytest.raises(ParamsError, match=r"flows\.notify") as caught:
        parse_section({"notify": notify}, Flows, "params.yaml: flows")
    assert "s3cret" not in str(caught.value)
