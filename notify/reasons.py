"""Why a notification stands where it stands, in words that the delivery log shows."""

# Suppressed: it should not go out any more.
ACCOUNT_GONE = "account_gone"
BLOCKED = "blocked"
CHANNEL_NOT_CONFIGURED = "channel_not_configured"
CONNECTED = "connected"
MESSAGE_DELETED = "message_deleted"
NO_ADDRESS = "no_address"
READ = "read"

# Put off, or failed when it was put off too often: the next try may do.
CREDENTIALS_REFUSED = "credentials_refused"
DEFECT = "defect"
PROVIDER_UNAVAILABLE = "provider_unavailable"
RATE_LIMITED = "rate_limited"
STORE_UNAVAILABLE = "store_unavailable"

# Failed: trying again cannot help.  Whatever has no word of its own: PROVIDER_REFUSED_<code>.
INVALID_ADDRESS = "invalid_address"
UNSUBSCRIBED = "unsubscribed"
PROVIDER_REFUSED = "provider_refused"

# A try has begun and its end is not known: written before the request, replaced by its answer.
OUTCOME_UNKNOWN = "outcome_unknown"
