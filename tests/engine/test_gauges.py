"""Gauges of our own objects are read off what is known of them at the moment of the scrape."""

from dataclasses import dataclass

from sluice.model.json import Body, JsonObject
from sluice.model.readings import Family, Reading
from sluice.model.references import Resource
from tests.engine.harness import TOYS, Toy, World, toy, toy_ref, until, world

SIZE = Family("toy_size", "How large a toy is.", ("name",))


@dataclass(frozen=True, slots=True)
class ToyGauges:
    """A toy shows its size."""

    resource: Resource = TOYS
    families: tuple[Family, ...] = (SIZE,)

    def read(self, body: JsonObject) -> tuple[Reading, ...]:
        toy = Body(body)
        return (Reading(SIZE, (toy.text("metadata", "name"),), toy.number("spec", "size")),)


def sizes(it: World) -> list[str]:
    lines = it.engine.metrics.text().decode().splitlines()
    return [line for line in lines if line.startswith("sluice_toy_size")]


async def test_every_object_is_shown_as_it_is_and_not_once_it_is_gone() -> None:
    async with world(Toy(), toy("one", size=1), toy("two", size=2), gauges=(ToyGauges(),)) as it:
        assert sizes(it) == [
            'sluice_toy_size{name="one"} 1.0',
            'sluice_toy_size{name="two"} 2.0',
        ]

        it.set_and_feed(toy_ref("one"), "spec.size", 5)
        it.engine.feed(TOYS, "DELETED", it.store.get(toy_ref("two")))

        await until(lambda: sizes(it) == ['sluice_toy_size{name="one"} 5.0'])


async def test_an_object_that_cannot_be_read_hides_no_other() -> None:
    poison, good = toy("one", size="large"), toy("two", size=2)
    async with world(Toy(), poison, good, gauges=(ToyGauges(),)) as it:
        assert sizes(it) == ['sluice_toy_size{name="two"} 2.0']


async def test_a_replica_that_does_not_lead_shows_none() -> None:
    async with world(Toy(), toy("one", size=1), gauges=(ToyGauges(),)) as it:
        it.leading[0] = False

        assert sizes(it) == []
