"""What the timeline says of a place in it."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from app.playback.lanes import Chart, moment


def told(chart: Chart, people: list[int], seconds: float, near_s: float) -> list[str]:
    """Lines about those people at a time: how sure the network was, and who may be the same near it."""
    lines = [moment(seconds)]
    for row in (row for who in people for row in chart.row(who)):
        sure = chart.confidence(row.id, seconds)
        state = _tr("sure to {0} %").format(round(100 * sure)) if sure >= 0 else _tr("not there")
        lines = [f"{moment(seconds)}  ·  {row.called()}  ·  {state}"]
        lines += [
            _tr("{0} ends and {1} begins here: perhaps the same person").format(each.gone, each.come)
            for each in chart.handovers
            if row.id in (each.gone, each.come) and abs(each.time - seconds) < max(near_s, 0.05)
        ]
    return lines


def _tr(text: str) -> str:
    return QCoreApplication.translate("Timeline", text)
