"""Automations of the Prefect server: what it does by itself when something is seen, or is missed.

In: a server named by PREFECT_API_URL. Out: the automations, created or brought up to date. What
runs, and when, is said by the deployments.
"""

from datetime import timedelta
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState, RunDeployment
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification
from prefect.exceptions import ObjectNotFound

from flows.errors import FlowError
from flows.watch import EVENT, SUBJECT

MISSED = timedelta(minutes=5)
"""Time without a heartbeat after which a run counts as dead; runs beat each 30 seconds. Ten beats
are not lost by a restart of the server, or by a machine that swaps: a run that is marked Crashed
while it works would go on, and end without its end being told."""
_ENDS = ("Completed", "Failed", "Cancelled", "Crashed", "Paused", "Suspended")


def crash_zombies(missed: timedelta = MISSED) -> AutomationCore:
    """Mark a run Crashed that stopped to beat without an end: its process or machine is gone.

    Source: docs.prefect.io, "How to detect and respond to zombie flows".
    """
    expected = {"prefect.flow-run.heartbeat", *(f"prefect.flow-run.{name}" for name in _ENDS)}
    return AutomationCore(
        name="sluice: crash zombies",
        description="A flow run whose process died is marked Crashed after missed heartbeats.",
        enabled=True,
        trigger=EventTrigger(
            after={"prefect.flow-run.heartbeat"},
            expect=expected,
            match=ResourceSpecification({"prefect.resource.id": ["prefect.flow-run.*"]}),
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=missed,
        ),
        actions=[
            ChangeFlowRunState(
                state=StateType.CRASHED,
                name="Crashed",
                message="no heartbeat: the process of this run is gone",
            )
        ],
    )


def find_deployment(name: str) -> UUID:
    """The id of a deployment, named flow/deployment.

    Raises:
        FlowError: it is not on the server.
    """
    with get_client(sync_client=True) as client:
        try:
            return client.read_deployment_by_name(name).id
        except ObjectNotFound as error:
            raise FlowError(f"no deployment {name}: run prefect deploy --all first") from error


def retrain_on_drift(retrain: UUID) -> AutomationCore:
    """Run the deployment of `retrain` when `watch` has seen drift, and tell it what drifted."""
    return AutomationCore(
        name="sluice: retrain on drift",
        description="New texts that drifted away from the champion's start a retraining.",
        enabled=True,
        trigger=EventTrigger(
            expect={EVENT},
            match=ResourceSpecification({"prefect.resource.id": [SUBJECT]}),
            posture=Posture.Reactive,
            threshold=1,
            within=timedelta(0),
        ),
        actions=[
            RunDeployment(
                deployment_id=retrain, parameters={"drift": "{{ event.payload.summary }}"}
            )
        ],
    )


def apply_automation(automation: AutomationCore) -> None:
    """Create an automation; one of its name gives way to it."""
    with get_client(sync_client=True) as client:
        for present in client.read_automations_by_name(automation.name):
            client.delete_automation(present.id)
        client.create_automation(automation)
