"""Writing events to Kafka and reading them back.

    relay ─▶ EventProducer.send ─▶ topics ─▶ EventConsumer ─▶ handle ─▶ commit
                                                  │ an unusable record
                                                  └─▶ <topic>.<group>.dead-letter

    topics.py        the topics, their retention, and how existing topics differ
    producer.py      sends batches of records
    consumer.py      one member of a consumer group
    partitions.py    handles the records of one partition, in order
    dead_letters.py  where unusable records go
    lag.py           how many records wait, by topic
    traces.py        the spans in which records are handled
    timeouts.py      how long Kafka may take to answer

aiokafka's defaults lose and duplicate records (acks 1, no idempotence, auto-commit, reset to
latest). Here every send is idempotent and acknowledged by all in-sync replicas, and an offset is
committed only after its record took effect.
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
