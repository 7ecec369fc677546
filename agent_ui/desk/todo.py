"""What the reader has promised to do."""

from __future__ import annotations

from agent_ui.asking import Asking
from agent_ui.desk.work_views import TodoListView, TodoView

LONGEST_LIST = 30


async def todo_list(asking: Asking) -> TodoListView:
    """Next steps of the reader, the most urgent first."""
    me, now = asking.reader.person, asking.services.clock.now()
    steps = await asking.services.steps.list_open(asking.reader, me, limit=LONGEST_LIST)
    return TodoListView(
        steps=tuple(
            TodoView(
                id=step.id,
                text=step.text,
                due_at=step.due_at,
                late=step.due_at < now,
                card=step.customer_id,
            )
            for step in steps
        )
    )
