"""The reasons for a notification's state, as the delivery log shows them."""

# Suppressed: it should no longer go out.
ACCOUNT_GONE = "account_gone"
BLOCKED = "blocked"
CHANNEL_NOT_CONFIGURED = "channel_not_configured"
CONNECTED = "connected"
CODE_REPLACED = "code_replaced"  # used, replaced or expired before it went out
MESSAGE_DELETED = "message_deleted"
NO_ADDRESS = "no_address"
READ = "read"
TOO_MANY = "too_many"

# Postponed, or failed after a day: the next try may succeed.  A refusal that is not known to be
# about this recipient or this text is postponed as PROVIDER_REFUSED_<code>.
ACCOUNT_REFUSED = "account_refused"
CREDENTIALS_REFUSED = "credentials_refused"
DEFECT = "defect"
EXPIRED = "expired"
PROVIDER_UNAVAILABLE = "provider_unavailable"
RATE_LIMITED = "rate_limited"
STORE_UNAVAILABLE = "store_unavailable"

# Failed: a retry cannot help.  For the first two the address is stored and not written to again.
INVALID_ADDRESS = "invalid_address"
UNSUBSCRIBED = "unsubscribed"
PROVIDER_REFUSED = "provider_refused"

# A try has begun and its outcome is unknown: written before the request, replaced by its answer.
OUTCOME_UNKNOWN = "outcome_unknown"
