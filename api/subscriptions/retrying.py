"""When a call that failed is made again, and when no more."""

import random

# Seconds after each failed attempt, as the Standard Webhooks specification has them: 75 hours in all, so that
# a receiver that breaks on a Friday night can be mended on Monday.
PAUSES = (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
ATTEMPTS = len(PAUSES) + 1
# Receivers that failed together do not come back together; still more than two days if all pauses are short.
JITTER = 0.2
# What a receiver may ask for, at most.
LONGEST_WAIT = 24 * 3600


def pause_after(failed: int, *, scale: float = 1.0, wait: float | None = None) -> float | None:
    """Seconds until the next attempt after so many failed ones; None if there is none.

    `wait` is what the receiver asks for (`Retry-After`): it lengthens a pause, up to a day.
    """
    if failed >= ATTEMPTS:
        return None
    chance = random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311  # no secret
    return max(PAUSES[failed - 1] * scale * chance, min(wait or 0.0, LONGEST_WAIT))
