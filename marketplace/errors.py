"""The closed list of error codes, and the tree of exceptions.

A `Code` says what went wrong with a request, over REST or a socket. The list is closed on purpose:
apps branch on codes, so a new code is a change to the contract and is added here.

Every exception that Parley defines is in this tree:

    BaseError
    ├─ ParleyError                  a request is refused, with a code that its sender gets
    ├─ SettingsError                the environment is not usable: the process exits
    ├─ TemporaryError               a database or broker failed for now: retried
    ├─ PermanentError               a record is at fault: never retried
    │  └─ UnknownEventError         a later version wrote it: skipped
    ├─ FileRefusedError             a worker finds a file damaged or not acceptable
    ├─ ClaimLostError               an Idempotency-Key now belongs to another request
    ├─ TooManyDeadLettersError      the fault is probably ours: the consumer ends
    ├─ SendError                    an email or SMS was not confirmed
    │  ├─ PermanentSendError        the provider refused the recipient or the text
    │  ├─ TemporarySendError        it certainly did not go out: retried
    │  └─ OutcomeUnknownError       it may have gone out
    ├─ InvalidPayloadError          a poll's body is malformed: its session ends
    ├─ SessionEndedError            a poll of a session that has ended
    ├─ BinaryMessageError           a binary message arrived on a websocket
    ├─ BodyTooLargeError            the sandbox does not read such a body
    ├─ MailRefusedError             the sandbox answers as SendGrid would
    └─ MessageRefusedError          the sandbox answers as Twilio would

`embedded/supervision` knows nothing of Parley, so its errors are outside: `StackError`, which is
for the person at the terminal, and `HeldError` of its lock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Code(StrEnum):
    """What went wrong, as a word that programs compare."""

    MALFORMED = "malformed"
    VALIDATION_FAILED = "validation_failed"
    UNKNOWN_EVENT = "unknown_event"
    UNAUTHENTICATED = "unauthenticated"
    TOKEN_EXPIRED = "token_expired"
    SECOND_FACTOR_REQUIRED = "second_factor_required"
    STEP_UP_REQUIRED = "step_up_required"
    WRONG_PASSWORD = "wrong_password"
    INVALID_CODE = "invalid_code"
    EMAIL_UNVERIFIED = "email_unverified"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    WRONG_STATE = "wrong_state"
    BLOCKED = "blocked"
    EMAIL_TAKEN = "email_taken"
    AT_CAPACITY = "at_capacity"
    CLIENT_MESSAGE_ID_REUSED = "client_message_id_reused"
    IDEMPOTENCY_KEY_IN_USE = "idempotency_key_in_use"
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused"
    REVISION_REQUIRED = "revision_required"
    STALE_REVISION = "stale_revision"
    PAYLOAD_TOO_LARGE = "payload_too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    RATE_LIMITED = "rate_limited"
    TOO_MANY_CONNECTIONS = "too_many_connections"
    TOO_MANY_ROOMS = "too_many_rooms"
    DRAINING = "draining"
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Meaning:
    """A code's HTTP status and title, and whether the same request may succeed later."""

    status: int
    title: str
    is_temporary: bool = False


