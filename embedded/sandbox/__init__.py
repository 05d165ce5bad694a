"""A local stand-in for the providers: SendGrid's and Twilio's APIs, and a mailbox.

The official `sendgrid` and `twilio` clients talk to it over real HTTP when SENDGRID_API_URL and
TWILIO_API_URL point here, so the whole path of a notification runs without real credentials.

    sendgrid client ─▶ sendgrid.py ─▶ mails.py ───┐                    ┌─▶ page.py: GET /
                            └────▶ faults.py      ├─▶ deliveries.py ───┤
    twilio client ───▶ twilio.py ──▶ messages.py ─┘   (bounded ring)   └─▶ inspection.py: /sandbox
                            └────▶ faults.py

- `server.py` puts the parts together, serves health and metrics, gives every error its format
- `sendgrid.py` the v3 Mail Send endpoint; `mails.py` parses and validates its JSON
- `twilio.py` the Messages resource; `messages.py` parses and validates its form
- `deliveries.py` what arrived: 10,000 at most, in memory, lost with the process
- `faults.py` injected faults: any status and code, no response, a connection reset, a dripping
  response, a redirect, HTML, a rate limit, messages accepted regardless, at once or later;
  `fault_schema.py` the same as JSON; `fault_playback.py` plays them
- `inspection.py` deliveries and faults as JSON; `page.py` the mailbox for people
- `bodies.py` reads request bodies up to a limit
"""
