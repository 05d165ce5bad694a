"""Email addresses: one form to compare and to send to."""

from email_validator import EmailNotValidError, validate_email

LONGEST = 254  # RFC 5321, section 4.5.3.1.3, without the angle brackets


def canonical(text: str) -> str:
    """The address in lower case, with its domain in ASCII (IDNA): `u@xn--bcher-kva.example`.

    SendGrid accepts no other domains, and no local parts outside ASCII.

    Raises:
        ValueError: no mail server could deliver mail to it.
    """
    try:
        validated = validate_email(
            text.strip(), check_deliverability=False, allow_smtputf8=False, strict=True
        )
    except EmailNotValidError as error:
        raise ValueError(str(error)) from error
    assert validated.ascii_email is not None  # noqa: S101 # always set without SMTPUTF8
    return validated.ascii_email.lower()


def stored_forms(text: str) -> tuple[str, ...]:
    """Every form in which an account with this address may be stored, the current one first.

    Version 0.1 stored addresses as typed, in lower case. It may have accepted an address that is
    refused today, so this raises nothing.
    """
    as_typed = text.strip().lower()
    try:
        validated = validate_email(
            text.strip(), check_deliverability=False, allow_smtputf8=False, strict=True
        )
    except EmailNotValidError:
        return (as_typed,)
    forms = (canonical(text), validated.normalized.lower(), as_typed)
    return tuple(dict.fromkeys(forms))
