"""Why a notification stands where it stands, in words that the delivery log shows."""

# Suppressed: it should not go out any more.
ACCOUNT_GONE = "account_gone"
BLOCKED = "blocked"
CHANNEL_NOT_CONFIGURED = "channel_not_configured"
CONNECTED = "connected"
MESSAGE_DELETED = "message_deleted"
NO_ADDRESS = "no_address"
READ = "read"
TOO_MANY = "too_many"

# Put off, or failed when a day of it has passed: the next try may do.  What is refused and is not
# known to be about this recipient or this text waits as PROVIDER_REFUSED_<code>.
ACCOUNT_REFUSED = "account_refused"
CREDENTIALS_REFUSED = "credentials_refused"
DEFECT = "defect"
EXPIRED = "expired"
PROVIDER_UNAVAILABLE = "provider_unavailable"
RATE_LIMITED = "rate_limited"
STORE_UNAVAILABLE = "store_unavailable"

# Failed: trying again cannot help.  Both kinds of address are remembered and not written to again.
INVALID_ADDRESS = "invalid_address"
UNSUBSCRIBED = "unsubscribed"
PROVIDER_REFUSED = "provider_refused"

# A try has begun and its end is not known: written before the request, replaced by its answer.
OUTCOME_UNKNOWN = "outcome_unknown"
