"""What `/metrics` shows: the house's own figures once, those of each process told apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import REGISTRY, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from callrouter.metrics import ROUTER


class HouseMetrics(Collector):
    """Figures of this process and of those that told theirs (*others*: texts in Prometheus' format)."""

    def __init__(self, own: Iterable[Collector], others: Callable[[], Iterable[str]] = tuple) -> None:
        self._own = tuple(own)
        self._others = others

    def collect(self) -> Iterator[Metric]:
        """Each family once, whoever has figures of it."""
        families: dict[str, Metric] = {}
        for metric in self._all():
            family = families.get(metric.name)
            if family is None:
                family = families[metric.name] = Metric(
                    metric.name, metric.documentation, metric.type, metric.unit
                )
            family.samples.extend(metric.samples)
        yield from families.values()

    def text(self) -> str:
        """In Prometheus' format."""
        return generate_latest(self).decode()

    def _all(self) -> Iterator[Metric]:
        for collector in self._own:
            yield from collector.collect()
        for text in self._others():
            yield from text_string_to_metric_families(text)


class Labelled(Collector):
    """Figures that every process has (memory, processor), told apart by the label `part`."""

    def __init__(self, collector: Collector, part: str) -> None:
        self._collector, self._part = collector, part

    def collect(self) -> Iterator[Metric]:
        """The same figures, with the label."""
        for metric in self._collector.collect():
            labelled = Metric(metric.name, metric.documentation, metric.type, metric.unit)
            labelled.samples = [
                sample._replace(labels={**sample.labels, "part": self._part}) for sample in metric.samples
            ]
            yield labelled


def own_metrics(parts: frozenset[str], *, apart: bool) -> tuple[Collector, ...]:
    """What this process counts. A part that runs elsewhere counts there: here it would show zeros."""
    process: Collector = Labelled(REGISTRY, "-".join(sorted(parts))) if apart else REGISTRY
    return (process, ROUTER) if "router" in parts else (process,)
