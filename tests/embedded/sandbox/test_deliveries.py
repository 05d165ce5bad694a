"""The ring that holds deliveries."""

import itertools

from embedded.sandbox.deliveries import Channel, Deliveries, Submission


def a_submission(to: str = "vera@example.com", text: str = "Hello") -> Submission:
    """An email for one recipient."""
    return Submission(
        channel=Channel.EMAIL, to=to, sender="a@example.com", provider_id="m", text=text
    )


def test_number_is_bounded() -> None:
    """Beyond the bound the oldest are dropped; sequences continue without a gap."""
    ring = Deliveries(max_count=3)

    for number in range(5):
        ring.add([a_submission(text=str(number))])

    kept = list(ring.oldest_first())
    assert [delivery.submission.text for delivery in kept] == ["2", "3", "4"]
    assert kept == list(ring.newest_first())[::-1]
    assert len(ring) == 3
    assert kept[-1].sequence == ring.last_sequence
    assert all(b.sequence - a.sequence == 1 for a, b in itertools.pairwise(kept))


def test_memory_is_bounded() -> None:
    """A few large deliveries displace the oldest ones just as many small ones do."""
    ring = Deliveries(max_bytes=10_000)

    for _ in range(100):
        ring.add([a_submission(text="x" * 1_000)])

    assert sum(delivery.submission.size_bytes for delivery in ring.oldest_first()) <= 10_000
    assert 5 <= len(ring) <= 10


def test_request_larger_than_the_ring_keeps_its_end() -> None:
    """One request with more recipients than fit leaves the last of them."""
    ring = Deliveries(max_count=2)

    added = ring.add(a_submission(to=f"p{number}@example.com") for number in range(4))

    assert len(added) == 4
    assert [delivery.submission.to for delivery in ring.oldest_first()] == [
        "p2@example.com",
        "p3@example.com",
    ]


def test_numbers_survive_clear_and_restart() -> None:
    """A sequence is not reused after a clear, nor by the next process."""
    ring = Deliveries()
    (before,) = ring.add([a_submission()])

    ring.clear()
    (after,) = ring.add([a_submission()])
    (restarted,) = Deliveries().add([a_submission()])

    assert after.sequence == before.sequence + 1
    assert restarted.sequence >= before.sequence
    assert list(ring.oldest_first(before.sequence)) == [after]
