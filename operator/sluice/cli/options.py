"""The options that commands share: kubectl's users write them before or after a command's name."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias, TypeVar

import click

Given: TypeAlias = str | bool | None
Command = TypeVar("Command", bound=Callable[..., None])

_PLACE = "sluice.options."


class Output(StrEnum):
    """What is written to stdout; json and yaml are for programs and stay stable."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


@dataclass(frozen=True, slots=True)
class Settings:
    """Which cluster, which namespace, and whether colour is wanted.

    kubeconfig: one path, or several as $KUBECONFIG has them. None: what kubectl would take.
    program: how the user called us, to be repeated in suggestions.
    """

    namespace: str | None
    context: str | None
    kubeconfig: str | None
    color: bool
    program: str

    @classmethod
    def of(cls, context: click.Context) -> "Settings":
        """Return what was given on the line so far."""
        given: dict[str, str | bool] = {
            name.removeprefix(_PLACE): value
            for name, value in context.meta.items()
            if name.startswith(_PLACE)
        }
        return cls(
            namespace=_text(given.get("namespace")),
            context=_text(given.get("context")),
            kubeconfig=_text(given.get("kubeconfig")),
            color=not given.get("no_color", False),
            program=context.find_root().command_path,
        )


def shared_options(command: Command) -> Command:
    """Add the options of `Settings`; the one nearest to the command's name wins."""
    for option in (
        _shared("--no-color", is_flag=True, told="No colours; so does NO_COLOR, or a pipe."),
        _shared("--kubeconfig", metavar="PATH", told="Kubeconfig. Default: $KUBECONFIG."),
        _shared("--context", metavar="NAME", told="Context of the kubeconfig."),
        _shared("-n", "--namespace", metavar="NAME", told="Namespace. Default: the context's."),
    ):
        command = option(command)
    return command


def output_option(command: Command) -> Command:
    """Add `-o`; the command takes it as `output: Output`."""
    option = click.option(
        "-o",
        "--output",
        type=click.Choice(Output, case_sensitive=False),
        default=Output.TABLE,
        help="How to write the answer. Default: table.",
    )
    return option(command)


def _shared(
    *names: str,
    told: str,
    metavar: str | None = None,
    is_flag: bool = False,
) -> Callable[[Command], Command]:
    return click.option(
        *names,
        help=told,
        metavar=metavar,
        is_flag=is_flag,
        expose_value=False,
        callback=_remember,
    )


def _remember(context: click.Context, option: click.Parameter, value: Given) -> None:
    if value:
        context.meta[f"{_PLACE}{option.name}"] = value


def _text(value: Given) -> str | None:
    return value if isinstance(value, str) else None
