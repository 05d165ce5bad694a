"""How long Kafka may take to answer."""

REQUEST_TIMEOUT_MS = 15_000
STOP_TIMEOUT_S = 5.0
