"""The providers' side of the wire, on this machine: SendGrid's and Twilio's APIs, and a mailbox.

The official `sendgrid` and `twilio` clients talk to it over real HTTP when SENDGRID_API_URL and
TWILIO_API_URL point here, so the whole path of a notification runs without anybody's credentials.

    sendgrid client ─▶ sendgrid.py ─▶ mails.py ───┐                    ┌─▶ page.py: GET /
                            └────▶ faults.py      ├─▶ deliveries.py ───┤
    twilio client ───▶ twilio.py ──▶ messages.py ─┘   (bounded ring)   └─▶ inspection.py: /sandbox
                            └────▶ faults.py

- `server.py` puts the parts together, answers health and metrics, gives every error its form
- `sendgrid.py` the v3 Mail Send endpoint; `mails.py` reads and checks its JSON
- `twilio.py` the Messages resource; `messages.py` reads and checks its form
- `deliveries.py` what arrived: 10,000 at most, in memory, gone with the process
- `faults.py` what goes wrong on purpose: any status and code, no answer, a reset or dripping one,
  a redirect, HTML, a rate, messages taken all the same, at once or later; `fault_schema.py` the
  same as JSON; `striking.py` plays it
- `inspection.py` deliveries and faults as JSON; `page.py` the same for people
- `bodies.py` reads request bodies up to a limit
"""
