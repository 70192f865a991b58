"""Where `cambist report` and `cambist explain` get what they show: a running sandbox's control API, or the files of a stopped one."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from cambist import _core
from cambist.app import replaying
from cambist.app.data_directory import DataDirectory
from cambist.app.errors import Exit, OperatorError
from cambist.app.recovery import journal_trouble, unmoved
from cambist.app.serving import closing_on_trouble, environment
from cambist.app.shared_directory import open_directory
from cambist.sandbox import run_files
from cambist.sandbox.control.operations import Refused
from cambist.sandbox.control.report import PictureOptions, ReportOptions, limits
from cambist.sandbox.control_client.calls import ControlError
from cambist.sandbox.control_client.control import Control
from cambist.sandbox.report.document import Made, Report, Scope, made
from cambist.sandbox.report.evidence import Limits
from cambist.sandbox.report.junit import junit
from cambist.sandbox.report.markdown import markdown
from cambist.sandbox.report.picture import picture
from cambist.sandbox.timeline import OrderUnknown, Timeline, TimelineSource, timeline
from cambist.sandbox.timeline_text import timeline_text

T = TypeVar("T")


class Source(Protocol):
    """What can be asked. All raise OperatorError."""

    def written(self, format: str, options: ReportOptions, drawn: PictureOptions) -> bytes:
        """The report as markdown, json, junit or svg."""

    def failed(self, options: ReportOptions) -> int:
        """How many findings it has that are more than notes."""

    def timeline(self, order: str) -> Timeline: ...
    def timeline_text(self, order: str) -> bytes: ...


def source_of(url: str | None, data: Path | None) -> Source:
    """The sandbox at `url`, or what is in `data`: a bundle, or files; a sandbox that runs on them is asked itself. OperatorError."""
    if data is None:
        assert url is not None
        return Running(url)
    if data.is_file():
        return Bundle(data)
    for running in run_files.running(run_files.place(os.environ)):
        if Path(running.data) == data.absolute():
            return Running(running.url)
    return Files(data)


class Running:
    """A running sandbox."""

    def __init__(self, url: str) -> None:
        self._control = _asked(lambda: Control(url))

    def written(self, format: str, options: ReportOptions, drawn: PictureOptions) -> bytes:
        control, fields = self._control, msgspec.structs.asdict(options)
        match format:
            case "markdown":
                return _asked(lambda: control.report_markdown(**fields))
            case "junit":
                return _asked(lambda: control.report_junit(**fields))
            case "svg":
                return _asked(lambda: control.report_picture(**msgspec.structs.asdict(drawn)))
            case _:
                return msgspec.json.encode(_asked(lambda: control.report(**fields))) + b"\n"

    def failed(self, options: ReportOptions) -> int:
        return _failed(_asked(lambda: self._control.report(**msgspec.structs.asdict(options))))

    def timeline(self, order: str) -> Timeline:
        return _asked(lambda: self._control.explain(order))

    def timeline_text(self, order: str) -> bytes:
        return _asked(lambda: self._control.explain_text(order))


class Bundle:
    """A run that was kept as a bundle: it is repeated, and the sandbox asked at its end, so that its log of requests is there too."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._bundle = replaying.read_bundle(file)

    def written(self, format: str, options: ReportOptions, drawn: PictureOptions) -> bytes:
        return self._repeated(lambda sandbox: sandbox.written(format, options, drawn))

    def failed(self, options: ReportOptions) -> int:
        return self._repeated(lambda sandbox: sandbox.failed(options))

    def timeline(self, order: str) -> Timeline:
        return self._repeated(lambda sandbox: sandbox.timeline(order))

    def timeline_text(self, order: str) -> bytes:
        return self._repeated(lambda sandbox: sandbox.timeline_text(order))

    def _repeated(self, question: Callable[[Running], T]) -> T:
        answers: list[T] = []
        repeated = replaying.replay(self._bundle, unmoved, lambda url: answers.append(question(Running(url))))
        if repeated.parting is not None:
            raise OperatorError(f"{self._file}: the run cannot be repeated here: {repeated.parting.text}", Exit.DAMAGED)
        return answers[0]


class Files:
    """The data directory of a stopped sandbox: its journal, and the names of its users. There is no request log."""

    def __init__(self, data: Path) -> None:
        with DataDirectory.open(data) as files:
            config = closing_on_trouble(files, files.settings)
            directory = open_directory(files, config, environment(files, config))
            try:
                self._users: Mapping[int, str] = {user.account: user.name for user in directory.users()}
            finally:
                directory.close()
            self._journal = str(files.journal)
        self._last_seq = 0

    def written(self, format: str, options: ReportOptions, drawn: PictureOptions) -> bytes:
        if format == "svg":
            found = self._made(drawn.user, drawn.quote, Limits)
            return picture(found, _market(found, drawn.market))
        report = self._made(options.user, options.quote, lambda: limits(options)).report
        match format:
            case "markdown":
                return markdown(report).encode()
            case "junit":
                return junit(report)
            case _:
                return msgspec.json.encode(report) + b"\n"

    def failed(self, options: ReportOptions) -> int:
        return _failed(self._made(options.user, options.quote, lambda: limits(options)).report)

    def timeline(self, order: str) -> Timeline:
        with journal_trouble():
            return _asked(lambda: timeline(TimelineSource(self._replay, self._users, None, {}), order))

    def timeline_text(self, order: str) -> bytes:
        return timeline_text(self.timeline(order)).encode()

    def _made(self, user: str | None, quote: str, limits: Callable[[], Limits]) -> Made:
        with journal_trouble():
            return _asked(lambda: made(self._replay, Scope(self._users, None, {}, quote, user, limits())))

    def _replay(self) -> tuple[_core.Engine, _core.ReadOnlyJournal, int]:
        journal = _core.ReadOnlyJournal(self._journal)
        if not self._last_seq:
            self._last_seq = max((frame.last_seq for frame in journal.read()), default=0)
        return _core.Engine(), journal, self._last_seq


def _market(found: Made, name: str | None) -> int | None:
    if name is None or not found.evidence:
        return None
    names = found.evidence[0].names
    for number in range(len(names.markets)):
        if names.market(number) == name.lower():
            return number
    raise OperatorError(f"there is no market {name}")


def _failed(report: Report) -> int:
    return sum(len(bot.failed) for bot in report.bots)


def _asked(call: Callable[[], T]) -> T:
    """OperatorError for what cannot be had, in the words that say so."""
    try:
        return call()
    except ControlError as error:
        raise OperatorError(error.words) from None
    except (ValueError, OrderUnknown) as error:
        raise OperatorError(str(error)) from None
    except Refused as error:
        raise OperatorError(str(error), Exit.USAGE) from None
