"""Rows of the audit, and how it is told of writes that were refused."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import structlog
from fastapi import Request
from sqlalchemy import insert
from sqlalchemy.exc import SQLAlchemyError

from api.access.callers import Caller, address_of
from api.logs import request_id
from models.audit import Audit
from models.moment import now
from models.recorded import key_run

# Threads of their own, and few: while a long load keeps other writers waiting, refusals wait here, and leave
# those in which the record is read alone.
_TOLD = ThreadPoolExecutor(max_workers=2, thread_name_prefix="refusals")


def audit_row(request: Request, operation: str, status: int, caller: Caller | None) -> dict[str, Any]:
    """What the audit says of a request, its subject aside."""
    return {
        "id": next(key_run()),
        "time": now(),
        "key": caller.key if caller else None,
        "agent": caller.agent if caller else None,
        "address": address_of(request),
        "operation": operation,
        "status": status,
        "request": request_id(),
    }


async def refused(request: Request, operation: str, status: int) -> None:
    """Tell the audit, before the refusal is answered.

    Not of what failed by no fault of the caller's, and not of what the limits refuse: it would be as many
    writes as they are to keep away. Both are in the log.
    """
    if status < 500 and status != 429:
        await asyncio.wrap_future(_TOLD.submit(copy_context().run, tell, request, operation, status))


def tell(request: Request, operation: str, status: int, subject: str | None = None) -> None:
    """Write the row of a refusal; without a subject it is about what the URL names."""
    # The key that was good, or one that is not good any more.
    caller = getattr(request.state, "caller", None) or getattr(request.state, "held", None)
    row = audit_row(request, operation, status, caller)
    subject = subject or request.path_params.get("id")
    try:
        with request.app.state.database.write() as session:
            session.execute(insert(Audit).values(**row, subject=subject and str(subject)[:300]))
    except SQLAlchemyError:
        # The log has it, and the refusal stands.
        structlog.get_logger().warning("audit away", operation=operation, refused=status)
