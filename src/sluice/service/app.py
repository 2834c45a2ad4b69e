"""The routes of the service: /predict, /explain, /health, /ready, /metrics, /, /openapi.json.

In: a live model and limits. Out: an ASGI application. Every refusal is a 4xx or 503 with a reason
in `detail` that repeats nothing of the text. Sockets and signals are `sluice.service.run`'s matter.
"""

import asyncio
import base64
import contextlib
import hashlib
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import Annotated, Any, TypeVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model

from sluice.errors import ParamsError
from sluice.service.batching import Batcher, Busy, Reply
from sluice.service.figures import Figures
from sluice.service.guard import App, Guard, Refused
from sluice.service.limits import Limits
from sluice.service.live import LOG, LiveModel
from sluice.terminal import escape_controls
from sluice.version import __version__

PAGE = Path(__file__).parent / "templates/page.html"
FOLLOW_SECONDS = 1.0
RETRY_SECONDS = 1
Result = TypeVar("Result")


class Answer(BaseModel):
    """What is said of a text."""

    label: str
    """The most probable label."""
    abstained: bool
    """Whether it lies below its threshold and should be left to people."""
    probabilities: dict[str, float]
    """At the model's temperature, by label."""


class Said(BaseModel):
    """What /predict says."""

    model: str
    """Which model answered."""
    answers: list[Answer]
    """In the order of the texts."""


class Explained(BaseModel):
    """What /explain says."""

    model: str
    label: str
    probability: float
    words: list[str]
    parts: list[float]
    """What each word adds to the label's logit."""
    method: str
    error: float
    """What the parts leave unexplained of the logit."""


class Problem(BaseModel):
    """Why a call was refused."""

    detail: str


def _is_text(text: str) -> str:
    if any("\ud800" <= one <= "\udfff" for one in text):
        raise ValueError("a text holds half of a surrogate pair, which is no character")
    return text


def _questions(limits: Limits) -> tuple[Any, Any]:
    """The bodies of /predict and /explain under these limits."""
    text = Annotated[str, Field(max_length=limits.characters), AfterValidator(_is_text)]
    many = Annotated[list[text], Field(min_length=1, max_length=limits.texts)]
    strict = ConfigDict(extra="forbid", strict=True)
    ask: Any = create_model("Ask", __config__=strict, texts=(text | many, ...))
    explain: Any = create_model(
        "AskWhy", __config__=strict, text=(text, ...), label=(str | None, None)
    )
    return ask, explain


async def _in_time(work: Awaitable[Result], limits: Limits) -> Result:
    try:
        async with asyncio.timeout(limits.seconds):
            return await work
    except TimeoutError as error:
        raise Refused(504, f"no answer within {limits.seconds} s: ask again later") from error


def _answers(reply: Reply) -> list[Answer]:
    labels, said = reply.chosen.bundle.labels, reply.answers
    rows = zip(said.labels, said.abstained, said.probabilities.tolist(), strict=True)
    return [
        Answer(label=label, abstained=bool(left), probabilities=dict(zip(labels, row, strict=True)))
        for label, left, row in rows
    ]


def _add_answers(
    app: FastAPI, live: LiveModel, batcher: Batcher, limits: Limits, log: bool
) -> None:
    ask, ask_why = _questions(limits)
    codes = (400, 401, 408, 413, 415, 422, 503, 504)
    problems: Any = {code: {"model": Problem} for code in codes}

    @app.post("/predict", responses=problems)
    async def predict(question: ask) -> Said:  # type: ignore[valid-type]  # made above
        """Label one text, or several."""
        given = question.texts  # type: ignore[attr-defined]  # of the model made above
        texts = [given] if isinstance(given, str) else given
        reply = await _in_time(batcher.ask(texts), limits)
        if log:
            LOG.info("texts: %s", escape_controls(repr(texts)))
        return Said(model=reply.chosen.name, answers=_answers(reply))

    @app.post("/explain", responses=problems)
    async def explain(question: ask_why) -> Explained:  # type: ignore[valid-type]  # made above
        """Say what each word of a text adds to a label, the predicted one without `label`."""
        chosen, given = live.chosen, question
        text, label = given.text, given.label  # type: ignore[attr-defined]  # of the model made above
        model = chosen.bundle.model
        found = await _in_time(batcher.run(lambda: model.explain(text, label)), limits)
        names = ("label", "probability", "words", "parts", "method", "error")
        return Explained(model=chosen.name, **{name: getattr(found, name) for name in names})


