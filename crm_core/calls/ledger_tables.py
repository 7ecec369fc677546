"""How far the ledger of each PBX was read."""

from __future__ import annotations

from sqlalchemy.orm import Mapped, mapped_column

from crm_core.db.base import Base


class LedgerOffsetRow(Base):
    """Bytes before *offset* of file *inode* are needed no more: all their calls are settled."""

    __tablename__ = "ledger_offsets"

    pbx: Mapped[str] = mapped_column(primary_key=True)
    inode: Mapped[int]
    offset: Mapped[int]
