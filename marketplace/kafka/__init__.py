"""Events to Kafka and back.

    relay ─▶ EventProducer.send ─▶ topics ─▶ EventConsumer ─▶ handle ─▶ commit
                                                  │ a record nobody can use
                                                  └─▶ <topic>.<group>.dead-letter

    topics.py        which topics there are, how long they keep records, and what differs from that
    producer.py      batches out
    consumer.py      one member of a consumer group
    partitions.py    the records of one partition, in order
    dead_letters.py  where the records go that nobody can use
    lag.py           how many records wait, by topic

aiokafka's defaults lose and double (acks 1, no idempotence, auto-commit, reset to latest).  Here a
send is acknowledged by all replicas in sync and idempotent, and an offset is committed after the
effect of its record.
"""

from marketplace.kafka.consumer import EventConsumer
from marketplace.kafka.dead_letters import TooManyDeadLettersError
from marketplace.kafka.producer import EventProducer, Record
from marketplace.kafka.topics import PARTITIONS, dead_letter_topic, ensure_topics

__all__ = [
    "PARTITIONS",
    "EventConsumer",
    "EventProducer",
    "Record",
    "TooManyDeadLettersError",
    "dead_letter_topic",
    "ensure_topics",
]
