"""Events as records of ``logging``."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Events that need a person's action, and unexpected ones.
_ERRORS = ("sign_in_rejected", "sign_in_held")
_WARNINGS = ("refresh_failed", "token_refused", "state_unavailable", "request_retried")


def log_event(event: dict[str, Any]) -> None:
    """Logs an event to the logger ``boomi_auth``, with its fields as ``record.boomi``. For ``on_event``.

    Rejected and held sign-ins are ERROR, retries and refusals WARNING, all others INFO. No record holds a secret.
    """
    import logging

    name = str(event.get("event"))
    level = logging.ERROR if name in _ERRORS else logging.WARNING if name in _WARNINGS else logging.INFO
    logger = logging.getLogger("boomi_auth")
    if logger.isEnabledFor(level):
        fields = " ".join(f"{key}={value}" for key, value in event.items() if key != "event")
        logger.log(level, "%s %s", name, fields, extra={"boomi": event})
