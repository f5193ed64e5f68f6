"""What has to be there, as a file writes it; and what a broker says of what is there."""

import pytest
import yaml

from sluice.init.exits import Exit, InitError
from sluice.init.queue.drift import Drift, drift_error, drift_of
from sluice.init.queue.topology import (
    Binding,
    Exchange,
    Group,
    Queue,
    Stream,
    Topology,
    read_topology,
)

WHOLE = """
rabbitmq:
  queues:
  - name: orders
    arguments: {x-queue-type: quorum, x-max-length: 1000, x-single-active-consumer: true}
  - {name: replies, durable: false, autoDelete: true}
  exchanges:
  - {name: events, type: topic}
  bindings:
  - {exchange: events, queue: orders, routingKey: "order.*"}
redis:
  streams:
  - name: orders
    groups: [{name: billing}, {name: audit, start: 0}]
"""


def test_a_file_says_what_has_to_be_there() -> None:
    assert read_topology(yaml.safe_load(WHOLE)) == Topology(
        queues=(
            Queue(
                "orders",
                durable=True,
                auto_delete=False,
                arguments={
                    "x-queue-type": "quorum",
                    "x-max-length": 1000,
                    "x-single-active-consumer": True,
                },
            ),
            Queue("replies", durable=False, auto_delete=True, arguments={}),
        ),
        exchanges=(
            Exchange(
                "events",
                "topic",
                durable=True,
                auto_delete=False,
                internal=False,
                arguments={},
            ),
        ),
        bindings=(Binding("events", "orders", "order.*", {}),),
        streams=(Stream("orders", (Group("billing", "$"), Group("audit", "0"))),),
    )


@pytest.mark.parametrize(
    ("text", "sentence", "fix"),
    [
        pytest.param("", "the file asks for nothing", "rabbitmq.queues", id="nothing"),
        pytest.param("- a", "the file is no mapping", "NAME: VALUE", id="a list"),
        pytest.param("rabitmq: {}", "rabitmq is no field", "did you mean rabbitmq?", id="misspelt"),
        pytest.param(
            "rabbitmq: {queues: {a: b}}",
            "rabbitmq.queues is no list",
            "begin each item with «- »",
            id="no list",
        ),
        pytest.param(
            "rabbitmq: {queues: [orders]}",
            "rabbitmq.queues[0] is no mapping",
            "NAME: VALUE",
            id="a name alone",
        ),
        pytest.param(
            "rabbitmq: {queues: [{durable: true}]}",
            "rabbitmq.queues[0].name is no text",
            "write a text",
            id="no name",
        ),
        pytest.param(
            "rabbitmq: {queues: [{name: a, durable: 'yes'}]}",
            "rabbitmq.queues[0].durable is yes",
            "write true or false",
            id="no flag",
        ),
        pytest.param(
            "rabbitmq: {queues: [{name: a}, {name: a}]}",
            "rabbitmq.queues has a twice",
            "keep one of them",
            id="twice",
        ),
        pytest.param(
            "rabbitmq: {queues: [{name: a, arguments: {x: [1]}}]}",
            "rabbitmq.queues[0].arguments.x is no value",
            "write a text, a number, true or false",
            id="a list as value",
        ),
        pytest.param(
            "rabbitmq: {exchanges: [{name: a, type: topics}]}",
            "rabbitmq.exchanges[0].type is topics",
            "write one of direct, fanout, headers, topic, or x-...",
            id="no type",
        ),
        pytest.param(
            "redis: {streams: [{name: a}]}",
            "redis.streams[0].groups names no group",
            "the first XADD",
            id="no group",
        ),
    ],
)
def test_a_wrong_field_is_named(text: str, sentence: str, fix: str) -> None:
    with pytest.raises(InitError) as caught:
        read_topology(yaml.safe_load(text))

    assert caught.value.code is Exit.USAGE
    assert caught.value.message == sentence
    assert fix in caught.value.fix


_OF = "PRECONDITION_FAILED - inequivalent arg"


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param(
            f"{_OF} 'x-message-ttl' for queue 'q' in vhost '/': received '5' but current is '6'",
            Drift("queue", "q", "x-message-ttl", "5", "6"),
            id="another value",
        ),
        pytest.param(
            f"{_OF} 'x-message-ttl' for queue 'q' in vhost '/': received none but current is"
            " the value '6' of type 'unsignedshort'",
            Drift("queue", "q", "x-message-ttl", "none", "6"),
            id="one less",
        ),
        pytest.param(
            f"{_OF} 'x-dead-letter-exchange' for queue 'q' in vhost '/': received the value"
            " 'dlx' of type 'longstr' but current is none",
            Drift("queue", "q", "x-dead-letter-exchange", "dlx", "none"),
            id="one more",
        ),
        pytest.param(
            f"{_OF} 'type' for exchange 'e' in vhost 'a/b': received 'fanout'"
            " but current is 'topic'",
            Drift("exchange", "e", "type", "fanout", "topic"),
            id="an exchange",
        ),
        pytest.param(
            "PRECONDITION_FAILED - invalid arg 'x-message-ttl' for queue 'q' in vhost '/'",
            None,
            id="an argument that it does not take",
        ),
    ],
)
def test_what_rabbitmq_refuses_is_a_difference(told: str, expected: Drift | None) -> None:
    assert drift_of(told) == expected


def test_all_differences_are_told() -> None:
    error = drift_error(
        (Drift("queue", "q", "durable", "false", "true"), Drift("stream", "s", "type", "a", "b"))
    )

    assert error.code is Exit.DRIFT
    assert error.message == "queue q: durable is true, not false; stream s: type is b, not a"
    assert "nothing was made, changed or deleted" in error.fix
