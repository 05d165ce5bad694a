"""What Twilio's answers mean for an SMS (pure functions).  The code decides first, then the status.

Only codes about this recipient or this text are final; an SMS with any other code is retried.

Source: Twilio's error dictionary (https://www.twilio.com/docs/api/errors/<code>).
"""

import re

from notify import reasons
from notify.exchange import Answer
from notify.retry_after import retry_after_s
from notify.sender import (
    OutcomeUnknownError,
    PermanentSendError,
    SendError,
    TemporarySendError,
)

SID = re.compile(r"(SM|MM)[0-9a-fA-F]{32}")

_FINAL = {
    # The number is invalid, unreachable, a short code, our own, or a landline.
    **dict.fromkeys((21211, 21214, 21217, 21265, 21266, 21614, 21635), reasons.INVALID_ADDRESS),
    21610: reasons.UNSUBSCRIBED,
    # The text is empty or too long.
    **{code: f"{reasons.PROVIDER_REFUSED}_{code}" for code in (21602, 21617, 21619)},
}
_WAITS_FOR_ALL = {
    # Too many requests; too long a queue for our number or account; too many A2P 10DLC messages;
    # too many in a day.
    **dict.fromkeys((20429, 21611, 30001, 30022, 30023, 63038), reasons.RATE_LIMITED),
    **dict.fromkeys((20003, 20005, 20008, 20104, 20403), reasons.CREDENTIALS_REFUSED),
    # A fault of our number or our account, for any recipient.
    **dict.fromkeys((21212, 21603, 21606, 21656, 21659, 30002, 90010), reasons.ACCOUNT_REFUSED),
}
# Too many between these two numbers, which says nothing about others.
_WAITS_ALONE = {14107: reasons.RATE_LIMITED}


def error_of(answer: Answer) -> SendError:
    """What an answer other than 2xx means."""
    code = _code_of(answer)
    detail = f"HTTP {answer.status}, code {code}"
    if code in _FINAL:
        return PermanentSendError(_FINAL[code], detail)
    wait_s = retry_after_s(answer.headers)
    if code in _WAITS_FOR_ALL:
        return TemporarySendError(_WAITS_FOR_ALL[code], detail, wait_s)
    if code in _WAITS_ALONE:
        return TemporarySendError(_WAITS_ALONE[code], detail, wait_s, is_for_all=False)
    return _by_status(answer, code, detail)


def _by_status(answer: Answer, code: int | None, detail: str) -> SendError:
    status = answer.status
    if status == 429:
        return TemporarySendError(reasons.RATE_LIMITED, detail, retry_after_s(answer.headers))
    if status in (401, 403):
        # Our token is at fault, not the SMS: a botched rotation must lose no SMS.
        return TemporarySendError(reasons.CREDENTIALS_REFUSED, detail)
    if status == 408 or status >= 500:
        # Twilio may have accepted it before it failed; a look-up costs less than a second SMS.
        return OutcomeUnknownError(reasons.OUTCOME_UNKNOWN, detail)
    reason = f"{reasons.PROVIDER_REFUSED}_{code or status}"
    # A 400 without a code, a 404 or a redirect does not come from the API that accepts our SMS.
    return TemporarySendError(reason, detail, is_for_all=code is None)


def _code_of(answer: Answer) -> int | None:
    """The error code in the body; None if there is none."""
    body = answer.json
    code = body.get("code") if isinstance(body, dict) else None
    return code if isinstance(code, int) and not isinstance(code, bool) else None