def _policy(page: str) -> str:
    """A policy under which only the page's own script and style run (W3C CSP 3)."""
    hashes = {}
    for kind in ("script", "style"):
        content = page.partition(f"<{kind}>")[2].partition(f"</{kind}>")[0]
        digest = hashlib.sha256(content.encode()).digest()
        hashes[kind] = f"'sha256-{base64.b64encode(digest).decode()}'"
    return (
        f"default-src 'none'; script-src {hashes['script']}; style-src {hashes['style']}; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _add_states(app: FastAPI, live: LiveModel, figures: Figures) -> None:
    @app.get("/health")
    async def health() -> dict[str, str]:
        """Whether the process is there."""
        return {"status": "ok"}

    @app.get("/ready", responses={503: {"model": Problem}})
    async def ready() -> dict[str, str]:
        """Whether calls are welcome: not while the service drains."""
        if app.state.draining:
            raise Refused(503, "the service is ending")
        return {"status": "ok", "model": live.chosen.name}

    @app.get("/metrics", response_class=Response)
    async def metrics() -> Response:
        """Figures for Prometheus."""
        return Response(figures.page(), media_type="text/plain; version=0.0.4; charset=utf-8")

    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    async def page() -> HTMLResponse:
        text = PAGE.read_text(encoding="utf-8")
        return HTMLResponse(text, headers={"content-security-policy": _policy(text)})


def _problem(status: int, reason: str) -> JSONResponse:
    headers = {"retry-after": str(RETRY_SECONDS)} if status == 503 else None
    return JSONResponse({"detail": reason}, status, headers)


def _add_problems(app: FastAPI, limits: Limits) -> None:
    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        if first["type"] == "json_invalid":
            return _problem(400, "the body is not JSON")
        # Where it stands, without keys of the sender's own, and what was wrong; not the input.
        place = ".".join(str(one) for one in first["loc"][1:] if one in ("texts", "text", "label"))
        extra = first["type"] == "extra_forbidden"
        what = "a key is unknown" if extra else f"{place or 'the body'}: {first['msg']}"
        return _problem(422, f"{what}; see /openapi.json")

    @app.exception_handler(Busy)
    async def busy(_: Request, _error: Busy) -> JSONResponse:
        return _problem(503, f"more than {limits.queue} texts wait: ask again later")

    @app.exception_handler(Refused)
    async def refused(_: Request, error: Refused) -> JSONResponse:
        return _problem(error.status, error.reason)

    @app.exception_handler(ParamsError)
    async def unknown(_: Request, error: ParamsError) -> JSONResponse:
        return _problem(422, str(error))


class Service:
    """An application with its parts; `guarded` is what a server runs."""

    def __init__(
        self, root: Path, folder: Path | None, limits: Limits, token: str | None, log: bool
    ) -> None:
        self.figures = Figures()
        self.live = LiveModel(root, folder, self.figures.count_load)
        self.batcher = Batcher(lambda: self.live.chosen, limits, self.figures.count_batch)
        self.figures.watch_waiting(lambda: self.batcher.waiting)
        self.app = FastAPI(
            title="Sluice", version=__version__, docs_url=None, redoc_url=None, lifespan=self._live
        )
        self.app.state.draining = False
        _add_answers(self.app, self.live, self.batcher, limits, log)
        _add_states(self.app, self.live, self.figures)
        _add_problems(self.app, limits)
        self.guarded: App = Guard(self.app, limits, token, self.figures.count_call)

    @contextlib.asynccontextmanager
    async def _live(self, _: FastAPI) -> AsyncIterator[None]:
        self.batcher.start()
        following = asyncio.create_task(self.live.follow(FOLLOW_SECONDS))
        try:
            yield
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            await self.batcher.stop()
