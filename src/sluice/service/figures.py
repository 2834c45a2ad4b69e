"""What a service counts, in the form of Prometheus.

In: events. Out: the page of `/metrics`. Texts and labels are in no figure.
"""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class Figures:
    """Counters of one service, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        made = self._registry
        self._calls = Counter(
            "sluice_requests", "Calls answered.", ["path", "status"], registry=made
        )
        self._seconds = Histogram(
            "sluice_request_seconds", "Time of a call.", ["path"], buckets=SECONDS, registry=made
        )
        self._batches = Histogram(
            "sluice_batch_texts", "Texts answered together.", buckets=SIZES, registry=made
        )
        self._swaps = Counter(
            "sluice_model_loads", "Models loaded in flight, and refused.", ["outcome"],
            registry=made,
        )  # fmt: skip
        self._waiting = Gauge(
            "sluice_waiting_texts", "Texts in the queue or being answered.", registry=made
        )

    def count_call(self, path: str, status: int, seconds: float) -> None:
        """A call was answered."""
        self._calls.labels(path, str(status)).inc()
        self._seconds.labels(path).observe(seconds)

    def count_batch(self, texts: int) -> None:
        """Texts are answered together."""
        self._batches.observe(texts)

    def count_load(self, good: bool) -> None:
        """A model was loaded in flight, or could not be."""
        self._swaps.labels("loaded" if good else "refused").inc()

    def watch_waiting(self, waiting: Callable[[], float]) -> None:
        """Take the number of waiting texts from here."""
        self._waiting.set_function(waiting)

    def page(self) -> bytes:
        """All figures, as Prometheus reads them."""
        return generate_latest(self._registry)
