"""What SendGrid's answers mean for an email (pure functions).

Only an error about this recipient or this text is final.  502, 504, 408 and a 5xx that SendGrid did
not write come from an intermediary, which does not know whether SendGrid accepted the email.

Sources: "Errors" of SendGrid's Mail Send (field names) and its page "Status codes and errors".
"""

import re
from collections.abc import Sequence

from notify import reasons
from notify.exchange import Answer
from notify.retry_after import retry_after_s
from notify.sender import (
    OutcomeUnknownError,
    PermanentSendError,
    SendError,
    TemporarySendError,
)

_MESSAGE_ID = re.compile(r"[A-Za-z0-9._-]{8,200}")
_RECIPIENT = re.compile(r"personalizations\.0\.to(\.|$)")
_TEXT = re.compile(r"(content|subject|personalizations\.0\.subject)(\.|$)")

_WAITS = {
    429: reasons.RATE_LIMITED,
    # Our key or sender is at fault, not the email: a botched key rotation must lose no email.
    401: reasons.CREDENTIALS_REFUSED,
    403: reasons.CREDENTIALS_REFUSED,
}


def message_id(answer: Answer) -> str:
    """The id under which SendGrid accepted an email.

    Raises:
        SendError: when the answer does not confirm that it was accepted.
    """
    if 200 <= answer.status < 300:
        found = answer.headers.get("X-Message-Id", "")
        if answer.status == 202 and _MESSAGE_ID.fullmatch(found):
            return found
        raise OutcomeUnknownError(reasons.OUTCOME_UNKNOWN, f"HTTP {answer.status} without an id")
    raise error_of(answer)


def error_of(answer: Answer) -> SendError:
    """What an answer other than 2xx means."""
    status, detail = answer.status, f"HTTP {answer.status}"
    fields = _fields(answer)
    if status in (408, 502, 504) or (status >= 500 and fields is None):
        return OutcomeUnknownError(reasons.OUTCOME_UNKNOWN, detail)
    if status == 413:
        return PermanentSendError(f"{reasons.PROVIDER_REFUSED}_413", detail)
    if status == 400:
        return _bad_request(fields or [])
    # 404, 405 or a redirect: the server that answered is not the API that accepts our email.
    reason = _WAITS.get(status, f"{reasons.PROVIDER_REFUSED}_{status}")
    if status >= 500:
        reason = reasons.PROVIDER_UNAVAILABLE
    return TemporarySendError(reason, detail, retry_after_s(answer.headers))


def _bad_request(fields: Sequence[str]) -> SendError:
    reason, detail = f"{reasons.PROVIDER_REFUSED}_400", "HTTP 400"
    if fields and all(map(_RECIPIENT.match, fields)):
        return PermanentSendError(reasons.INVALID_ADDRESS, detail)
    if fields and all(map(_TEXT.match, fields)):
        return PermanentSendError(reason, detail)
    if any(field.startswith("from") for field in fields):
        return TemporarySendError(reasons.ACCOUNT_REFUSED, detail)
    return TemporarySendError(reason, detail, is_for_all=False)


def _fields(answer: Answer) -> list[str] | None:
    """The invalid fields ("" where none is named); None when SendGrid did not write the answer."""
    body = answer.json
    errors = body.get("errors") if isinstance(body, dict) else None
    if not isinstance(errors, list) or not errors:
        return None
    return [str((isinstance(error, dict) and error.get("field")) or "") for error in errors]
