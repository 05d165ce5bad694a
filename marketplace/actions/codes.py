"""Issues codes and links, and accepts them."""

from datetime import datetime, timedelta

from prometheus_client import Counter

from marketplace.domain import codes
from marketplace.domain.addresses import Address
from marketplace.domain.codes import Code, CodePurpose
from marketplace.errors import Code as ErrorCode
from marketplace.errors import FieldError, ParleyError
from marketplace.ids import new_id
from marketplace.limits import rate_limited
from marketplace.ports import World

_HOUR = timedelta(hours=1)

_CODES = Counter(
    "parley_codes_total", "Codes and links, by what happened to them", ["purpose", "outcome"]
)


def new_code(purpose: CodePurpose, account_id: str, address: str, now: datetime) -> Code:
    """A code that is not stored yet."""
    return codes.issue(purpose, account_id, address, new_id(), now)


async def take_quota(world: World, address: Address, purpose: CodePurpose) -> None:
    """Count a code to an address; the counts are exact and shared by all processes.

    Raises:
        ParleyError: `rate_limited` above the quota of the account or of the address, whichever
            account has it; `wrong_state` if nothing may be sent to the address.
    """
    if address.suppressed is not None:
        text = "This address refused our messages or cannot receive them. Use another one."
        raise ParleyError(
            ErrorCode.WRONG_STATE, text, errors=[FieldError(address.kind.value, text)]
        )
    policy, now, holder = world.policy, world.clock.now(), new_id()
    for key, most in (
        (f"codes:{purpose}:{address.account_id}", policy.most_codes_per_account),
        (f"codes:{purpose}:{address.address}", policy.most_codes_per_address),
    ):
        if not await world.store.send_quotas.take(key, holder, now, most, _HOUR):
            _CODES.labels(purpose, "limited").inc()
            raise rate_limited(_HOUR.total_seconds())
    _CODES.labels(purpose, "requested").inc()


async def accepted(world: World, purpose: CodePurpose, account_id: str, typed: str) -> Code:
    """An account's code for a purpose, if these are its digits; every call counts as a try.

    The caller spends the code in the transaction of its effect.

    Raises:
        ParleyError: `invalid_code`.
    """
    slot = codes.slot(purpose, account_id)
    code = await world.store.codes.take_try(slot, world.clock.now(), codes.MAX_TRIES)
    if code is None or not world.secrets.is_digits(code, "".join(typed.split())):
        _CODES.labels(purpose, "refused").inc()
        raise codes.refused("code")
    _CODES.labels(purpose, "accepted").inc()
    return code


async def linked(world: World, token: str, purpose: CodePurpose) -> Code:
    """The code that a link's token belongs to; the caller spends it.

    Raises:
        ParleyError: `invalid_code`.
    """
    code = await world.store.codes.by_nonce(token.partition(".")[0])
    if (
        code is None
        or code.purpose is not purpose
        or not code.is_live(world.clock.now())
        or not world.secrets.is_token(code, token)
    ):
        _CODES.labels(purpose, "refused").inc()
        raise codes.refused("token")
    _CODES.labels(purpose, "accepted").inc()
    return code
