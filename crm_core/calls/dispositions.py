"""What may be said of a call: the office file's list, or five that every office knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.bus.event import Event
from crm_core.calls.tables import DispositionRow
from crm_core.db.replace import replace_rows
from crm_core.i18n import N_
from crm_core.office.model import OfficeFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Disposition:
    """*name* is stored with the call. *title* is the office's text, or a message id of the default list:
    `gettext` leaves the former as it is. *follow_up_days*: when the next step is due, proposed to the agent.
    """

    name: str
    title: str
    follow_up_days: int | None = None


DEFAULTS: tuple[Disposition, ...] = (
    Disposition(name="agreed", title=N_("Agreed")),
    Disposition(name="thinking", title=N_("Thinking it over"), follow_up_days=3),
    Disposition(name="call_back", title=N_("Call back"), follow_up_days=1),
    Disposition(name="not_interested", title=N_("Not interested")),
    Disposition(name="wrong_number", title=N_("Wrong number")),
)


async def load(connection: AsyncConnection, pbx: str) -> tuple[Disposition, ...]:
    """What may be said of calls of *pbx*, in the order of the office file."""
    rows = await connection.execute(
        select(DispositionRow.name, DispositionRow.title, DispositionRow.follow_up_days)
        .where(DispositionRow.pbx == pbx, DispositionRow.active)
        .order_by(DispositionRow.position)
    )
    listed = tuple(
        Disposition(name=row.name, title=row.title, follow_up_days=row.follow_up_days) for row in rows
    )
    return listed or DEFAULTS


class FileDispositions:
    """Follows the office file: its list, in the transaction that applies it."""

    async def office_applied(
        self, connection: AsyncConnection, before: OfficeFile | None, after: OfficeFile, *, by: str
    ) -> Sequence[Event]:
        """Make the rows of the office's PBX say what its file says."""
        rows = [
            {
                "pbx": after.pbx,
                "name": name,
                "title": entry.title,
                "follow_up_days": entry.follow_up_days,
                "position": position,
            }
            for position, (name, entry) in enumerate(after.dispositions.items())
        ]
        await replace_rows(connection, DispositionRow, rows, within=DispositionRow.pbx == after.pbx)
        return ()