MEANINGS: Mapping[Code, Meaning] = {
    Code.MALFORMED: Meaning(400, "The request could not be parsed"),
    Code.VALIDATION_FAILED: Meaning(422, "Some values are invalid"),
    Code.UNKNOWN_EVENT: Meaning(400, "Unknown event"),
    Code.UNAUTHENTICATED: Meaning(401, "Not authenticated"),
    Code.TOKEN_EXPIRED: Meaning(401, "The access token has expired"),
    Code.SECOND_FACTOR_REQUIRED: Meaning(401, "The second factor is missing"),
    Code.STEP_UP_REQUIRED: Meaning(403, "The password or the second factor must be given again"),
    Code.WRONG_PASSWORD: Meaning(403, "The password is incorrect"),
    Code.INVALID_CODE: Meaning(422, "The code is not valid"),
    Code.EMAIL_UNVERIFIED: Meaning(403, "The email address is not verified"),
    Code.FORBIDDEN: Meaning(403, "Not permitted for this account"),
    Code.NOT_FOUND: Meaning(404, "Not found"),
    Code.METHOD_NOT_ALLOWED: Meaning(405, "Method not allowed"),
    Code.WRONG_STATE: Meaning(409, "Not possible in the current state"),
    Code.BLOCKED: Meaning(403, "The conversation does not accept messages"),
    Code.EMAIL_TAKEN: Meaning(409, "The email address is already registered"),
    Code.AT_CAPACITY: Meaning(409, "The capacity limit has been reached"),
    Code.CLIENT_MESSAGE_ID_REUSED: Meaning(
        409, "The client_message_id was used for a different message"
    ),
    Code.IDEMPOTENCY_KEY_IN_USE: Meaning(409, "The first request is still in progress", True),
    Code.IDEMPOTENCY_KEY_REUSED: Meaning(
        422, "The Idempotency-Key was used for a different request"
    ),
    Code.REVISION_REQUIRED: Meaning(428, "If-Match is required"),
    Code.STALE_REVISION: Meaning(412, "The resource has changed since that revision"),
    Code.PAYLOAD_TOO_LARGE: Meaning(413, "The request is too large"),
    Code.UNSUPPORTED_MEDIA_TYPE: Meaning(415, "The content type is not supported"),
    Code.RATE_LIMITED: Meaning(429, "Too many requests", True),
    Code.TOO_MANY_CONNECTIONS: Meaning(429, "Too many connections", True),
    Code.TOO_MANY_ROOMS: Meaning(409, "Too many rooms"),
    Code.DRAINING: Meaning(503, "This process is shutting down", True),
    Code.UNAVAILABLE: Meaning(503, "A required service is temporarily unavailable", True),
    Code.INTERNAL: Meaning(500, "Internal server error", True),
}


@dataclass(frozen=True, slots=True)
class FieldError:
    """One value that was refused: its path (`budget.currency`) and what is wrong with it.

    The path of the whole payload is `$`; a header's path is its name.
    """

    path: str
    message: str


# Nobody corrects more than 20 errors at once. An error may quote the input, but not all of it.
MAX_ERRORS = 20
MAX_ERROR_CHARACTERS = 300


def bounded(text: str) -> str:
    """The text, at most 300 characters long, with unprintable characters replaced.

    Lone surrogates cannot even be encoded.
    """
    if len(text) > MAX_ERROR_CHARACTERS:
        text = text[: MAX_ERROR_CHARACTERS - 1] + "…"
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text
    )


class BaseError(Exception):
    """The base of every exception that Parley defines; the module's docstring draws the tree."""


class ParleyError(BaseError):
    """A refusal: a code, a sentence for the developer and, where it helps, the fields at fault.

    Its size is bounded, whatever it quotes: 20 fields, and 300 characters for each text.
    """

    def __init__(
        self,
        code: Code,
        message: str,
        *,
        errors: Sequence[FieldError] = (),
        retry_after_ms: int | None = None,
    ) -> None:
        self.message = bounded(message)
        super().__init__(self.message)
        self.code = code
        self.errors = tuple(
            FieldError(bounded(error.path), bounded(error.message)) for error in errors[:MAX_ERRORS]
        )
        self.retry_after_ms = retry_after_ms

    @property
    def meaning(self) -> Meaning:
        """The code's status and title, and whether a retry can help."""
        return MEANINGS[self.code]


def invalid(path: str, message: str) -> ParleyError:
    """The refusal of one value: `validation_failed`."""
    field_error = FieldError(path, message)
    return ParleyError(Code.VALIDATION_FAILED, f"{path}: {message}", errors=[field_error])


class SettingsError(BaseError):
    """The environment is not usable; the message names each variable and what it must be."""


class TemporaryError(BaseError):
    """A dependency (database, broker) failed for now; the same request may work later."""


class PermanentError(BaseError):
    """A retry cannot help: the record itself is at fault."""
