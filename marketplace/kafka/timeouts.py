"""How long Kafka may take to answer."""

REQUEST_TIMEOUT_MS = 15_000
STOP_WITHIN_S = 5.0
