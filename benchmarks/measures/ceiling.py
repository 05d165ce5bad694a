"""What the generator reaches against its own server, which does nothing."""

from benchmarks.measures.runs import timing
from benchmarks.results import Found, number
from benchmarks.scale import Scale
from benchmarks.site import Site


def measure(site: Site, scale: Scale) -> Found:
    """The highest figures measurable here; server and generator share the cores."""
    site.only()
    with site.generator.serving() as url:
        run = site.generator.run
        messages = run("messages", url, conversations=scale.conversations, **timing(scale))
        fan_out = run("fan-out", url, connections=scale.fan_out_connections, **timing(scale))
        connect = run("connect", url, connections=scale.new_connections)
    ceilings = [
        ("acknowledged messages/s, 4 in flight", number(messages["acknowledged_per_s"])),
        (
            f"deliveries/s, room of {scale.fan_out_connections:,}",
            number(fan_out["deliveries_per_s"]),
        ),
        ("new connections/s", number(connect["connections_per_s"])),
    ]
    return Found(ceilings=ceilings)
